"""What the index knows of a clue."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from lantian.clock import as_utc
from lantian.errors import Invalid
from lantian.search.spelling import spell

NO_ID = 0
"""Stands for "none known" where an entry names a platform, a source or a seller."""

FINAL_REVISION = 2**62
"""The revision of a deleted clue: nothing that comes later is newer."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 2**44
_MILLISECOND = timedelta(milliseconds=1)
MOST_CHARACTERS = 200
"""Characters of a claim, a state or a region."""


@lru_cache(maxsize=4096)
def is_value(text: str) -> bool:
    """Whether both engines take the text as a value that can be filtered by."""
    return len(text) <= MOST_CHARACTERS and text.isprintable()


def millis(at: datetime) -> int:
    """Whole milliseconds since 1970 of an aware instant, rounded down: the index's grain."""
    return (as_utc(at) - _EPOCH) // _MILLISECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """One clue as the index holds it.

    `revision` grows with every change of the clue; of two entries the higher one wins. `tokens`
    were made once, when the clue was made. `claims` are a set; `severity` goes from 1 (low) to
    3 (high); `state` is open, confirmed or dismissed; `presence` is online, gone, changed or
    unknown; `notice_state` is none or that of the newest notice. Ids of 0 and an empty region
    say "none known". Times count in whole milliseconds. Raises `Invalid`.
    """

    clue_id: int
    revision: int
    tokens: tuple[str, ...]
    title_tokens: tuple[str, ...] = ()
    platform_id: int = NO_ID
    source_id: int = NO_ID
    seller_id: int = NO_ID
    claims: tuple[str, ...] = ()
    severity: int
    state: str
    presence: str = "online"
    first_seen: datetime
    last_seen: datetime
    decided_at: datetime | None = None
    region: str = ""
    score: float = 0.0
    notice_state: str = "none"

    def __post_init__(self) -> None:
        fault = _fault(self)
        if fault:
            raise Invalid(
                f"clue {self.clue_id} cannot be indexed: {fault}.",
                hint="Correct the clue in the store, then index it again.",
            )


def _fault(entry: IndexEntry) -> str:
    if not 0 < entry.clue_id < 2**62:
        return "its id is not positive"
    if not 0 <= entry.revision < FINAL_REVISION:
        return f"revision {entry.revision} is out of range"
    if not 0 <= entry.severity <= 255:
        return f"severity {entry.severity} is out of range"
    if not math.isfinite(entry.score):
        return f"score {entry.score} is no number"
    ids = (entry.platform_id, entry.source_id, entry.seller_id)
    if not all(0 <= number < 2**62 for number in ids):
        return "the id of its platform, source or seller is out of range"
    if not all(claim and is_value(claim) and " " not in claim for claim in entry.claims):
        return f"claims {entry.claims!r} must be short words"
    lines = (entry.state, entry.presence, entry.region, entry.notice_state)
    if not all(map(is_value, lines)):
        return f"one of {lines!r} is no short line"
    times = (entry.first_seen, entry.last_seen, entry.decided_at)
    for at in times:
        if at is not None and (at.tzinfo is None or not 0 <= millis(at) < _LATEST):
            return f"time {at} has no zone or is out of range"
    return ""


class Row(NamedTuple):
    """An entry as plain values, the same for both engines.

    Times are milliseconds; `title` and `body` are spelled tokens; `words_check` (63 bits) covers
    these two, `checksum` (24 bits, so that a sum over many stays exact in a double) everything.
    """

    clue_id: int
    revision: int
    severity: int
    score: float
    first_seen: int
    last_seen: int
    decided_at: int | None
    platform: int
    source: int
    seller: int
    state: str
    presence: str
    region: str
    notice_state: str
    claims: tuple[str, ...]
    title: str
    body: str
    words_check: int
    checksum: int


def row_of(entry: IndexEntry) -> Row:
    """The entry as plain values."""
    title, body = spell(entry.title_tokens), spell(entry.tokens)
    words_check = _digest(f"{title}\n{body}") >> 1
    fields = (
        entry.clue_id,
        entry.revision,
        entry.severity,
        float(entry.score),
        millis(entry.first_seen),
        millis(entry.last_seen),
        None if entry.decided_at is None else millis(entry.decided_at),
        entry.platform_id,
        entry.source_id,
        entry.seller_id,
        entry.state,
        entry.presence,
        entry.region,
        entry.notice_state,
        tuple(sorted(set(entry.claims))),
    )
    checksum = _digest(f"{fields!r}{words_check}") >> 40
    return Row(*fields, title, body, words_check, checksum)


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """How many clues, and the sum of their checksums: equal for equal contents."""

    count: int
    checksum: int


def fingerprint_of(entries: Iterable[IndexEntry]) -> Fingerprint:
    """The fingerprint of an index that holds exactly these entries, each clue once."""
    count = checksum = 0
    for entry in entries:
        count += 1
        checksum += row_of(entry).checksum
    return Fingerprint(count, checksum)
