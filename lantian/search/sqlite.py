"""The embedded search index: one SQLite file, any number of processes.

Words are found by FTS5, everything else in arrays that each process keeps of the file
(`lantian.search.columns`). A writer's transaction is seen as a whole or not at all.
"""

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from lantian.errors import Conflict, IndexUnavailable
from lantian.search import sqlite_file as file
from lantian.search import sqlite_tables as tables
from lantian.search.columns import Bools, Columns
from lantian.search.entry import Fingerprint, IndexEntry, row_of
from lantian.search.port import REBUILD, FacetCount, Failure, Health, IndexMissing, Page, PutReport
from lantian.search.query import FACETS, Phrase, Query
from lantian.search.spelling import spell
from lantian.search.tally import Tally

BATCH = 500
"""Entries of one write transaction."""

_REMEMBERED = 64
_SELECT = """
SELECT clue_id, NOT gone, severity, score, first_seen, last_seen, ifnull(decided_at, -1),
    platform, source, seller, state, presence, region, notice_state, claims
FROM entry_{number}
"""

# As one text: a hundred thousand rows would cost three times as much.
_FIND = "SELECT group_concat(rowid) FROM words_{number} WHERE words_{number} MATCH ?"

_Item = TypeVar("_Item")


class _Reader:
    """A connection for reading, and the arrays of the generation that it read last."""

    def __init__(self, path: Path) -> None:
        self.identity = file.identity(path)
        self.connection = file.connect(path, write=False)
        self.columns = Columns()
        self._number = self._change = self._words_change = 0
        self._phrases: OrderedDict[str, Bools] = OrderedDict()

    def catch_up(self, path: Path) -> tables.Generation:
        """The live generation, the arrays brought up to date with it."""
        live = tables.generations(self.connection).get("live")
        if live is None:
            raise file.missing(path)
        if not live.ours:
            raise file.other_version(live.mapping)
        if live.number != self._number:
            self.columns, self._change = Columns(), -1
        if live.change != self._change:
            select = _SELECT.format(number=live.number)
            if self._change >= 0:
                select += f"WHERE change > {self._change} "
            # The plus keeps SQLite from walking the whole table for the sake of the order.
            self.columns.apply(self.connection.execute(select + "ORDER BY +clue_id").fetchall())
        if (live.number, live.words_change) != (self._number, self._words_change):
            self._phrases.clear()
        self._number, self._change = live.number, live.change
        self._words_change = live.words_change
        return live

    def having(self, words: tuple[Phrase, ...] | None) -> Bools | None:
        """Which slots have all these phrases; None for no condition."""
        if words is None:
            return None
        masks = [self._having_phrase(spelled) for spelled in map(spell, words) if spelled]
        return np.logical_and.reduce(masks) if masks else self.columns.none()

    def _having_phrase(self, spelled: str) -> Bools:
        if spelled in self._phrases:
            self._phrases.move_to_end(spelled)
            return self._phrases[spelled]
        find = _FIND.format(number=self._number)
        (found,) = self.connection.execute(find, (f'"{spelled}"',)).fetchone()
        mask = self.columns.mask_of(np.fromstring(found or "", np.int64, sep=","))
        self._phrases[spelled] = mask
        if len(self._phrases) > _REMEMBERED:
            self._phrases.popitem(last=False)
        return mask


class SqliteIndex:
    """A `SearchIndex` in the file `path`.

    Threads may share the object and processes the file; a forked child makes its own object.
    """

    def __init__(self, path: Path, *, tokeniser_version: str) -> None:
        self._path = path
        self._tokeniser_version = tokeniser_version
        self._lock = threading.Lock()
        self._write_lock = file.WriteLock(path)
        self._reader: _Reader | None = None
        self._writer: tuple[file.Connection, tuple[int, int] | None] | None = None

    def ensure(self) -> None:
        """Make an empty index if there is none."""
        with self._writing() as connection, file.transaction(connection):
            if "live" not in tables.generations(connection):
                tables.create(connection, "live", self._tokeniser_version)

    def put(self, entries: Iterable[IndexEntry]) -> PutReport:
        """Take entries in; see `SearchIndex.put`."""
        rows = map(row_of, entries)
        return self._in_batches(
            rows,
            lambda connection, generation, batch: tables.write(
                connection, generation, batch, streamed=False
            ),
            lambda row: row.clue_id,
        )

    def delete(self, clue_ids: Iterable[int]) -> PutReport:
        """Take clues out for good; see `SearchIndex.delete`."""
        return self._in_batches(clue_ids, tables.bury, lambda clue_id: clue_id)

    def refresh(self) -> None:
        """Nothing to do: a committed write shows at once."""

    def search(self, query: Query) -> Page:
        """One page of the clues that answer the query."""
        with self._reading() as reader:
            return reader.columns.page(query, reader.having(query.words))

    def count(self, query: Query) -> int:
        """How many clues answer the query."""
        with self._reading() as reader:
            return len(reader.columns.found(query, reader.having(query.words)))

    def facets(
        self, query: Query, names: Iterable[str] = FACETS, top: int = 20
    ) -> dict[str, tuple[FacetCount, ...]]:
        """The counts of each facet; see `SearchIndex.facets`."""
        with self._reading() as reader:
            return reader.columns.facets(query, reader.having(query.words), names, top)

    def rebuild(
        self, entries: Iterable[IndexEntry], *, progress: Callable[[int], None] | None = None
    ) -> Fingerprint:
        """Build new tables and put them in place of the old; see `SearchIndex.rebuild`."""
        number = self._begin_building()
        with contextlib.ExitStack() as undo:
            undo.callback(self._abandon, number)
            tally = Tally()
            rows = map(row_of, entries)
            while batch := list(islice(rows, BATCH)):
                with self._writing() as connection, file.transaction(connection):
                    tables.write(connection, _being_built(connection, number), batch, streamed=True)
                tally.add(batch)
                if progress is not None:
                    progress(len(tally))
            fingerprint = self._swap(number, tally)
            undo.pop_all()
        with self._writing() as connection, file.transaction(connection):
            tables.drop_unused(connection)
        return fingerprint

    def fingerprint(self) -> Fingerprint:
        """Count and checksum of what the index holds."""
        with self._reading() as reader:
            live = reader.catch_up(self._path)
            return tables.fingerprint(reader.connection, live.number, "NOT gone")

    def health(self) -> Health:
        """Whether the index can be used."""
        try:
            with self._reading() as reader:
                live = reader.catch_up(self._path)
                count = tables.fingerprint(reader.connection, live.number, "NOT gone").count
        except IndexUnavailable as error:
            state: Literal["missing", "unavailable"] = (
                "missing" if isinstance(error, IndexMissing) else "unavailable"
            )
            return Health("sqlite", state, error.message, error.hint)
        stale = live.tokeniser != self._tokeniser_version
        return Health(
            "sqlite",
            "stale" if stale else "ready",
            f"tokens are of {live.tokeniser}" if stale else "",
            REBUILD if stale else "",
            count,
            live.tokeniser,
            live.mapping,
        )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._drop_reader()
        with self._write_lock.held():
            self._drop_writer()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[_Reader]:
        """A reader that sees one state of the file until the end."""
        with self._lock:
            try:
                with file.answering(self._path):
                    reader = self._open_reader()
                    with file.transaction(reader.connection, "BEGIN"):
                        reader.catch_up(self._path)
                        yield reader
            except IndexUnavailable:
                self._drop_reader()
                raise

    @contextlib.contextmanager
    def _writing(self) -> Iterator[file.Connection]:
        """The connection for writing, while no one else writes."""
        with file.answering(self._path), self._write_lock.held():
            yield self._open_writer()

    def _open_reader(self) -> _Reader:
        if self._reader is None or self._reader.identity != file.identity(self._path):
            self._drop_reader()
            self._reader = _Reader(self._path)
        return self._reader

    def _open_writer(self) -> file.Connection:
        if self._writer is None or self._writer[1] != file.identity(self._path):
            self._drop_writer()
            connection = file.connect(self._path, write=True)
            tables.prepare(connection)
            self._writer = connection, file.identity(self._path)
        return self._writer[0]

    def _drop_reader(self) -> None:
        if self._reader is not None:
            self._reader.connection.close()
            self._reader = None

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._writer[0].close()
            self._writer = None

    def _in_batches(
        self,
        items: Iterable[_Item],
        write: Callable[[file.Connection, tables.Generation, Sequence[_Item]], int],
        id_of: Callable[[_Item], int],
    ) -> PutReport:
        written = late = 0
        retry: list[Failure] = []
        rest = iter(items)
        while batch := list(islice(rest, BATCH)):
            try:
                done = self._write_everywhere(batch, write)
            except IndexUnavailable as error:
                retry += [Failure(id_of(item), str(error)) for item in batch]
            else:
                written += done
                late += len(batch) - done
        return PutReport(written, late, tuple(retry))

    def _write_everywhere(
        self,
        batch: Sequence[_Item],
        write: Callable[[file.Connection, tables.Generation, Sequence[_Item]], int],
    ) -> int:
        """Write into what is live and into what is being built, in one transaction."""
        if file.identity(self._path) is None:
            raise file.missing(self._path)
        with self._writing() as connection, file.transaction(connection):
            found = tables.generations(connection)
            ours = {role: generation for role, generation in found.items() if generation.ours}
            if not ours:
                raise file.missing(self._path)
            done = {role: write(connection, ours[role], batch) for role in ours}
            return done.get("live", done.get("building", 0))

    def _begin_building(self) -> int:
        """The number of a new generation under construction; an unfinished one is given up."""
        with file.answering(self._path), self._write_lock.held():
            try:
                connection = self._open_writer()
                file.check(connection, self._path)
            except file.Damaged:
                self._drop_writer()
                file.remove_file(self._path)
                connection = self._open_writer()
            with file.transaction(connection):
                connection.execute("DELETE FROM generation WHERE role = 'building'")
                number = tables.create(connection, "building", self._tokeniser_version)
                tables.drop_unused(connection)
        return number

    def _abandon(self, number: int) -> None:
        with (
            contextlib.suppress(IndexUnavailable),
            self._writing() as connection,
            file.transaction(connection),
        ):
            connection.execute(
                "DELETE FROM generation WHERE number = ? AND role = 'building'", (number,)
            )
            tables.drop_unused(connection)

    def _swap(self, number: int, tally: Tally) -> Fingerprint:
        with self._writing() as connection, file.transaction(connection):
            _being_built(connection, number)
            streamed = tables.fingerprint(connection, number, "streamed")
            tally.compare(streamed, tables.touched(connection, number))
            total = tables.fingerprint(connection, number, "NOT gone")
            with_words = tables.count_words(connection, number)
            if with_words != total.count:
                raise IndexUnavailable(
                    f"the new index holds the words of {with_words} clues instead of "
                    f"{total.count}; the old one stays.",
                    hint=REBUILD,
                )
            connection.execute("DELETE FROM generation WHERE role = 'live'")
            connection.execute("UPDATE generation SET role = 'live' WHERE number = ?", (number,))
        return total


def _being_built(connection: file.Connection, number: int) -> tables.Generation:
    generation = tables.generations(connection).get("building")
    if generation is None or generation.number != number:
        raise Conflict(
            "another rebuild of the search index took over.", hint="Wait until that one is done."
        )
    return generation
