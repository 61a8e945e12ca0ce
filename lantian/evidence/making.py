"""Who made a WARC file, where and how: told in the file, and bound into the audit chain.

A file begins with a `warcinfo` record that tells the conditions of all captures in it. Its digest
is an event of the audit chain, and with that a leaf of a sealed day: so it can neither be changed
later nor be made up for a bundle.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.access import audit
from lantian.evidence.conditions import MADE, subject_of
from lantian.evidence.writer import WarcWriter
from lantian.model import AuditEvent

ACTOR = "process:writer"


def tell_file(session: Session, warc: WarcWriter, *, now: datetime, real_now: datetime) -> None:
    """Put into the audit chain what the file says of its making, with the first rows that name it.

    Call it last in the transaction: from then on it holds the chain.
    """
    tell_digest(session, warc.file, warc.info_digest, now=now, real_now=real_now)


def is_told(session: Session, file: str) -> bool:
    """Whether the audit chain tells of a file already."""
    told = select(AuditEvent.id).where(
        AuditEvent.action == MADE, AuditEvent.subject == subject_of(file)
    )
    return session.scalar(told.limit(1)) is not None


def tell_digest(
    session: Session, file: str, digest: str, *, now: datetime, real_now: datetime
) -> None:
    """The same for a file that was written already; `digest` is of its `warcinfo` record."""
    audit.record(
        session,
        actor=ACTOR,
        action=MADE,
        subject=subject_of(file),
        detail={"warcinfo": digest},
        now=now,
        real_now=real_now,
    )
