"""A notice's life: what a platform is told, what it answers, and what a re-check proves."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lantian.model.column import Digest, Entity, Id, Word


class Notice(Entity):
    """A notice to one platform (处置通知) for one or more confirmed clues.

    States: waiting (the platform has no channel), sent, acknowledged, answered (every clue has
    an action), closed (every clue is verified gone, changed or refused). `content` is frozen
    when it is sent, under `content_digest`.
    """

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_platform_id_updated_at", "platform_id", "updated_at", "id"),)

    id: Mapped[Id]
    platform_id: Mapped[int] = mapped_column(ForeignKey("platform.id"))
    kind: Mapped[Word] = mapped_column(default="regulator_lead")
    state: Mapped[Word] = mapped_column(default="waiting", index=True)
    revision: Mapped[int] = mapped_column(default=1)
    """Grows with every change; the ETag of conditional writes."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    acknowledge_by: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    act_by: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    content: Mapped[dict[str, Any]]
    content_digest: Mapped[Digest]
    created_by: Mapped[str]
    """Who made it: user:NAME or key:ID."""

    items: Mapped[list["NoticeItem"]] = relationship(order_by="NoticeItem.id")
    events: Mapped[list["NoticeEvent"]] = relationship(order_by="NoticeEvent.seq")


class NoticeItem(Entity):
    """One clue in a notice: the decision that it stands on, the platform's action, the re-check.

    Actions: none yet, removed, shop_closed, edited, refused. Re-check results: none yet,
    verified_removed, changed, still_there, back_again, could_not_be_seen.
    """

    __tablename__ = "notice_item"
    __table_args__ = (UniqueConstraint("notice_id", "clue_id"),)

    id: Mapped[Id]
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"))
    clue_id: Mapped[int] = mapped_column(ForeignKey("clue.id"), index=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("decision.id"))
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    pack_hash: Mapped[Digest]
    claims: Mapped[list[str]]
    """The confirmed claims that the platform is told of."""
    rules: Mapped[list[Any]]
    """[rule id, rule hash] of the notified hits: what a re-check looks for."""
    action: Mapped[Word | None]
    action_reason: Mapped[str] = mapped_column(default="")
    action_at: Mapped[datetime | None]
    check_result: Mapped[Word | None]
    checked_at: Mapped[datetime | None]


class NoticeEvent(Entity):
    """One step in a notice's life, in order; append-only."""

    __tablename__ = "notice_event"
    __table_args__ = (UniqueConstraint("notice_id", "seq"),)

    id: Mapped[Id]
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"))
    seq: Mapped[int]
    kind: Mapped[Word]
    actor: Mapped[str]
    at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Recheck(Entity):
    """One look at a notified posting, due or done; append-only once done."""

    __tablename__ = "recheck"
    __table_args__ = (UniqueConstraint("item_id", "series", "number"),)

    id: Mapped[Id]
    item_id: Mapped[int] = mapped_column(ForeignKey("notice_item.id"), index=True)
    series: Mapped[int]
    """Which of the platform's answers it follows, counted from 1."""
    number: Mapped[int]
    due_at: Mapped[datetime] = mapped_column(index=True)
    done_at: Mapped[datetime | None]
    result: Mapped[Word | None]
    detail: Mapped[str] = mapped_column(default="")
    observation_id: Mapped[int | None] = mapped_column(ForeignKey("observation.id"))
    capture_id: Mapped[int | None] = mapped_column(ForeignKey("capture.id"))
