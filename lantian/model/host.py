"""What crawls that visit one host at the same time know of each other."""

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from lantian.model.column import Entity


class Host(Entity):
    """The budget of one host, shared by all crawls on all machines (`lantian.store.hosts`)."""

    __tablename__ = "host"

    name: Mapped[str] = mapped_column(String(300), primary_key=True)
    """Host, with its port where it is not the usual one."""
    next_at: Mapped[datetime | None]
    """From when on nobody has reserved a moment for a request; time of the database."""
    rest_until: Mapped[datetime | None]
    """Nobody asks the host for anything before; time of the database."""
    holders: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """By crawl (`JOB:TOKEN`): its manners, the requests at a time that it holds, until when."""
    day: Mapped[str] = mapped_column(String(10), default="")
    """The legal day of what follows."""
    sources: Mapped[list[Any]] = mapped_column(default=list)
    """The sources that share the budget of the day."""
    allotments: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """By crawl: its source, and the pages and bytes that the source may come to."""
