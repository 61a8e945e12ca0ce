"""A matching process as its parent sees it."""

import contextlib
import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lantian.errors import LantianError
from lantian.matching.answer import Answer
from lantian.matching.batches import Batch
from lantian.matching.pipes import HEAD, PIPE, Frames, widen
from lantian.matching.setup import Setup

ROOT = Path(__file__).resolve().parents[2]


@dataclass(slots=True, eq=False)
class Place:
    """The place of a batch in the order of the answers, and its answer when there is one."""

    batch: Batch
    answer: Answer | None = None

    @property
    def size(self) -> int:
        """Bytes that are kept for it."""
        return len(self.batch.lines) + (len(self.answer.out) if self.answer else 0)


class Worker:
    """A process that answers batches in the order in which it was given them.

    A fresh interpreter: nothing of the parent's is copied into it. It has a process group of its
    own, so that Ctrl-C reaches the parent alone, which ends it. Raises `LantianError` where it
    cannot be started.
    """

    def __init__(self, setup: Setup) -> None:
        self.has: deque[Place] = deque()
        self.loaded = False
        """Whether it has its matcher: that is what it says first."""
        self._unsent: deque[memoryview] = deque()
        self._frames = Frames()
        self._process = _started(setup)
        assert self._process.stdin is not None  # noqa: S101  (it was asked for)
        assert self._process.stdout is not None  # noqa: S101
        self.into, self.out = self._process.stdin.fileno(), self._process.stdout.fileno()
        for pipe in (self.into, self.out):
            os.set_blocking(pipe, False)
            widen(pipe)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def unsent(self) -> bool:
        """Whether it has not yet taken all that it was given."""
        return bool(self._unsent)

    def give(self, place: Place) -> None:
        """Give it a batch to answer."""
        self.has.append(place)
        head = HEAD.pack(place.batch.first, len(place.batch.lines))
        self._unsent += (memoryview(head), memoryview(place.batch.lines))
        self.send()

    def send(self) -> None:
        """Send as much as it takes at this moment."""
        while self._unsent:
            part = self._unsent[0]
            try:
                rest = part[os.write(self.into, part) :]
            except BlockingIOError:
                return
            except BrokenPipeError:
                self._unsent.clear()  # It is dead; that is told where its answers end.
                return
            if rest:
                self._unsent[0] = rest
            else:
                self._unsent.popleft()

    def receive(self) -> Iterator[Answer] | None:
        """What it has said since; `None`: it is dead."""
        try:
            data = os.read(self.out, PIPE)
        except BlockingIOError:
            return iter(())
        return self._frames.add(data) if data else None

    def end(self, *, patience: float = 0.0) -> str:
        """End it, after `patience` seconds in which it may end by itself; how, in words."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        status = self._process.wait()
        return f"signal {-status}" if status < 0 else f"status {status}"


def _started(setup: Setup) -> "subprocess.Popen[bytes]":
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "lantian.matching.child", setup.written()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            process_group=0,
            bufsize=0,
        )
    except OSError as error:
        raise LantianError(
            f"a matching process cannot be started: {error}.", hint="--jobs 1 needs none."
        ) from error
