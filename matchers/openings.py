"""The second pass: the ways in which rules may match a text, and where it must be read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matchers.alphabet import Codes
from matchers.clauses import Place
from matchers.compile import EVADED, Compiled, CompiledRule, Context, Way
from matchers.places import SetPlaces, holding
from matchers.prefilter import Shown
from matchers.repair import Edit
from matchers.text import units_of


class Openings(NamedTuple):
    """Numbers of the ways that may match, where they may, and what to mend in the text."""

    ways: frozenset[int]
    at: tuple[Place, ...]
    edits: tuple[Edit, ...]


def openings(
    compiled: Compiled, texts: Sequence[str], seen: Shown, met: Mapping[int, int]
) -> dict[int, Openings]:
    """What each of some texts opens, by its number; those that open nothing are left out.

    `met` are the bits that a text or its page shows, for each text that shows any.
    """
    if not met:
        return {}
    numbers = list(met)
    codes, origins, bounds = seen.kept_of(numbers)
    looked = _Looked.at(compiled, codes, bounds)
    ways: dict[int, set[int]] = {number: set() for number in numbers if met[number] & EVADED}
    at: dict[int, list[Place]] = {}
    for way, text, left, right in looked.opened(compiled):
        number = numbers[text]
        if met[number] & EVADED or _fits(compiled.ways[way][0], met[number]):
            ways.setdefault(number, set()).add(way)
            place = int(origins[left]), int(origins[right - 1]) + 1
            at.setdefault(number, []).append(place)
    edits: dict[int, list[Edit]] = {}
    for text, edit in _edits(compiled, looked, origins):
        number = numbers[text]
        if number in ways and "\n\n" not in texts[number][edit.start : edit.end]:
            edits.setdefault(number, []).append(edit)
            if edit.plain:
                at.setdefault(number, []).append((edit.start, edit.end))
    return {
        number: Openings(
            frozenset(own),
            tuple(at.get(number, ())),
            tuple(sorted(edits.get(number, ()), key=lambda edit: edit.start)),
        )
        for number, own in ways.items()
    }


def opened_plainly(compiled: Compiled, texts: Sequence[str]) -> list[frozenset[int]]:
    """The ways that each of some folded texts opens, whatever it needs."""
    if not texts:
        return []
    codes = compiled.alphabet.plain[units_of("\n".join((*texts, "")))]
    bounds = np.cumsum([0, *(len(text) + 1 for text in texts)])
    ways: list[set[int]] = [set() for _ in texts]
    for way, text, _, _ in _Looked.at(compiled, codes, bounds).opened(compiled):
        ways[text].add(way)
    return [frozenset(own) for own in ways]


def _fits(context: Context, met: int) -> bool:
    """Whether each need of a context is met; one without a bit may always be."""
    return all(bit & met or not bit for bit in context.bits)


@dataclass(frozen=True, slots=True)
class _Looked:
    """The literals in some texts that were looked at together, each with a stop behind it."""

    codes: Codes
    bounds: NDArray[np.int64]
    """Where the texts begin, and the end of the last."""
    sites: NDArray[np.int64]
    places: NDArray[np.int64]
    """Start and end of each of `sites`, by the end."""

    @classmethod
    def at(cls, compiled: Compiled, codes: Codes, bounds: NDArray[np.int64]) -> "_Looked":
        """The literals in the codes of some texts."""
        found = compiled.places.find(codes)
        return cls(codes, bounds, found[:, 0], found[:, 1:])

    def texts_of(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """For each place the text in which it is."""
        return np.searchsorted(self.bounds, places, side="right") - 1

    def opened(self, compiled: Compiled) -> Iterator[tuple[int, int, int, int]]:
        """Ways for which all is there that they ask for, with the text and where in the codes."""
        places = SetPlaces.find(compiled.asked, self.sites, self.places, self.codes)
        for way, left, right in holding(compiled.asked, places, self.bounds):
            texts = self.texts_of(left)
            # The stop behind a text is no part of it.
            last = np.minimum(right, self.bounds[texts + 1] - 1)
            for each in zip(texts.tolist(), left.tolist(), last.tolist(), strict=True):
                yield way, *each


def _edits(
    compiled: Compiled, looked: _Looked, origins: NDArray[np.int64]
) -> Iterator[tuple[int, Edit]]:
    """What must be mended: terms that are evaded, literals that are broken; with their texts."""
    if not looked.sites.size:
        return
    sizes = looked.places[:, 1] - looked.places[:, 0]
    starts, ends = origins[looked.places[:, 0]], origins[looked.places[:, 1] - 1] + 1
    gaps = ends - starts - sizes
    wanted = (compiled.site_evades[looked.sites] | (gaps > 0)) & (gaps <= 3 * sizes + 8)
    texts = looked.texts_of(looked.places[:, 0])
    for index in np.flatnonzero(wanted).tolist():
        plain = compiled.evaded[looked.sites[index]]
        yield int(texts[index]), Edit(int(starts[index]), int(ends[index]), plain)


def by_rule(compiled: Compiled, numbers: Iterable[int]) -> list[tuple[CompiledRule, list[Way]]]:
    """The ways of `numbers` with their rules, in the order of the rules."""
    ways: dict[int, tuple[CompiledRule, list[Way]]] = {}
    for number in sorted(numbers):
        _, rule, way = compiled.ways[number]
        ways.setdefault(id(rule), (rule, []))[1].append(way)
    return list(ways.values())
