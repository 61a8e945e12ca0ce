"""Who works on a clue: leases of ten minutes, holding, handing over.

A lease is no change of the clue: it raises no revision and the index does not know of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lantian.access import audit
from lantian.clues.revision import locked
from lantian.errors import Conflict, NotFound
from lantian.model import Clue, User

LEASE = timedelta(minutes=10)
HOLD = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a clue, and until when."""

    user_id: int
    name: str
    until: datetime


def lease(session: Session, clue_id: int, *, user: User, now: datetime) -> Clue:
    """The clue, leased to `user` for ten minutes; again: prolonged, a longer hold is kept.

    Raises `Conflict`, naming the holder and the end, if another has it.
    """
    clue = locked(session, clue_id)
    require_free(session, clue, user=user, now=now)
    held = clue.lease_until if clue.lease_user_id == user.id else None
    clue.lease_user_id = user.id
    clue.lease_until = max(held or now, now + LEASE)
    return clue


renew = lease


def hold(
    session: Session, clue_id: int, *, user: User, now: datetime, until: datetime | None = None
) -> Clue:
    """The clue, put aside by `user` until `until` (a day, if not said); raises `Conflict`."""
    clue = locked(session, clue_id)
    require_free(session, clue, user=user, now=now)
    clue.lease_user_id = user.id
    clue.lease_until = until or now + HOLD
    return clue


def release(session: Session, clue_id: int, *, user: User) -> None:
    """Let go of the clue, if `user` has it."""
    statement = update(Clue).where(Clue.id == clue_id, Clue.lease_user_id == user.id)
    session.execute(statement.values(lease_user_id=None, lease_until=None))


def hand_over(
    session: Session,
    clue_id: int,
    *,
    user: User,
    to: User,
    now: datetime,
    real_now: datetime,
    until: datetime | None = None,
) -> Clue:
    """The clue, handed over to another person, who holds it for a day if not said otherwise.

    Raises `Conflict` if a third person has it, or the receiver can no longer log in.
    """
    clue = locked(session, clue_id)
    require_free(session, clue, user=user, now=now)
    if to.disabled_at is not None:
        raise Conflict(f"user {to.name} is disabled.", hint="Choose somebody else.")
    clue.lease_user_id = to.id
    clue.lease_until = until or now + HOLD
    audit.record(
        session,
        actor=f"user:{user.name}",
        action="clue.hand_over",
        subject=f"clue:{clue.id}",
        detail={"to": to.name},
        now=now,
        real_now=real_now,
    )
    return clue


def require_free(session: Session, clue: Clue, *, user: User, now: datetime) -> None:
    """Nothing, if nobody else holds the clue; raises `Conflict` naming who does."""
    holder, until = clue.lease_user_id, clue.lease_until
    if holder is None or until is None or holder == user.id or until <= now:
        return
    who = session.get(User, holder)
    if who is None:
        raise NotFound(f"there is no user {holder}.")
    raise Conflict(
        f"clue {clue.id} is held by {who.display_name} until {until.isoformat()}.",
        hint="Go on with another one, or ask for it to be handed over.",
        retry_at=until,
    )


def holders(session: Session, clue_ids: Iterable[int], *, now: datetime) -> dict[int, Holder]:
    """Who holds which of these clues at `now`."""
    statement = (
        select(Clue.id, User.id, User.display_name, Clue.lease_until)
        .join(User, User.id == Clue.lease_user_id)
        .where(Clue.id.in_(list(clue_ids)), Clue.lease_until > now)
    )
    return {
        clue_id: Holder(user_id, name, until)
        for clue_id, user_id, name, until in session.execute(statement)
        if until is not None
    }
