"""One tab: opens an address, waits until the page is there, and takes what it holds."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NoReturn

from playwright.async_api import BrowserContext, Dialog, Page
from playwright.async_api import Error as PlaywrightError

from lantian.browser import scripts
from lantian.browser.answer import body_of, head_of, recoded_head, request_of
from lantian.browser.channel import Channel, Event, TabLost, first_line
from lantian.browser.frames import rendering_of
from lantian.browser.parts import parts_of
from lantian.browser.picture import Picture, pdf_of, picture_of
from lantian.browser.steps import take_steps
from lantian.browser.visit import Box, BrowserVisit, Steps, VisitLimits, headers_of
from lantian.browser.watch import EVENTS, Asked, Watch, is_marked
from lantian.egress.proxy import EgressProxy
from lantian.egress.spelling import read_url
from lantian.errors import EgressRefused, FetchFailed

IMAGES = ("png", "jpg", "jpeg", "gif", "webp", "avif", "bmp", "ico", "svg")
FONTS = ("woff", "woff2", "ttf", "otf", "eot")
MEDIA = ("mp4", "webm", "m4v", "mov", "m3u8", "mp3", "m4a", "ogg", "wav", "flv")
BLOCKED = [f"*.{end}{more}" for end in (*IMAGES, *FONTS, *MEDIA) for more in ("", "?*")]
"""What is not loaded on an ordinary visit, as patterns of addresses: the browser decides by itself,
since being asked about each request costs more than loading it."""

MOST_DIALOGS = 20
ALIVE = "() => true"
_LATE = 2.0
"""Seconds in which Chromium tells what was sent, once the answer is whole."""


class _BrokenOffError(FetchFailed):
    """The main document was broken off: a download is, and so is a page whose tab crashes."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The rendered page and what was made of it."""

    dom: bytes
    charset: str
    unread: int = 0
    boxes: tuple[Box, ...] = ()
    picture: Picture | None = None


class Tab:
    """A tab of a context."""

    def __init__(self, channel: Channel, proxy: EgressProxy) -> None:
        self.page = channel.page
        self.visits = 0
        self._channel = channel
        self._proxy = proxy
        self._watch = Watch(channel.frame_id)
        for method in EVENTS:
            channel.listen(method, self._taker(method))
        self.page.on("dialog", self._dismiss)
        self.page.on("popup", self._close_popup)
        self.page.on("pageerror", self._count_error)

    @classmethod
    async def open(cls, context: BrowserContext, proxy: EgressProxy) -> "Tab":
        """A new tab in the context."""
        tab = cls(await Channel.open(await context.new_page()), proxy)
        await tab._leave_out(BLOCKED)
        return tab

    @property
    def lost(self) -> bool:
        """Whether the tab can serve no further visit."""
        return self._channel.lost

    async def visit(
        self, url: str, *, evidence: bool, texts: Sequence[str], steps: Steps, limits: VisitLimits
    ) -> BrowserVisit:
        """What the address holds; raises `FetchFailed`, `EgressRefused` or `TabLost`."""
        self.visits += 1
        self._watch = Watch(self._channel.frame_id, keeps=evidence)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(limits.seconds) as clock:
                if evidence:
                    await self._leave_out([])
                await self._open(url, limits)
                settled = await self._settle(limits)
                missing: tuple[str, ...] = ()
                if steps.steps:
                    clock.reschedule(loop.time() + limits.steps_seconds + limits.seconds)
                    missing = await self._take(steps, limits)
                if evidence or steps.steps:
                    clock.reschedule(loop.time() + limits.seconds)
                rendered = await self._rendered(limits, evidence=evidence, texts=texts)
                visit = await self._answer(url, rendered, settled=settled)
                visit = replace(visit, missing=(*missing, *visit.missing))
                return await self._with_parts(visit, rendered, limits) if evidence else visit
        except TimeoutError as error:
            raise FetchFailed(
                f"{url} was not there within {limits.seconds:g} s.",
                hint="Visit it again later, or raise LANTIAN_CRAWL_TIMEOUT.",
            ) from error
        except _BrokenOffError:
            await self._channel.last(self._channel.call(ALIVE))
            if self.lost:  # it was not the document that broke off
                raise TabLost(self._channel.why_lost) from None
            raise
        except PlaywrightError as error:
            raise FetchFailed(f"{url} could not be shown: {first_line(error)}.") from error
        finally:
            if evidence and not self.lost:
                await self._channel.last(self._leave_out(BLOCKED))

    async def rest(self) -> None:
        """Leave the page, so that its scripts do not go on; a tab that cannot is lost."""
        if not self.lost:
            await self._channel.last(self._leave())

    async def _leave(self) -> None:
        await self._channel.ask("Page.navigate", url="about:blank")
        await self._channel.call(ALIVE)  # a page that spins does not answer

    async def close(self) -> None:
        """Close the tab, whatever its page is doing."""
        await self._channel.last(self.page.close())

    async def _open(self, url: str, limits: VisitLimits) -> None:
        opened = await self._channel.ask("Page.navigate", url=url)
        if opened.get("errorText"):
            self._fail(opened["errorText"], url)
        await self._until(lambda: self._whole(url, limits))

    def _whole(self, url: str, limits: VisitLimits) -> bool:
        """Whether the main document is there; raises if it never will be."""
        watch, main = self._watch, self._watch.main
        if len(watch.redirects) > limits.redirects:
            raise FetchFailed(
                f"{url} leads on more than {limits.redirects} times, last to {watch.redirects[-1]}."
            )
        if watch.dialogs > MOST_DIALOGS:
            raise FetchFailed(f"{url} opens one dialog after the other.")
        if main is None:
            return False
        if main.error:
            self._fail(main.error, url)
        if main.response is not None and is_marked(main.response):
            self._raise_if_refused(main.url)
        if max(main.received, _announced(main.response)) > limits.max_bytes:
            raise FetchFailed(f"{main.url} is larger than {limits.max_bytes:,} bytes.")
        if watch.received > limits.page_bytes:
            raise FetchFailed(f"{url} loads more than {limits.page_bytes:,} bytes.")
        return main.finished

    async def _settle(self, limits: VisitLimits) -> bool:
        """Whether the page came to rest: nothing loads, nothing changes."""
        try:
            async with asyncio.timeout(limits.settle_seconds):
                while not await self._is_quiet(limits):
                    pass
                return True
        except TimeoutError:
            return False

    async def _is_quiet(self, limits: VisitLimits) -> bool:
        """Whether nothing happened for as long as it takes to say so."""
        await self._until(lambda: self._whole(self._shown(), limits) and self._watch.idle())
        main, received = self._watch.main, self._watch.received
        try:
            await self._channel.call(scripts.QUIET, limits.quiet_seconds)
        except PlaywrightError:
            return False  # it went on to another document
        self._whole(self._shown(), limits)
        return self._watch.main is main and self._watch.received == received and self._watch.idle()

    async def _rendered(
        self, limits: VisitLimits, *, evidence: bool, texts: Sequence[str]
    ) -> Rendered:
        """The rendered page; where it goes on to another document meanwhile, that one."""
        while True:
            main = self._watch.main
            try:
                return await self._render(limits, evidence=evidence, texts=texts)
            except PlaywrightError:
                if self._watch.main is main:
                    raise
            await self._settle(limits)  # which raises if it leads on too often

    async def _render(
        self, limits: VisitLimits, *, evidence: bool, texts: Sequence[str]
    ) -> Rendered:
        if evidence:
            await self._channel.call(scripts.SCROLL, limits.screenshot_height)
            await self._settle(limits)
        found = await rendering_of(self._channel, limits.max_bytes, self._watch.refused_frames)
        if found.html is None:
            raise FetchFailed(
                f"{self._shown()} renders to more than {limits.max_bytes:,} characters."
            )
        dom = found.html.encode("utf-8", "replace")
        if not evidence:
            return Rendered(dom, found.charset, found.unread)
        places = await self._channel.call(scripts.BOXES, list(texts)) if texts else []
        picture = await picture_of(self._channel, limits, self._shown())
        boxes = tuple(Box(text, *(at * picture.scale for at in place)) for text, *place in places)
        return Rendered(dom, found.charset, found.unread, boxes, picture)

    async def _take(self, steps: Steps, limits: VisitLimits) -> tuple[str, ...]:
        self._whole(self._shown(), limits)
        return await take_steps(
            steps, self._channel, limits, idle=self._watch.idle, settle=self._settle
        )

    async def _with_parts(
        self, visit: BrowserVisit, rendered: Rendered, limits: VisitLimits
    ) -> BrowserVisit:
        """The visit with a PDF, and with what the page loaded."""
        missing = list(visit.missing)
        pdf = await pdf_of(self._channel, limits.max_bytes)
        if pdf is None:
            missing.append("there is no PDF of it")
        asked = list(self._watch.parts.values())
        parts, lacking = await parts_of(asked, self._channel, self._proxy, limits, rendered.charset)
        if lacking:
            missing.append(f"{lacking} of what it loaded could not be kept")
        return replace(visit, pdf=pdf, parts=parts, missing=tuple(missing))

    async def _answer(self, url: str, rendered: Rendered, *, settled: bool) -> BrowserVisit:
        watch, main = self._watch, self._watch.main
        if main is None or main.response is None or not main.finished:
            raise FetchFailed(f"{url} gave no whole answer.")
        told = await self._channel.ask("Network.getResponseBody", requestId=main.request_id)
        body = body_of(main, told, rendered.charset)
        head = head_of(main, main.response)
        if body.recoded:
            head = recoded_head(head)
        sent = await self._sent(main)
        target = read_url(main.url)
        picture = rendered.picture
        return BrowserVisit(
            url=url,
            final_url=main.url,
            status=int(main.response["status"]),
            raw_head=head,
            headers=headers_of(head),
            raw_request=request_of(main, sent),
            from_cache=sent is None,
            body=body.data,
            recoded=body.recoded,
            dom=rendered.dom,
            screenshot=picture.png if picture else None,
            scale=picture.scale if picture else 1.0,
            cut=picture.cut if picture else False,
            boxes=rendered.boxes,
            remote_ip=self._proxy.ip_of(target.host, target.port),
            redirects=tuple(watch.redirects),
            settled=settled,
            blocked=watch.blocked,
            refused=watch.refused,
            failed=watch.failed,
            dialogs=watch.dialogs,
            popups=watch.popups,
            script_errors=watch.script_errors,
            received_bytes=watch.received,
            missing=(f"{rendered.unread} of its frames could not be read",)
            if rendered.unread
            else (),
        )

    async def _sent(self, main: Asked) -> Event | None:
        """What went over the wire for the main document; none where its answer was cached."""
        with suppress(TimeoutError):
            async with asyncio.timeout(0 if _cached(main.response) else _LATE):
                await self._until(lambda: self._watch.sent_by(main) is not None)
        return self._watch.sent_by(main)

    def _fail(self, error: str, url: str) -> NoReturn:
        """Raise for a main document that could not be had."""
        asked = self._watch.main.url if self._watch.main is not None else url
        self._raise_if_refused(asked)
        if error == "net::ERR_ABORTED":
            raise _BrokenOffError(f"{asked} is no page but a download, which is not taken.")
        raise FetchFailed(f"{asked} could not be fetched: {error.removeprefix('net::')}.")

    def _raise_if_refused(self, url: str) -> None:
        """Raise what the proxy found wrong with the address, if it did."""
        try:
            target = read_url(url)
        except EgressRefused:
            return  # data: and the like, which never reached it
        error = self._proxy.error_of(target.host, target.port)
        if error is not None:
            raise error

    async def _leave_out(self, patterns: Sequence[str]) -> None:
        """Load nothing of these addresses; where that is everything, take nothing from a cache."""
        await self._channel.ask("Network.setBlockedURLs", urls=list(patterns))
        await self._channel.ask("Network.setCacheDisabled", cacheDisabled=not patterns)

    async def _until(self, done: Callable[[], bool]) -> None:
        """Return once `done`, looking again whenever the network moved."""
        while not done():
            self._watch.changed.clear()
            await self._channel.guard(self._watch.changed.wait())

    def _shown(self) -> str:
        return self._watch.main.url if self._watch.main is not None else "the page"

    def _taker(self, method: str) -> Callable[[Event], None]:
        return lambda event: self._watch.take(method, event)

    async def _dismiss(self, dialog: Dialog) -> None:
        self._watch.dialogs += 1
        self._watch.changed.set()
        with suppress(PlaywrightError):  # its page may have gone on
            await (dialog.accept() if dialog.type == "beforeunload" else dialog.dismiss())

    async def _close_popup(self, popup: Page) -> None:
        self._watch.popups += 1
        with suppress(PlaywrightError):  # it may have closed itself
            await popup.close()

    def _count_error(self, _error: object) -> None:
        self._watch.script_errors += 1


def _cached(response: Event | None) -> bool:
    """Whether an answer came out of the browser's own cache."""
    return bool((response or {}).get("fromDiskCache") or (response or {}).get("fromPrefetchCache"))


def _announced(response: Event | None) -> int:
    """The length that an answer announces."""
    fields = {name.lower(): value for name, value in (response or {}).get("headers", {}).items()}
    length = fields.get("content-length", "")
    return int(length) if length.isdecimal() else 0
