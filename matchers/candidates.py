"""Where a rule matches in a tagged text: joins over the places of terms, in linear time."""

from collections.abc import Iterable, Iterator
from itertools import islice

from matchers.clauses import COMMAS, STOPS, Place, Tagged
from matchers.compile import Way
from matchers.patterns import Link
from matchers.rules import Nearby, Spare, Together

AROUND = 300
BARS = STOPS | COMMAS
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
        if not way.groups <= tagged.words.keys():
            continue
        if way.company is not None:
            found = _together(way.company, tagged)
            (phrases if way.company.within == "clause" else companies).update(found)
        elif len(phrases) < MAX_PLACES:
            phrases.update(islice(_sequence(way, tagged), MAX_PLACES))
    return [(place, place in phrases) for place in _outermost(phrases | companies)]


def _outermost(found: Iterable[Place]) -> list[Place]:
    kept: list[Place] = []
    for place in sorted(found, key=lambda place: (place[0], -place[1])):
        if not kept or place[1] > kept[-1][1]:
            kept.append(place)
    return kept


def _sequence(way: Way, tagged: Tagged) -> Iterator[Place]:
    """The places of a phrase, found from its most telling slot to either side."""
    phrase, links, pivot = way.phrase, way.links, way.pivot
    last = len(phrase) - 1
    for start, end in tagged.tags(phrase[pivot].group):
        begins = {pivot: {start}}
        for at in range(pivot - 1, -1, -1):
            begins[at] = set()
            for after in range(at + 1, pivot + 1):
                for link in links[after]:
                    if link.before == at and begins[after]:
                        begins[at] |= _reach_back(begins[after], phrase[at].group, link, tagged)
        if not begins[0]:
            continue
        ends = {pivot: {end}}
        for at in range(pivot + 1, last + 1):
            ends[at] = set()
            for link in links[at]:
                if ends[link.before]:
                    ends[at] |= _reach(ends[link.before], phrase[at].group, link, tagged)
        if ends[last]:
            yield min(begins[0]), max(ends[last])


def _reach(ends: set[int], group: str, link: Link, tagged: Tagged) -> set[int]:
    """The ends of the terms of `group` that follow one of `ends` closely enough."""
    chars = tagged.chars
    bars = STOPS if link.loose else BARS
    starts, singles = tagged.starts(group), tagged.singles(group)
    reached: set[int] = set()
    size = len(chars)
    for end in ends:
        for at in range(end, min(end + link.gap, size) + 1):
            if at > end and chars[at - 1] in bars:
                break
            if at in starts:
                reached.update(starts[at])
            if singles and at < size and chars[at] in singles:
                reached.add(at + 1)
    return reached


def _reach_back(begins: set[int], group: str, link: Link, tagged: Tagged) -> set[int]:
    """The starts of the terms of `group` that come closely enough before one of `begins`."""
    chars = tagged.chars
    bars = STOPS if link.loose else BARS
    by_end, singles = tagged.by_end(group), tagged.singles(group)
    reached: set[int] = set()
    for begin in begins:
        for at in range(begin, max(begin - link.gap, 0) - 1, -1):
            if at < begin and chars[at] in bars:
                break
            if at in by_end:
                reached.update(by_end[at])
            if singles and at and chars[at - 1] in singles:
                reached.add(at - 1)
    return reached


def _together(together: Together, tagged: Tagged) -> Iterator[Place]:
    """The narrowest places that hold a term of every group, within the window."""
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
    start, end = place
    nearest, least = None, 0
    for name in need.any:
        for tag in tagged.within(name, bounds):
            distance = max(0, start - tag[1], tag[0] - end)
            if nearest is None or distance < least:
                nearest, least = tag, distance
                if not distance:
                    return nearest
    return nearest


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
