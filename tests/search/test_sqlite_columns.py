"""The arrays follow the file through any sequence of changes."""

import contextlib
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from lantian.search.entry import IndexEntry, fingerprint_of
from lantian.search.query import Query
from lantian.search.sqlite import SqliteIndex

START = datetime(2026, 11, 2, tzinfo=UTC)
ids = st.integers(1, 12)
rows = st.lists(
    st.tuples(
        ids,
        st.integers(1, 6),
        st.sampled_from(("open", "confirmed")),
        st.sampled_from(("a", "b")),
        st.sets(st.sampled_from(("x", "y", "z"))).map(lambda claims: tuple(sorted(claims))),
    ),
    max_size=5,
)


def entry_of(row: tuple[int, int, str, str, tuple[str, ...]]) -> IndexEntry:
    clue_id, revision, state, word, claims = row
    return IndexEntry(
        clue_id=clue_id,
        revision=revision,
        tokens=(word,),
        claims=claims,
        severity=1,
        state=state,
        first_seen=START + timedelta(seconds=clue_id),
        last_seen=START,
    )


class Changes(RuleBasedStateMachine):
    """One index that is written and read, another that only reads, and a model."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = contextlib.ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.indices = [
            SqliteIndex(folder / "index.sqlite3", tokeniser_version="words/1") for _ in range(2)
        ]
        for index in self.indices:
            self.stack.callback(index.close)
        self.model: dict[int, IndexEntry | None] = {}

    @initialize()
    def make(self) -> None:
        self.indices[0].ensure()

    @rule(rows=rows)
    def put(self, rows: list[Any]) -> None:
        entries = [entry_of(row) for row in rows]
        self.indices[0].put(entries)
        for entry in entries:
            known = self.model.get(entry.clue_id, entry)
            if known is not None and (
                entry.clue_id not in self.model or entry.revision > known.revision
            ):
                self.model[entry.clue_id] = entry

    @rule(clue_ids=st.sets(ids, max_size=3))
    def delete(self, clue_ids: set[int]) -> None:
        self.indices[0].delete(clue_ids)
        self.model |= dict.fromkeys(clue_ids)

    @rule(rows=rows)
    def rebuild(self, rows: list[Any]) -> None:
        entries = {row[0]: entry_of(row) for row in rows}
        self.indices[0].rebuild(entries.values())
        self.model = dict(entries)

    @rule()
    def reopen(self) -> None:
        self.indices[1].close()

    @rule(word=st.sampled_from(("a", "b")), claim=st.sampled_from(("x", "y", "z")))
    def look(self, word: str, claim: str) -> None:
        self.agree(Query(words=((word,),)), lambda entry: word in entry.tokens)
        self.agree(Query(claims=frozenset({claim})), lambda entry: claim in entry.claims)

    @invariant()
    def all_is_there(self) -> None:
        self.agree(Query(), lambda entry: True)
        for index in self.indices:
            assert index.fingerprint() == fingerprint_of(filter(None, self.model.values()))

    def agree(self, query: Query, holds: Callable[[IndexEntry], bool]) -> None:
        expected = {
            clue_id for clue_id, entry in self.model.items() if entry is not None and holds(entry)
        }
        for index in self.indices:
            assert index.search(query).clue_ids == tuple(sorted(expected))

    def teardown(self) -> None:
        self.stack.close()


Changes.TestCase.settings = settings(max_examples=40, stateful_step_count=20)
TestChanges = Changes.TestCase
