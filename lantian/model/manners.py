"""How sites were treated: exceptions from robots.txt, what each host was asked, who is needed."""

from datetime import datetime

from sqlalchemy import Float, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from lantian.model.column import Entity, Id, Word


class RobotsException(Entity):
    """Leave to open addresses of one source although robots.txt forbids them; never deleted."""

    __tablename__ = "robots_exception"

    id: Mapped[Id]
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"), index=True)
    path: Mapped[str]
    """With what the paths begin for which it holds; `/` for all."""
    granted_by: Mapped[str]
    """The person who answers for it."""
    reason: Mapped[str]
    granted_at: Mapped[datetime]
    revoked_by: Mapped[str | None]
    revoked_at: Mapped[datetime | None]


class HostDay(Entity):
    """What one host was asked on one legal day, by all crawls of all sources (礼貌访问日志).

    Browsers count with the pages that they open, not with what these load.
    """

    __tablename__ = "host_day"

    host: Mapped[str] = mapped_column(String(255), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    """The day in Asia/Shanghai, as 2026-11-28."""
    requests: Mapped[int] = mapped_column(default=0)
    """Robots, redirects and repeated tries among them."""
    bytes: Mapped[int] = mapped_column(default=0)
    """Bodies as received."""
    refused: Mapped[int] = mapped_column(default=0)
    """Answers 429 and 503, after each of which the host was left alone for a while."""
    longest_pause: Mapped[float] = mapped_column(Float, default=0.0)
    """Seconds of the longest of these pauses."""


class PersonTask(Entity):
    """A page that needs a person: it wants a log-in, or asks whether a robot is there (需人工处理).

    States: open; done (a person captured it); passed (a crawl saw it after all); dropped (somebody
    decided that it is not needed). One row a page, opened again when the wall is met again later.
    """

    __tablename__ = "person_task"

    id: Mapped[Id]
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"), index=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("page.id"), unique=True)
    kind: Mapped[Word]
    """login, captcha or refused."""
    detail: Mapped[str] = mapped_column(default="")
    since: Mapped[datetime]
    last_at: Mapped[datetime]
    times: Mapped[int] = mapped_column(default=1)
    """How often it was met."""
    state: Mapped[Word] = mapped_column(default="open", index=True)
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    how: Mapped[str] = mapped_column(default="")
    """How it was done, or why it was dropped."""
    capture_id: Mapped[int | None] = mapped_column(ForeignKey("capture.id"))
