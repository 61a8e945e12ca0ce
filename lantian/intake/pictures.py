"""Pictures of documents: which are to be fetched and read, and what follows from what they say."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, exists, insert, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from lantian.clues.likeness import group_clues
from lantian.intake.findings import ask_for_evidence, form_clues, store_hits
from lantian.intake.judge import Judged, sha256
from lantian.intake.postings import Posting
from lantian.model import Capture, Document, Hit, Page, Picture, PicturePlace, Seller
from lantian.pictures.known import Place, joined, known_pictures, without_pictures
from lantian.pictures.lines import ReadPicture
from lantian.reading.matter import text_matter_digest
from lantian.store import jobs
from matchers import words
from matchers.scan import Matcher, PageContext

PLATFORM_LOCK = 7_140_515
"""Whoever writes versions of a platform's postings waits for this lock."""
MOST_TOGETHER = 50
"""Documents whose pictures are joined to them in one transaction."""
_WAITING = "waiting"
_CHUNK = 500
_COLUMNS = tuple(
    column.key
    for column in Document.__table__.columns
    if column.key not in {"id", "version", "text", "text_digest", "matter_digest"}
)


def lock_platform(session: Session, platform_id: int) -> None:
    """Two sources of one platform may show the same posting: their batches go one by one."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(
            text("select pg_advisory_xact_lock(:room, :platform)"),
            {"room": PLATFORM_LOCK, "platform": platform_id},
        )


def expect_pictures(
    session: Session, postings: Mapping[str, Posting], *, source_id: int, now: datetime
) -> None:
    """A page for each picture that new versions show and nobody fetched yet, and their places.

    The pages wait for the job that fetches pictures (`pictures_due`).
    """
    showing = [one for one in postings.values() if one.row and one.pictures]
    if not showing:
        return
    urls = {url for posting in showing for url in posting.pictures}
    pages = _pages(session, source_id, urls)
    unknown = urls - pages.keys()
    new = [
        {
            "source_id": source_id,
            "url": url,
            "first_seen_at": now,
            "last_visit_at": now,
            "last_outcome": _WAITING,
            "role": "picture",
            "depth": 0,
            "looks": [],
        }
        for url in sorted(unknown)
    ]
    if new:
        _insert_new(session, Page, new, ["source_id", "url"])
        pages |= _pages(session, source_id, unknown)
    for posting in showing:
        told = {place.number: place for place in posting.places}
        places = [
            told.get(number) or Place(number, pages[url])
            for number, url in enumerate(posting.pictures)
            if url in pages
        ]
        _store_places(session, posting.id, places)


def _pages(session: Session, source_id: int, urls: set[str]) -> dict[str, int]:
    statement = select(Page.url, Page.id).where(
        Page.source_id == source_id, Page.url.in_(urls), Page.role == "picture"
    )
    return {row.url: row.id for row in session.execute(statement)}


def _store_places(session: Session, document_id: int, places: Sequence[Place]) -> None:
    rows = [
        {
            "document_id": document_id,
            "number": one.number,
            "page_id": one.page_id,
            "picture_id": one.picture_id,
            "capture_id": one.capture_id,
            "start": one.start,
            "end": one.end,
        }
        for one in places
    ]
    if rows:
        session.execute(insert(PicturePlace), rows)


def _insert_new(
    session: Session, entity: type[Page | Picture], rows: Sequence[Any], unique: list[str]
) -> None:
    add = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(add(entity).on_conflict_do_nothing(index_elements=unique), rows)


def note_pictures(session: Session, judged: Sequence[Judged]) -> None:
    """The pictures that were captured wait to be read; bytes that are known already were."""
    digests = {
        found.records[0]["digest"]
        for found in judged
        if found.captured and found.visit.role == "picture" and found.outcome == "seen"
    }
    rows = [{"digest": digest, "lines": []} for digest in sorted(digests)]
    if rows:
        _insert_new(session, Picture, rows, ["digest"])


def keep_pictures(session: Session, document_ids: Iterable[int]) -> None:
    """Captures of pictures in which something was found are kept, as those of pages are."""
    ids = list(dict.fromkeys(document_ids))
    found: Counter[int] = Counter()
    for start in range(0, len(ids), _CHUNK):
        statement = (
            select(PicturePlace.capture_id)
            .join(Hit, Hit.document_id == PicturePlace.document_id)
            .where(PicturePlace.document_id.in_(ids[start : start + _CHUNK]))
            .where(PicturePlace.start < Hit.end, Hit.start < PicturePlace.end)
        )
        found.update(one for one in session.scalars(statement) if one is not None)
    for capture_id, hits in sorted(found.items()):
        session.execute(
            update(Capture)
            .where(Capture.id == capture_id, Capture.hit_count < hits)
            .values(hit_count=hits, expires_at=None),
            execution_options={"synchronize_session": False},
        )


def forget_pictures(session: Session, document_ids: Sequence[int]) -> None:
    """What is written in the pictures of documents that are forgotten is forgotten with them.

    What another document shows as well stays. Where one comes back it is fetched and read anew.
    """
    quietly = {"synchronize_session": False}
    gone = select(PicturePlace.page_id, PicturePlace.picture_id).where(
        PicturePlace.document_id.in_(document_ids)
    )
    rows = session.execute(gone).all()
    if not rows:
        return
    session.execute(
        update(PicturePlace)
        .where(PicturePlace.document_id.in_(document_ids))
        .values(picture_id=None, capture_id=None, start=None, end=None),
        execution_options=quietly,
    )
    session.execute(
        update(Picture)
        .where(Picture.id.in_({row.picture_id for row in rows if row.picture_id is not None}))
        .where(~exists().where(PicturePlace.picture_id == Picture.id))
        .values(state=_WAITING, lines=[], read_at=None),
        execution_options=quietly,
    )
    session.execute(
        update(Page)
        .where(Page.id.in_({row.page_id for row in rows}))
        .where(
            ~exists().where(PicturePlace.page_id == Page.id, PicturePlace.picture_id.is_not(None))
        )
        .values(content_digest=None, looked_at=None, due_at=None, looks=[]),
        execution_options=quietly,
    )


def pictures_due(source_id: int, now: datetime) -> Select[Page]:
    """The pictures of a source that are to be fetched now, longest waiting first.

    Of those that a document shows which is on line: what was never seen and, when it may have
    changed, what is written in it.
    """
    shown = and_(
        PicturePlace.page_id == Page.id,
        Document.id == PicturePlace.document_id,
        Document.current.is_(True),
        Document.presence == "online",
        Document.forgotten_at.is_(None),
    )
    due = Page.due_at <= now
    return (
        select(Page)
        .where(Page.source_id == source_id, Page.role == "picture")
        .where(
            or_(
                and_(
                    Page.looked_at.is_(None), or_(Page.due_at.is_(None), due), exists().where(shown)
                ),
                and_(due, exists().where(shown, PicturePlace.start.is_not(None))),
            )
        )
        .order_by(Page.due_at.asc().nulls_first(), Page.id)
    )


def ask_for_pictures(session: Session, source_id: int, key: str, *, now: datetime) -> bool:
    """Whether a job was made that fetches the pictures of a source that are due."""
    if session.scalars(pictures_due(source_id, now).limit(1)).first() is None:
        return False
    return jobs.enqueue(
        session,
        kind="pictures",
        key=f"pictures:{key}",
        payload={"source_id": source_id},
        due=now,
        now=now,
        lane=f"source:{source_id}",
    )


def ask_to_read(session: Session, crawl_id: int, *, now: datetime) -> bool:
    """Whether a job was made that reads what a run over pictures captured."""
    if session.execute(waiting_pictures(crawl_id).limit(1)).first() is None:
        return False
    return jobs.enqueue(
        session,
        kind="read_pictures",
        key=f"read_pictures:{crawl_id}",
        payload={"crawl_id": crawl_id},
        due=now,
        now=now,
    )


def waiting_pictures(crawl_id: int) -> Select[int, int]:
    """Pictures that a run captured and nobody read, each with its newest capture of that run."""
    newest = (
        select(Capture.id)
        .where(Capture.crawl_id == crawl_id, Capture.payload_digest == Picture.digest)
        .order_by(Capture.id.desc())
        .limit(1)
        .correlate(Picture)
        .scalar_subquery()
    )
    return (
        select(Picture.id, newest)
        .where(Picture.state == _WAITING)
        .where(
            exists().where(Capture.crawl_id == crawl_id, Capture.payload_digest == Picture.digest)
        )
        .order_by(Picture.id)
    )


def note_read(
    session: Session, picture_id: int, read: ReadPicture, *, reader: str, now: datetime
) -> None:
    """Keep what a picture says, for all pages that show it."""
    session.execute(
        update(Picture)
        .where(Picture.id == picture_id)
        .values(
            state=read.state,
            why=read.why[:500],
            media_type=read.media_type,
            width=read.width,
            height=read.height,
            lines=[line.told() for line in read.lines],
            reader=reader,
            read_at=now,
        ),
        execution_options={"synchronize_session": False},
    )


def documents_to_join(crawl_id: int) -> Select[int]:
    """The newest versions that show a picture of that run which is not in their text yet."""
    return (
        select(PicturePlace.document_id)
        .join(Document, Document.id == PicturePlace.document_id)
        .join(Page, Page.id == PicturePlace.page_id)
        .join(Capture, Capture.id == Page.last_capture_id)
        .join(Picture, Picture.digest == Capture.payload_digest)
        .where(Capture.crawl_id == crawl_id, Document.current.is_(True))
        .where(Picture.state != _WAITING)
        .where(or_(PicturePlace.picture_id.is_(None), PicturePlace.picture_id != Picture.id))
        .distinct()
        .order_by(PicturePlace.document_id)
    )


@dataclass(frozen=True, slots=True)
class Joined:
    """What joining did: new versions, new hits, and the clues that they made or changed."""

    versions: int = 0
    hits: int = 0
    clue_ids: tuple[int, ...] = ()


def join_pictures(
    session: Session,
    document_ids: Sequence[int],
    matcher: Matcher,
    *,
    now: datetime,
    tokenise: Callable[[str], list[str]] = words.tokens_for_index,
) -> Joined:
    """Make versions whose text holds what their pictures say by now; match them.

    A version whose pictures say nothing new stays. A page in whose pictures the first hit is found
    is kept from now on, as are the pictures, and asks for an evidence visit.
    """
    statement = (
        select(Document, Seller.name)
        .outerjoin(Seller, Seller.id == Document.seller_id)
        .where(Document.id.in_(document_ids), Document.current.is_(True))
        .order_by(Document.id)
    )
    for platform_id in sorted(set(session.scalars(_platforms(document_ids)))):
        lock_platform(session, platform_id)
    rows = session.execute(statement, execution_options={"populate_existing": True}).all()
    made = [
        (new, seller or "")
        for old, seller in rows
        if (new := _with_pictures(session, old)) is not None
    ]
    if not made:
        return Joined()
    scans = matcher.scan_many(
        (document.text for document, _ in made),
        (PageContext(document.title, seller, document.kind) for document, seller in made),
    )
    found = [(document.id, scan) for (document, _), scan in zip(made, scans, strict=True)]
    fresh = store_hits(session, found, pack_hash=matcher.pack_hash, now=now)
    keep_pictures(session, fresh)
    _keep_pages(session, [document for document, _ in made], fresh, now=now)
    ids = [document.id for document, _ in made]
    clues = form_clues(session, ids, pack_hash=matcher.pack_hash, now=now, tokenise=tokenise)
    group_clues(session, clues, matcher.tables)
    return Joined(len(made), len(fresh), tuple(clues))


def _platforms(document_ids: Sequence[int]) -> Select[int]:
    return select(Document.platform_id).where(Document.id.in_(document_ids)).distinct()


def _with_pictures(session: Session, document: Document) -> Document | None:
    """The new version that says what its pictures say by now; none if it says that already."""
    places = session.scalars(
        select(PicturePlace)
        .where(PicturePlace.document_id == document.id)
        .order_by(PicturePlace.number)
    ).all()
    known = known_pictures(session, document.source_id, document.pictures)
    own = without_pictures(document.text, [place.start for place in places])
    full, now_there = joined(own, document.pictures, known)
    if full == document.text:
        # Nothing is written in them; that they were looked at is worth knowing.
        by_number = {place.number: place for place in now_there}
        for place in places:
            one = by_number.get(place.number)
            if one is not None and place.start is None:
                place.picture_id, place.capture_id = one.picture_id, one.capture_id
        return None
    values = {name: getattr(document, name) for name in _COLUMNS}
    new = Document(
        **values,
        version=document.version + 1,
        text=full,
        text_digest=sha256(full.encode("utf-8", "surrogatepass")),
        matter_digest=text_matter_digest(full),
    )
    document.current = False
    session.flush()
    session.add(new)
    session.flush()
    _store_places(session, new.id, now_there)
    return new


def _keep_pages(
    session: Session, documents: Sequence[Document], fresh: Sequence[int], *, now: datetime
) -> None:
    """Captures of pages in whose pictures the first hit was found."""
    hits = Counter(fresh)
    for document in documents:
        if not hits[document.id]:
            continue
        capture = session.get_one(Capture, document.capture_id)
        if capture.hit_count == 0:
            capture.hit_count, capture.expires_at = hits[document.id], None
            if document.url.startswith(("http://", "https://")):
                ask_for_evidence(
                    session,
                    source_id=document.source_id,
                    page_id=capture.page_id,
                    capture_id=capture.id,
                    now=now,
                )
    session.flush()
