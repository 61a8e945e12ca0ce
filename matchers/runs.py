"""Runs of one to four characters of folded text, looked up for every place at once.

A text is an array of codes (0: a character that no run holds). The runs of two are found by a
multiplicative hash of their two codes, longer ones by the number of the run that is theirs
without the last character; so every run's beginnings are runs too. A run whose slot is taken by
one that comes before it is left out: nothing has to be probed twice, and nothing is found that
is not there, since the whole key is compared.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SHORTEST, LONGEST = 1, 4
"""Characters of the shortest and the longest run."""
_MULTIPLIER = 0x9E3779B97F4A7C15
"""2^64 divided by the golden ratio (Knuth, The Art of Computer Programming 3, 6.4)."""
_TABLE = 0x10000
_NUMBER_BITS = 20
_NUMBER = (1 << _NUMBER_BITS) - 1
MOST = _NUMBER
"""Runs of one table at most."""

Ints = NDArray[np.int64]
Found = tuple[Ints, Ints]
"""Where runs of one length begin, in order, and their numbers."""


@dataclass(frozen=True)
class _Slots:
    """The runs of one length: a hash of entries that hold the key and the number of a run."""

    shift: int
    entries: Ints
    """-1 where a slot is empty."""

    def find(self, keys: Ints) -> Found:
        """Which of `keys` are runs, and their numbers."""
        entries = self.entries.take(_hashed(keys, self.shift))
        kept = np.flatnonzero(entries >> _NUMBER_BITS == keys)
        return kept, entries.take(kept) & _NUMBER


def _hashed(keys: Ints, shift: int) -> Ints:
    """The slot of each key."""
    slots = (keys.view(np.uint64) * np.uint64(_MULTIPLIER)) >> np.uint64(shift)
    return slots.view(np.int64)


def _points(runs: Sequence[str], size: int) -> Ints:
    """The code points of runs of one length, a row for each."""
    data = "".join(runs).encode("utf-32-le", "surrogatepass")
    return np.frombuffer(data, dtype=np.uint32).astype(np.int64).reshape(-1, size)


class Parts(NamedTuple):
    """The tables of a `RunTable`: for runs of two and more the slots and by how much to shift."""

    codes: Ints
    single: Ints
    slots: tuple[Ints, ...]
    shifts: tuple[int, ...]
    radix: int


class RunTable:
    """The runs that are known, each with a number."""

    def __init__(self, runs: Iterable[str]) -> None:
        """Runs earlier in `runs` come before later ones where two want one slot."""
        by_size: dict[int, list[str]] = {size: [] for size in range(SHORTEST, LONGEST + 1)}
        places: dict[int, list[int]] = {size: [] for size in by_size}
        for place, run in enumerate(dict.fromkeys(runs)):
            by_size[len(run)].append(run)
            places[len(run)].append(place)
        points = {size: _points(some, size) for size, some in by_size.items()}
        chars = np.unique(np.concatenate([each.ravel() for each in points.values()]))
        chars = chars[chars < _TABLE]
        self._codes = np.zeros(_TABLE, dtype=np.int64)
        self._codes[chars] = np.arange(1, len(chars) + 1)
        self._radix = len(chars) + 1
        self.runs: list[str] = []
        self.given: list[int] = []
        """For each run its place among those that were given, each counted once."""
        self._single = np.full(self._radix, -1, dtype=np.int64)
        codes = self.codes(points[SHORTEST][:, 0])
        single = np.flatnonzero(codes)
        kept = self._keep(by_size[SHORTEST], places[SHORTEST], single)
        self._single[codes[single]] = kept
        self._slots: list[_Slots] = []
        for size in range(SHORTEST + 1, LONGEST + 1):
            self._slots.append(self._fill(by_size[size], places[size], points[size]))

    def _keep(self, runs: Sequence[str], places: Sequence[int], which: Ints) -> Ints:
        """Give some runs the next numbers."""
        first = len(self.runs)
        self.runs += [runs[at] for at in which.tolist()]
        self.given += [places[at] for at in which.tolist()]
        return np.arange(first, len(self.runs))

    def _fill(self, runs: Sequence[str], places: Sequence[int], points: Ints) -> _Slots:
        """The slots of the runs of one length whose beginnings are known."""
        bits = max(8, (7 * len(runs)).bit_length())
        codes = self.codes(points)
        which = np.flatnonzero(codes.all(axis=1))
        before = codes[which, 0]
        for at, shorter in enumerate(self._slots, 1):
            known, before = shorter.find(before * self._radix + codes[which, at])
            which = which[known]
        keys = before * self._radix + codes[which, -1]
        slots, firsts = np.unique(_hashed(keys, 64 - bits), return_index=True)
        order = np.argsort(firsts)[: MOST - len(self.runs)]
        slots, firsts = slots[order], firsts[order]
        entries = np.full(1 << bits, -1, dtype=np.int64)
        entries[slots] = keys[firsts] << _NUMBER_BITS | self._keep(runs, places, which[firsts])
        return _Slots(64 - bits, entries)

    def __len__(self) -> int:
        return len(self.runs)

    @property
    def parts(self) -> "Parts":
        """The tables, for a reader of its own."""
        slots = tuple(each.entries for each in self._slots)
        shifts = tuple(each.shift for each in self._slots)
        return Parts(self._codes, self._single, slots, shifts, self._radix)

    @cached_property
    def _number(self) -> dict[str, int]:
        return {run: number for number, run in enumerate(self.runs)}

    def number(self, run: str) -> int | None:
        """The number of `run`; `None`: it is not known."""
        return self._number.get(run)

    def codes(self, points: NDArray[np.integer]) -> Ints:
        """The codes of the code points of folded text."""
        return self._codes.take(points, mode="clip")

    def find(self, codes: Ints) -> list[Found]:
        """For each length the runs in `codes`."""
        single = self._single.take(codes)
        at = np.flatnonzero(single >= 0)
        found: list[Found] = [(at, single.take(at))]
        starts = np.flatnonzero(codes[:-1] * codes[1:])
        before = codes.take(starts)
        for size, slots in enumerate(self._slots, 2):
            keys = before * self._radix + codes.take(starts + (size - 1))
            kept, numbers = slots.find(keys)
            starts = starts.take(kept)
            found.append((starts, numbers))
            inside = np.searchsorted(starts, len(codes) - size)
            starts, before = starts[:inside], numbers[:inside]
        return found
