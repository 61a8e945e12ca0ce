"""Domain time: aware UTC instants, and the legal days and weeks of Asia/Shanghai.

Lease time comes from the database instead (`lantian.store.jobs`).
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Tells the domain time."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """The present instant of the machine, aware, UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is set or advanced: for tests and for demonstrations."""

    def __init__(self, at: datetime) -> None:
        self._at = as_utc(at)

    def now(self) -> datetime:
        """The instant at which the clock stands."""
        return self._at

    def set(self, at: datetime) -> None:
        """Put the clock at `at`."""
        self._at = as_utc(at)

    def advance(self, by: timedelta) -> None:
        """Move the clock by `by`."""
        self._at += by


def as_utc(at: datetime) -> datetime:
    """The same instant in UTC; a naive value is refused with `ValueError`."""
    if at.tzinfo is None:
        msg = f"naive time {at!r}: give an instant with its time zone"
        raise ValueError(msg)
    return at.astimezone(UTC)


def legal_day(at: datetime) -> date:
    """The calendar day in Asia/Shanghai on which `at` falls."""
    return as_utc(at).astimezone(SHANGHAI).date()


def day_start(day: date) -> datetime:
    """The instant (UTC) at which `day` begins in Asia/Shanghai."""
    return datetime.combine(day, time.min, SHANGHAI).astimezone(UTC)


def week_start(day: date) -> date:
    """The Monday of the week of `day`."""
    return day - timedelta(days=day.weekday())


def week_bounds(monday: date) -> tuple[datetime, datetime]:
    """The half-open instants (UTC) of the week that begins on `monday` in Asia/Shanghai."""
    return day_start(monday), day_start(monday + timedelta(days=7))
