"""One side of a figure in processes of its own: when they ended, CPU seconds, memory of all."""

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

LOOK = 0.5
"""Seconds between two looks at the memory: often enough for runs of many seconds."""


class SideFailed(RuntimeError):
    """A side of a figure ended with an error; its last words are in the text."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run of a side took; `ended` is the time of day at which its last process was gone.

    `memory_mb` is the highest sum of the proportional set sizes (PSS) of its processes, so that
    shared pages count once; of the resident sizes where the system tells no PSS.
    """

    ended: float
    cpu_seconds: float
    memory_mb: float
    output: str


def run(
    command: Sequence[str], *, environment: Mapping[str, str], log: Path, cwd: Path | None = None
) -> Ran:
    """Run the command with its children to its end; raises `SideFailed`."""
    with log.open("wb") as told:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=told,
        )
    most, ended = [0.0], threading.Event()
    watch = threading.Thread(target=_watch, args=(process.pid, most, ended), daemon=True)
    watch.start()
    assert process.stdout is not None  # noqa: S101  (it was asked for)
    output = process.stdout.read().decode()
    # With its resources: those of the children that it waited for are in it.
    _, status, used = os.wait4(process.pid, 0)
    at = time.time()
    process.returncode = os.waitstatus_to_exitcode(status)
    ended.set()
    watch.join()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    if process.returncode != 0:
        tail = log.read_text(errors="replace")[-3_000:]
        raise SideFailed(f"{' '.join(command)} ended with status {process.returncode}:\n{tail}")
    return Ran(at, used.ru_utime + used.ru_stime, most[0], output)


def memory_mb(pid: int) -> float:
    """The memory of a process and all its children, in MB."""
    total = 0
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.Error):
                full = one.memory_full_info()
                total += getattr(full, "pss", full.rss)
    return total / 1e6


def _watch(pid: int, most: list[float], ended: threading.Event) -> None:
    while not ended.wait(LOOK):
        most[0] = max(most[0], memory_mb(pid))
