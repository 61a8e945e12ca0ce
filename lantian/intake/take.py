"""A batch of visits in: captures, documents, hits, clues and jobs out, in one transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lantian.clues.likeness import group_clues
from lantian.intake import events
from lantian.intake.captures import (
    store_captures,
    store_observations,
    write_records,
    write_revisits,
)
from lantian.intake.context import BatchResult, IntakeContext
from lantian.intake.day import spend
from lantian.intake.findings import ask_for_evidence, mark_gone, store_clues, store_hits
from lantian.intake.judge import Judged, judge, page_of, store_pages
from lantian.intake.persons import BY_HAND, note_tasks
from lantian.intake.pictures import expect_pictures, keep_pictures, lock_platform, note_pictures
from lantian.intake.postings import Posting, store_postings
from lantian.intake.visit import LASTING, Visit
from lantian.model import Capture, Clue, Crawl, Document
from lantian.rulebook.shadow import Scanned
from lantian.store import frontier, jobs
from matchers.scan import ScanResult

MOST_VISITS = 50
"""Visits of one batch; more would hold the store's one write lock too long."""


def take_batch(session: Session, visits: Sequence[Visit], ctx: IntakeContext) -> BatchResult:
    """What the visits left in the store, written in the caller's one transaction.

    Bytes go first, into the writer's own WARC file, and are on the disk before the rows that
    name them; call it inside `ctx.warc.batch()`, which takes them back if the transaction fails.
    Raises `LeaseLost` if another holds the crawl's job by now, and `ValueError` for a
    batch of more than 50 visits.
    """
    if len(visits) > MOST_VISITS:
        raise ValueError(f"{len(visits)} visits in one batch; at most {MOST_VISITS} are taken.")
    jobs.require(session, ctx.job_id, ctx.token)
    if not visits:
        return BatchResult()
    lock_platform(session, ctx.platform_id)
    now = ctx.clock.now()
    judged = judge(session, visits, source_id=ctx.source_id, matcher=ctx.matcher, bounds=ctx.bounds)
    _see_what_stood(session, judged)
    captures = write_records(judged, ctx)
    write_revisits(session, judged, ctx.warc)
    store_captures(session, judged, ctx)
    store_observations(session, judged, ctx)
    store_pages(session, judged)
    gone = _gone_at_once(session, judged, ctx, now=now)
    postings, versions, not_modified = store_postings(session, judged, ctx)
    note_pictures(session, judged)
    if ctx.pictures:
        expect_pictures(session, postings, source_id=ctx.source_id, now=now)
    fresh = store_hits(session, _scans(postings), pack_hash=ctx.matcher.pack_hash, now=now)
    if any(found.places for found in judged):
        keep_pictures(session, fresh)
    clues = store_clues(
        session,
        postings,
        fresh,
        platform_id=ctx.platform_id,
        pack_hash=ctx.matcher.pack_hash,
        now=now,
        tokenise=ctx.tokenise,
    )
    if ctx.shadow is not None:
        read = _read_texts(judged, postings)
        ctx.shadow.look(session, read, live_hash=ctx.matcher.pack_hash, now=now)
    _ask_for_visits(session, judged, ctx, now=now)
    note_tasks(session, judged, ctx)
    planned = _move_frontier(session, judged, ctx)
    _count(session, judged, ctx, not_modified=not_modified, hits=len(fresh))
    group_clues(session, clues, ctx.matcher.tables)
    return BatchResult(
        outcomes={found.visit.row_id: found.outcome for found in judged},
        captures=captures,
        documents=versions,
        hits=len(fresh),
        planned=planned,
        clue_ids=tuple(dict.fromkeys((*gone, *clues))),
    )


def _see_what_stood(session: Session, judged: Sequence[Judged]) -> None:
    """For evidence visits and re-checks: whether what was found there before still hits."""
    asked = [found for found in judged if found.visit.purpose not in LASTING]
    if not asked:
        return
    statement = (
        select(Document.page_id, Document.posting_key, Capture.via)
        .join(Clue, Clue.document_id == Document.id)
        .join(Capture, Capture.id == Document.capture_id)
        .where(
            Document.page_id.in_([found.page.id for found in asked]),
            # One posting that went long ago says nothing about the others of its page.
            Clue.presence != "gone",
        )
    )
    addresses = {found.page.id: found.page.url for found in asked}
    before: dict[int, set[str]] = {}
    for page_id, key, via in session.execute(statement):
        # Rows that others wrote down of one page are told apart by a key that it does not have.
        before.setdefault(page_id, set()).add(addresses[page_id] if via == "handed" else key)
    for found in asked:
        reading = found.visit.reading
        if found.outcome == "gone":
            found.hits_stood = False
        elif found.outcome in {"seen", "unchanged"} and reading is not None:
            documents = reading.documents if found.scans else ()
            hit = {
                document.posting_key
                for document, scan in zip(documents, found.scans, strict=True)
                if scan.hits
            }
            expected = before.get(found.page.id)
            found.hits_stood = expected <= hit if expected else bool(hit)


def _gone_at_once(
    session: Session, judged: Sequence[Judged], ctx: IntakeContext, *, now: datetime
) -> list[int]:
    """The clues of postings whose page says that they are gone, marked so."""
    gone = {found.page.id: found for found in judged if found.outcome == "gone"}
    if not gone:
        return []
    statement = (
        update(Document)
        .where(
            Document.page_id.in_(gone),
            Document.current.is_(True),
            Document.presence != "gone",
        )
        .values(presence="gone")
        .returning(Document.platform_id, Document.posting_key, Document.id, Document.page_id)
    )
    rows = session.execute(statement, execution_options={"synchronize_session": False}).all()
    for page_id, found in gone.items():
        status = found.visit.status
        detail = f"status {status}" if status in {404, 410} else events.REMOVED
        moved = [events.Moved(*row[:3], detail) for row in rows if row.page_id == page_id]
        at, recorded_at = found.visit.at, found.visit.real_at
        events.tell(
            session, events.GONE, moved, crawl_id=ctx.crawl_id, at=at, recorded_at=recorded_at
        )
    return mark_gone(session, [(row[0], row[1]) for row in rows], now=now)


def _scans(postings: dict[str, Posting]) -> list[tuple[int, ScanResult]]:
    return [(posting.id, posting.scan) for posting in postings.values() if posting.scan]


def _read_texts(judged: Sequence[Judged], postings: dict[str, Posting]) -> list[Scanned]:
    """The documents whose very text the pack that runs has read in this batch."""
    return [
        Scanned(posting.id, one.text, page_of(one))
        for found in judged
        if found.scans and found.visit.reading is not None
        for one, scan in zip(found.visit.reading.documents, found.scans, strict=True)
        if (posting := postings.get(one.posting_key)) is not None and posting.scan is scan
    ]


def _ask_for_visits(
    session: Session, judged: Sequence[Judged], ctx: IntakeContext, *, now: datetime
) -> None:
    """A visit with the browser for each new capture in which a crawl found a claim."""
    for found in judged:
        new = found.captured and found.visit.purpose == "crawl"
        fetchable = found.page.url.startswith(("http://", "https://"))
        # Where a person had to look, the browser alone would see the wall.
        by_hand = BY_HAND in found.visit.notes
        if new and fetchable and not by_hand and found.hit_count and found.capture_id:
            ask_for_evidence(
                session,
                source_id=ctx.source_id,
                page_id=found.page.id,
                capture_id=found.capture_id,
                now=now,
            )


def _move_frontier(session: Session, judged: Sequence[Judged], ctx: IntakeContext) -> int:
    links = {link.fingerprint: link for found in judged for link in found.visit.links}
    planned = frontier.plan(session, ctx.crawl_id, links.values())
    outcomes = {found.visit.row_id: found.outcome for found in judged}
    frontier.mark_done(session, ctx.crawl_id, dict(outcomes))
    return planned


def _count(
    session: Session, judged: Sequence[Judged], ctx: IntakeContext, *, not_modified: int, hits: int
) -> None:
    """Raise the crawl's own counts, from which its alarms are made."""
    read = [
        found.visit.reading
        for found in judged
        if found.outcome in {"seen", "unchanged"} and found.visit.reading is not None
    ]
    broken = sum(
        len(reading.absent) + sum(bool(document.missing) for document in reading.documents)
        for reading in read
    )
    absent = sum(len(reading.absent) for reading in read)
    documents = not_modified + sum(len(reading.documents) for reading in read)
    browser = sum(found.visit.via == "browser" for found in judged)
    unreadable = sum(
        found.visit.reading is not None and found.visit.reading.unreadable is not None
        for found in judged
    )
    noise = sum(found.noise for found in judged)
    spend(session, ctx.source_id, [found.visit for found in judged])
    session.execute(
        update(Crawl)
        .where(Crawl.id == ctx.crawl_id)
        .values(
            documents=Crawl.documents + documents,
            hits=Crawl.hits + hits,
            browser_pages=Crawl.browser_pages + browser,
            expected=Crawl.expected + documents + absent,
            broken=Crawl.broken + broken,
            unreadable=Crawl.unreadable + unreadable,
            noise=Crawl.noise + noise,
        ),
        execution_options={"synchronize_session": False},
    )
