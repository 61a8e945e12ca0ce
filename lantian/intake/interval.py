"""When a page is looked at again: the more often it changed, the sooner.

A page is taken to change at random with a rate of its own (a Poisson process). A look says only
whether it changed since the look before, at intervals that are never the same, so the rate is the
maximum-likelihood estimate for irregular access of J. Cho and H. Garcia-Molina, Estimating
Frequency of Change, ACM TOIT 3(3), 2003, section 5.2: the r at which

    sum over changed intervals t of  t / (exp(r t) - 1)  =  sum of the unchanged intervals.

It is infinite where every look found a change and 0 where none did. Of their section 4.2 we take
the correction of such bias: half an interval, of mean length, that is counted as unchanged. With
equal intervals I, of n looks X with a change, that is their r = -ln((n - X + 0.5) / (n + 0.5)) / I.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

MOST_LOOKS = 16
"""Looks that are remembered: what a page did long ago says little of what it does now."""
GROWTH = 2.0
"""Nothing is known of longer times than were looked over: an interval grows by steps."""
_LEAST_SECONDS = 1.0
_STEPS = 60


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the most time between two looks at a page."""

    least: timedelta = timedelta(hours=1)
    most: timedelta = timedelta(days=7)


def remembered(looks: Sequence[float], seconds: float, *, changed: bool) -> list[float]:
    """The looks with one more, `seconds` after the last; the oldest are forgotten.

    A look without a change is kept as a number below 0.
    """
    length = round(max(seconds, _LEAST_SECONDS))
    return [*looks[-(MOST_LOOKS - 1) :], float(length if changed else -length)]


def change_rate(looks: Sequence[float]) -> float:
    """Changes a second, as the looks tell (see above); 0 if none found a change."""
    changed = [look for look in looks if look > 0]
    if not changed:
        return 0.0
    mean = math.fsum(map(abs, looks)) / len(looks)
    unchanged = math.fsum(-look for look in looks if look < 0) + mean / 2

    # What is searched for falls as the rate grows: from far below to far above, halving the
    # logarithm. A page that changed at each of n looks has a rate of ln(2n + 1) / mean at most.
    low, high = 1e-6 / max(changed), 2 * math.log(2 * len(looks) + 2) / min(map(abs, looks))
    for _ in range(_STEPS):
        middle = math.sqrt(low * high)
        if math.fsum(look / _expm1(middle * look) for look in changed) > unchanged:
            low = middle
        else:
            high = middle
    return math.sqrt(low * high)


def next_interval(looks: Sequence[float], bounds: Bounds) -> timedelta:
    """How long the page rests: until a change is as likely as not, within the bounds.

    That is ln 2 / r, and at most twice the longest time that was looked over. A new page, of which
    nothing is known, rests for the least time.
    """
    if not looks:
        return bounds.least
    longest = GROWTH * max(map(abs, looks))
    rate = change_rate(looks)
    seconds = min(math.log(2) / rate, longest) if rate > 0 else longest
    return min(max(timedelta(seconds=seconds), bounds.least), bounds.most)


def _expm1(exponent: float) -> float:
    return math.expm1(min(exponent, 700.0))
