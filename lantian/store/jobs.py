"""Work that is due, done once: a leased table in the store, which is also the outbox.

A state change and its job commit together (`enqueue` in the caller's transaction). A claim is
one transaction; `finish` commits with the effect, guarded by the fencing token. Effects outside
the store are at least once and carry the job's key, by which a receiver drops repeats. Leases go
by the time of the database, `due` by domain time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select, text, update
from sqlalchemy.orm import Session, aliased

from lantian.errors import LeaseLost
from lantian.model import Job
from lantian.store.engine import Store, database_now
from lantian.store.rows import add_new_rows

LEASE = timedelta(seconds=60)
MAX_TRIES = 8
_CLAIM_LOCK = 7_140_513  # any number, as long as only claims take it


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that this process holds, and the token under which it may write."""

    id: int
    key: str
    kind: str
    payload: dict[str, Any]
    lane: str | None
    token: int
    tries: int


def enqueue(
    session: Session,
    *,
    kind: str,
    key: str,
    payload: dict[str, Any],
    due: datetime,
    now: datetime,
    lane: str | None = None,
    priority: int = 0,
) -> bool:
    """Whether the job was new; one of the same key is left as it stands."""
    row = {
        "key": key,
        "kind": kind,
        "payload": payload,
        "due": due,
        "lane": lane,
        "priority": priority,
        "state": "ready",
        "token": 0,
        "tries": 0,
        "last_error": "",
        "created_at": now,
    }
    return bool(add_new_rows(session, Job, [row], unique=("key",)))


def claim(
    store: Store,
    *,
    now: datetime,
    kinds: tuple[str, ...] | None = None,
    keys: tuple[str, ...] | None = None,
    lease: timedelta = LEASE,
) -> Claim | None:
    """The next job that is due at `now` (domain time), leased to the caller; none if none is.

    `kinds` and `keys` narrow the choice. Jobs whose lane is held are passed over.
    """
    with store.write() as session:
        if _is_postgresql(session):
            # Claims one after another: two at once could take two jobs of one lane.
            session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _CLAIM_LOCK})
        instant = database_now(session)
        conditions: list[ColumnElement[bool]] = [_claimable(instant), Job.due <= now]
        if kinds is not None:
            conditions.append(Job.kind.in_(kinds))
        if keys is not None:
            conditions.append(Job.key.in_(keys))
        order = (Job.priority.desc(), Job.due, Job.id)
        job = session.scalars(select(Job).where(*conditions).order_by(*order).limit(1)).first()
        if job is None:
            return None
        job.state = "leased"
        job.lease_until = instant + lease
        job.token += 1
        job.tries += 1
        return Claim(job.id, job.key, job.kind, job.payload, job.lane, job.token, job.tries)


def held_claim(session: Session, job_id: int, token: int) -> Claim:
    """The claim of a job that is held under this token, for the process that its holder started.

    Raises `LeaseLost`.
    """
    job = session.get(Job, job_id)
    if job is None or job.token != token or job.state != "leased":
        raise _lost(job_id)
    return Claim(job.id, job.key, job.kind, job.payload, job.lane, job.token, job.tries)


def heartbeat(store: Store, held: Claim, *, lease: timedelta = LEASE) -> None:
    """Prolong the lease; raises `LeaseLost` if another has it."""
    with store.write() as session:
        until = database_now(session) + lease
        _change(session, held.id, held.token, lease_until=until)


def require(session: Session, job_id: int, token: int) -> None:
    """Nothing, if `token` still holds the job; raises `LeaseLost` otherwise.

    The row stays locked until the caller's transaction ends, so nobody takes it meanwhile.
    """
    statement = select(Job.id).where(Job.id == job_id, Job.token == token, Job.state == "leased")
    if session.execute(statement.with_for_update()).first() is None:
        raise _lost(job_id)


def note(session: Session, held: Claim, payload: dict[str, Any]) -> None:
    """Write down how far the job is, in the transaction of what was done; raises `LeaseLost`."""
    _change(session, held.id, held.token, payload=payload)
    held.payload.update(payload)


def finish(session: Session, held: Claim, *, now: datetime) -> None:
    """Mark the job done, in the transaction of its effect; raises `LeaseLost`."""
    _change(session, held.id, held.token, state="done", done_at=now, lease_until=None)


def finish_ready(session: Session, job_ids: Sequence[int], *, now: datetime) -> None:
    """Mark jobs done that nobody holds, because another job's work did theirs as well."""
    for start in range(0, len(job_ids), 500):
        statement = update(Job).where(
            Job.id.in_(job_ids[start : start + 500]), Job.state == "ready"
        )
        session.execute(
            statement.values(state="done", done_at=now),
            execution_options={"synchronize_session": False},
        )


def postpone(session: Session, held: Claim, *, due: datetime) -> None:
    """Give the job back unharmed, to be done from `due` on."""
    _change(
        session,
        held.id,
        held.token,
        state="ready",
        due=due,
        lease_until=None,
        tries=max(0, held.tries - 1),
    )


def fail(
    session: Session, held: Claim, error: str, *, now: datetime, max_tries: int = MAX_TRIES
) -> bool:
    """Give the job back after an error: tried again later, or dead after `max_tries`.

    Returns whether it is dead. Pauses grow from 5 s to one hour.
    """
    dead = held.tries >= max_tries
    pause = timedelta(seconds=min(3600, 5 * 4 ** (held.tries - 1)))
    _change(
        session,
        held.id,
        held.token,
        state="dead" if dead else "ready",
        due=now + pause,
        lease_until=None,
        last_error=error[:2000],
    )
    return dead


def _change(session: Session, job_id: int, token: int, **values: object) -> None:
    statement = update(Job).where(Job.id == job_id, Job.token == token, Job.state == "leased")
    changed = session.execute(
        statement.values(**values).returning(Job.id),
        execution_options={"synchronize_session": False},
    )
    if changed.first() is None:
        raise _lost(job_id)


def _lost(job_id: int) -> LeaseLost:
    return LeaseLost(
        f"job {job_id} is no longer held under this token.",
        hint="Its lease ran out and another took it; stop here, nothing is lost.",
    )


def _claimable(instant: datetime) -> ColumnElement[bool]:
    other = aliased(Job)
    lane_is_held = exists().where(
        other.lane == Job.lane,
        other.id != Job.id,
        other.state == "leased",
        other.lease_until > instant,
    )
    free = or_(Job.state == "ready", and_(Job.state == "leased", Job.lease_until <= instant))
    return and_(free, ~lane_is_held)


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
