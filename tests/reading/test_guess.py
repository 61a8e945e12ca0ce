"""Where fields stand on listings of unknown markup, for a person to check."""

import pytest

from lantian.reading import RawPage
from lantian.reading.filling import Filling, fill
from lantian.reading.guess import Places, guess
from lantian.reading.signs import signs_of


def listing(
    title: str = "专利代理 一站式",
    price: str = "980元",
    seller: str = "<a href=/dp/4/>乐山知产</a>",
) -> RawPage:
    html = (
        f"<title>{title}_本地通</title><div class=top><a href=/>{title}</a></div>"
        f"<div class=xq><div class=bt>{title}</div>"
        f"<div class=jg>价格：<del>1999元</del><b>{price}</b></div>"
        f"<div class=ms>费用透明</div><div class=dpk>店铺：{seller}</div></div>"
        "<ul class=tj><li><a href=/sp/1.htm>别的</a>3元</li>"
        "<li><a href=/sp/2.htm>另外</a>4元</li></ul>"
    )
    return RawPage(
        "http://x.example/sp/9.htm", 200, ((b"content-type", b"text/html"),), html.encode()
    )


def test_title_price_seller_and_text_are_found_by_what_they_say() -> None:
    assert guess([listing()]) == Places(
        title=".bt", price=".jg b", seller=".dpk a", text=".xq", seller_link=True
    )
    assert guess([listing(seller="乐山知产")]).seller == ".dpk"
    assert "its price seems to stand at .jg b" in guess([listing()]).told()


def test_only_what_holds_on_every_page_is_proposed() -> None:
    assert guess([listing(), listing("商标注册", "¥ 300.00")]).price == ".jg b"
    assert guess([listing(), listing(price="面议")]).price == ""
    assert guess([]) == Places()
    assert guess([RawPage("http://x.example/", 200, (), b"\x00\x01\x02")]) == Places()


def test_numbered_ids_and_classes_are_no_places() -> None:
    html = (
        "<title>甲乙丙_站</title><div id=item-12345><p class='t8817 name'>甲乙丙</p>"
        "<span class=c1001>¥5</span></div>"
    )
    raw = RawPage("http://x.example/a/1", 200, ((b"content-type", b"text/html"),), html.encode())
    found = guess([raw])
    assert (found.title, found.price) == (".name", "")


def test_guessed_places_come_before_the_usual_ones_in_the_profile() -> None:
    places = Places(title=".bt", price=".jg b", seller=".dpk a", text=".xq", seller_link=True)
    _, profile = fill("family-shop", Filling(name="a", url="http://x.example/", places=places))
    rule = profile.documents[0]
    assert [select.css for select in (rule.title[0], rule.price[0], rule.seller.name[0])] == [
        ".bt",
        ".jg b",
        ".dpk a",
    ]
    assert rule.price[0].clean == ("price",)
    assert (rule.seller.url[0].css, rule.seller.url[0].attr) == (".dpk a", "href")
    assert [select.css for select in rule.text] == [".xq"]


@pytest.mark.parametrize(
    "text, priced",
    [("980元", True), ("¥ 3", True), ("1,980.00 元起", True), ("3元月", False), ("2026年", False)],
)
def test_a_block_with_a_price_is_known_by_yuan_or_its_sign(text: str, priced: bool) -> None:
    html = f"<ul><li><a href=/a/1>一</a>{text}</li><li><a href=/a/2>二</a>{text}</li></ul>"
    raw = RawPage("http://x.example/", 200, ((b"content-type", b"text/html"),), html.encode())
    signs = signs_of(raw)
    assert signs is not None
    assert signs.priced == (("/a/1", "/a/2") if priced else ())
