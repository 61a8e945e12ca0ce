"""Starts a writer: before the spider's own imports, so that both start at the same time."""

import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 10.0
"""How long a writer may take for its last batch once its spider has ended."""


@dataclass(frozen=True, slots=True)
class WriterProcess:
    """A writer and our end of the pipe to it; it ends when that is closed."""

    process: subprocess.Popen[bytes]
    pipe: socket.socket

    def reap(self) -> None:
        """Wait until it has ended; end it if it does not."""
        try:
            self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


def start_writer() -> WriterProcess:
    """A writer that waits for its first message."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "crawler.writer", str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": _python_path()},
            # A Ctrl-C is for the spider, which then ends its writer in order.
            start_new_session=True,
        )
    return WriterProcess(process, ours)


def _python_path() -> str:
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
