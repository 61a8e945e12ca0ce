"""JSON-LD, microdata and Open Graph fill what selectors do not give."""

import json
from collections.abc import Callable

import pytest

from lantian.reading import RawPage, ReadDocument, SiteProfile, read_page

Page = Callable[..., RawPage]
Rules = Callable[[str], SiteProfile]

RULES = "documents: [{kind: listing, title: h1, text: .body, price: .price}]"
PRODUCT = {
    "@context": "https://schema.org",
    "@type": "Product",
    "name": "发明专利代理",
    "sku": "P7",
    "description": "包授权\n不成退款",
    "offers": {"@type": "Offer", "price": 1980.5, "seller": {"name": "青松店", "url": "/s/7"}},
}


def ld(data: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(data, ensure_ascii=False)}</script>'


def first(page: Page, profile: Rules, html: str) -> ReadDocument:
    (document,) = read_page(page(html), profile(RULES)).documents
    return document


@pytest.mark.parametrize(
    "data",
    [
        PRODUCT,
        [{"@type": "BreadcrumbList", "name": "导航"}, PRODUCT],
        {"@graph": [{"@type": "WebSite", "name": "站"}, PRODUCT]},
        {"@type": "WebPage", "name": "页", "mainEntity": PRODUCT},
        {
            "@type": ["Thing", "https://schema.org/Product"],
            **{k: v for k, v in PRODUCT.items() if k != "@type"},
        },
    ],
)
def test_json_ld_is_found_in_its_usual_places(page: Page, profile: Rules, data: object) -> None:
    document = first(page, profile, ld(data))
    assert document.title == "发明专利代理"
    assert document.text == "发明专利代理\n包授权\n不成退款"
    assert document.price == "1980.5"
    assert (document.seller_name, document.seller_url) == ("青松店", "https://shop.example/s/7")


def test_selectors_win_over_structured_data(page: Page, profile: Rules) -> None:
    html = ld(PRODUCT) + "<h1>页上的标题</h1><div class=body>页上的正文</div>"
    document = first(page, profile, html)
    assert document.text == "页上的标题\n页上的正文"
    assert document.price == "1980.5"


def test_a_profile_may_do_without_structured_data(page: Page, profile: Rules) -> None:
    rules = profile(RULES.replace("title: h1", "structured: false, title: h1"))
    assert read_page(page(ld(PRODUCT)), rules).documents == ()


@pytest.mark.parametrize(
    "broken",
    [
        "{",
        "[" * 50_000,
        '{"@type": 7, "name": []}',
        '{"@type": "Product", "offers": ["x", 7, null]}',
        "null",
    ],
)
def test_broken_json_ld_spoils_nothing(page: Page, profile: Rules, broken: str) -> None:
    html = f'<script type="application/ld+json">{broken}</script>{ld(PRODUCT)}<p class=body>正文'
    assert first(page, profile, html).title in {"发明专利代理", ""}


def test_json_ld_with_line_breaks_in_a_text_is_read(page: Page, profile: Rules) -> None:
    html = '<script type="application/ld+json">{"@type": "Product", "name": "包\n授权"}</script>'
    assert first(page, profile, html).title == "包 授权"


def test_microdata_fills_gaps(page: Page, profile: Rules) -> None:
    html = """<div itemscope itemtype="http://schema.org/Product"><b itemprop="name">挂名</b>
    <span itemprop="offers" itemscope itemtype="http://schema.org/Offer">
    <meta itemprop="price" content="3500"></span></div><p class=body>正文</p>"""
    document = first(page, profile, html)
    assert (document.title, document.price) == ("挂名", "3500")


def test_open_graph_fills_gaps_last(page: Page, profile: Rules) -> None:
    html = '<meta property="og:title" content=" 开业  公告 "><meta property="product:price:amount" content="99.0"><p class=body>正文'  # noqa: E501
    document = first(page, profile, html)
    assert (document.title, document.price) == ("开业 公告", "99")
    assert first(page, profile, html + ld(PRODUCT)).title == "发明专利代理"


def test_microdata_items_in_each_other_keep_their_own_properties(
    page: Page, profile: Rules
) -> None:
    html = """<div itemscope itemtype="https://schema.org/Product"><h2 itemprop="name">挂名</h2>
    <div itemprop="offers" itemscope itemtype="https://schema.org/Offer"><i itemprop="price">¥99</i>
    <div itemprop="seller" itemscope itemtype="https://schema.org/Organization">
    <a itemprop="url" href="/s/1"><b itemprop="name">青松店</b></a></div></div></div>"""
    document = first(page, profile, html + "<p class=body>正文</p>")
    assert (document.title, document.price, document.seller_name) == ("挂名", "99", "青松店")
    assert document.seller_url == "https://shop.example/s/1"


def test_microdata_nested_without_end_is_read_all_the_same(page: Page, profile: Rules) -> None:
    html = (
        "<i itemscope itemprop=x>" * 290 + "<b itemprop=y>t</b>" * 2000 + "<p class=body>正文</p>"
    )
    assert first(page, profile, html).text == "正文"
