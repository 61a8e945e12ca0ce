"""What the runs in some texts weigh, in numpy; see `matchers.sums.Sums`."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matchers.looked import Joined, Looked
from matchers.runs import Found, Ints
from matchers.sums import AUDIBLE, COMMA, CUES, Doubles, RunWeights, Spoken


class _Rows(NamedTuple):
    """The weights of runs for claims without the zeros: those of run n from `firsts[n]` on."""

    firsts: NDArray[np.int32]
    claims: NDArray[np.int32]
    values: NDArray[np.int32]

    @classmethod
    def of(cls, table: NDArray[np.int16]) -> "_Rows":
        """The rows of a whole table."""
        runs, claims = np.nonzero(table)
        firsts = np.searchsorted(runs, np.arange(len(table) + 1))
        values = table[runs, claims].astype(np.int32)
        return cls(firsts.astype(np.int32), claims.astype(np.int32), values)


class Sparse:
    """Weights with those for claims as rows."""

    def __init__(self, weights: RunWeights) -> None:
        self.weights = weights
        self.claims, self.pages = _Rows.of(weights.of_claims), _Rows.of(weights.of_pages)


class NumpySums:
    """See `matchers.sums.Sums`."""

    def __init__(self, sparse: Sparse, joined: Joined) -> None:
        weights = sparse.weights
        self._sparse, self._weights, self._joined = sparse, weights, joined
        looked = Looked.at(weights.table, joined)
        self._found, self._fresh = looked.found, looked.fresh
        self.sentence = _summed(looked.found, len(joined), weights.sentence)
        self.nearby = _summed(looked.found, len(joined), weights.nearby)
        self.page = _summed(looked.fresh, len(joined), weights.page)
        self.told = looked.told

    def claims(self, starts: Ints, ends: Ints) -> Ints:
        """What is said in each window for each claim."""
        return self._of_windows(self._found, self._sparse.claims, starts, ends)

    def pages(self, starts: Ints, ends: Ints) -> Ints:
        """What is said on each page for each claim, a run counted once in a stretch."""
        return self._of_windows(self._fresh, self._sparse.pages, starts, ends)

    def _of_windows(self, found: Sequence[Found], rows: _Rows, starts: Ints, ends: Ints) -> Ints:
        owner, _, numbers = runs_in(found, starts, ends)
        run, index = _ranges(rows.firsts.take(numbers), rows.firsts.take(numbers + 1))
        claims = self._weights.of_claims.shape[1]
        totals = np.bincount(
            owner.take(run) * claims + rows.claims.take(index),
            weights=rows.values.take(index),
            minlength=len(starts) * claims,
        )
        # Exact: far below the 2^53 up to which a double holds whole numbers.
        return totals.astype(np.int64).reshape(len(starts), claims)

    def spoken(self, starts: Ints, ends: Ints, claims: Ints, shrunk: Doubles) -> Spoken:
        """What speaks in each window for its claim; `shrunk`: what weights are multiplied with."""
        weights = self._weights
        owner, places, numbers = runs_in(self._found, starts, ends)
        speaks = weights.sentence.take(numbers) + weights.of_claims[numbers, claims[owner]]
        loud = np.flatnonzero(speaks > (AUDIBLE / shrunk)[owner])
        order = loud[np.argsort(-speaks[loud], kind="stable")]
        cues = self._cues(owner[order], places[order], numbers[order], speaks[order], len(starts))
        spans = self._clauses(starts, ends, (owner, places, speaks))
        return Spoken(spans, cues)

    def _clauses(self, starts: Ints, ends: Ints, said: tuple[Ints, Ints, Ints]) -> Ints:
        """For each window the part of it, between commas, in which most is said for its claim.

        `said` are the runs in the windows: the window, the place, and what it speaks.
        """
        commas = np.flatnonzero(COMMA.take(self._joined.points, mode="clip")) + 1
        spans = np.empty((len(starts), 2), dtype=np.int64)
        owner, places, speaks = said
        for window, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            first, last = np.searchsorted(commas, (start, end), side="right")
            cuts = np.unique(np.concatenate(([start], commas[first:last], [end])))
            mine = owner == window
            part = np.searchsorted(cuts, places[mine], side="right") - 1
            own = np.bincount(part, weights=speaks[mine], minlength=len(cuts) - 1).tolist()
            left = right = own.index(max(own))
            while left > 0 and own[left - 1] > 0:
                left -= 1
            while right + 1 < len(own) and own[right + 1] > 0:
                right += 1
            spans[window] = cuts[left], cuts[right + 1]
        return spans

    def _cues(
        self, owner: Ints, places: Ints, numbers: Ints, speaks: Ints, windows: int
    ) -> list[list[tuple[int, int, int]]]:
        """For each window the loudest of the runs, given by loudness, none of them overlapping."""
        cues: list[list[tuple[int, int, int]]] = [[] for _ in range(windows)]
        runs = self._weights.table.runs
        for window, start, number, by in zip(
            owner.tolist(), places.tolist(), numbers.tolist(), speaks.tolist(), strict=True
        ):
            own, run = cues[window], runs[number]
            if len(own) == CUES or "\n" in run:
                continue
            end = start + len(run)
            if all(at + size <= start or end <= at for at, size, _ in own):
                own.append((start, len(run), by))
        return cues


def runs_in(found: Sequence[Found], starts: Ints, ends: Ints) -> tuple[Ints, Ints, Ints]:
    """The runs that begin in each of some windows: the window's number, place and number."""
    owners, places, numbers = [], [], []
    for begins, some in found:
        firsts, lasts = np.searchsorted(begins, starts), np.searchsorted(begins, ends)
        owner, index = _ranges(firsts, lasts)
        owners.append(owner)
        places.append(begins.take(index))
        numbers.append(some.take(index))
    return np.concatenate(owners), np.concatenate(places), np.concatenate(numbers)


def _ranges(firsts: NDArray[np.integer], lasts: NDArray[np.integer]) -> tuple[Ints, Ints]:
    """All numbers from each of `firsts` to before each of `lasts`, and which of them it is."""
    sizes = lasts - firsts
    owner = np.repeat(np.arange(len(sizes)), sizes)
    heads = np.cumsum(sizes) - sizes
    return owner, np.arange(len(owner)) + (firsts - heads)[owner]


def _summed(found: Sequence[Found], size: int, weights: NDArray[np.int32]) -> Ints:
    """For each of `size` places, and their end, what all runs that begin before it weigh."""
    values = np.zeros(size + 1, dtype=np.int64)
    for starts, numbers in found:
        values[1:][starts] += weights.take(numbers)
    return values.cumsum()
