"""The audit chain, checked about as fast as its bytes can be fetched and hashed.

The canonical JSON of an event is put together from the texts in its row, and nothing is parsed. If
its SHA-256 is the event's digest, the row is what the digest is of: words are quoted here and times
have one length, so other values cannot make the same bytes. If it is not, `audit.digest_of` decides
on the values themselves.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from json.encoder import encode_basestring as quoted
from types import SimpleNamespace
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from lantian.access.audit import FIRST, digest_of
from lantian.clock import as_utc

PAGE = 10_000
"""Events that are fetched at once, some 5 MB."""
_EVENTS = """
    select id, at, recorded_at, actor, action, subject, cast(detail as text),
        previous_digest, digest
    from audit_event where id >= :start and id < :stop and {which} order by id limit :page
"""
_EVERY = _EVENTS.format(which="true")
_SEALED = _EVENTS.format(
    which="id in (select subject_id from sealed_leaf where day_number = :day and kind = 'event')"
)
_END = 1 << 62
_TIME = len("2026-11-24 00:00:00.000000")

Event = tuple[int, str, str, str]
"""Its number; of its row, the digest before it and its own; the digest of what the row holds.

The last is empty where the row holds what no event can.
"""


def broken_links(session: Session, start: int = 0, stop: int | None = None) -> Iterator[str]:
    """One sentence for each event that was changed, or before which one is missing.

    Of the events whose numbers are at least `start` and below `stop`, so that several processes
    can share the work.
    """
    before = text("select digest from audit_event where id < :start order by id desc limit 1")
    previous = session.execute(before, {"start": start}).scalar() or FIRST
    stop = _END if stop is None else stop
    for number, told_before, told, digest in _events(session, _EVERY, start=start, stop=stop):
        if told_before != previous:
            yield f"audit event {number}: the event before it is missing or was changed."
        if digest != told:
            yield f"audit event {number}: its content was changed."
        previous = told


def sealed_digests(session: Session, day_number: int) -> dict[int, str]:
    """The digests that the events which a day sealed have now, by their numbers."""
    events = _events(session, _SEALED, start=0, stop=_END, day=day_number)
    return {number: digest for number, _, _, digest in events}


def _events(session: Session, statement: str, *, start: int, **bounds: int) -> Iterator[Event]:
    """The events of a statement from `start` on, in order, fetched page by page."""
    connection = session.connection()
    while True:
        result = connection.execute(text(statement), {"start": start, "page": PAGE, **bounds})
        # Tuples of the driver: a row object for each would take as long as hashing it.
        rows = result.cursor.fetchall()
        result.close()
        yield from map(_event, rows)
        if len(rows) < PAGE:
            return
        start = rows[-1][0] + 1


def _event(row: tuple[Any, ...]) -> Event:
    number, at, recorded_at, actor, action, subject, detail, previous, told = row
    try:
        canonical = (
            f'{{"action":{quoted(action)},"actor":{quoted(actor)},"at":"{_spelt(at)}",'
            f'"detail":{detail},"previous":"{previous}",'
            f'"recorded_at":"{_spelt(recorded_at)}","subject":{quoted(subject)}}}'
        )
        digest = "sha256:" + sha256(canonical.encode()).hexdigest()
    except (TypeError, ValueError):
        digest = ""
    return number, previous, told, digest if digest == told else _exactly(row)


def _spelt(at: Any) -> str:
    """A time as digests have it; raises `ValueError` for a text of another length."""
    if not isinstance(at, str):  # PostgreSQL
        return as_utc(at).isoformat()
    if len(at) != _TIME:
        raise ValueError(at)
    return f"{at[:10]}T{at[11:19] if at.endswith('.000000') else at[11:]}+00:00"


def _exactly(row: tuple[Any, ...]) -> str:
    """The digest of a row of which another text was hashed than that of its values."""
    _, at, recorded_at, actor, action, subject, detail, previous, _ = row
    try:
        event = SimpleNamespace(
            at=_instant(at),
            recorded_at=_instant(recorded_at),
            actor=actor,
            action=action,
            subject=subject,
            detail=json.loads(detail),
            previous_digest=previous,
        )
        return digest_of(event)
    except (TypeError, ValueError):
        return ""


def _instant(at: Any) -> datetime:
    return datetime.fromisoformat(f"{at}+00:00") if isinstance(at, str) else as_utc(at)
