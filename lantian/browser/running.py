"""One running Chromium: a context for each site, its memory, and its end."""

import asyncio
import logging
import os
import signal
from collections import Counter
from contextlib import suppress

from playwright.async_api import Browser, BrowserContext
from playwright.async_api import Error as PlaywrightError

from lantian.browser.channel import GRACE
from lantian.browser.memory import Memory, memory_of
from lantian.browser.picture import HEIGHT, WIDTH

logger = logging.getLogger(__name__)

CONTEXTS = 8
"""Sites whose cookies and cache are kept at a time, beside those that are just visited."""


class Running:
    """A browser that was started, with the contexts in it."""

    def __init__(self, browser: Browser, pid: int, user_agent: str | None) -> None:
        self.pid = pid
        self.visits = 0
        self.browser = browser
        self._user_agent = user_agent
        self.contexts: dict[str, BrowserContext] = {}
        self._used: Counter[str] = Counter()
        self._making = asyncio.Lock()

    @classmethod
    async def of(cls, browser: Browser, product: str) -> "Running":
        """What is known of a browser; it calls itself as it does, and then `product`."""
        session = await browser.new_browser_cdp_session()
        told = await session.send("SystemInfo.getProcessInfo")
        pid = next(int(one["id"]) for one in told["processInfo"] if one["type"] == "browser")
        agent = None
        if product:
            version = await session.send("Browser.getVersion")
            agent = f"{version['userAgent']} {product}"
        await session.detach()
        return cls(browser, pid, agent)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.browser.is_connected()

    async def context(self, site: str) -> BrowserContext:
        """The context of a site, with nothing of any other in it."""
        async with self._making:
            context = self.contexts.pop(site, None)
            if context is None:
                await self._make_room()
                context = await self.browser.new_context(
                    accept_downloads=False,
                    service_workers="block",
                    locale="zh-CN",
                    timezone_id="Asia/Shanghai",
                    viewport={"width": WIDTH, "height": HEIGHT},
                    reduced_motion="reduce",
                    user_agent=self._user_agent,
                )
            self.contexts[site] = context  # the last used is the last
            return context

    def use(self, site: str) -> None:
        """A visit of the site begins."""
        self._used[site] += 1

    def release(self, site: str) -> None:
        """A visit of the site has ended."""
        self._used[site] -= 1

    async def _make_room(self) -> None:
        idle = [site for site in self.contexts if not self._used[site]]
        for site in idle[: max(0, len(self.contexts) + 1 - CONTEXTS)]:
            with suppress(PlaywrightError):
                await self.contexts.pop(site).close()

    async def clear(self) -> None:
        """Forget cookies, storage and cache of all sites."""
        while self.contexts:
            _, context = self.contexts.popitem()
            with suppress(PlaywrightError):
                await context.close()

    async def memory(self) -> Memory | None:
        """What all its processes hold, where the system tells."""
        return await asyncio.to_thread(memory_of, self.pid)

    async def close(self) -> None:
        """End it, kindly if it listens."""
        try:
            async with asyncio.timeout(GRACE):
                await self.browser.close()
        except (TimeoutError, PlaywrightError):
            self.kill()

    def kill(self) -> None:
        """End it, whatever it is doing; all its processes go with it."""
        if self.alive:
            logger.warning("Chromium does not answer and is ended")
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def kill_page(self, pid: int) -> None:
        """End the process of a page: its tab crashes, and no other."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
