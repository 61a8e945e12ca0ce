"""The terms of folded texts, found in all of them at once."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from matchers.clauses import Placed, Tagged, Terms
from matchers.compile import Compiled
from matchers.groups import COMMA, SINGLE, STOP, GroupBits
from matchers.text import Folded, Ints, units_of


def tag(
    compiled: Compiled, texts: Sequence[Folded], wanted: Sequence[frozenset[int]]
) -> list[Tagged]:
    """Folded texts with the places of their terms.

    `wanted` are the numbers of the groups of each text whose terms will surely be asked for.
    """
    groups = compiled.bits
    units = units_of("\n".join((*(text.chars for text in texts), "")))
    bounds = np.cumsum([0, *(len(text.chars) + 1 for text in texts)])
    terms, starts, ends = compiled.tagger.find(compiled.alphabet.plain[units]).T
    marks = groups.special[units]
    where = np.flatnonzero(marks)
    special: Ints = marks[where].astype(np.int64)
    single = special >= SINGLE
    placed = [Placed(own) for own in wanted]
    _place(placed, groups, (terms, starts, ends), bounds)
    firsts = np.searchsorted(ends, bounds, side="right").tolist()
    bits = list(map(groups.of_term.__getitem__, terms.tolist()))
    parts = zip(
        _apart(starts, firsts, bounds),
        _apart(ends, firsts, bounds),
        (bits[first:last] for first, last in pairwise(firsts)),
        _singles(groups, where[single], special[single] - SINGLE, bounds),
        _marks(where[special == STOP], bounds),
        _marks(where[special <= COMMA], bounds),
        strict=True,
    )
    return [
        Tagged(text, Terms(*part), own, groups, compiled.known)
        for text, part, own in zip(texts, parts, placed, strict=True)
    ]


def _place(
    placed: Sequence[Placed], groups: GroupBits, terms: tuple[Ints, Ints, Ints], bounds: Ints
) -> None:
    """Put the places of `terms` (numbers, starts and ends) to the texts that want them."""
    size = len(groups.names)
    wanted = np.zeros(size * len(placed), dtype=np.bool_)
    wanted[[size * text + each for text, own in enumerate(placed) for each in own.wanted]] = True
    numbers, starts, ends = terms
    index, own = groups.members.expand(numbers)
    pairs = ((np.searchsorted(bounds, starts, side="right") - 1) * size)[index] + own
    kept = wanted[pairs]
    index, pairs = index[kept], pairs[kept]
    order = np.lexsort((ends[index], starts[index], pairs))
    index, pairs = index[order], pairs[order]
    shift = bounds[pairs // size]
    firsts, lasts = (starts[index] - shift).tolist(), (ends[index] - shift).tolist()
    places = list(zip(firsts, lasts, strict=True))
    heads = np.flatnonzero(np.diff(pairs, prepend=-1))
    runs = pairwise([*heads.tolist(), len(places)])
    for pair, (first, last) in zip(pairs[heads].tolist(), runs, strict=True):
        text, group = divmod(pair, size)
        given = placed[text].plain if groups.plain[group] else placed[text].words
        given[groups.names[group]] = places[first:last]


def _singles(groups: GroupBits, where: Ints, terms: Ints, bounds: Ints) -> list[int]:
    """For each text the bits of the groups of which it shows terms of one character."""
    texts = np.searchsorted(bounds, where, side="right") - 1
    size = len(groups.of_term) - groups.words
    shown = np.zeros(size * (len(bounds) - 1), dtype=np.bool_)
    shown[texts * size + terms] = True
    bits = [0] * (len(bounds) - 1)
    for each in np.flatnonzero(shown).tolist():
        bits[each // size] |= groups.of_term[groups.words + each % size]
    return bits


def _apart(places: Ints, firsts: Sequence[int], bounds: Ints) -> list[list[int]]:
    """For each text the places that begin with the one at `firsts`, counted from its beginning."""
    own = (places - np.repeat(bounds[:-1], np.diff(firsts))).tolist()
    return [own[first:last] for first, last in pairwise(firsts)]


def _marks(places: Ints, bounds: Ints) -> list[list[int]]:
    """For each text the places of its marks, without the line end that was put behind it."""
    firsts = np.searchsorted(places, bounds).tolist()
    return [own[:-1] for own in _apart(places, firsts, bounds)]
