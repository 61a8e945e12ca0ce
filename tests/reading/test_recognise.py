"""What kind of site a page belongs to: every saved page, and pages that are like none."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.reading import RawPage, find_profile
from lantian.reading.filling import families
from lantian.reading.recognise import FAMILIES, recognise
from lantian.reading.signs import commonest_shape, shape_of, signs_of
from tests.crawler.families import save
from tests.reading.test_golden_pages import CASES, load

KIN = {
    "demo-shop/goods-json-ld": "family-shop",
    "demo-search/results": "family-search",
    "example-json-api/list": "family-shop",
}
"""Saved pages of other profiles that show plainly what they are."""


def told(case: Path) -> str:
    raw, _ = load(case)
    return recognise(raw).family


def test_the_confusion_table_has_its_families_on_the_diagonal_and_else_nothing() -> None:
    table = Counter((case.parent.name, told(case)) for case in CASES)
    of_families = {pair: n for pair, n in table.items() if pair[0].startswith("family-")}
    per_family = Counter(case.parent.name for case in CASES)
    assert of_families == {(name, name): per_family[name] for name in families()}
    assert set(families()) == set(FAMILIES)


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if not case.parent.name.startswith("family-")],
    ids=lambda case: f"{case.parent.name}/{case.name}",
)
def test_pages_of_no_family_are_of_any_site(case: Path) -> None:
    name = f"{case.parent.name}/{case.name}"
    assert told(case) == KIN.get(name, "site")


@pytest.mark.parametrize("family", sorted(save.FAMILIES))
def test_every_page_that_a_site_of_the_family_serves_is_recognised_or_says_nothing(
    family: str,
) -> None:
    site = save.module_of(family)
    found: Counter[str] = Counter()
    for path, page in site.pages().items():
        headers = ((b"content-type", page.media_type.encode()),)
        raw = RawPage(f"http://{site.HOST}{path}", page.status, headers, page.data)
        found[recognise(raw).family] += 1
    assert set(found) <= {family, "site"}
    assert found[family] > found["site"]


def page(html: str, url: str = "http://other.example/") -> RawPage:
    return RawPage(url, 200, ((b"content-type", b"text/html; charset=utf-8"),), html.encode())


UNLIKE = {
    "blog": "<title>我的日记</title><p>买了一台 ¥300 的风扇</p><a href=/about>关于</a>",
    "news about Discuz": "<title>新版</title><p>论坛软件 Discuz! X3.5 发布</p>",
    "log-in": "<form method=post action=/in><input name=u><input type=password name=p></form>",
    "shell": "<div id=app></div><script src=/app.js></script>",
    "company of another trade": "<title>山石机械有限公司</title><a href=/s>服务项目</a>"
    "<a href=/a>关于我们</a><a href=/c>联系我们</a><p>粤ICP备19999902号</p>",
    "office": "<title>某市市场监督管理局</title><a href=/x>政务公开</a><p>商标注册便利化</p>"
    "<a href=http://beian.miit.gov.cn>粤ICP备19999903号</a>",
    "links out": "<h3><a href=http://a.example/>友情链接</a></h3>"
    "<h3><a href=http://b.example/>二</a></h3>",
    "search of a site": "<form action=/s><input name=q></form><h3><a href=/a/1>一</a></h3>",
    "json": '{"status": "ok", "count": 3}',
}


@pytest.mark.parametrize("name", UNLIKE)
def test_a_page_unlike_all_families_is_of_any_site_and_says_so(name: str) -> None:
    found = recognise(page(UNLIKE[name], "http://other.example/s?q=x"))
    assert found.family == "site"
    assert found.why == ("nothing on it tells a kind of site that is known",)


def test_the_reasons_are_in_words_the_heaviest_first() -> None:
    raw, _ = load(next(case for case in CASES if case.name == "thread-first-page"
                       and case.parent.name == "family-discuz"))  # fmt: skip
    found = recognise(raw)
    assert found.why[0] == "its generator tag says discuz! x3.4"
    assert len(found.why) >= 3
    assert found.weights[0][0] == "family-discuz"


@given(st.binary(max_size=400), st.sampled_from(["text/html", "application/json", "", "image/png"]))
def test_no_bytes_raise(body: bytes, kind: str) -> None:
    raw = RawPage("http://x.example/", 200, ((b"content-type", kind.encode()),), body)
    assert recognise(raw).family in {*FAMILIES, "site"}


def test_a_page_that_could_stall_its_reader_is_not_looked_at() -> None:
    raw = page("<div>" * 5_000)
    assert signs_of(raw) is None
    assert recognise(raw).family == "site"


@pytest.mark.parametrize(
    "path, shape",
    [
        ("/item/1001.html", "/item/*.html"),
        ("/goods/T1001", "/goods/*"),
        ("/show.php?cat=law&id=7", "/show.php?cat=law&id=*"),
        ("/about/us.html", "/about/us.html"),
        ("/2026/11/title", "/*/*/title"),
        ("/a.b/v1.2/x", "/a.b/*/x"),
    ],
)
def test_numbered_parts_make_the_shape(path: str, shape: str) -> None:
    assert shape_of(path) == shape


def test_the_commonest_shape_needs_two_addresses() -> None:
    assert commonest_shape(["/a/1", "/a/2", "/b/1", "/about"]) == "/a/*"
    assert commonest_shape(["/a/1", "/a/1", "/b"]) == ""


@pytest.mark.parametrize("family", sorted(save.FAMILIES))
def test_the_saved_pages_are_those_that_the_sites_serve(family: str) -> None:
    saved = {case.name: case for case in CASES if case.parent.name == family}
    served = save.golden(family)
    assert saved.keys() == served.keys()
    for name, (raw, _) in served.items():
        kept, _ = load(saved[name])
        assert (kept.url, kept.body) == (raw.url, raw.body)
        assert find_profile(family).hosts[0] in raw.url
