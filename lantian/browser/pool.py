"""Tabs that are used again and again, in one context of one browser, for one source.

A new page for each address costs more than half of the speed, a new context for each four fifths.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError

from lantian.browser.channel import TabLost, first_line
from lantian.browser.launch import is_local, launch, sandbox_for
from lantian.browser.tab import HEIGHT, WIDTH, Tab
from lantian.browser.visit import TABS, BrowserVisit, VisitLimits
from lantian.egress.deny import NONE, Permissions, check_url
from lantian.egress.proxy import USER, EgressProxy
from lantian.egress.resolver import Resolver
from lantian.egress.running import proxy as running_proxy
from lantian.errors import FetchFailed

VISITS_A_TAB = 200
"""After so many visits a tab is made anew, with a new process: pages leak."""


class TabPool:
    """Visits addresses, as many at a time as there are tabs.

    One bad page fails its own visit only: its tab, and if need be the browser, is replaced.
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
        user_agent: str = "",
        limits: VisitLimits | None = None,
    ) -> None:
        self.limits = limits or VisitLimits()
        self._playwright = playwright
        self._program = program
        self._proxy = proxy
        self._permissions = permissions
        self._token = token
        self._sandbox = sandbox
        self._visits_a_tab = visits_a_tab
        self._product = user_agent
        self._browser: Browser | None = None
        self._context: BrowserContext | None = None
        self._making = asyncio.Lock()
        self._waiting = 0
        self._resting: set[asyncio.Task[None]] = set()
        self._free: asyncio.LifoQueue[Tab | None] = asyncio.LifoQueue()
        self._tabs = tabs
        for _ in range(tabs):
            self._free.put_nowait(None)

    async def start(self) -> None:
        """Start the browser now, so that what is wrong with it is known at once."""
        await self._in_context()

    async def visit(
        self,
        url: str,
        *,
        evidence: bool = False,
        texts: Sequence[str] = (),
        limits: VisitLimits | None = None,
    ) -> BrowserVisit:
        """What the browser receives and renders at `url`.

        With `evidence` nothing is left out or taken from the cache, and the visit has a
        screenshot and the places of `texts` on it. Raises `EgressRefused` and `FetchFailed`
        naming the address, `BrowserUnavailable` if there is no browser any more.
        """
        check_url(url, self._permissions)
        self._waiting += 1
        tab = await self._free.get()
        self._waiting -= 1
        try:
            tab = await self._usable(tab)
            visit = await tab.visit(
                url, evidence=evidence, texts=texts, limits=limits or self.limits
            )
        except TabLost as error:
            self._give_back(tab, rest=False)
            raise FetchFailed(
                f"{url} could not be shown: {error}.", hint="Visit it again later."
            ) from error
        except BaseException:
            self._give_back(tab, rest=True)
            raise
        self._give_back(tab, rest=not self._waiting)
        return visit

    def _give_back(self, tab: Tab | None, *, rest: bool) -> None:
        """Let the next visit have the tab; where nobody waits, have it leave its page first."""
        if tab is None or not rest:
            self._free.put_nowait(tab)
            return

        async def rested() -> None:
            try:
                await tab.rest()
            finally:
                self._free.put_nowait(tab)

        task = asyncio.create_task(rested())
        self._resting.add(task)
        task.add_done_callback(self._resting.discard)

    async def clear(self) -> None:
        """Forget cookies, storage and cache: what comes next is another site. Waits for visits."""
        tabs = [await self._free.get() for _ in range(self._tabs)]
        try:
            await self._close_context()
        finally:
            for _ in tabs:
                self._free.put_nowait(None)

    async def close(self) -> None:
        """End the browser."""
        await asyncio.gather(*self._resting)
        await self._close_context()
        if self._browser is not None:
            browser, self._browser = self._browser, None
            with suppress(PlaywrightError):
                await browser.close()

    async def _usable(self, tab: Tab | None) -> Tab:
        """The tab, or a new one in its place."""
        context = await self._in_context()
        if tab is not None and (
            tab.lost or tab.visits >= self._visits_a_tab or tab.page.context is not context
        ):
            await tab.close()
            tab = None
        if tab is not None:
            return tab
        try:
            return await Tab.open(context, self._proxy)
        except PlaywrightError as error:
            raise FetchFailed(
                f"the browser opened no tab: {first_line(error)}.", hint="Try again later."
            ) from error

    async def _in_context(self) -> BrowserContext:
        """The context of a browser that runs."""
        async with self._making:
            if self._browser is None or not self._browser.is_connected():
                self._context = None
                self._browser = await self._launched()
            if self._context is None:
                self._context = await self._browser.new_context(
                    accept_downloads=False,
                    service_workers="block",
                    locale="zh-CN",
                    timezone_id="Asia/Shanghai",
                    viewport={"width": WIDTH, "height": HEIGHT},
                    reduced_motion="reduce",
                    user_agent=await self._user_agent(self._browser),
                )
            return self._context

    async def _launched(self) -> Browser:
        return await launch(
            self._playwright,
            self._program,
            proxy={"server": self._proxy.url, "username": USER, "password": self._token},
            sandbox=self._sandbox,
        )

    async def _user_agent(self, browser: Browser) -> str | None:
        """What the browser calls itself, and then what we are."""
        if not self._product:
            return None
        session = await browser.new_browser_cdp_session()
        told = await session.send("Browser.getVersion")
        await session.detach()
        return f"{told['userAgent']} {self._product}"

    async def _close_context(self) -> None:
        if self._context is not None:
            context, self._context = self._context, None
            with suppress(PlaywrightError):
                await context.close()


@asynccontextmanager
async def browsing(
    program: Path,
    *,
    urls: Sequence[str],
    resolver: Resolver,
    permissions: Permissions = NONE,
    root_allowed: bool = False,
    tabs: int = TABS,
    visits_a_tab: int = VISITS_A_TAB,
    user_agent: str = "",
    limits: VisitLimits | None = None,
) -> AsyncIterator[TabPool]:
    """A pool of tabs for the source at `urls`, with its own proxy, while the block runs.

    Local sites run without Chromium's sandbox and reach nothing but the hosts that the source was
    permitted, so that none of them can lead the browser out. Raises `BrowserUnavailable`.
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
            playwright,
            program,
            proxy,
            permissions,
            token=token,
            sandbox=sandbox,
            tabs=tabs,
            visits_a_tab=visits_a_tab,
            user_agent=user_agent,
            limits=limits,
        )
        await pool.start()
        try:
            yield pool
        finally:
            await pool.close()
