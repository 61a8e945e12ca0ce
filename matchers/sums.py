"""What the runs in some texts weigh: one contract, done in numpy or by the loops in C.

All sums are of whole hundredths of log-odds, so that both give the same, number for number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from matchers.groups import COMMAS
from matchers.runs import Ints, RunTable
from matchers.weights import SCALE, Weights

AUDIBLE = 0.15
"""Log-odds from which a run can be named as the reason."""
CUES = 3
"""Runs that are named as the reason."""
COMMA: NDArray[np.bool_] = np.zeros(0x10000, dtype=np.bool_)
COMMA[[ord(mark) for mark in COMMAS]] = True

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class RunWeights:
    """The runs that have a slot, with what they weigh in hundredths."""

    table: RunTable
    sentence: NDArray[np.int32]
    nearby: NDArray[np.int32]
    page: NDArray[np.int32]
    of_claims: NDArray[np.int16]
    """For each run and claim, in its sentence."""
    of_pages: NDArray[np.int16]
    """For each run and claim, on its page."""

    @classmethod
    def of(cls, weights: Weights) -> "RunWeights":
        """The weights of a pack."""
        table = RunTable(weights.runs)
        taken = np.array(table.given, dtype=np.int64)

        def hundredths(values: NDArray[np.float32]) -> NDArray[np.int16]:
            return np.rint(values[taken] * SCALE).astype(np.int16)

        return cls(
            table,
            hundredths(weights.sentence).astype(np.int32),
            hundredths(weights.nearby).astype(np.int32),
            hundredths(weights.page).astype(np.int32),
            hundredths(weights.of_claims),
            hundredths(weights.of_pages),
        )


class Spoken(NamedTuple):
    """What speaks for claims in windows, in places of the texts put together."""

    spans: Ints
    """For each window the part between commas in which most is said; two columns."""
    cues: Sequence[Sequence[Sequence[int]]]
    """For each window the place, length and weight of the runs that speak loudest."""


class Sums(Protocol):
    """What the runs in some texts weigh. Windows are half-open, of the runs that begin in them."""

    sentence: Ints
    """For each place, and the end, what all runs that begin before it say of their sentence."""
    nearby: Ints
    """The same of a sentence beside which they stand."""
    page: Ints
    """The same of their page, a run counted once in a stretch."""
    told: Ints
    """How many runs that were counted for a page begin before each place, and the end."""

    def claims(self, starts: Ints, ends: Ints) -> Ints:
        """What is said in each window for each claim."""
        ...

    def pages(self, starts: Ints, ends: Ints) -> Ints:
        """What is said on each page for each claim, a run counted once in a stretch."""
        ...

    def spoken(self, starts: Ints, ends: Ints, claims: Ints, shrunk: Doubles) -> Spoken:
        """What speaks in each window for its claim; `shrunk`: what weights are multiplied with."""
        ...
