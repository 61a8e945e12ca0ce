"""A search engine: result pages, adverts marked as such, adverts that lead on by a redirect."""

from tests.services.loopback import Page

HOST = "engine.example"
QUERY = "%E4%B8%93%E5%88%A9+%E5%8C%85%E6%8E%88%E6%9D%83"
CLAIM = "专利申请包授权，不授权全额退款"
LANDING_CLAIM = "内部渠道，商标注册绿色通道，三天下证"
AWAY = "landing.example"


def result(title: str, href: str, snippet: str, site: str, *, advert: bool = False) -> str:
    """A result, or an advert that looks like one."""
    mark = '<span class="ad-tag">广告</span>' if advert else ""
    kind = "result ad" if advert else "result"
    return f"""<div class="{kind}"><h3 class="t"><a href="{href}" target="_blank">{title}</a></h3>
<div class="abstract">{snippet}</div><span class="site">{site}</span>{mark}</div>"""


def page(body: str, number: int, *, more: bool) -> Page:
    """A result page."""
    on = (
        f'<a class="n" rel="next" href="/s?wd={QUERY}&amp;pn={number + 1}">下一页</a>'
        if more
        else ""
    )
    return Page(
        f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title>专利 包授权_寻渡搜索</title>
<link rel="search" type="application/opensearchdescription+xml" href="/opensearch.xml" title="寻渡搜索"></head>
<body><form id="form" action="/s"><input id="kw" name="wd" value="专利 包授权"><input type="submit" value="搜一下"></form>
<div id="content_left">{body}</div><div id="page"><strong>{number}</strong>{on}</div>
<div id="rs">相关搜索 <a href="/s?wd=%E5%95%86%E6%A0%87">商标</a></div></body></html>"""
    )


def landing() -> Page:
    """Where the first advert leads: a page of another site."""
    return Page(f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title>速达商标专利</title></head>
<body><h1>速达商标专利</h1><p>{LANDING_CLAIM}</p><a href="/other.html">更多</a></body></html>""")


def pages(away: str = AWAY) -> dict[str, Page]:
    """The engine: two result pages; its adverts lead to the host `away`."""
    first = [
        result("专利包授权 找速达", "/link?u=1", CLAIM, "速达商标专利", advert=True),
        result(
            "商标 绿色通道", f"http://{away}/direct.html", "七天下证", "速达商标专利", advert=True
        ),
        result("专利法第十七条 - 百科", "http://wiki.example/17", "转让专利申请权…", "百科"),
        result(
            "求推荐代理",
            "http://discuz.example/forum.php?mod=viewthread&amp;tid=7",
            "推荐一家",
            "青竹论坛",
        ),
    ]
    second = [result("包授权是骗局吗", "http://qa.example/question/7", "不存在包授权", "问答")]
    return {
        f"/s?wd={QUERY}": page("".join(first), 1, more=True),
        f"/s?pn=2&wd={QUERY}": page("".join(second), 2, more=False),
        "/link?u=1": Page("", status=302, headers={"Location": f"http://{away}/"}),
    }


GOLDEN = {"results": f"/s?wd={QUERY}", "results-second-page": f"/s?pn=2&wd={QUERY}"}
