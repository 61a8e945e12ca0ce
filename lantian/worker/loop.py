"""The worker: claims what is due, does it, and ends it in one transaction with its effect."""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from lantian.clock import Clock
from lantian.errors import LeaseLost
from lantian.store import jobs
from lantian.store.engine import Store
from lantian.worker.handlers import Handler, Handlers, Postpone, Task
from lantian.worker.held import held

logger = logging.getLogger(__name__)

PAUSE = 1.0
"""Seconds between two looks for work."""


class Worker:
    """Does jobs until it is stopped. Any number of workers share the work of one store.

    `schedule`, if given, is called before each look for work and makes the jobs that are due.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        handlers: Handlers,
        *,
        lease: timedelta = jobs.LEASE,
        pause: float = PAUSE,
        schedule: Callable[[], None] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._handlers = handlers
        self._lease = lease
        self._pause = pause
        self._schedule = schedule
        self._stopping = threading.Event()
        self._tasks: set[threading.Event] = set()

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Take no further job, and ask those in hand to come to an end. Safe in a signal."""
        self._stopping.set()
        for stop in tuple(self._tasks):
            stop.set()

    def run(self) -> None:
        """Do jobs until `stop`: quick kinds, slow ones and long ones in a thread each."""
        groups: dict[str, list[str]] = {}
        for kind, handler in self._handlers.items():
            name = "long-jobs" if handler.long else "slow-jobs" if handler.slow else "quick-jobs"
            groups.setdefault(name, []).append(kind)
        threads = [
            threading.Thread(target=self._serve, args=(tuple(kinds),), name=name)
            for name, kinds in groups.items()
        ]
        for thread in threads:
            thread.start()
        while not self._stopping.is_set():
            self._make_jobs()
            self._stopping.wait(self._pause)
        for thread in threads:
            thread.join()

    def run_until_idle(self, *, kinds: tuple[str, ...] | None = None) -> int:
        """How many jobs were done: all that are due now, and those that they made."""
        self._make_jobs()
        done = 0
        while not self._stopping.is_set() and self.run_one(kinds=kinds):
            done += 1
        return done

    def run_one(
        self, *, kinds: tuple[str, ...] | None = None, keys: tuple[str, ...] | None = None
    ) -> bool:
        """Whether a job was due and taken in hand, however it ended."""
        claim = jobs.claim(
            self._store,
            now=self._clock.now(),
            kinds=tuple(self._handlers) if kinds is None else kinds,
            keys=keys,
            lease=self._lease,
        )
        if claim is None:
            return False
        self.do(claim)
        return True

    def do(self, claim: jobs.Claim) -> bool:
        """Whether this claimed job was done; an error gives it back, to be tried again."""
        task = Task(claim)
        self._tasks.add(task.stop)
        if self._stopping.is_set():
            task.stop.set()
        try:
            with held(self._store, claim, lease=self._lease, lost=task.stop):
                return self._attempt(self._handlers[claim.kind], task)
        finally:
            self._tasks.discard(task.stop)

    def _attempt(self, handler: Handler, task: Task) -> bool:
        claim = task.claim
        try:
            handler.work(task)
            with self._store.write() as session:
                handler.finish(session, claim)
                jobs.finish(session, claim, now=self._clock.now())
        except LeaseLost as error:
            logger.warning("%s: %s", claim.key, error)
        except Postpone as error:
            logger.info("%s: put off: %s", claim.key, error)
            self._give_back(partial(self._postpone, claim, error))
        except Exception as error:  # the edge of a job: the error is kept with it
            logger.exception("%s failed", claim.key)
            text = f"{type(error).__name__}: {error}"
            self._give_back(partial(self._fail, handler, claim, text))
        else:
            return True
        return False

    def _postpone(self, claim: jobs.Claim, error: Postpone) -> None:
        with self._store.write() as session:
            jobs.postpone(session, claim, due=error.due)

    def _fail(self, handler: Handler, claim: jobs.Claim, text: str) -> None:
        with self._store.write() as session:
            if jobs.fail(session, claim, text, now=self._clock.now()):
                handler.dead(session, claim)

    def _give_back(self, give: Callable[[], None]) -> None:
        try:
            give()
        except LeaseLost as error:
            logger.warning("%s", error)

    def _serve(self, kinds: tuple[str, ...]) -> None:
        while not self._stopping.is_set():
            try:
                if self.run_one(kinds=kinds):
                    continue
            except Exception:
                # The store does not answer: the worker waits for it.
                logger.exception("no look for work")
            self._stopping.wait(self._pause)

    def _make_jobs(self) -> None:
        if self._schedule is None:
            return
        try:
            self._schedule()
        except Exception:
            logger.exception("no look at the schedule")
