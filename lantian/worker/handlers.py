"""What a worker knows of a kind of job: what to do, and what goes with its end."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from lantian.store.jobs import Claim


class Postpone(Exception):
    """The job cannot be done now, through no fault of its own; `due` says from when on."""

    def __init__(self, why: str, *, due: datetime) -> None:
        super().__init__(why)
        self.due = due


@dataclass(frozen=True, slots=True)
class Task:
    """A job in hand. `stop` is set when the worker is to end, or the lease was lost."""

    claim: Claim
    stop: threading.Event = field(default_factory=threading.Event)


def _nothing(_session: Session, _claim: Claim) -> None:
    """No step goes with the end."""


@dataclass(frozen=True, slots=True)
class Handler:
    """How jobs of one kind are done.

    `work` does it, outside any transaction; whatever it does outside the store is done at least
    once and carries the job's key. `finish` and `dead` are the effects that commit together with
    the job's end. `slow` kinds run in a thread of their own beside the quick ones, and those that
    go through the whole archive (`long`) in another, so that no crawl or clue waits for them.
    """

    work: Callable[[Task], None]
    finish: Callable[[Session, Claim], None] = _nothing
    dead: Callable[[Session, Claim], None] = _nothing
    slow: bool = False
    long: bool = False


Handlers = Mapping[str, Handler]
"""Handlers by the kind of job."""
