"""The filter of the queue as its address says it, and as the index is asked.

A filter is the query string of a page: it can be saved, shared and linked from the weekly e-mail.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import QueryParams

from lantian.clock import day_start
from lantian.errors import Invalid
from lantian.model import Platform, Source
from lantian.search.query import Phrase, Query, Sort, Span, parse
from matchers.words import tokens_for_index

MANY = ("claim", "severity", "state", "presence", "platform", "source", "seller", "notice_state")
ONE = ("q", "sort", "from", "to", "decided_from", "decided_to")
ALL_STATES = ("open", "confirmed", "dismissed")
WAITING = {"state": ("open",), "presence": ("online", "changed", "unknown")}
"""What the queue lists if neither state nor presence is chosen: what is gone is one click away."""
PAGE_ROWS = 50
SECOND = "second"
"""The order by what the second opinion says; where it cannot be had, it is that by score."""
NOWHERE = 2**62 - 1
"""An id that nothing has."""


@dataclass(frozen=True)
class Filter:
    """What of an address is filter; without state and presence it is what waits."""

    many: Mapping[str, tuple[str, ...]]
    one: Mapping[str, str]

    def pairs(self, **changed: str | Sequence[str]) -> list[tuple[str, str]]:
        """The filter as query pairs, with some parts changed; an empty part is left out."""
        found: list[tuple[str, str]] = []
        for name in (*MANY, *ONE):
            value = changed.get(name)
            if value is None:
                found += [(name, one) for one in self.many.get(name, ())]
                found += [(name, self.one[name])] if name in self.one else []
            elif isinstance(value, str):
                found += [(name, value)] if value else []
            else:
                found += [(name, one) for one in value]
        return found

    def address(self, path: str = "/clues", **changed: str | Sequence[str]) -> str:
        """The address of `path` under this filter, with some parts changed."""
        return f"{path}{_asked(self.pairs(**changed)) if changed else self.asked}"

    @cached_property
    def asked(self) -> str:
        """The filter as an address ends with it, its question mark included; empty for none."""
        return _asked(self.pairs())

    def toggled(self, name: str, value: str) -> str:
        """The address with one value of a facet added, or taken away."""
        values = list(self.values(name))
        if value in values:
            values.remove(value)
        else:
            values.append(value)
        return (
            self.address("/clues", **{name: values or [""]})
            if name != "state"
            else (self.address("/clues", state=values or ["all"]))
        )

    def values(self, name: str) -> tuple[str, ...]:
        """The chosen values of a facet, those of `WAITING` included."""
        values = self.many.get(name)
        if values is None and (name == "state" or "state" not in self.many):
            return WAITING.get(name, ())
        return tuple(value for value in values or () if value)

    def chips(self) -> Iterator[tuple[str, str]]:
        """Facet and value of everything that narrows the list, the default state aside."""
        for name in MANY:
            for value in self.many.get(name, ()):
                if value:
                    yield name, value

    @property
    def words(self) -> tuple[Phrase, ...] | None:
        """The phrases that are looked for."""
        return parse(self.one.get("q", ""), tokens_for_index)


def _asked(pairs: Sequence[tuple[str, str]]) -> str:
    return f"?{urlencode(pairs)}" if pairs else ""


def read_filter(params: QueryParams) -> Filter:
    """The filter of an address."""
    many = {name: tuple(params.getlist(name)) for name in MANY if params.getlist(name)}
    one = {name: params[name].strip() for name in ONE if params.get(name, "").strip()}
    return Filter(many, one)


def query_of(session: Session, wanted: Filter, *, after: str = "", limit: int = PAGE_ROWS) -> Query:
    """The question to the index; names of platforms and sources become ids. Raises `Invalid`."""
    states = wanted.values("state")
    if "decided" in states:
        states = ("confirmed", "dismissed")
    return Query(
        words=wanted.words,
        claims=frozenset(wanted.values("claim")),
        severities=frozenset(_numbers("severity", wanted)),
        states=frozenset() if "all" in states else frozenset(states),
        presences=frozenset(wanted.values("presence")),
        platforms=_ids(session, Platform, wanted.values("platform")),
        sources=_ids(session, Source, wanted.values("source")),
        sellers=frozenset(_numbers("seller", wanted)),
        notice_states=frozenset(wanted.values("notice_state")),
        first_seen=_span(wanted, "from", "to"),
        decided=_span(wanted, "decided_from", "decided_to"),
        sort=_sort(wanted.one.get("sort", "urgent")),
        after=after,
        limit=limit,
    )


def _numbers(name: str, wanted: Filter) -> list[int]:
    values = wanted.values(name)
    if not all(value.isdecimal() for value in values):
        raise Invalid(f"{name} {', '.join(values)} is no number.", hint="Choose from the list.")
    return [int(value) for value in values]


def _ids(
    session: Session, entity: type[Platform | Source], names: tuple[str, ...]
) -> frozenset[int]:
    if not names:
        return frozenset()
    found = session.scalars(select(entity.id).where(entity.name.in_(names)))
    # An unknown name narrows to nothing; an empty set would be no condition at all.
    return frozenset(found) or frozenset({NOWHERE})


def _span(wanted: Filter, first: str, last: str) -> Span:
    start, end = _day(wanted, first), _day(wanted, last)
    return Span(
        start=None if start is None else day_start(start),
        end=None if end is None else day_start(end + timedelta(days=1)),
    )


def _day(wanted: Filter, name: str) -> date | None:
    text = wanted.one.get(name)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"{name} {text!r} is no day.", hint="Write it as 2026-11-23.") from error


def _sort(word: str) -> Sort:
    if word == SECOND:
        return Sort.SCORE
    try:
        return Sort(word)
    except ValueError as error:
        raise Invalid(
            f"sort {word!r} is unknown.", hint=f"Use one of {', '.join(Sort)}."
        ) from error
