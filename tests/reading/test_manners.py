"""The hours at which a site may be crawled."""

from datetime import UTC, datetime

import pytest

from lantian.reading.manners import Manners, minutes


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    "hours, now, opens",
    [
        ("", "2026-11-28T12:00+08:00", "2026-11-28T12:00+08:00"),
        ("01:00-06:00", "2026-11-28T00:59:59+08:00", "2026-11-28T01:00+08:00"),
        ("01:00-06:00", "2026-11-28T01:00+08:00", "2026-11-28T01:00+08:00"),
        ("01:00-06:00", "2026-11-28T05:59:59+08:00", "2026-11-28T05:59:59+08:00"),
        ("01:00-06:00", "2026-11-28T06:00+08:00", "2026-11-29T01:00+08:00"),
        ("22:00-06:00", "2026-11-28T03:00+08:00", "2026-11-28T03:00+08:00"),
        ("22:00-06:00", "2026-11-28T12:00+08:00", "2026-11-28T22:00+08:00"),
        ("22:00至06:00", "2026-11-28T23:00+08:00", "2026-11-28T23:00+08:00"),
        ("00:00-24:00", "2026-11-28T23:59:59+08:00", "2026-11-28T23:59:59+08:00"),
        ("12:00-13:00 20:00-21:00", "2026-11-28T14:00+08:00", "2026-11-28T20:00+08:00"),
    ],
)
def test_a_site_opens_at_its_hours(hours: str, now: str, opens: str) -> None:
    manners = Manners(hours=tuple(hours.split()))
    assert manners.opens_at(at(now).astimezone(UTC)) == at(opens)


def test_hours_are_those_of_the_zone_also_when_its_clocks_change() -> None:
    manners = Manners(hours=("01:00-03:30",), zone="Europe/Berlin")

    assert manners.opens_at(at("2026-11-28T10:00+00:00")) == at("2026-11-29T01:00+01:00")
    # On this night the clocks go from 2 to 3.
    assert manners.opens_at(at("2026-03-29T00:59:00+00:00")) == at("2026-03-29T00:59:00+00:00")
    assert manners.opens_at(at("2026-03-29T01:31:00+00:00")) == at("2026-03-30T01:00+02:00")


@pytest.mark.parametrize("text", ["", "1-6", "25:00-26:00", "06:00-06:00", "24:00-06:00", "a-b"])
def test_what_are_no_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="are no hours"):
        minutes(text)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="is no time zone"):
        Manners(zone="Mars/Olympus")
