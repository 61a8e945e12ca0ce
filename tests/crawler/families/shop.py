"""A market of many shops: search inside it, "load more" by JSON, listings with structured data."""

import json

from tests.services.loopback import Page

HOST = "market.example"
JSON = "application/json; charset=utf-8"
CLAIM = "实用新型专利申请，包授权，不过退全款"
WORDS = "%E4%B8%93%E5%88%A9"
GOODS: dict[int, tuple[str, str, str, int]] = {
    1001: ("发明专利代理 全程服务", "1980.00", "资深代理师一对一，费用以合同为准", 21),
    1002: ("实用新型 加急", "680.00", CLAIM, 22),
    1003: ("商标注册 担保", "299.00", "担保注册成功，官方合作绿色通道", 22),
    1004: ("专利挂名 职称", "3200.00", "第二发明人位置现货，评职称可用", 23),
    1005: ("外观设计申请", "450.00", "按图撰写，五个工作日递交", 21),
}
SHOPS = {21: "明理知产", 22: "速达商标", 23: "职称通"}


def page(title: str, body: str, head: str = "") -> Page:
    """A page of the market."""
    return Page(
        f"""<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><title>{title}-集云市场</title>{head}</head>
<body><header><form action="/search" method="get"><input type="search" name="keyword" value=""><button>搜索</button></form>
<a href="/cart">购物车</a></header>{body}<footer>集云市场 <a href="/help/1.html">消费者保障</a></footer></body></html>"""
    )


def card(number: int) -> str:
    """A listing in a list."""
    title, price, _, shop = GOODS[number]
    return f"""<li class="goods-item"><a class="pic" href="/item/{number}.html?spm=a.b.{number}"><img src="/img/{number}.jpg" alt=""></a>
<a class="name" href="/item/{number}.html?spm=a.c.{number}">{title}</a><em class="price">¥{price}</em>
<span class="sold">已售{number % 97}</span><a class="store" href="/shop/{shop}">{SHOPS[shop]}</a></li>"""


def search() -> Page:
    """The first page of a search; the rest comes by a button."""
    return page(
        "专利",
        f'<ul class="goods-list" id="list">{card(1001)}{card(1002)}</ul>'
        f'<button class="load-more" data-url="/api/search?keyword={WORDS}&amp;page=2">加载更多</button>',
    )


def more(numbers: list[int], next_page: int | None) -> Page:
    """What the button fetches."""
    items = [{"id": n, "title": GOODS[n][0], "price": GOODS[n][1]} for n in numbers]
    answer = {"code": 0, "msg": "ok", "data": {"items": items, "nextPage": next_page}}
    return Page(json.dumps(answer, ensure_ascii=False), media_type=JSON)


def item(number: int) -> Page:
    """A listing's own page; its seller and price stand in its structured data."""
    title, price, text, shop = GOODS[number]
    facts = {
        "@context": "https://schema.org", "@type": "Product", "sku": str(number), "name": title,
        "offers": {"@type": "Offer", "price": price, "priceCurrency": "CNY",
                   "seller": {"@type": "Organization", "name": SHOPS[shop], "url": f"/shop/{shop}"}},
    }  # fmt: skip
    head = f"""<meta property="og:type" content="product"><meta property="og:title" content="{title}">
<script type="application/ld+json">{json.dumps(facts, ensure_ascii=False)}</script>"""
    return page(
        title,
        f"""<main><h1 class="title">{title}</h1><p class="price">到手价 ¥{price}</p>
<div class="actions"><button>加入购物车</button><button>立即购买</button></div>
<div id="detail"><p>{text}</p><p>月销 {number % 89} 件</p></div></main>
<aside class="also"><h2>看了又看</h2><a href="/item/1001.html">发明专利代理</a></aside>""",
        head,
    )


def pages() -> dict[str, Page]:
    """The market: a home page, one search of three pages, five listings, two shops, one gone."""
    home = page(
        "首页",
        f'<nav class="cats"><a href="/category/3">知识产权</a></nav><ul class="goods-list">{card(1005)}{card(1001)}</ul>',
    )
    shop = page(
        "速达商标", f'<h1>速达商标</h1><ul class="goods-list">{card(1002)}{card(1003)}</ul>'
    )
    items = {f"/item/{number}.html": item(number) for number in GOODS if number != 1004}
    gone = page("商品不存在", '<div class="offline"><p>抱歉，该商品已下架</p></div>')
    return {
        "/": home,
        "/category/3": page("知识产权", f'<ul class="goods-list">{card(1005)}</ul>'),
        f"/search?keyword={WORDS}": search(),
        f"/api/search?keyword={WORDS}&page=2": more([1003], 3),
        f"/api/search?keyword={WORDS}&page=3": more([1004], None),
        **items,
        "/item/1004.html": gone,
        "/shop/22": shop,
    }


GOLDEN = {
    "home": "/",
    "search": f"/search?keyword={WORDS}",
    "more": f"/api/search?keyword={WORDS}&page=2",
    "item": "/item/1002.html",
    "item-gone": "/item/1004.html",
    "shop": "/shop/22",
}
