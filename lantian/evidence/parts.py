"""The parts of verifying on several processes, and a journal by which a broken-off run goes on."""

import json
import os
import signal
import threading
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from typing import IO

from lantian.errors import StoreError
from lantian.evidence.archive import Archive
from lantian.evidence.authority import Authority
from lantian.evidence.depot import open_depot
from lantian.evidence.finding import Finding
from lantian.evidence.verify import Means, Part, part_findings
from lantian.store.engine import Store

WORTH_A_PROCESS = 128 * 1024 * 1024
"""Bytes to read for which another process is worth its start, a second of processor time."""
REMEMBERED = frozenset({"file", "received", "day", "deep"})
"""Kinds of parts that a journal keeps; the others are done in a moment, and go last."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a process needs to do a part by itself."""

    store_url: str
    folder: Path
    authorities: tuple[Authority, ...] = ()
    deep: bool = False
    profiles: tuple[Path, ...] = ()
    depot: str = ""

    def means(self) -> Means:
        """The means of one process."""
        archive = Archive(self.folder, open_depot(self.depot))
        if not self.deep:
            return Means(archive, self.authorities)
        from lantian.evidence.again import ReadAgain

        return Means(archive, self.authorities, ReadAgain(self.profiles))


@dataclass(frozen=True, slots=True)
class Done:
    """A part that was done: how much was read, and what was found."""

    part: Part
    records: int
    bytes: int
    findings: tuple[Finding, ...]


class Journal:
    """The parts that were done, one a line, so that a run that was killed can go on.

    It holds for things as they were: a part whose file has grown since is another part.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._out: IO[str] | None = None

    def done(self) -> dict[Part, Done]:
        """What an earlier run did; a line that it did not finish is none."""
        try:
            lines = self.path.read_text("utf-8").split("\n")[:-1]
        except (OSError, UnicodeError):
            return {}
        found = {}
        for line in lines:
            try:
                told = json.loads(line)
                part = Part(**told["part"])
                findings = tuple(Finding(**one) for one in told["findings"])
                found[part] = Done(part, int(told["records"]), int(told["bytes"]), findings)
            except (ValueError, KeyError, TypeError):
                continue
        return found

    def begin(self, kept: Iterable[Done] = ()) -> None:
        """A new journal, which holds these already; raises `StoreError`."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._out = self.path.open("w", encoding="utf-8")
        except OSError as error:
            raise StoreError(
                f"{self.path} cannot be written: {error.strerror}.",
                hint="Let this user write there.",
            ) from error
        for one in kept:
            self.add(one)

    def add(self, one: Done) -> None:
        """One more part that is done."""
        if self._out is not None and one.part.kind in REMEMBERED:
            self._out.write(json.dumps(asdict(one), ensure_ascii=False) + "\n")
            self._out.flush()

    def close(self) -> None:
        """Let the file go; what stands in it is there to go on with."""
        if self._out is not None:
            self._out.close()
            self._out = None

    def forget(self) -> None:
        """The run came to its end, or another begins: there is nothing to go on with."""
        self.close()
        self.path.unlink(missing_ok=True)


def do_parts(
    scope: Scope, parts: list[Part], *, processes: int, journal: Journal | None = None
) -> Generator[Done]:
    """Each part as it is done, in the order of `parts`, on up to so many processes.

    What the journal tells of is not done again. When the last was taken, the journal is gone.
    """
    known = journal.done() if journal is not None else {}
    kept = {part: known[part] for part in parts if part in known}
    left = [part for part in parts if part not in kept]
    if journal is not None:
        journal.begin(kept.values())
    try:
        yield from kept.values()
        for one in _all(scope, left, _worthwhile(left, processes)):
            if journal is not None:
                journal.add(one)
            yield one
        if journal is not None:
            journal.forget()
    finally:
        if journal is not None:
            journal.close()


def _worthwhile(parts: list[Part], processes: int) -> int:
    """How many processes of those are worth it."""
    deep = sum(part.kind == "deep" for part in parts)
    leaves = sum(part.size for part in parts if part.kind in {"day", "audit"})
    work = sum(part.bytes for part in parts) // WORTH_A_PROCESS + deep + leaves // 200_000
    return max(1, min(processes, work))


def _all(scope: Scope, parts: list[Part], processes: int) -> Iterator[Done]:
    if processes == 1:
        with closing(Store(scope.store_url)) as store:
            means = scope.means()
            for part in parts:
                yield _done(store, means, part)
        return
    pool = ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=_begin, initargs=(scope,)
    )
    try:
        yield from pool.map(_work, parts)
    finally:
        pool.shutdown(cancel_futures=True)


_here: list[tuple[Store, Means]] = []
"""In a child: its store and means."""


def _begin(scope: Scope) -> None:
    """In a child: open what parts need, and end with the parent, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent tells when it is over
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    _here.append((Store(scope.store_url), scope.means()))


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


def _work(part: Part) -> Done:
    store, means = _here[0]
    return _done(store, means, part)


def _done(store: Store, means: Means, part: Part) -> Done:
    lengths: list[int] = []
    with store.read() as session:
        findings = tuple(part_findings(session, means, part, lengths.append))
    return Done(part, len(lengths), sum(lengths), findings)
