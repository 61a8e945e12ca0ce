"""Runs of one to four characters of folded text, looked up for every place at once.

A text is an array of codes (0: a character that no run holds). The runs of two are found by a
multiplicative hash of their two codes, longer ones by the number of the run that is theirs
without the last character; so every run's beginnings are runs too. A run whose slot is taken by
one that comes before it is left out: nothing has to be probed twice, and nothing is found that
is not there, since the whole key is compared.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHORTEST, LONGEST = 1, 4
"""Characters of the shortest and the longest run."""
_MULTIPLIER = 0x9E3779B97F4A7C15
"""2^64 divided by the golden ratio (Knuth, The Art of Computer Programming 3, 6.4)."""
_WORD = (1 << 64) - 1
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
        slots = (keys.view(np.uint64) * np.uint64(_MULTIPLIER)) >> np.uint64(self.shift)
        entries = self.entries.take(slots.view(np.int64))
        kept = np.flatnonzero(entries >> _NUMBER_BITS == keys)
        return kept, entries.take(kept) & _NUMBER


class RunTable:
    """The runs that are known, each with a number."""

    def __init__(self, runs: Iterable[str]) -> None:
        """Runs earlier in `runs` come before later ones where two want one slot."""
        by_size: dict[int, list[str]] = {size: [] for size in range(SHORTEST, LONGEST + 1)}
        for run in dict.fromkeys(runs):
            by_size[len(run)].append(run)
        chars = sorted({char for some in by_size.values() for run in some for char in run})
        self._code = {char: code for code, char in enumerate(chars, 1)}
        self._radix = len(chars) + 1
        self._codes = np.zeros(0x10000, dtype=np.int64)
        for char, code in self._code.items():
            if ord(char) < len(self._codes):
                self._codes[ord(char)] = code
        self.runs: list[str] = []
        self._number: dict[str, int] = {}
        self._single = np.full(self._radix, -1, dtype=np.int64)
        for run in by_size.pop(SHORTEST):
            self._single[self._code[run]] = self._add(run)
        self._slots = [self._fill(some) for some in by_size.values()]

    def _add(self, run: str) -> int:
        number = self._number[run] = len(self.runs)
        self.runs.append(run)
        return number

    def _fill(self, runs: Sequence[str]) -> _Slots:
        bits = max(8, (7 * len(runs)).bit_length())
        entries = np.full(1 << bits, -1, dtype=np.int64)
        for run in runs:
            before = self._code[run[0]] if len(run) == 2 else self._number.get(run[:-1])
            if before is None or len(self.runs) == MOST:
                continue
            key = before * self._radix + self._code[run[-1]]
            slot = (key * _MULTIPLIER & _WORD) >> (64 - bits)
            if entries[slot] < 0:
                entries[slot] = key << _NUMBER_BITS | self._add(run)
        return _Slots(64 - bits, entries)

    def __len__(self) -> int:
        return len(self.runs)

    def number(self, run: str) -> int | None:
        """The number of `run`; `None`: it is not known."""
        return self._number.get(run)

    def codes(self, points: Ints) -> Ints:
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
