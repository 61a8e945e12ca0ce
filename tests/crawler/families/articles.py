"""Articles: lists by channel, articles with source, author and time, one over two pages."""

from tests.services.loopback import Page

HOST = "articles.example"
CLAIM = "本机构与国家知识产权局合作，专利申请包授权"


def page(title: str, body: str, head: str = "") -> Page:
    """A page of the site."""
    return Page(
        f"""<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><title>{title}_知产日日谈</title>{head}</head>
<body><nav><a href="/">首页</a><a href="/channel/ip/">知识产权</a></nav>{body}<footer>转载请注明</footer></body></html>"""
    )


def article(number: int, title: str, body: str, *, more: str = "") -> Page:
    """An article."""
    head = f"""<meta property="og:type" content="article"><meta property="og:title" content="{title}">
<meta property="article:published_time" content="2026-11-0{number % 9 + 1}T09:00:00+08:00"><meta name="author" content="知产观察员">"""
    on = f'<div class="pages"><a class="next" href="{more}">下一页</a></div>' if more else ""
    return page(
        title,
        f"""<article><h1>{title}</h1><p class="info">来源：<span class="source">鼎衡知产</span> 2026-11-0{number % 9 + 1} 09:00</p>
<div class="article-content">{body}</div></article>{on}<div class="related"><a href="/a/20261101/1.html">相关文章</a></div>""",
        head,
    )


def pages() -> dict[str, Page]:
    """The site: home, a channel of two pages, three articles."""

    def rows(*numbers: int) -> str:
        return "".join(
            f'<li><a href="/a/20261101/{n}.html">文章{n}</a><span>11-01</span></li>'
            for n in numbers
        )

    return {
        "/": page("首页", f'<ul class="list">{rows(1)}</ul>'),
        "/channel/ip/": page(
            "知识产权",
            f'<ul class="list">{rows(1, 2)}</ul><a class="next" href="/channel/ip/2.html">下一页</a>',
        ),
        "/channel/ip/2.html": page("知识产权", f'<ul class="list">{rows(3)}</ul>'),
        "/a/20261101/1.html": article(
            1, "怎样选择代理机构", f"<p>软文：{CLAIM}</p>", more="/a/20261101/1_2.html"
        ),
        "/a/20261101/1_2.html": article(1, "怎样选择代理机构", "<p>三天加急，内部渠道</p>"),
        "/a/20261101/2.html": article(2, "新规解读", "<p>代理机构不得作出保证授权的承诺。</p>"),
        "/a/20261101/3.html": page("文章不存在", "<h1>您访问的文章不存在或已删除</h1>"),
    }


GOLDEN = {
    "channel": "/channel/ip/",
    "article": "/a/20261101/1.html",
    "article-gone": "/a/20261101/3.html",
}
