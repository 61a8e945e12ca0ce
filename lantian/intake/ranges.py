"""Matching again in ranges of ids: one job a range, for any worker, each of which goes on.

A run is all ranges of one asking. What a range has done is written down with each batch, so a
worker that is killed loses a batch at most, and how far a run is can be read from its jobs.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lantian.intake.again import BATCH, rematch
from lantian.model import Document, Job
from lantian.store import jobs
from lantian.store.jobs import Claim
from matchers.scan import Matcher

KIND = "rematch_range"
RANGE = 2_000
"""Documents of one job: some seconds of work."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a run is; `dead` ranges were given up after several tries."""

    documents: int
    done: int
    ranges: int
    waiting: int
    dead: int


def plan_run(
    session: Session,
    run: str,
    *,
    now: datetime,
    pack: str = "",
    size: int = RANGE,
    batch: int = BATCH,
) -> Standing:
    """Ask for the ranges of a run over all current documents. Waiting ones of others are dropped.

    `pack` is the hash of the pack under which they are matched; empty: the one that runs then.
    """
    others = select(Job.id, Job.payload).where(Job.kind == KIND, Job.state == "ready")
    dropped = [one for one, payload in session.execute(others) if payload["run"] != run]
    jobs.finish_ready(session, dropped, now=now)
    numbered = (
        select(Document.id, func.row_number().over(order_by=Document.id).label("number"))
        .where(Document.current.is_(True))
        .subquery()
    )
    total = session.scalar(select(func.count()).select_from(numbered)) or 0
    ends = list(
        session.scalars(
            select(numbered.c.id).where(
                (numbered.c.number % size == 0) | (numbered.c.number == total)
            )
        )
    )
    after = 0
    for number, until in enumerate(sorted(ends)):
        documents = min(size, total - number * size)
        payload = {"run": run, "pack": pack, "at": after, "until": until, "batch": batch}
        payload |= {"documents": documents, "done": 0}
        key = f"{run}:{after}-{until}"
        jobs.enqueue(
            session,
            kind=KIND,
            key=key,
            payload=payload,
            due=now,
            now=now,
        )
        after = until
    return standing(session, run)


def match_batch(session: Session, held: Claim, matcher: Matcher, *, now: datetime) -> bool:
    """Whether there is more of the range after this batch, which is matched and written down.

    Raises `LeaseLost`.
    """
    jobs.require(session, held.id, held.token)
    at, until, batch = (held.payload[name] for name in ("at", "until", "batch"))
    last = rematch(session, matcher, now=now, after_id=at, until_id=until, limit=batch)
    done = min(held.payload["done"] + batch, held.payload["documents"])
    over = last is None or last >= until
    if over:
        last, done = until, held.payload["documents"]
    jobs.note(session, held, {**held.payload, "at": last, "done": done})
    return not over


def unfinished_run(session: Session, pack: str) -> str | None:
    """The run under that pack of which ranges still wait or are in hand, if there is one."""
    statement = (
        select(Job.payload)
        .where(Job.kind == KIND, Job.state.in_(["ready", "leased"]))
        .order_by(Job.id.desc())
        .limit(1)
    )
    payload = session.scalar(statement)
    return payload["run"] if payload is not None and payload["pack"] == pack else None


def last_run(session: Session) -> str | None:
    """The newest run."""
    payload = session.scalar(
        select(Job.payload).where(Job.kind == KIND).order_by(Job.id.desc()).limit(1)
    )
    return None if payload is None else payload["run"]


def standing(session: Session, run: str) -> Standing:
    """How far the run is."""
    of_run = select(Job.state, Job.payload).where(
        Job.kind == KIND, Job.key.startswith(f"{run}:", autoescape=True)
    )
    rows = session.execute(of_run).all()
    return Standing(
        documents=sum(payload["documents"] for _, payload in rows),
        done=sum(payload["done"] for _, payload in rows),
        ranges=len(rows),
        waiting=sum(state in {"ready", "leased"} for state, _ in rows),
        dead=sum(state == "dead" for state, _ in rows),
    )
