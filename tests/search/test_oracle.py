"""Both engines give the clues that a look at every entry gives, over combined filters."""

import contextlib
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lantian.search.elastic import ElasticIndex
from lantian.search.entry import IndexEntry
from lantian.search.port import SearchIndex
from lantian.search.query import FACETS, Phrase, Query, Sort, Span
from lantian.search.sqlite import SqliteIndex

Answer = tuple[list[int], dict[str, list[tuple[str | int, int]]]]
Oracle = Callable[[list[IndexEntry], Query], Answer]
EveryPage = Callable[[SearchIndex, Query], list[int]]

WORDS = ("包", "授权", "绿色", "通道", "内部", "c++", "C", "c", "ａ", "a b", "“", "\ue000", "挂名")
CLAIMS = ("green_channel", "guaranteed_grant", "name_hanging", "official_impersonation")
STATES, PRESENCES = ("open", "confirmed", "dismissed"), ("online", "gone", "changed")
REGIONS, NOTICES = ("", "江苏", "浙江", "Zhejiang"), ("none", "sent", "acted")
START = datetime(2026, 9, 1, tzinfo=UTC)
TIMES = [START + timedelta(microseconds=n * 750) for n in range(12)]
SCORES = (0.0, 0.25, 0.5, 1 / 3, 1.0)


def some_entry(rng: random.Random, clue_id: int, revision: int) -> IndexEntry:
    return IndexEntry(
        clue_id=clue_id,
        revision=revision,
        tokens=tuple(rng.choices(WORDS, k=rng.randrange(12))),
        title_tokens=tuple(rng.choices(WORDS, k=rng.randrange(4))),
        platform_id=rng.randrange(4),
        source_id=rng.randrange(1, 4),
        seller_id=rng.choice((0, 7, 70, 700, rng.randrange(1000))),
        claims=tuple(rng.sample(CLAIMS, k=rng.randrange(4))),
        severity=rng.randrange(1, 4),
        state=rng.choice(STATES),
        presence=rng.choice(PRESENCES),
        first_seen=rng.choice(TIMES),
        last_seen=rng.choice(TIMES),
        decided_at=rng.choice((None, *TIMES)),
        region=rng.choice(REGIONS),
        score=rng.choice(SCORES),
        notice_state=rng.choice(NOTICES),
    )


def filled(index: SearchIndex) -> list[IndexEntry]:
    """What is in the index after it was built, changed and cleared of some, and read between."""
    rng = random.Random(4)
    entries = {n: some_entry(rng, n, 1) for n in rng.sample(range(1, 900), 500)}
    built = list(entries.values())
    index.rebuild(built[:300])
    index.search(Query())
    index.put(built[200:])
    index.search(Query())
    for clue_id in rng.sample(sorted(entries), 120):
        entries[clue_id] = some_entry(rng, clue_id, 2)
        index.put([entries[clue_id]])
    index.search(Query())
    index.put(built)
    gone = rng.sample(sorted(entries), 60)
    index.delete(gone)
    index.refresh()
    return [entry for clue_id, entry in entries.items() if clue_id not in gone]


def subsets(values: tuple[Any, ...]) -> st.SearchStrategy[frozenset[Any]]:
    return st.frozensets(st.sampled_from(values), max_size=3)


moments = st.one_of(st.none(), st.sampled_from(TIMES))
spans = st.builds(Span, moments, moments)
phrases: st.SearchStrategy[Phrase] = st.one_of(
    st.tuples(st.sampled_from(WORDS)), st.tuples(st.sampled_from(WORDS), st.sampled_from(WORDS))
)
CONDITIONS: dict[str, st.SearchStrategy[Any]] = {
    "words": st.lists(phrases, max_size=2).map(tuple),
    "claims": subsets((*CLAIMS, "unheard_of")),
    "severities": subsets((1, 2, 3, 9)),
    "states": subsets(STATES),
    "presences": subsets(PRESENCES),
    "platforms": subsets((0, 1, 2, 99)),
    "sources": subsets((1, 2, 3)),
    "sellers": subsets((0, 7, 70, 700)),
    "regions": subsets(REGIONS),
    "notice_states": subsets(NOTICES),
    "first_seen": spans,
    "last_seen": spans,
    "decided": spans,
    "min_score": st.sampled_from(SCORES),
}


@st.composite
def queries(draw: st.DrawFn) -> Query:
    """A few conditions at once: with all of them hardly anything would be found."""
    names = draw(st.lists(st.sampled_from(sorted(CONDITIONS)), max_size=4, unique=True))
    conditions = {name: draw(CONDITIONS[name]) for name in names}
    sort, limit = draw(st.sampled_from(Sort)), draw(st.sampled_from((1, 7, 50, 1000)))
    return Query(**conditions, sort=sort, limit=limit)


Full = tuple[SearchIndex, list[IndexEntry]]


@pytest.fixture(scope="module")
def full_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Full]:
    path = tmp_path_factory.mktemp("oracle") / "index.sqlite3"
    with contextlib.closing(SqliteIndex(path, tokeniser_version="words/1")) as index:
        yield index, filled(index)


@pytest.fixture(scope="module")
def full_elastic(elastic_index_of_module: ElasticIndex) -> Full:
    return elastic_index_of_module, filled(elastic_index_of_module)


def agree(full: Full, query: Query, oracle: Oracle, every_page: EveryPage) -> None:
    index, entries = full
    ids, counts = oracle(entries, query)
    if len(ids) > 60 * query.limit:
        page = index.search(query)
        assert (list(page.clue_ids), page.total) == (ids[: query.limit], len(ids))
    else:
        assert every_page(index, query) == ids
    assert index.count(query) == len(ids)
    facets = index.facets(query, FACETS, top=2000)
    assert {
        name: [(value.value, value.count) for value in values] for name, values in facets.items()
    } == counts


@settings(max_examples=300)
@given(query=queries())
def test_the_embedded_index_finds_what_a_search_by_hand_finds(
    query: Query, full_sqlite: Full, oracle: Oracle, every_page: EveryPage
) -> None:
    agree(full_sqlite, query, oracle, every_page)


@settings(max_examples=150)
@given(query=queries())
def test_elasticsearch_finds_what_a_search_by_hand_finds(
    query: Query, full_elastic: Full, oracle: Oracle, every_page: EveryPage
) -> None:
    agree(full_elastic, query, oracle, every_page)
