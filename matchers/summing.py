"""Which way sums are made here: by the loops in C if they are built, else in numpy."""

from collections.abc import Callable
from functools import partial

from matchers import native
from matchers.looked import Joined
from matchers.sums import RunWeights, Sums
from matchers.sums_native import NativeSums, Tables
from matchers.sums_numpy import NumpySums, Sparse


def summing(weights: RunWeights) -> Callable[[Joined], Sums]:
    """A function that says what the runs in texts weigh."""
    loops = native.library()
    if loops is None:
        return partial(NumpySums, Sparse(weights))
    return partial(NativeSums, loops, Tables(weights))
