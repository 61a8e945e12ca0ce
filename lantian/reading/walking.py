"""Parts of a profile that say how a site is walked again: when, and from which lists."""

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from lantian.reading.page import LinkRole
from lantian.reading.select import Addresses, Patterns, Strict


class Revisit(Strict):
    """When a scheduled crawl takes a page again: the more often it changed, the sooner."""

    least_hours: float = Field(
        1.0, gt=0, le=8_760, description="Hours between two looks at a page, at least."
    )
    most_hours: float = Field(
        168.0, gt=0, le=8_760, description="Hours between two looks at a page, at most."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.most_hours < self.least_hours:
            raise ValueError("most_hours is less than least_hours")
        return self

    @property
    def least(self) -> timedelta:
        """The least time between two looks."""
        return timedelta(hours=self.least_hours)

    @property
    def most(self) -> timedelta:
        """The most time between two looks."""
        return timedelta(hours=self.most_hours)


class Discovery(Strict):
    """Lists in which the site itself tells its addresses; read when a crawl begins."""

    robots: bool = Field(
        default=False, description="Whether to take the sitemaps that robots.txt names."
    )
    sitemaps: Addresses = Field((), description="Addresses of sitemaps and their indexes.")
    feeds: Addresses = Field((), description="Addresses of feeds: RSS 2.0 or Atom.")
    role: LinkRole = Field("page", description="As what their addresses are followed.")
    allow: Patterns = Field((), description="Addresses that are taken; none given: all.")
    deny: Patterns = Field((), description="Addresses that are left out.")
    most: int = Field(10_000, ge=1, le=50_000, description="Addresses taken from one list.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.robots or self.sitemaps or self.feeds):
            raise ValueError("name robots, sitemaps or feeds")
        return self
