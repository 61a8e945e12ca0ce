"""The evidence archive: one folder of WARC files, each written by one process and read by all.

Layout: `warc/YYYY/MM/NAME.warc.gz`. Files only grow, and a file is never opened for writing again
once its writer is gone: a new writer makes a file of its own. Files that are complete may have gone
on into a depot (`lantian.evidence.depot`), from which they are read where they are not here.
"""

import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO

from lantian.clock import legal_day
from lantian.errors import EvidenceDamaged, EvidenceDeleted
from lantian.evidence.depot import Depot
from lantian.evidence.record import BadRecord, Record, parsed, stored_member, unpacked
from lantian.evidence.reference import NamesRecord, RecordRef
from lantian.evidence.seal import digest_of
from lantian.evidence.surroundings import surroundings
from lantian.evidence.writer import Original, Place, WarcWriter, open_writer, sync_folder

__all__ = ["Archive", "NamesRecord", "Original", "RecordRef", "WarcWriter"]

FOLDER = "warc"
SUFFIX = ".warc.gz"
_HEADS = 1 << 20
"""Most bytes that a record may have besides its payload: WARC fields and HTTP head."""
_AHEAD = 4 * 1024 * 1024
"""Bytes that are fetched at once from a depot for who reads on."""
_CURE = "`lantian evidence verify` names everything that is missing or changed."


@dataclass(frozen=True, slots=True)
class Look:
    """A file as it is now: its bytes, and whether a writer has it open."""

    size: int
    held: bool


class Archive:
    """The archive in one folder, which is made at the first write; and behind it a depot, if any.

    May be used by several threads.
    """

    def __init__(self, folder: Path, depot: Depot | None = None) -> None:
        self.folder = folder
        self.depot = depot
        self._ahead = threading.local()

    def writer(
        self,
        name: str,
        *,
        at: datetime,
        software: str = "Lantian",
        about: Mapping[str, str] | None = None,
        folder: PurePosixPath | None = None,
        info_id: str = "",
    ) -> WarcWriter:
        """A writer with a new file of its own; `at` (real time) says in which month's folder.

        `name` tells the run, as in `crawl-17-3`; where a file of that name is there already, a
        number is added. `about` is what the file says of its making, such as machine and clock;
        unset: what this machine says of itself now. `folder` and `info_id`: those of a
        file that the new one replaces.
        """
        month = folder or PurePosixPath(FOLDER, f"{at:%Y}", f"{at:%m}")
        told = surroundings() if about is None else about
        info = {"software": software, **told}
        return open_writer(self.folder, month, name, SUFFIX, at=at, info=info, info_id=info_id)

    def read(self, ref: NamesRecord) -> bytes:
        """The payload that `ref` names, checked on the way.

        Raises `EvidenceDamaged` naming file and reason.
        """
        return self.record(ref).payload

    def record(self, ref: NamesRecord) -> Record:
        """The whole record that `ref` names, checked; raises `EvidenceDamaged`."""
        return self.member(ref)[1]

    def member(self, ref: NamesRecord) -> tuple[bytes, Record]:
        """The bytes of the record in its file, and the record; checked as by `record`.

        Raises `EvidenceDeleted` for one whose time was over.
        """
        if ref.deleted_at is not None:
            raise deleted(ref)
        raw = self._bytes(ref)
        where = f"{ref.file} at {ref.offset}"
        if ref.record_digest and digest_of(raw) != ref.record_digest:
            raise EvidenceDamaged(f"{where}: its bytes were changed.", hint=_CURE)
        try:
            data, length = unpacked(raw, ref.size + _HEADS)
            if length != len(raw):
                raise BadRecord("it is shorter than was written")
            record = parsed(data)
        except BadRecord as error:
            raise EvidenceDamaged(f"{where}: {error}.", hint=_CURE) from error
        if record.record_id != ref.record_id:
            raise EvidenceDamaged(f"{where}: another record stands there.", hint=_CURE)
        if len(record.payload) != ref.size or digest_of(record.payload) != ref.digest:
            raise EvidenceDamaged(f"{where}: its payload was changed.", hint=_CURE)
        return raw, record

    def warcinfo(self, file: str) -> bytes:
        """The bytes of the record with which a file begins, and which says who made the file.

        Raises `EvidenceDamaged` if it is not as it was written.
        """
        try:
            start = self.start(file, _HEADS)
            content, length = unpacked(start, _HEADS)
            record = parsed(content)
        except OSError as error:
            raise EvidenceDamaged(
                f"{file}: it cannot be read: {error.strerror}.", hint=_CURE
            ) from error
        except BadRecord as error:
            raise EvidenceDamaged(f"{file} at 0: {error}.", hint=_CURE) from error
        if record.fields.get("WARC-Type") != "warcinfo" or start[:length] != stored_member(content):
            raise EvidenceDamaged(f"{file} at 0: its warcinfo record was changed.", hint=_CURE)
        return start[:length]

    def _bytes(self, ref: NamesRecord) -> bytes:
        try:
            raw = self._here(ref.file, ref.offset, ref.length)
            if raw is None:
                raw = self._there(ref.file, ref.offset, ref.length)
        except FileNotFoundError as error:
            raise EvidenceDamaged(f"{ref.file}: the file is missing.", hint=_CURE) from error
        except OSError as error:
            raise EvidenceDamaged(
                f"{ref.file}: it cannot be read: {error.strerror}.", hint=_CURE
            ) from error
        if len(raw) < ref.length:
            raise EvidenceDamaged(
                f"{ref.file}: it ends before the record at {ref.offset} does.", hint=_CURE
            )
        return raw

    def _here(self, file: str, offset: int, length: int) -> bytes | None:
        """The bytes in the folder; none if the file is not there, and there is a depot."""
        try:
            with self.path(file).open("rb") as handle:
                handle.seek(offset)
                return handle.read(length)
        except FileNotFoundError:
            if self.depot is None:
                raise
            return None

    def _there(self, file: str, offset: int, length: int) -> bytes:
        """The bytes in the depot; whoever reads record after record gets some ahead."""
        if self.depot is None:
            raise FileNotFoundError(file)
        held: tuple[str, int, bytes] = getattr(self._ahead, "held", ("", 0, b""))
        start = offset - held[1]
        if held[0] != file or not 0 <= start <= len(held[2]) - length:
            follows = held[0] == file and 0 <= start <= len(held[2])
            data = self.depot.read(file, offset, max(length, _AHEAD) if follows else length)
            held, start = (file, offset, data), 0
            self._ahead.held = held
        return held[2][start : start + length]

    def start(self, file: str, length: int) -> bytes:
        """The first bytes of a file; raises `FileNotFoundError` and other `OSError`."""
        raw = self._here(file, 0, length)
        return self._there(file, 0, length) if raw is None else raw

    def piece(self, file: str, offset: int, length: int) -> bytes:
        """Some bytes of a file; raises `FileNotFoundError` and other `OSError`."""
        raw = self._here(file, offset, length)
        return self._there(file, offset, length) if raw is None else raw

    def open(self, file: str) -> IO[bytes]:
        """A file, to be read from its start; raises `FileNotFoundError` and other `OSError`."""
        try:
            return self.path(file).open("rb")
        except FileNotFoundError:
            if self.depot is None:
                raise
            return self.depot.open(file)

    def look(self, file: str) -> Look | None:
        """The file as it is now; none if there is no such file."""
        place = self.place(file)
        try:
            if not place.path.is_dir():
                return Look(place.path.stat().st_size, place.held())
        except FileNotFoundError:
            pass
        except OSError:
            return Look(0, held=False)  # reading it tells why
        if self.depot is None:
            return None
        try:
            return Look(self.depot.size(file), held=False)
        except FileNotFoundError:
            return None

    def path(self, file: str) -> Path:
        """Where a file of the archive is; raises `EvidenceDamaged` for a name that leads out."""
        parts = PurePosixPath(file)
        if parts.is_absolute() or ".." in parts.parts or "\0" in file or not file:
            raise EvidenceDamaged(
                f"{file!r} is no file of the archive.", hint="The row that names it was changed."
            )
        return self.folder / parts

    def looks(self) -> Iterator[tuple[str, Look]]:
        """Every file of the archive as it is now: those of the folder, then those of the depot."""
        here = set()
        for file in self.files():
            look = self.look(file)
            if look is not None:
                here.add(file)
                yield file, look
        for file, size in () if self.depot is None else self.depot.files():
            if file not in here:
                yield file, Look(size, held=False)

    def files(self) -> Iterator[str]:
        """Every file in the archive's folder, in order, whatever it is."""
        for folder, folders, names in os.walk(self.folder):
            folders.sort()
            for name in sorted(names):
                yield (Path(folder) / name).relative_to(self.folder).as_posix()

    def held(self, file: str) -> bool:
        """Whether a writer has the file open; not if it is not there."""
        try:
            return self.place(file).held()
        except FileNotFoundError:
            return False

    def remove(self, file: str) -> None:
        """Delete a file that nobody writes or needs any more; it may have gone already."""
        if self.path(file).exists():
            self.forget(file)
        if self.depot is not None:
            self.depot.remove(file)

    def forget(self, file: str) -> None:
        """Delete a file from the folder that stands in the depot."""
        path = self.path(file)
        path.unlink(missing_ok=True)
        sync_folder(path.parent)

    def place(self, file: str) -> Place:
        """The file as something that may be cut, and that a writer may hold."""
        return Place(self.path(file))


def deleted(ref: NamesRecord) -> EvidenceDeleted:
    """What is said of a record whose time was over."""
    day = "" if ref.deleted_at is None else f" on {legal_day(ref.deleted_at)}"
    return EvidenceDeleted(
        f"{ref.record_id}: deleted by retention{day}, since it had no hit.",
        hint="Its digest is in a sealed day; visit the page again to capture what it says now.",
    )
