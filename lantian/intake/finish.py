"""The end of a crawl: its coverage, its alarms, and what it did not find any more."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lantian.errors import NotFound
from lantian.intake.findings import mark_gone
from lantian.model import Crawl, Document, Source
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
) -> Ending:
    """The crawl with its coverage counted from its frontier, and what followed from it.

    `whole` says that the spider left no address out (for its budget, or because it was told to
    stop): only then can the crawl be complete. Alarms are raised against `profile`. After two
    complete crawls without it, a document is gone. Call it once, in one transaction.
    """
    crawl = session.scalar(
        select(Crawl).where(Crawl.id == crawl_id).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if crawl is None:
        raise NotFound(f"there is no crawl {crawl_id}.")
    _count_coverage(session, crawl)
    crawl.state, crawl.reason, crawl.ended_at = state, reason, now
    unseen = crawl.blocked + crawl.logged_out + crawl.failed + crawl.unreached
    crawl.complete = state == "finished" and whole and unseen == 0 and crawl.planned > 0
    if crawl.purpose != "crawl":
        crawl.complete = False
        return Ending(crawl)
    source = session.get_one(Source, crawl.source_id)
    source.last_crawl_at = now
    if profile is not None:
        crawl.alarms = alarms(profile, _tally(crawl))
    if not crawl.complete or crawl.alarms:
        # A crawl that found less than a healthy one says nothing about what is not there.
        return Ending(crawl)
    gone = _absent(session, crawl)
    return Ending(crawl, len(gone), tuple(mark_gone(session, gone, now=now)))


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


def _tally(crawl: Crawl) -> Tally:
    return Tally(
        pages=crawl.seen + crawl.unchanged + crawl.unreadable,
        documents=crawl.documents,
        expected=crawl.expected,
        broken=crawl.broken,
        unreadable=crawl.unreadable,
    )


def _absent(session: Session, crawl: Crawl) -> list[tuple[int, str]]:
    """The postings (platform id, key) that are gone now; the others are missed once more.

    A document seen by a later run (an evidence visit in between) was seen since this one began.
    """
    not_seen = (
        Document.source_id == crawl.source_id,
        Document.current.is_(True),
        Document.presence == "online",
        Document.last_crawl_id < crawl.id,
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
        .returning(Document.platform_id, Document.posting_key),
        execution_options=quietly,
    )
    return list(found.all())
