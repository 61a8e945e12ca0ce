"""Records the run: opens the writer with the spider, ends the crawl when the spider ends."""

import asyncio
import logging
from typing import Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from crawler.middlewares.visits import VisitMiddleware
from crawler.outlet import Outlet, open_outlet
from crawler.resolver import active_resolver
from crawler.run import Run
from crawler.walk import SiteSpider
from crawler.writing import Finish
from lantian.egress.resolver import Resolver

logger = logging.getLogger(__name__)


class Recording:
    """For a spider with a run: writer, acknowledgements, the end. Else only the permissions."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._outlet: Outlet | None = None
        self._lost = ""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The extension of one crawler."""
        if not issubclass(crawler.spidercls, SiteSpider):
            raise NotConfigured
        found = cls(crawler)
        crawler.signals.connect(found.opened, signals.spider_opened)
        crawler.signals.connect(found.closed, signals.spider_closed)
        return found

    async def opened(self, spider: SiteSpider) -> None:
        """Let the resolver know what may be reached; start the writer."""
        resolver = active_resolver()
        if resolver is not None:
            run = spider.run
            resolver.use(run.resolver if run is not None else Resolver(), spider.permissions)
        if spider.run is None:
            return
        self._outlet = await open_outlet(spider.run, self._writer_lost)
        visits = self._crawler.get_spider_middleware(VisitMiddleware)
        assert visits is not None  # noqa: S101  (the project's settings name it)
        visits.outlet = self._outlet
        spider.record_failure = visits.failed

    async def closed(self, spider: SiteSpider, reason: str) -> None:
        """Wait for the last acknowledgement, and end the crawl if the spider saw all of it."""
        run, outlet = spider.run, self._outlet
        if run is None or outlet is None:
            return
        end = reason == "finished" and not self._lost
        finish = _finish_of(run) if end else None
        stored = await outlet.finish(finish)
        run.reason = self._lost or reason
        run.finished = end and stored
        if end and not stored:
            run.reason = self._lost or "writer_lost"
        self._crawler.stats.set_value("lantian/stored", outlet.stored)

    async def _writer_lost(self, reason: str) -> None:
        self._lost = reason
        engine = self._crawler.engine
        if engine.spider is not None:
            # Not awaited: closing waits for callbacks, and these wait for the writer's task.
            asyncio.ensure_future(engine.close_spider_async(reason=reason))  # noqa: RUF006


def _finish_of(run: Run) -> Finish:
    spent = run.allowance.used_up
    return Finish(
        whole=not (run.seen.left_out or spent),
        reason=_told(run),
        rested=len(run.seen.resting),
        spent=spent,
    )


def _told(run: Run) -> str:
    if run.allowance.used_up:
        return "the budget of the day was used up"
    left_out = run.seen.left_out and "urls" not in run.claim.payload
    return "the budget of the site was used up" if left_out else ""
