"""What the second opinion says of kept documents: an order for the queue, and likely misses."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from lantian.access import audit
from lantian.access.users import Moment
from lantian.errors import Conflict, Invalid
from lantian.model import Clue, Document, Platform, SecondLook, SecondOpinion, User
from lantian.second.labels import hits_of, without_clue
from lantian.second.opinion import Opinion, Reason, read_opinion
from lantian.second.passages import at_hits, passages
from lantian.store.engine import Store
from matchers.text import Tables

TOGETHER = 50
"""Documents of one transaction."""
LIKELY = 0.5
"""Probability from which a text without hits is listed as a likely miss."""
VERDICTS = ("missed", "clean")


@dataclass(frozen=True, slots=True)
class Miss:
    """A document in which the matcher found nothing, and why it may make an offer all the same."""

    document: Document
    platform: str
    probability: float
    reasons: tuple[Reason, ...]


def present(session: Session) -> SecondOpinion | None:
    """The second opinion that is asked, if there is one."""
    return session.scalars(
        select(SecondOpinion)
        .where(SecondOpinion.removed_at.is_(None))
        .order_by(SecondOpinion.id.desc())
        .limit(1)
    ).first()


def keep(session: Session, opinion: Opinion, *, actor: str, at: Moment) -> SecondOpinion:
    """The opinion in the store: it is the one that is asked from now on."""
    row = SecondOpinion(
        digest=opinion.digest, content=opinion.to_json(), made_by=actor, made_at=at.now
    )
    session.add(row)
    session.flush()
    _record(session, "second.train", row, actor, at)
    return row


def remove(session: Session, *, actor: str, at: Moment) -> None:
    """Ask no second opinion any more: lists and pages are as if there had never been one.

    What people said of likely misses stays, to be learnt from. Raises `Conflict`.
    """
    row = present(session)
    if row is None:
        raise Conflict("there is no second opinion.")
    everything = update(SecondOpinion).where(SecondOpinion.removed_at.is_(None))
    session.execute(everything.values(removed_at=at.now))
    session.execute(update(SecondLook).values(clue=None, missed=None, reasons=[]))
    _record(session, "second.remove", row, actor, at)


def look_at_all(
    store: Store,
    tables: Tables,
    *,
    now: datetime,
    unseen: Mapping[int, float] | None = None,
    stop: threading.Event | None = None,
) -> tuple[int, int]:
    """Clues and texts without hits on which it was asked: all on which it was not asked before.

    `unseen`: of texts from which it learnt, what weights say that had not seen them.
    """
    with store.read() as session:
        row = present(session)
        if row is None:
            return 0, 0
        opinion, opinion_id = read_opinion(row.content), row.id
    clues = texts = last = 0
    while stop is None or not stop.is_set():
        with store.read() as session:
            found = _waiting(session, opinion_id, last)
            looks = _looks(session, opinion, found, tables, unseen or {})
        if not found:
            break
        with store.write() as session:
            _write(session, looks, opinion_id, now)
        last = found[-1][0].id
        clues += sum(look.clue is not None for look in looks)
        texts += sum(look.missed is not None for look in looks)
    return clues, texts


def likely_misses(
    session: Session, *, least: float = LIKELY, most: int = 100
) -> tuple[list[Miss], int]:
    """The texts without hits that most likely make an offer, not judged yet; how many in all."""
    conditions = _likely(least)
    total = session.scalar(
        select(func.count())
        .select_from(SecondLook)
        .join(Document, Document.id == SecondLook.document_id)
        .where(*conditions)
    )
    rows = session.execute(
        select(SecondLook, Document, Platform)
        .join(Document, Document.id == SecondLook.document_id)
        .join(Platform, Platform.id == Document.platform_id)
        .where(*conditions)
        .order_by(SecondLook.missed.desc(), Document.id)
        .limit(most)
    )
    misses = [
        Miss(document, platform.title or platform.name, look.missed or 0.0, pairs(look))
        for look, document, platform in rows
    ]
    return misses, total or 0


def judge(session: Session, document_id: int, verdict: str, *, user: User, at: Moment) -> None:
    """Keep what a person says of a likely miss: missed or clean. It teaches the next one.

    Raises `Invalid` and `Conflict`.
    """
    if verdict not in VERDICTS:
        raise Invalid(f"verdict {verdict!r} is unknown.", hint=f"Use {' or '.join(VERDICTS)}.")
    look = session.get(SecondLook, document_id)
    if look is None:
        raise Conflict(f"document {document_id} was not looked at.", hint="Load the page again.")
    look.verdict, look.judged_by, look.judged_at = verdict, user.id, at.now
    audit.record(
        session,
        actor=f"user:{user.name}",
        action="second.judge",
        subject=f"document:{document_id}",
        detail={"verdict": verdict},
        now=at.now,
        real_now=at.real,
    )


def pairs(look: SecondLook) -> tuple[Reason, ...]:
    """The reasons of a look."""
    return tuple((str(name), float(by)) for name, by in look.reasons)


def _likely(least: float) -> list[ColumnElement[bool]]:
    return [
        SecondLook.missed >= least,
        SecondLook.verdict.is_(None),
        Document.text != "",
        without_clue(),
    ]


@dataclass(frozen=True, slots=True)
class _Look:
    document_id: int
    clue: float | None
    missed: float | None
    reasons: list[Reason]


def _waiting(session: Session, opinion_id: int, after: int) -> list[tuple[Document, Clue | None]]:
    """The next documents on which this opinion was not asked yet."""
    unasked = or_(
        SecondLook.document_id.is_(None),
        SecondLook.opinion_id != opinion_id,
        # It was asked before the document had its clue.
        and_(Clue.id.is_not(None), SecondLook.clue.is_(None), SecondLook.missed.is_not(None)),
    )
    rows = session.execute(
        select(Document, Clue)
        .outerjoin(Clue, Clue.document_id == Document.id)
        .outerjoin(SecondLook, SecondLook.document_id == Document.id)
        .where(Document.id > after, Document.text != "", or_(Clue.id.is_not(None), without_clue()))
        .where(unasked)
        .order_by(Document.id)
        .limit(TOGETHER)
    )
    return [(document, clue) for document, clue in rows]


def _looks(
    session: Session,
    opinion: Opinion,
    found: Sequence[tuple[Document, Clue | None]],
    tables: Tables,
    unseen: Mapping[int, float],
) -> list[_Look]:
    hits = hits_of(session, [clue for _, clue in found if clue is not None])
    looks = []
    for document, clue in found:
        if clue is not None:
            own = hits.get(clue.id, [])
            asked = opinion.clue if own else None
            said = asked.probability([at_hits(document.text, own, tables)]) if asked else None
            looks.append(
                _Look(document.id, said[0] if said else None, None, said[1] if said else [])
            )
        elif opinion.missed is not None:
            likely, why = opinion.missed.probability(passages(document.text, tables))
            looks.append(_Look(document.id, None, unseen.get(document.id, likely), why))
        else:
            looks.append(_Look(document.id, None, None, []))
    return looks


def _write(session: Session, looks: Sequence[_Look], opinion_id: int, now: datetime) -> None:
    ids = [look.document_id for look in looks]
    rows = {
        row.document_id: row
        for row in session.scalars(select(SecondLook).where(SecondLook.document_id.in_(ids)))
    }
    for look in looks:
        row = rows.get(look.document_id)
        if row is None:
            row = SecondLook(document_id=look.document_id)
            session.add(row)
        row.opinion_id, row.at = opinion_id, now
        row.clue, row.missed = look.clue, look.missed
        row.reasons = [[name, by] for name, by in look.reasons]


def _record(session: Session, action: str, row: SecondOpinion, actor: str, at: Moment) -> None:
    audit.record(
        session,
        actor=actor,
        action=action,
        subject=f"second:{row.id}",
        detail={"digest": row.digest},
        now=at.now,
        real_now=at.real,
    )
