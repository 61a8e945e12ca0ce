"""The embedded index on its own: its file, other processes, damage."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lantian.errors import IndexUnavailable
from lantian.search import sqlite_file, sqlite_tables
from lantian.search.entry import IndexEntry, fingerprint_of
from lantian.search.port import FacetCount, IndexMissing
from lantian.search.query import Query
from lantian.search.sqlite import SqliteIndex

MakeEntry = Callable[..., IndexEntry]
OpenIndex = Callable[[], SqliteIndex]

GRANT = Query(words=(("授权",),))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "index.sqlite3"


@pytest.fixture
def open_index(path: Path) -> Iterator[OpenIndex]:
    """Opens the index of `path`, each time as another process would."""
    with contextlib.ExitStack() as stack:

        def opened() -> SqliteIndex:
            index = SqliteIndex(path, tokeniser_version="words/1")
            stack.callback(index.close)
            return index

        yield opened


def test_without_a_file_nothing_is_made_up(
    path: Path, open_index: OpenIndex, entry: MakeEntry
) -> None:
    index = open_index()
    with pytest.raises(IndexMissing) as caught:
        index.search(Query())
    assert "index rebuild" in caught.value.hint
    assert [failure.clue_id for failure in index.put([entry(1)]).retry] == [1]
    assert index.health().state == "missing"
    assert not path.exists()
    index.rebuild([entry(1)])
    assert index.search(Query()).clue_ids == (1,)


def test_a_file_that_is_no_database_is_named_and_a_rebuild_makes_a_new_one(
    path: Path, open_index: OpenIndex, entry: MakeEntry
) -> None:
    reader, writer = open_index(), open_index()
    path.parent.mkdir()
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(IndexUnavailable, match=r"index\.sqlite3 is damaged") as caught:
        reader.search(Query())
    assert "index rebuild" in caught.value.hint
    assert reader.health().state == "unavailable"
    assert "damaged" in writer.put([entry(1)]).retry[0].reason
    writer.rebuild([entry(1)])
    assert reader.search(GRANT).clue_ids == (1,)


def test_a_file_with_spoilt_pages_is_built_again(
    path: Path, open_index: OpenIndex, entry: MakeEntry
) -> None:
    first = open_index()
    first.rebuild(entry(n) for n in range(1, 2000))
    first.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 40960)
    index = open_index()
    with pytest.raises(IndexUnavailable):
        index.search(GRANT)
    index.rebuild(entry(n) for n in range(1, 10))
    assert index.count(GRANT) == 9


def test_a_file_put_in_place_of_another_is_seen(
    path: Path, open_index: OpenIndex, entry: MakeEntry, tmp_path: Path
) -> None:
    index = open_index()
    index.rebuild([entry(1)])
    assert index.count(Query()) == 1
    other = SqliteIndex(tmp_path / "other.sqlite3", tokeniser_version="words/1")
    other.rebuild([entry(1), entry(2)])
    other.close()
    index_again = open_index()
    index_again.close()
    (tmp_path / "other.sqlite3").replace(path)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    assert index.count(Query()) == 2
    assert index.put([entry(3)]).written == 1
    assert index.count(Query()) == 3


def test_an_index_of_other_fields_is_left_alone_until_it_is_rebuilt(
    path: Path, open_index: OpenIndex, entry: MakeEntry
) -> None:
    index = open_index()
    index.rebuild([entry(1)])
    with contextlib.closing(sqlite_file.driver.connect(path)) as connection, connection:
        connection.execute("UPDATE generation SET mapping = 0")
    with pytest.raises(IndexMissing, match="version 0"):
        index.search(Query())
    assert index.health().state == "missing"

    def entries() -> Iterator[IndexEntry]:
        yield entry(1)
        assert index.put([entry(2)]).written == 1

    index.rebuild(entries())
    assert index.search(Query()).clue_ids == (1, 2)


def test_a_place_where_no_file_can_be_is_named(tmp_path: Path, entry: MakeEntry) -> None:
    (tmp_path / "file").write_text("")
    index = SqliteIndex(tmp_path / "file" / "index.sqlite3", tokeniser_version="words/1")
    with pytest.raises(IndexUnavailable, match=r"index\.sqlite3") as caught:
        index.rebuild([entry(1)])
    assert "may be written" in caught.value.hint


def test_a_file_that_another_keeps_locked_is_tried_again(
    path: Path,
    open_index: OpenIndex,
    entry: MakeEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sqlite_file, "_BUSY_SECONDS", 0.05)
    index = open_index()
    index.ensure()
    with contextlib.closing(sqlite_file.driver.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "locked" in index.put([entry(1)]).retry[0].reason
        assert index.count(Query()) == 0
        other.execute("ROLLBACK")
    assert index.put([entry(1)]).written == 1


def test_an_older_sqlite_does_the_same(
    path: Path, open_index: OpenIndex, entry: MakeEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "driver", sqlite3)
    monkeypatch.setattr(sqlite_tables, "driver", OldLibrary)
    index = open_index()
    index.rebuild([entry(1), entry(2), entry(3, tokens=("退款",))])
    index.put([entry(1, revision=2, tokens=("退款",))])
    index.delete([2])
    assert index.search(GRANT).clue_ids == ()
    assert index.search(Query(words=(("退款",),))).clue_ids == (1, 3)
    assert index.facets(GRANT)["state"] == ()
    assert index.facets(Query())["state"] == (FacetCount("open", 2),)


class OldLibrary:
    """The system's library, taken for the oldest that has what we need."""

    sqlite_version_info = (3, 40, 1)
    OperationalError = sqlite3.OperationalError


READER = """
import sys
from pathlib import Path
from lantian.search.query import Query
from lantian.search.sqlite import SqliteIndex

index = SqliteIndex(Path(sys.argv[1]), tokeniser_version="words/1")
last = 0
print("ready", flush=True)
while last < int(sys.argv[2]):
    total = index.search(Query(words=(("授权",),), limit=1)).total
    states = sum(facet.count for facet in index.facets(Query())["state"])
    assert last <= total <= states, (last, total, states)
    assert total % 10 == 0, total
    last = total
print("done")
"""


def test_processes_read_while_another_writes(
    path: Path, open_index: OpenIndex, entry: MakeEntry
) -> None:
    index = open_index()
    index.ensure()
    command = [sys.executable, "-c", READER, str(path), "2000"]
    with contextlib.ExitStack() as stack:
        readers = [
            stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            for _ in range(3)
        ]
        for reader in readers:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "ready\n"
        for start in range(1, 2001, 10):
            index.put([entry(n) for n in range(start, start + 10)]).raise_for_retry()
        outputs = [reader.communicate()[0] for reader in readers]
    assert outputs == ["done\n"] * 3
    assert [reader.returncode for reader in readers] == [0] * 3


WRITER = """
import itertools
import sys
from datetime import UTC, datetime
from pathlib import Path
from lantian.search.entry import IndexEntry
from lantian.search.sqlite import SqliteIndex

at = datetime(2026, 11, 2, tzinfo=UTC)
def entries():
    for n in itertools.count(1):
        if n % 1000 == 0:
            print(n, flush=True)
        yield IndexEntry(clue_id=n, revision=1, tokens=("包",), severity=1, state="open",
                         first_seen=at, last_seen=at)
index = SqliteIndex(Path(sys.argv[1]), tokeniser_version="words/1")
index.rebuild(entries())
"""


def test_a_rebuild_that_was_killed_leaves_the_old_index_and_no_litter(
    path: Path, open_index: OpenIndex, entry: MakeEntry
) -> None:
    index = open_index()
    index.rebuild([entry(1)])
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        for _ in range(3):
            writer.stdout.readline()
        os.kill(writer.pid, signal.SIGKILL)
    assert index.put([entry(2)]).written == 1
    assert index.search(GRANT).clue_ids == (1, 2)
    entries = [entry(1), entry(2), entry(3)]
    assert index.rebuild(entries) == fingerprint_of(entries)
    with contextlib.closing(sqlite_file.driver.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_schema WHERE name GLOB 'entry_*'")
        assert len(names.fetchall()) == 2
