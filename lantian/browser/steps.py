"""The steps of a visit: waiting for an element, clicking, scrolling, until nothing more comes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from playwright.async_api import Error as PlaywrightError

from lantian.browser import scripts
from lantian.browser.channel import Channel
from lantian.browser.visit import Step, Steps, VisitLimits

Idle = Callable[[], bool]
Settle = Callable[[VisitLimits], Awaitable[bool]]


async def take_steps(
    steps: Steps, channel: Channel, limits: VisitLimits, *, idle: Idle, settle: Settle
) -> tuple[str, ...]:
    """What of the steps could not be done, in clauses; the page is at rest when this returns.

    `idle` says whether the network is, `settle` waits until the page is.
    """
    missing = [why async for why in _taken(steps, channel, limits, idle=idle, settle=settle) if why]
    return tuple(missing)


async def _taken(
    steps: Steps, channel: Channel, limits: VisitLimits, *, idle: Idle, settle: Settle
) -> AsyncIterator[str]:
    going = _Going(channel, limits, idle, settle, steps.pause)
    try:
        async with asyncio.timeout(limits.steps_seconds):
            for step in steps.steps:
                yield await going.take(step)
    except TimeoutError:
        yield f"its steps were broken off after {limits.steps_seconds:g} s"


class _Going:
    """The steps of one visit, one after the other."""

    def __init__(
        self, channel: Channel, limits: VisitLimits, idle: Idle, settle: Settle, pause: float
    ) -> None:
        self._channel = channel
        self._limits = limits
        self._idle = idle
        self._settle = settle
        self._pause = pause
        self._next = 0.0

    async def take(self, step: Step) -> str:
        """What of the step could not be done, if anything."""
        if step.wait:
            if await self._grown(step.wait, 0):
                return ""
            return f"it has no {step.wait}"
        for time in range(step.times):
            before = await self._much(step.items)
            if step.items and before >= step.until:
                return ""
            if not await self._done(step):
                return "" if time else f"it has no {step.click or step.scroll}"
            if not await self._grown(step.items, before):
                return ""
            await self._settle(self._limits)
        return f"there was more after {step.times} times of {step.click or step.scroll}"

    async def _much(self, css: str) -> float:
        return float(await self._channel.call(scripts.MUCH, css))

    async def _done(self, step: Step) -> bool:
        """Click or scroll, politely long after the last time; whether there was what."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._next - loop.time()))
        self._next = loop.time() + self._pause
        script = scripts.CLICK if step.click else scripts.TO_THE_END
        return bool(await self._channel.call(script, step.click or step.scroll))

    async def _grown(self, css: str, before: float) -> bool:
        """Whether more came, before nothing was under way any more for a while."""
        while True:
            try:
                if await self._channel.call(scripts.GROWN, css, before, self._limits.patience):
                    return True
            except PlaywrightError:  # it went on to another document
                return False
            if self._idle():
                return False
