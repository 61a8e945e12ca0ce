"""How evidence is kept: what was deleted when its time was over, what may not be, what came in."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from lantian.model.column import Digest, Entity, Id, Word


class Deletion(Entity):
    """Records of one WARC file whose time was over; immutable but for `file_removed_at`.

    The rows of the records stay, with the digests that were sealed: only their bytes go.
    """

    __tablename__ = "deletion"

    id: Mapped[Id]
    file: Mapped[str] = mapped_column(unique=True)
    """The file that held them, which goes as a whole."""
    replaced_by: Mapped[str | None] = mapped_column(unique=True)
    """The file that holds, byte by byte, what else was in it; none if nothing was."""
    records: Mapped[int]
    digest: Mapped[Digest]
    """Of the list of the records that were deleted (`lantian.evidence.retention`)."""
    rule: Mapped[str]
    """By which rule, in a sentence."""
    at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    file_removed_at: Mapped[datetime | None]
    """Real time at which the bytes went: those who were reading the file have ended by then."""


class LegalHold(Entity):
    """Nothing of its subject is deleted, however old, until it is lifted (证据保全)."""

    __tablename__ = "legal_hold"

    id: Mapped[Id]
    kind: Mapped[Word]
    """capture, page, source, or everything."""
    subject_id: Mapped[int | None]
    reason: Mapped[str]
    placed_by: Mapped[str]
    placed_at: Mapped[datetime]
    lifted_by: Mapped[str | None]
    lifted_at: Mapped[datetime | None]


class ReceivedBundle(Entity):
    """A bundle of another installation, kept as it came and verified with everything else."""

    __tablename__ = "received_bundle"

    id: Mapped[Id]
    digest: Mapped[Digest] = mapped_column(unique=True)
    file: Mapped[str]
    """Relative to the archive's folder."""
    size: Mapped[int]
    name: Mapped[str]
    """As the file was called when it came."""
    office: Mapped[str]
    """Who made it, as it says itself."""
    told: Mapped[dict[str, Any]]
    """What is in it, as it says itself; and how its stamps were judged."""
    received_by: Mapped[str]
    received_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
