"""Records the run: opens the writer with the spider, ends the crawl when the spider ends."""

import asyncio
import logging
from typing import Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from crawler.courtesy import courtesy_of
from crawler.middlewares.visits import VisitMiddleware
from crawler.outlet import Outlet, open_outlet
from crawler.resolver import active_resolver
from crawler.run import PAUSE, Run
from crawler.walk import SiteSpider
from crawler.writing import Finish
from lantian.clock import legal_day
from lantian.egress.resolver import Resolver
from lantian.intake.manners import note_asked

logger = logging.getLogger(__name__)

LOG_SECONDS = 30.0
"""Between two entries into the log of what hosts were asked; a kill loses no more than that."""
BRIEF = 20.0
"""Seconds of the longest pause of evidence visits and re-checks, unless the site asks for more."""


class Recording:
    """For a spider with a run: writer, acknowledgements, the end. Else only the permissions."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._outlet: Outlet | None = None
        self._lost = ""
        self._log: asyncio.Task[None] | None = None

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
        self._be_courteous(spider.run)
        self._outlet = await open_outlet(spider.run, self._writer_lost)
        visits = self._crawler.get_spider_middleware(VisitMiddleware)
        assert visits is not None  # noqa: S101  (the project's settings name it)
        visits.outlet = self._outlet
        spider.record_failure = visits.failed

    def _be_courteous(self, run: Run) -> None:
        """Let nobody wait for a host once the crawl is to end."""
        courtesy, engine = courtesy_of(self._crawler), self._crawler.engine
        courtesy.ended = lambda: run.ends or not engine.running
        courtesy.now = run.parts.real_clock.now
        self._log = asyncio.ensure_future(self._log_now_and_then(run))
        if run.purpose != "crawl":
            # A few pages that somebody waits for: that they could not be seen is an answer too.
            courtesy.unasked = BRIEF

    async def _log_now_and_then(self, run: Run) -> None:
        while True:
            await asyncio.sleep(LOG_SECONDS)
            await asyncio.to_thread(self._write_log, run)

    def _write_log(self, run: Run) -> None:
        """Add what the hosts were asked to the log; a store that does not answer gets it later."""
        counted = courtesy_of(self._crawler).take_counted()
        if not counted:
            return
        try:
            with run.parts.store.write() as session:
                note_asked(session, legal_day(run.parts.clock.now()), counted)
        except Exception:
            logger.exception("What the hosts were asked is not written down yet")
            courtesy_of(self._crawler).put_back(counted)

    async def closed(self, spider: SiteSpider, reason: str) -> None:
        """Wait for the last acknowledgement, and end the crawl if the spider saw all of it."""
        run, outlet = spider.run, self._outlet
        if run is None or outlet is None:
            return
        if self._log is not None:
            self._log.cancel()
        await asyncio.to_thread(self._write_log, run)
        end = reason == "finished" and not self._lost and run.paused_until is None
        finish = _finish_of(run) if end else None
        stored = await outlet.finish(finish)
        run.reason = self._lost or (PAUSE if run.paused_until is not None and stored else reason)
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
        whole=not (run.seen.left_out or spent or run.gave_up),
        reason=_told(run),
        rested=len(run.seen.resting),
        spent=spent,
    )


def _told(run: Run) -> str:
    if run.gave_up:
        return run.why
    if run.allowance.used_up:
        return "the budget of the day was used up"
    left_out = run.seen.left_out and "urls" not in run.claim.payload
    return "the budget of the site was used up" if left_out else ""
