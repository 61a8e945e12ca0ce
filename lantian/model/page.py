"""Addresses and visits: pages, observations, and the frontier that survives a kill."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lantian.model.column import Digest, Entity, Id, Word


class Page(Entity):
    """A canonical address within a source."""

    __tablename__ = "page"
    __table_args__ = (
        UniqueConstraint("source_id", "url"),
        Index("ix_page_source_id_due_at", "source_id", "due_at"),
    )

    id: Mapped[Id]
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    url: Mapped[str]
    first_seen_at: Mapped[datetime]
    last_visit_at: Mapped[datetime]
    last_outcome: Mapped[Word]
    last_capture_id: Mapped[int | None]
    content_digest: Mapped[Digest | None]
    """Digest of what was read at the last capture."""
    matter_digest: Mapped[Digest | None]
    """Digest of what matters of it: counters, dates and recommendations are left out."""
    etag: Mapped[str | None]
    """Validators of the payload that is kept; none where its last answer was another."""
    last_modified: Mapped[str | None]
    role: Mapped[Word] = mapped_column(default="page")
    """As what it was found first: see `FrontierRow.role`. A picture is a page of that role."""
    depth: Mapped[int] = mapped_column(default=0)
    """The fewest links from a start address over which it was found."""
    looked_at: Mapped[datetime | None]
    """When a crawl last saw what it says, or that it is gone; a failed visit is no look."""
    looks: Mapped[list[Any]] = mapped_column(default=list)
    """Seconds between its last looks, oldest first; below 0 where nothing that matters changed."""
    due_at: Mapped[datetime | None]
    """From when on a scheduled crawl takes it; none: from now on."""


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
    """As what it was found: start, listing, thread, next, seller, result, page; robots, sitemap or
    feed; evidence or recheck; picture.
    """
    depth: Mapped[int] = mapped_column(default=0)
    meta: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[Word] = mapped_column(default="open")
    """open or done."""
    outcome: Mapped[Word | None]
