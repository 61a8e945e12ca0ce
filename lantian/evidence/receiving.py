"""Bundles of other installations, taken in: checked, kept as they came, and verified ever after."""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.access import audit
from lantian.errors import StoreError
from lantian.evidence.archive import Archive
from lantian.evidence.authority import Authority, StampRefused
from lantian.evidence.bundle.check import BundleCheck
from lantian.evidence.finding import Finding
from lantian.evidence.stamp import judged_stamp
from lantian.evidence.writer import sync_folder
from lantian.model import AuditEvent, ReceivedBundle
from lantian.store.engine import Store

RECEIVE = "evidence.receive"
"""The act in the audit chain."""
FOLDER = "received"
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Looked:
    """What checking a bundle found; nothing in `findings` means that it agrees with itself."""

    checking: BundleCheck
    findings: tuple[Finding, ...]
    judged: bool
    """Whether the signatures of its stamps were judged, under roots that were given."""


def look_at(path: Path, *, expect: str = "", roots: str = "") -> Looked:
    """The check of a bundle, with the signatures of its stamps if `roots` (PEM) are given.

    Raises `Unreadable`.
    """
    checking = BundleCheck(path, expect)
    findings = list(checking.findings())
    if roots:
        findings += stamp_findings(checking, roots)
    return Looked(checking, tuple(findings), judged=bool(roots))


def stamp_findings(checking: BundleCheck, roots: str) -> Iterator[Finding]:
    """The time stamps of a checked bundle that do not stand under one of the roots (PEM)."""
    for stamp in checking.proved.stamps:
        authority = Authority(stamp.authority, "", roots)
        try:
            judged_stamp(stamp.reply, stamp.text, authority, earliest=stamp.sealed)
        except StampRefused as error:
            why = error.message.partition(" is refused: ")[2]
            yield Finding("unproved", stamp.name, f"under the given roots: {why}")


def receive(
    store: Store,
    archive: Archive,
    path: Path,
    looked: Looked,
    *,
    by: str,
    now: datetime,
    real_now: datetime,
) -> tuple[ReceivedBundle, bool]:
    """The row of a bundle that was looked at, and whether it is new here.

    Its file is on the disk before the row names it. Raises `StoreError`.
    """
    checking = looked.checking
    file = f"{FOLDER}/{checking.digest.partition(':')[2]}.wacz"
    with store.read() as session:
        known = _known(session, checking.digest)
    if known is not None:
        return known, False
    _copy(path, archive.path(file), checking)
    proved = checking.proved
    told = {
        "members": checking.members,
        "records": checking.records,
        "days": sorted(set(proved.days)),
        "records_in_sealed_days": len(proved.records),
        "events_in_sealed_days": len(proved.events),
        "stamps": sorted(stamp.name for stamp in proved.stamps),
        "stamps_judged": looked.judged,
    }
    with store.write() as session:
        known = _known(session, checking.digest)
        if known is not None:
            return known, False
        row = ReceivedBundle(
            digest=checking.digest,
            file=file,
            size=checking.size,
            name=path.name,
            office=checking.office,
            told=told,
            received_by=by,
            received_at=now,
            recorded_at=real_now,
        )
        session.add(row)
        session.flush()
        audit.record(
            session,
            actor=by,
            action=RECEIVE,
            subject=f"bundle:{row.id}",
            detail={"digest": row.digest, "size": row.size, "records": checking.records},
            now=now,
            real_now=real_now,
        )
    return row, True


def received(session: Session) -> Sequence[ReceivedBundle]:
    """All that came in, in order."""
    return session.scalars(select(ReceivedBundle).order_by(ReceivedBundle.id)).all()


def received_findings(session: Session, archive: Archive, file: str) -> Iterator[Finding]:
    """What is wrong with one of them: it is checked again as when it came."""
    row = session.scalars(select(ReceivedBundle).where(ReceivedBundle.file == file)).first()
    if row is None:
        return
    if archive.look(file) is None:
        yield Finding("missing", file, f"the bundle {row.name} that came in is missing.")
        return
    checking = BundleCheck(Path(file), row.digest, opener=lambda: archive.open(file))
    for finding in checking.findings():
        yield Finding(finding.kind, file, f"{finding.file}: {finding.reason}")


def arrival_findings(session: Session) -> Iterator[Finding]:
    """Bundles that the audit chain tells of otherwise than their rows, or rows without it."""
    events = session.scalars(select(AuditEvent).where(AuditEvent.action == RECEIVE))
    told = {event.subject: event for event in events}
    for row in received(session):
        event = told.pop(f"bundle:{row.id}", None)
        if event is None:
            yield Finding("unnamed", row.file, "the audit chain does not tell that it came in.")
        elif (event.detail.get("digest"), event.detail.get("size")) != (row.digest, row.size):
            reason = f"it is not the one of which event {event.id} of the audit chain tells."
            yield Finding("changed", row.file, reason)
    for event in told.values():
        reason = f"the audit chain tells that it came in (event {event.id}), and it is gone."
        yield Finding("missing", event.subject, reason)


def _known(session: Session, digest: str) -> ReceivedBundle | None:
    return session.scalars(select(ReceivedBundle).where(ReceivedBundle.digest == digest)).first()


def _copy(path: Path, place: Path, checking: BundleCheck) -> None:
    """The bundle where it is kept, on the disk and whole or not at all: what was checked."""
    part = place.with_name(f"{place.name}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with path.open("rb") as source, part.open("wb") as out:
            shutil.copyfileobj(source, out, _PIECE)
            out.flush()
            os.fsync(out.fileno())
        again = BundleCheck(part, checking.digest)
        for finding in again.findings():
            raise StoreError(
                f"{path.name} changed while it was taken in: {finding}", hint="Take it in again."
            )
        part.chmod(0o640)
        part.replace(place)
        sync_folder(place.parent)
        sync_folder(place.parent.parent)
    except OSError as error:
        raise StoreError(
            f"the bundle cannot be kept in {place.parent}: {error.strerror}.",
            hint="Make room on that disk, or let this user write there.",
        ) from error
    finally:
        part.unlink(missing_ok=True)
