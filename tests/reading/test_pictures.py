"""Which pictures a document shows."""

import json

import pytest

from lantian.reading import RawPage, content_digest, read_page
from lantian.reading.loading import parse_profile
from lantian.reading.profile import SiteProfile

HEADERS = ((b"content-type", b"text/html; charset=utf-8"),)


def profile(**rule: object) -> SiteProfile:
    documents = [{"kind": "listing", "title": "h1", "text": [".detail", ".more"], **rule}]
    told = {
        "name": "pictured",
        "kind": "shop",
        "hosts": ["shop.example"],
        "start": ["https://shop.example/"],
        "documents": documents,
    }
    return parse_profile(json.dumps(told))


def shown(body: str, site: SiteProfile | None = None) -> tuple[str, ...]:
    html = f"<html><body><img src=/logo.png><h1>代理</h1>{body}</body></html>".encode()
    page = RawPage("https://shop.example/goods/1", 200, HEADERS, html)
    (document,) = read_page(page, site or profile()).documents
    return document.pictures


def test_those_inside_its_text_in_their_order_each_once() -> None:
    body = (
        "<div class=detail>图文<p><img src='b.png'><IMG SRC='/a.png?x=1&utm_source=t'></p></div>"
        "<div class=side><img src=/advert.png></div>"
        "<div class=more>更多<img src=b.png><img src=//img.example/c.webp></div>"
    )
    assert shown(body) == (
        "https://shop.example/goods/b.png",
        "https://shop.example/a.png?x=1",
        "https://img.example/c.webp",
    )


@pytest.mark.parametrize(
    "image, address",
    [
        ("data-src=/real.png src=/blank.gif", "/real.png"),
        ("data-original=' /real.png ' src='data:image/gif;base64,R0lGOD'", "/real.png"),
        ("src='data:image/gif;base64,R0lGOD'", ""),
        ("src=/icon.png width=16 height=16", ""),
        ("src=/strip.png width=750 height=60", "/strip.png"),
        ("src=/tall.png width=50px", "/tall.png"),
        ("src='javascript:alert(1)'", ""),
        ("src='file:///etc/passwd'", ""),
        ("alt=none", ""),
    ],
)
def test_a_picture_is_known_by_the_address_that_it_will_have(image: str, address: str) -> None:
    expected = (f"https://shop.example{address}",) if address else ()
    assert shown(f"<div class=detail>图文<img {image}></div>") == expected


def test_what_the_profile_leaves_out_or_names_itself() -> None:
    body = "<div class=detail>图文<div class=ad><img src=/ad.png></div><img src=/own.png></div>"
    assert shown(body, profile(without=[".ad"])) == ("https://shop.example/own.png",)
    gallery = f"{body}<ul id=gallery><li data-big=/one.jpg><li data-big=/two.jpg></ul>"
    named = profile(pictures=[{"css": "#gallery li", "attr": "data-big", "all": True}])
    assert shown(gallery, named) == (
        "https://shop.example/one.jpg",
        "https://shop.example/two.jpg",
    )


def test_no_document_shows_more_than_thirty() -> None:
    images = "".join(f"<img src=/{number}.png>" for number in range(100))
    assert len(shown(f"<div class=detail>图文{images}</div>")) == 30


def test_another_picture_is_a_change_and_another_query_is_none() -> None:
    def digest(image: str) -> str:
        html = f"<html><h1>代理</h1><div class=detail>图文{image}</div></html>".encode()
        page = RawPage("https://shop.example/goods/1", 200, HEADERS, html)
        return content_digest(read_page(page, profile()))

    first = digest("<img src=/a.png?t=1>")
    assert digest("<img src=/a.png?t=2>") == first
    assert digest("<img src=/b.png?t=1>") != first
    assert digest("") != first
