"""Reads the whole archive again and names what is missing, changed, or named by no row."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePosixPath

from sqlalchemy import Row, exists, select
from sqlalchemy.orm import Session

from lantian.errors import EvidenceDamaged
from lantian.evidence.again import ReadAgain, capture_again
from lantian.evidence.archive import SUFFIX, Archive
from lantian.evidence.finding import Finding
from lantian.evidence.indexing import is_index
from lantian.evidence.record import BadRecord, Record, parsed, stored_member, unpacked
from lantian.evidence.spelling import date_of, payload_place, status_of
from lantian.model import Artifact, Capture

Progress = Callable[[int], None]
_MOST_UNNAMED = 1 << 20
"""Bytes between two named records that are looked at; ours are a few hundred."""


@dataclass(frozen=True, slots=True)
class _File:
    size: int
    held: bool


def verify(
    session: Session,
    archive: Archive,
    *,
    again: ReadAgain | None = None,
    progress: Progress | None = None,
) -> Iterator[Finding]:
    """Everything that is not as it was kept; nothing, if all of it is.

    Every record is read and checked against the row that names it. With `again`, each capture is
    also read anew and its hits found at their offsets. `progress` is called with the bytes of each
    record that was checked. Give a session in which nothing was read yet: what a writer adds
    meanwhile is then no finding.
    """
    # Files first: whatever is in them by now and was committed is in the rows that follow.
    files = {
        file: look
        for file in archive.files()
        if not is_index(file) and (look := _look(archive, file)) is not None
    }
    statement = (
        select(Artifact, Capture)
        .join(Capture, Capture.id == Artifact.capture_id)
        .order_by(Artifact.file, Artifact.offset)
        .execution_options(yield_per=500)
    )
    named = groupby(session.execute(statement), key=lambda row: row[0].file)
    seen = set()
    for file, rows in named:
        seen.add(file)
        yield from _file(archive, file, files.get(file), rows, progress)
    for file, found in files.items():
        if file not in seen and not found.held:
            yield from _nameless(archive, file, found)
    yield from _bare_captures(session)
    if again is not None:
        for capture in session.scalars(select(Capture).order_by(Capture.id)):
            yield from capture_again(session, archive, capture, again)


def _look(archive: Archive, file: str) -> _File | None:
    """The file as it is now; none if it has gone since it was listed."""
    place = archive.place(file)
    try:
        return _File(place.path.stat().st_size, place.held())
    except FileNotFoundError:
        return None
    except OSError:
        return _File(0, held=False)  # reading it tells why


def _file(
    archive: Archive,
    file: str,
    found: _File | None,
    rows: Iterable[Row[Artifact, Capture]],
    progress: Progress | None,
) -> Iterator[Finding]:
    """The findings of one file that rows name."""
    if found is None:
        ids = [capture.id for _, capture in rows]
        reason = f"the file is missing, and with it {len(ids)} records."
        yield Finding("missing", file, reason, ids[0])
        return
    end = 0
    for artifact, capture in rows:
        if artifact.offset > end:
            yield from _between(archive, file, end, artifact.offset)
        elif artifact.offset < end:
            reason = f"two rows name overlapping records at {artifact.offset}."
            yield Finding("changed", file, reason, capture.id)
        end = max(end, artifact.offset + artifact.length)
        try:
            record = archive.record(artifact)
        except EvidenceDamaged as error:
            reason = error.message.removeprefix(file).lstrip(": ")
            yield Finding("changed", file, reason, capture.id)
        else:
            yield from differences(artifact, capture, record)
        if progress is not None:
            progress(artifact.length)
    if found.size > end and not found.held:
        yield from _between(archive, file, end, found.size)


def differences(artifact: Artifact, capture: Capture, record: Record) -> Iterator[Finding]:
    """What the rows say otherwise than the record, which is as it was written."""
    where = f"at {artifact.offset}"
    if artifact.role != "payload":
        if record.fields.get("Lantian-Role") != artifact.role:
            reason = f"{where}: the row calls it {artifact.role}, the record does not."
            yield Finding("changed", artifact.file, reason, capture.id)
        return
    status = record.head[:60].split(b" ")[1:2]
    said = {
        "payload digest": (capture.payload_digest, artifact.digest),
        "address": (
            payload_place(capture.final_url, capture.status),
            record.fields.get("WARC-Target-URI"),
        ),
        "time": (date_of(capture.recorded_at), record.fields.get("WARC-Date")),
        "IP address": (capture.remote_ip, record.fields.get("WARC-IP-Address")),
        "status": (status_of(capture.status).encode(), status[0] if status else b""),
    }
    for what, (by_row, by_record) in said.items():
        if by_row != by_record:
            reason = f"{where}: the capture's row names another {what} than the record."
            yield Finding("changed", artifact.file, reason, capture.id)


def _between(archive: Archive, file: str, start: int, end: int) -> Iterator[Finding]:
    """The findings in a stretch that no row names: it may hold `warcinfo` records only."""
    try:
        with archive.path(file).open("rb") as handle:
            handle.seek(start)
            data = handle.read(min(end - start, _MOST_UNNAMED))
    except OSError as error:
        yield Finding("missing", file, f"it cannot be read: {error.strerror}.")
        return
    place = 0
    while place < len(data):
        where = f"at {start + place}"
        try:
            content, length = unpacked(data[place:], _MOST_UNNAMED)
            record = parsed(content)
        except BadRecord as error:
            reason = (
                f"{where}: {end - start - place} bytes that no row names are no record: {error}."
            )
            yield Finding("changed", file, reason)
            return
        kind = record.fields.get("WARC-Type", "")
        if kind != "warcinfo":
            address = record.fields.get("WARC-Target-URI", "")
            yield Finding("unnamed", file, f"{where}: no row names this {kind} of {address}.")
        elif data[place : place + length] != stored_member(content):
            yield Finding("changed", file, f"{where}: its warcinfo record was changed.")
        elif record.fields.get("WARC-Filename") != PurePosixPath(file).name:
            name = record.fields.get("WARC-Filename")
            yield Finding("changed", file, f"{where}: it was written as {name}: was it renamed?")
        place += length


def _nameless(archive: Archive, file: str, found: _File) -> Iterator[Finding]:
    """The findings about a file of which no row names anything.

    One that a killed writer had only begun is none.
    """
    if not file.endswith(SUFFIX):
        yield Finding("unnamed", file, "no row names this file.")
        return
    reason = f"no row names anything in this file ({found.size:,} bytes)."
    try:
        with archive.path(file).open("rb") as handle:
            content, length = unpacked(handle.read(_MOST_UNNAMED), _MOST_UNNAMED)
        record = parsed(content)
    except (OSError, BadRecord):
        yield Finding("unnamed", file, f"{reason} It is no WARC file of ours.")
        return
    name = record.fields.get("WARC-Filename")
    if name is not None and name != PurePosixPath(file).name:
        reason += f" It was written as {name}: was it renamed?"
    elif length == found.size and record.fields.get("WARC-Type") == "warcinfo":
        return
    yield Finding("unnamed", file, reason)


def _bare_captures(session: Session) -> Iterator[Finding]:
    """Captures without the bytes that they received."""
    has_payload = exists().where(Artifact.capture_id == Capture.id, Artifact.role == "payload")
    for capture in session.scalars(select(Capture).where(~has_payload)):
        reason = f"no row names the payload of this capture of {capture.final_url}."
        yield Finding("missing", "store", reason, capture.id)
