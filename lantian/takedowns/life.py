"""One step in a notice's life: its event, its audit record, its state, its clues' index entries."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lantian.access import audit
from lantian.clues.revision import changed
from lantian.errors import NotFound, Stale
from lantian.model import Clue, Notice, NoticeEvent, NoticeItem
from lantian.takedowns.states import Action, ItemState, Result, State, state_of


@dataclass(frozen=True, slots=True)
class Step:
    """Who does something to a notice, and when (domain time, real time)."""

    actor: str
    now: datetime
    real_now: datetime


def held_notice(
    session: Session,
    notice_id: int,
    *,
    platform_id: int | None = None,
    expected_revision: int | None = None,
) -> Notice:
    """The notice, locked for this transaction.

    Raises `NotFound` (of another platform's notice, too), `Stale` if it has moved on since
    `expected_revision`.
    """
    statement = select(Notice).where(Notice.id == notice_id).with_for_update()
    notice = session.scalar(statement.execution_options(populate_existing=True))
    if notice is None or not visible(notice, platform_id):
        raise no_notice(notice_id)
    if expected_revision is not None and expected_revision != notice.revision:
        raise Stale(
            f"notice {notice_id} stands at version {notice.revision}, "
            f"you have seen {expected_revision}.",
            hint="Read it again and repeat with its new ETag.",
        )
    return notice


def visible(notice: Notice, platform_id: int | None) -> bool:
    """Whether that platform may see it; None is the office, which sees all."""
    if platform_id is None:
        return True
    return notice.platform_id == platform_id and notice.sent_at is not None


def no_notice(notice_id: int) -> NotFound:
    """The error for a notice that is not there, or not for the asker."""
    return NotFound(f"there is no notice {notice_id}.", hint="List the notices to find its id.")


def item_state(item: NoticeItem) -> ItemState:
    """The item as the state machine sees it."""
    return ItemState(
        action=Action(item.action) if item.action else None,
        result=Result(item.check_result) if item.check_result else None,
    )


def tell(
    session: Session, notice: Notice, kind: str, step: Step, detail: dict[str, Any] | None = None
) -> None:
    """Write the next event of the notice, and the audit record of it."""
    last = session.scalar(
        select(func.max(NoticeEvent.seq)).where(NoticeEvent.notice_id == notice.id)
    )
    session.add(
        NoticeEvent(
            notice_id=notice.id,
            seq=(last or 0) + 1,
            kind=kind,
            actor=step.actor,
            at=step.now,
            recorded_at=step.real_now,
            detail=detail or {},
        )
    )
    session.flush()
    audit.record(
        session,
        actor=step.actor,
        action=f"notice.{kind}",
        subject=f"notice:{notice.id}",
        detail=_without_prose(detail or {}),
        now=step.now,
        real_now=step.real_now,
    )


def settle(session: Session, notice: Notice, step: Step) -> None:
    """Bring the notice to the state that follows from its items, one version further."""
    before = State(notice.state)
    after = state_of(
        sent=notice.sent_at is not None,
        acknowledged=notice.acknowledged_at is not None,
        items=[item_state(item) for item in notice.items],
    )
    notice.state = after
    notice.revision += 1
    notice.updated_at = step.now
    if after in {State.ANSWERED, State.CLOSED} and notice.answered_at is None:
        notice.answered_at = step.now
    if after is State.CLOSED and before is not State.CLOSED:
        notice.closed_at = step.now
        tell(session, notice, "closed", step)
    if before is State.CLOSED and after is not State.CLOSED:
        notice.closed_at = None
        tell(session, notice, "reopened", step)
    if before is not after:
        index_again(session, [item.clue_id for item in notice.items], step)


def index_again(session: Session, clue_ids: list[int], step: Step) -> None:
    """Let the index learn anew of these clues: it knows the state of their newest notice."""
    clues = select(Clue).where(Clue.id.in_(clue_ids)).order_by(Clue.id).with_for_update()
    for clue in session.scalars(clues):
        changed(session, clue, now=step.now)


def _without_prose(detail: dict[str, Any]) -> dict[str, Any]:
    """The audit chain holds no text that a platform wrote."""
    return {name: value for name, value in detail.items() if name != "reason"}
