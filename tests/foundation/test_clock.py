"""Days and weeks of Asia/Shanghai."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.clock import (
    FixedClock,
    SystemClock,
    as_utc,
    day_start,
    legal_day,
    week_bounds,
    week_start,
)

DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))
INSTANTS = st.builds(lambda day, time: datetime.combine(day, time, UTC), DAYS, st.times())


def test_the_day_begins_at_sixteen_hours_utc() -> None:
    assert legal_day(datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC)) == date(2026, 11, 22)
    assert legal_day(datetime(2026, 11, 22, 16, 0, tzinfo=UTC)) == date(2026, 11, 23)


@given(INSTANTS)
def test_each_instant_lies_in_its_day_and_its_week(at: datetime) -> None:
    day = legal_day(at)
    assert day_start(day) <= at < day_start(day + timedelta(days=1))
    first, end = week_bounds(week_start(day))
    assert first <= at < end
    assert week_start(day).weekday() == 0


@given(INSTANTS, st.integers(-12, 14))
def test_an_instant_is_the_same_in_every_zone(at: datetime, hours: int) -> None:
    assert as_utc(at.astimezone(timezone(timedelta(hours=hours)))) == at


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        as_utc(datetime(2026, 1, 1))  # noqa: DTZ001


def test_clocks_tell_utc() -> None:
    assert SystemClock().now().tzinfo is UTC
    clock = FixedClock(datetime(2026, 1, 1, 8, tzinfo=timezone(timedelta(hours=8))))
    clock.advance(timedelta(hours=1))
    assert clock.now() == datetime(2026, 1, 1, 1, tzinfo=UTC)
    assert clock.now().tzinfo is UTC
