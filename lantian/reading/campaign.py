"""A campaign's file: which words are searched for, on which platforms, where, and until when."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Annotated, Self

from cronsim import CronSim, CronSimError
from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from lantian.clock import day_start
from lantian.errors import LantianError
from lantian.reading.profile import Name, SiteProfile
from lantian.reading.select import Strict, as_tuple

EVERYWHERE = "全国"
"""The region that adds nothing to the words."""
MOST_SEARCHES = 2_000
"""Searches on one platform."""
FIND = "find"
"""What the validation is told: how a profile is found by its name."""

Words = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=100)], ...],
                  BeforeValidator(as_tuple)]  # fmt: skip
Find = Callable[[str], SiteProfile]


def _cron(value: str | None) -> str | None:
    if value is not None:
        try:
            CronSim(value, datetime(2026, 1, 1))  # noqa: DTZ001  (only its form is looked at)
        except CronSimError as error:
            raise ValueError(f"{value!r} is no cron line: {error}") from error
    return value


class Searched(Strict):
    """One platform of a campaign, by the profile that says how it is searched."""

    profile: Name
    words: Words = Field((), description="Words for this platform alone, beside the campaign's.")
    schedule: str | None = Field(None, description="Cron line in Asia/Shanghai, instead of its.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"profile": value} if isinstance(value, str) else value

    @field_validator("schedule")
    @classmethod
    def _is_cron(cls, value: str | None) -> str | None:
        return _cron(value)

    @field_validator("profile")
    @classmethod
    def _is_searched(cls, value: str, info: ValidationInfo) -> str:
        find: Find | None = (info.context or {}).get(FIND)
        if find is not None:
            try:
                profile = find(value)
            except LantianError as error:
                raise ValueError(error.message.rstrip(".")) from error
            if profile.searches is None:
                raise ValueError(f"the profile {value!r} has no `searches`: it cannot be searched")
        return value


class CampaignSpec(Strict):
    """Words × regions on each platform, from the first day to the last (Asia/Shanghai)."""

    name: Name
    title: str = Field("", description="What people call it.")
    begins: str = Field(description="The first day, as 2026-10-10.")
    ends: str = Field(description="The last day; searches are made on it too.")
    words: Words = Field(description="What is searched for; words of one search stand in a line.")
    regions: Words = Field((), description="Each is put before each words; 全国 puts nothing.")
    schedule: str = Field(description="Cron line in Asia/Shanghai: when the searches are made.")
    platforms: tuple[Searched, ...] = Field(min_length=1)

    @field_validator("begins", "ends")
    @classmethod
    def _is_day(cls, value: str) -> str:
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            raise ValueError(f"{value!r} is no day: write it as 2026-10-10") from None

    @field_validator("schedule")
    @classmethod
    def _is_cron(cls, value: str) -> str:
        return _cron(value) or ""

    @field_validator("words")
    @classmethod
    def _some(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("give at least one line of words")
        return value

    @field_validator("platforms")
    @classmethod
    def _once(cls, value: tuple[Searched, ...]) -> tuple[Searched, ...]:
        names = [one.profile for one in value]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"the platform {twice!r} stands here twice")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.ends < self.begins:
            raise ValueError(f"it ends on {self.ends}, before it begins on {self.begins}")
        for one in self.platforms:
            count = len(self.searches(one))
            if count > MOST_SEARCHES:
                raise ValueError(
                    f"{count} searches on {one.profile}; at most {MOST_SEARCHES} are made"
                )
        return self

    def searches(self, platform: Searched) -> tuple[str, ...]:
        """What is searched for there: every words with every region, each once."""
        regions = self.regions or (EVERYWHERE,)
        lines = (
            line if region == EVERYWHERE else f"{region} {line}"
            for line in (*self.words, *platform.words)
            for region in regions
        )
        return tuple(dict.fromkeys(lines))

    @property
    def begins_at(self) -> datetime:
        """The moment from which it is on."""
        return day_start(date.fromisoformat(self.begins))

    @property
    def ends_at(self) -> datetime:
        """The moment at which it is over."""
        return day_start(date.fromisoformat(self.ends) + timedelta(days=1))


def addresses_of(profile: SiteProfile, searches: tuple[str, ...]) -> tuple[str, ...]:
    """The address of the result page of each search, as the profile writes it."""
    if profile.searches is None:
        return ()
    searched = profile.searches.model_copy(update={"words": searches})
    return profile.model_copy(update={"searches": searched, "start": ()}).starts()
