"""Personal data that nothing asks for any more is deleted.

After 网络数据安全管理条例 24 and 个人信息保护法 19 and 47. What was published and carries no
claim is kept for a set time after it was last seen there, and then forgotten: title, text, further
fields, and who published it. That it stood there, when, and the digests that were sealed stay.
Whatever has a claim, a clue or a legal hold is kept as evidence.
"""

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, exists, select, update
from sqlalchemy.orm import Session, aliased

from lantian.evidence.hold import is_held
from lantian.evidence.seal import digest_of
from lantian.intake.pictures import forget_pictures
from lantian.model import (
    Capture,
    Clue,
    Document,
    HandedRow,
    Handover,
    Hit,
    Page,
    SecondLook,
    Seller,
    ShadowHit,
    Tip,
)

TOGETHER = 200
"""Rows of one transaction."""
GONE = "forgotten:"
"""With what the key of a forgotten seller begins."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much was forgotten."""

    documents: int = 0
    sellers: int = 0
    tips: int = 0
    notes: int = 0

    def __add__(self, other: "Forgotten") -> "Forgotten":
        return Forgotten(
            *(getattr(self, one.name) + getattr(other, one.name) for one in fields(self))
        )

    @property
    def total(self) -> int:
        """Rows in all."""
        return self.documents + self.sellers + self.tips + self.notes


def may_be_forgotten(before: datetime) -> ColumnElement[bool]:
    """Whether a `Document`, joined with its `Capture`, was last seen before, without a claim.

    A claim in any version keeps all versions of its posting.
    """
    version = aliased(Document)
    same = and_(
        version.platform_id == Document.platform_id, version.posting_key == Document.posting_key
    )
    hit = exists().where(same, Hit.document_id == version.id)
    shadow = exists().where(ShadowHit.document_id == Document.id)
    clue = exists().where(
        Clue.platform_id == Document.platform_id, Clue.posting_key == Document.posting_key
    )
    old = and_(Document.last_seen_at < before, Document.forgotten_at.is_(None))
    return and_(old, ~hit, ~shadow, ~clue, ~is_held())


def forget_some(session: Session, *, before: datetime, now: datetime) -> Forgotten:
    """What was forgotten in the caller's transaction; nothing more is left if that is nothing.

    `before` is domain time: what was last seen, or came in, before it.
    """
    documents = _documents(session, before, now)
    if documents:
        return Forgotten(documents=documents)
    sellers = _sellers(session, before, now)
    if sellers:
        return Forgotten(sellers=sellers)
    return Forgotten(tips=_tips(session, before), notes=_notes(session, before))


def _documents(session: Session, before: datetime, now: datetime) -> int:
    going = (
        select(Document.id, Document.page_id, Document.current)
        .join(Capture, Capture.id == Document.capture_id)
        .where(may_be_forgotten(before))
        .order_by(Document.id)
        .limit(TOGETHER)
    )
    rows = session.execute(going).all()
    if not rows:
        return 0
    quietly = {"synchronize_session": False}
    session.execute(
        update(Document)
        .where(Document.id.in_([row.id for row in rows]))
        .values(
            title="",
            text="",
            text_digest=digest_of(b""),
            matter_digest=None,
            price=None,
            fields={},
            pictures=[],
            seller_id=None,
            forgotten_at=now,
        ),
        execution_options=quietly,
    )
    forget_pictures(session, [row.id for row in rows])
    looked = SecondLook.document_id.in_([row.id for row in rows])
    session.execute(delete(SecondLook).where(looked), execution_options=quietly)
    # Whatever comes back is read and matched anew, also where it says what it said before.
    pages = {row.page_id for row in rows if row.current}
    session.execute(
        update(Page)
        .where(Page.id.in_(pages))
        .values(content_digest=None, matter_digest=None, etag=None, last_modified=None),
        execution_options=quietly,
    )
    return len(rows)


def _sellers(session: Session, before: datetime, now: datetime) -> int:
    named = exists().where(Document.seller_id == Seller.id)
    has_clue = exists().where(Clue.seller_id == Seller.id)
    going = select(Seller.id).where(
        Seller.last_seen_at < before, Seller.forgotten_at.is_(None), ~named, ~has_clue
    )
    found = session.scalars(going.order_by(Seller.id).limit(TOGETHER)).all()
    for seller_id in found:
        session.execute(
            update(Seller)
            .where(Seller.id == seller_id)
            .values(key=f"{GONE}{seller_id}", name="", url="", forgotten_at=now)
        )
    return len(found)


def _tips(session: Session, before: datetime) -> int:
    """Tips tell no more than their receipt and what became of them."""
    told = select(Tip).where(Tip.at < before, Tip.state != "waiting", Tip.reason != GONE)
    found = session.scalars(told.order_by(Tip.id).limit(TOGETHER)).all()
    for tip in found:
        tip.content, tip.note, tip.page_url, tip.reason = {}, "", "", GONE
    return len(found)


def _notes(session: Session, before: datetime) -> int:
    """The notes that offices wrote beside the rows that they handed over."""
    old = (
        select(HandedRow)
        .join(Handover, Handover.id == HandedRow.handover_id)
        .where(Handover.at < before, HandedRow.note != "")
    )
    found = session.scalars(old.limit(TOGETHER)).all()
    for row in found:
        row.note = ""
    return len(found)
