"""The line to one tab of Chromium: asks it, runs functions in its page, notices that it is lost."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from playwright.async_api import CDPSession, Page
from playwright.async_api import Error as PlaywrightError

T = TypeVar("T")
Event = dict[str, Any]

WORLD = "lantian"
GRACE = 5.0
"""Seconds in which a tab answers on the way out; one that does not is lost."""


class TabLost(Exception):
    """The tab can serve no further visit; the message says why."""


class Channel:
    """A tab's line. Its methods raise `TabLost` as soon as the tab is."""

    def __init__(self, page: Page, cdp: CDPSession, frame_id: str) -> None:
        self.page = page
        self.frame_id = frame_id
        self._cdp = cdp
        self._lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        page.on("crash", lambda _: self.lose("its tab crashed"))
        page.on("close", lambda _: self.lose("its tab was closed"))

    @classmethod
    async def open(cls, page: Page) -> "Channel":
        """The line to a page."""
        cdp = await page.context.new_cdp_session(page)
        await cdp.send("Network.enable")
        await cdp.send("Page.enable")
        tree = await cdp.send("Page.getFrameTree")
        return cls(page, cdp, tree["frameTree"]["frame"]["id"])

    @property
    def lost(self) -> bool:
        """Whether the tab is gone, or does not answer."""
        return self._lost.done()

    @property
    def why_lost(self) -> str:
        """Why it is lost."""
        return self._lost.result() if self._lost.done() else "its tab was closed"

    def lose(self, why: str) -> None:
        """Say that the tab is of no use any more."""
        if not self._lost.done():
            self._lost.set_result(why)

    def listen(self, method: str, take: Callable[[Event], None]) -> None:
        """Have `take` called with each event of that name."""
        self._cdp.on(method, take)

    async def ask(self, method: str, **arguments: Any) -> Event:
        """What Chromium answers."""
        return await self.guard(self._cdp.send(method, arguments))

    async def call(self, function: str, *arguments: object, frame_id: str = "") -> Any:
        """The result of a function that runs in a frame (the main one), in a world of our own."""
        return (await self._run(function, arguments, frame_id, by_value=True)).get("value")

    async def frame_within(self, function: str, *arguments: object, frame_id: str) -> str:
        """The id of the frame whose element a function finds in another frame; empty: none of ours.

        A frame in a process of its own is none of this tab.
        """
        found = await self._run(function, arguments, frame_id, by_value=False)
        told = await self.ask("DOM.describeNode", objectId=found["objectId"])
        return str(told["node"].get("frameId", ""))

    async def _run(
        self, function: str, arguments: Sequence[object], frame_id: str, *, by_value: bool
    ) -> Event:
        frame_id = frame_id or self.frame_id
        world = await self.ask("Page.createIsolatedWorld", frameId=frame_id, worldName=WORLD)
        told = await self.ask(
            "Runtime.callFunctionOn",
            functionDeclaration=function,
            executionContextId=world["executionContextId"],
            arguments=[{"value": value} for value in arguments],
            awaitPromise=True,
            returnByValue=by_value,
        )
        if "exceptionDetails" in told:
            raise PlaywrightError(f"it broke a look at it: {told['exceptionDetails']['text']}")
        result: Event = told["result"]
        return result

    async def guard(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, or `TabLost` if the tab is lost before."""
        task = asyncio.ensure_future(work)
        waited: set[asyncio.Future[Any]] = {task, self._lost}
        try:
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise TabLost(self.why_lost)
        except PlaywrightError as error:
            if self.lost or self.page.is_closed():
                raise TabLost(self.why_lost) from error
            raise
        finally:
            task.cancel()

    async def last(self, work: Coroutine[Any, Any, object]) -> None:
        """Do this on the way out; a tab that does not answer is lost."""
        try:
            async with asyncio.timeout(GRACE):
                await work
        except TimeoutError:
            self.lose("it does not answer")
        except (PlaywrightError, TabLost) as error:
            self.lose(first_line(error))


def first_line(error: Exception) -> str:
    """What the error says, without the rest that Playwright adds."""
    return str(error).strip().partition("\n")[0]
