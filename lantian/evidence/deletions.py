"""Checks what the store tells of deletions, and of the making of files, against the audit chain."""

from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.clock import legal_day
from lantian.errors import EvidenceDamaged
from lantian.evidence.archive import Archive
from lantian.evidence.conditions import MADE, file_of, first_record
from lantian.evidence.finding import Finding
from lantian.evidence.retention import EXPIRE, list_digest
from lantian.model import Artifact, AuditEvent, Capture, Deletion


def deletion_findings(session: Session) -> Iterator[Finding]:
    """Records that are marked as deleted, and of which the audit chain does not tell just that."""
    told = {
        event.detail.get("deletion"): event
        for event in session.scalars(select(AuditEvent).where(AuditEvent.action == EXPIRE))
    }
    marked: dict[int, list[tuple[int, str]]] = defaultdict(list)
    columns = select(
        Artifact.deletion_id, Artifact.id, Artifact.record_digest, Artifact.deleted_at
    ).where(Artifact.deletion_id.is_not(None) | Artifact.deleted_at.is_not(None))
    days = {row.id: row.at for row in session.scalars(select(Deletion))}
    for deletion_id, artifact_id, digest, at in session.execute(
        columns.execution_options(yield_per=5000)
    ):
        if deletion_id is None or days.get(deletion_id) != at:
            reason = (
                f"artifact {artifact_id} is marked as deleted, and by no deletion of that time."
            )
            yield Finding("missing", "store", reason)
        else:
            marked[deletion_id].append((artifact_id, digest))
    for deletion in session.scalars(select(Deletion).order_by(Deletion.id)):
        yield from _one(deletion, marked[deletion.id], told.pop(deletion.id, None))
    for event in told.values():
        reason = f"event {event.id} of the audit chain tells of a deletion that the store does not."
        yield Finding("missing", file_of(event.subject), reason)
    yield from _with_hits(session)


def _one(
    deletion: Deletion, records: list[tuple[int, str]], event: AuditEvent | None
) -> Iterator[Finding]:
    where = f"the deletion of {legal_day(deletion.at)}"
    if event is None:
        yield Finding("missing", deletion.file, f"{where}: the audit chain does not tell of it.")
        return
    said = (deletion.file, deletion.replaced_by, deletion.records, deletion.digest)
    by_chain = (
        file_of(event.subject),
        event.detail.get("into"),
        event.detail.get("records"),
        event.detail.get("digest"),
    )
    if said != by_chain:
        reason = f"{where} is not the one of which the audit chain tells (event {event.id})."
        yield Finding("changed", deletion.file, reason)
    if (len(records), list_digest(records)) != (deletion.records, deletion.digest):
        reason = (
            f"{where}: {len(records)} records are marked, and they are not those of which it is."
        )
        yield Finding("changed", deletion.file, reason)


def _with_hits(session: Session) -> Iterator[Finding]:
    """Evidence that no rule lets go: it was kept for its hits, or by an evidence visit."""
    statement = (
        select(Capture.id, Artifact.file, Artifact.deleted_at)
        .join(Artifact, Artifact.capture_id == Capture.id)
        .where(Artifact.deletion_id.is_not(None), Capture.purpose.not_in(("crawl", "pictures")))
        .distinct()
    )
    for capture_id, file, at in session.execute(statement):
        day = f" on {legal_day(at)}" if at is not None else ""
        reason = f"it was deleted{day}, and it is of a visit whose evidence is never deleted."
        yield Finding("missing", file, reason, capture_id)


def made_findings(session: Session, archive: Archive) -> Iterator[Finding]:
    """Files that tell otherwise of their making than the audit chain does.

    Of a file that is missing, or whose first record is damaged, the part of that file tells.
    """
    rows = select(Artifact.file).where(Artifact.deletion_id.is_(None)).distinct()
    named = set(session.scalars(rows))
    for event in session.scalars(select(AuditEvent).where(AuditEvent.action == MADE)):
        file = file_of(event.subject)
        if file not in named:
            continue
        try:
            digest = first_record(archive.warcinfo(file))[0]
        except EvidenceDamaged:
            continue
        if digest != event.detail.get("warcinfo"):
            reason = f"its first record is not the one of which event {event.id} tells."
            yield Finding("changed", file, reason)
