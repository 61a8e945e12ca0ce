"""Work that is due: one leased table, which is also the transactional outbox."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from lantian.model.column import Entity, Id, Word


class Job(Entity):
    """One piece of work. States: ready, leased, done, dead.

    `lane`: of the jobs of one lane, at most one is leased at a time (a source's crawls, visits
    and re-checks). `token` grows with each claim and fences off earlier holders.
    """

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_state_due", "state", "due", "id"),)

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True)
    """What the work is; a second job of the same key is not made."""
    kind: Mapped[Word]
    payload: Mapped[dict[str, Any]]
    lane: Mapped[str | None] = mapped_column(index=True)
    priority: Mapped[int] = mapped_column(default=0)
    """Higher goes first among those that are due."""
    state: Mapped[Word] = mapped_column(default="ready")
    due: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    token: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
