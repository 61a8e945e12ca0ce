"""The file of the embedded index: how it is opened, locked and thrown away."""

import contextlib
import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lantian.errors import IndexUnavailable
from lantian.search.port import MAPPING_VERSION, REBUILD, IndexMissing
from lantian.store.engine import sqlite_module

driver: Any = sqlite_module()
Connection = sqlite3.Connection

_BUSY_SECONDS = 10.0
_DAMAGE = ("malformed", "not a database", "unsupported file", "vtable constructor", "corrupt")
_WRITABLE = "See that the disk has room and that the file may be written."


def missing(path: Path) -> IndexMissing:
    """What to raise where nothing was built yet."""
    return IndexMissing(f"there is no search index in {path}.", hint=REBUILD)


def other_version(found: int) -> IndexMissing:
    """What to raise where an older or newer program built the index."""
    return IndexMissing(
        f"the search index has fields of version {found}, this program needs {MAPPING_VERSION}.",
        hint=REBUILD,
    )


class Damaged(IndexUnavailable):
    """The file is no database any more; it can be thrown away and built again."""


@contextlib.contextmanager
def answering(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into `IndexUnavailable`."""
    try:
        yield
    except driver.DatabaseError as error:
        cause = str(error)
        if any(words in cause for words in _DAMAGE):
            raise Damaged(f"the search index {path} is damaged: {cause}.", hint=REBUILD) from error
        if "locked" in cause or "busy" in cause:
            hint = "Another process has been writing for long; try again."
        else:
            hint = _WRITABLE
        raise IndexUnavailable(f"the search index {path}: {cause}.", hint=hint) from error
    except OSError as error:
        raise IndexUnavailable(f"the search index {path}: {error}.", hint=_WRITABLE) from error


def connect(path: Path, *, write: bool) -> Connection:
    """A connection in autocommit mode; raises `IndexUnavailable`."""
    if not write and not path.exists():
        raise missing(path)
    with answering(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        connection: Connection = driver.connect(
            f"{path.absolute().as_uri()}?mode={'rwc' if write else 'rw'}",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cache_size = -32768")
        if write:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA journal_size_limit = 67108864")
        else:
            connection.execute("PRAGMA query_only = ON")
    return connection


def identity(path: Path) -> tuple[int, int] | None:
    """What tells this file from one that was put in its place; None if there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


class WriteLock:
    """One writer at a time: a thread lock, then a file lock that waits in turn.

    SQLite's own waiting lets saturating writers starve each other.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + ".lock")
        self._threads = threading.Lock()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._threads, self._path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


@contextlib.contextmanager
def transaction(connection: Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """One transaction, undone if anything is raised."""
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def check(connection: Connection, path: Path) -> None:
    """Raise `Damaged` if the file is not whole."""
    with answering(path):
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise Damaged(f"the search index {path} is damaged: {verdict}.", hint=REBUILD)


def remove_file(path: Path) -> None:
    """Throw the file away, with its log: a log left behind would spoil the next file."""
    for suffix in ("-wal", "-shm", ""):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{path}{suffix}")  # noqa: PTH108  (a suffix, not a part of the path)
