"""A shop whose listings carry their text in pictures."""

from typing import Any

from tests.services.loopback import Installation, Site
from tests.services.loopback import Page as Served

PROFILE = """\
name: pictured
kind: shop
hosts: ["127.0.0.1"]
start: ["http://127.0.0.1/"]
manners: {delay: 0, concurrency: 4}
links:
  - {role: listing, css: "a.goods"}
documents:
  - kind: listing
    pages: ["/goods/{id}.html"]
    key: [{url: "/goods/{id}.html"}]
    title: h1
    text: [.detail]
    seller: {key: {const: "s1"}, name: {const: "一号店"}}
healthy: {pages: 0, documents: 0}
"""


def goods(number: int, *pictures: str) -> Served:
    images = "".join(f'<img data-src="{src}" src="/blank.gif">' for src in pictures)
    return Served(
        f"<html><body><h1>代理服务{number}</h1><div class=detail>图文详情见下。{images}</div>"
        "<img src='/logo.png'></body></html>"
    )


def crawled(installation: Installation, shop: Site) -> dict[str, Any]:
    """The summary of a crawl with all that followed it."""
    return installation.crawl("pictured", "--allow", shop.place, "--why", "a test")
