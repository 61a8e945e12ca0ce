"""Cursors: opaque words that say where the next page begins."""

import base64
import binascii
import json
from datetime import datetime

from lantian.clock import as_utc
from lantian.errors import Invalid

Place = tuple[datetime, int]


def write_cursor(place: Place | None) -> str | None:
    """The place as an opaque word; none on the last page."""
    if place is None:
        return None
    data = json.dumps([as_utc(place[0]).isoformat(), place[1]], separators=(",", ":"))
    return base64.urlsafe_b64encode(data.encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> Place | None:
    """The place that `write_cursor` wrote; raises `Invalid` for anything else."""
    if not cursor:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        at, last_id = json.loads(base64.b64decode(padded, b"-_", validate=True))
        place = as_utc(datetime.fromisoformat(at)), last_id
    except (ValueError, TypeError, OverflowError, binascii.Error, RecursionError) as error:
        raise _fault() from error
    if type(last_id) is not int or not 0 <= last_id < 2**62:
        raise _fault()
    return place


def instant(name: str, at: datetime | None) -> datetime | None:
    """A parameter's moment in UTC; raises `Invalid` for one without offset or out of range."""
    if at is None:
        return None
    if at.tzinfo is None:
        raise Invalid(f"{name} has no offset.", hint="Write 2026-11-24T08:00:00+08:00.")
    try:
        return as_utc(at)
    except OverflowError as error:
        raise Invalid(f"{name} is out of range.", hint="Give a moment of our times.") from error


def _fault() -> Invalid:
    return Invalid("the cursor is not one of this list.", hint="Start again without a cursor.")
