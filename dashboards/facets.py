"""The values by which the list can be narrowed, with their counts."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboards.filters import Filter, query_of
from lantian.errors import IndexUnavailable
from lantian.model import Platform, Seller, Source
from lantian.search.port import FacetCount
from lantian.wiring import Parts

SHOWN = ("state", "claim", "severity", "platform", "seller", "notice_state", "presence", "source")
TOP = 8


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a facet: what the address says, what people read, and how many it would give."""

    value: str
    label: str
    """Empty: a word of the closed list, labelled by the template."""
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """A facet with its values, most frequent first."""

    name: str
    values: tuple[Value, ...]


def facet_lists(parts: Parts, session: Session, wanted: Filter) -> tuple[Facet, ...]:
    """The facets under this filter; none while the index does not answer."""
    try:
        counted = parts.index.facets(query_of(session, wanted), SHOWN, TOP)
    except IndexUnavailable:
        return ()
    return tuple(
        Facet(name, _values(session, name, counted[name], wanted))
        for name in SHOWN
        if counted.get(name)
    )


def _values(
    session: Session, name: str, counts: Sequence[FacetCount], wanted: Filter
) -> tuple[Value, ...]:
    names = _names(session, name, [count.value for count in counts])
    chosen = wanted.values(name)
    values = []
    for count in counts:
        value, label = names.get(count.value, (str(count.value), ""))
        values.append(Value(value, label, count.count, value in chosen))
    return tuple(values)


def _names(
    session: Session, name: str, ids: Sequence[str | int]
) -> dict[str | int, tuple[str, str]]:
    """Id to what addresses and people call it."""
    if name in {"platform", "source"}:
        entity = Platform if name == "platform" else Source
        rows = session.execute(
            select(entity.id, entity.name, entity.title).where(entity.id.in_(ids))
        )
        return {one: (word, title or word) for one, word, title in rows}
    if name == "seller":
        sellers = session.execute(select(Seller.id, Seller.name).where(Seller.id.in_(ids)))
        return {one: (str(one), label) for one, label in sellers}
    return {}
