"""What becomes of each visit: its outcome as stored, its digests, and whether it is captured."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.intake.interval import Bounds, next_interval, remembered
from lantian.intake.storable import clean, storable
from lantian.intake.visit import LASTING, Outcome, Visit, header
from lantian.model import Page
from lantian.pictures.known import Known, Place, joined, known_pictures
from lantian.reading import ReadDocument, Reading, content_digest
from lantian.reading.matter import in_noise, matter_digest, noise, text_matter_digest
from lantian.store.rows import add_with_ids, change_rows
from matchers.scan import Matcher, PageContext, ScanResult

_ANSWERS = frozenset({"seen", "gone"})
_LOOKS = frozenset({"seen", "unchanged", "gone"})
ONLY_NOISE = "only counters, times or recommendations changed"


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
    matter_digest: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    role: str = "page"
    depth: int = 0
    looked_at: datetime | None = None
    looks: list[float] = field(default_factory=list)
    due_at: datetime | None = None


@dataclass(slots=True)
class Judged:
    """One visit with what was found about it.

    `digest` is that of the content; `captured`: a capture is made. `scans` go with the reading's
    documents; empty where nothing was scanned. `capture_id` is filled in when it is known.
    `matters` are the digests of what matters of the documents' texts, empty where nothing new was
    read, and `matter` that of the page; `noise` says that nothing else had changed.
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
    matters: tuple[str, ...] = ()
    matter: str | None = None
    noise: bool = False
    revisits: bool = False
    places: tuple[tuple[Place, ...], ...] = ()
    """Of each document where what is written in its pictures stands in its text."""

    @property
    def hit_count(self) -> int:
        """Hits in all documents of the reading."""
        return sum(len(scan.hits) for scan in self.scans)


def sha256(data: bytes) -> str:
    """The digest of bytes, with the name of its algorithm."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def judge(
    session: Session,
    visits: Sequence[Visit],
    *,
    source_id: int,
    matcher: Matcher,
    bounds: Bounds = Bounds(),  # noqa: B008  (frozen)
) -> list[Judged]:
    """Each visit in order, judged against what the store knows of its page; pages are stored."""
    pages = _pages(session, visits, source_id)
    shown = _pictures(session, visits, source_id)
    judged = [_judge(visit, pages[visit.url], matcher, bounds, shown) for visit in visits]
    _scan(judged, matcher)
    _add_pages(session, pages, source_id)
    return judged


def _pictures(session: Session, visits: Sequence[Visit], source_id: int) -> dict[str, Known]:
    """What is known of the pictures that the visited pages show."""
    urls = [
        url
        for visit in visits
        if visit.reading is not None
        for document in visit.reading.documents
        for url in document.pictures
    ]
    return known_pictures(session, source_id, urls) if urls else {}


def _with_pictures(
    visit: Visit, shown: dict[str, Known]
) -> tuple[Visit, tuple[tuple[Place, ...], ...]]:
    """The visit, its documents' texts with what is written in their pictures."""
    reading = visit.reading
    if reading is None or not shown:
        return visit, ()
    both = [joined(one.text, one.pictures, shown) for one in reading.documents]
    documents = tuple(
        replace(one, text=text) if text != one.text else one
        for one, (text, _) in zip(reading.documents, both, strict=True)
    )
    whole = replace(visit, reading=replace(reading, documents=documents))
    return whole, tuple(places for _, places in both)


def _judge(
    given: Visit, page: PageState, matcher: Matcher, bounds: Bounds, shown: dict[str, Known]
) -> Judged:
    plain = storable(given)
    visit, places = _with_pictures(plain, shown)
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
        visit.purpose not in LASTING or (read and not known and visit.outcome != "unchanged")
    )
    found = Judged(visit, page, outcome, digest, captured, detail, places=places)
    if outcome == "seen" and plain.reading is not None:
        _see_what_matters(found, plain.reading, matcher)
    _look(page, found, bounds)
    _note(page, found)
    return found


def _see_what_matters(found: Judged, reading: Reading, matcher: Matcher) -> None:
    """A page of which only noise changed is unchanged: no capture, no version, nothing to match.

    Unless the matcher finds something in the noise: no claim hides behind 相关推荐. What matters of
    the page (`reading`) is told without its pictures, which have pages of their own.
    """
    visit, page = found.visit, found.page
    told = visit.reading or reading
    matters = tuple(text_matter_digest(one.text) for one in reading.documents)
    found.matter = matter_digest(reading, matters)
    found.matters = tuple(
        digest if one is bare else text_matter_digest(one.text)
        for digest, one, bare in zip(matters, told.documents, reading.documents, strict=True)
    )
    if visit.purpose != "crawl" or page.content_digest is None:
        return
    if found.matter != page.matter_digest:
        return
    documents = told.documents
    found.scans = tuple(matcher.scan_many((one.text for one in documents), map(page_of, documents)))
    if any(hits_in_noise(one.text, scan) for one, scan in zip(documents, found.scans, strict=True)):
        return
    found.outcome, found.captured, found.noise, found.scans = "unchanged", False, True, ()
    found.detail = "; ".join(filter(None, (found.detail, ONLY_NOISE)))


def hits_in_noise(text: str, scan: ScanResult | None) -> bool:
    """Whether a hit lies in what is taken for noise, even in part."""
    if scan is None or not scan.hits:
        return False
    spans = noise(text)
    return any(in_noise(spans, hit.start, hit.end) for hit in scan.hits)


def _look(page: PageState, found: Judged, bounds: Bounds) -> None:
    """Let the page rest, or look sooner, after what a crawl saw of it.

    A visit that failed, was blocked or met a log-in wall says nothing: the page stays due.
    """
    visit = found.visit
    if visit.purpose not in LASTING or visit.via == "handed":
        return
    if found.outcome not in _LOOKS:
        if visit.purpose == "pictures":
            # No crawl passes by it again: it is asked for once more when it may have come back.
            page.due_at = visit.at + bounds.least
        return
    if page.looked_at is not None:
        changed = found.outcome == "seen" or (
            found.outcome == "gone" and page.last_outcome != "gone"
        )
        seconds = (visit.at - page.looked_at).total_seconds()
        page.looks = remembered(page.looks, seconds, changed=changed)
    page.looked_at = visit.at
    page.due_at = visit.at + next_interval(page.looks, bounds)


def _scan(judged: Sequence[Judged], matcher: Matcher) -> None:
    """Match the documents of all captures, which is sooner done together than one by one."""
    documents = [_documents(one) for one in judged]
    every = [document for some in documents for document in some]
    scans = matcher.scan_many(
        (one.text for one in every),
        map(page_of, every),
    )
    for one, some in zip(judged, documents, strict=True):
        one.scans = one.scans or tuple(islice(scans, len(some)))


def page_of(document: ReadDocument) -> PageContext:
    """What the matcher is told of the page beside the document's text."""
    return PageContext(document.title, document.seller_name, document.kind)


def _documents(found: Judged) -> Sequence[ReadDocument]:
    """The documents of a visit that are matched: those of a capture that could be read."""
    reading = found.visit.reading
    if not found.captured or found.outcome not in {"seen", "unchanged"} or reading is None:
        return ()
    if found.scans:
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
    if visit.purpose not in LASTING:
        return
    if found.captured:
        page.content_digest = found.digest
        page.matter_digest = found.matter
    if found.captured and visit.outcome == "seen":
        note_validators(page, visit)
    elif found.outcome == "gone":
        page.etag = page.last_modified = None


def note_validators(page: PageState, visit: Visit) -> None:
    """Keep what the answer says of its payload, which must be the one that is kept.

    Whoever is told by them that nothing changed reads the kept payload again.
    """
    page.etag = header(visit.raw_head, "etag")
    page.last_modified = header(visit.raw_head, "last-modified")


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
        Page.matter_digest,
        Page.etag,
        Page.last_modified,
        Page.role,
        Page.depth,
        Page.looked_at,
        Page.looks,
        Page.due_at,
    ).where(Page.source_id == source_id, Page.url.in_(urls))
    pages = {row.url: PageState(*row) for row in session.execute(statement)}
    for visit in visits:
        if visit.url not in pages:
            page = PageState(0, visit.url, visit.at, visit.at, visit.outcome)
            page.role, page.depth = visit.role, visit.depth
            pages[visit.url] = page
        elif visit.purpose == "crawl":
            pages[visit.url].depth = min(pages[visit.url].depth, visit.depth)
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
            "role": page.role,
            "looks": [],
        }
        for page in new
    ]
    for page, page_id in zip(new, add_with_ids(session, Page, rows, key=("url",)), strict=True):
        page.id = page_id


def store_pages(session: Session, judged: Sequence[Judged]) -> None:
    """Write what the visits left on their pages."""
    pages = {found.page.id: found.page for found in judged}
    change_rows(
        session,
        Page,
        [
            {
                "id": page.id,
                "last_visit_at": page.last_visit_at,
                "last_outcome": page.last_outcome,
                "last_capture_id": page.last_capture_id,
                "content_digest": page.content_digest,
                "matter_digest": page.matter_digest,
                "etag": page.etag,
                "last_modified": page.last_modified,
                "depth": page.depth,
                "looked_at": page.looked_at,
                "looks": page.looks,
                "due_at": page.due_at,
            }
            for page in pages.values()
        ],
    )
