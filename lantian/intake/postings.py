"""Documents: what was read becomes versions of postings, and what was seen again says so."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from lantian.intake import events
from lantian.intake.context import IntakeContext
from lantian.intake.judge import Judged, hits_in_noise, sha256
from lantian.intake.sellers import store_sellers
from lantian.model import Document
from lantian.pictures.known import Place
from lantian.reading import ReadDocument
from lantian.reading.matter import matter as matter_of
from lantian.reading.matter import steady_fields, text_matter_digest
from lantian.store.rows import add_with_ids, change_rows
from matchers.scan import ScanResult


@dataclass(slots=True)
class Posting:
    """The newest version of a posting, as the store has it or as this batch will leave it.

    `id` 0 is not stored yet; `row` holds what is to be inserted. `scan` are the hits of this
    very text, if it was scanned; `seen_at` and `page_id` say where this batch saw it. `was_gone`
    says that it had been found gone before this batch. `places` say where what is written in its
    `pictures` stands in the text.
    """

    id: int
    key: str
    version: int
    text_digest: str
    content: tuple[Any, ...]
    page_id: int
    matter_digest: str | None = None
    was_gone: bool = False
    seen_at: datetime | None = None
    row: dict[str, Any] = field(default_factory=dict)
    scan: ScanResult | None = None
    pictures: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()


_FOUND = (
    Document.id,
    Document.posting_key,
    Document.version,
    Document.text_digest,
    Document.title,
    Document.kind,
    Document.seller_id,
    Document.price,
    Document.fields,
    Document.page_id,
    Document.matter_digest,
    Document.presence,
    Document.pictures,
)


def store_postings(
    session: Session, judged: Sequence[Judged], ctx: IntakeContext
) -> tuple[dict[str, Posting], int, int]:
    """The postings that this batch saw by key, stored; how many new versions there are.

    Third, how many were not read again because their page answered "not modified".
    """
    sightings = [
        (found, index, document)
        for found in judged
        if found.capture_id is not None
        and found.outcome in {"seen", "unchanged"}
        and found.visit.reading is not None
        for index, document in enumerate(found.visit.reading.documents)
    ]
    postings = _known(session, {one.posting_key for _, _, one in sightings}, ctx.platform_id)
    sellers = store_sellers(
        session,
        [(found.visit.at, one) for found, _, one in sightings],
        ctx.platform_id,
        ctx.seller_fields,
    )
    superseded: list[int] = []
    versions: list[Posting] = []
    for found, index, document in sightings:
        known = postings.get(document.posting_key)
        seen = _sight(
            found, index, known, sellers.get(document.seller_key), document=document, ctx=ctx
        )
        if seen is not known:
            versions.append(seen)
            postings[seen.key] = seen
            if known is not None and known.id:
                superseded.append(known.id)
            elif known is not None:
                known.row["current"] = False
        seen.seen_at, seen.page_id = found.visit.at, found.page.id
    not_modified = _not_modified(session, judged, postings, ctx)
    _write(session, postings, versions, superseded, ctx)
    _tell_of_return(session, postings, judged, ctx)
    return postings, len(versions), not_modified


def _sight(
    found: Judged,
    index: int,
    known: Posting | None,
    seller_id: int | None,
    *,
    document: ReadDocument,
    ctx: IntakeContext,
) -> Posting:
    """The posting as `known`, or as a new version of it.

    Only a page that changed makes a new version of a known posting: two pages that show one
    posting differently would otherwise make two at every crawl. An evidence visit makes none,
    as the browser may show the text a little otherwise.
    """
    visit = found.visit
    volatile = visit.reading.volatile if visit.reading else ()
    content = _steady(
        (document.title, document.kind, seller_id, document.price, document.fields), volatile
    )
    digest = sha256(document.text.encode("utf-8", "surrogatepass"))
    matter = found.matters[index] if found.matters else text_matter_digest(document.text)
    scan = found.scans[index] if found.scans else None
    if known is not None:
        # What changes by itself is left out on both sides.
        same = (
            _same_text(known, digest, matter, document, scan)
            and _steady(known.content, volatile) == content
            and _paths(known.pictures) == _paths(document.pictures)
        )
        if same or found.outcome == "unchanged" or visit.purpose == "evidence":
            if known.text_digest == digest and scan is not None:
                known.scan = scan
            return known
    version = known.version + 1 if known else 1
    row = {
        "source_id": ctx.source_id,
        "platform_id": ctx.platform_id,
        "posting_key": document.posting_key,
        "version": version,
        "current": True,
        "kind": document.kind,
        "page_id": found.page.id,
        "capture_id": found.capture_id,
        "seller_id": seller_id,
        "url": document.url,
        "title": document.title,
        "text": document.text,
        "text_digest": digest,
        "matter_digest": matter,
        "price": document.price,
        "posted_at": document.posted_at,
        "fields": document.fields,
        "pictures": list(document.pictures),
        "reader_version": ctx.reader_version,
        "profile_version": ctx.profile_version,
        "first_seen_at": visit.at,
        "last_seen_at": visit.at,
        "last_crawl_id": ctx.crawl_id,
        "missed_crawls": 0,
        "presence": "online",
    }
    full = (document.title, document.kind, seller_id, document.price, document.fields)
    return Posting(
        0,
        document.posting_key,
        version,
        digest,
        full,
        found.page.id,
        matter_digest=matter,
        was_gone=known is not None and known.was_gone,
        row=row,
        scan=scan,
        pictures=document.pictures,
        places=found.places[index] if found.places else (),
    )


def _paths(pictures: Iterable[str]) -> list[str]:
    return [url.partition("?")[0] for url in pictures]


def _same_text(
    known: Posting, digest: str, matter: str, document: ReadDocument, scan: ScanResult | None
) -> bool:
    """Whether the text says what is known: only noise may differ, and no claim may be in it."""
    if known.text_digest == digest:
        return True
    return known.matter_digest == matter and not hits_in_noise(document.text, scan)


def _steady(content: tuple[Any, ...], volatile: Iterable[str]) -> tuple[Any, ...]:
    """Title, kind, seller, price and fields as far as they matter."""
    title, *others, fields = content
    return (matter_of(title), *others, steady_fields(fields, volatile))


def _known(session: Session, keys: Iterable[str], platform_id: int) -> dict[str, Posting]:
    wanted = list(keys)
    if not wanted:
        return {}
    found = _current(session, Document.platform_id == platform_id, Document.posting_key.in_(wanted))
    return {posting.key: posting for posting in found}


def _current(session: Session, *conditions: ColumnElement[bool]) -> list[Posting]:
    statement = select(*_FOUND).where(*conditions, Document.current.is_(True))
    return [
        Posting(
            row.id,
            row.posting_key,
            row.version,
            row.text_digest,
            (row.title, row.kind, row.seller_id, row.price, row.fields),
            row.page_id,
            row.matter_digest,
            row.presence == "gone",
            pictures=tuple(row.pictures),
        )
        for row in session.execute(statement)
    ]


def _not_modified(
    session: Session, judged: Sequence[Judged], postings: dict[str, Posting], ctx: IntakeContext
) -> int:
    """A page that answered "not modified" still shows what it showed."""
    at = {
        found.page.id: found.visit.at
        for found in judged
        if found.outcome == "unchanged" and found.visit.reading is None
    }
    if not at:
        return 0
    before = len(postings)
    for posting in _current(
        session,
        Document.source_id == ctx.source_id,
        Document.page_id.in_(at),
        Document.presence == "online",
    ):
        seen = postings.setdefault(posting.key, posting)
        seen.seen_at = seen.seen_at or at[posting.page_id]
    return len(postings) - before


def _write(
    session: Session,
    postings: dict[str, Posting],
    versions: Sequence[Posting],
    superseded: Sequence[int],
    ctx: IntakeContext,
) -> None:
    if superseded:
        session.execute(
            update(Document).where(Document.id.in_(superseded)).values(current=False),
            execution_options={"synchronize_session": False},
        )
    again = [
        {
            "id": posting.id,
            "page_id": posting.page_id,
            "last_seen_at": posting.seen_at,
            "last_crawl_id": ctx.crawl_id,
            "missed_crawls": 0,
            "presence": "online",
        }
        for posting in postings.values()
        if posting.id
    ]
    change_rows(session, Document, again)
    rows = [posting.row for posting in versions]
    ids = add_with_ids(session, Document, rows, key=("posting_key", "version"))
    for posting, document_id in zip(versions, ids, strict=True):
        posting.id = document_id


def _tell_of_return(
    session: Session,
    postings: dict[str, Posting],
    judged: Sequence[Judged],
    ctx: IntakeContext,
) -> None:
    """Events for the postings that had gone and are there again."""
    recorded = {found.visit.at: found.visit.real_at for found in judged}
    for posting in postings.values():
        if posting.was_gone and posting.seen_at is not None:
            moved = events.Moved(ctx.platform_id, posting.key, posting.id, events.SEEN_AGAIN)
            at = posting.seen_at
            events.tell(
                session,
                events.BACK,
                [moved],
                crawl_id=ctx.crawl_id,
                at=at,
                recorded_at=recorded.get(at, at),
            )
