"""How a row names a record."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, Self


class NamesRecord(Protocol):
    """What names a record: a `RecordRef`, or a row of `Artifact`."""

    @property
    def file(self) -> str: ...  # noqa: D102
    @property
    def offset(self) -> int: ...  # noqa: D102
    @property
    def length(self) -> int: ...  # noqa: D102
    @property
    def record_id(self) -> str: ...  # noqa: D102
    @property
    def digest(self) -> str: ...  # noqa: D102
    @property
    def size(self) -> int: ...  # noqa: D102
    @property
    def record_digest(self) -> str: ...  # noqa: D102
    @property
    def deleted_at(self) -> datetime | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class RecordRef:
    """Where a record is and what it must be.

    `file` is relative to the archive's folder; `offset` and `length` are bytes of the file;
    `digest` and `size` are of the payload, `record_digest` of the record's bytes in the file.
    """

    file: str
    offset: int
    length: int
    record_id: str
    digest: str
    size: int
    record_digest: str = ""
    deleted_at: datetime | None = None

    @classmethod
    def of(cls, named: NamesRecord) -> Self:
        """The reference that a row of `Artifact` holds."""
        return cls(
            file=named.file,
            offset=named.offset,
            length=named.length,
            record_id=named.record_id,
            digest=named.digest,
            size=named.size,
            record_digest=named.record_digest,
            deleted_at=named.deleted_at,
        )

    def columns(self) -> dict[str, Any]:
        """What a row of `Artifact` holds of a record that was just written."""
        return {
            "digest": self.digest,
            "size": self.size,
            "file": self.file,
            "offset": self.offset,
            "length": self.length,
            "record_id": self.record_id,
            "record_digest": self.record_digest,
        }
