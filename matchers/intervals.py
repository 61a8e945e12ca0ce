"""How far a measured share may be off: intervals at 95 %."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Z = 1.959964
ROUNDS = 1_000
SEED = 20261128

Interval = tuple[float, float]


def wilson(part: int, whole: int) -> Interval:
    """Wilson's score interval of `part` in `whole`; of nothing it is everything, 0 to 1.

    Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209-212.
    """
    if not whole:
        return 0.0, 1.0
    share, square = part / whole, Z * Z
    middle = share + square / (2 * whole)
    half = Z * math.sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    below = 1 + square / whole
    return max(0.0, (middle - half) / below), min(1.0, (middle + half) / below)


def bootstrap_f1(outcomes: Sequence[tuple[int, int, int]]) -> Interval:
    """The percentile interval of F1, drawn anew from texts.

    `outcomes` has one (true positives, false positives, misses) a text. The draws are seeded: the
    same outcomes give the same interval. Source: B. Efron, Annals of Statistics 7 (1979), 1-26.
    """
    if not outcomes:
        return 0.0, 1.0
    table: NDArray[np.int64] = np.asarray(outcomes, dtype=np.int64)
    draws = np.random.default_rng(SEED).integers(0, len(table), (ROUNDS, len(table)))
    sums = table[draws].sum(axis=1)
    whole = 2 * sums[:, 0] + sums[:, 1] + sums[:, 2]
    scores = np.where(whole > 0, 2 * sums[:, 0] / np.maximum(whole, 1), 1.0)
    low, high = np.percentile(scores, (2.5, 97.5))
    return float(low), float(high)
