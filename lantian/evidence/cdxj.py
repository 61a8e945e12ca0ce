"""Index lines of WARC records (CDXJ), and sorting more of them than fit in memory.

A line is `KEY TIMESTAMP {JSON}`; lines are sorted by their bytes, so that a reader finds an
address by halving (CDXJ 0.1.0). The fields and their spelling are those of pywb.
"""

import heapq
import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from lantian.evidence.surt import key_of
from lantian.evidence.walk import Walked

INDEXED = frozenset({"response", "resource", "revisit"})
UNINDEXED = frozenset({"request", "metadata"})
"""Kinds that belong to another record, by which they are found."""
IN_MEMORY = 50_000
"""Lines that are sorted at once; more go through files without a name."""
_RUNS = 64


def line_of(record: Walked, file: str) -> bytes | None:
    """The line of a record, without its end; none for a kind that is not looked up."""
    if record.kind not in INDEXED:
        return None
    told = {
        "url": record.url,
        "mime": _mime(record),
        **({"status": record.status} if record.status else {}),
        "digest": record.fields.get("WARC-Payload-Digest", record.payload_digest),
        "length": str(record.length),
        "offset": str(record.offset),
        "filename": file,
    }
    text = json.dumps(told, ensure_ascii=True)
    return f"{key_of(record.url)} {timestamp_of(record)} {text}".encode("ascii")


def timestamp_of(record: Walked) -> str:
    """The second of its date, as `20261128081500`."""
    date = record.fields.get("WARC-Date", "")[:19]
    return "".join(char for char in date if char in "0123456789")


def _mime(record: Walked) -> str:
    if record.kind == "revisit":
        return "warc/revisit"
    if record.kind == "resource":
        value = record.fields.get("Content-Type", "")
    else:
        lines = record.head.split(b"\r\n")[1:]
        kinds = (line for line in lines if line[:13].lower() == b"content-type:")
        value = next(kinds, b"")[13:].decode("latin-1")
    return value.partition(";")[0].strip() or "unk"


class Sorter:
    """Takes lines in any order and gives them back sorted, in constant memory."""

    def __init__(self, stack: ExitStack, folder: Path | None = None) -> None:
        self._stack = stack
        self._folder = folder
        self._lines: list[bytes] = []
        self._runs: list[IO[bytes]] = []

    def add(self, line: bytes) -> None:
        """One more line, without its end."""
        self._lines.append(line + b"\n")
        if len(self._lines) >= IN_MEMORY:
            self._run(sorted(self._lines))
            self._lines = []

    def _run(self, lines: Iterable[bytes]) -> None:
        if len(self._runs) >= _RUNS:  # never more open files than this
            lines = heapq.merge(lines, *map(_from_start, self._runs))
            before, self._runs = self._runs, []
            self._run(lines)
            for run in before:
                run.close()
            return
        run = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115  (the stack closes it)
        self._stack.enter_context(run)
        run.writelines(lines)
        self._runs.append(run)

    def lines(self) -> Iterator[bytes]:
        """All lines with their ends, sorted."""
        return heapq.merge(sorted(self._lines), *map(_from_start, self._runs))


@contextmanager
def sorting(folder: Path | None = None) -> Iterator[Sorter]:
    """A sorter whose files, in `folder` or where the system keeps such, go at the end."""
    with ExitStack() as stack:
        yield Sorter(stack, folder)


def _from_start(run: IO[bytes]) -> Iterator[bytes]:
    run.seek(0)
    return iter(run)
