"""The second pass: the ways in which rules may match a text, and where it must be read."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from matchers.alphabet import Codes
from matchers.clauses import Place
from matchers.compile import EVADED, Compiled, CompiledRule, Way
from matchers.engine import Found
from matchers.repair import Edit
from matchers.signs import AskedBits, Opener

DENSE = 4_000
"""Literals in a text from which on not each of them is asked for itself."""
Opened = dict[int, list[Place]]
"""By the number of a way the bytes among which it was opened."""


@dataclass(frozen=True, slots=True)
class Openings:
    """Numbers of the ways that may match, where what opened them stands, what to mend."""

    ways: frozenset[int]
    at: tuple[Place, ...]
    edits: tuple[Edit, ...]


def openings(compiled: Compiled, codes: Codes, met: int, text: str) -> Openings | None:
    """What `text` of `codes` opens; `None`: nothing. `met` are bits that it or its page shows."""
    kept = codes[codes != 0]
    found = compiled.places.find(kept.tobytes())
    evaded = bool(met & EVADED)
    opened = opened_by(compiled.asked, found, kept)
    if not evaded:  # An evaded word may meet any need.
        opened = _fitting(compiled, opened, met)
    if not opened and not evaded:
        return None
    at, edits = _located(compiled, found, codes, text, opened, evaded=evaded)
    return Openings(frozenset(opened), at, edits)


def opened_by(asked: AskedBits, found: list[Found], kept: Codes) -> Opened:
    """The ways for which all that they ask for is there, and the bytes in which it is.

    `kept` are the codes in which `found` was found. Where much was found a literal is asked once
    for all that follow within its reach, so that the same word a million times costs no more
    than a million steps.
    """
    openers = _possible(asked, found, kept)
    if not openers:
        return {}
    found.sort(key=_end)
    around = _Around(asked, found, kept)
    dense = len(found) > DENSE
    answered: dict[int, int] = {}
    opened: Opened = {}
    for index, (literal, end) in enumerate(found):
        if literal not in openers or (dense and answered.get(literal, -1) >= end):
            continue
        start = end - asked.sizes[literal]
        for opener in openers[literal]:
            first, last = start - opener.back, end + opener.ahead
            sides = (first, start, end, last)
            if dense:
                last += opener.ahead
                sides = (first, first, last, last)
                answered[literal] = end + openers[literal][0].ahead
            for number in around.holding(opener, index, sides):
                opened.setdefault(number, []).append((end, last))
    return opened


def _possible(asked: AskedBits, found: list[Found], kept: Codes) -> dict[int, list[Opener]]:
    """What each literal opens, without ways for which the text lacks something everywhere."""
    literals = {literal for literal, _ in found}
    opening = [literal for literal in literals if asked.openers[literal]]
    if not opening:
        return {}
    shown = asked.bits_of(kept)
    for literal in literals:
        shown |= asked.site_bits[literal]
    possible: dict[int, list[Opener]] = {}
    for literal in opening:
        for opener in asked.openers[literal]:
            ways = tuple(way for way in opener.ways if way.all & shown == way.all)
            if ways:
                kept_opener = Opener(opener.back, opener.ahead, ways)
                possible.setdefault(literal, []).append(kept_opener)
    return possible


def _end(found: Found) -> int:
    return found[1]


Sides = tuple[int, int, int, int]
"""Where one side begins, the literal between them, and where the other side ends.

What overlaps the literal counts for both.
"""


class _Around:
    """What stands around a literal."""

    def __init__(self, asked: AskedBits, found: list[Found], kept: Codes) -> None:
        self._asked = asked
        self._found = found
        self._kept = kept

    def holding(self, opener: Opener, index: int, sides: Sides) -> list[int]:
        """The numbers of the ways of which everything stands on its side."""
        before, after = self._words(index, sides)
        singles = self._asked.single_bits
        ways = [way for way in opener.ways if way.held(before | singles, after | singles)]
        if any(way.all & singles for way in ways):
            more_before, more_after = self._characters(sides)
            before, after = before | more_before, after | more_after
            ways = [way for way in ways if way.held(before, after)]
        return [way.number for way in ways]

    def _words(self, index: int, sides: Sides) -> tuple[int, int]:
        """The bits of the words that end on either side."""
        first, start, end, last = sides
        found, bits_of = self._found, self._asked.site_bits
        before = after = bits_of[found[index][0]]
        for at in range(index - 1, -1, -1):
            literal, place = found[at]
            if place <= first:
                break
            before |= bits_of[literal]
            if place > start:
                after |= bits_of[literal]
        for at in range(index + 1, len(found)):
            literal, place = found[at]
            if place > last:
                break
            after |= bits_of[literal]
            if place <= end:
                before |= bits_of[literal]
        return before, after

    def _characters(self, sides: Sides) -> tuple[int, int]:
        """The bits of the characters that stand on either side."""
        first, start, end, last = (max(0, place // 2) for place in sides)
        bits_of = self._asked.bits_of
        return bits_of(self._kept[first:end]), bits_of(self._kept[start:last])


def _fitting(compiled: Compiled, opened: Opened, met: int) -> Opened:
    """Those of which the text, or its page, meets each need."""
    return {
        number: where
        for number, where in opened.items()
        if all(bit & met or not bit for bit in compiled.ways[number][0].bits)
    }


def _located(
    compiled: Compiled,
    found: list[Found],
    codes: Codes,
    text: str,
    opened: Opened,
    *,
    evaded: bool,
) -> tuple[tuple[Place, ...], tuple[Edit, ...]]:
    """Where to read, and what must be mended, in places of the text."""
    where = np.flatnonzero(codes)
    at = [
        (int(where[first // 2 - 1]), int(where[min(last // 2, where.size) - 1]) + 1)
        for places in opened.values()
        for first, last in places
    ]
    if not evaded and where.size == codes.size:
        return tuple(at), ()
    literals, ends = np.array(found, dtype=np.int64).reshape(-1, 2).T
    sizes = compiled.site_sizes[literals]
    starts, stops = where[ends // 2 - sizes], where[ends // 2 - 1] + 1
    gaps = stops - starts - sizes
    wanted = compiled.site_evades[literals] | (gaps > 0)
    edits = []
    for index in np.flatnonzero(wanted & (gaps <= 3 * sizes + 8)).tolist():
        start, end = int(starts[index]), int(stops[index])
        if gaps[index] and "\n\n" in text[start:end]:
            continue
        plain = compiled.evaded[found[index][0]]
        edits.append(Edit(start, end, plain))
        if plain:
            at.append((start, end))
    edits.sort(key=lambda edit: edit.start)
    return tuple(at), tuple(edits)


def by_rule(compiled: Compiled, numbers: Iterable[int]) -> list[tuple[CompiledRule, list[Way]]]:
    """The ways of `numbers` with their rules, in the order of the rules."""
    ways: dict[int, tuple[CompiledRule, list[Way]]] = {}
    for number in sorted(numbers):
        _, rule, way = compiled.ways[number]
        ways.setdefault(id(rule), (rule, []))[1].append(way)
    return list(ways.values())
