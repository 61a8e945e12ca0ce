"""By when a platform should acknowledge and act: terms of our own, counted in working days.

A regulator's lead has no statutory term for the platform; the two terms are settings. Working
days are China's, with the days made up for bridged holidays (调休).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from lantian.clock import day_start, legal_day

if TYPE_CHECKING:
    from holidays import HolidayBase


@dataclass(frozen=True, slots=True)
class ActBy:
    """The last instant of a term (exclusive), and whether its calendar is published.

    Bridged holidays of a year are announced at the end of the year before; until then only its
    statutory holidays are known, and the term is provisional.
    """

    at: datetime
    last_day: date
    provisional: bool


def acknowledge_by(sent_at: datetime, hours: int) -> datetime:
    """The instant by which the platform should acknowledge."""
    return sent_at + timedelta(hours=hours)


def act_by(sent_at: datetime, working_days: int) -> ActBy:
    """The end of the last of so many working days in Shanghai; the day of sending is not counted.

    The first day is left out, as in 民法典 201.
    """
    day, left, provisional = legal_day(sent_at), working_days, False
    while left > 0:
        day += timedelta(days=1)
        provisional = provisional or not is_published(day.year)
        if is_working_day(day):
            left -= 1
    return ActBy(day_start(day + timedelta(days=1)), day, provisional)


def is_working_day(day: date) -> bool:
    """Whether people work in China on that day, as far as its year's calendar is published."""
    return bool(_calendar().is_working_day(day))


def is_published(year: int) -> bool:
    """Whether the State Council's arrangement of that year is in our calendar."""
    return year in getattr(_calendar(), "special_public_holidays", {})


@cache
def _calendar() -> "HolidayBase":
    from holidays import country_holidays

    return country_holidays("CN")
