"""What the runs in some texts weigh, by the loops in C (`kernel.c`)."""

import ctypes
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matchers.looked import STRETCH, Joined
from matchers.native import Loops, address, whole
from matchers.runs import Ints
from matchers.sums import AUDIBLE, COMMA, CUES, Doubles, RunWeights, Spoken

_MOST = (1 << 31) - 1
_LANES = 24
"""Weights that the loops take at once: `LANES` of kernel.c."""
_WEIGHT = np.dtype(
    [*((name, "<i2") for name in ("sentence", "nearby", "page", "flags")), ("seen", "<i4")]
)
_FRESH, _OF_CLAIMS, _OF_PAGES = 1, 2, 4
"""The flags of a cell, as in kernel.c."""
Said = NDArray[np.int16]


class _Table(ctypes.Structure):
    _fields_ = (
        ("codes", ctypes.c_void_p),
        ("single", ctypes.c_void_p),
        ("slots", ctypes.c_void_p * 3),
        ("shifts", ctypes.c_int64 * 3),
        ("radix", ctypes.c_int64),
        ("none", ctypes.c_int64),
    )


class Tables:
    """Weights as the loops take them; the run behind the last stands for none."""

    def __init__(self, weights: RunWeights) -> None:
        parts, self.none = weights.table.parts, len(weights.table)
        single = np.where(parts.single < 0, self.none, parts.single).astype(np.int32)
        self._arrays = parts.codes.astype(np.uint16), single, parts.slots
        self.table = _Table(
            self._arrays[0].ctypes.data,
            single.ctypes.data,
            (ctypes.c_void_p * 3)(*(each.ctypes.data for each in parts.slots)),
            (ctypes.c_int64 * 3)(*parts.shifts),
            parts.radix,
            self.none,
        )
        self.unseen = np.zeros(self.none + 1, dtype=_WEIGHT)
        for name in ("sentence", "nearby", "page"):
            self.unseen[name][:-1] = getattr(weights, name)
        self.claims, self.pages = _wide(weights.of_claims), _wide(weights.of_pages)
        self.unseen["flags"] = _OF_CLAIMS * self.claims.any(axis=1)
        self.unseen["flags"] += _OF_PAGES * self.pages.any(axis=1)
        self.count = weights.of_claims.shape[1]
        self._own = threading.local()

    def seen(self, stretches: int) -> tuple[NDArray[Any], int]:
        """The weights of this thread, and the number of the last stretch that it saw.

        So many `stretches` more will be counted at most.
        """
        last: int = getattr(self._own, "last", _MOST)
        if last > _MOST - stretches:
            self._own.seen, last = self.unseen.copy(), 0
        return self._own.seen, last

    def saw(self, last: int) -> None:
        """Note the number of the last stretch that this thread saw."""
        self._own.last = last


def _wide(table: Said) -> Said:
    """A table with a row for no run, and as many columns as are taken at once."""
    runs, claims = table.shape
    wide = np.zeros((runs + 1, -(-claims // _LANES) * _LANES), dtype=np.int16)
    wide[:-1, :claims] = table
    return wide


class NativeSums:
    """See `matchers.sums.Sums`."""

    def __init__(self, loops: Loops, tables: Tables, joined: Joined) -> None:
        size = len(joined)
        self._loops, self._tables, self._joined = loops, tables, joined
        self._cells = np.empty((size, 4), dtype=np.uint32)
        self.sentence, self.nearby, self.page, self.told = np.empty((4, size + 1), dtype=np.int64)
        seen, last = tables.seen(size)
        last = loops.runs_look(
            ctypes.byref(tables.table),
            address(joined.points),
            address(joined.bounds),
            whole(len(joined.bounds) - 1),
            whole(STRETCH),
            whole(last),
            address(seen),
            address(self._cells),
            address(self.sentence),
            address(self.nearby),
            address(self.page),
            address(self.told),
        )
        tables.saw(last)

    def claims(self, starts: Ints, ends: Ints) -> Ints:
        """What is said in each window for each claim."""
        return self._summed(starts, ends, self._tables.claims, _OF_CLAIMS)

    def pages(self, starts: Ints, ends: Ints) -> Ints:
        """What is said on each page for each claim, a run counted once in a stretch."""
        return self._summed(starts, ends, self._tables.pages, _FRESH | _OF_PAGES)

    def _summed(self, starts: Ints, ends: Ints, said: Said, asked: int) -> Ints:
        starts, ends = np.ascontiguousarray(starts), np.ascontiguousarray(ends)
        totals = np.zeros((len(starts), said.shape[1]), dtype=np.int64)
        self._loops.runs_claims(
            address(self._cells),
            address(starts),
            address(ends),
            whole(len(starts)),
            whole(asked),
            address(said),
            whole(said.shape[1]),
            address(totals),
        )
        return totals[:, : self._tables.count]

    def spoken(self, starts: Ints, ends: Ints, claims: Ints, shrunk: Doubles) -> Spoken:
        """What speaks in each window for its claim; `shrunk`: what weights are multiplied with."""
        tables, count = self._tables, len(starts)
        starts, ends = np.ascontiguousarray(starts), np.ascontiguousarray(ends)
        claims = np.ascontiguousarray(claims, dtype=np.int64)
        audible = AUDIBLE / shrunk
        commas = COMMA.take(self._joined.points, mode="clip").view(np.uint8)
        spans = np.empty((count, 2), dtype=np.int64)
        cues = np.empty((count, CUES, 3), dtype=np.int64)
        counts = np.empty(count, dtype=np.int64)
        cells, number = address(self._cells), whole(count)
        windows = address(starts), address(ends), address(claims)
        said = address(tables.unseen), address(tables.claims), whole(tables.claims.shape[1])
        self._loops.runs_clauses(cells, address(commas), *windows, number, *said, address(spans))
        self._loops.runs_cues(
            cells,
            address(self._joined.points),
            *windows,
            address(audible),
            number,
            *said,
            whole(CUES),
            address(cues),
            address(counts),
        )
        rows = zip(cues.tolist(), counts.tolist(), strict=True)
        return Spoken(spans, [own[:some] for own, some in rows])
