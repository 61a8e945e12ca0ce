"""How a site is walked: each page read once, its documents handed on, its links followed."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, Self

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.python.failure import Failure

from crawler.answer import Answer, raw_page
from crawler.run import Run, profile_of, public_web, source_named
from lantian.egress.deny import Permissions
from lantian.errors import ConfigError
from lantian.model import RobotsException, Source
from lantian.reading import (
    RawPage,
    ReadDocument,
    Reading,
    SiteProfile,
    canonical_url,
    find_profile,
    needs_child,
    read_guarded,
    read_page,
    steps_on,
)
from lantian.reading.announced import KINDS, changed_at, is_packed
from lantian.reading.walls import wall_of
from lantian.settings import load_settings
from lantian.store.frontier import Planned

logger = logging.getLogger(__name__)

READ_FIRST = {"robots": 5, "sitemap": 4, "feed": 4, "start": 3, "next": 2, "page": 2, "seller": 1}
"""What leads to more is fetched before what is found."""
MOST_NESTED = 3
"""From robots.txt to an index to a sitemap; an index in an index is one more than is allowed."""


class SiteSpider(Spider):
    """Walks a site under its profile.

    With a `run` it is recorded, and its addresses come from the frontier. Without one (`scrapy
    parse`, `shell`, `check`) nothing is stored; `-a source=NAME` or `-a profile=NAME` then says
    how to read, and `-a url=…` where to begin.
    """

    follow: ClassVar[frozenset[str]] = frozenset({"listing", "next", "page", "seller", "thread"})
    default_profile: ClassVar[str] = ""

    def __init__(
        self,
        *,
        run: Run | None = None,
        source: str = "",
        profile: str = "",
        url: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.run = run
        self.url = url
        self.record_failure: Callable[[Failure], Awaitable[None]] | None = None
        if run is not None:
            self.profile, self.permissions = run.profile, run.permissions
        else:
            self.profile, self.permissions = _unrecorded(source, profile or self.default_profile)

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """The spider, with the manners of its site set."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        manners = spider.profile.manners
        wanted: dict[str, Any] = {"CONCURRENT_REQUESTS_PER_DOMAIN": manners.concurrency}
        wanted["AUTOTHROTTLE_TARGET_CONCURRENCY"] = float(manners.concurrency)
        if "delay" in manners.model_fields_set:
            wanted |= {"DOWNLOAD_DELAY": manners.delay, "AUTOTHROTTLE_START_DELAY": manners.delay}
        # `scrapy shell` makes its spider when the settings are closed already.
        for name, value in wanted.items() if not crawler.settings.frozen else ():
            crawler.settings.set(name, value, priority="spider")
        return spider

    @property
    def has_browser(self) -> bool:
        """Whether pages can be opened in the browser."""
        return self.run is not None and self.run.browser is not None

    @property
    def own_hosts(self) -> set[str]:
        """The hosts that belong to the site."""
        return self.run.hosts if self.run is not None else set()

    @property
    def robots_exceptions(self) -> tuple[RobotsException, ...]:
        """What may be opened although robots.txt forbids it, because a person answers for it."""
        return self.run.robots if self.run is not None else ()

    async def start(self) -> AsyncIterator[Any]:
        """The first requests of a spider that is not recorded; else they are in the frontier."""
        if self.run is None:
            for url in [self.url] if self.url else self.profile.starts():
                yield Request(url, callback=self.parse)

    def request_for(self, row: Planned, *, browser: bool | None = None) -> Request:
        """The request of a frontier row. Seen addresses were left out before."""
        by_browser = wants_browser(self.profile, row) if browser is None else browser
        by_browser = by_browser and row.role not in KINDS
        meta: dict[str, Any] = {"row": row, "browser": by_browser and self.has_browser}
        if row.role == "robots":
            # It may always be asked for (RFC 9309, 2.3).
            meta["dont_obey_robotstxt"] = True
        return Request(
            row.url,
            callback=self.parse,
            errback=self.failed,
            meta=meta,
            dont_filter=True,
            priority=READ_FIRST.get(row.role, 0),
        )

    async def failed(self, failure: Failure) -> None:
        """A fetch that failed becomes a visit where visits are recorded."""
        if self.record_failure is None:
            failure.raiseException()
        await self.record_failure(failure)

    async def parse(self, response: Response) -> AsyncIterator[Request | ReadDocument]:
        """The page's documents, and a request for each new link."""
        raw = raw_page(response)
        reading = await self.read(raw)
        answer = response.meta.get("answer")
        row = response.meta.get("row")
        wall = wall_of(raw, reading, row.url if row is not None else raw.url)
        if wall is not None:
            reading = replace(reading, outcome_hint=wall.hint, documents=(), links=())
        if isinstance(answer, Answer):
            answer.reading = reading
            answer.note = "; ".join(filter(None, (wall.why if wall else "", answer.note)))
        # A wall that the site put up is not got round by another way in.
        open_to_all = reading.outcome_hint is None
        if reading.needs_browser and open_to_all and self.has_browser and row is not None:
            yield self.request_for(row, browser=True)
            return
        for document in reading.documents:
            yield document
        for request in self.links(reading, row):
            yield request

    async def read(self, raw: RawPage) -> Reading:
        """What the page says; one that could stall its reader is read in a child."""
        if needs_child(raw) or (self.profile.discovery is not None and is_packed(raw)):
            return await asyncio.to_thread(read_guarded, raw, self.profile)
        reading = read_page(raw, self.profile)
        if reading.second_look:
            return await asyncio.to_thread(read_guarded, raw, self.profile, second=True)
        return reading

    def links(self, reading: Reading, row: Planned | None) -> Iterator[Request]:
        """Requests for the links that are followed and were not seen before."""
        if self.run is None or row is None:
            for link in reading.links:
                if link.role in self.follow:
                    yield Request(link.url, callback=self.parse)
            return
        if self.run.purpose != "crawl":
            return
        plan, depth = self.run.seen.plan, row.depth + 1
        if reading.kind in KINDS:
            yield from self._announced(reading, row)
            return
        for link in reading.links:
            if link.role in self.follow:
                found = plan(link.url, link.role, depth)
                if found is not None:
                    yield self.request_for(found)

    def _announced(self, reading: Reading, row: Planned) -> Iterator[Request]:
        """Requests for what a sitemap, a feed or robots.txt tells."""
        run, discovery = self.run, self.profile.discovery
        if run is None or discovery is None:
            return
        seen = run.seen
        too_late = run.parts.clock.now() + timedelta(days=1)
        seen.left_out = seen.left_out or len(reading.links) >= discovery.most
        for link in reading.links:
            if link.role == "sitemap":
                if row.depth >= MOST_NESTED:
                    seen.left_out = True
                    continue
                found = seen.plan(link.url, link.role, row.depth + 1, always=True)
            else:
                # What is to change only tomorrow is no reason to look again today.
                at = changed_at(link)
                at = at if at is not None and at < too_late else None
                found = seen.plan(link.url, link.role, 1, changed_at=at)
            if found is not None:
                yield self.request_for(found)

    def canonical(self, url: str) -> str:
        """The canonical form of an address of this site; raises `Invalid`."""
        return canonical_url(url, self.profile)


def wants_browser(profile: SiteProfile, row: Planned) -> bool:
    """Whether the profile asks for the browser before the page was seen: always, or by steps."""
    if row.role in KINDS:
        return False
    return profile.browser == "yes" or bool(steps_on(profile, row.url))


def _unrecorded(source: str, profile: str) -> tuple[SiteProfile, Permissions]:
    """Profile and permissions of a spider that records nothing."""
    settings = load_settings()
    if source:
        from crawler.run import permissions_of
        from lantian.wiring import open_parts

        parts = open_parts(settings)
        with parts.store.read() as session:
            found: Source = source_named(session, source)
        return profile_of(parts, found), permissions_of(parts, found)
    if not profile:
        raise ConfigError(
            "the spider does not know how to read.", hint="Give -a source=NAME or -a profile=NAME."
        )
    folders = [settings.profiles_dir] if settings.profiles_dir else []
    return find_profile(profile, folders), public_web(settings)
