"""The documents of a page, by the rules of its profile."""

import hashlib
import json
from dataclasses import replace

from selectolax.lexbor import LexborNode

from lantian.errors import Invalid
from lantian.reading.address import canonical, join
from lantian.reading.page import ReadDocument
from lantian.reading.pictures import MOST, addresses_of
from lantian.reading.plan import DocumentPlan, Plan
from lantian.reading.structured import Facts, facts
from lantian.reading.values import price_of, time_of
from lantian.reading.view import Scope, View

MOST_DOCUMENTS = 1_000
"""Documents of one kind read from one page."""
MOST_NESTED = 20
"""Documents of one kind that lie in each other."""
LONGEST_KEY = 1_000
"""Bytes of a key as it is kept."""


def documents_of(
    view: View, plan: Plan, path: str
) -> tuple[tuple[ReadDocument, ...], tuple[str, ...]]:
    """The page's documents, in the order of the rules and of the page; each key once.

    Second, the kinds of which some were left out, because a page of so many is no page for
    people.
    """
    found: dict[str, ReadDocument] = {}
    cut: list[str] = []
    known: Facts | None = None
    for rule in rules_for(plan, view.url, path):
        if known is None and rule.rule.structured and rule.rule.each is None:
            known = facts(view) if view.html else Facts()
        _embed(view, rule)
        scopes, whole = _scopes(view, rule)
        if not whole:
            cut.append(rule.rule.kind)
        for scope in scopes:
            document = _Reader(view, plan, rule, scope, known or Facts()).read()
            if document is not None:
                found.setdefault(document.posting_key, document)
    return tuple(found.values()), tuple(cut)


def rules_for(plan: Plan, url: str, path: str) -> list[DocumentPlan]:
    """The document rules that look at this page."""
    return [rule for rule in plan.documents if rule.looks_at(url, path)]


def _embed(view: View, plan: DocumentPlan) -> None:
    """Open the JSON that a rule finds inside a script of the page."""
    if plan.rule.embedded is None or not view.html:
        return
    node = view.tree.css_first(plan.rule.embedded)
    try:
        view.data = json.loads(node.text(deep=True)) if node is not None else None
    except (ValueError, RecursionError):
        view.data = None


def _scopes(view: View, plan: DocumentPlan) -> tuple[list[Scope], bool]:
    """What the documents' selectors look in, and whether that is all of it."""
    if plan.rule.each is None:
        return [None], True
    every = view.nodes(plan.rule.each)
    taken = every[:MOST_DOCUMENTS]
    if len(taken) > MOST_NESTED:
        ids = {_identity(node) for node in taken}
        taken = [node for node in taken if _levels(node, ids) <= MOST_NESTED]
    return taken, len(taken) == len(every)


def _identity(node: Scope) -> int:
    return node.mem_id if isinstance(node, LexborNode) else id(node)


def _levels(node: Scope, ids: set[int]) -> int:
    """In how many of those elements this one lies."""
    levels = 0
    while isinstance(node, LexborNode) and node.parent is not None:
        node = node.parent
        levels += node.mem_id in ids
    return levels


class _Reader:
    """Reads one document; holds what its fields have in common."""

    def __init__(
        self, view: View, plan: Plan, document: DocumentPlan, scope: Scope, known: Facts
    ) -> None:
        self.view = view
        self.plan = plan
        self.rule = document.rule
        self.scope = scope
        self.known = known if self.rule.each is None and self.rule.structured else Facts()

    def read(self) -> ReadDocument | None:
        """The document, or `None` where nothing of it is there."""
        rule, view, scope, known = self.rule, self.view, self.scope, self.known
        title = view.first(rule.title, scope) or known.title
        body = view.joined(rule.text, scope, without=self._without()) or known.text
        text = body if title in body else f"{title}\n{body}".strip()
        if not text:
            return None
        url = self._address(view.first(rule.url, scope)) if rule.url else self._own_address()
        posted = view.first(rule.posted_at, scope) or known.posted_at
        fields = {name: view.first(at, scope) for name, at in rule.fields.items()}
        fields = {name: value for name, value in fields.items() if value}
        posted_at = time_of(posted) if posted else None
        if posted and posted_at is None:
            fields.setdefault("posted_at", posted)
        seller_url = self._address(view.first(rule.seller.url, scope) or known.seller_url)
        seller_name = view.first(rule.seller.name, scope) or known.seller_name
        own_key = view.first(rule.key, scope)
        document = ReadDocument(
            posting_key=self._key(own_key, url, text),
            kind=rule.kind,
            url=url or self._own_address(),
            title=title,
            text=text,
            seller_key=short_key(
                view.first(rule.seller.key, scope) or known.seller_key or seller_url or seller_name
            ),
            seller_name=seller_name,
            seller_url=seller_url,
            price=view.first(rule.price, scope) or price_of(known.price),
            posted_at=posted_at,
            fields=fields,
            pictures=self._pictures(),
        )
        read = {"key": own_key, "text": body, "url": url}
        missing = tuple(
            name
            for name in rule.required
            if not (read.get(name) or fields.get(name) or self._has(document, name, read))
        )
        return document if not missing else replace(document, missing=missing)

    def _without(self) -> list[LexborNode]:
        root = self.scope if isinstance(self.scope, LexborNode) else self.view.tree
        return [node for css in self.rule.without for node in root.css(css)]

    def _pictures(self) -> tuple[str, ...]:
        """The canonical addresses of the pictures, each once."""
        found: dict[str, None] = {}
        for written in addresses_of(self.view, self.rule, self.scope, self._without()):
            address = self._address(written)
            if address:
                found[address] = None
            if len(found) >= MOST:
                break
        return tuple(found)

    def _own_address(self) -> str:
        return self._address(self.view.url)

    def _address(self, href: str) -> str:
        absolute = join(self.view.base, self.view.base_origin, href) if href else None
        if absolute is None:
            return ""
        try:
            return canonical(absolute, self.plan.addresses)
        except Invalid:
            return ""

    def _key(self, own: str, url: str, text: str) -> str:
        """The site's own id; else address and key in the page; never a position.

        Where the page gives none of them, the text itself is the key: the posting is not lost.
        """
        rule = self.rule
        if own:
            return short_key(f"{rule.kind}:{own}")
        address = url or self._own_address()
        in_page = self.view.first(rule.key_in_page, self.scope)
        if in_page and (url or not rule.url):
            return short_key(f"{address}#{in_page}")
        alone = rule.each is None or (url and rule.url and not rule.key_in_page)
        if address and alone:
            return short_key(address)
        return short_key(f"{address}#~{hashlib.sha256(text.encode()).hexdigest()[:16]}")

    @staticmethod
    def _has(document: ReadDocument, name: str, read: dict[str, str]) -> bool:
        return name not in read and bool(getattr(document, name, None))


def short_key(key: str) -> str:
    """The key itself or, where it is longer than an index takes, its beginning and digest."""
    if len(key.encode()) <= LONGEST_KEY:
        return key
    return f"{key[:100]}~{hashlib.sha256(key.encode()).hexdigest()}"
