"""The figures of one week, each a query that can be run again over the same store.

A week runs from Monday 00:00 to the next in Asia/Shanghai. Hits count by the instant at which
they were found, notices by the instants of their steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from lantian.clock import week_bounds
from lantian.model import (
    Clue,
    Crawl,
    Document,
    Hit,
    Notice,
    NoticeItem,
    Platform,
    Seller,
    Source,
)

TOP_SELLERS = 5


@dataclass(frozen=True, slots=True)
class Count:
    """A number of this week beside that of the week before; `key` names what was counted."""

    key: str
    now: int
    before: int

    @property
    def change(self) -> int:
        """How many more than the week before."""
        return self.now - self.before


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the week's crawls of one source covered, in pages."""

    source: str
    title: str
    crawls: int
    planned: int
    reached: int
    """Seen, unchanged or gone."""
    blocked: int
    logged_out: int
    unknown: int
    alarms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorstSeller:
    """A seller with the most clues of the week that a person did not dismiss."""

    seller_id: int
    name: str
    platform: str
    clues: int
    confirmed: int


@dataclass(frozen=True, slots=True)
class OverdueNotice:
    """A notice whose platform has let a deadline pass at the end of the week."""

    notice_id: int
    platform: str
    what: str
    """acknowledge or act."""
    due: datetime
    clues: int


@dataclass(frozen=True, slots=True)
class NoticeFigures:
    """What was sent and what came of it. Durations are medians in hours, none without a case."""

    sent: int
    sent_before: int
    waiting: int
    acknowledged: int
    acknowledge_hours: float | None
    answered: int
    answer_hours: float | None
    results: tuple[Count, ...]
    """Re-check results of this week, by result."""


@dataclass(frozen=True, slots=True)
class WeekFigures:
    """All figures of the week that begins on `monday`."""

    monday: date
    clues: Count
    decided: Count
    open_now: int
    claims: tuple[Count, ...]
    platforms: tuple[Count, ...]
    coverage: tuple[Coverage, ...]
    notices: NoticeFigures
    sellers: tuple[WorstSeller, ...]
    overdue: tuple[OverdueNotice, ...]


def week_figures(session: Session, monday: date) -> WeekFigures:
    """The figures of the week that begins on `monday`."""
    if monday.weekday() != 0:
        msg = f"{monday} is no Monday"
        raise ValueError(msg)
    week = week_bounds(monday)
    before = week_bounds(monday - timedelta(days=7))
    return WeekFigures(
        monday=monday,
        clues=_pair(session, "clues", Clue.first_seen_at, week, before),
        decided=_pair(session, "decided", Clue.decided_at, week, before),
        open_now=session.scalar(select(func.count()).where(Clue.state == "open")) or 0,
        claims=_grouped(session, Hit.claim, week, before),
        platforms=_grouped(session, Platform.name, week, before),
        coverage=_coverage(session, week),
        notices=_notices(session, week, before),
        sellers=_sellers(session, week),
        overdue=_overdue(session, week[1]),
    )


Span = tuple[datetime, datetime]
Column = InstrumentedAttribute[Any]


def _within(column: Column, span: Span) -> list[ColumnElement[bool]]:
    return [column >= span[0], column < span[1]]


def _pair(session: Session, key: str, column: Column, week: Span, before: Span) -> Count:
    def count(span: Span) -> int:
        return session.scalar(select(func.count()).where(*_within(column, span))) or 0

    return Count(key, count(week), count(before))


def _grouped(session: Session, key: Column, week: Span, before: Span) -> tuple[Count, ...]:
    """Hits by `key`, most first. A posting that several versions repeat counts once a claim."""

    def counts(span: Span) -> dict[str, int]:
        hits = (
            select(key, Hit.claim, Document.platform_id, Document.posting_key)
            .join(Document, Document.id == Hit.document_id)
            .join(Platform, Platform.id == Document.platform_id)
            .where(*_within(Hit.found_at, span))
            .distinct()
            .subquery()
        )
        name = hits.c[0]
        rows = session.execute(select(name, func.count()).group_by(name))
        return dict(rows.all())

    now, then = counts(week), counts(before)
    found = [Count(name, now.get(name, 0), then.get(name, 0)) for name in now.keys() | then.keys()]
    return tuple(sorted(found, key=lambda count: (-count.now, -count.before, count.key)))


def _coverage(session: Session, week: Span) -> tuple[Coverage, ...]:
    crawls = session.execute(
        select(Crawl, Source.name, Source.title)
        .join(Source, Source.id == Crawl.source_id)
        .where(Crawl.purpose == "crawl", *_within(Crawl.started_at, week))
        .order_by(Source.name, Crawl.id)
    )
    by_source: dict[tuple[str, str], list[Crawl]] = {}
    for crawl, name, title in crawls:
        by_source.setdefault((name, title), []).append(crawl)
    return tuple(_covered(name, title, of) for (name, title), of in by_source.items())


def _covered(name: str, title: str, crawls: Sequence[Crawl]) -> Coverage:
    return Coverage(
        source=name,
        title=title or name,
        crawls=len(crawls),
        planned=sum(crawl.planned for crawl in crawls),
        reached=sum(crawl.seen + crawl.unchanged + crawl.gone for crawl in crawls),
        blocked=sum(crawl.blocked for crawl in crawls),
        logged_out=sum(crawl.logged_out for crawl in crawls),
        unknown=sum(crawl.unknown for crawl in crawls),
        alarms=tuple(str(alarm) for alarm in crawls[-1].alarms),
    )


def _notices(session: Session, week: Span, before: Span) -> NoticeFigures:
    sent = _pair(session, "sent", Notice.sent_at, week, before)
    acknowledged = _hours(session, Notice.acknowledged_at, week)
    answered = _hours(session, Notice.answered_at, week)
    results = session.execute(
        select(NoticeItem.check_result, func.count())
        .where(NoticeItem.check_result.is_not(None), *_within(NoticeItem.checked_at, week))
        .group_by(NoticeItem.check_result)
    )
    return NoticeFigures(
        sent=sent.now,
        sent_before=sent.before,
        waiting=session.scalar(select(func.count()).where(Notice.state == "waiting")) or 0,
        acknowledged=len(acknowledged),
        acknowledge_hours=median(acknowledged) if acknowledged else None,
        answered=len(answered),
        answer_hours=median(answered) if answered else None,
        results=tuple(Count(result or "", number, 0) for result, number in sorted(results)),
    )


def _hours(session: Session, column: Column, week: Span) -> list[float]:
    rows = session.execute(
        select(Notice.sent_at, column).where(Notice.sent_at.is_not(None), *_within(column, week))
    )
    return [(until - sent).total_seconds() / 3600 for sent, until in rows]


def _sellers(session: Session, week: Span) -> tuple[WorstSeller, ...]:
    number = func.count(Clue.id)
    confirmed = func.sum(case((Clue.state == "confirmed", 1), else_=0))
    rows = session.execute(
        select(Seller.id, Seller.name, Platform.name, number, confirmed)
        .join(Clue, Clue.seller_id == Seller.id)
        .join(Platform, Platform.id == Seller.platform_id)
        .where(Clue.state != "dismissed", *_within(Clue.first_seen_at, week))
        .group_by(Seller.id, Seller.name, Platform.name)
        .order_by(number.desc(), Seller.id)
        .limit(TOP_SELLERS)
    )
    return tuple(
        WorstSeller(seller, name, platform, clues, int(sure or 0))
        for seller, name, platform, clues, sure in rows
    )


def _overdue(session: Session, at: datetime) -> tuple[OverdueNotice, ...]:
    late_to_acknowledge = (
        (Notice.acknowledge_by < at)
        & Notice.sent_at.is_not(None)
        & or_(Notice.acknowledged_at.is_(None), Notice.acknowledged_at >= at)
        & or_(Notice.answered_at.is_(None), Notice.answered_at >= at)
    )
    late_to_act = (
        (Notice.act_by < at)
        & Notice.sent_at.is_not(None)
        & or_(Notice.answered_at.is_(None), Notice.answered_at >= at)
    )
    clues = (
        select(func.count())
        .where(NoticeItem.notice_id == Notice.id)
        .correlate(Notice)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Notice, Platform.name, clues)
        .join(Platform, Platform.id == Notice.platform_id)
        .where(or_(late_to_acknowledge, late_to_act))
        .order_by(Notice.act_by, Notice.id)
    )
    return tuple(_late(notice, name, number, at) for notice, name, number in rows)


def _late(notice: Notice, platform: str, clues: int, at: datetime) -> OverdueNotice:
    acts = notice.act_by is not None and notice.act_by < at
    due = notice.act_by if acts else notice.acknowledge_by
    if due is None:
        msg = f"notice {notice.id} is late without a deadline"
        raise ValueError(msg)
    return OverdueNotice(notice.id, platform, "act" if acts else "acknowledge", due, clues)
