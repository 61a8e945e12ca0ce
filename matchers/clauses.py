"""Where sentences and clauses of a folded text begin and end, and what stands in them."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping

from matchers.entities import KINDS, entity_places
from matchers.text import Folded, Kind
from matchers.vocabulary import GroupIndex

STOPS = frozenset("。！？；\n")
COMMAS = frozenset("，：")
LONGEST = 160
Place = tuple[int, int]
_NOWHERE: list[Place] = []
_KINDS = frozenset(KINDS)

_STOP = re.compile("[" + "".join(STOPS) + "]")
_COMMA = re.compile("[" + "".join(COMMAS) + "]")


class Tagged:
    """A folded text with the places of its terms.

    `words` are the places of terms of two characters and more, by group (`!name`: the exceptions
    of a group). What else a group has is worked out when it is first asked for; `shaped` are the
    groups that may have more.
    """

    def __init__(
        self,
        folded: Folded,
        words: dict[str, list[Place]],
        groups: Mapping[str, GroupIndex],
        shaped: frozenset[str],
        known: frozenset[str],
    ) -> None:
        self.folded = folded
        self.chars = folded.chars
        self.known = known
        """Words that the pack knows as terms: a match may begin or end inside them."""
        self.words = words
        self.possible = words.keys() | shaped
        """Groups of which there may be a term: cheaper than asking where."""
        self._groups = groups
        self._tags: dict[str, list[Place]] = {}
        self._own: dict[str, list[Place]] = {}
        self._starts: dict[str, dict[int, list[int]]] = {}
        self._ends: dict[str, dict[int, list[int]]] = {}
        self.stops = [match.start() for match in _STOP.finditer(folded.chars)]
        self.breaks = [match.start() for match in _COMMA.finditer(folded.chars)]

    def tags(self, group: str) -> list[Place]:
        """The places of the terms of `group`, in order."""
        tags = self._tags.get(group)
        if tags is None:
            tags = self._tags[group] = self._places(group)
        return tags

    def _places(self, group: str) -> list[Place]:
        places = self._counted(group)
        if group in KINDS:
            places = places + entity_places(group, self.chars)
        return sorted(places)

    def _counted(self, group: str) -> list[Place]:
        """The words and single characters of a group that no exception takes out."""
        places = self.words.get(group, [])
        index = self._groups.get(group)
        if index is None:
            return places
        if index.singles:
            places = places + [match.span() for match in index.pattern.finditer(self.chars)]
        if places and index.excepted:
            wider = self.words.get(f"!{group}")
            if wider:
                places = [place for place in places if not _spoilt(place, wider)]
        return places

    def starts(self, group: str) -> dict[int, list[int]]:
        """For each place at which a term of `group` begins the ends of such terms.

        Terms of one character are left out where `singles` tells of them.
        """
        starts = self._starts.get(group)
        if starts is None:
            starts = self._starts[group] = {}
            places = self.words.get(group, ()) if self.singles(group) else self.tags(group)
            for start, end in places:
                starts.setdefault(start, []).append(end)
        return starts

    def by_end(self, group: str) -> dict[int, list[int]]:
        """The same the other way: for each place at which a term ends where such terms begin."""
        ends = self._ends.get(group)
        if ends is None:
            ends = self._ends[group] = {}
            for start, some in self.starts(group).items():
                for end in some:
                    ends.setdefault(end, []).append(start)
        return ends

    def singles(self, group: str) -> str:
        """The terms of one character of `group` that need no look at what is around them."""
        index = self._groups.get(group)
        return "" if index is None or index.excepted else index.singles

    def sentence(self, start: int, end: int) -> Place:
        """The sentence around `chars[start:end]`, its end mark included.

        A text without marks is taken for one sentence no farther than `LONGEST` either way.
        """
        left = bisect_left(self.stops, start)
        right = bisect_left(self.stops, end)
        first = self.stops[left - 1] + 1 if left else 0
        last = self.stops[right] + 1 if right < len(self.stops) else len(self.chars)
        return max(first, start - LONGEST), min(last, end + LONGEST)

    def near(self, start: int, end: int, sentences: int = 2) -> Place:
        """The sentence around `chars[start:end]` with as many before and after it."""
        left = bisect_left(self.stops, start) - sentences
        right = bisect_left(self.stops, end) + sentences
        first = self.stops[left - 1] + 1 if left > 0 else 0
        last = self.stops[right] + 1 if right < len(self.stops) else len(self.chars)
        return max(first, start - 2 * LONGEST), min(last, end + 2 * LONGEST)

    def clause(self, start: int, end: int) -> Place:
        """The clause around `chars[start:end]`: from comma, colon or sentence end to the next."""
        first, last = self.sentence(start, end)
        left = bisect_left(self.breaks, start)
        right = bisect_left(self.breaks, end)
        if left:
            first = max(first, self.breaks[left - 1] + 1)
        if right < len(self.breaks):
            last = min(last, self.breaks[right])
        return first, last

    def within(self, group: str, place: Place) -> list[Place]:
        """The terms of `group` that stand wholly in `place`, in order."""
        if group not in self.possible:
            return _NOWHERE
        tags = self._tags.get(group)
        if tags is None:
            tags = self._shaped_around(group, place) if group in _KINDS else self.tags(group)
        if not tags:
            return _NOWHERE
        left, right = place
        first = bisect_left(tags, (left, 0))
        last = bisect_right(tags, (right, 0))
        return [tag for tag in tags[first:last] if tag[1] <= right]

    def _shaped_around(self, kind: str, place: Place) -> list[Place]:
        """The members of a kind in the sentences of `place`; none reaches over a sentence end."""
        left = bisect_left(self.stops, place[0])
        right = bisect_left(self.stops, place[1])
        first = self.stops[left - 1] + 1 if left else 0
        last = self.stops[right] + 1 if right < len(self.stops) else len(self.chars)
        shaped = entity_places(kind, self.chars, first, last)
        own = self._own.get(kind)
        if own is None:
            own = self._own[kind] = self._counted(kind)
        return sorted(shaped + own) if own else shaped

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


def _spoilt(place: Place, wider: list[Place]) -> bool:
    """Whether an exception overlaps a term without standing inside it."""
    start, end = place
    return any(
        left < end and start < right and not (start <= left and right <= end)
        for left, right in wider
    )
