"""What proves when evidence was there: days sealed one after the other, and their time stamps."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lantian.model.column import Digest, Entity, Id, Word


class SealedDay(Entity):
    """The Merkle tree of a day (Asia/Shanghai), chained to the one sealed before it; immutable.

    `digest` is of the statement that these columns make (`lantian.evidence.statement`), in which
    the digest before it stands. Numbers begin at 1 and leave none out.
    """

    __tablename__ = "sealed_day"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[Word] = mapped_column(unique=True)
    """As in 2026-11-27."""
    leaves: Mapped[int]
    root: Mapped[Digest]
    previous_digest: Mapped[Digest]
    digest: Mapped[Digest] = mapped_column(unique=True)
    sealed_at: Mapped[datetime]
    """Real time."""
    checkpoint: Mapped[str | None]
    """The signed root of the log of all days up to this one (`lantian.evidence.checkpoint`)."""


class SealedLeaf(Entity):
    """A leaf of a day's tree: the digest of a record, or of an event of the audit chain.

    It refers to its subject by number only and keeps the digest itself: it outlives the subject,
    and tells if it has gone. It is written before its day, some at a time: leaves of the number
    that comes next are of a day that is being sealed.
    """

    __tablename__ = "sealed_leaf"
    __table_args__ = (UniqueConstraint("kind", "subject_id"),)

    day_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[Word]
    """record (an artifact) or event (an audit event)."""
    subject_id: Mapped[int]
    digest: Mapped[Digest]
    sm3: Mapped[Digest | None]
    """Of the same bytes of a record, where the setting asks for it."""


class TimeStamp(Entity):
    """What an authority answered (RFC 3161) about the statement of a day; verified when it came."""

    __tablename__ = "time_stamp"
    __table_args__ = (UniqueConstraint("day_number", "authority"),)

    id: Mapped[Id]
    day_number: Mapped[int] = mapped_column(ForeignKey("sealed_day.number"))
    authority: Mapped[Word]
    url: Mapped[str]
    reply: Mapped[bytes] = mapped_column(LargeBinary)
    """The whole answer (TimeStampResp, DER), as it came."""
    reply_digest: Mapped[Digest]
    roots: Mapped[str]
    """The certificates (PEM) in which the authority was trusted at that time."""
    stamped_at: Mapped[datetime]
    """The authority's time."""
    serial: Mapped[str]
    policy: Mapped[str]
    received_at: Mapped[datetime]
    """Real time."""
