"""Processes that read pictures and can be killed: no picture stops the others."""

import os
import subprocess
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from queue import SimpleQueue
from typing import Self, TypeVar

from lantian.errors import ConfigError
from lantian.pictures import limits
from lantian.pictures.engine import HINT, available
from lantian.pictures.lines import ReadPicture, unreadable

CHILD = "lantian.pictures.child"
ROOT = Path(__file__).resolve().parents[2]
Key = TypeVar("Key")


class OcrMissing(ConfigError):
    """The extra that reads pictures is not installed."""


class Reader:
    """One process, started when first needed and again after each loss."""

    def __init__(self, *, memory: int = limits.MEMORY) -> None:
        self.memory = memory
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None

    def read(self, data: bytes, *, least_pixels: int, seconds: float) -> ReadPicture:
        """What the picture says.

        Over the time, over the process's memory, or if the process dies, it is unreadable
        ("time", "memory", "crash"), and the next picture gets a new process.
        """
        with self._lock:
            try:
                pipe = self._started()
                if pipe is None:
                    return unreadable("crash", "the process that reads pictures does not start")
                deadline = time.monotonic() + seconds
                pipe.send((data, least_pixels))
                if not pipe.poll(max(0.0, deadline - time.monotonic())):
                    self._stop()
                    return unreadable("time", f"not read within {seconds:g} s")
                answer = pipe.recv()
            except (EOFError, OSError) as error:
                code = self._stop()
                return unreadable("crash", f"the reading process ended ({code}): {error}")
            if not isinstance(answer, ReadPicture):
                self._stop()
                return unreadable("crash", "the reading process spoke nonsense")
            if answer.why.startswith(("memory", "crash")):
                # What is left of it may be broken.
                self._stop()
            return answer

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._stop()

    @property
    def child(self) -> int | None:
        """Process id of the process, if there is one."""
        return self._process.pid if self._process is not None else None

    def _started(self) -> Connection | None:
        if self._process is not None and self._process.poll() is None:
            return self._pipe
        self._stop()
        ours, theirs = Pipe()
        # A fresh interpreter: nothing of the parent's memory, no store, no connection.
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                CHILD,
                str(theirs.fileno()),
                str(self.memory),
            ],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )
        theirs.close()
        self._pipe = ours
        if not ours.poll(limits.START_SECONDS):
            self._stop()
            return None
        ours.recv()
        return ours

    def _stop(self) -> int | None:
        """End the process, if there is one, and tell its status."""
        process, pipe = self._process, self._pipe
        self._process = self._pipe = None
        if pipe is not None:
            pipe.close()
        if process is None:
            return None
        process.kill()
        return process.wait()


class Readers:
    """Several processes that read pictures; they end with the block in which this is used.

    Raises `OcrMissing` where the extra is not installed.
    """

    def __init__(
        self,
        processes: int = 0,
        *,
        least_pixels: int = 0,
        seconds: float = limits.SECONDS,
        memory: int = limits.MEMORY,
    ) -> None:
        if not available():
            raise OcrMissing("pictures cannot be read here.", hint=HINT)
        self.processes = processes or processors()
        self._least_pixels, self._seconds = least_pixels, seconds
        self._all = [Reader(memory=memory) for _ in range(self.processes)]
        self._free: SimpleQueue[Reader] = SimpleQueue()
        for reader in self._all:
            self._free.put(reader)
        # Whoever does not use it as a block lets go of it all the same.
        self._ended = weakref.finalize(self, _end, self._all)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended()

    @property
    def children(self) -> list[int | None]:
        """The process of each reader, where it has one."""
        return [reader.child for reader in self._all]

    def read(self, data: bytes) -> ReadPicture:
        """What one picture says; from several threads, as many at a time as there are processes."""
        reader = self._free.get()
        try:
            return reader.read(data, least_pixels=self._least_pixels, seconds=self._seconds)
        finally:
            self._free.put(reader)

    def each(self, pictures: Iterable[tuple[Key, bytes]]) -> Iterator[tuple[Key, ReadPicture]]:
        """Each picture with what it says, in order; few are in memory at a time."""
        waiting: deque[tuple[Key, Future[ReadPicture]]] = deque()
        with ThreadPoolExecutor(self.processes) as threads:
            for key, data in pictures:
                waiting.append((key, threads.submit(self.read, data)))
                if len(waiting) > 2 * self.processes:
                    done, future = waiting.popleft()
                    yield done, future.result()
            for done, future in waiting:
                yield done, future.result()


def _end(readers: list[Reader]) -> None:
    for reader in readers:
        reader.close()


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return {**kept, **threads, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1"}
