"""Fetches over HTTP, or through the browser where the request says so."""

from typing import Self

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawler.browsing import Browsing
from crawler.courtesy import courtesy_of
from crawler.heads import limit_heads
from crawler.walk import SiteSpider
from lantian.errors import BrowserUnavailable


class Handler:
    """Scrapy's own HTTP/1.1 handler, and reused tabs beside it.

    Without `browser` in a request's `meta` it goes over HTTP. Where a browser turns out not to
    start, an evidence visit is made over HTTP, without a picture.
    """

    lazy = True

    def __init__(self, crawler: Crawler) -> None:
        limit_heads()
        self._http = HTTP11DownloadHandler(crawler)
        self._crawler = crawler
        self._browsing: Browsing | None = None
        self._courtesy = courtesy_of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The handler of one crawler."""
        return cls(crawler)

    async def download_request(self, request: Request) -> Response:
        """The answer to a request, made when its host may be asked; raises `PutOff`."""
        await self._courtesy.turn(request.url)
        response = await self._download(request)
        request.meta["pause"] = self._courtesy.heard(response)
        return response

    async def _download(self, request: Request) -> Response:
        if not request.meta.get("browser"):
            return await self._http.download_request(request)
        try:
            return await self._tabs().fetch(request)
        except BrowserUnavailable as error:
            spider = self._crawler.spider
            if not request.meta.get("evidence") or not isinstance(spider, SiteSpider):
                raise
            if spider.run is not None:
                spider.run.no_browser = str(error)
            return await self._http.download_request(request)

    async def close(self) -> None:
        """Close connections and browser."""
        await self._http.close()
        if self._browsing is not None:
            await self._browsing.close()

    def _tabs(self) -> Browsing:
        if self._browsing is None:
            spider = self._crawler.spider
            run = spider.run if isinstance(spider, SiteSpider) else None
            plan = run.browser if run is not None else getattr(spider, "browser_plan", None)
            if plan is None:
                raise BrowserUnavailable("this run has no browser.")
            self._browsing = Browsing(self._crawler, plan)
        return self._browsing
