"""Where a rule matches in a tagged text: joins over the places of terms, in linear time."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import islice

from matchers.clauses import Place, Tagged, outermost
from matchers.compile import Way
from matchers.patterns import Link
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
        if tagged.groups.of(way.groups) & ~tagged.possible:
            continue
        if way.company is not None:
            found = _together(way.company, tagged)
            (phrases if way.company.within == "clause" else companies).update(found)
        elif len(phrases) < MAX_PLACES:
            phrases.update(islice(_sequence(way, tagged), MAX_PLACES))
    return [(place, place in phrases) for place in outermost([*phrases, *companies])]


def _sequence(way: Way, tagged: Tagged) -> Iterator[Place]:
    """The places of a phrase, found from its most telling slot to either side."""
    phrase, links, pivot = way.phrase, way.links, way.pivot
    last = len(phrase) - 1
    for start, end in tagged.tags(phrase[pivot].group):
        # Ahead first: most phrases are looked for from their beginning.
        ends: dict[int, Iterable[int]] = {pivot: (end,)}
        for at in range(pivot + 1, last + 1):
            reached: set[int] = set()
            for link in links[at]:
                if before := ends.get(link.before):
                    _reach(reached, before, phrase[at].group, link, tagged)
            ends[at] = reached
        if not ends[last]:
            continue
        begins: dict[int, Iterable[int]] = {pivot: (start,)}
        for at in range(pivot - 1, -1, -1):
            reached = set()
            for after in range(at + 1, pivot + 1):
                for link in links[after]:
                    if link.before == at and begins[after]:
                        _reach_back(reached, begins[after], phrase[at].group, link, tagged)
            begins[at] = reached
        if begins[0]:
            yield min(begins[0]), max(ends[last])


def _reach(reached: set[int], ends: Iterable[int], group: str, link: Link, tagged: Tagged) -> None:
    """Add the ends of the terms of `group` that follow one of `ends` closely enough."""
    tags = tagged.tags(group)
    if not tags:
        return
    gap, size = link.gap, len(tags)
    for end in ends:
        at = bisect_left(tags, (end, 0))
        while at < size:
            start, reach = tags[at]
            if start - end > gap or (start > end and tagged.barred(end, start, link.loose)):
                break
            reached.add(reach)
            at += 1


def _reach_back(
    reached: set[int], begins: Iterable[int], group: str, link: Link, tagged: Tagged
) -> None:
    """Add the starts of the terms of `group` that come closely enough before one of `begins`."""
    tags = tagged.by_end(group)
    gap = link.gap
    for begin in begins:
        at = bisect_left(tags, (begin + 1, 0)) - 1
        while at >= 0:
            end, start = tags[at]
            if begin - end > gap or (end < begin and tagged.barred(end, begin, link.loose)):
                break
            reached.add(start)
            at -= 1


def _together(together: Together, tagged: Tagged) -> Iterator[Place]:
    """The narrowest places that hold a term of every group, within the window."""
    tagged_groups = [tagged.widest(name) for name in together.all]
    if not all(tagged_groups):
        return
    events = sorted(
        (start, end, number) for number, tags in enumerate(tagged_groups) for start, end in tags
    )
    # Of each group the latest term; until there is one it begins too far away for any window.
    lefts = [-together.window - 1] * len(tagged_groups)
    rights = [0] * len(tagged_groups)
    for start, end, number in events:
        lefts[number], rights[number] = start, end
        left, right = min(lefts), max(rights)
        if right - left <= together.window and _same(together, tagged, left, right):
            yield left, right


def _same(together: Together, tagged: Tagged, left: int, right: int) -> bool:
    """Whether a place lies within one clause, or one sentence, where that is asked for."""
    if together.within == "near":
        return True
    return not tagged.barred(left, right, together.within == "sentence")


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
