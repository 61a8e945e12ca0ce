"""Parts of a profile that say how a site is walked: when again, by which lists and steps."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from lantian.reading.page import LinkRole
from lantian.reading.select import Addresses, Patterns, Strict
from lantian.reading.syntax import check_css

Css = Annotated[str, BeforeValidator(check_css)]


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


class PageStep(Strict):
    """What is done on a page in the browser before it is read: to wait, click or scroll.

    Clicks and scrolls are done again and again until nothing more comes.
    """

    pages: Patterns = Field((), description="Pages on which it is done; none given: every page.")
    wait: Css | None = Field(None, description="Wait until there is such an element.")
    click: Css | None = Field(None, description="Click the first such element that is in sight.")
    scroll: Css | None = Field(
        None, description="Scroll to the end: `page`, or the element that has a bar of its own."
    )
    items: Css | None = Field(
        None, description="What comes by it; not given: the height of the page tells."
    )
    until: int = Field(1_000, ge=1, le=20_000, description="Enough `items`.")
    times: int = Field(100, ge=1, le=1_000, description="Clicks or scrolls, at most.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(value is not None for value in (self.wait, self.click, self.scroll)) != 1:
            raise ValueError("give exactly one of wait, click, scroll")
        given = self.model_fields_set & {"items", "until", "times"}
        if self.wait is not None and given:
            raise ValueError(f"`wait` is done once: leave {', '.join(sorted(given))} out")
        if "until" in given and self.items is None:
            raise ValueError("`until` counts `items`: give them")
        return self
