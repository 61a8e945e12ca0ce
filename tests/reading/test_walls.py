"""Log-ins and checks for robots, known by their forms and marks; and what only looks like one."""

from dataclasses import replace

import pytest

from lantian.reading import RawPage, find_profile, read_page
from lantian.reading.walls import Wall, is_log_in, is_own_area, wall_of

FORM = '<form><input name="u"><input type="password" name="p"><button>登录</button></form>'
ARTICLE = "".join(
    f"<p>第{n}条 商标代理机构不得以虚假宣传等手段招揽业务，应当诚实守信。</p>" for n in range(20)
)
HTML = ((b"content-type", b"text/html; charset=utf-8"),)


def wall(
    body: str, url: str = "http://a.example/thread-7-1-1.html", asked: str = "", status: int = 200
) -> Wall | None:
    raw = RawPage(url, status, HTML, body.encode())
    # The markers of the profile know many walls by their words; here the form alone is to tell.
    reading = replace(read_page(raw, find_profile("site")), outcome_hint=None)
    return wall_of(raw, reading, asked or url)


@pytest.mark.parametrize(
    "body, hint, why",
    [
        (f"<title>用户登录</title>{FORM}", "logged_out", "a form that asks for a password"),
        (f"<title>Sign in · Forum</title>{FORM}", "logged_out", "password"),
        (
            '<title>验证</title><p>拖动滑块完成拼图</p><div class="geetest_box"></div>',
            "blocked",
            "Geetest",
        ),
        ('<p>访问异常，请输入验证码</p><img src="/captcha.php">', "blocked", "a captcha"),
        (
            "<title>Just a moment...</title><script src='//challenges.cloudflare.com/x'></script>",
            "blocked",
            "Turnstile",
        ),
        ('<p>Are you human?</p><div class="h-captcha"></div>', "blocked", "hCaptcha"),
    ],
)
def test_a_wall_is_known(body: str, hint: str, why: str) -> None:
    found = wall(body)
    assert found is not None
    assert found.hint == hint
    assert why in found.why


@pytest.mark.parametrize(
    "body",
    [
        f"<title>商标注册 包下证 - 青竹论坛</title><h1>商标注册 包下证</h1><b>¥999</b>{FORM}",
        f"<title>用户登录须知</title>{ARTICLE}{FORM}",
        f"<title>什么是滑动验证码</title>{ARTICLE}<script src='/geetest.js'></script>",
        "<title>会员登录</title><p>登录后可查看联系方式，价格 999 元</p>",
        '<title>商标查询</title><p>价格 999 元</p><img src="/captcha.png">',
    ],
)
def test_a_page_with_a_log_in_beside_its_text_is_no_wall(body: str) -> None:
    assert wall(body) is None


def test_a_page_that_leads_to_a_log_in_is_one_and_the_log_in_itself_is_none() -> None:
    body = f"<title>青竹论坛</title>{FORM}"
    log_in = "http://a.example/member.php?mod=logging&action=login"

    assert wall(body, url=log_in, asked="http://a.example/thread-7-1-1.html") is not None
    assert wall(body, url=log_in) is None
    assert wall(body, url=log_in, asked="http://a.example/cart/") is None


@pytest.mark.parametrize(
    "url, log_in, own",
    [
        ("https://passport.a.example/v2", True, True),
        ("https://a.example/user/login?next=/t/1", True, True),
        ("https://a.example/blogin/1.html", False, False),
        ("https://a.example/home.php?mod=space", False, True),
        ("https://a.example/forum.php?mod=post&action=reply", False, True),
        ("https://a.example/thread-7-1-1.html", False, False),
        ("https://a.example/goods/order-processing-service", False, False),
    ],
)
def test_addresses_of_log_ins_and_own_areas_are_known(url: str, log_in: bool, own: bool) -> None:
    assert (is_log_in(url), is_own_area(url)) == (log_in, own)
