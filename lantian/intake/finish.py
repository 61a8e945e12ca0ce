"""The end of a crawl: its coverage, its alarms, and what it did not find any more."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from lantian.errors import NotFound
from lantian.intake import events
from lantian.intake.findings import mark_gone
from lantian.model import Crawl, Document, Page, Source
from lantian.reading import SiteProfile, Tally, alarms
from lantian.store import frontier

ABSENT_CRAWLS = 2
"""Complete crawls in a row without a posting after which it is gone."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a crawl ended: its row, the documents found to be gone, and the clues of these."""

    crawl: Crawl
    gone: int = 0
    clue_ids: tuple[int, ...] = ()


def finish_crawl(
    session: Session,
    crawl_id: int,
    *,
    now: datetime,
    profile: SiteProfile | None = None,
    state: str = "finished",
    reason: str = "",
    whole: bool = True,
    rested: int = 0,
    spent: bool = False,
) -> Ending:
    """The crawl with its coverage counted from its frontier, and what followed from it.

    `whole` says that the spider left no address out (for its budget, or because it was told to
    stop): only then can the crawl be complete. `rested` known pages were not due; `spent` says that
    the budget of the day was used up: addresses that still wait are left out, and counted. Alarms
    are raised against `profile`. After two complete crawls without it, a document is gone; crawls
    of what is due are complete together, once each page was looked at. Call it once, in one
    transaction.
    """
    crawl = session.scalar(
        select(Crawl).where(Crawl.id == crawl_id).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if crawl is None:
        raise NotFound(f"there is no crawl {crawl_id}.")
    if spent:
        frontier.leave_out(session, crawl_id)
    _count_coverage(session, crawl)
    crawl.rested = rested
    crawl.state, crawl.reason, crawl.ended_at = state, reason, now
    unseen = crawl.blocked + crawl.logged_out + crawl.unknown
    in_order = state == "finished" and whole and unseen == 0 and crawl.planned > 0
    crawl.complete = in_order and not rested
    if crawl.purpose != "crawl":
        crawl.complete = False
        return Ending(crawl)
    source = session.get_one(Source, crawl.source_id)
    source.last_crawl_at = now
    if profile is not None:
        crawl.alarms = alarms(profile, _tally(session, crawl))
    # A crawl that found less than a healthy one says nothing about what is not there.
    missing: ColumnElement[bool] | None = None
    if crawl.complete and not crawl.alarms:
        missing = Document.last_crawl_id < crawl.id
        source.round_began_at = crawl.started_at
    elif in_order and not crawl.alarms:
        missing = _round(session, source, crawl, now=now)
    if missing is None:
        return Ending(crawl)
    gone = _absent(session, crawl, missing)
    at, recorded_at = now, crawl.recorded_at + (now - crawl.started_at)
    events.tell(session, events.GONE, gone, crawl_id=crawl.id, at=at, recorded_at=recorded_at)
    postings = [(one.platform_id, one.posting_key) for one in gone]
    return Ending(crawl, len(gone), tuple(mark_gone(session, postings, now=now)))


def _count_coverage(session: Session, crawl: Crawl) -> None:
    counts = frontier.tally(session, crawl.id)
    crawl.planned = sum(counts.values())
    crawl.seen = counts.get("seen", 0)
    crawl.unchanged = counts.get("unchanged", 0)
    crawl.gone = counts.get("gone", 0)
    crawl.blocked = counts.get("blocked", 0)
    crawl.logged_out = counts.get("logged_out", 0)
    crawl.failed = counts.get("failed", 0)
    crawl.unreached = counts.get("open", 0)
    crawl.left_out = counts.get("left_out", 0)


def _tally(session: Session, crawl: Crawl) -> Tally:
    """What the crawl found; pages that rested count as they were, with their documents."""
    resting = 0
    if crawl.rested:
        statement = select(func.count()).where(
            Document.source_id == crawl.source_id,
            Document.current.is_(True),
            Document.presence == "online",
            Document.last_crawl_id < crawl.id,
        )
        resting = session.scalar(statement) or 0
    return Tally(
        pages=crawl.seen + crawl.unchanged + crawl.unreadable + crawl.rested,
        documents=crawl.documents + resting,
        expected=crawl.expected,
        broken=crawl.broken,
        unreadable=crawl.unreadable,
    )


def _round(
    session: Session, source: Source, crawl: Crawl, *, now: datetime
) -> ColumnElement[bool] | None:
    """Which documents were missed, if this crawl ends a round: every page was looked at in it.

    A page that could not be looked at keeps the round open, as one crawl over everything would not
    be complete.
    """
    began = source.round_began_at
    if began is None:
        source.round_began_at = crawl.started_at
        return None
    waiting = select(Page.id).where(
        Page.source_id == source.id,
        Page.looked_at < began,
        # What was never due again was not crawled but handed in.
        Page.due_at.is_not(None),
    )
    if session.scalar(waiting.limit(1)) is not None:
        return None
    source.round_began_at = now
    return Document.last_seen_at < began


def _absent(session: Session, crawl: Crawl, missing: ColumnElement[bool]) -> list[events.Moved]:
    """The postings that are gone now; the others that are missing are missed once more.

    A document seen by a later run (an evidence visit in between) was seen since this one began.
    """
    not_seen = (
        Document.source_id == crawl.source_id,
        Document.current.is_(True),
        Document.presence == "online",
        missing,
    )
    quietly = {"synchronize_session": False}
    session.execute(
        update(Document).where(*not_seen).values(missed_crawls=Document.missed_crawls + 1),
        execution_options=quietly,
    )
    found = session.execute(
        update(Document)
        .where(*not_seen, Document.missed_crawls >= ABSENT_CRAWLS)
        .values(presence="gone")
        .returning(Document.platform_id, Document.posting_key, Document.id),
        execution_options=quietly,
    )
    return [events.Moved(*row, events.ABSENT) for row in found]
