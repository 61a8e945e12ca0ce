"""The download handler of recorded runs: each request begins when its host's share has room."""

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawler.courtesy import HELD, PutOff, courtesy_of
from crawler.gate import Gate
from crawler.handler import Handler
from crawler.walk import SiteSpider
from lantian.reading.address import host_of
from lantian.store.hosts import holder_of


class GatedHandler(Handler):
    """As `Handler`, and in step with all other crawls that are over the same host.

    The delay is that which Scrapy keeps at the moment, as AutoThrottle sets it. When the host asks
    for a pause (`pause` in the request's `meta`), the other crawls keep it as well; one that is too
    long to wait for puts the run off.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._gate: Gate | None = None

    async def download_request(self, request: Request) -> Response:
        """The answer to a request; raises `PutOff` where the crawl ends while it waits."""
        gate = self._gate or self._open()
        if gate is None:
            return await super().download_request(request)
        async with gate.request(request.url):
            response = await super().download_request(request)
        pause = request.meta.get("pause", 0.0)
        if pause:
            await gate.rest(request.url, pause)
        return response

    async def close(self) -> None:
        """Give the shares back; close connections and browser."""
        if self._gate is not None:
            await self._gate.close()
        await super().close()

    def _open(self) -> Gate | None:
        spider = self._crawler.spider
        if isinstance(spider, SiteSpider) and spider.run is not None:
            run = spider.run
            holder = holder_of(run.claim.id, run.claim.token)
            self._gate = Gate(run.parts.store, holder, self._manners, self._check)
        return self._gate

    def _manners(self, url: str) -> tuple[float, int]:
        engine, settings = self._crawler.engine, self._crawler.settings
        slot = engine.downloader.slots.get(host_of(url))
        most = settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN")
        delay = settings.getfloat("DOWNLOAD_DELAY")
        return (delay if slot is None else max(delay, slot.delay)), most

    def _check(self, url: str, rest: float) -> None:
        spider = self._crawler.spider
        run = spider.run if isinstance(spider, SiteSpider) else None
        if run is not None and rest > HELD:
            run.put_off_for(rest, f"{host_of(url)} wants to be left alone")
        if courtesy_of(self._crawler).ended():
            raise PutOff("the crawl pauses")
