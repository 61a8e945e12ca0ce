"""Starting a service as a child, waiting until it answers, ending it by its id."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from tests.services.folders import User, note_process


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Child:
    """A service that we started: its process, and the file that takes its output."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        run: Path,
        user: User | None,
        environment: Mapping[str, str],
    ) -> None:
        self.name = name
        self.log = run / f"{name}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=run,
                env=dict(environment),
                start_new_session=True,
                **_identity(user),
            )
        note_process(run, name, self.process.pid)

    def wait_until(self, answers: Callable[[], bool], seconds: float) -> None:
        """Return once `answers` does; raise with the end of the log if the service died first."""
        deadline = time.monotonic() + seconds
        while not answers():
            if self.process.poll() is not None:
                self._give_up(f"ended with status {self.process.returncode}")
            if time.monotonic() > deadline:
                self._give_up(f"did not answer within {seconds:.0f} s")
            time.sleep(0.1)

    def end(self, how: signal.Signals = signal.SIGTERM, seconds: float = 30) -> None:
        """End the service and wait for it."""
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def _give_up(self, why: str) -> None:
        tail = self.log.read_text(errors="replace")[-3000:]
        self.end(signal.SIGKILL)
        msg = f"{self.name} {why}:\n{tail}"
        raise RuntimeError(msg)


def run_as(user: User | None, command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run `command` to its end as `user`; raise with its output if it fails."""
    done = subprocess.run(
        command,
        env=dict(environment),
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        **_identity(user),
    )
    if done.returncode != 0:
        msg = f"{command[0]} ended with status {done.returncode}:\n{done.stdout}{done.stderr}"
        raise RuntimeError(msg)


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """An environment without the caller's settings; the service's home is `home`."""
    path = os.environ.get("PATH", "/usr/bin:/bin")
    return {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", "TZ": "UTC", **more}


class _Identity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def _identity(user: User | None) -> _Identity:
    if user is None:
        return {}
    return {"user": user.uid, "group": user.gid, "extra_groups": []}
