"""The filterable side of the embedded index as arrays in memory, one slot a clue.

A hundred thousand clues are a few megabytes; a filter is then a few array operations and a facet
a count over codes, about a millisecond each. The file stays the truth: `SqliteIndex` brings the
arrays up to date, row by changed row, before each answer.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lantian.search.port import FacetCount, Page
from lantian.search.query import Place, Query, Sort, read_cursor, write_cursor

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

UNDECIDED = -1
"""Stands in the array of decision times for "not decided"."""

_TIME_BITS = 44
_NUMBERS: dict[str, Any] = {
    "clue_id": np.int64,
    "live": np.bool_,
    "severity": np.int64,
    "score": np.float64,
    "first_seen": np.int64,
    "last_seen": np.int64,
    "decided_at": np.int64,
}
_CODED = ("platform", "source", "seller", "state", "presence", "region", "notice_state")

FIELDS = (
    "clue_id",
    "live",
    "severity",
    "score",
    "first_seen",
    "last_seen",
    "decided_at",
    *_CODED,
    "claims",
)
"""What a row given to `Columns.apply` holds, in this order; `claims` parted by spaces."""


class Columns:
    """Arrays over the clues of one index, slots in the order of clue ids.

    A deleted clue keeps its slot and is no longer live.
    """

    def __init__(self) -> None:
        self._size = 0
        self._arrays: dict[str, NDArray[Any]] = {
            **{name: np.zeros(0, kind) for name, kind in _NUMBERS.items()},
            **{name: np.zeros(0, np.int32) for name in _CODED},
        }
        self._claims: dict[str, Bools] = {}
        self._codes: dict[str, dict[str | int, int]] = {name: {} for name in _CODED}
        self._values: dict[str, list[str | int]] = {name: [] for name in _CODED}

    def apply(self, rows: Sequence[Sequence[Any]]) -> None:
        """Take in new and changed rows (`FIELDS`), in the order of their clue ids."""
        if not rows:
            return
        fields: dict[str, Sequence[Any]] = dict(zip(FIELDS, zip(*rows, strict=True), strict=True))
        slots = self._slots_for(np.array(fields["clue_id"], np.int64))
        for name in _NUMBERS:
            self._arrays[name][slots] = fields[name]
        for name in _CODED:
            self._arrays[name][slots] = self._encode(name, fields[name])
        self._apply_claims(slots, fields["claims"])

    def mask_of(self, clue_ids: Ints) -> Bools:
        """True at the slots of these clues, all of them known."""
        known = self._view("clue_id")
        mask = self.none()
        if self._size and known[-1] - known[0] == self._size - 1:
            mask[clue_ids - known[0]] = True
        else:
            mask[np.searchsorted(known, clue_ids)] = True
        return mask

    def none(self) -> Bools:
        """False at every slot."""
        return np.zeros(self._size, np.bool_)

    def found(self, query: Query, having_words: Bools | None) -> Ints:
        """The slots that answer the query; `having_words` is true where its words stand."""
        mask = self._base(query, having_words)
        for chosen in self._chosen(query).values():
            mask &= chosen
        return np.flatnonzero(mask)

    def page(self, query: Query, having_words: Bools | None) -> Page:
        """One page of the answer."""
        slots = self.found(query, having_words)
        total = len(slots)
        keys = self._keys(query.sort, slots)
        if query.after:
            place = read_cursor(query.sort, query.after)
            after, after_id = _key(query.sort, place), place[-1]
            ids = self._view("clue_id")[slots]
            rest = (keys > after) | ((keys == after) & (ids > after_id))
            slots, keys = slots[rest], keys[rest]
        more = len(slots) > query.limit
        slots = _first(slots, keys, query.limit)
        clue_ids = tuple(self._view("clue_id")[slots].tolist())
        return Page(clue_ids, total, self._cursor(query.sort, int(slots[-1])) if more else "")

    def facets(
        self, query: Query, having_words: Bools | None, names: Iterable[str], top: int
    ) -> dict[str, tuple[FacetCount, ...]]:
        """The counts of each facet under all conditions but its own."""
        base = self._base(query, having_words)
        chosen = self._chosen(query)
        everything = np.flatnonzero(_all(base, chosen.values()))
        counts = {}
        for name in names:
            slots = everything
            if name in chosen:
                others = (mask for other, mask in chosen.items() if other != name)
                slots = np.flatnonzero(_all(base, others))
            counts[name] = self._count(name, slots, top)
        return counts

    def _view(self, name: str) -> NDArray[Any]:
        return self._arrays[name][: self._size]

    def _slots_for(self, ids: Ints) -> Ints:
        """The slots of `ids` (ascending), made where they are missing."""
        known = self._view("clue_id")
        slots = np.searchsorted(known, ids)
        inside = slots < self._size
        old = np.zeros(len(ids), np.bool_)
        old[inside] = known[slots[inside]] == ids[inside]
        fresh = ids[~old]
        if not len(fresh):
            return slots
        if self._size and fresh[0] < known[-1]:
            self._insert(slots[~old])
        else:
            self._reserve(self._size + len(fresh))
            self._size += len(fresh)
        where = slots + np.cumsum(~old) - ~old
        self._arrays["clue_id"][where] = ids
        return where

    def _insert(self, places: Ints) -> None:
        """Open a slot before each of `places`."""
        size = self._size + len(places)
        for arrays in (self._arrays, self._claims):
            for name, array in arrays.items():
                arrays[name] = np.insert(array[: self._size], places, 0)
        self._size = size

    def _reserve(self, size: int) -> None:
        room = len(self._arrays["clue_id"])
        if size <= room:
            return
        room = max(size, room * 3 // 2)
        for arrays in (self._arrays, self._claims):
            for name, array in arrays.items():
                larger = np.zeros(room, array.dtype)
                larger[: self._size] = array[: self._size]
                arrays[name] = larger

    def _encode(self, name: str, values: Sequence[str | int]) -> list[int]:
        codes, known = self._codes[name], self._values[name]
        for value in set(values).difference(codes):
            codes[value] = len(known)
            known.append(value)
        return [codes[value] for value in values]

    def _apply_claims(self, slots: Ints, claims: Sequence[str]) -> None:
        for mask in self._claims.values():
            mask[slots] = False
        alike: dict[str, list[int]] = {}
        for number, together in enumerate(claims):
            alike.setdefault(together, []).append(number)
        for together, numbers in alike.items():
            for claim in together.split():
                if claim not in self._claims:
                    self._claims[claim] = np.zeros(len(self._arrays["clue_id"]), np.bool_)
                self._claims[claim][slots[numbers]] = True

    def _base(self, query: Query, having_words: Bools | None) -> Bools:
        """The slots that meet every condition that is no facet."""
        mask: Bools = self._view("live").copy()
        if having_words is not None:
            mask &= having_words
        for name, (start, end) in query.spans().items():
            times = self._view(name)
            if name == "decided_at":
                mask &= times != UNDECIDED
            if start is not None:
                mask &= times >= start
            if end is not None:
                mask &= times < end
        if query.min_score is not None:
            mask &= self._view("score") >= query.min_score
        return mask

    def _chosen(self, query: Query) -> dict[str, Bools]:
        """For each facet with a condition the slots that meet it."""
        return {name: self._having(name, values) for name, values in query.chosen().items()}

    def _having(self, name: str, values: Iterable[str | int]) -> Bools:
        mask = np.zeros(self._size, np.bool_)
        if name == "claim":
            for value in values:
                if value in self._claims:
                    mask |= self._claims[str(value)][: self._size]
        elif name == "severity":
            for value in values:
                mask |= self._view("severity") == value
        else:
            codes = self._codes[name]
            for value in values:
                if value in codes:
                    mask |= self._view(name) == codes[value]
        return mask

    def _count(self, name: str, slots: Ints, top: int) -> tuple[FacetCount, ...]:
        values: Sequence[str | int]
        if name == "claim":
            values = list(self._claims)
            masks = (mask[slots] for mask in self._claims.values())
            numbers = np.fromiter(map(np.count_nonzero, masks), np.int64)
        elif name == "severity":
            numbers = np.bincount(self._view("severity")[slots])
            values = range(len(numbers))
        else:
            numbers = np.bincount(self._view(name)[slots])
            values = self._values[name]
        least = np.partition(numbers, -top)[-top] if len(numbers) > top else 0
        often = np.flatnonzero(numbers >= max(least, 1))
        counts = [FacetCount(values[at], int(numbers[at])) for at in often]
        counts.sort(key=lambda count: (-count.count, count.value))
        return tuple(counts[:top])

    def _keys(self, sort: Sort, slots: Ints) -> NDArray[Any]:
        """Numbers that ascend in the order asked for."""
        if sort is Sort.SCORE:
            scores: NDArray[np.float64] = self._view("score")[slots]
            return -scores
        times: Ints = self._view("first_seen")[slots]
        if sort is Sort.NEWEST:
            return -times
        return ((255 - self._view("severity")[slots]) << _TIME_BITS) + times

    def _cursor(self, sort: Sort, slot: int) -> str:
        row = {name: self._view(name)[slot].item() for name in ("severity", "first_seen", "score")}
        clue_id = self._view("clue_id")[slot].item()
        if sort is Sort.SCORE:
            return write_cursor(sort, (row["score"], clue_id))
        if sort is Sort.NEWEST:
            return write_cursor(sort, (row["first_seen"], clue_id))
        return write_cursor(sort, (row["severity"], row["first_seen"], clue_id))


def _key(sort: Sort, place: Place) -> int | float:
    if sort is Sort.URGENT:
        severity, first_seen, _ = place
        return ((255 - int(severity)) << _TIME_BITS) + int(first_seen)
    return -place[0]


def _first(slots: Ints, keys: NDArray[Any], limit: int) -> Ints:
    """The first `limit` of `slots` by key; slots ascend with clue ids, so ties stay in order."""
    if len(slots) > limit:
        last = np.partition(keys, limit - 1)[limit - 1]
        near = keys <= last
        slots, keys = slots[near], keys[near]
    return slots[np.argsort(keys, kind="stable")[:limit]]


def _all(base: Bools, masks: Iterable[Bools]) -> Bools:
    together = base.copy()
    for mask in masks:
        together &= mask
    return together
