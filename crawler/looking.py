"""A few pages of a site, fetched as a crawl would fetch them, and nothing stored."""

import signal
from collections.abc import AsyncIterator
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.http import Response
from scrapy.settings import Settings
from twisted.python.failure import Failure

from crawler.answer import Answer, raw_page
from crawler.browsing import BrowserPlan
from crawler.middlewares.visits import why
from crawler.resolver import active_resolver
from crawler.walk import SiteSpider
from lantian.egress.deny import Permissions
from lantian.egress.resolver import Resolver
from lantian.model import RobotsException
from lantian.reading import SiteProfile
from lantian.reading.tour import Tour, Wanted


class LookSpider(SiteSpider):
    """Opens what a tour wants, one page after the other, with robots, egress rules and manners.

    With `pictures` each page is opened in the browser once more for a picture of all of it.
    """

    name = "look"

    def __init__(
        self,
        *,
        tour: Tour,
        profile: SiteProfile,
        permissions: Permissions,
        resolver: Resolver,
        browser_plan: BrowserPlan | None,
        pictures: bool,
        errors: list[Exception],
        hosts: frozenset[str] = frozenset(),
        exceptions: tuple[RobotsException, ...] = (),
    ) -> None:
        Spider.__init__(self)
        self.run = None
        self.url = ""
        self.record_failure = None
        self.profile = profile
        self.permissions = permissions
        self.browser_plan = browser_plan
        self._resolver = resolver
        self._hosts, self._exceptions = set(hosts), exceptions
        self._tour = tour
        self._errors = errors
        self._pictures = pictures and browser_plan is not None

    @property
    def own_hosts(self) -> set[str]:
        """The hosts of the site that is looked at."""
        return self._hosts

    @property
    def robots_exceptions(self) -> tuple[RobotsException, ...]:
        """Those of the source that is tested; a site that is new has none."""
        return self._exceptions

    async def start(self) -> AsyncIterator[Any]:
        """The first request."""
        checked = active_resolver()
        if checked is not None:
            checked.use(self._resolver, self.permissions)
        for request in self._next():
            yield request

    async def opened(self, response: Response) -> AsyncIterator[Any]:
        """Take the page; ask for its picture, or for the next one."""
        wanted: Wanted = response.meta["wanted"]
        answer = response.meta.get("answer")
        picture = answer.screenshot if isinstance(answer, Answer) else None
        if response.meta.get("again"):
            self._tour.pages[-1].picture = picture
        else:
            try:
                self._tour.took(wanted, raw_page(response))
            except Exception as error:  # noqa: BLE001  (Scrapy would keep it to itself)
                self._errors.append(error)
                return
            self._tour.pages[-1].picture = picture
            notes = [answer.note if isinstance(answer, Answer) else "", *excepted(response)]
            self._tour.pages[-1].note = "; ".join(filter(None, notes))
            if self._pictures and picture is None and response.status < 400:
                following = self._tour.next()
                if following is None or not following.browser or following.url != wanted.url:
                    yield self._request(Wanted(wanted.url, wanted.role, browser=True), again=True)
                    return
        for request in self._next():
            yield request

    async def lost(self, failure: Failure) -> AsyncIterator[Any]:
        """Say why there is no page, and go on."""
        request: Request = failure.request  # type: ignore[attr-defined]
        if not request.meta.get("again"):
            outcome, detail = why(failure.value)
            self._tour.failed(request.meta["wanted"], f"{outcome}: {detail}")
        for following in self._next():
            yield following

    def _next(self) -> list[Request]:
        wanted = self._tour.next()
        return [] if wanted is None else [self._request(wanted)]

    def _request(self, wanted: Wanted, *, again: bool = False) -> Request:
        by_browser = wanted.browser and self.browser_plan is not None
        return Request(
            wanted.url,
            callback=self.opened,
            errback=self.lost,
            dont_filter=True,
            meta={
                "wanted": wanted,
                "browser": by_browser,
                "evidence": by_browser and self._pictures,
                "again": again,
            },
        )


def excepted(response: Response) -> list[str]:
    """Under which exception from robots.txt the page was opened, if under one."""
    return [response.meta["robots"]] if response.meta.get("robots") else []


def look(
    tour: Tour,
    *,
    profile: SiteProfile,
    permissions: Permissions,
    resolver: Resolver,
    browser_plan: BrowserPlan | None = None,
    pictures: bool = False,
    hosts: frozenset[str] = frozenset(),
    exceptions: tuple[RobotsException, ...] = (),
) -> None:
    """Go on the tour, to its end. `profile` says how gently. Once in a process.

    Whatever could not be opened is a page of the tour with its fault. What the tour itself raises
    is raised. `exceptions` are those of the site at `hosts` from its robots.txt.
    """
    errors: list[Exception] = []
    settings = Settings()
    settings.setmodule("crawler.settings", priority="project")
    settings.set("LOG_LEVEL", "CRITICAL", priority="cmdline")
    process = AsyncCrawlerProcess(settings)
    process.crawl(
        LookSpider,
        tour=tour,
        profile=profile,
        permissions=permissions,
        resolver=resolver,
        browser_plan=browser_plan,
        pictures=pictures,
        errors=errors,
        hosts=hosts,
        exceptions=exceptions,
    )
    process.start()
    # Scrapy leaves its own handler behind, and somebody may be asked a question next.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if errors:
        raise errors[0]
