"""What may be fetched: allowed addresses, and pages of the site."""

import logging
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError, IgnoreRequest
from scrapy.http import Response

from crawler.resolver import refusal_of
from crawler.run import public_web
from crawler.walk import SiteSpider
from lantian.egress.deny import check_url
from lantian.errors import EgressRefused
from lantian.reading.address import host_allowed, host_of
from lantian.reading.walls import is_log_in
from lantian.settings import load_settings
from lantian.store.frontier import Planned

logger = logging.getLogger(__name__)


class Refused(IgnoreRequest):
    """An address that is not connected to; its text says why."""


class OffSite(IgnoreRequest):
    """A redirect that leaves the site."""


class LogInElsewhere(OffSite):
    """A redirect to another host that wants a log-in."""


class EgressMiddleware:
    """Checks each address before it is asked for, redirects included.

    Names are checked once more when they are resolved; what the resolver refused is not tried
    again.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._public_web = public_web(load_settings())

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The middleware of one crawler."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Nothing, if the request may go out; raises `Refused` or `OffSite`."""
        spider = self._crawler.spider
        permissions = spider.permissions if isinstance(spider, SiteSpider) else self._public_web
        if request.url.startswith(("file:", "data:")) and not request.meta.get("row"):
            return
        try:
            check_url(request.url, permissions)
        except EgressRefused as error:
            logger.warning("%s", error)
            raise Refused(str(error)) from error
        if isinstance(spider, SiteSpider) and request.meta.get("redirect_urls"):
            _stay(spider, request.meta.get("row"), request.url)

    def process_response(self, request: Request, response: Response) -> Response:
        """The response; raises `OffSite` where the browser was led to another site."""
        spider = self._crawler.spider
        if request.meta.get("browser") and isinstance(spider, SiteSpider):
            _stay(spider, request.meta.get("row"), response.url)
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Nothing; raises `Refused` where a name was refused, so that it is not tried again."""
        if isinstance(exception, CannotResolveHostError):
            refusal = refusal_of(host_of(request.url))
            if refusal is not None:
                raise Refused(str(refusal)) from exception


def _stay(spider: SiteSpider, row: Planned | None, url: str) -> None:
    """Keep a redirected request within the site.

    A start address may move to another host; an advert leads where it wants.
    """
    run, host = spider.run, host_of(url)
    if run is None or row is None or row.role == "landing":
        return
    if host in run.hosts or host_allowed(host, run.profile.hosts):
        return
    if row.role == "start" and not run.profile.hosts:
        bare = host.removeprefix("www.")
        run.hosts |= {bare, f"www.{bare}"}
        return
    if is_log_in(url):
        raise LogInElsewhere(f"redirected to a log-in at {host}")
    raise OffSite(f"redirected to another site, {host}")
