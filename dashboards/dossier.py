"""Everything that a person needs to decide one clue."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import String, bindparam, cast, exists, literal, select
from sqlalchemy.orm import Session, aliased, defer, load_only

from dashboards.listing import BEGINNING, CLAIMS, Row
from dashboards.pictures import MarkedPicture, marked_pictures
from lantian.clock import legal_day
from lantian.clues.likeness import Group, groups_by_digest
from lantian.errors import NotFound
from lantian.intake.events import events_of
from lantian.intake.handover.origin import Origin, origin_of
from lantian.law import Article, articles_in_force
from lantian.model import (
    Artifact,
    Capture,
    Clue,
    Crawl,
    Decision,
    Document,
    Hit,
    Job,
    Notice,
    NoticeItem,
    Platform,
    PostingEvent,
    SecondLook,
    Seller,
    Source,
    TextForm,
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

    artifact_id: int | None
    capture: Capture | None
    stood: bool | None
    missing: str
    """Why there is no picture: waiting, failed, address, or a sentence of its own."""


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another clue of the seller."""

    id: int
    title: str
    state: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """One clue with everything around it."""

    clue: Clue
    claims: tuple[str, ...]
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
    siblings: tuple[Sibling, ...]
    group: Group | None
    """Clues of the same text, if there is another."""
    origin: Origin | None
    """Whence it came, if it was handed in."""
    events: tuple[PostingEvent, ...]
    """When the posting went and came back, newest first."""
    second: SecondLook | None
    """What the second opinion says of it, if it was asked."""


_Shot, _ShotCapture = aliased(Artifact), aliased(Capture, name="shot")
_Seen, _Crawled = aliased(Capture), aliased(Crawl)
_SHOT = (
    select(_Shot.id)
    .join(_Seen, _Seen.id == _Shot.capture_id)
    .where(_Seen.page_id == Document.page_id, _Shot.role == "screenshot")
    .order_by(_Seen.id.desc())
    .limit(1)
    .correlate(Document)
    .scalar_subquery()
)
_LAST_CRAWL = (
    select(_Crawled.id)
    .where(_Crawled.source_id == Clue.source_id, _Crawled.purpose == "crawl")
    .order_by(_Crawled.id.desc())
    .limit(1)
    .correlate(Clue)
    .scalar_subquery()
)
_MOVED = (PostingEvent.platform_id == Clue.platform_id) & (
    PostingEvent.posting_key == Clue.posting_key
)
# One question for all of which there is one, made once: a page of the queue waits for each. What
# there may be more of is asked for only where it says that there is some.
_AROUND = (
    select(
        Clue,
        Document,
        Platform,
        Source,
        Seller,
        Capture,
        Crawl,
        Artifact.id.label("shot_id"),
        _ShotCapture,
        Job.state.label("job_state"),
        Job.last_error.label("job_error"),
        TextForm.group_digest,
        CLAIMS,
        SecondLook,
        exists().where(Decision.clue_id == Clue.id).label("is_decided"),
        exists().where(NoticeItem.clue_id == Clue.id).label("is_noticed"),
        exists().where(_MOVED).label("has_moved"),
    )
    .join(Document, Document.id == Clue.document_id)
    .join(Platform, Platform.id == Clue.platform_id)
    .join(Source, Source.id == Clue.source_id)
    .join(Capture, Capture.id == Document.capture_id)
    .outerjoin(Seller, Seller.id == Clue.seller_id)
    .outerjoin(Crawl, Crawl.id == _LAST_CRAWL)
    .outerjoin(Artifact, Artifact.id == _SHOT)
    .outerjoin(_ShotCapture, _ShotCapture.id == Artifact.capture_id)
    .outerjoin(Job, Job.key == literal("evidence:") + cast(Document.capture_id, String))
    .outerjoin(TextForm, TextForm.id == Clue.form_id)
    .outerjoin(SecondLook, SecondLook.document_id == Clue.document_id)
    .where(Clue.id == bindparam("clue"))
    .options(
        # The tokens are some hundred words that nobody sees.
        defer(Clue.tokens, raiseload=True),
        defer(Document.fields, raiseload=True),
        load_only(Platform.name, Platform.title, raiseload=True),
        load_only(Source.name, Source.title, raiseload=True),
        load_only(Seller.name, raiseload=True),
        load_only(
            *(Crawl.planned, Crawl.seen, Crawl.unchanged, Crawl.gone, Crawl.blocked),
            *(Crawl.logged_out, Crawl.failed, Crawl.unreached, Crawl.left_out),
            raiseload=True,
        ),
    )
)
_HITS = (
    select(Hit)
    .where(Hit.document_id == bindparam("document"), Hit.pack_hash == bindparam("pack"))
    .order_by(Hit.start, Hit.id)
)
_DECISIONS = (
    select(Decision, User)
    .join(User, User.id == Decision.user_id)
    .where(Decision.clue_id == bindparam("clue"))
    .order_by(Decision.id.desc())
    .options(defer(Decision.covered, raiseload=True), defer(Decision.previous, raiseload=True))
)
_NOTICES = (
    select(Notice, NoticeItem)
    .join(NoticeItem, NoticeItem.notice_id == Notice.id)
    .where(NoticeItem.clue_id == bindparam("clue"))
    .order_by(Notice.id.desc())
    # What a notice says of all its clues may be long.
    .options(
        load_only(Notice.state, raiseload=True),
        load_only(NoticeItem.action, NoticeItem.check_result, raiseload=True),
    )
)
_SIBLINGS = (
    select(Clue.id, Document.title, BEGINNING, Clue.state)
    .join(Document, Document.id == Clue.document_id)
    .where(Clue.seller_id == bindparam("seller"), Clue.id != bindparam("clue"))
    .order_by(Clue.id.desc())
    .limit(SIBLINGS)
)


def dossier(session: Session, clue_id: int, row: Row | None = None) -> Dossier:
    """The clue with everything around it; raises `NotFound`.

    `row` is its row, if it is known: what stands there is not asked for again.
    """
    around = session.execute(_AROUND, {"clue": clue_id}).one_or_none()
    if around is None:
        raise NotFound(f"there is no clue {clue_id}.", hint="Go back to the list.")
    clue, document, capture, seller = around.Clue, around.Document, around.Capture, around.Seller
    hits = session.scalars(_HITS, {"document": document.id, "pack": clue.pack_hash}).all()
    days = (legal_day(clue.first_seen_at), legal_day(clue.last_seen_at))
    of_clue = {"clue": clue_id}
    return Dossier(
        clue=clue,
        claims=tuple(sorted((around.claims or "").split())),
        document=document,
        platform=around.Platform,
        source=around.Source,
        seller=seller,
        text=tuple(segments(document.text, [Mark(hit.start, hit.end, hit.claim) for hit in hits])),
        grounds=tuple(
            Ground(hit, number, tuple(articles_in_force(hit.law, *days)))
            for number, hit in enumerate(hits, 1)
        ),
        days=days,
        capture=capture,
        picture=_picture(around, document),
        pictures=marked_pictures(session, document, hits) if document.pictures else (),
        crawl=around.Crawl,
        decisions=_pairs(session, _DECISIONS, of_clue) if around.is_decided else (),
        notices=_pairs(session, _NOTICES, of_clue) if around.is_noticed else (),
        siblings=_siblings(session, seller.id, clue_id) if seller else (),
        group=row.group if row else _group(session, around.group_digest),
        origin=origin_of(session, capture),
        events=_events(session, clue) if around.has_moved else (),
        second=look if (look := around.SecondLook) and look.clue is not None else None,
    )


def _picture(around: Any, document: Document) -> Picture:
    if around.shot_id is not None:
        shot: Capture = around.shot
        return Picture(around.shot_id, shot, shot.hits_stood, "")
    if not document.url:
        return Picture(None, None, None, "address")
    if around.job_state in {None, "ready", "leased"}:
        return Picture(None, None, None, "waiting")
    return Picture(None, None, None, around.job_error or "failed")


def _pairs(session: Session, statement: Any, of_clue: dict[str, int]) -> tuple[Any, ...]:
    return tuple(tuple(row) for row in session.execute(statement, of_clue))


def _siblings(session: Session, seller_id: int, clue_id: int) -> tuple[Sibling, ...]:
    """The seller's other clues, newest first."""
    rows = session.execute(_SIBLINGS, {"seller": seller_id, "clue": clue_id})
    return tuple(Sibling(one.id, one.title or one.beginning, one.state) for one in rows)


def _group(session: Session, digest: str | None) -> Group | None:
    return groups_by_digest(session, [digest]).get(digest or "")


def _events(session: Session, clue: Clue) -> tuple[PostingEvent, ...]:
    return tuple(reversed(events_of(session, clue.platform_id, clue.posting_key)))
