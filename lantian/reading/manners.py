"""How gently a site is visited, and at what hours, as its profile says."""

import re
from datetime import datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from lantian.clock import as_utc
from lantian.reading.select import Strict

_HOURS = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)\s*[-–—~～至]\s*([01]?\d|2[0-4]):([0-5]\d)")
_DAY = 24 * 60


class Manners(Strict):
    """How gently the site is visited."""

    delay: float = Field(1.0, ge=0, description="Seconds between two requests.")
    concurrency: int = Field(2, ge=1, le=64, description="Requests at a time.")
    hours: tuple[str, ...] = Field(
        (),
        description="Hours at which it is crawled, as 22:00-06:00; none: at any. Outside them a"
        " crawl pauses, and goes on later.",
    )
    zone: str = Field("Asia/Shanghai", description="Time zone of these hours.")

    @field_validator("hours", mode="before")
    @classmethod
    def _one(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @field_validator("hours")
    @classmethod
    def _readable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            minutes(text)
        return value

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (OSError, ValueError, ZoneInfoNotFoundError) as error:
            raise ValueError(f"{value!r} is no time zone; write it as Asia/Shanghai") from error
        return value

    @cached_property
    def _spans(self) -> tuple[tuple[int, int], ...]:
        return tuple(map(minutes, self.hours))

    def opens_at(self, at: datetime) -> datetime:
        """The first moment from `at` on at which the site may be crawled: `at`, or a later one."""
        if not self._spans:
            return at
        zone = ZoneInfo(self.zone)
        local = as_utc(at).astimezone(zone)
        opening = []
        for days in (-1, 0, 1, 2):
            midnight = datetime.combine(local.date() + timedelta(days=days), time.min)
            for begins, ends in self._spans:
                # As clocks on the wall show it, on days that are an hour longer or shorter too.
                first = as_utc((midnight + timedelta(minutes=begins)).replace(tzinfo=zone))
                last = as_utc((midnight + timedelta(minutes=ends)).replace(tzinfo=zone))
                if first <= at < last:
                    return at
                if first > at:
                    opening.append(first)
        return min(opening)


def minutes(text: str) -> tuple[int, int]:
    """Begin and end of hours in minutes from midnight, the end maybe on the next day.

    Raises `ValueError` for what is none.
    """
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} are no hours; write them as 22:00-06:00")
    hour, minute, until, past = map(int, found.groups())
    begins, ends = hour * 60 + minute, until * 60 + past
    if begins == ends or begins >= _DAY or ends > _DAY:
        raise ValueError(f"{text!r} are no hours; write them as 22:00-06:00")
    return begins, ends if ends > begins else ends + _DAY
