"""The addresses of the pictures that a document shows."""

from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from lantian.reading.profile import DocumentRule
from lantian.reading.view import Scope, View

MOST = 30
"""Pictures of one document."""
SMALL = 100
"""Pixels: what is written in a picture that is smaller on both sides cannot be read."""
LAZY = (
    *("data-original", "data-src", "data-lazy-src", "data-lazyload", "data-lazy", "data-echo"),
    *("data-ks-lazyload", "data-actualsrc", "zoomfile", "file"),
)
"""Attributes in which sites keep the address of a picture until it is scrolled into sight."""


def addresses_of(
    view: View, rule: DocumentRule, scope: Scope, without: list[LexborNode]
) -> Iterator[str]:
    """What stands for a picture's address, in order, as it is written there."""
    if rule.pictures:
        for select in rule.pictures:
            yield from view.values(select, scope)
    elif "<img" in view.html or "<IMG" in view.html:
        left_out = {node.mem_id for one in without for node in one.css("img")}
        for image in _images(view, rule, scope):
            if image.mem_id not in left_out:
                yield _address(image)


def _images(view: View, rule: DocumentRule, scope: Scope) -> Iterator[LexborNode]:
    """The pictures inside the parts of the text."""
    root = view.tree if scope is None else scope
    if not isinstance(root, (LexborHTMLParser, LexborNode)):
        return
    for select in rule.text:
        if select.css is None or select.attr is not None:
            continue
        parts = (view.tree if select.page else root).css(select.css)
        for part in parts if select.all else parts[:1]:
            yield from part.css("img")


def _address(image: LexborNode) -> str:
    given = image.attributes
    if _is_small(given.get("width")) and _is_small(given.get("height")):
        return ""
    for name in (*LAZY, "src"):
        value = (given.get(name) or "").strip()
        if value and not value.startswith(("data:", "blob:", "about:")):
            return value
    return ""


def _is_small(told: str | None) -> bool:
    number = (told or "").strip().removesuffix("px")
    return number.isdecimal() and int(number[:9]) < SMALL
