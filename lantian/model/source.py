"""What is watched: sources, their permissions, and the crawls over them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lantian.model.column import Entity, Id, Word


class Source(Entity):
    """A site or a part of one that is watched (监测源)."""

    __tablename__ = "source"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str] = mapped_column(default="")
    kind: Mapped[Word]
    """The spider: shop, forum, search or site."""
    profile: Mapped[str]
    """Name of the site profile."""
    start_urls: Mapped[list[str]]
    platform_id: Mapped[int] = mapped_column(ForeignKey("platform.id"), index=True)
    schedule: Mapped[str | None]
    """Cron in Asia/Shanghai; none: only by hand."""
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    last_crawl_at: Mapped[datetime | None]
    round_began_at: Mapped[datetime | None]
    """Since when crawls take what is due: the round ends when each page was looked at since."""
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"), index=True)
    """The campaign that made it, and between whose dates alone it is crawled."""
    part_of_id: Mapped[int | None] = mapped_column(ForeignKey("source.id"), index=True)
    """The source of which it is a section: its crawls are made when that one's are due."""
    section: Mapped[str | None]
    """The section's name in the profile."""

    permissions: Mapped[list["Permission"]] = relationship(
        cascade="all, delete-orphan", order_by="Permission.id"
    )


class Permission(Entity):
    """Leave to connect to one exact host and port for one source, with who gave it and why."""

    __tablename__ = "permission"
    __table_args__ = (UniqueConstraint("source_id", "host", "port"),)

    id: Mapped[Id]
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    host: Mapped[str]
    port: Mapped[int]
    granted_by: Mapped[str]
    reason: Mapped[str]
    granted_at: Mapped[datetime]


class SourceDay(Entity):
    """What all crawls, evidence visits and re-checks of a source took on one legal day."""

    __tablename__ = "source_day"

    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    """The day in Asia/Shanghai, as 2026-11-28."""
    pages: Mapped[int] = mapped_column(default=0)
    """Visits, whatever became of them."""
    bytes: Mapped[int] = mapped_column(default=0)
    """Heads and bodies as received."""


class Campaign(Entity):
    """A watch list (专项行动): words on platforms, searched for between two dates."""

    __tablename__ = "campaign"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str] = mapped_column(default="")
    spec: Mapped[dict[str, Any]]
    """The file as it was checked."""
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    """Half-open: at this moment it is over."""
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    stopped_at: Mapped[datetime | None]
    stopped_by: Mapped[str | None]


class Crawl(Entity):
    """One run over a source, with its coverage (覆盖情况).

    planned = seen + unchanged + gone + blocked + logged_out + failed + unreached + left_out, where
    the reader of a report sees `failed + unreached + left_out` as unknown.
    """

    __tablename__ = "crawl"

    id: Mapped[Id]
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"), index=True)
    spider: Mapped[Word]
    purpose: Mapped[Word] = mapped_column(default="crawl")
    """crawl, evidence or recheck; addresses, where a job named them, or import."""
    job_key: Mapped[str]
    token: Mapped[int]
    """Fencing token of the lease under which this run writes."""
    state: Mapped[Word] = mapped_column(default="running", index=True)
    """running, finished or failed."""
    reason: Mapped[str] = mapped_column(default="")
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime]
    """Real time of the start; differs from `started_at` only in a demonstration."""
    planned: Mapped[int] = mapped_column(default=0)
    seen: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    gone: Mapped[int] = mapped_column(default=0)
    blocked: Mapped[int] = mapped_column(default=0)
    logged_out: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    unreached: Mapped[int] = mapped_column(default=0)
    left_out: Mapped[int] = mapped_column(default=0)
    """Known addresses that were not asked for, because the budget of the day was used up."""
    rested: Mapped[int] = mapped_column(default=0)
    """Known pages that were not due yet, and so were no part of what was planned."""
    noise: Mapped[int] = mapped_column(default=0)
    """Of the unchanged pages those of which only counters, dates and the like had changed."""
    documents: Mapped[int] = mapped_column(default=0)
    """Documents read, page by page."""
    expected: Mapped[int] = mapped_column(default=0)
    """Documents read, and those that a page should have carried and did not."""
    broken: Mapped[int] = mapped_column(default=0)
    """Of the expected documents those that lack what the profile requires."""
    unreadable: Mapped[int] = mapped_column(default=0)
    """Pages whose bytes could not be read."""
    hits: Mapped[int] = mapped_column(default=0)
    """Hits that were new."""
    browser_pages: Mapped[int] = mapped_column(default=0)
    """Visits that were made in the browser; the others went over HTTP."""
    complete: Mapped[bool] = mapped_column(default=False)
    """Whether every planned page was seen, unchanged or gone."""
    alarms: Mapped[list[Any]] = mapped_column(default=list)
    """What a healthy crawl would have found and this one did not, one sentence each."""

    source: Mapped[Source] = relationship()

    @property
    def unknown(self) -> int:
        """Pages that failed, were never reached, or were left out for the budget."""
        return self.failed + self.unreached + self.left_out

    @property
    def browser_share(self) -> float:
        """Share of the pages that answered which were opened in the browser."""
        answered = self.seen + self.unchanged + self.gone + self.blocked + self.logged_out
        return round(min(1.0, self.browser_pages / answered), 3) if answered else 0.0
