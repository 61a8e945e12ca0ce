"""What others hand in: files of clues, their rows, and the tips of platforms and citizens."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lantian.model.column import Digest, Entity, Id, Word


class Handover(Entity):
    """A file that was handed in: what it was, by whom, and what became of its rows.

    States: running, finished. One that was broken off is gone on with when the same file comes
    again.
    """

    __tablename__ = "handover"
    __table_args__ = (UniqueConstraint("job_key"),)

    id: Mapped[Id]
    collection: Mapped[str] = mapped_column(index=True)
    """The name under which its rows were taken; its sources are `COLLECTION@PLATFORM`."""
    name: Mapped[str]
    """The file's own name."""
    digest: Mapped[Digest]
    size: Mapped[int]
    format: Mapped[Word]
    """csv, xlsx, jsonl, warc, wacz, html or mhtml."""
    handed_by: Mapped[str]
    """The office or person that it came from, as they were named."""
    actor: Mapped[str]
    """Who took it in, as in the audit chain."""
    job_key: Mapped[str]
    state: Mapped[Word] = mapped_column(default="running")
    at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    taken: Mapped[int] = mapped_column(default=0)
    """Rows (or pages) that became visits."""
    requested: Mapped[int] = mapped_column(default=0)
    """Addresses that a crawl was asked for."""
    known: Mapped[int] = mapped_column(default=0)
    faulty: Mapped[int] = mapped_column(default=0)


class HandedRow(Entity):
    """One row of what was handed in, known by its content: it is taken once a collection.

    `note` and `reference` are for this office alone, so they are no part of the evidence.
    """

    __tablename__ = "handed_row"

    collection: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[Digest] = mapped_column(primary_key=True)
    handover_id: Mapped[int] = mapped_column(ForeignKey("handover.id"), index=True)
    number: Mapped[int]
    """The row's number in the file, as a table program shows it."""
    reference: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")


class Tip(Entity):
    """What a platform or a citizen told, by the interface (举报).

    States: waiting, taken (it became a capture), requested (its address is to be crawled), known
    (nothing in it is new), refused (`reason` says why).
    """

    __tablename__ = "tip"

    id: Mapped[Id]
    receipt: Mapped[str] = mapped_column(String(40), unique=True)
    """By which its sender asks what became of it."""
    key_id: Mapped[str] = mapped_column(String(16), index=True)
    """The key with which it came."""
    content: Mapped[dict[str, Any]]
    """All that it says of the posting; never the contact."""
    note: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    state: Mapped[Word] = mapped_column(default="waiting", index=True)
    reason: Mapped[str] = mapped_column(default="")
    page_url: Mapped[str] = mapped_column(default="")
    """The canonical address under which it was taken."""


class TipContact(Entity):
    """How the sender of a tip can be reached: personal data, apart from all else, for a time."""

    __tablename__ = "tip_contact"

    tip_id: Mapped[int] = mapped_column(ForeignKey("tip.id"), primary_key=True)
    contact: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)
