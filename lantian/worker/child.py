"""A job that is done by a child process: started, watched, and ended with its lease."""

import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lantian.clock import Clock
from lantian.errors import LantianError, LeaseLost
from lantian.worker.handlers import Postpone, Task

INTERRUPTED = 75
"""Exit status of a child that was asked to stop before its work was done (EX_TEMPFAIL)."""
LEASE_LOST = 76
"""Exit status of a child whose lease went to another."""
GRACE = 20.0
"""Seconds that a child has to come to an end when it is asked to."""


class ChildFailed(LantianError):
    """The child ended with an error; its output is on our standard error."""


@dataclass(frozen=True)
class Child:
    """Runs `command --job ID --token N` for each job of its kind.

    The child holds our end of a pipe as its standard input: it ends itself when we are gone.
    """

    command: Sequence[str]
    clock: Clock
    environment: Mapping[str, str] | None = None
    grace: float = GRACE

    def __call__(self, task: Task) -> None:
        """Return when the job was done; raises `Postpone` if it was interrupted."""
        claim = task.claim
        process = subprocess.Popen(
            [*self.command, "--job", str(claim.id), "--token", str(claim.token)],
            stdin=subprocess.PIPE,
            stdout=sys.stderr.fileno(),
            env=None if self.environment is None else dict(self.environment),
            # A Ctrl-C is for us: we ask the child to end.
            start_new_session=True,
        )
        ended = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(process, task, ended), daemon=True)
        watcher.start()
        try:
            status = process.wait()
        finally:
            ended.set()
            if process.stdin is not None:
                process.stdin.close()
            watcher.join()
        if status == INTERRUPTED or (status < 0 and task.stop.is_set()):
            raise Postpone(f"{claim.key} was interrupted", due=self.clock.now())
        if status == LEASE_LOST:
            raise LeaseLost(f"the child of {claim.key} lost its lease.")
        if status != 0:
            raise ChildFailed(
                f"the child of {claim.key} ended with status {status}.",
                hint="What it said is in the worker's log.",
            )

    def _watch(self, process: subprocess.Popen[bytes], task: Task, ended: threading.Event) -> None:
        """Ask the child to end when its task is to stop; end it if it does not."""
        while not ended.is_set():
            if task.stop.wait(0.2):
                process.terminate()
                if not ended.wait(self.grace):
                    process.kill()
                return
