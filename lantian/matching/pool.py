"""Lines answered by several processes, in the order of the lines.

The parent only moves bytes: it cuts the input into batches, gives each process one to answer and
one to come, and writes the answers in order. What is in hand is bounded: where the processes or
the reader of the output are slow, no more is read.
"""

import select
from collections import deque
from collections.abc import Callable
from typing import Self

from lantian.errors import LantianError, PackError
from lantian.matching.answer import Answer, told
from lantian.matching.batches import Batch, Lines
from lantian.matching.setup import Setup, pack_hash
from lantian.matching.worker import Place, Worker

AT_ONCE = 2
"""Batches that a process has: the one that it answers, and the next."""
IN_HAND = 64 << 20
"""Bytes of lines and answers in hand from which on no more is read."""

Write = Callable[[Answer], None]


class Pool:
    """Processes that answer lines; they end with the block in which the pool is used.

    One starts at once, the others when there is work for them. One that dies is replaced, and the
    lines that it was answering are told as a fault.
    """

    def __init__(self, setup: Setup, jobs: int) -> None:
        self._setup = setup
        self._jobs = jobs
        self._workers: list[Worker] = []
        self._places: deque[Place] = deque()
        self._again: deque[Place] = deque()
        self._in_hand = 0
        self._pack_hash = ""

    def __enter__(self) -> Self:
        self._more()
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.end()

    def answer(self, lines: Lines, write: Write) -> None:
        """Answer all lines, in order.

        Raises `PackError` where the pack cannot be loaded, `LantianError` where processes cannot
        be started, and whatever `write` raises.
        """
        while True:
            self._write(write)
            if self._done(lines):
                return
            self._give(lines)
            self._step(lines)

    def _done(self, lines: Lines) -> bool:
        # Even without a line the pack is looked at: one that is wrong is told.
        return lines.ended and not lines.some and not self._places and bool(self._pack_hash)

    def _give(self, lines: Lines) -> None:
        """Give out what need not wait for more lines, as far as there are processes for it."""
        while self._again or (lines.full and self._in_hand < IN_HAND):
            worker = self._free(1) or self._more() or self._free(AT_ONCE)
            if worker is None:
                return
            place = self._again.popleft() if self._again else self._next(lines)
            if place.answer is None:
                worker.give(place)

    def _next(self, lines: Lines) -> Place:
        """A place among the answers for the next batch; for the fault of a line, with it."""
        batch = lines.take()
        place = Place(batch, told(batch.fault) if batch.fault else None)
        self._places.append(place)
        self._in_hand += place.size
        return place

    def _free(self, most: int) -> Worker | None:
        """The process that has the fewest batches, if fewer than `most`."""
        free = min(self._workers, key=_load, default=None)
        return free if free is not None and len(free.has) < most else None

    def _more(self) -> Worker | None:
        """A further process, if there may be one."""
        if len(self._workers) >= self._jobs:
            return None
        worker = Worker(self._setup)
        self._workers.append(worker)
        return worker

    def _step(self, lines: Lines) -> None:
        """Wait until something can be done, and do it."""
        source = lines.descriptor
        reads = [worker.out for worker in self._workers]
        if not lines.ended and not lines.full and self._in_hand < IN_HAND:
            reads.append(source)
        writes = [worker.into for worker in self._workers if worker.unsent]
        # A few lines go to a process that has nothing to do, if no more wait to be read.
        idle = self._free(1) if lines.some and not lines.full else None
        ready, free, _ = select.select(reads, writes, [], 0 if idle else None)
        if source in ready:
            lines.read()
        elif idle is not None:
            idle.give(self._next(lines))
        for worker in list(self._workers):
            if worker.into in free:
                worker.send()
            if worker.out in ready:
                self._receive(worker)

    def _receive(self, worker: Worker) -> None:
        answers = worker.receive()
        if answers is None:
            self._lose(worker)
            return
        for answer in answers:
            if worker.loaded:
                self._settle(worker.has.popleft(), answer)
            else:
                self._check(pack_hash(answer))
                worker.loaded = True

    def _settle(self, place: Place, answer: Answer) -> None:
        self._in_hand -= place.size
        place.answer = answer
        self._in_hand += place.size

    def _check(self, found: str) -> None:
        if self._pack_hash not in ("", found):
            raise PackError(
                "the rule pack was changed while it was being read.", hint="Run it again."
            )
        self._pack_hash = found

    def _lose(self, worker: Worker) -> None:
        """Tell what a dead process was answering; what it had not begun goes to others."""
        self._workers.remove(worker)
        how = worker.end(patience=10)
        if not worker.loaded:
            raise LantianError(
                f"a matching process ended at its start ({how}).", hint="--jobs 1 needs none."
            )
        if worker.has:
            place = worker.has.popleft()
            self._settle(place, told(_lost(place.batch, how)))
            self._again.extend(worker.has)

    def _write(self, write: Write) -> None:
        """Write the answers that are there, up to the first that is not."""
        while self._places and (answer := self._places[0].answer) is not None:
            self._in_hand -= self._places.popleft().size
            write(answer)


def _load(worker: Worker) -> int:
    return len(worker.has)


def _lost(batch: Batch, how: str) -> str:
    return (
        f"lines {batch.first}-{batch.last}: not answered, the process that had them ended ({how})"
    )
