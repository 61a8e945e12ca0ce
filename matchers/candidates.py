"""Where a rule matches in a tagged text: joins over the places of terms, in linear time."""

from collections.abc import Iterable, Iterator
from itertools import islice

from matchers.clauses import COMMAS, STOPS, Place, Tagged
from matchers.compile import Way
from matchers.patterns import Sequence, Slot
from matchers.rules import Nearby, Spare, Together

AROUND = 300
MAX_PLACES = 2_000
"""Matches of one rule in one text that are looked at."""


def places(ways: Iterable[Way], tagged: Tagged) -> list[tuple[Place, bool]]:
    """The matches of a rule in some of its `ways`, none inside another, by their start.

    With each whether it is a phrase (matched in order), not a company of terms.
    """
    phrases: set[Place] = set()
    companies: set[Place] = set()
    for way in ways:
        if way.company is not None:
            companies.update(_together(way.company, tagged))
        elif len(phrases) < MAX_PLACES:
            phrases.update(islice(_sequence(way.phrase, tagged), MAX_PLACES))
    return [(place, place in phrases) for place in _outermost(phrases | companies)]


def _outermost(found: Iterable[Place]) -> list[Place]:
    kept: list[Place] = []
    for place in sorted(found, key=lambda place: (place[0], -place[1])):
        if not kept or place[1] > kept[-1][1]:
            kept.append(place)
    return kept


def _sequence(sequence: Sequence, tagged: Tagged) -> Iterator[Place]:
    first = tagged.tags.get(sequence[0].group)
    if not first:
        return
    rest = []
    for slot in sequence[1:]:
        tags = tagged.tags.get(slot.group)
        if not tags:
            return
        starts: dict[int, list[int]] = {}
        for start, end in tags:
            starts.setdefault(start, []).append(end)
        rest.append((slot, starts))
    for start, end in first:
        ends = {end}
        for slot, starts in rest:
            ends = _reach(ends, slot, starts, tagged.chars)
            if not ends:
                break
        else:
            yield start, max(ends)


def _reach(ends: set[int], slot: Slot, starts: dict[int, list[int]], chars: str) -> set[int]:
    """The ends of the terms of `slot` that follow one of `ends` closely enough."""
    reached: set[int] = set()
    for end in ends:
        for at in range(end, min(end + slot.gap, len(chars)) + 1):
            if at > end and (
                chars[at - 1] in STOPS or (chars[at - 1] in COMMAS and not slot.loose)
            ):
                break
            if at in starts:
                reached.update(starts[at])
    return reached


def _together(together: Together, tagged: Tagged) -> Iterator[Place]:
    """The narrowest places that hold a term of every group, within the window."""
    tagged_groups = [_outermost(tagged.tags.get(name, [])) for name in together.all]
    if not all(tagged_groups):
        return
    events = sorted(
        (start, end, number) for number, tags in enumerate(tagged_groups) for start, end in tags
    )
    latest: list[Place | None] = [None] * len(tagged_groups)
    for start, end, number in events:
        latest[number] = (start, end)
        if any(place is None for place in latest):
            continue
        parts = [place for place in latest if place is not None]
        left = min(place[0] for place in parts)
        right = max(place[1] for place in parts)
        if right - left <= together.window and _same(together, tagged, (left, right)):
            yield left, right


def _same(together: Together, tagged: Tagged, place: Place) -> bool:
    inside = tagged.chars[place[0] : place[1]]
    if together.within == "near":
        return True
    if any(char in STOPS for char in inside):
        return False
    return together.within == "sentence" or not any(char in COMMAS for char in inside)


def region(within: str, tagged: Tagged, place: Place) -> Place:
    """The part of the text that `within` means for a match at `place`."""
    if within == "clause":
        return tagged.clause(*place)
    if within == "sentence":
        return tagged.sentence(*place)
    if within == "near":
        return tagged.near(*place)
    if within == "around":
        return max(0, place[0] - AROUND), min(len(tagged.chars), place[1] + AROUND)
    return 0, len(tagged.chars)


def need_met(need: Nearby, tagged: Tagged, place: Place) -> Place | None:
    """The term that meets `need`, the nearest to `place`; `None`: there is none."""
    bounds = region(need.within, tagged, place)
    found = [tag for name in need.any for tag in tagged.within(name, bounds)]
    return min(found, key=lambda tag: _distance(tag, place), default=None)


def _distance(tag: Place, place: Place) -> int:
    return max(0, place[0] - tag[1], tag[0] - place[1])


def spared(spare: Spare, tagged: Tagged, place: Place) -> Place | None:
    """The term because of which the rule does not fire at `place`, if there is one."""
    start, end = place
    if spare.where == "inside":
        bounds = place
    elif spare.where == "before":
        first, _ = tagged.clause(start, end)
        bounds = (max(first, start - spare.reach), start)
    elif spare.where == "after":
        _, last = tagged.clause(start, end)
        bounds = (end, min(last, end + spare.reach))
    else:
        bounds = region(spare.where, tagged, place)
    return tagged.first_within(spare.any, bounds)
