"""Asks again, after a pause, what a host refused with 429 or 503."""

from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawler.courtesy import HELD, REFUSALS, PutOff
from crawler.walk import SiteSpider

MOST = 3
"""Refusals of one address after which its visit says so."""


class BackoffMiddleware:
    """The pause itself is kept below, where requests begin, by all that wait for the host.

    A pause that is too long to wait for puts the crawl off, if it is one.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The middleware of one crawler."""
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """The response, or the request once more; raises `PutOff` where the crawl pauses."""
        if response.status not in REFUSALS:
            return response
        pause: float = request.meta.get("pause", 0.0)
        refusals = request.meta.get("refusals", 0) + 1
        spider = self._crawler.spider
        run = spider.run if isinstance(spider, SiteSpider) else None
        if run is not None and pause > HELD:
            said = "Retry-After" if response.headers.get(b"Retry-After") else "no answer but that"
            run.put_off_for(pause, f"the site answered {response.status} ({said})")
            raise PutOff("the crawl pauses")
        # Its other tries are ours: it would count them as faults.
        if pause > HELD or refusals >= MOST:
            request.meta["dont_retry"] = True
            return response
        again = request.copy()
        again.dont_filter = True
        again.meta["refusals"] = refusals
        return again
