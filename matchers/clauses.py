"""Where sentences and clauses of a folded text begin and end, and what stands in them."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

from matchers.text import Folded, Kind

STOPS = frozenset("。！？；\n")
COMMAS = frozenset("，：")
Place = tuple[int, int]


@dataclass(slots=True)
class Tagged:
    """A folded text with its terms: `tags[group]` are the places of the group's terms, in order."""

    folded: Folded
    tags: dict[str, list[Place]]
    known: frozenset[str] = frozenset()
    """Words that the pack knows as terms: a match may begin or end inside them."""
    stops: list[int] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        chars = self.folded.chars
        self.stops = [at for at, char in enumerate(chars) if char in STOPS]
        self.breaks = [at for at, char in enumerate(chars) if char in COMMAS]

    @property
    def chars(self) -> str:
        """The folded characters."""
        return self.folded.chars

    def sentence(self, start: int, end: int) -> Place:
        """The sentence around `chars[start:end]`, its end mark included."""
        left = bisect_left(self.stops, start)
        right = bisect_left(self.stops, end)
        first = self.stops[left - 1] + 1 if left else 0
        last = self.stops[right] + 1 if right < len(self.stops) else len(self.chars)
        return first, last

    def near(self, start: int, end: int, sentences: int = 2) -> Place:
        """The sentence around `chars[start:end]` with as many before and after it."""
        left = bisect_left(self.stops, start) - sentences
        right = bisect_left(self.stops, end) + sentences
        first = self.stops[left - 1] + 1 if left > 0 else 0
        last = self.stops[right] + 1 if right < len(self.stops) else len(self.chars)
        return first, last

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
        """The terms of `group` that stand wholly in `place`."""
        tags = self.tags.get(group)
        if not tags:
            return []
        first = bisect_left(tags, (place[0], 0))
        last = bisect_right(tags, (place[1], 0))
        return [tag for tag in tags[first:last] if tag[1] <= place[1]]

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
        """Whether a space, an ornament or a line end stands before one of `chars[start+1:end+1]`."""
        return any(gap >= Kind.SPACE for gap in self.folded.gaps[start + 1 : end + 1])
