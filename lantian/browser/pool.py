"""Tabs that are used again and again, in one browser, with a context for each site.

A new page for each address costs more than half of the speed, a new context for each four fifths.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Playwright, async_playwright

from lantian.browser.channel import TabLost, first_line
from lantian.browser.door import Door
from lantian.browser.launch import is_local, launch, sandbox_for
from lantian.browser.running import Running
from lantian.browser.tab import Tab
from lantian.browser.visit import (
    MEMORY,
    NO_STEPS,
    TABS,
    VISITS_A_BROWSER,
    VISITS_A_TAB,
    BrowserVisit,
    Steps,
    VisitLimits,
)
from lantian.egress.deny import NONE, Permissions, check_url
from lantian.egress.proxy import USER, EgressProxy
from lantian.egress.resolver import Resolver
from lantian.egress.running import proxy as running_proxy
from lantian.errors import FetchFailed

logger = logging.getLogger(__name__)

LOOK = 3.0
"""Seconds between two looks at the browser's memory."""
FAR_OVER = 1.5
"""So many times the ceiling, the fattest page goes at once instead of after its visit."""


class TabPool:
    """Visits addresses, as many at a time as there are tabs.

    One bad page fails its own visit only: its tab, and if need be the browser, is replaced. So is
    a browser after `visits_a_browser` visits, or whose processes hold more than `memory` bytes.
    """

    def __init__(
        self,
        playwright: Playwright,
        program: Path,
        proxy: EgressProxy,
        permissions: Permissions,
        *,
        token: str,
        sandbox: bool,
        tabs: int = TABS,
        visits_a_tab: int = VISITS_A_TAB,
        visits_a_browser: int = VISITS_A_BROWSER,
        memory: int = MEMORY,
        look: float = LOOK,
        user_agent: str = "",
        limits: VisitLimits | None = None,
    ) -> None:
        self.limits = limits or VisitLimits()
        self.tabs = tabs
        self.renewals: list[str] = []
        """Why each browser but the present one was ended."""
        self._playwright = playwright
        self._program = program
        self._proxy = proxy
        self._permissions = permissions
        self._token = token
        self._sandbox = sandbox
        self._visits_a_tab = visits_a_tab
        self._visits_a_browser = visits_a_browser
        self.memory = memory
        self._look = look
        self._product = user_agent
        self._running: Running | None = None
        self._worn = ""
        self._making = asyncio.Lock()
        self._door = Door()
        self._slots = asyncio.Semaphore(tabs)
        self._idle: list[Tab] = []
        self._held = self._waiting = 0
        self._resting: set[asyncio.Task[None]] = set()
        self._watching: asyncio.Task[None] | None = None

    @property
    def running(self) -> Running | None:
        """The browser that runs, if one does."""
        return self._running

    async def start(self) -> None:
        """Start the browser now, so that what is wrong with it is known at once."""
        await self._started()
        self._watching = asyncio.create_task(self._watch())

    async def visit(
        self,
        url: str,
        *,
        evidence: bool = False,
        texts: Sequence[str] = (),
        steps: Steps = NO_STEPS,
        site: str = "",
        limits: VisitLimits | None = None,
    ) -> BrowserVisit:
        """What the browser receives and renders at `url`, once `steps` were taken there.

        With `evidence` nothing is left out or taken from the cache, and the visit has a
        screenshot, the places of `texts` on it, a PDF and all that the page loaded. Visits of one
        `site` share cookies and cache, those of different ones nothing. Raises `EgressRefused` and
        `FetchFailed` naming the address, `BrowserUnavailable` if there is no browser any more.
        """
        check_url(url, self._permissions)
        limits = limits or self.limits
        await self._slot()
        tab, rest = None, True
        try:
            await self._renew_if_worn()
            async with self._door.among_others(), self._running_for(site) as running:
                tab = await self._tab_for(running, site, limits.seconds)
                visit = await tab.visit(
                    url, evidence=evidence, texts=texts, steps=steps, limits=limits
                )
            rest = not self._waiting  # who waits takes the tab as it is
            return visit
        except TabLost as error:
            rest = False
            raise FetchFailed(
                f"{url} could not be shown: {error}.", hint="Visit it again later."
            ) from error
        finally:
            self._give_back(tab, rest=rest)

    async def clear(self) -> None:
        """Forget cookies, storage and cache of all sites. Waits for visits."""
        async with self._door.alone():
            if self._running is not None:
                await self._running.clear()

    async def close(self) -> None:
        """End the browser."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait({self._watching})
        await self._end()

    async def _slot(self) -> None:
        """Return when fewer visits are under way than there are tabs."""
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
        self._held += 1

    def _free(self, tab: Tab | None) -> None:
        if tab is not None:
            self._idle.append(tab)
        self._held -= 1
        self._slots.release()

    def _give_back(self, tab: Tab | None, *, rest: bool) -> None:
        """Let the next visit have the tab; with `rest`, once it has left its page.

        So it must after a bad page: what goes on in there would stop the next one too.
        """
        if tab is None or not rest:
            self._free(tab)
            return

        async def rested() -> None:
            try:
                await tab.rest()
            finally:
                self._free(tab)

        task = asyncio.create_task(rested())
        self._resting.add(task)
        task.add_done_callback(self._resting.discard)

    @asynccontextmanager
    async def _running_for(self, site: str) -> AsyncIterator[Running]:
        """The browser, which keeps the site's context while the block runs."""
        running = await self._started()
        running.visits += 1
        running.use(site)
        try:
            yield running
        finally:
            running.release(site)

    async def _tab_for(self, running: Running, site: str, seconds: float) -> Tab:
        """A tab of that site: one that was used before, or a new one."""
        try:
            async with asyncio.timeout(seconds):
                return await self._opened(running, site)
        except TimeoutError as error:
            self.renewals.append("it did not answer")
            running.kill()
            if self._running is running:
                self._running = None
            raise FetchFailed(
                "the browser did not answer.", hint="Visit it again later."
            ) from error
        except PlaywrightError as error:
            raise FetchFailed(
                f"the browser opened no tab: {first_line(error)}.", hint="Try again later."
            ) from error

    async def _opened(self, running: Running, site: str) -> Tab:
        context = await running.context(site)
        tab = next((one for one in reversed(self._idle) if one.page.context is context), None)
        if tab is not None:
            self._idle.remove(tab)
            if not tab.lost and tab.visits < self._visits_a_tab:
                return tab
            await tab.close()
        while self._idle and len(self._idle) > self.tabs - self._held:
            await self._idle.pop(0).close()
        return await Tab.open(context, self._proxy)

    async def _started(self) -> Running:
        """The browser that runs."""
        async with self._making:
            if self._running is not None and not self._running.alive:
                self.renewals.append("it was gone")
                self._running = None
            if self._running is None:
                browser = await launch(
                    self._playwright,
                    self._program,
                    proxy={"server": self._proxy.url, "username": USER, "password": self._token},
                    sandbox=self._sandbox,
                )
                self._running = await Running.of(browser, self._product)
            return self._running

    async def _renew_if_worn(self) -> None:
        """End a browser that is worn, once its visits have ended: the next visit starts another."""
        running = self._running
        if running is not None and running.visits >= self._visits_a_browser:
            self._worn = f"it had made {running.visits} visits"
        if not self._worn:
            return
        async with self._door.alone():
            if self._worn:  # else another visit saw to it
                logger.info("Chromium is started anew: %s", self._worn)
                self.renewals.append(self._worn)
                await self._end()

    async def _end(self) -> None:
        await asyncio.gather(*self._resting)
        running, self._running, self._worn = self._running, None, ""
        self._idle.clear()
        if running is not None:
            await running.close()

    async def _watch(self) -> None:
        """Look at the browser's memory now and then."""
        while True:
            await asyncio.sleep(self._look)
            running = self._running
            memory = await running.memory() if running is not None and running.alive else None
            if running is None or memory is None or memory.total <= self.memory:
                continue
            if running is self._running:
                self._worn = f"its processes held {memory.total / 1e6:,.0f} MB"
            if memory.total > FAR_OVER * self.memory and memory.fattest is not None:
                running.kill_page(memory.fattest)
            if not self._door.inside:
                await self._renew_if_worn()


@asynccontextmanager
async def browsing(
    program: Path,
    *,
    urls: Sequence[str],
    resolver: Resolver,
    permissions: Permissions = NONE,
    root_allowed: bool = False,
    **options: Any,
) -> AsyncIterator[TabPool]:
    """A pool of tabs for the source at `urls`, with its own proxy, while the block runs.

    Local sites run without Chromium's sandbox and reach nothing but the hosts that the source was
    permitted, so that none of them can lead the browser out. `options` are those of `TabPool`.
    Raises `BrowserUnavailable`.
    """
    local = is_local(urls, resolver.hosts)
    sandbox = sandbox_for(local=local, root_allowed=root_allowed)
    permissions = replace(permissions, only=True) if local else permissions
    token = secrets.token_urlsafe(24)
    async with (
        running_proxy(resolver, permissions, token=token) as proxy,
        async_playwright() as playwright,
    ):
        pool = TabPool(
            playwright, program, proxy, permissions, token=token, sandbox=sandbox, **options
        )
        await pool.start()
        try:
            yield pool
        finally:
            await pool.close()
