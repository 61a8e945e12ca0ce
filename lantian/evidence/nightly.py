"""What verifying everything found each night, told in the audit chain: also that nothing was."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.access import audit
from lantian.evidence.finding import Finding
from lantian.model import AuditEvent

VERIFY = "evidence.verify"
"""The act in the audit chain."""
SUBJECT = "archive"
ACTOR = "process:verify"
_MOST_TOLD = 10


@dataclass(frozen=True, slots=True)
class Checked:
    """A run over everything: when it ended (real time), what it read, how much it found."""

    at: datetime
    records: int
    bytes: int
    findings: int
    first: tuple[str, ...] = ()
    """Kind and file of the first findings; `lantian evidence verify` tells all of each."""


def told_of(records: int, size: int, findings: Iterable[Finding]) -> dict[str, Any]:
    """What the audit chain tells of a run: no address of a page, no text of it."""
    every = list(findings)
    first = [
        f"{one.kind}: {one.file}" + (f" (capture {one.capture_id})" if one.capture_id else "")
        for one in every[:_MOST_TOLD]
    ]
    return {"records": records, "bytes": size, "findings": len(every), "first": first}


def record_check(
    session: Session, told: dict[str, Any], *, now: datetime, real_now: datetime
) -> None:
    """Put a run into the audit chain."""
    audit.record(
        session,
        actor=ACTOR,
        action=VERIFY,
        subject=SUBJECT,
        detail=told,
        now=now,
        real_now=real_now,
    )


def last_check(session: Session) -> Checked | None:
    """The last run of which the audit chain tells."""
    statement = select(AuditEvent).where(AuditEvent.action == VERIFY)
    event = session.scalars(statement.order_by(AuditEvent.id.desc()).limit(1)).first()
    if event is None:
        return None
    told = event.detail
    return Checked(
        at=event.recorded_at,
        records=told["records"],
        bytes=told["bytes"],
        findings=told["findings"],
        first=tuple(told["first"]),
    )
