"""Where the fields of a listing stand on a page of unknown markup: guesses, for a person to check.

A place is proposed only where it holds on every page that was given.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from selectolax.lexbor import LexborNode

from lantian.reading.page import RawPage
from lantian.reading.signs import PRICE, Signs, signs_of
from lantian.reading.text import one_line
from lantian.reading.view import View

LONGEST_PRICE = 40
LONGEST_LABEL = 60
MOST_ELEMENTS = 5_000
_WORD = re.compile(r"[A-Za-z][\w-]*")
_NUMBERED = re.compile(r"\d{2,}")
_SELLER = re.compile(r"(?:店铺|商家|卖家|掌柜|服务商|供应商|发布者|发布人)(?:名称)?\s*[:：]")
_BETWEEN = re.compile(r"\s*[-_|—–·]\s*")
_ONE_OF_A_KIND = frozenset({"h1", "main", "article"})
"""Tags that are places by themselves."""
_STRUCK = frozenset({"del", "s", "strike"})


@dataclass(frozen=True, slots=True)
class Places:
    """CSS of each field; empty where nothing was guessed. `seller_link` says that it is a link."""

    title: str = ""
    price: str = ""
    seller: str = ""
    text: str = ""
    seller_link: bool = False

    def told(self) -> list[str]:
        """The guesses in words."""
        return [
            f"its {name} seems to stand at {css}"
            for name in ("title", "price", "seller", "text")
            if (css := getattr(self, name))
        ]


def guess(pages: Iterable[RawPage]) -> Places:
    """Where title, price, seller and text of listings stand, as far as all these pages agree."""
    each = [_of_page(signs) for raw in pages if (signs := signs_of(raw)) is not None]
    if not each:
        return Places()
    seller = _agreed([places.seller for places in each])
    return Places(
        title=_agreed([places.title for places in each]),
        price=_agreed([places.price for places in each]),
        seller=seller,
        text=_agreed([places.text for places in each]),
        seller_link=bool(seller) and all(places.seller_link for places in each),
    )


def _agreed(found: list[str]) -> str:
    best, count = Counter(found).most_common(1)[0]
    return best if count == len(found) else ""


def _of_page(signs: Signs) -> Places:
    view = signs.view
    elements = [node for node in view.tree.css("body *")[:MOST_ELEMENTS] if _shown(node)]
    title = _title(view, elements)
    price = next((node for node in elements if _is_price(node, signs)), None)
    seller, is_link = _seller(elements)
    return Places(
        title=_css(view, title),
        price=_css(view, price),
        seller=_css(view, seller, link=is_link),
        text=_css(view, _holding(title, price)),
        seller_link=is_link,
    )


def _shown(node: LexborNode) -> bool:
    return node.tag not in {"script", "style", "noscript", "template", "option"}


def _text(node: LexborNode) -> str:
    return one_line(node.text(deep=True))


def _title(view: View, elements: list[LexborNode]) -> LexborNode | None:
    """The element that says the first part of the page's title, and nothing else."""
    wanted = _BETWEEN.split(view.title)[0].strip()
    if len(wanted) < 2:
        return None
    said = (node for node in elements if not _is_link(node) and _text(node) == wanted)
    return next(said, None)


def _is_link(node: LexborNode) -> bool:
    return _within(node, "a") or node.css_first("a") is not None


def _is_price(node: LexborNode, signs: Signs) -> bool:
    """Whether an element says a price and no element in it does; not one of a list of others."""
    text = _text(node)
    if len(text) > LONGEST_PRICE or not PRICE.search(text) or node.tag in _STRUCK:
        return False
    if any(PRICE.search(_text(child)) for child in node.iter()):
        return False
    return not _within(node, "a") and not signs.in_priced(node)


def _within(node: LexborNode, tag: str) -> bool:
    parent: LexborNode | None = node
    while parent is not None:
        if parent.tag == tag:
            return True
        parent = parent.parent
    return False


def _seller(elements: list[LexborNode]) -> tuple[LexborNode | None, bool]:
    """The smallest element with a label of a seller; whether a link in it names them."""
    labelled = [node for node in elements if len(t := _text(node)) <= LONGEST_LABEL
                and _SELLER.search(t)]  # fmt: skip
    for node in reversed(labelled):
        if node.css_first("a[href]") is not None:
            return node, True
    return (labelled[-1], False) if labelled else (None, False)


def _holding(one: LexborNode | None, other: LexborNode | None) -> LexborNode | None:
    """The smallest element that holds both, unless that is the body."""
    if one is None or other is None:
        return None
    above = set()
    node: LexborNode | None = one.parent
    while node is not None:
        above.add(node.mem_id)
        node = node.parent
    node = other.parent
    while node is not None and node.tag not in {"body", "html"}:
        if node.mem_id in above:
            return node
        node = node.parent
    return None


def _css(view: View, node: LexborNode | None, *, link: bool = False) -> str:
    """A selector whose first match is the element: by id or class, within another if need be."""
    if node is None:
        return ""
    end = " a" if link else ""
    own, tag = _names(node), node.tag or ""
    around = [name for parent in _parents(node) for name in _names(parent)]
    alone = [*own, *([tag] if tag in _ONE_OF_A_KIND else [])]
    for css in (*alone, *(f"{outer} {inner}" for inner in (*own, tag) for outer in around)):
        first = view.tree.css_first(css)
        if first is not None and first.mem_id == node.mem_id:
            return css + end
    return ""


def _parents(node: LexborNode) -> list[LexborNode]:
    found: list[LexborNode] = []
    parent = node.parent
    while parent is not None and parent.tag not in {"body", "html"} and len(found) < 4:
        found.append(parent)
        parent = parent.parent
    return found


def _names(node: LexborNode) -> list[str]:
    """How an element may be called: by its id or its classes; by nothing that is numbered."""
    attributes = node.attributes
    own = attributes.get("id") or ""
    names = [f"#{own}"] if _is_name(own) else []
    names += [f".{name}" for name in (attributes.get("class") or "").split() if _is_name(name)]
    return names


def _is_name(name: str) -> bool:
    return _WORD.fullmatch(name) is not None and _NUMBERED.search(name) is None
