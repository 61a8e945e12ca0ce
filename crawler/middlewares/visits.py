"""Makes one visit of each request, whatever becomes of it."""

import logging
from collections.abc import AsyncIterator, Callable
from typing import Any, Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CloseSpider,
    DownloadCancelledError,
    IgnoreRequest,
)
from scrapy.http import Response
from twisted.python.failure import Failure

from crawler.answer import Answer, how_got
from crawler.broken import told
from crawler.courtesy import PutOff
from crawler.middlewares.egress import LogInElsewhere, Refused
from crawler.middlewares.robots import Unreachable
from crawler.outlet import Outlet
from crawler.run import Run
from crawler.walk import SiteSpider, wants_browser
from lantian.errors import EgressRefused, LantianError
from lantian.intake.visit import Outcome, Visit
from lantian.reading import Reading
from lantian.store.frontier import Planned

logger = logging.getLogger(__name__)


class VisitMiddleware:
    """Stands nearest the engine: what passes here has passed every other middleware.

    A page handed to a callback becomes a visit with the links that were kept; an exception in
    the callback, a failed fetch (errback) and a drop (robots, egress) become one as well. Output
    is passed on only while the writer keeps up, so that Scrapy stops fetching by itself.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self.outlet: Outlet | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The middleware of one crawler."""
        return cls(crawler)

    @property
    def _spider(self) -> SiteSpider | None:
        spider = self._crawler.spider
        return spider if isinstance(spider, SiteSpider) else None

    async def process_spider_output(
        self, response: Response, result: AsyncIterator[Any]
    ) -> AsyncIterator[Any]:
        """The callback's output, once its visit was handed over."""
        row = response.meta.get("row")
        if self.outlet is None or not isinstance(row, Planned):
            async for found in result:
                yield found
            return
        output = [found async for found in result]
        rows = [found.meta.get("row") for found in output if isinstance(found, Request)]
        if row not in rows:
            links = tuple(found for found in rows if isinstance(found, Planned))
            await self.outlet.put(self._visit(row, response, links))
        await self.outlet.room()
        for found in output:
            yield found

    def process_spider_exception(
        self, response: Response, exception: Exception
    ) -> AsyncIterator[Any] | None:
        """A failed visit for a page whose callback broke; the error is logged."""
        row = response.meta.get("row")
        if self.outlet is None or not isinstance(row, Planned):
            return None
        if isinstance(exception, CloseSpider):
            return None
        logger.error("Reading %s broke", response.url, exc_info=exception)
        return self._broken(row, response, exception)

    async def _broken(
        self, row: Planned, response: Response, exception: Exception
    ) -> AsyncIterator[Any]:
        if self.outlet is not None:
            what = f"reading broke: {type(exception).__name__}: {exception}"
            await self.outlet.put(self._failed(row, response.url, "failed", what))
        nothing: tuple[Any, ...] = ()
        for found in nothing:
            yield found

    async def failed(self, failure: Failure) -> None:
        """Take the failed fetch of a row's request as its visit: the errback of all requests."""
        request: Request = failure.request  # type: ignore[attr-defined]
        row = request.meta.get("row")
        if self.outlet is None or not isinstance(row, Planned):
            failure.raiseException()
        if isinstance(failure.value, PutOff):
            # No visit: its row stays open, and is asked for when the crawl goes on.
            return
        outcome, detail = why(failure.value)
        await self.outlet.put(self._failed(row, request.url, outcome, detail))
        await self.outlet.room()

    def _visit(self, row: Planned, response: Response, links: tuple[Planned, ...]) -> Visit:
        run, answer = self._run(), response.meta.get("answer")
        assert isinstance(answer, Answer)  # noqa: S101  (RawMiddleware saw every answer)
        run.allowance.received(row.fingerprint, len(answer.head) + len(answer.body))
        outcome, detail = judge(answer, response.status)
        detail = "; ".join(filter(None, (detail, response.meta.get("robots", ""))))
        if outcome == "seen" and row.role == "evidence" and answer.via == "http":
            detail = f"no picture: {run.no_browser}"
        elif outcome == "seen" and answer.via == "http" and wants_browser(run.profile, row):
            outcome, detail = "failed", f"this page needs a browser: {run.no_browser}"
        return Visit(
            row_id=row.fingerprint,
            url=row.url,
            final_url=response.url,
            at=run.parts.clock.now(),
            real_at=run.parts.real_clock.now(),
            outcome=outcome,
            status=answer.status,
            raw_head=answer.head,
            body=answer.body,
            via=answer.via,
            dom=answer.dom,
            screenshot=answer.screenshot,
            pdf=answer.pdf,
            parts=answer.parts,
            reading=answer.reading,
            links=links,
            purpose=run.purpose,
            detail="; ".join(filter(None, (detail, answer.note))),
            remote_ip=answer.remote_ip,
            role=row.role,
            depth=row.depth,
            raw_request=answer.request,
            how=how_got(response.request) if response.request is not None else (),
        )

    def _failed(self, row: Planned, url: str, outcome: Outcome, detail: str) -> Visit:
        run = self._run()
        run.allowance.received(row.fingerprint)
        return Visit(
            row_id=row.fingerprint,
            url=row.url,
            final_url=url,
            at=run.parts.clock.now(),
            real_at=run.parts.real_clock.now(),
            outcome=outcome,
            purpose=run.purpose,
            detail=detail[:500],
            role=row.role,
            depth=row.depth,
        )

    def _run(self) -> Run:
        spider = self._spider
        assert spider is not None  # noqa: S101  (an outlet is opened for a run only)
        assert spider.run is not None  # noqa: S101
        return spider.run


def judge(answer: Answer, status: int) -> tuple[Outcome, str]:
    """The outcome of an answer, and what there is to say about it."""
    reading: Reading | None = answer.reading
    if reading is not None and reading.outcome_hint is not None:
        hinted: Outcome = reading.outcome_hint
        return hinted, "" if 200 <= status < 300 else f"status {status}"
    if status == 304:
        return "unchanged", ""
    if 200 <= status < 300:
        return "seen", ""
    return "failed", f"status {status}"


def why(error: BaseException | None) -> tuple[Outcome, str]:
    """The outcome of a request without an answer, and the cause in a sentence."""
    text = str(error) or type(error).__name__
    if isinstance(error, (Refused, EgressRefused)):
        return "blocked", f"refused: {text}"
    if isinstance(error, LogInElsewhere):
        return "logged_out", text
    if isinstance(error, Unreachable):
        return "failed", text
    if isinstance(error, IgnoreRequest):
        return _ignored(text)
    if isinstance(error, DownloadCancelledError):
        return "failed", "too large: the answer is larger than crawl_max_bytes"
    if isinstance(error, LantianError):
        return "failed", text
    return "failed", told(error) if error is not None else text


_IGNORED: tuple[tuple[str, Outcome, Callable[[str], str]], ...] = (
    ("Forbidden by robots.txt", "blocked", lambda _: "robots"),
    ("max redirections", "failed", lambda _: "redirected in a circle, or too often"),
)


def _ignored(text: str) -> tuple[Outcome, str]:
    for beginning, outcome, say in _IGNORED:
        if text.startswith(beginning):
            return outcome, say(text)
    return "failed", text
