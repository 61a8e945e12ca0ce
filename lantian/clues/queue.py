"""The queue straight from the store: what the list shows while the index does not answer.

The same questions, orders and cursors as the index, but for words.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from lantian.errors import IndexUnavailable
from lantian.model import Clue, ClueClaim, Notice, NoticeItem, SecondLook
from lantian.search.entry import NO_ID, millis
from lantian.search.port import Page
from lantian.search.query import Place, Query, Sort, Span, read_cursor, write_cursor

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def find_clues(session: Session, query: Query, *, second: bool = False) -> Page:
    """One page of the clues that answer the query, in its order, with their number.

    `second`: a query by score goes by what the second opinion says, where it was asked.
    Raises `IndexUnavailable` for a query with words: only the index knows them.
    """
    if query.words is not None:
        raise IndexUnavailable(
            "the text of clues cannot be searched while the index does not answer.",
            hint="Search without words, or run `lantian doctor`.",
        )
    conditions = _conditions(query)
    score: ColumnElement[float] = Clue.score.expression
    if second:
        score = func.coalesce(SecondLook.clue, Clue.score)
    total = session.scalar(select(func.count()).select_from(Clue).where(*conditions)) or 0
    if query.after:
        conditions.append(_after(query.sort, read_cursor(query.sort, query.after), score))
    statement = select(Clue.id, Clue.severity, Clue.first_seen_at, score.label("score"))
    if second:
        looked = SecondLook.document_id == Clue.document_id
        statement = statement.outerjoin(SecondLook, looked)
    order = (score.desc(), Clue.id) if query.sort is Sort.SCORE else _ORDERS[query.sort]
    statement = statement.where(*conditions).order_by(*order).limit(query.limit + 1)
    rows = session.execute(statement).all()
    shown = rows[: query.limit]
    following = write_cursor(query.sort, _place(query.sort, shown[-1])) if rows != shown else ""
    return Page(tuple(row.id for row in shown), total, following)


clue_list = find_clues


def unheld(session: Session, clue_ids: Iterable[int], *, user_id: int, now: datetime) -> list[int]:
    """Those of the clues that no other person holds at `now`, in the order given."""
    wanted = list(clue_ids)
    statement = select(Clue.id).where(
        Clue.id.in_(wanted), Clue.lease_user_id != user_id, Clue.lease_until > now
    )
    taken = set(session.scalars(statement))
    return [clue_id for clue_id in wanted if clue_id not in taken]


_ORDERS: dict[Sort, tuple[Any, ...]] = {
    Sort.URGENT: (Clue.severity.desc(), Clue.first_seen_at, Clue.id),
    Sort.NEWEST: (Clue.first_seen_at.desc(), Clue.id),
}


def _place(sort: Sort, row: Any) -> Place:
    if sort is Sort.SCORE:
        return (row.score, row.id)
    if sort is Sort.NEWEST:
        return (millis(row.first_seen_at), row.id)
    return (row.severity, millis(row.first_seen_at), row.id)


def _after(sort: Sort, place: Place, score: ColumnElement[float]) -> ColumnElement[bool]:
    """What comes later than `place`; clues keep whole milliseconds, as cursors do."""
    clue_id = place[-1]
    if sort is Sort.SCORE:
        return or_(score < place[0], and_(score == place[0], Clue.id > clue_id))
    at = _instant(int(place[-2]))
    same_time = and_(Clue.first_seen_at == at, Clue.id > clue_id)
    if sort is Sort.NEWEST:
        return or_(Clue.first_seen_at < at, same_time)
    severity = place[0]
    return or_(
        Clue.severity < severity,
        and_(Clue.severity == severity, or_(Clue.first_seen_at > at, same_time)),
    )


def _conditions(query: Query) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        column.in_(chosen)
        for column, chosen in (
            (Clue.severity, query.severities),
            (Clue.state, query.states),
            (Clue.presence, query.presences),
            (Clue.platform_id, query.platforms),
            (Clue.source_id, query.sources),
            (func.coalesce(Clue.seller_id, NO_ID), query.sellers),
        )
        if chosen
    ]
    if query.claims:
        conditions.append(
            exists().where(ClueClaim.clue_id == Clue.id, ClueClaim.claim.in_(query.claims))
        )
    if query.regions:
        # No clue has a region yet; the index has an empty one for all.
        conditions.append(Clue.id.is_not(None) if "" in query.regions else Clue.id.is_(None))
    if query.notice_states:
        conditions.append(_notice_state().in_(query.notice_states))
    if query.min_score is not None:
        conditions.append(Clue.score >= query.min_score)
    for column, span in (
        (Clue.first_seen_at, query.first_seen),
        (Clue.last_seen_at, query.last_seen),
        (Clue.decided_at, query.decided),
    ):
        conditions += _within(column, span)
    return conditions


def _within(column: Any, span: Span) -> list[ColumnElement[bool]]:
    start, end = span.millis()
    conditions = []
    if start is not None:
        conditions.append(column >= _instant(start))
    if end is not None:
        conditions.append(column < _instant(end))
    return conditions


def _notice_state() -> ColumnElement[str]:
    newest = (
        select(Notice.state)
        .join(NoticeItem, NoticeItem.notice_id == Notice.id)
        .where(NoticeItem.clue_id == Clue.id)
        .order_by(NoticeItem.id.desc())
        .limit(1)
    )
    return func.coalesce(newest.scalar_subquery(), "none")


def _instant(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)
