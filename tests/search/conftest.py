"""Indices of both engines, entries to put in, and a search in plain Python to compare with."""

import contextlib
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from lantian.search.elastic import ElasticIndex
from lantian.search.elastic_client import connect
from lantian.search.entry import IndexEntry
from lantian.search.port import SearchIndex
from lantian.search.query import FACETS, Query, Sort, Span
from lantian.search.sqlite import SqliteIndex

START = datetime(2026, 11, 2, 8, tzinfo=UTC)

MakeEntry = Callable[..., IndexEntry]
Answer = tuple[list[int], dict[str, list[tuple[str | int, int]]]]
Oracle = Callable[[Iterable[IndexEntry], Query], Answer]


def _entry(clue_id: int, **fields: Any) -> IndexEntry:
    given: dict[str, Any] = {
        "clue_id": clue_id,
        "revision": 1,
        "tokens": ("商标", "注册", "包", "授权"),
        "severity": 2,
        "state": "open",
        "first_seen": START + timedelta(minutes=clue_id),
        "last_seen": START + timedelta(days=1),
    }
    return IndexEntry(**(given | fields))


@pytest.fixture(scope="session")
def entry() -> MakeEntry:
    """Makes an entry; what is not given is unremarkable, younger ids are first seen later."""
    return _entry


@pytest.fixture
def sqlite_index(tmp_path: Path) -> Iterator[SqliteIndex]:
    """An empty embedded index."""
    index = SqliteIndex(tmp_path / "index.sqlite3", tokeniser_version="words/1")
    index.ensure()
    with contextlib.closing(index):
        yield index


@pytest.fixture
def elastic_client(elasticsearch_url: str) -> Iterator[Elasticsearch]:
    """A client of a real node."""
    with contextlib.closing(connect(elasticsearch_url)) as client:
        yield client


@pytest.fixture
def alias(elasticsearch_url: str) -> Iterator[str]:
    """The name of an alias of this test's own."""
    with _alias(elasticsearch_url) as name:
        yield name


@pytest.fixture
def elastic_index(elastic_client: Elasticsearch, alias: str) -> ElasticIndex:
    """An empty index in a real node."""
    index = ElasticIndex(elastic_client, alias=alias, tokeniser_version="words/1")
    index.ensure()
    return index


@pytest.fixture(scope="module")
def elastic_index_of_module(elasticsearch_url: str) -> Iterator[ElasticIndex]:
    """An empty index in a real node, for all tests of a module."""
    with (
        _alias(elasticsearch_url) as name,
        contextlib.closing(connect(elasticsearch_url)) as client,
    ):
        index = ElasticIndex(client, alias=name, tokeniser_version="words/1")
        index.ensure()
        yield index


@contextlib.contextmanager
def _alias(url: str) -> Iterator[str]:
    name = f"test-{uuid.uuid4().hex}"
    yield name
    with contextlib.closing(connect(url)) as client:
        for index in client.indices.get(index=f"{name}*"):
            client.indices.delete(index=index)


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    """Clue ids in order and facet counts, found by looking at every entry."""
    return _answer


def _answer(entries: Iterable[IndexEntry], query: Query) -> Answer:
    everything = list(entries)
    found = [entry for entry in everything if all(ask(entry) for _, ask in _asks(query))]
    found.sort(key=_orders[query.sort])
    facets = {}
    for name in FACETS:
        counts: Counter[str | int] = Counter()
        for entry in everything:
            if all(ask(entry) for facet, ask in _asks(query) if facet != name):
                counts.update(_values(entry, name))
        facets[name] = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [entry.clue_id for entry in found], facets


def _asks(query: Query) -> list[tuple[str, Callable[[IndexEntry], bool]]]:
    """The conditions, each with the facet whose condition it is."""
    asks: list[tuple[str, Callable[[IndexEntry], bool]]] = [
        ("", lambda entry: _has_words(entry, query)),
        ("", lambda entry: _within(entry.first_seen, query.first_seen)),
        ("", lambda entry: _within(entry.last_seen, query.last_seen)),
        ("", lambda entry: _within(entry.decided_at, query.decided)),
        ("", lambda entry: query.min_score is None or entry.score >= query.min_score),
    ]
    chosen: dict[str, frozenset[Any]] = {
        "claim": query.claims,
        "severity": query.severities,
        "state": query.states,
        "presence": query.presences,
        "platform": query.platforms,
        "source": query.sources,
        "seller": query.sellers,
        "region": query.regions,
        "notice_state": query.notice_states,
    }
    return asks + [
        (name, partial(_is_chosen, name, values)) for name, values in chosen.items() if values
    ]


def _is_chosen(name: str, values: frozenset[Any], entry: IndexEntry) -> bool:
    return bool(values & _values(entry, name))


def _values(entry: IndexEntry, facet: str) -> set[str | int]:
    if facet == "claim":
        return set(entry.claims)
    field = f"{facet}_id" if facet in ("platform", "source", "seller") else facet
    return {getattr(entry, field)}


def _has_words(entry: IndexEntry, query: Query) -> bool:
    if query.words is None:
        return True
    texts = [[token[:64] for token in t if token] for t in (entry.title_tokens, entry.tokens)]
    return bool(query.words) and all(
        any(_contains(text, [word[:64] for word in phrase]) for text in texts)
        for phrase in query.words
    )


def _contains(text: list[str], phrase: list[str]) -> bool:
    return any(text[at : at + len(phrase)] == phrase for at in range(len(text) - len(phrase) + 1))


def _grain(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _within(at: datetime | None, span: Span) -> bool:
    if span == Span():
        return True
    if at is None:
        return False
    after_start = span.start is None or _grain(at) >= _grain(span.start)
    return after_start and (span.end is None or _grain(at) < _grain(span.end))


_orders: dict[Sort, Callable[[IndexEntry], tuple[Any, ...]]] = {
    Sort.URGENT: lambda entry: (-entry.severity, _grain(entry.first_seen), entry.clue_id),
    Sort.NEWEST: lambda entry: (-_grain(entry.first_seen).timestamp(), entry.clue_id),
    Sort.SCORE: lambda entry: (-entry.score, entry.clue_id),
}


@pytest.fixture(scope="session")
def every_page() -> Callable[[SearchIndex, Query], list[int]]:
    """Clue ids of all pages, one after another."""
    return _every_page


def _every_page(index: SearchIndex, query: Query) -> list[int]:
    import dataclasses

    ids: list[int] = []
    while True:
        page = index.search(query)
        ids += page.clue_ids
        if not page.next:
            assert page.total == len(ids)
            return ids
        assert len(page.clue_ids) == query.limit
        query = dataclasses.replace(query, after=page.next)
