"""`lantian` in this process: a child would first import everything again, which takes it seconds.

For a command that comes to its end by itself; what it starts is a child as ever. One that is to be
killed, or that serves, is started as a child (`Installation.start` of `tests.services.loopback`).
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from lantian.__main__ import main

KEPT_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def lantian(
    *arguments: str, environment: Mapping[str, str] | None = None, cwd: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """What `lantian` said and how it ended; in another environment and folder than ours, if given.

    For the main thread: streams, variables and the handlers of signals are the whole process's.
    """
    handlers = {number: signal.getsignal(number) for number in KEPT_SIGNALS}
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as out,
        tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as err,
    ):
        if environment is not None:
            _set_variables(patch, environment)
        if cwd is not None:
            patch.chdir(cwd)
        patch.setattr(sys, "argv", ["lantian", *arguments])
        try:
            with redirect_stdout(out), redirect_stderr(err):
                status = _status()
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        for stream in (out, err):
            stream.flush()
            stream.seek(0)
        return subprocess.CompletedProcess(["lantian", *arguments], status, out.read(), err.read())


def _set_variables(patch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
    for name in set(os.environ) - set(environment):
        patch.delenv(name)
    for name, value in environment.items():
        patch.setenv(name, value)


def _status() -> int:
    try:
        main()
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return end.code or 0
    return 0
