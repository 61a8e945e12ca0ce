"""What a visit received: captures and the bytes that prove them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lantian.model.column import Digest, Entity, Id, Word


class Capture(Entity):
    """What one visit received (固定记录); immutable.

    `payload_digest` is of the bytes as received, `content_digest` of the canonical JSON of what
    was read from them.
    """

    __tablename__ = "capture"

    id: Mapped[Id]
    page_id: Mapped[int] = mapped_column(ForeignKey("page.id"), index=True)
    crawl_id: Mapped[int] = mapped_column(ForeignKey("crawl.id"), index=True)
    url: Mapped[str]
    final_url: Mapped[str]
    at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    """Real time; differs from `at` only in a demonstration."""
    purpose: Mapped[Word] = mapped_column(default="crawl")
    """crawl, evidence or recheck."""
    via: Mapped[Word]
    """http or browser."""
    status: Mapped[int]
    remote_ip: Mapped[str | None]
    payload_digest: Mapped[Digest]
    content_digest: Mapped[Digest]
    reader_version: Mapped[str]
    profile_version: Mapped[str]
    tool_version: Mapped[str]
    hit_count: Mapped[int] = mapped_column(default=0)
    hits_stood: Mapped[bool | None]
    """For an evidence visit or a re-check: whether the claims still stood there."""
    unreadable: Mapped[str | None]
    """Why the bytes could not be read; never the same as clean."""
    expires_at: Mapped[datetime | None] = mapped_column(index=True)
    """When the payload may go; none for a capture with a hit, and where it has gone."""

    artifacts: Mapped[list["Artifact"]] = relationship(order_by="Artifact.id")


class Artifact(Entity):
    """Bytes that prove a capture, under their SHA-256, in a record of a WARC file.

    Roles: payload, dom (rendered HTML from which the text was read), screenshot (full page).
    """

    __tablename__ = "artifact"
    __table_args__ = (Index("ix_artifact_file_offset", "file", "offset"),)

    id: Mapped[Id]
    capture_id: Mapped[int] = mapped_column(ForeignKey("capture.id"), index=True)
    role: Mapped[Word]
    media_type: Mapped[str]
    digest: Mapped[Digest] = mapped_column(index=True)
    size: Mapped[int]
    """Bytes of the artifact itself."""
    file: Mapped[str]
    """WARC file, relative to the archive's folder."""
    offset: Mapped[int]
    length: Mapped[int]
    """Compressed bytes of the whole record."""
    record_id: Mapped[str]
    record_digest: Mapped[Digest]
    """Of the record's bytes in the file: its head, date and address are proved too."""
    deletion_id: Mapped[int | None] = mapped_column(ForeignKey("deletion.id"), index=True)
    deleted_at: Mapped[datetime | None]
    """When its bytes were deleted because their time was over: the row proves what they were."""
    notes: Mapped[dict[str, Any]] = mapped_column(default=dict)
