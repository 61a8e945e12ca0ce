"""Folded texts put together, and the runs that stand in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from matchers.runs import Found, Ints, RunTable
from matchers.sentences import Sentences, sentences

STRETCH = 500
"""Characters in which a run counts once for its page."""
_PLACE_BITS = 24


@dataclass(frozen=True)
class Joined:
    """Some folded texts put together, each with a line end behind it."""

    chars: str
    points: NDArray[np.uint32]
    bounds: Ints
    """Where the texts begin, and the whole length."""

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Joined":
        """`texts` put together."""
        chars = "\n".join((*texts, ""))
        points = np.frombuffer(chars.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        sizes = [len(text) + 1 for text in texts]
        return cls(chars, points, np.cumsum([0, *sizes], dtype=np.int64))

    @cached_property
    def sentences(self) -> Sentences:
        """The sentences of all texts."""
        return sentences(self.points, self.bounds)

    def __len__(self) -> int:
        return len(self.points)


@dataclass(frozen=True, slots=True)
class Looked:
    """The runs in some texts; none reaches over two of them."""

    joined: Joined
    found: list[Found]
    fresh: list[Found]
    """Each run once in a stretch of `STRETCH` characters: what is said again says no more."""
    told: Ints
    """For each place, and the end, how many of those begin before it."""

    @classmethod
    def at(cls, table: RunTable, joined: Joined) -> "Looked":
        """The runs in `joined`."""
        bounds = joined.bounds
        ends = np.repeat(bounds[1:], np.diff(bounds))
        found = []
        for size, (starts, numbers) in enumerate(table.find(table.codes(joined.points)), 1):
            inside = starts + size <= ends.take(starts)
            found.append((starts[inside], numbers[inside]))
        fresh = _once(found, _stretches(bounds), len(table))
        told = np.zeros(len(joined) + 1, dtype=np.int64)
        for starts, _ in fresh:
            told[1:][starts] += 1
        return cls(joined, found, fresh, told.cumsum())


def _stretches(bounds: Ints) -> Ints:
    """For each place the number of its stretch; those of one text follow one another."""
    sizes = np.diff(bounds)
    numbers = -(-sizes // STRETCH)
    firsts = np.cumsum(numbers) - numbers
    places = np.arange(int(bounds[-1])) - np.repeat(bounds[:-1], sizes)
    return np.repeat(firsts, sizes) + places // STRETCH


def _once(found: Sequence[Found], stretches: Ints, runs: int) -> list[Found]:
    """Of each run in a stretch the first."""
    once = []
    for starts, numbers in found:
        keys = stretches.take(starts) * runs + numbers
        # Sorted with their place behind them, which costs a third of a stable sort.
        packed = np.sort(keys << _PLACE_BITS | np.arange(len(keys)))
        own = packed >> _PLACE_BITS
        kept = np.sort(packed[np.diff(own, prepend=-1) != 0] & (1 << _PLACE_BITS) - 1)
        once.append((starts.take(kept), numbers.take(kept)))
    return once
