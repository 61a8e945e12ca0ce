"""One page opened for reading: its tree, its JSON, and what selectors find there."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode

from lantian.reading.address import AddressRules, join, origin_of
from lantian.reading.jsonvalues import found_in, scalar
from lantian.reading.plan import from_address
from lantian.reading.select import Select
from lantian.reading.text import block_text, clean_text, has_hidden, one_line
from lantian.reading.values import cleaned

# With its events Lexbor takes time quadratic in the options of a <select>: minutes for a page.
_OPTIONS = LexborDocumentOptions.WO_EVENTS

Scope = Any
"""What a document's selectors look in: a Lexbor or lxml element, a JSON value, or `None`."""


class View:
    """One page, parsed at most once by each parser and only when a selector asks for it.

    `html` is the decoded page, or empty for a JSON answer, whose value `data` then holds.
    """

    def __init__(self, url: str, html: str, rules: AddressRules, data: object = None) -> None:
        self.url = url
        self.html = html
        self.rules = rules
        self.data = data
        # As a browser that runs scripts parses it: what stands in <noscript> is not shown.
        self.tree = LexborHTMLParser(html, scripting=True, options=_OPTIONS)
        self.hidden = has_hidden(html)
        self._of_page: dict[int, list[str]] = {}

    @cached_property
    def base(self) -> str:
        """The address to which links are relative."""
        if "<base" in self.html or "<BASE" in self.html:
            node = self.tree.css_first("base[href]")
            href = node.attributes.get("href") if node is not None else None
            if href:
                return join(self.url, self.origin, href) or self.url
        return self.url

    @cached_property
    def origin(self) -> str:
        """Scheme, host and port of the page."""
        return origin_of(self.url)

    @cached_property
    def base_origin(self) -> str:
        """Scheme, host and port of `base`."""
        return origin_of(self.base)

    @property
    def body(self) -> LexborNode | None:
        """The body, or the root of a page that has none (frames)."""
        return self.tree.body or self.tree.root

    @cached_property
    def text(self) -> str:
        """The text of the whole body, or every text of a JSON answer."""
        if not self.html:
            return clean_text("\n".join(_strings(self.data)))
        body = self.body
        return clean_text(block_text(body, hidden=self.hidden)) if body is not None else ""

    @cached_property
    def title(self) -> str:
        """The page's title on one line."""
        node = self.tree.css_first("title")
        return clean_text(one_line(node.text(deep=True))) if node is not None else ""

    @cached_property
    def soup(self) -> Any:
        """The page as lxml reads it, for XPath: a second parse."""
        from lxml import etree
        from lxml import html as lxml_html

        parser = lxml_html.HTMLParser(encoding="utf-8", huge_tree=True)
        try:
            return lxml_html.document_fromstring(self.html.encode("utf-8", "replace"), parser)
        except (etree.LxmlError, ValueError):
            return lxml_html.document_fromstring(b"<html></html>")

    def first(self, selects: Iterable[Select], scope: Scope = None) -> str:
        """The value of the first selector that gives one, cleaned and on one line."""
        for select in selects:
            found = self.values(select, scope)
            value = clean_text(select.join.join(found) if select.all else found[0]) if found else ""
            if select.clean:
                value = cleaned(value, select.clean, self.base, self.rules)
            if value:
                return value
        return ""

    def joined(
        self, selects: Iterable[Select], scope: Scope = None, *, without: Iterable[LexborNode] = ()
    ) -> str:
        """The texts of all selectors, block by block, one after the other."""

        def text(node: LexborNode) -> str:
            return block_text(node, hidden=self.hidden, without=without)

        parts = []
        for select in selects:
            found = self.values(select, scope, text)
            value = select.join.join(v for v in (found if select.all else found[:1]) if v)
            if select.clean:
                value = cleaned(value, select.clean, self.base, self.rules)
            if value:
                parts.append(value)
        return clean_text("\n".join(parts))

    def values(
        self, select: Select, scope: Scope = None, text: Callable[[LexborNode], str] | None = None
    ) -> list[str]:
        """What one selector finds, before cleaning; empty values left out."""
        if scope is not None and select.page:
            if select.jsonpath is not None and "_." in select.jsonpath:
                # What the page says of this very document: an author listed apart, say.
                return [scalar(value) for value in found_in(self.data, select.jsonpath, scope)]
            # The same for every document of the page, so it is looked for once.
            known = self._of_page.get(id(select))
            if known is None:
                known = self._of_page[id(select)] = self.values(select, None, text)
            return known
        if select.css is not None:
            found = self._by_css(select, scope, text or _line_of)
        elif select.jsonpath is not None:
            found = [scalar(value) for value in self.by_jsonpath(select.jsonpath, scope)]
        elif select.xpath is not None:
            found = self._by_xpath(select, scope, text or _line_of)
        elif select.url is not None:
            found = [from_address(select.url, self.url)]
        elif select.const is not None:
            found = [select.const]
        else:
            found = [_attribute(scope, select.attr or "")]
        return [value for value in found if value]

    def _by_css(self, select: Select, scope: Scope, text: Callable[[LexborNode], str]) -> list[str]:
        root = self.tree if scope is None else scope
        if not isinstance(root, (LexborHTMLParser, LexborNode)) or select.css is None:
            return []
        if select.all:
            nodes = root.css(select.css)
        else:
            node = root.css_first(select.css)
            nodes = [node] if node is not None else []
        if select.attr is not None:
            return [_attribute(node, select.attr) for node in nodes]
        return [text(node) for node in nodes]

    def _by_xpath(
        self, select: Select, scope: Scope, text: Callable[[LexborNode], str]
    ) -> list[str]:
        found = self.by_xpath(select.xpath or "", scope)
        if select.attr is not None:
            return [_attribute(value, select.attr) for value in found]
        return [_xml_text(value, text) for value in found]

    def by_xpath(self, xpath: str, scope: Scope = None) -> list[Any]:
        """What an XPath finds: elements or values."""
        if not self.html:
            return []
        root = self.soup if scope is None else scope
        if not hasattr(root, "xpath"):
            return []
        from lxml import etree

        try:
            found = root.xpath(xpath)
        except etree.XPathError:
            return []
        return found if isinstance(found, list) else [found]

    def by_jsonpath(self, path: str, scope: Scope = None) -> list[Any]:
        """What a JSONPath finds in the scope, or else in the page's JSON."""
        return found_in(self.data if scope is None else scope, path)

    def nodes(self, select: Select) -> list[Scope]:
        """The elements or values that one selector finds in the whole page."""
        if select.css is not None:
            return list(self.tree.css(select.css))
        if select.xpath is not None:
            return self.by_xpath(select.xpath)
        if select.jsonpath is not None:
            return self.by_jsonpath(select.jsonpath)
        return []


def _line_of(node: LexborNode) -> str:
    return one_line(node.text(deep=True))


def _attribute(node: Scope, name: str) -> str:
    if isinstance(node, LexborNode):
        return node.attributes.get(name) or ""
    if isinstance(node, dict):
        return scalar(node.get(name))
    get = getattr(node, "get", None)
    return str(get(name) or "") if get is not None else ""


def _xml_text(value: Any, text: Callable[[LexborNode], str]) -> str:
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else str(value)
    if not hasattr(value, "tag"):
        return str(value)
    from lxml import etree

    fragment = etree.tostring(value, encoding="unicode", method="html", with_tail=False)
    body = LexborHTMLParser(fragment).body
    return text(body) if body is not None else ""


def _strings(data: object) -> list[str]:
    """Every text in a JSON value, in order."""
    out: list[str] = []
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            out.append(value)
        elif isinstance(value, list):
            waiting.extend(reversed(value))
        elif isinstance(value, dict):
            waiting.extend(reversed(value.values()))
    return [line for line in map(str.strip, out) if line]
