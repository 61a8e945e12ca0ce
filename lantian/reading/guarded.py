"""Reading in a child process that can be killed: for pages that could stall their reader."""

import atexit
import os
import subprocess
import sys
import threading
import time
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

from lantian.reading.page import RawPage, Reading, unreadable
from lantian.reading.profile import SiteProfile

ROOT = Path(__file__).resolve().parents[2]
MEMORY = 2 << 30
"""Bytes of address space that a child may take."""
START_SECONDS = 60.0
"""Time for a child to import its libraries on a busy machine."""
SECONDS = 20.0
"""Time for one page, where the caller says nothing."""


def read_guarded(
    raw: RawPage, profile: SiteProfile, *, seconds: float = SECONDS, second: bool = False
) -> Reading:
    """What a page says, read in a child process within `seconds`.

    Over the time, over the child's memory (2 GiB), or if the child dies, the reading is
    unreadable ("time", "memory", "crash"): never clean. With `second`, BeautifulSoup reads the
    page too (saved HTML). The child is kept for the next page; pages wait for each other. Blocks
    the calling thread: a reactor calls it through a thread.
    """
    return _guard().read(raw, profile, seconds=seconds, second=second)


class Guard:
    """One child process for reading, started when first needed and again after each loss."""

    def __init__(self, *, memory: int = MEMORY) -> None:
        self.memory = memory
        self.pid = os.getpid()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._known: str = ""
        self.busy = False
        """Whether the child has a page in hand."""

    def read(
        self, raw: RawPage, profile: SiteProfile, *, seconds: float, second: bool = False
    ) -> Reading:
        """As `read_guarded`."""
        with self._lock:
            try:
                pipe = self._started()
                if pipe is None:
                    return _failed(raw, "crash", "the reading process does not start")
                # The profile goes over once; the child keeps the last one.
                known = self._known == profile.version
                deadline = time.monotonic() + seconds
                pipe.send((raw, None if known else profile, second))
                self.busy = True
                if not pipe.poll(max(0.0, deadline - time.monotonic())):
                    self._stop()
                    return _failed(raw, "time", f"not read within {seconds:g} s")
                answer = pipe.recv()
            except (EOFError, OSError) as error:
                code = self._stop()
                return _failed(raw, "crash", f"the reading process ended ({code}): {error}")
            finally:
                self.busy = False
            if isinstance(answer, Reading):
                self._known = profile.version
                return answer
            self._stop()
            return _failed(raw, *answer)

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._stop()

    @property
    def child(self) -> int | None:
        """Process id of the child, if there is one."""
        return self._process.pid if self._process is not None else None

    def _started(self) -> Connection | None:
        if self._process is not None and self._process.poll() is None:
            return self._pipe
        self._stop()
        ours, theirs = Pipe()
        # A fresh interpreter: nothing of a spider's __main__ is imported into it.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lantian.reading.child", str(theirs.fileno()), str(self.memory)],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=_environment(),
        )
        theirs.close()
        self._pipe = ours
        if not ours.poll(START_SECONDS):
            self._stop()
            return None
        ours.recv()
        return ours

    def _stop(self) -> int | None:
        """End the child, if there is one, and tell its status."""
        process, pipe = self._process, self._pipe
        self._process = self._pipe = None
        self._known = ""
        if pipe is not None:
            pipe.close()
        if process is None:
            return None
        process.kill()
        return process.wait()


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1"}


def _failed(raw: RawPage, code: str, detail: str) -> Reading:
    sentence = f"{detail} ({len(raw.body)} bytes)"
    return Reading(
        kind="page", title="", text="", charset="", unreadable=unreadable(code, sentence)
    )


_guards: list[Guard] = []
_guards_lock = threading.Lock()


def _guard() -> Guard:
    """The guard of this process (a fork makes its own)."""
    with _guards_lock:
        if not _guards or _guards[-1].pid != os.getpid():
            _guards[:] = [Guard()]
            atexit.register(_guards[-1].close)
        return _guards[-1]
