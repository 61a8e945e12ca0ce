"""Notices to be shown: lists with a place to go on from, and one notice with all of its life."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, selectinload

from lantian.model import Notice, NoticeEvent, NoticeItem, Platform, Recheck
from lantian.takedowns.life import no_notice, visible
from lantian.takedowns.states import State

MOST_ROWS = 200
Place = tuple[datetime, int]
"""Moment of the last change and id of the last row that was given."""


@dataclass(frozen=True, slots=True)
class NoticePage:
    """Notices in the order of their last change; `next` is the place to go on from, if any."""

    notices: tuple[Notice, ...]
    next: Place | None


@dataclass(frozen=True, slots=True)
class ItemView:
    """One clue of a notice with the looks that were taken, oldest first, and those to come."""

    item: NoticeItem
    told: dict[str, Any]
    """What the notice's content says of it."""
    rechecks: tuple[Recheck, ...]


@dataclass(frozen=True, slots=True)
class NoticeView:
    """One notice with its platform, items and events."""

    notice: Notice
    platform: Platform
    items: tuple[ItemView, ...]
    events: tuple[NoticeEvent, ...]


def list_notices(
    session: Session,
    *,
    platform_id: int | None = None,
    states: Sequence[str] = (),
    updated_since: datetime | None = None,
    after: Place | None = None,
    limit: int = 50,
) -> NoticePage:
    """One page of notices, least recently changed first, so that a reader can follow.

    `platform_id` gives what that platform may see: its own, and only those that were sent.
    """
    statement = select(Notice).options(selectinload(Notice.items))
    if platform_id is not None:
        statement = statement.where(Notice.platform_id == platform_id, Notice.sent_at.is_not(None))
    if states:
        statement = statement.where(Notice.state.in_(states))
    if updated_since is not None:
        statement = statement.where(Notice.updated_at >= updated_since)
    if after is not None:
        at, last_id = after
        later = Notice.updated_at > at
        statement = statement.where(or_(later, and_(Notice.updated_at == at, Notice.id > last_id)))
    limit = min(limit, MOST_ROWS)
    ordered = statement.order_by(Notice.updated_at, Notice.id).limit(limit + 1)
    rows = list(session.scalars(ordered))
    shown = rows[:limit]
    more = len(rows) > limit
    return NoticePage(tuple(shown), (shown[-1].updated_at, shown[-1].id) if more else None)


def notice_view(session: Session, notice_id: int, *, platform_id: int | None = None) -> NoticeView:
    """The notice with all of its life; raises `NotFound`, of another platform's too."""
    notice = session.get(Notice, notice_id)
    if notice is None or not visible(notice, platform_id):
        raise no_notice(notice_id)
    told = {clue["clue_id"]: clue for clue in notice.content["clues"]}
    ids = [item.id for item in notice.items]
    looks: dict[int, list[Recheck]] = {item_id: [] for item_id in ids}
    statement = select(Recheck).where(Recheck.item_id.in_(ids))
    for recheck in session.scalars(statement.order_by(Recheck.due_at, Recheck.id)):
        looks[recheck.item_id].append(recheck)
    return NoticeView(
        notice=notice,
        platform=session.get_one(Platform, notice.platform_id),
        items=tuple(
            ItemView(item, told[item.clue_id], tuple(looks[item.id])) for item in notice.items
        ),
        events=tuple(notice.events),
    )


def overdue_of(notice: Notice, now: datetime) -> str | None:
    """Which term has passed unanswered: acknowledge, act, or none."""
    if notice.state == State.SENT and _passed(notice.acknowledge_by, now):
        return "acknowledge"
    if notice.state in {State.SENT, State.ACKNOWLEDGED} and _passed(notice.act_by, now):
        return "act"
    return None


def _passed(term: datetime | None, now: datetime) -> bool:
    return term is not None and term <= now
