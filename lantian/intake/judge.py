"""What becomes of each visit: its outcome as stored, its digests, and whether it is captured."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from lantian.intake.storable import clean, storable
from lantian.intake.visit import Outcome, Visit, header
from lantian.model import Page
from lantian.reading import ReadDocument, content_digest
from matchers.scan import Matcher, PageContext, ScanResult

_ANSWERS = frozenset({"seen", "gone"})


@dataclass(slots=True)
class PageState:
    """A page as the store has it, or as this batch will leave it; `id` 0 is not stored yet."""

    id: int
    url: str
    first_seen_at: datetime
    last_visit_at: datetime
    last_outcome: str
    last_capture_id: int | None = None
    content_digest: str | None = None
    etag: str | None = None
    last_modified: str | None = None


@dataclass(slots=True)
class Judged:
    """One visit with what was found about it.

    `digest` is that of the content; `captured`: a capture is made. `scans` go with the reading's
    documents; empty where nothing was scanned. `capture_id` is filled in when it is known.
    """

    visit: Visit
    page: PageState
    outcome: Outcome
    digest: str
    captured: bool
    detail: str
    scans: tuple[ScanResult, ...] = ()
    capture_id: int | None = None
    hits_stood: bool | None = None
    records: list[dict[str, Any]] = field(default_factory=list)

    @property
    def hit_count(self) -> int:
        """Hits in all documents of the reading."""
        return sum(len(scan.hits) for scan in self.scans)


def sha256(data: bytes) -> str:
    """The digest of bytes, with the name of its algorithm."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def judge(
    session: Session, visits: Sequence[Visit], *, source_id: int, matcher: Matcher
) -> list[Judged]:
    """Each visit in order, judged against what the store knows of its page; pages are stored."""
    pages = _pages(session, visits, source_id)
    judged = [_judge(visit, pages[visit.url]) for visit in visits]
    _scan(judged, matcher)
    _add_pages(session, pages, source_id)
    return judged


def _judge(given: Visit, page: PageState) -> Judged:
    visit = storable(given)
    # The digest is of what was read, so that whoever reads the capture again finds the same.
    reading = given.reading
    outcome, detail = visit.outcome, visit.detail
    if reading is None:
        digest = sha256(visit.body)
    elif reading.unreadable is None:
        digest = content_digest(reading)
    else:
        # Nothing was read, so only the bytes can tell one such page from another.
        digest = sha256(visit.body)
        if outcome == "seen":
            outcome, detail = "failed", f"unreadable: {clean(reading.unreadable)}"
    known = digest == page.content_digest
    if outcome == "seen" and known:
        outcome = "unchanged"
    read = outcome in _ANSWERS or (reading is not None and reading.unreadable is not None)
    captured = visit.status is not None and (
        visit.purpose != "crawl" or (read and not known and visit.outcome != "unchanged")
    )
    found = Judged(visit, page, outcome, digest, captured, detail)
    _note(page, found)
    return found


def _scan(judged: Sequence[Judged], matcher: Matcher) -> None:
    """Match the documents of all captures, which is sooner done together than one by one."""
    documents = [_documents(one) for one in judged]
    every = [document for some in documents for document in some]
    scans = matcher.scan_many(
        (one.text for one in every),
        map(page_of, every),
    )
    for one, some in zip(judged, documents, strict=True):
        one.scans = tuple(islice(scans, len(some)))


def page_of(document: ReadDocument) -> PageContext:
    """What the matcher is told of the page beside the document's text."""
    return PageContext(document.title, document.seller_name, document.kind)


def _documents(found: Judged) -> Sequence[ReadDocument]:
    """The documents of a visit that are matched: those of a capture that could be read."""
    reading = found.visit.reading
    if not found.captured or found.outcome not in {"seen", "unchanged"} or reading is None:
        return ()
    return reading.documents


def _note(page: PageState, found: Judged) -> None:
    """Leave on the page what this visit says of it.

    Only crawls decide what its content is: an evidence visit sees it through the browser, and a
    difference between the two is no news. A refused visit says nothing of content.
    """
    visit = found.visit
    page.last_visit_at = visit.at
    page.last_outcome = found.outcome
    if visit.purpose != "crawl":
        return
    if found.captured:
        page.content_digest = found.digest
    if visit.outcome == "seen":
        page.etag = header(visit.raw_head, "etag")
        page.last_modified = header(visit.raw_head, "last-modified")
    elif found.outcome == "gone":
        page.etag = page.last_modified = None


def _pages(session: Session, visits: Sequence[Visit], source_id: int) -> dict[str, PageState]:
    urls = list({visit.url for visit in visits})
    statement = select(
        Page.id,
        Page.url,
        Page.first_seen_at,
        Page.last_visit_at,
        Page.last_outcome,
        Page.last_capture_id,
        Page.content_digest,
        Page.etag,
        Page.last_modified,
    ).where(Page.source_id == source_id, Page.url.in_(urls))
    pages = {row.url: PageState(*row) for row in session.execute(statement)}
    for visit in visits:
        if visit.url not in pages:
            pages[visit.url] = PageState(0, visit.url, visit.at, visit.at, visit.outcome)
    return pages


def _add_pages(session: Session, pages: dict[str, PageState], source_id: int) -> None:
    new = [page for page in pages.values() if page.id == 0]
    if not new:
        return
    rows = [
        {
            "source_id": source_id,
            "url": page.url,
            "first_seen_at": page.first_seen_at,
            "last_visit_at": page.last_visit_at,
            "last_outcome": page.last_outcome,
        }
        for page in new
    ]
    statement = insert(Page).returning(Page.id, sort_by_parameter_order=True)
    for page, page_id in zip(new, session.scalars(statement, rows), strict=True):
        page.id = page_id


def store_pages(session: Session, judged: Sequence[Judged]) -> None:
    """Write what the visits left on their pages."""
    pages = {found.page.id: found.page for found in judged}
    session.execute(
        update(Page),
        [
            {
                "id": page.id,
                "last_visit_at": page.last_visit_at,
                "last_outcome": page.last_outcome,
                "last_capture_id": page.last_capture_id,
                "content_digest": page.content_digest,
                "etag": page.etag,
                "last_modified": page.last_modified,
            }
            for page in pages.values()
        ],
    )
