"""What a person decides: clues, claim by claim, and the decisions on them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lantian.model.column import Entity, Id, Word


class Clue(Entity):
    """One posting with all its hits (线索): what a person decides.

    States: open, confirmed, dismissed. A clue some of whose claims are confirmed is confirmed.
    """

    __tablename__ = "clue"
    __table_args__ = (
        UniqueConstraint("platform_id", "posting_key"),
        Index("ix_clue_state_severity_first_seen_at", "state", "severity", "first_seen_at"),
        Index("ix_clue_form_id_platform_id", "form_id", "platform_id"),
        # A seller may have tens of thousands; its newest are shown beside each.
        Index("ix_clue_seller_id_id", "seller_id", "id"),
    )

    id: Mapped[Id]
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"), index=True)
    platform_id: Mapped[int] = mapped_column(ForeignKey("platform.id"))
    posting_key: Mapped[str]
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), index=True)
    """The newest version that hit."""
    form_id: Mapped[int | None] = mapped_column(ForeignKey("text_form.id"))
    """The letters of that version, by which it is in a group; none if it has no letter."""
    seller_id: Mapped[int | None] = mapped_column(ForeignKey("seller.id"))
    state: Mapped[Word] = mapped_column(default="open")
    presence: Mapped[Word] = mapped_column(default="online")
    """online, gone, or changed (still there, but its claims no longer hit)."""
    severity: Mapped[int]
    """The highest of its claims: 1 low, 2 medium, 3 high."""
    score: Mapped[float] = mapped_column(Float)
    pack_hash: Mapped[str]
    """The newest pack whose hits it shows."""
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    reopened_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    revision: Mapped[int] = mapped_column(default=1)
    """Grows with every change; the index and conditional writes go by it."""
    tokens: Mapped[list[str]]
    """Index tokens of title and text, made once by jieba's algorithm."""
    tokens_version: Mapped[str]
    lease_user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    lease_until: Mapped[datetime | None]

    claims: Mapped[list["ClueClaim"]] = relationship(
        cascade="all, delete-orphan", order_by="ClueClaim.claim"
    )


class ClueClaim(Entity):
    """One claim of a clue, with its own state."""

    __tablename__ = "clue_claim"
    __table_args__ = (Index("ix_clue_claim_claim_state", "claim", "state"),)

    clue_id: Mapped[int] = mapped_column(ForeignKey("clue.id"), primary_key=True)
    claim: Mapped[Word] = mapped_column(primary_key=True)
    state: Mapped[Word] = mapped_column(default="open")
    severity: Mapped[int]
    score: Mapped[float] = mapped_column(Float)
    hit_count: Mapped[int]


class Decision(Entity):
    """One person's decision on a clue, or on one claim of it; undone, never deleted.

    `covered` holds what the decider saw, as a list of [claim, digest of the hit's wording]: a
    later version reopens the clue only for something that is not in it.
    """

    __tablename__ = "decision"
    __table_args__ = (Index("ix_decision_clue_id_at", "clue_id", "at"),)

    id: Mapped[Id]
    clue_id: Mapped[int] = mapped_column(ForeignKey("clue.id"))
    claim: Mapped[Word | None]
    """None: all claims of the clue."""
    verdict: Mapped[Word]
    """confirmed or dismissed."""
    reason: Mapped[Word | None]
    """Why it was dismissed: one of `lantian.clues.reasons`."""
    note: Mapped[str] = mapped_column(default="")
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    pack_hash: Mapped[str]
    covered: Mapped[list[Any]]
    previous: Mapped[dict[str, Any]]
    """State of clue and claims before, so that undo restores it."""
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    batch: Mapped[str | None] = mapped_column(index=True)
    at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
