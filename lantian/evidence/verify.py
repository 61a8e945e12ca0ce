"""Reads the whole archive again and names what is missing, changed, or named by no row.

The work comes in parts that need each other in nothing: stretches of files, sealed days, captures
to be read again. They may be done in any order and by several processes (`lantian.evidence.parts`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Row, exists, func, select
from sqlalchemy.orm import Session

from lantian.errors import EvidenceDamaged
from lantian.evidence.archive import SUFFIX, Archive, Look
from lantian.evidence.authority import Authority
from lantian.evidence.daylog import log_findings
from lantian.evidence.deletions import deletion_findings, made_findings
from lantian.evidence.finding import Finding
from lantian.evidence.indexing import is_index
from lantian.evidence.promised import lacking_records, unseen_hits
from lantian.evidence.receiving import arrival_findings, received_findings
from lantian.evidence.record import BadRecord, Record, parsed, stored_member, unpacked
from lantian.evidence.reference import RecordRef
from lantian.evidence.retention import unused_files
from lantian.evidence.sealed import audit_findings, chain_findings, day_findings
from lantian.evidence.sm3 import sm3_of
from lantian.evidence.spelling import date_of, payload_place, status_of
from lantian.evidence.statement import RECORD
from lantian.model import Artifact, AuditEvent, Capture, ReceivedBundle, SealedDay, SealedLeaf

if TYPE_CHECKING:
    from lantian.evidence.again import ReadAgain

Progress = Callable[[int], None]
PartKind = Literal[
    "file", "nameless", "captures", "chain", "told", "audit", "received", "day", "deep"
]
STRETCH = 64 * 1024 * 1024
"""Bytes of a file that are one part."""
EVENTS = 100_000
"""Events of the audit chain that are one part."""
DEEP = 200
"""Captures that are read again in one part."""
_MOST_UNNAMED = 1 << 20
"""Bytes between two named records that are looked at; ours are a few hundred."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the work, from `start` up to `stop` (none: the end): bytes, or numbers of captures.

    `size` is of the file when it was looked at (-1: it was not there), of a day its leaves; `held`
    says that somebody was writing it.
    """

    kind: PartKind
    name: str = ""
    start: int = 0
    stop: int | None = None
    size: int = 0
    held: bool = False

    @property
    def bytes(self) -> int:
        """Bytes to be read, about."""
        if self.kind not in {"file", "received"}:
            return 0
        return max(0, (self.size if self.stop is None else self.stop) - self.start)


@dataclass(frozen=True)
class Means:
    """With what parts are done: the archive, whom time stamps are trusted from, how to read."""

    archive: Archive
    authorities: Sequence[Authority] = ()
    again: "ReadAgain | None" = None


def verify(
    session: Session,
    archive: Archive,
    *,
    again: "ReadAgain | None" = None,
    authorities: Sequence[Authority] = (),
    progress: Progress | None = None,
) -> Iterator[Finding]:
    """Everything that is not as it was kept; nothing, if all of it is.

    Every record is read and checked against the row that names it, every sealed day against its
    leaves, chain and stamps. With `again`, each capture is also read anew and its hits found at
    their offsets. `progress` is called with the bytes of each record that was checked. Give a
    session in which nothing was read yet: what a writer adds meanwhile is then no finding.
    """
    means = Means(archive, authorities, again)
    for part in parts_of(session, archive, deep=again is not None):
        yield from part_findings(session, means, part, progress)


def parts_of(session: Session, archive: Archive, *, deep: bool = False) -> list[Part]:
    """The parts of which all the work is made, as things are now."""
    # Files first: whatever is in them by now and was committed is in the rows that follow.
    files = {file: look for file, look in archive.looks() if not is_index(file)}
    parts = []
    kept = Artifact.deletion_id.is_(None)
    named = set(session.scalars(select(Artifact.file).where(kept).distinct()))
    # Files out of use go a day later; they are looked at no more, and the deletions are.
    unused = unused_files(session)
    for file in sorted(named):
        look = files.get(file, Look(-1, held=False))
        cuts = [0, *_cuts(session, file, look.size), None]
        for start, stop in pairwise(cuts):
            parts.append(Part("file", file, start or 0, stop, look.size, look.held))
    came = set(session.scalars(select(ReceivedBundle.file)))
    none = Look(0, held=False)
    parts += [Part("received", file, size=files.get(file, none).size) for file in sorted(came)]
    parts += [
        Part("nameless", file, size=look.size)
        for file, look in files.items()
        if file not in named | unused | came and not look.held
    ]
    parts += [Part("captures"), Part("chain"), Part("told"), *_audit_parts(session)]
    days = select(SealedDay).order_by(SealedDay.number)
    parts += [Part("day", day.day, size=day.leaves) for day in session.scalars(days)]
    last = session.scalar(select(func.max(Capture.id))) or 0
    if deep:
        parts += [
            Part("deep", start=start, stop=start + DEEP) for start in range(1, last + 1, DEEP)
        ]
    return parts


def _audit_parts(session: Session) -> Iterator[Part]:
    """Stretches of the audit chain."""
    last = session.scalar(select(func.max(AuditEvent.id))) or 0
    for start in range(0, last + 1, EVENTS):
        stop = start + EVENTS
        yield Part("audit", start=start, stop=stop if stop <= last else None, size=EVENTS)


def _cuts(session: Session, file: str, size: int) -> Iterator[int]:
    """Where records begin that cut a long file into stretches."""
    last = 0
    for place in range(STRETCH, size, STRETCH):
        first = select(func.min(Artifact.offset)).where(
            Artifact.file == file, Artifact.offset >= place, Artifact.deletion_id.is_(None)
        )
        cut = session.scalar(first)
        if cut is not None and cut > last:
            yield cut
            last = cut


def part_findings(
    session: Session, means: Means, part: Part, progress: Progress | None = None
) -> Iterator[Finding]:
    """What is found in one part."""
    archive = means.archive
    if part.kind == "file":
        yield from _file(session, archive, part, progress)
    elif part.kind == "nameless":
        yield from _nameless(archive, part.name, Look(part.size, held=False))
    elif part.kind == "received":
        yield from received_findings(session, archive, part.name)
        if progress is not None:
            progress(part.size)
    elif part.kind == "audit":
        yield from audit_findings(session, part.start, part.stop)
    elif part.kind in {"captures", "chain", "told"}:
        yield from _told(session, archive, part.kind)
    elif part.kind == "day":
        for day in session.scalars(select(SealedDay).where(SealedDay.day == part.name)):
            yield from day_findings(session, day, means.authorities)
    elif means.again is not None:
        # All that reads pages: none of it is needed where nothing is read again.
        from lantian.evidence.again import capture_again

        chosen = select(Capture).where(Capture.id >= part.start, Capture.id < (part.stop or 0))
        for capture in session.scalars(chosen.order_by(Capture.id)):
            yield from capture_again(session, archive, capture, means.again)


def _told(session: Session, archive: Archive, kind: PartKind) -> Iterator[Finding]:
    """What the rows say otherwise than the audit chain does, or each other."""
    if kind == "captures":
        yield from _bare_captures(session)
        yield from unseen_hits(session)
    elif kind == "chain":
        yield from chain_findings(session)
        yield from log_findings(session)
    else:
        yield from deletion_findings(session)
        yield from made_findings(session, archive)
        yield from arrival_findings(session)


def _look_again(archive: Archive, file: str) -> Look | None:
    """The file, if it was made since all were listed, or the name leads to none."""
    try:
        return archive.look(file)
    except EvidenceDamaged:
        return None


def _file(
    session: Session, archive: Archive, part: Part, progress: Progress | None
) -> Iterator[Finding]:
    """The findings of a stretch of one file that rows name."""
    file = part.name
    found: Look | None = Look(part.size, part.held)
    if part.size < 0:  # it may have been made since
        found = _look_again(archive, file)
    if found is None:
        where = select(func.count(), func.min(Artifact.capture_id)).where(
            Artifact.file == file, Artifact.deletion_id.is_(None)
        )
        count, first = session.execute(where).one()
        reason = f"the file is missing, and with it {count} records."
        yield Finding("missing", file, reason, first)
        return
    if part.start == 0:
        yield from lacking_records(session, archive, file)
    end = part.start
    for artifact, capture, sm3 in _rows(session, part):
        if artifact.offset > end:
            yield from _between(archive, file, end, artifact.offset)
        elif artifact.offset < end:
            reason = f"two rows name overlapping records at {artifact.offset}."
            yield Finding("changed", file, reason, capture.id)
        end = max(end, artifact.offset + artifact.length)
        yield from _record(archive, artifact, capture, sm3)
        if progress is not None:
            progress(artifact.length)
    if part.stop is not None:
        if end > part.stop:
            yield Finding("changed", file, f"two rows name overlapping records at {part.stop}.")
        elif end < part.stop:
            yield from _between(archive, file, end, part.stop)
    elif found.size > end and not found.held:
        yield from _between(archive, file, end, found.size)


def _rows(session: Session, part: Part) -> Iterable[Row[Artifact, Capture, str | None]]:
    """The records that are named in a stretch, in order, each with the SM3 that was sealed."""
    statement = (
        select(Artifact, Capture, SealedLeaf.sm3)
        .join(Capture, Capture.id == Artifact.capture_id)
        .outerjoin(SealedLeaf, (SealedLeaf.kind == RECORD) & (SealedLeaf.subject_id == Artifact.id))
        .where(Artifact.file == part.name, Artifact.offset >= part.start)
        .where(Artifact.deletion_id.is_(None))
        .order_by(Artifact.offset)
        .execution_options(yield_per=500)
    )
    if part.stop is not None:
        statement = statement.where(Artifact.offset < part.stop)
    return session.execute(statement)


def _record(
    archive: Archive, artifact: Artifact, capture: Capture, sm3: str | None
) -> Iterator[Finding]:
    """The findings of one record that a row names."""
    try:
        # What is marked as deleted by no deletion is read as well: that it is there tells more.
        raw, record = archive.member(replace(RecordRef.of(artifact), deleted_at=None))
    except EvidenceDamaged as error:
        reason = error.message.removeprefix(artifact.file).lstrip(": ")
        yield Finding("changed", artifact.file, reason, capture.id)
        return
    yield from differences(artifact, capture, record)
    if sm3 is not None and sm3_of(raw) != sm3:
        reason = f"at {artifact.offset}: its SM3 is not the one that was sealed."
        yield Finding("changed", artifact.file, reason, capture.id)


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
        data = archive.piece(file, start, min(end - start, _MOST_UNNAMED))
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


def _nameless(archive: Archive, file: str, found: Look) -> Iterator[Finding]:
    """The findings about a file of which no row names anything.

    One that a killed writer had only begun is none.
    """
    if not file.endswith(SUFFIX):
        yield Finding("unnamed", file, "no row names this file.")
        return
    reason = f"no row names anything in this file ({found.size:,} bytes)."
    try:
        content, length = unpacked(archive.start(file, _MOST_UNNAMED), _MOST_UNNAMED)
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
