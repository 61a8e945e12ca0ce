"""A crawl started by hand makes and claims its own job, so that nobody else takes the source."""

from datetime import timedelta

from sqlalchemy import select, update

from lantian.errors import Conflict
from lantian.model import Job, Source
from lantian.store import jobs
from lantian.store.engine import database_now
from lantian.store.jobs import Claim
from lantian.wiring import Parts

REFUSED = "refused: the source was being crawled"


def claim_crawl(
    parts: Parts, source: Source, *, lease: timedelta = jobs.LEASE, only_due: bool = False
) -> Claim:
    """The job of a new crawl of the source, or of one that was interrupted, claimed.

    A new one takes every page, or with `only_due` those whose time has come, as scheduled ones do.
    Raises `Conflict` naming source and job if the source is being crawled, visited or re-checked.
    """
    lane = f"source:{source.id}"
    now = parts.clock.now()
    with parts.store.write() as session:
        held = session.scalar(
            select(Job).where(
                Job.lane == lane, Job.state == "leased", Job.lease_until > database_now(session)
            )
        )
        if held is not None:
            raise busy(source, held.key)
        unfinished = session.scalar(
            select(Job)
            .where(Job.lane == lane, Job.kind == "crawl", Job.state.in_(["ready", "leased"]))
            .order_by(Job.id)
        )
        if unfinished is not None:
            key, due = unfinished.key, unfinished.due
        else:
            key, due = f"crawl:{source.name}:{now.isoformat(timespec='microseconds')}", now
            jobs.enqueue(
                session,
                kind="crawl",
                key=key,
                payload={"source_id": source.id, **({"due": True} if only_due else {})},
                due=now,
                now=now,
                lane=lane,
            )
    claim = jobs.claim(parts.store, now=max(now, due), keys=(key,), lease=lease)
    if claim is None:
        if unfinished is None:
            _take_back(parts, key)
        raise busy(source, key)
    return claim


def _take_back(parts: Parts, key: str) -> None:
    with parts.store.write() as session:
        session.execute(
            update(Job)
            .where(Job.key == key, Job.state == "ready")
            .values(state="dead", last_error=REFUSED)
        )


def busy(source: Source, key: str) -> Conflict:
    """What is said where the source is being crawled already."""
    return Conflict(
        f"source {source.name} is being crawled: job {key} holds it.",
        hint="Wait until it has ended; a job whose process was killed is free after a minute.",
    )
