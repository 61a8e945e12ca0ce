"""The audit chain: each act carries the digest of the one before it, so that none can vanish.

`lantian.access.chain` checks it.
"""

import hashlib
import json
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from lantian.clock import as_utc
from lantian.model import AuditEvent

FIRST = "sha256:" + "0" * 64
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
_CHAIN_LOCK = 7_140_514  # any number, as long as only the chain takes it


def record(
    session: Session,
    *,
    actor: str,
    action: str,
    subject: str,
    detail: dict[str, Any] | None = None,
    now: datetime,
    real_now: datetime,
) -> AuditEvent:
    """The new end of the chain, written in the caller's transaction.

    `actor` is user:NAME, key:ID or process:NAME; `subject` kind and id, as in clue:17. `detail`
    holds no page text and no personal data.
    """
    if session.get_bind().dialect.name == "postgresql":
        # Two transactions that read the same end would fork the chain.
        session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _CHAIN_LOCK})
    newest = select(AuditEvent.digest).order_by(AuditEvent.id.desc()).limit(1)
    event = AuditEvent(
        at=as_utc(now),
        recorded_at=as_utc(real_now),
        actor=actor,
        action=action,
        subject=subject,
        # In the order of its digest: the text in the row is then the very one that was hashed.
        detail=json.loads(_CANONICAL(detail or {})),
        previous_digest=session.scalar(newest) or FIRST,
    )
    event.digest = digest_of(event)
    session.add(event)
    session.flush()
    return event


class Chained(Protocol):
    """What the digest of an event is of: an event, or a row of its columns."""

    @property
    def at(self) -> datetime: ...  # noqa: D102
    @property
    def recorded_at(self) -> datetime: ...  # noqa: D102
    @property
    def actor(self) -> str: ...  # noqa: D102
    @property
    def action(self) -> str: ...  # noqa: D102
    @property
    def subject(self) -> str: ...  # noqa: D102
    @property
    def detail(self) -> dict[str, Any]: ...  # noqa: D102
    @property
    def previous_digest(self) -> str: ...  # noqa: D102


def digest_of(event: Chained) -> str:
    """SHA-256 over the event's canonical JSON, in which the digest before it stands."""
    return "sha256:" + hashlib.sha256(canonical(event)).hexdigest()


def canonical(event: Chained) -> bytes:
    """The canonical JSON of an event, in UTF-8."""
    body = {
        "at": as_utc(event.at).isoformat(),
        "recorded_at": as_utc(event.recorded_at).isoformat(),
        "actor": event.actor,
        "action": event.action,
        "subject": event.subject,
        "detail": event.detail,
        "previous": event.previous_digest,
    }
    return _CANONICAL(body).encode()
