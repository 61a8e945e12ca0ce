"""What belongs to a clue, to a notice, or to captures that were picked."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.errors import Invalid, NotFound
from lantian.evidence.archive import deleted as deleted_error
from lantian.model import (
    Artifact,
    Capture,
    Clue,
    Crawl,
    Document,
    Hit,
    Notice,
    NoticeItem,
    PicturePlace,
    Recheck,
    Source,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a bundle is asked for: ids of clues, of notices, of captures, of sources; or all.

    A source stands for everything that is kept of it.
    """

    clues: tuple[int, ...] = ()
    notices: tuple[int, ...] = ()
    captures: tuple[int, ...] = ()
    sources: tuple[int, ...] = ()
    everything: bool = False

    @property
    def nothing(self) -> bool:
        """Whether it asks for nothing."""
        return not (self.clues or self.notices or self.captures or self.sources or self.everything)


@dataclass(frozen=True, slots=True)
class Selected:
    """What goes into it, as sorted ids; the rows are read one at a time.

    `subjects` are those of the audit chain whose events are told. Of the captures in `deleted` the
    bytes are gone, since their time was over: they are told of.
    """

    asked: Asked
    clues: tuple[int, ...]
    captures: tuple[int, ...]
    deleted: tuple[int, ...]
    documents: tuple[int, ...]
    notices: tuple[int, ...]
    subjects: tuple[str, ...]


def selected(session: Session, asked: Asked) -> Selected:
    """The captures, documents and notices that belong to what was asked for.

    To a clue belong the versions of its posting that hit, the captures in which these were read
    (those of pictures too, whose writing stands in them), and every evidence visit and re-check of
    them, whatever it saw; to a notice, the same of its clues, with the versions that it told of.
    Raises `NotFound` naming what there is not, `EvidenceDeleted` if nothing of it is left, and
    `Invalid` if nothing was asked for.
    """
    if asked.nothing:
        raise Invalid("nothing was asked for.", hint="Name a clue, a notice or a capture.")
    asked = _resolved(session, asked)
    documents: set[int] = set()
    captures: set[int] = set()
    clues: set[int] = set(asked.clues)
    for notice_id in asked.notices:
        notice = session.get(Notice, notice_id)
        if notice is None:
            raise NotFound(f"there is no notice {notice_id}.", hint="`lantian notice list`.")
        documents |= {item.document_id for item in notice.items}
        clues |= {item.clue_id for item in notice.items}
    for clue_id in sorted(clues):
        documents |= _documents_of(session, clue_id)
        captures |= _rechecks_of(session, clue_id)
    for document_id in documents:
        captures |= _captures_of(session, document_id)
    for capture_id in asked.captures:
        if session.get(Capture, capture_id) is None:
            raise NotFound(f"there is no capture {capture_id}.", hint="Is it of this installation?")
        captures.add(capture_id)
        documents |= _hit_in(session, capture_id)
    deleted = {one for one in captures if _payload_deleted(session, one)}
    if not captures - deleted:
        for capture_id in sorted(deleted):
            raise deleted_error(_payload(session, capture_id))
    return Selected(
        asked=asked,
        clues=tuple(sorted(set(asked.clues))),
        captures=tuple(sorted(captures - deleted)),
        deleted=tuple(sorted(deleted)),
        documents=tuple(sorted(documents)),
        notices=tuple(sorted(set(asked.notices))),
        subjects=(
            *(f"clue:{one}" for one in sorted(clues)),
            *(f"notice:{one}" for one in sorted(set(asked.notices))),
        ),
    )


def _resolved(session: Session, asked: Asked) -> Asked:
    """The same in ids of clues, notices and captures."""
    if not (asked.sources or asked.everything):
        return asked
    captures = select(Capture.id).join(Crawl, Crawl.id == Capture.crawl_id)
    clues = select(Clue.id)
    notices = select(Notice.id)
    for source_id in asked.sources:
        if session.get(Source, source_id) is None:
            raise NotFound(f"there is no source {source_id}.", hint="Give the name of a source.")
    if not asked.everything:
        captures = captures.where(Crawl.source_id.in_(asked.sources))
        clues = clues.where(Clue.source_id.in_(asked.sources))
        notices = notices.where(
            Notice.id.in_(
                select(NoticeItem.notice_id)
                .join(Clue, Clue.id == NoticeItem.clue_id)
                .where(Clue.source_id.in_(asked.sources))
            )
        )
    return replace(
        asked,
        clues=(*asked.clues, *session.scalars(clues)),
        notices=(*asked.notices, *session.scalars(notices)),
        captures=(*asked.captures, *session.scalars(captures)),
    )


def _payload(session: Session, capture_id: int) -> Artifact:
    statement = select(Artifact).where(
        Artifact.capture_id == capture_id, Artifact.role == "payload"
    )
    return session.scalars(statement).one()


def _payload_deleted(session: Session, capture_id: int) -> bool:
    statement = select(Artifact.id).where(
        Artifact.capture_id == capture_id,
        Artifact.role == "payload",
        Artifact.deletion_id.is_not(None),
    )
    return session.scalar(statement) is not None


def _documents_of(session: Session, clue_id: int) -> set[int]:
    clue = session.get(Clue, clue_id)
    if clue is None:
        raise NotFound(f"there is no clue {clue_id}.", hint="The queue shows each clue's number.")
    versions = select(Document.id).where(
        Document.platform_id == clue.platform_id,
        Document.posting_key == clue.posting_key,
        Document.id.in_(select(Hit.document_id)),
    )
    return {clue.document_id, *session.scalars(versions)}


def _captures_of(session: Session, document_id: int) -> set[int]:
    document = session.get_one(Document, document_id)
    visits = select(Capture.id).where(
        Capture.page_id == document.page_id, Capture.purpose != "crawl"
    )
    pictures = select(Capture.id).where(
        Capture.id.in_(
            select(PicturePlace.capture_id).where(
                PicturePlace.document_id == document_id, PicturePlace.start.is_not(None)
            )
        )
    )
    return {document.capture_id, *session.scalars(visits), *session.scalars(pictures)}


def _rechecks_of(session: Session, clue_id: int) -> set[int]:
    statement = (
        select(Recheck.capture_id)
        .join(NoticeItem, NoticeItem.id == Recheck.item_id)
        .where(NoticeItem.clue_id == clue_id)
    )
    return {found for found in session.scalars(statement) if found is not None}


def _hit_in(session: Session, capture_id: int) -> set[int]:
    statement = select(Document.id).where(
        Document.capture_id == capture_id, Document.id.in_(select(Hit.document_id))
    )
    return set(session.scalars(statement))


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a record stands in the archive; ordered as they stand there."""

    file: str
    offset: int
    length: int
    artifact_id: int
    role: str


_PLACE = select(Artifact.file, Artifact.offset, Artifact.length, Artifact.id, Artifact.role)


def places_of(session: Session, captures: Iterable[int]) -> Iterator[Place]:
    """Where the records of captures stand."""
    for capture_id in captures:
        rows = _PLACE.where(Artifact.capture_id == capture_id, Artifact.deletion_id.is_(None))
        for row in session.execute(rows):
            yield Place(*row)


def original_of(session: Session, record_id: str, digest: str) -> Place | None:
    """Where the record stands to which a revisit refers; `digest` is that of its payload."""
    # By digest as well, since that is indexed.
    statement = _PLACE.where(Artifact.digest == digest, Artifact.record_id == record_id)
    row = session.execute(statement.limit(1)).first()
    return None if row is None else Place(*row)
