"""Terms in working days of China, with the days made up for bridged holidays."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.clock import legal_day
from lantian.takedowns.deadlines import acknowledge_by, act_by, is_published, is_working_day

START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "sent, last_day",
    [
        # Tuesday morning: Wednesday, Thursday, Friday.
        (datetime(2026, 11, 24, 2, tzinfo=UTC), date(2026, 11, 27)),
        # 16:30 UTC on Tuesday is Wednesday in Shanghai.
        (datetime(2026, 11, 24, 16, 30, tzinfo=UTC), date(2026, 11, 30)),
        # Over a weekend.
        (datetime(2026, 11, 27, 2, tzinfo=UTC), date(2026, 12, 2)),
        # Over National Day 2026: 1 to 7 October are free.
        (datetime(2026, 9, 29, 2, tzinfo=UTC), date(2026, 10, 9)),
        # Saturday 10 October 2026 is worked to make up for it.
        (datetime(2026, 10, 8, 2, tzinfo=UTC), date(2026, 10, 12)),
        # Spring Festival 2026: 15 to 23 February free, Saturdays 14 and 28 worked.
        (datetime(2026, 2, 13, 2, tzinfo=UTC), date(2026, 2, 25)),
    ],
)
def test_three_working_days_end_on(sent: datetime, last_day: date) -> None:
    term = act_by(sent, 3)
    assert term.last_day == last_day
    assert legal_day(term.at - timedelta(seconds=1)) == last_day
    assert legal_day(term.at) == last_day + timedelta(days=1)
    assert not term.provisional


def test_a_year_whose_bridged_holidays_are_not_announced_makes_the_term_provisional() -> None:
    assert is_published(2026)
    assert not is_published(2090)
    assert act_by(datetime(2090, 3, 1, tzinfo=UTC), 3).provisional


def test_the_term_to_acknowledge_is_hours() -> None:
    sent = datetime(2026, 11, 24, 2, tzinfo=UTC)
    assert acknowledge_by(sent, 24) - sent == timedelta(days=1)


@given(
    st.integers(0, 1_060 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes)),
    st.integers(1, 20),
)
def test_a_term_ends_on_a_working_day_and_holds_just_so_many(sent: datetime, days: int) -> None:
    term = act_by(sent, days)
    first = legal_day(sent)
    inside = [first + timedelta(days=n) for n in range(1, (term.last_day - first).days + 1)]
    assert is_working_day(term.last_day)
    assert sum(is_working_day(day) for day in inside) == days
