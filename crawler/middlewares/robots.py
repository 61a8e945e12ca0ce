"""Obeys robots.txt (RFC 9309), but for exceptions that a person answers for."""

from typing import Any, Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares import robotstxt
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.robotstxt import RobotParser
from twisted.internet.defer import Deferred

from crawler import broken
from crawler.courtesy import REFUSALS, PutOff, courtesy_of
from crawler.middlewares.egress import Refused
from crawler.walk import SiteSpider
from lantian.model import RobotsException
from lantian.reading.address import host_of


class Unreachable(IgnoreRequest):
    """The robots.txt of a host cannot be had: then nothing of it may be asked for."""


class RobotsMiddleware(robotstxt.RobotsTxtMiddleware):
    """Scrapy's own, which takes a robots.txt that cannot be had for leave, made stricter.

    A status of 5xx or 429 and a failed connection forbid the whole host (2.3.1.4); 4xx permit it
    (2.3.1.3). A Crawl-delay is kept, up to a minute. Where a forbidden address is opened under an
    exception, its visit says under which.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._unreachable: dict[str, str] = {}
        self._refused: dict[str, str] = {}
        """Hosts that may not be connected to, and why: what is true of robots.txt is of all."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The middleware of one crawler."""
        return cls(crawler)

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """The rules of the host, also for those that waited for them together.

        What Scrapy gives to waiters goes to the first of them alone; to the others, nothing forbids
        anything (2.19).
        """
        await super().robot_parser(request)
        parser = self._parsers[urlsplit(request.url).netloc]
        return None if isinstance(parser, Deferred) else parser

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        """Nothing, if it may be opened; raises `IgnoreRequest`, `Unreachable` or `Refused`."""
        request.meta.pop("robots", None)
        netloc = urlsplit(request.url).netloc
        if netloc in self._refused:
            raise Refused(self._refused[netloc])
        cause = self._unreachable.get(netloc)
        try:
            if cause is not None:
                raise Unreachable(f"robots.txt cannot be had ({cause}), so nothing may be opened")
            super().process_request_2(rp, request)
        except IgnoreRequest:
            exception = self._exception(request)
            if exception is None:
                raise
            request.meta["robots"] = told(exception)

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status >= 500 or response.status in REFUSALS:
            self._unreachable[netloc] = f"status {response.status}"
        if response.status >= 400:
            # What it says is about the error, and no rule.
            response = response.replace(body=b"")
        await super()._parse_robots(response, netloc, request)
        parser: Any = self._parsers[netloc]
        delay = parser.crawl_delay(self._robotstxt_useragent or "") if parser is not None else None
        if delay:
            courtesy_of(self.crawler).keep_apart(request.url, float(delay))

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        if isinstance(exc, Refused):
            self._refused[netloc] = str(exc)
        elif not isinstance(exc, PutOff):
            self._unreachable[netloc] = broken.told(exc)
        super()._robots_error(exc, netloc)

    def _exception(self, request: Request) -> RobotsException | None:
        """The exception under which an address of the site may be opened all the same."""
        spider = self.crawler.spider
        if not isinstance(spider, SiteSpider) or host_of(request.url) not in spider.own_hosts:
            return None
        path = urlsplit(request.url).path or "/"
        return next((one for one in spider.robots_exceptions if path.startswith(one.path)), None)


def told(exception: RobotsException) -> str:
    """What the visit of an address says that was opened under an exception."""
    return (
        f"robots.txt forbids it; opened under exception {exception.id} of"
        f" {exception.granted_by}: {exception.reason}"
    )
