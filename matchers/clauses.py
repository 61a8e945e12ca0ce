"""Where sentences and clauses of a folded text begin and end, and what stands in them."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

from matchers.entities import KINDS, entity_places
from matchers.explain import Factor
from matchers.groups import COMMAS, STOPS, GroupBits
from matchers.text import Folded, Kind

__all__ = ["COMMAS", "FOLLOWING", "LONGEST", "STOPS", "Place", "Tagged", "Terms"]

LONGEST = 160
FOLLOWING = 12
"""Characters behind a sentence in which words begin that take it back."""
Place = tuple[int, int]
_NOWHERE: list[Place] = []
_KINDS = frozenset(KINDS)


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of two characters and more of a text by their end, and its marks.

    In lists of numbers, not an object for each: there are many, and few are asked for.
    """

    starts: list[int]
    ends: list[int]
    bits: list[int]
    """Of each the groups that hold it."""
    singles: int
    """The groups of which the text shows terms of one character."""
    stops: list[int]
    """The places of the marks that end a sentence."""
    bars: list[int]
    """The places of the marks that end a clause."""


@dataclass(frozen=True, slots=True)
class Placed:
    """The places, in order, of the terms of those groups that will surely be asked for."""

    wanted: frozenset[int]
    """The numbers of those groups."""
    plain: dict[str, list[Place]] = field(default_factory=dict)
    """All terms of each that has words of two characters and more only, and no exceptions."""
    words: dict[str, list[Place]] = field(default_factory=dict)
    """Such words of the others."""


class Tagged:
    """A folded text with the places of its terms; most are looked for when they are asked for."""

    def __init__(
        self,
        folded: Folded,
        terms: Terms,
        placed: Placed,
        groups: GroupBits,
        known: frozenset[str],
    ) -> None:
        self.folded = folded
        self.chars = folded.chars
        self.known = known
        """Words that the pack knows as terms: a match may begin or end inside them."""
        self.groups = groups
        self.possible = reduce(or_, terms.bits, groups.kinds | terms.singles)
        """The bits of the groups of which there may be a term: cheaper than asking where."""
        self.offered: dict[tuple[Place, Place], list[Factor]] = {}
        """What was found to speak for an offer in a sentence and what is near it."""
        self._terms = terms
        self._placed, self._wanted = placed.words, placed.wanted
        self._stops, self._bars = terms.stops, terms.bars
        self._tags = placed.plain
        self._around: dict[Place, int] = {}
        self._by_end: dict[str, list[Place]] = {}
        self._widest: dict[str, list[Place]] = {}
        self._shaped: dict[tuple[str, int, int], list[Place]] = {}

    def tags(self, group: str) -> list[Place]:
        """The places of the terms of `group`, in order."""
        tags = self._tags.get(group)
        if tags is None:
            tags = self._tags[group] = self._places(group)
        return tags

    def _places(self, group: str) -> list[Place]:
        bit = self.groups.bit.get(group, 0)
        if not bit & self.possible:
            return _NOWHERE
        whole = (0, len(self.chars))
        if self.groups.number[group] in self._wanted:
            words = self._placed.get(group, _NOWHERE)
        else:
            words = self._words(bit, whole)
        places = self._counted(group, words + self._singles(group, whole))
        if group in _KINDS:
            places += entity_places(group, self.chars)
        places.sort()
        return places

    def _words(self, bit: int, place: Place) -> list[Place]:
        """The terms of two characters and more that end in `place`, of the group of that bit."""
        starts, ends, bits = self._terms.starts, self._terms.ends, self._terms.bits
        first, last = bisect_left(ends, place[0]), bisect_right(ends, place[1])
        return [(starts[at], ends[at]) for at in range(first, last) if bits[at] & bit]

    def _singles(self, group: str, place: Place) -> list[Place]:
        """The terms of one character of `group` in `place`."""
        pattern = self.groups.singles.get(group)
        if pattern is None:
            return _NOWHERE
        return [found.span() for found in pattern.finditer(self.chars, *place)]

    def _counted(self, group: str, places: list[Place]) -> list[Place]:
        """The places that no exception of `group` takes out."""
        if places and self.groups.excepted.get(group, 0) & self.possible:
            wider = self.tags(f"!{group}")
            return [place for place in places if not _spoilt(place, wider)]
        return places

    def by_end(self, group: str) -> list[Place]:
        """The end and the start of each term of `group`, in that order."""
        places = self._by_end.get(group)
        if places is None:
            places = sorted([(end, start) for start, end in self.tags(group)])
            self._by_end[group] = places
        return places

    def widest(self, group: str) -> list[Place]:
        """The terms of `group` that stand in no other of it, by their start."""
        places = self._widest.get(group)
        if places is None:
            places = self._widest[group] = outermost(self.tags(group))
        return places

    def around(self, place: Place) -> int:
        """The bits of the groups of which a term may end in `place`."""
        bits = self._around.get(place)
        if bits is None:
            ends, groups = self._terms.ends, self.groups
            first, last = bisect_right(ends, place[0]), bisect_right(ends, place[1])
            bits = reduce(or_, self._terms.bits[first:last], groups.kinds)
            for char in groups.singly.intersection(self.text(place)):
                bits |= groups.of_char[char]
            self._around[place] = bits
        return bits

    def barred(self, first: int, last: int, loose: bool) -> bool:  # noqa: FBT001  (asked often)
        """Whether a mark stands in `first:last`; `loose` lets commas be."""
        marks = self._stops if loose else self._bars
        number = bisect_left(marks, first)
        return number < len(marks) and marks[number] < last

    def sentence(self, start: int, end: int) -> Place:
        """The sentence around `chars[start:end]`, its end mark included.

        A text without marks is taken for one sentence no farther than `LONGEST` either way.
        """
        return self._sentences(start, end, 0, LONGEST)

    def surroundings(self, place: Place) -> Place:
        """What is near `place`, and the first characters behind its sentence."""
        first, last = self.near(*place)
        _, end = self.sentence(*place)
        return first, max(last, end + FOLLOWING)

    def near(self, start: int, end: int, sentences: int = 2) -> Place:
        """The sentence around `chars[start:end]` with as many before and after it."""
        return self._sentences(start, end, sentences, 2 * LONGEST)

    def _sentences(self, start: int, end: int, more: int, longest: int) -> Place:
        stops = self._stops
        left = bisect_left(stops, start) - more
        right = bisect_left(stops, end) + more
        first = stops[left - 1] + 1 if left > 0 else 0
        last = stops[right] + 1 if right < len(stops) else len(self.chars)
        return max(first, start - longest), min(last, end + longest)

    def clause(self, start: int, end: int) -> Place:
        """The clause around `chars[start:end]`: from comma, colon or sentence end to the next."""
        first, last = self.sentence(start, end)
        bars = self._bars
        left, right = bisect_left(bars, start), bisect_left(bars, end)
        if left:
            first = max(first, bars[left - 1] + 1)
        # A mark that ends a sentence belongs to its last clause, a comma to none.
        if right < len(bars) and bars[right] < last and self.chars[bars[right]] in COMMAS:
            last = bars[right]
        return first, last

    def within(self, group: str, place: Place) -> list[Place]:
        """The terms of `group` that stand wholly in `place`, in order."""
        bit = self.groups.bit.get(group, 0)
        if not bit & self.possible:
            return _NOWHERE
        left, right = place
        tags = self._tags.get(group)
        if tags is None and group not in _KINDS and self.groups.number[group] in self._wanted:
            tags = self.tags(group)
        if tags is None:
            tags = self._counted(group, self._words(bit, place) + self._singles(group, place))
            if group in _KINDS:
                tags = tags + self._shaped_around(group, place)
            found = [tag for tag in tags if left <= tag[0] < right and tag[1] <= right]
            found.sort()
            return found
        first = bisect_left(tags, (left, 0))
        last = bisect_right(tags, (right, 0))
        return [tag for tag in tags[first:last] if tag[1] <= right]

    def _shaped_around(self, kind: str, place: Place) -> list[Place]:
        """The members of a kind in the sentences of `place`; none reaches over a sentence end."""
        left = bisect_left(self._stops, place[0])
        right = bisect_left(self._stops, place[1])
        shaped = self._shaped.get((kind, left, right))
        if shaped is None:
            first = self._stops[left - 1] + 1 if left else 0
            last = self._stops[right] + 1 if right < len(self._stops) else len(self.chars)
            shaped = entity_places(kind, self.chars, first, last)
            self._shaped[kind, left, right] = shaped
        return shaped

    def first_within(self, groups: tuple[str, ...], place: Place) -> Place | None:
        """The first term of any of `groups` in `place`."""
        for group in groups:
            found = self.within(group, place)
            if found:
                return found[0]
        return None

    def text(self, place: Place) -> str:
        """The folded characters of `place`."""
        return self.chars[place[0] : place[1]]

    def soft_break(self, start: int, end: int) -> bool:
        """Whether a space, ornament or line end stands before one of `chars[start+1:end+1]`."""
        return any(gap >= Kind.SPACE for gap in self.folded.gaps[start + 1 : end + 1])


def outermost(found: Sequence[Place]) -> list[Place]:
    """The places that stand in no other, by their start."""
    if len(found) < 2:
        return list(found)
    kept: list[Place] = []
    for place in sorted(found, key=_widest_first):
        if not kept or place[1] > kept[-1][1]:
            kept.append(place)
    return kept


def _widest_first(place: Place) -> Place:
    return place[0], -place[1]


def _spoilt(place: Place, wider: list[Place]) -> bool:
    """Whether an exception overlaps a term without standing inside it."""
    start, end = place
    return any(
        left < end and start < right and not (start <= left and right <= end)
        for left, right in wider
    )
