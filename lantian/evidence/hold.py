"""Legal holds (证据保全): what must not be deleted, however old, until somebody lifts it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from lantian.access import audit
from lantian.errors import Conflict, Invalid, NotFound
from lantian.model import Capture, Crawl, Entity, LegalHold, Page, Source

Kind = Literal["capture", "page", "source", "everything"]
PLACE = "evidence.hold"
LIFT = "evidence.release"
_SUBJECTS: dict[str, type[Entity]] = {"capture": Capture, "page": Page, "source": Source}


def place_hold(
    session: Session,
    kind: Kind,
    subject_id: int | None,
    *,
    reason: str,
    by: str,
    now: datetime,
    real_now: datetime,
) -> LegalHold:
    """A hold from now on. Raises `Invalid` without a reason, `NotFound` for no such subject."""
    if not reason.strip():
        raise Invalid("a hold needs a reason.", hint="Say for which case it is, by --reason.")
    if kind not in get_args(Kind) or (kind == "everything") != (subject_id is None):
        raise Invalid(f"{kind} {subject_id} cannot be held.", hint="Name one thing, or everything.")
    if subject_id is not None and session.get(_SUBJECTS[kind], subject_id) is None:
        raise NotFound(f"there is no {kind} {subject_id}.", hint="Is it of this installation?")
    hold = LegalHold(
        kind=kind, subject_id=subject_id, reason=reason.strip(), placed_by=by, placed_at=now
    )
    session.add(hold)
    session.flush()
    audit.record(
        session,
        actor=by,
        action=PLACE,
        subject=f"hold:{hold.id}",
        detail={"of": kind, "id": subject_id, "reason": hold.reason},
        now=now,
        real_now=real_now,
    )
    return hold


def lift_hold(
    session: Session, hold_id: int, *, reason: str, by: str, now: datetime, real_now: datetime
) -> LegalHold:
    """The hold, lifted. Raises `NotFound`, `Conflict` if it was, `Invalid` without a reason."""
    hold = session.get(LegalHold, hold_id, with_for_update=True)
    if hold is None:
        raise NotFound(f"there is no hold {hold_id}.", hint="`lantian evidence holds`.")
    if hold.lifted_at is not None:
        raise Conflict(f"hold {hold_id} is lifted already.", hint="`lantian evidence holds --all`.")
    if not reason.strip():
        raise Invalid("lifting a hold needs a reason.", hint="Say why it is over, by --reason.")
    hold.lifted_at, hold.lifted_by = now, by
    audit.record(
        session,
        actor=by,
        action=LIFT,
        subject=f"hold:{hold.id}",
        detail={"of": hold.kind, "id": hold.subject_id, "reason": reason.strip()},
        now=now,
        real_now=real_now,
    )
    return hold


def holds(session: Session, *, lifted: bool = False) -> Sequence[LegalHold]:
    """The holds that stand, or with `lifted` all that there were."""
    statement = select(LegalHold).order_by(LegalHold.id)
    if not lifted:
        statement = statement.where(LegalHold.lifted_at.is_(None))
    return session.scalars(statement).all()


def is_held() -> ColumnElement[bool]:
    """Whether a hold stands over a row of `Capture`."""
    in_source = (
        select(Crawl.id)
        .where(Crawl.source_id == LegalHold.subject_id, Crawl.id == Capture.crawl_id)
        .correlate(LegalHold, Capture)
    )
    return exists().where(
        LegalHold.lifted_at.is_(None),
        or_(
            LegalHold.kind == "everything",
            and_(LegalHold.kind == "capture", LegalHold.subject_id == Capture.id),
            and_(LegalHold.kind == "page", LegalHold.subject_id == Capture.page_id),
            and_(LegalHold.kind == "source", in_source.exists()),
        ),
    )
