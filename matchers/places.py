"""Where in some texts all stands that ways ask for: joins over the places of sets of literals.

All texts are looked at together. A place is a half-open pair of indices into their codes, laid
end to end; no join reaches from one text into another.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matchers.alphabet import Alphabet, Codes
from matchers.signs import Asked, Literals

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Members:
    """For each thing the numbers of the sets that hold it."""

    counts: Ints
    firsts: Ints
    sets: Ints
    held: NDArray[np.bool_]
    """Whether any set holds the thing."""

    @classmethod
    def of(cls, sets_of: Mapping[int, Sequence[int]], size: int) -> "Members":
        """For `size` things by their number; those left out are in no set."""
        counts = np.zeros(size, dtype=np.int64)
        for thing, numbers in sets_of.items():
            counts[thing] = len(numbers)
        sets = [number for thing in sorted(sets_of) for number in sets_of[thing]]
        held = counts > 0
        return cls(counts, np.cumsum(counts) - counts, np.array(sets, dtype=np.int64), held)

    def expand(self, things: NDArray[np.integer]) -> tuple[Ints, Ints]:
        """Indices into `things`, one for each set that holds the thing, and those sets."""
        some = np.flatnonzero(self.held.take(things))
        own = things.take(some)
        counts = self.counts.take(own)
        firsts = self.firsts.take(own) - (np.cumsum(counts) - counts)
        sets = np.repeat(firsts, counts)
        sets += np.arange(len(sets))
        return np.repeat(some, counts), self.sets.take(sets)


@dataclass(frozen=True, slots=True)
class AskedSets:
    """What all ways ask for, with a number for each set of literals."""

    ways: tuple[tuple[Asked, int, tuple[int, ...], tuple[int, ...], tuple[int, ...]], ...]
    """Of each way the sets that open it, stand before and after that, or on either side."""
    size: int
    """How many sets there are."""
    of_site: Members
    of_code: Members
    """For each code the sets that hold it as a literal of one character."""


def asked_sets(asked: Sequence[Asked], sites: Sequence[str], alphabet: Alphabet) -> AskedSets:
    """What ways ask for; `sites` are the literals that are looked for."""
    numbers: dict[Literals, int] = {}

    def number(literals: Literals) -> int:
        return numbers.setdefault(literals, len(numbers))

    ways = tuple(
        (
            each,
            number(each.opens),
            tuple(map(number, each.before)),
            tuple(map(number, each.after)),
            tuple(map(number, each.beside)),
        )
        for each in asked
    )
    sets_of: dict[str, list[int]] = {}
    for literals, own in numbers.items():
        for literal in literals:
            sets_of.setdefault(literal, []).append(own)
    site_numbers = {site: at for at, site in enumerate(sites)}
    of_site = {site_numbers[each]: own for each, own in sets_of.items() if each in site_numbers}
    of_code = {
        int.from_bytes(alphabet.encode(each), "little"): own
        for each, own in sets_of.items()
        if each not in site_numbers
    }
    return AskedSets(
        ways, len(numbers), Members.of(of_site, len(sites)), Members.of(of_code, 1 << 16)
    )


@dataclass(frozen=True, slots=True)
class SetPlaces:
    """The places of all sets: `starts` and `ends` in order of set and end; see `of`."""

    starts: Ints
    ends: Ints
    firsts: list[int]

    @classmethod
    def find(cls, asked: AskedSets, sites: Ints, places: Ints, codes: Codes) -> "SetPlaces":
        """The places in `codes` of which `sites` stand at `places`, two columns."""
        at, sets = asked.of_site.expand(sites)
        single, single_sets = asked.of_code.expand(codes)
        sets = np.concatenate((sets, single_sets))
        starts = np.concatenate((places[at, 0], single))
        ends = np.concatenate((places[at, 1], single + 1))
        order = np.argsort(sets * (len(codes) + 1) + ends, kind="stable")
        firsts = np.searchsorted(sets[order], np.arange(asked.size + 1)).tolist()
        return cls(starts[order], ends[order], firsts)

    def has(self, number: int) -> bool:
        """Whether a set has a place."""
        return self.firsts[number] < self.firsts[number + 1]

    def of(self, number: int) -> tuple[Ints, Ints]:
        """Starts and ends of the literals of a set, by their ends."""
        part = slice(self.firsts[number], self.firsts[number + 1])
        return self.starts[part], self.ends[part]


def holding(asked: AskedSets, places: SetPlaces, bounds: Ints) -> Iterator[tuple[int, Ints, Ints]]:
    """Each way for which all is there that it asks for, with where it may begin and end.

    `bounds` are where the texts begin, and the end of the last.
    """
    empty = {number for number in range(asked.size) if not places.has(number)}
    for way, (reach, opens, before, after, beside) in enumerate(asked.ways):
        if opens in empty or not empty.isdisjoint((*before, *after, *beside)):
            continue
        starts, ends = places.of(opens)
        texts = bounds.searchsorted(starts, "right")
        left = np.maximum(starts - reach.back, bounds[texts - 1])
        right = np.minimum(ends + reach.ahead, bounds[texts])
        sides = ((before, left, ends), (after, starts, right), (beside, left, right))
        held = _all_between(places, sides)
        if held is None:
            yield way, left, right
        elif held.any():
            yield way, left[held], right[held]


def _all_between(
    places: SetPlaces, sides: Iterable[tuple[tuple[int, ...], Ints, Ints]]
) -> NDArray[np.bool_] | None:
    """For each pair of indices whether a literal of each set ends after the one, by the other.

    `None`: nothing is asked for.
    """
    held: NDArray[np.bool_] | None = None
    for sets, left, right in sides:
        for number in sets:
            ends = places.of(number)[1]
            between = ends.searchsorted(left, "right") < ends.searchsorted(right, "right")
            held = between if held is None else held & between
            if not held.any():
                return held
    return held
