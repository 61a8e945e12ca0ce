"""Rule packs in the store's keeping, and what a shadow run saw beside the pack that runs."""

from datetime import date, datetime

from sqlalchemy import Float, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from lantian.model.column import Digest, Entity, Id, Word


class RulePack(Entity):
    """A rule pack whose content never changes. States: draft, shadow, released, retired.

    At most one is released and one a shadow. While none is released, the pack in the folder that
    the settings name runs.
    """

    __tablename__ = "rule_pack"

    id: Mapped[Id]
    hash: Mapped[Digest] = mapped_column(unique=True)
    """The hash that its hits carry, as the program that took it in computed it."""
    state: Mapped[Word] = mapped_column(default="draft", index=True)
    note: Mapped[str]
    made_by: Mapped[str]
    """user:NAME or process:NAME, as in the audit chain."""
    made_at: Mapped[datetime]
    changed_by: Mapped[str]
    """Who brought it into its state, and `changed_at` when."""
    changed_at: Mapped[datetime]
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """Who proposes its release; another releases it."""
    proposed_at: Mapped[datetime | None]
    release: Mapped[int | None] = mapped_column(unique=True)
    """Number of its last release by two people, growing; a rollback goes by it."""
    fault: Mapped[str] = mapped_column(default="")
    """Why its shadow run was stopped, if not by a person."""


class RulePackFile(Entity):
    """One file of a pack, byte by byte."""

    __tablename__ = "rule_pack_file"

    pack_id: Mapped[int] = mapped_column(ForeignKey("rule_pack.id"), primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True)
    """Its path in the pack's folder."""
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ShadowLook(Entity):
    """A document that both the pack that runs and the shadow pack read."""

    __tablename__ = "shadow_look"
    __table_args__ = (Index("ix_shadow_look_pack_id_day", "pack_id", "day"),)

    pack_id: Mapped[int] = mapped_column(ForeignKey("rule_pack.id"), primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), primary_key=True)
    live_hash: Mapped[Digest]
    """The pack that ran; its hits are `Hit` rows of that hash."""
    day: Mapped[date]
    """The day in Asia/Shanghai."""


class ShadowHit(Entity):
    """A hit of the shadow pack: it makes no clue and no notice."""

    __tablename__ = "shadow_hit"
    __table_args__ = (Index("ix_shadow_hit_pack_id_document_id", "pack_id", "document_id"),)

    id: Mapped[Id]
    pack_id: Mapped[int] = mapped_column(ForeignKey("rule_pack.id"))
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    claim: Mapped[Word]
    rule_id: Mapped[str]
    start: Mapped[int]
    end: Mapped[int]
    score: Mapped[float] = mapped_column(Float)
