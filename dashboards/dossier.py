"""Everything that a person needs to decide one clue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboards.listing import Row, rows_of
from dashboards.pictures import MarkedPicture, marked_pictures
from lantian.clock import legal_day
from lantian.clues.likeness import Group, groups_of
from lantian.errors import NotFound
from lantian.intake.events import events_of
from lantian.intake.handover.origin import Origin, origin_of
from lantian.law import Article, articles_in_force
from lantian.model import (
    Artifact,
    Capture,
    Clue,
    ClueClaim,
    Crawl,
    Decision,
    Document,
    Hit,
    Job,
    Notice,
    NoticeItem,
    Platform,
    PostingEvent,
    Seller,
    Source,
    User,
)
from lantian.search.highlight import Mark, Segment, segments

SIBLINGS = 8


@dataclass(frozen=True, slots=True)
class Ground:
    """One hit and the law that it may touch, as in force on the days the posting was seen."""

    hit: Hit
    number: int
    articles: tuple[Article, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """The screenshot of the newest capture that has one, or why there is none."""

    artifact: Artifact | None
    capture: Capture | None
    stood: bool | None
    missing: str
    """Why there is no picture: waiting, failed, address, or a sentence of its own."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """One clue with everything around it."""

    clue: Clue
    claims: tuple[ClueClaim, ...]
    document: Document
    platform: Platform
    source: Source
    seller: Seller | None
    text: tuple[Segment, ...]
    grounds: tuple[Ground, ...]
    days: tuple[date, date]
    capture: Capture
    picture: Picture
    pictures: tuple[MarkedPicture, ...]
    """Its own pictures in which something was found."""
    crawl: Crawl | None
    decisions: tuple[tuple[Decision, User], ...]
    notices: tuple[tuple[Notice, NoticeItem], ...]
    siblings: tuple[Row, ...]
    group: Group | None
    """Clues of the same text, if there is another."""
    origin: Origin | None
    """Whence it came, if it was handed in."""
    events: tuple[PostingEvent, ...]
    """When the posting went and came back, newest first."""


# One question instead of six: a page of the queue waits for each.
_AROUND = (
    select(Clue, Document, Platform, Source, Seller, Capture)
    .join(Document, Document.id == Clue.document_id)
    .join(Platform, Platform.id == Clue.platform_id)
    .join(Source, Source.id == Clue.source_id)
    .outerjoin(Seller, Seller.id == Clue.seller_id)
    .join(Capture, Capture.id == Document.capture_id)
)


def dossier(session: Session, clue_id: int) -> Dossier:
    """The clue with everything around it; raises `NotFound`."""
    around = session.execute(_AROUND.where(Clue.id == clue_id)).one_or_none()
    if around is None:
        raise NotFound(f"there is no clue {clue_id}.", hint="Go back to the list.")
    clue, document, platform, source, seller, capture = around
    hits = session.scalars(
        select(Hit)
        .where(Hit.document_id == document.id, Hit.pack_hash == clue.pack_hash)
        .order_by(Hit.start, Hit.id)
    ).all()
    days = (legal_day(clue.first_seen_at), legal_day(clue.last_seen_at))
    return Dossier(
        clue=clue,
        claims=tuple(clue.claims),
        document=document,
        platform=platform,
        source=source,
        seller=seller,
        text=tuple(segments(document.text, [Mark(hit.start, hit.end, hit.claim) for hit in hits])),
        grounds=tuple(
            Ground(hit, number, tuple(articles_in_force(hit.law, *days)))
            for number, hit in enumerate(hits, 1)
        ),
        days=days,
        capture=capture,
        picture=_picture(session, document),
        pictures=marked_pictures(session, document, hits) if document.pictures else (),
        crawl=_last_crawl(session, clue.source_id),
        decisions=_decisions(session, clue_id),
        notices=_notices(session, clue_id),
        siblings=_siblings(session, clue),
        group=groups_of(session, [clue_id]).get(clue_id),
        origin=origin_of(session, capture),
        events=tuple(reversed(events_of(session, clue.platform_id, clue.posting_key))),
    )


def _picture(session: Session, document: Document) -> Picture:
    found = session.execute(
        select(Artifact, Capture)
        .join(Capture, Capture.id == Artifact.capture_id)
        .where(Capture.page_id == document.page_id, Artifact.role == "screenshot")
        .order_by(Capture.id.desc())
        .limit(1)
    ).first()
    if found is not None:
        return Picture(found[0], found[1], found[1].hits_stood, "")
    key = f"evidence:{document.capture_id}"
    job = session.scalar(select(Job).where(Job.key == key))
    if not document.url:
        return Picture(None, None, None, "address")
    if job is None or job.state in {"ready", "leased"}:
        return Picture(None, None, None, "waiting")
    return Picture(None, None, None, job.last_error or "failed")


def _last_crawl(session: Session, source_id: int) -> Crawl | None:
    return session.scalars(
        select(Crawl)
        .where(Crawl.source_id == source_id, Crawl.purpose == "crawl")
        .order_by(Crawl.id.desc())
        .limit(1)
    ).first()


def _decisions(session: Session, clue_id: int) -> tuple[tuple[Decision, User], ...]:
    rows = session.execute(
        select(Decision, User)
        .join(User, User.id == Decision.user_id)
        .where(Decision.clue_id == clue_id)
        .order_by(Decision.id.desc())
    )
    return tuple((decision, user) for decision, user in rows)


def _notices(session: Session, clue_id: int) -> tuple[tuple[Notice, NoticeItem], ...]:
    rows = session.execute(
        select(Notice, NoticeItem)
        .join(NoticeItem, NoticeItem.notice_id == Notice.id)
        .where(NoticeItem.clue_id == clue_id)
        .order_by(Notice.id.desc())
    )
    return tuple((notice, item) for notice, item in rows)


def _siblings(session: Session, clue: Clue) -> tuple[Row, ...]:
    """The seller's other clues, newest first."""
    if clue.seller_id is None:
        return ()
    ids: Sequence[int] = session.scalars(
        select(Clue.id)
        .where(Clue.seller_id == clue.seller_id, Clue.id != clue.id)
        .order_by(Clue.id.desc())
        .limit(SIBLINGS)
    ).all()
    return rows_of(session, ids, now=clue.last_seen_at)
