"""What the weights say of the places at which rules match: they may doubt a rule."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matchers.text import Ints

SURE = 3.0
"""Log-odds against an offer from which rules are not asked."""


class Doubt(NamedTuple):
    """The sentences of a text by their start, with their log-odds of an offer."""

    starts: Ints
    odds: NDArray[np.float64]

    def at(self, start: int, end: int) -> float:
        """What is said against an offer in `start:end` of the text: 0, or log-odds below."""
        if not self.odds.size:
            return 0.0
        first = max(int(self.starts.searchsorted(start, "right")) - 1, 0)
        last = max(int(self.starts.searchsorted(end)), first + 1)
        return min(0.0, float(self.odds[first:last].max()))

    def is_sure(self) -> bool:
        """Whether no sentence may hold an offer."""
        return bool(self.odds.size) and float(self.odds.max()) < -SURE


NO_DOUBT = Doubt(np.zeros(0, dtype=np.int64), np.zeros(0))


def no_doubt() -> Doubt:
    """Nothing is said of a text."""
    return NO_DOUBT


def together(parts: Iterable[Doubt]) -> Doubt:
    """What is said of the parts of one text, in order."""
    starts, odds = zip(*parts, strict=True)
    return Doubt(np.concatenate(starts), np.concatenate(odds))
