"""What is asked of the index: words, filters, order, and a place to go on from."""

import base64
import binascii
import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lantian.errors import Invalid
from lantian.search.entry import is_value, millis

Phrase = tuple[str, ...]
"""Tokens that stand side by side; a single word is a phrase of one."""

MOST_TOKENS = 64
MOST_ROWS = 1_000

_OPENING, _CLOSING = '"“„「『＂', '"”“」』＂'
_QUOTED = re.compile(f"[{_OPENING}]([^{_OPENING}{_CLOSING}]*)(?:[{_CLOSING}]|$)")


class Sort(StrEnum):
    """The orders of a result; ties go by clue id, ascending."""

    URGENT = "urgent"
    """Severest first, and of these the longest known."""
    NEWEST = "newest"
    """Last found first."""
    SCORE = "score"
    """Highest score first."""


@dataclass(frozen=True, slots=True)
class Span:
    """Instants from `start` until before `end`; None leaves that side open."""

    start: datetime | None = None
    end: datetime | None = None

    def millis(self) -> tuple[int | None, int | None]:
        """Both sides in milliseconds since 1970."""
        return (
            None if self.start is None else millis(self.start),
            None if self.end is None else millis(self.end),
        )


ANY_TIME = Span()


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One question: all of its conditions hold; of the values in one set, any.

    An empty set and `ANY_TIME` are no condition. `words` are phrases that all must stand in the
    title or in the text (`parse` makes them); None is no condition, an empty tuple finds nothing.
    A clue that is not decided yet is outside every `decided` span. Raises `Invalid`.
    """

    words: tuple[Phrase, ...] | None = None
    claims: frozenset[str] = frozenset()
    severities: frozenset[int] = frozenset()
    states: frozenset[str] = frozenset()
    presences: frozenset[str] = frozenset()
    platforms: frozenset[int] = frozenset()
    sources: frozenset[int] = frozenset()
    sellers: frozenset[int] = frozenset()
    regions: frozenset[str] = frozenset()
    notice_states: frozenset[str] = frozenset()
    first_seen: Span = ANY_TIME
    last_seen: Span = ANY_TIME
    decided: Span = ANY_TIME
    min_score: float | None = None
    sort: Sort = Sort.URGENT
    after: str = ""
    limit: int = 50

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MOST_ROWS:
            raise Invalid(f"limit {self.limit} is not between 1 and {MOST_ROWS}.")
        if sum(map(len, self.words or ())) > MOST_TOKENS:
            raise Invalid(
                f"the search text has more than {MOST_TOKENS} words.", hint="Use fewer words."
            )
        if self.min_score is not None and not math.isfinite(self.min_score):
            raise Invalid(f"min_score {self.min_score} is no number.")
        for name, values in self.chosen().items():
            for value in values:
                if not _can_be(name, value):
                    raise Invalid(f"{name} {value!r} cannot be.", hint="Choose from the list.")
        if self.after:
            read_cursor(self.sort, self.after)

    def chosen(self) -> dict[str, frozenset[str] | frozenset[int]]:
        """The sets that are conditions, by the name of their facet."""
        sets: dict[str, frozenset[str] | frozenset[int]] = {
            "claim": self.claims,
            "severity": self.severities,
            "state": self.states,
            "presence": self.presences,
            "platform": self.platforms,
            "source": self.sources,
            "seller": self.sellers,
            "region": self.regions,
            "notice_state": self.notice_states,
        }
        return {name: values for name, values in sets.items() if values}

    def spans(self) -> dict[str, tuple[int | None, int | None]]:
        """The spans that are conditions, in milliseconds, by the name of their column."""
        spans = {
            "first_seen": self.first_seen,
            "last_seen": self.last_seen,
            "decided_at": self.decided,
        }
        return {name: span.millis() for name, span in spans.items() if span != ANY_TIME}


def _can_be(name: str, value: str | int) -> bool:
    if isinstance(value, str):
        return is_value(value)
    return 0 <= value < (2**8 if name == "severity" else 2**62)


FACETS = (
    "claim",
    "severity",
    "state",
    "presence",
    "platform",
    "source",
    "seller",
    "region",
    "notice_state",
)
"""The names under which facets are counted."""


def parse(text: str, tokenise: Callable[[str], Sequence[str]]) -> tuple[Phrase, ...] | None:
    """The phrases of a search text: every word, and what stands in quotation marks side by side.

    `tokenise` must be what made the entries' tokens (`matchers.words.tokens_for_index`). Chinese
    and Western quotation marks count, and one left open runs to the end. None for blank text, an
    empty tuple for text without any word.
    """
    if not text.strip():
        return None
    phrases: dict[Phrase, None] = {}
    plain = []
    end = 0
    for match in _QUOTED.finditer(text):
        plain.append(text[end : match.start()])
        phrases[tuple(tokenise(match.group(1)))] = None
        end = match.end()
    plain.append(text[end:])
    for part in plain:
        phrases.update(((token,), None) for token in tokenise(part))
    return tuple(phrase for phrase in phrases if phrase)


Place = tuple[int | float, ...]
"""Where a row stands in an order: its sort values, then its clue id."""

_BOUNDS = {
    Sort.URGENT: (2**8, 2**44, 2**62),
    Sort.NEWEST: (2**44, 2**62),
    Sort.SCORE: (math.inf, 2**62),
}


def write_cursor(sort: Sort, place: Place) -> str:
    """The place as a string that a later query can go on from."""
    data = json.dumps([sort.value, *place], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def read_cursor(sort: Sort, cursor: str) -> Place:
    """The place that `write_cursor` wrote; raises `Invalid` for anything else."""
    fault = Invalid("the cursor is not one of this search.", hint="Start again without a cursor.")
    try:
        data = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise fault from error
    bounds = _BOUNDS[sort]
    if not isinstance(data, list) or len(data) != len(bounds) + 1 or data[0] != sort.value:
        raise fault
    for part, bound in zip(data[1:], bounds, strict=True):
        whole = type(part) is int and 0 <= part < bound
        if not whole and not (type(part) is float and abs(part) < bound == math.inf):
            raise fault
    return tuple(data[1:])
