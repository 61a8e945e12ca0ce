"""The second pass: the ways in which rules may match a text, and where it must be read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from matchers.alphabet import Codes
from matchers.clauses import Place
from matchers.compile import EVADED, Compiled, CompiledRule, Way
from matchers.engine import Found
from matchers.prefilter import Shown
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


def openings(
    compiled: Compiled, texts: Sequence[str], seen: Shown, met: Mapping[int, int]
) -> dict[int, Openings]:
    """What each of some texts opens, by its number; those that open nothing are left out.

    `met` are the bits that a text or its page shows, for each text that shows any.
    """
    opened = {}
    shown = literals_of(compiled, [seen.kept_of(number) for number in met])
    for number, own in zip(met, shown, strict=True):
        ways = opened_by(compiled.asked, own)
        evaded = bool(met[number] & EVADED)
        if not evaded:  # An evaded word may meet any need.
            ways = _fitting(compiled, ways, met[number])
        if ways or evaded:
            text, codes = texts[number], seen.codes_of(number)
            at, edits = _located(compiled, own.found, codes, text, ways, evaded=evaded)
            opened[number] = Openings(frozenset(ways), at, edits)
    return opened


@dataclass(frozen=True, slots=True)
class Literals:
    """The literals that were found in the codes of a text, by their end."""

    found: list[Found]
    codes: Codes
    characters: int
    """The bits of the single characters."""


def literals_of(compiled: Compiled, parts: Sequence[Codes]) -> list[Literals]:
    """The literals in each of some texts, none of them empty, looked for at once.

    No literal may reach over the end of a text: its last code is that of no literal.
    """
    if not parts:
        return []
    joined = np.concatenate(parts)
    starts = [0, *accumulate(map(len, parts))]
    characters = compiled.asked.bits_of_each(joined, starts[:-1])
    found: list[list[Found]] = [[] for _ in parts]
    number = first = 0
    last = 2 * starts[1]
    for literal, start, end in compiled.places.find(joined.tobytes()):
        while end > last:
            number += 1
            first, last = last, 2 * starts[number + 1]
        found[number].append((literal, start - first, end - first))
    return [Literals(*each) for each in zip(found, parts, characters, strict=True)]


def opened_by(asked: AskedBits, shown: Literals) -> Opened:
    """The ways for which all that they ask for is there, and the bytes in which it is.

    Where much was found a literal is asked once for all that follow within its reach, so that
    the same word a million times costs no more than a million steps.
    """
    openers = _possible(asked, shown)
    dense = len(shown.found) > DENSE
    answered: dict[int, int] = {}
    opened: Opened = {}
    if not openers:
        return opened
    for index, (literal, start, end) in enumerate(shown.found):
        if literal not in openers or (dense and answered.get(literal, -1) >= end):
            continue
        for opener in openers[literal]:
            first, last = start - opener.back, end + opener.ahead
            sides = (first, start, end, last)
            if dense:
                last += opener.ahead
                sides = (first, first, last, last)
                answered[literal] = end + min(each.ahead for each in openers[literal])
            if _holds(asked, shown, opener, index, sides):
                opened.setdefault(opener.number, []).append((start, last))
    return opened


def _possible(asked: AskedBits, shown: Literals) -> dict[int, list[Opener]]:
    """What each literal opens, without ways for which the text lacks something everywhere."""
    openers, bits_of = asked.openers, asked.site_bits
    bits = shown.characters
    literals = {found[0] for found in shown.found}
    for literal in literals:
        bits |= bits_of[literal]
    possible = {}
    for literal in literals:
        if openers[literal]:
            some = [opener for opener in openers[literal] if opener.all & bits == opener.all]
            if some:
                possible[literal] = some
    return possible


Sides = tuple[int, int, int, int]
"""Where one side begins, the literal between them, and where the other side ends.

What overlaps the literal counts for both.
"""


def _holds(asked: AskedBits, shown: Literals, opener: Opener, index: int, sides: Sides) -> bool:
    """Whether all that a way asks for stands on its side of the literal at `index`."""
    before, after = _words(asked.site_bits, shown.found, index, sides)
    singles = asked.single_bits
    if not opener.held(before | singles, after | singles):
        return False
    if not opener.all & singles:
        return True
    first, start, end, last = (max(0, place // 2) for place in sides)
    return opener.held(
        before | asked.bits_of(shown.codes[first:end]),
        after | asked.bits_of(shown.codes[start:last]),
    )


def _words(bits_of: Sequence[int], found: list[Found], index: int, sides: Sides) -> tuple[int, int]:
    """The bits of the words that end on either side."""
    first, start, end, last = sides
    before = after = bits_of[found[index][0]]
    for at in range(index - 1, -1, -1):
        literal, _, place = found[at]
        if place <= first:
            break
        before |= bits_of[literal]
        if place > start:
            after |= bits_of[literal]
    for at in range(index + 1, len(found)):
        literal, _, place = found[at]
        if place > last:
            break
        after |= bits_of[literal]
        if place <= end:
            before |= bits_of[literal]
    return before, after


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
        (int(where[first // 2]), int(where[min(last // 2, where.size) - 1]) + 1)
        for places in opened.values()
        for first, last in places
    ]
    if not found or (not evaded and where.size == codes.size):
        return tuple(at), ()
    literals, firsts, lasts = np.array(found, dtype=np.int64).T
    starts, stops = where[firsts // 2], where[lasts // 2 - 1] + 1
    sizes = (lasts - firsts) // 2
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
