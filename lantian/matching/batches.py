"""Input in batches of whole lines, read as it comes."""

import os
import select
from collections.abc import Iterator
from dataclasses import dataclass

from lantian.errors import Unreadable
from lantian.matching.answer import MOST_OF_A_LINE, too_long
from lantian.matching.pipes import widen

BATCH = 500_000
"""Bytes of lines from which on a batch is not made larger."""
READ = 256 << 10
"""Bytes that are read at once."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Whole lines, the first of which has the number `first`; or the fault of one, unread."""

    first: int
    lines: bytes = b""
    fault: str = ""

    @property
    def last(self) -> int:
        """The number of the last line."""
        ended = self.lines.count(b"\n") + (not self.lines.endswith(b"\n"))
        return self.first + ended - 1


class Lines:
    """The lines of a file or pipe, from a descriptor that others may share.

    A line of more than `most` bytes is passed over: in its place comes a batch with its fault.
    """

    def __init__(self, descriptor: int, *, most: int = MOST_OF_A_LINE) -> None:
        self.descriptor = descriptor
        self.ended = False
        self._most = most
        self._next = 1
        self._whole: list[bytes] = []
        self._size = 0
        self._begun: list[bytes] = []
        self._begun_size = 0
        self._passing = False
        self._cut: list[Batch] = []
        widen(descriptor)

    @property
    def full(self) -> bool:
        """Whether there is a batch that need not wait for more lines."""
        return bool(self._cut) or self._size >= BATCH or (self.ended and self._size > 0)

    @property
    def some(self) -> bool:
        """Whether there is any whole line that was not taken."""
        return bool(self._cut) or self._size > 0

    def waiting(self) -> bool:
        """Whether input can be read without a pause; its end counts."""
        return not self.ended and bool(select.select([self.descriptor], [], [], 0)[0])

    def read(self) -> None:
        """Read what there is of a block; waits if there is nothing. Raises `Unreadable`."""
        try:
            data = os.read(self.descriptor, READ)
        except OSError as error:
            raise Unreadable(
                f"the texts cannot be read: {error}.", hint="Give a file of lines, or a pipe."
            ) from error
        if not data:
            self._end()
            return
        if self._passing:
            data = self._pass(data)
        cut = data.rfind(b"\n") + 1
        if cut:
            self._whole += [*self._begun, data[:cut]]
            self._size += self._begun_size + cut
            self._begun, self._begun_size = [], 0
            data = data[cut:]
        if data:
            self._begun.append(data)
            self._begun_size += len(data)
        if self._begun_size > self._most:
            self._drop()

    def take(self) -> Batch:
        """The next batch; only where there are some lines."""
        if not self._cut:
            self._keep()
        return self._cut.pop(0)

    def batches(self) -> Iterator[Batch]:
        """All batches to the end; a small one as soon as no more input waits."""
        while not self.ended or self.some:
            if self.full or (self.some and not self.waiting()):
                yield self.take()
            else:
                self.read()

    def _keep(self) -> None:
        """Make a batch of the whole lines."""
        if self._size:
            batch = Batch(self._next, b"".join(self._whole))
            self._next = batch.last + 1
            self._cut.append(batch)
            self._whole, self._size = [], 0

    def _drop(self) -> None:
        """Pass over the line that has begun, and what is still to come of it."""
        self._keep()
        self._cut.append(Batch(self._next, fault=too_long(self._next, self._most)))
        self._next += 1
        self._begun, self._begun_size = [], 0
        self._passing = True

    def _pass(self, data: bytes) -> bytes:
        """What stands in `data` behind the line that is passed over."""
        _, end, rest = data.partition(b"\n")
        self._passing = not end
        return rest

    def _end(self) -> None:
        self.ended = True
        self._whole += self._begun
        self._size += self._begun_size
        self._begun, self._begun_size = [], 0
