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

    With each whether it is one statement, so that a negation inside it is one of it: a phrase
    matched in order, or a company of terms within one clause.
    """
    phrases: set[Place] = set()
    companies: set[Place] = set()
    for way in ways:
        if way.company is not None:
            found = _together(way.company, tagged)
            (phrases if way.company.within == "clause" else companies).update(found)
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
    """The places of a phrase, found from its most telling slot to either side."""
    if any(tagged.empty(slot.group) for slot in sequence):
        return
    pivot = next((at for at, slot in enumerate(sequence) if not tagged.singles(slot.group)), 0)
    for start, end in tagged.tags(sequence[pivot].group):
        begins = {start}
        for at in range(pivot, 0, -1):
            begins = _reach_back(begins, sequence[at], sequence[at - 1].group, tagged)
            if not begins:
                break
        if not begins:
            continue
        ends = {end}
        for slot in sequence[pivot + 1 :]:
            ends = _reach(ends, slot, tagged)
            if not ends:
                break
        else:
            yield min(begins), max(ends)


def _reach(ends: set[int], slot: Slot, tagged: Tagged) -> set[int]:
    """The ends of the terms of `slot` that follow one of `ends` closely enough."""
    chars = tagged.chars
    starts, singles = tagged.starts(slot.group), tagged.singles(slot.group)
    reached: set[int] = set()
    for end in ends:
        for at in range(end, min(end + slot.gap, len(chars)) + 1):
            if at > end and _barred(chars[at - 1], slot):
                break
            if at in starts:
                reached.update(starts[at])
            if singles and at < len(chars) and chars[at] in singles:
                reached.add(at + 1)
    return reached


def _reach_back(begins: set[int], slot: Slot, group: str, tagged: Tagged) -> set[int]:
    """The starts of the terms of `group` that come before one of `begins`, as `slot` allows."""
    chars = tagged.chars
    by_end, singles = tagged.by_end(group), tagged.singles(group)
    reached: set[int] = set()
    for begin in begins:
        for at in range(begin, max(begin - slot.gap, 0) - 1, -1):
            if at < begin and _barred(chars[at], slot):
                break
            if at in by_end:
                reached.update(by_end[at])
            if singles and at and chars[at - 1] in singles:
                reached.add(at - 1)
    return reached


def _barred(char: str, slot: Slot) -> bool:
    return char in STOPS or (char in COMMAS and not slot.loose)


def _together(together: Together, tagged: Tagged) -> Iterator[Place]:
    """The narrowest places that hold a term of every group, within the window."""
    if any(tagged.empty(name) for name in together.all):
        return
    tagged_groups = [_outermost(tagged.tags(name)) for name in together.all]
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
