"""What a page shows of the software and the kind of site behind it: facts, no judgement."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl, urlsplit

from selectolax.lexbor import LexborNode

from lantian.errors import Invalid
from lantian.reading.address import PLAIN_RULES, canonical, host_of, join, path_of
from lantian.reading.charset import decode
from lantian.reading.jsonvalues import found_in
from lantian.reading.limits import needs_child
from lantian.reading.page import RawPage
from lantian.reading.read import json_of, uncommented
from lantian.reading.structured import json_ld, microdata
from lantian.reading.text import one_line
from lantian.reading.values import icp_of
from lantian.reading.view import View

MOST_LINKS = 2_000
PRICE = re.compile(r"[¥￥]\s?\d|(?<![\d.])\d[\d,.]*\s?元(?!月)")
_NUMBERED = re.compile(r"\d")


@dataclass(frozen=True)
class Signs:
    """The page, opened, and what stands on it. Links are canonical."""

    raw: RawPage
    view: View
    charset: str

    @cached_property
    def generator(self) -> str:
        """What the page says made it, in lower case."""
        return self.meta('meta[name="generator"]').lower()

    @cached_property
    def links(self) -> tuple[tuple[str, str], ...]:
        """Every link's address and text, in the order of the page."""
        view = self.view
        found: dict[str, str] = {}
        for node in view.tree.css("a[href]")[:MOST_LINKS]:
            absolute = join(view.base, view.base_origin, node.attributes.get("href") or "")
            if absolute is not None:
                try:
                    url = canonical(absolute, PLAIN_RULES)
                except Invalid:
                    continue
                found.setdefault(url, one_line(node.text(deep=True)))
        return tuple(found.items())

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Path and query of each link within the site."""
        own = self.host
        return tuple(path_of(url) for url, _ in self.links if host_of(url) == own)

    @property
    def host(self) -> str:
        """The page's host."""
        return host_of(self.raw.url)

    @cached_property
    def types(self) -> frozenset[str]:
        """Types of schema.org that the page says it holds, and its Open Graph type as `og:…`."""
        names: set[str] = set()
        for item in (*json_ld(self.view), *microdata(self.view)):
            kinds = item.get("@type")
            for kind in kinds if isinstance(kinds, list) else [kinds]:
                names.add(str(kind).rpartition("/")[2])
        og = self.meta('meta[property="og:type"]')
        return frozenset(names | ({f"og:{og.lower()}"} if og else set()))

    @cached_property
    def icp(self) -> str:
        """The ICP record number on the page."""
        return icp_of(self.view.text)

    def has(self, css: str) -> int:
        """How many elements the selector finds."""
        return len(self.view.tree.css(css))

    def json(self, path: str) -> bool:
        """Whether the answer is JSON in which the path finds something."""
        return bool(found_in(self.view.data, path))

    def linked(self, pattern: str) -> int:
        """How many links within the site have such a path."""
        regex = re.compile(pattern)
        return sum(regex.search(path) is not None for path in self.paths)

    def says(self, *words: str) -> int:
        """How many of these words the page's text holds."""
        return sum(word in self.view.text for word in words)

    @cached_property
    def priced(self) -> tuple[str, ...]:
        """Paths of links within repeated blocks that name a price."""
        found: dict[str, None] = {}
        for node in self.view.tree.css("a[href]")[:MOST_LINKS]:
            if self.in_priced(node):
                absolute = join(
                    self.view.base, self.view.base_origin, node.attributes.get("href") or ""
                )
                if absolute is not None and host_of(absolute) == self.host:
                    found[path_of(canonical_or(absolute))] = None
        return tuple(found)

    @cached_property
    def led_out(self) -> tuple[int, int]:
        """Headings that are links, as results have them: those that lead out, and all."""
        out = whole = 0
        for node in self.view.tree.css("h2 a[href], h3 a[href], h4 a[href]"):
            absolute = join(
                self.view.base, self.view.base_origin, node.attributes.get("href") or ""
            )
            if absolute is None:
                continue
            whole += 1
            redirect = re.search(r"/(?:link|url|jump|redirect|l)\?", absolute) is not None
            out += redirect or host_of(absolute) != self.host
        return out, whole

    @cached_property
    def search(self) -> tuple[str, str] | None:
        """Address and parameter of the page's search form, without what stands in it."""
        for form in self.view.tree.css("form"):
            attributes = form.attributes
            if (attributes.get("method") or "get").lower() != "get":
                continue
            box = form.css_first('input[type="search"], input[type="text"], input:not([type])')
            name = box.attributes.get("name") if box is not None else None
            absolute = join(self.view.base, self.view.base_origin, attributes.get("action") or ".")
            if name and absolute is not None and host_of(absolute) == self.host:
                return absolute.partition("?")[0], name
        return None

    @property
    def asked(self) -> bool:
        """Whether the page answers a search: its form's parameter stands in its own address."""
        if self.search is None:
            return False
        query = dict(parse_qsl(urlsplit(self.raw.url).query, max_num_fields=100))
        return bool(query.get(self.search[1]))

    def in_priced(self, node: LexborNode) -> bool:
        """Whether a link lies in a small block that names a price and has a sibling of its kind."""
        for _ in range(3):
            parent = node.parent
            if parent is None or node.tag in {"body", "html", "main"}:
                return False
            text = node.text(deep=True)
            if len(text) < 400 and PRICE.search(text):
                kind = node.attributes.get("class")
                alike = sum(
                    other.tag == node.tag and other.attributes.get("class") == kind
                    for other in parent.iter()
                )
                if alike > 1 or node.tag in {"li", "a"}:
                    return True
            node = parent
        return False

    def meta(self, css: str) -> str:
        """The content of the first such tag."""
        node = self.view.tree.css_first(css)
        return (node.attributes.get("content") or "").strip() if node is not None else ""


def signs_of(raw: RawPage) -> Signs | None:
    """The page opened for a look; `None` where it is no text, or could stall its reader."""
    if needs_child(raw):
        return None
    kind = "text/html; charset=utf-8" if raw.via == "browser" else raw.header(b"content-type")
    found = decode(raw.body, kind)
    if found.fault:
        return None
    is_json, data = json_of(raw, found.text)
    if is_json and data is None:
        return None
    view = View(raw.url, "" if is_json else uncommented(found.text), PLAIN_RULES, data)
    return Signs(raw, view, found.charset)


def canonical_or(url: str) -> str:
    """The canonical address, or the address itself where it has none."""
    try:
        return canonical(url, PLAIN_RULES)
    except Invalid:
        return url


def shape_of(path: str) -> str:
    """The pattern of addresses like this one: whatever is numbered becomes `*`.

    `/item/1001.html` gives `/item/*.html`, `/show.php?id=7&cat=law` gives
    `/show.php?cat=law&id=*` (as parameters are sorted).
    """
    bare, _, query = path.partition("?")
    segments = [_part(segment) for segment in bare.split("/")]
    pairs = []
    for pair in query.split("&") if query else ():
        name, _, value = pair.partition("=")
        pairs.append(f"{name}=*" if _NUMBERED.search(value) else pair)
    return "/".join(segments) + ("?" + "&".join(pairs) if pairs else "")


def _part(segment: str) -> str:
    stem, dot, ending = segment.rpartition(".")
    if dot and not _NUMBERED.search(ending):
        return f"*.{ending}" if _NUMBERED.search(stem) else segment
    return "*" if _NUMBERED.search(segment) else segment


def commonest_shape(paths: Iterable[str], *, least: int = 2) -> str:
    """The shape that most of these paths have; empty where fewer than `least` share one."""
    counts = Counter(shape for path in dict.fromkeys(paths) if "*" in (shape := shape_of(path)))
    best = counts.most_common(1)
    return best[0][0] if best and best[0][1] >= least else ""
