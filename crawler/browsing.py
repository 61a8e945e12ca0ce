"""The browser behind the download handler: reused tabs, started with the first page."""

import asyncio
import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Headers, HtmlResponse, Response

from crawler.answer import Answer
from crawler.walk import SiteSpider
from lantian.browser.find import find_chromium
from lantian.browser.launch import is_local, sandbox_for
from lantian.browser.visit import NO_STEPS, TABS, BrowserVisit, Step, Steps, VisitLimits
from lantian.egress.deny import Permissions
from lantian.egress.resolver import Resolver
from lantian.errors import BrowserUnavailable, Invalid
from lantian.reading import steps_on
from lantian.reading.address import host_allowed, host_of
from lantian.reading.walking import PageStep
from lantian.wiring import Parts

if TYPE_CHECKING:
    from lantian.browser.pool import TabPool

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BrowserPlan:
    """How the browser of a run is started."""

    program: Path
    urls: tuple[str, ...]
    root_allowed: bool
    resolver: Resolver
    permissions: Permissions
    tabs: int
    memory: int
    limits: VisitLimits


def plan_browser(
    parts: Parts, urls: list[str], permissions: Permissions, *, tabs: int = TABS
) -> BrowserPlan:
    """How a browser would open these addresses; raises `BrowserUnavailable` saying why none may."""
    settings = parts.settings
    local = is_local(urls, parts.resolver.hosts)
    sandbox_for(local=local, root_allowed=settings.browser_as_root)
    return BrowserPlan(
        program=find_chromium(settings.chromium),
        urls=tuple(urls),
        root_allowed=settings.browser_as_root,
        resolver=parts.resolver,
        permissions=permissions,
        tabs=max(1, min(TABS, tabs)),
        memory=settings.browser_memory_mb * 1_000_000,
        limits=VisitLimits(
            seconds=settings.crawl_timeout, max_bytes=settings.crawl_max_bytes, redirects=5
        ),
    )


class Browsing:
    """The tabs of one crawl. A browser that does not start is not tried again."""

    def __init__(self, crawler: Crawler, plan: BrowserPlan) -> None:
        self._user_agent: str = crawler.settings["USER_AGENT"]
        self._crawler = crawler
        self._plan = plan
        self._stack = AsyncExitStack()
        self._pool: TabPool | None = None
        self._starting = asyncio.Lock()
        self._broken: BrowserUnavailable | None = None

    async def fetch(self, request: Request) -> Response:
        """The rendered page; raises `FetchFailed`, `EgressRefused` or `BrowserUnavailable`."""
        pool = await self._started()
        evidence = bool(request.meta.get("evidence"))
        visit = await pool.visit(
            request.url,
            evidence=evidence,
            steps=self._steps(request.url),
            site=self._site(request.url),
        )
        request.meta["answer"] = _answer(visit)
        request.meta["from_cache"] = visit.from_cache
        return _response(visit)

    def _steps(self, url: str) -> Steps:
        """What the profile does on that page before it is read, as gently as it asks for pages."""
        spider = self._crawler.spider
        if not isinstance(spider, SiteSpider):
            return NO_STEPS
        try:
            steps = steps_on(spider.profile, spider.canonical(url))
        except Invalid:
            return NO_STEPS
        pause = float(self._crawler.settings.getfloat("DOWNLOAD_DELAY"))
        return Steps(tuple(map(_step, steps)), pause) if steps else NO_STEPS

    def _site(self, url: str) -> str:
        """Whose cookies and cache a page gets: those of the source, or of another host's own."""
        spider, host = self._crawler.spider, host_of(url)
        run = spider.run if isinstance(spider, SiteSpider) else None
        if run is None or host in run.hosts or host_allowed(host, run.profile.hosts):
            return ""
        return host

    async def close(self) -> None:
        """End the browser."""
        await self._stack.aclose()

    async def _started(self) -> "TabPool":
        from lantian.browser.pool import browsing

        async with self._starting:
            if self._broken is not None:
                raise self._broken
            pool = self._pool
            if pool is None:
                plan = self._plan
                try:
                    pool = await self._stack.enter_async_context(
                        browsing(
                            plan.program,
                            urls=plan.urls,
                            root_allowed=plan.root_allowed,
                            resolver=plan.resolver,
                            permissions=plan.permissions,
                            tabs=plan.tabs,
                            memory=plan.memory,
                            user_agent=self._user_agent,
                            limits=plan.limits,
                        )
                    )
                except BrowserUnavailable as error:
                    logger.warning("%s", error)
                    self._broken = error
                    raise
            self._pool = pool
            return pool


def _step(step: PageStep) -> Step:
    return Step(
        wait=step.wait or "",
        click=step.click or "",
        scroll=step.scroll or "",
        items=step.items or "",
        until=step.until,
        times=step.times,
    )


def _answer(visit: BrowserVisit) -> Answer:
    missing = [] if visit.settled else ["the page did not come to rest"]
    missing += visit.missing
    if visit.cut:
        missing.append("the page is longer than its picture")
    return Answer(
        head=visit.raw_head,
        body=visit.body,
        status=visit.status,
        via="browser",
        remote_ip=visit.remote_ip,
        dom=visit.dom,
        screenshot=visit.screenshot,
        pdf=visit.pdf,
        parts=visit.parts,
        note="; ".join(missing),
        request=visit.raw_request,
    )


def _response(visit: BrowserVisit) -> Response:
    headers = Headers()
    for name, value in visit.headers:
        # The rendered page is neither encoded nor in the document's character set.
        if name.lower() not in {b"content-encoding", b"content-length", b"content-type"}:
            headers.appendlist(name, value)
    headers[b"Content-Type"] = b"text/html; charset=utf-8"
    return HtmlResponse(
        visit.final_url, status=visit.status, headers=headers, body=visit.dom, encoding="utf-8"
    )
