"""The queue from the store answers as the embedded index does."""

from collections.abc import Callable
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lantian.clues.decide import decide
from lantian.clues.entries import all_entries, count_clues, index_entries, index_entry
from lantian.clues.queue import clue_list, find_clues
from lantian.errors import IndexUnavailable, Invalid, NotFound
from lantian.model import Clue
from lantian.search.query import Query, Sort, Span
from lantian.search.sqlite import SqliteIndex
from matchers import words


@pytest.fixture
def shelf(desk: Any, tmp_path: Path) -> Any:
    """A desk with twelve clues of all kinds, and the embedded index of them."""
    claims = ("guaranteed_grant", "green_channel", "name_hanging")
    for number, (claim, state) in enumerate(
        product(claims, ("open", "confirmed", "dismissed", "open"))
    ):
        desk.clock.advance(timedelta(seconds=number % 3, microseconds=700))
        clue_id = desk.clue({claim: ["包授权"]})
        if state != "open":
            with desk.store.write() as session:
                decide(
                    session,
                    clue_id,
                    verdict=state,
                    reason="denial" if state == "dismissed" else None,
                    user=desk.users["lin"],
                    **desk.times,
                )
        if state == "confirmed":
            desk.notify(clue_id)
    desk.index = SqliteIndex(tmp_path / "index.sqlite3", tokeniser_version=words.VERSION)
    with desk.store.read() as session:
        desk.index.rebuild(all_entries(session))
    yield desk
    desk.index.close()


def _all(ask: Callable[[Query], Any], **conditions: Any) -> list[int]:
    found: list[int] = []
    after = ""
    while True:
        page = ask(Query(after=after, limit=2, **conditions))
        found += page.clue_ids
        assert page.total >= len(found)
        after = page.next
        if not after:
            assert page.total == len(found)
            return found


_SOME = {
    "severities": st.frozensets(st.integers(1, 3), max_size=2),
    "states": st.frozensets(st.sampled_from(["open", "confirmed", "dismissed"]), max_size=2),
    "presences": st.frozensets(st.sampled_from(["online", "gone"]), max_size=1),
    "claims": st.frozensets(st.sampled_from(["guaranteed_grant", "name_hanging"]), max_size=2),
    "notice_states": st.frozensets(st.sampled_from(["none", "sent"]), max_size=1),
    "regions": st.frozensets(st.sampled_from(["", "上海"]), max_size=1),
    "sellers": st.frozensets(st.sampled_from([0, 5]), max_size=1),
    "platforms": st.frozensets(st.sampled_from([1, 2]), max_size=1),
    "sort": st.sampled_from(Sort),
    "min_score": st.sampled_from([None, 0.7]),
}


@given(conditions=st.fixed_dictionaries(_SOME), span=st.integers(-1, 10))
@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_store_and_index_give_the_same_clues_in_the_same_order(
    shelf: Any, conditions: dict[str, Any], span: int
) -> None:
    if span >= 0:
        start = shelf.rows(Clue)[0].first_seen_at + timedelta(seconds=span)
        conditions["first_seen"] = Span(start, start + timedelta(seconds=4))
    with shelf.store.read() as session:
        from_store = _all(lambda query: find_clues(session, query), **conditions)
    assert from_store == _all(shelf.index.search, **conditions)


def test_the_store_cannot_search_words(desk: Any) -> None:
    with desk.store.read() as session, pytest.raises(IndexUnavailable, match="text of clues"):
        clue_list(session, Query(words=(("包",),)))


def test_a_cursor_of_another_order_is_refused(desk: Any) -> None:
    for _ in range(3):
        desk.clue()
    with desk.store.read() as session:
        cursor = find_clues(session, Query(limit=1)).next
    with pytest.raises(Invalid, match="cursor"):
        Query(sort=Sort.SCORE, after=cursor)


def test_an_entry_says_what_the_store_says(shelf: Any) -> None:
    clue = shelf.rows(Clue)[1]
    with shelf.store.read() as session:
        entry = index_entry(session, clue.id)
        assert index_entries(session, [clue.id, 99]) == [entry]
        assert count_clues(session) == 12
    assert (entry.clue_id, entry.revision) == (clue.id, clue.revision)
    assert (entry.state, entry.notice_state, entry.claims) == (
        "confirmed",
        "sent",
        ("guaranteed_grant",),
    )
    assert (entry.first_seen, entry.decided_at) == (clue.first_seen_at, clue.decided_at)
    assert entry.tokens == tuple(clue.tokens)


def test_a_clue_without_an_entry_is_named(desk: Any) -> None:
    with desk.store.read() as session, pytest.raises(NotFound, match="clue 99"):
        index_entry(session, 99)
