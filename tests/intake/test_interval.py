"""How often a page changes, as looks at irregular times tell, and when it is due again."""

import math
import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.intake.interval import (
    MOST_LOOKS,
    Bounds,
    change_rate,
    next_interval,
    remembered,
)

HOUR = 3_600.0
BOUNDS = Bounds(timedelta(hours=1), timedelta(days=7))
LOOKS = st.lists(
    st.integers(1, 10_000_000).flatmap(lambda n: st.sampled_from([float(n), float(-n)])),
    min_size=1,
    max_size=MOST_LOOKS,
)


@given(st.integers(1, 16).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_at_equal_intervals_it_is_the_estimator_of_cho_and_garcia_molina(
    counts: tuple[int, int],
) -> None:
    looks, changed = counts
    intervals = [HOUR] * changed + [-HOUR] * (looks - changed)
    expected = -math.log((looks - changed + 0.5) / (looks + 0.5)) / HOUR
    assert change_rate(intervals) == pytest.approx(expected, rel=1e-6, abs=1e-12)


@given(LOOKS)
def test_it_is_where_the_likelihood_of_the_looks_is_highest(looks: list[float]) -> None:
    def likelihood(rate: float) -> float:
        mean = math.fsum(map(abs, looks)) / len(looks)
        changed = math.fsum(math.log(-math.expm1(-rate * t)) for t in looks if t > 0)
        return changed + rate * (math.fsum(t for t in looks if t < 0) - mean / 2)

    rate = change_rate(looks)
    if rate:
        assert likelihood(rate) >= likelihood(rate * 1.01) - 1e-9
        assert likelihood(rate) >= likelihood(rate * 0.99) - 1e-9
    else:
        assert all(look < 0 for look in looks)


def test_the_rate_of_pages_that_change_at_random_is_found() -> None:
    draw = random.Random(7)
    found = []
    for _ in range(400):
        looks: list[float] = []
        for _ in range(MOST_LOOKS):
            length = draw.uniform(0.2, 3) * 24 * HOUR
            changed = draw.random() < -math.expm1(-length / (48 * HOUR))
            looks = remembered(looks, length, changed=changed)
        found.append(change_rate(looks) * 48 * HOUR)
    assert sum(found) / len(found) == pytest.approx(1.0, abs=0.1)


@given(LOOKS)
def test_an_interval_is_within_its_bounds_and_grows_by_steps(looks: list[float]) -> None:
    interval = next_interval(looks, BOUNDS)
    assert BOUNDS.least <= interval <= BOUNDS.most
    longest = timedelta(seconds=2 * max(map(abs, looks)))
    assert interval <= max(BOUNDS.least, longest)


@given(LOOKS, st.data())
def test_a_page_that_changed_more_is_seen_no_later(looks: list[float], data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(looks) - 1))
    more = [abs(look) if place == number else look for place, look in enumerate(looks)]
    assert next_interval(more, BOUNDS) <= next_interval(looks, BOUNDS) + timedelta(seconds=1)


def test_a_new_page_begins_short_and_an_unchanging_one_ends_at_the_most() -> None:
    assert next_interval([], BOUNDS) == BOUNDS.least
    looks: list[float] = []
    lengths = []
    for _ in range(10):
        length = next_interval(looks, BOUNDS)
        lengths.append(length)
        looks = remembered(looks, length.total_seconds(), changed=False)
    assert lengths[:4] == [timedelta(hours=hours) for hours in (1, 2, 4, 8)]
    assert lengths == sorted(lengths)
    assert lengths[-1] == BOUNDS.most


def test_only_the_last_looks_are_remembered() -> None:
    looks: list[float] = []
    for number in range(40):
        looks = remembered(looks, number + 1, changed=number % 2 == 0)
    assert len(looks) == MOST_LOOKS
    assert looks[-2:] == [39.0, -40.0]
