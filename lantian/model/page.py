"""Addresses and visits: pages, observations, and the frontier that survives a kill."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lantian.model.column import Digest, Entity, Id, Word


class Page(Entity):
    """A canonical address within a source."""

    __tablename__ = "page"
    __table_args__ = (UniqueConstraint("source_id", "url"),)

    id: Mapped[Id]
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    url: Mapped[str]
    first_seen_at: Mapped[datetime]
    last_visit_at: Mapped[datetime]
    last_outcome: Mapped[Word]
    last_capture_id: Mapped[int | None]
    content_digest: Mapped[Digest | None]
    """Digest of what was read at the last capture."""
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]


class Observation(Entity):
    """One visit of a page (访问记录): when, with which outcome, and the capture seen.

    Outcomes: seen, unchanged, gone, blocked, logged_out, failed.
    """

    __tablename__ = "observation"
    __table_args__ = (Index("ix_observation_page_id_at", "page_id", "at"),)

    id: Mapped[Id]
    page_id: Mapped[int] = mapped_column(ForeignKey("page.id"))
    crawl_id: Mapped[int] = mapped_column(ForeignKey("crawl.id"), index=True)
    at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    outcome: Mapped[Word]
    status: Mapped[int | None]
    """HTTP status, where there was an answer."""
    capture_id: Mapped[int | None] = mapped_column(ForeignKey("capture.id"))
    detail: Mapped[str] = mapped_column(default="")
    """Why it failed or was blocked, in a sentence."""


class FrontierRow(Entity):
    """One address that a crawl is to visit; open until its visit is stored."""

    __tablename__ = "frontier_row"
    __table_args__ = (
        UniqueConstraint("crawl_id", "fingerprint"),
        Index("ix_frontier_row_crawl_id_state", "crawl_id", "state"),
    )

    id: Mapped[Id]
    crawl_id: Mapped[int] = mapped_column(ForeignKey("crawl.id"))
    fingerprint: Mapped[str]
    url: Mapped[str]
    role: Mapped[Word]
    """start, listing, thread, next, seller, result, page, evidence or recheck."""
    depth: Mapped[int] = mapped_column(default=0)
    meta: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[Word] = mapped_column(default="open")
    """open or done."""
    outcome: Mapped[Word | None]
