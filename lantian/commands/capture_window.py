"""A browser window in which a person opens a page that a crawl cannot see."""

import asyncio
import os
import secrets
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Frame, Page, Response, async_playwright
from playwright.async_api import Error as PlaywrightError

from lantian.browser.find import find_chromium
from lantian.browser.launch import is_local, launch, sandbox_for
from lantian.egress.deny import Permissions, check_url
from lantian.egress.proxy import USER
from lantian.egress.resolver import Resolver
from lantian.egress.running import proxy
from lantian.errors import BrowserUnavailable, FetchFailed
from lantian.settings import Settings

_HOP = frozenset({"connection", "keep-alive", "transfer-encoding"})
BY_FILE = (
    "Open the page in a browser of your own, save it there (as one file, MHTML, or as a complete"
    " page), and give the file: lantian capture URL --file saved.mhtml"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """The page that the window showed when the person said that it was there."""

    url: str
    status: int
    raw_head: bytes
    body: bytes
    dom: bytes
    screenshot: bytes | None


def require_display(environment: Mapping[str, str] = os.environ) -> None:
    """Nothing, where a window can be opened; raises `BrowserUnavailable` saying what to do else."""
    if sys.platform.startswith("linux") and not (
        environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
    ):
        raise BrowserUnavailable(
            "no window can be opened here: this machine has no display.", hint=BY_FILE
        )


async def show(
    url: str,
    *,
    settings: Settings,
    resolver: Resolver,
    permissions: Permissions,
    ready: Callable[[], Awaitable[None]],
    headless: bool = False,
) -> Shown:
    """What the window shows of `url` once `ready` returns; nothing of it stays in the program.

    Connections are checked as in a crawl. Raises `EgressRefused`, `BrowserUnavailable`, and
    `FetchFailed` where the window was closed or shows no page.
    """
    check_url(url, permissions)
    local = is_local([url], resolver.hosts)
    program: Path = find_chromium(settings.chromium)
    sandbox = sandbox_for(local=local, root_allowed=settings.browser_as_root)
    permissions = replace(permissions, only=True) if local else permissions
    token = secrets.token_urlsafe(24)
    async with (
        proxy(resolver, permissions, token=token) as door,
        async_playwright() as playwright,
    ):
        browser: Browser = await launch(
            playwright,
            program,
            proxy={"server": door.url, "username": USER, "password": token},
            sandbox=sandbox,
            headless=headless,
        )
        try:
            context = await browser.new_context(
                accept_downloads=False,
                service_workers="block",
                locale="zh-CN",
                timezone_id="Asia/Shanghai",
            )
            return await _shown(context, url, ready)
        except PlaywrightError as error:
            raise FetchFailed(
                f"{url} could not be captured: {error.message.splitlines()[0]}.",
                hint="Leave the window open until the command says that it is done.",
            ) from error
        finally:
            with suppress(PlaywrightError):
                await browser.close()


async def _shown(context: BrowserContext, url: str, ready: Callable[[], Awaitable[None]]) -> Shown:
    answers: dict[Page, Response] = {}

    def keep(response: Response) -> None:
        with suppress(PlaywrightError):
            frame: Frame = response.frame
            if response.request.is_navigation_request() and frame == frame.page.main_frame:
                answers[frame.page] = response

    context.on("response", keep)
    first = await context.new_page()
    with suppress(PlaywrightError):
        # What stands there instead is for the person to see.
        await first.goto(url, wait_until="domcontentloaded")
    await ready()
    page = _looked_at(context, first, url)
    answer = answers.get(page)
    if answer is None:
        raise FetchFailed(
            f"{url} could not be captured: the window shows no page of it.",
            hint="Open the page in the window before you go on.",
        )
    dom = (await page.content()).encode("utf-8", "replace")
    picture = None
    with suppress(PlaywrightError):
        picture = await page.screenshot(full_page=True, type="png")
    body = dom
    with suppress(PlaywrightError):
        body = await answer.body()
    return Shown(
        url=page.url,
        status=answer.status,
        raw_head=await _head(answer),
        body=body,
        dom=dom,
        screenshot=picture,
    )


def _looked_at(context: BrowserContext, first: Page, url: str) -> Page:
    """The tab that shows the address, else the one that was opened last."""
    there = [page for page in context.pages if not page.is_closed()]
    if not there:
        raise FetchFailed(
            f"{url} could not be captured: its window was closed.",
            hint="Leave the window open until the command says that it is done.",
        )
    bare = url.partition("#")[0]
    same = [page for page in there if page.url.partition("#")[0] == bare]
    return same[-1] if same else first if first in there else there[-1]


async def _head(answer: Response) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {answer.status_text}".rstrip()]
    for field in await answer.headers_array():
        # What would let others in under the log-in of this person is kept by nobody.
        if field["name"].lower() not in _HOP and field["name"].lower() != "set-cookie":
            value = " ".join(field["value"].splitlines())
            lines.append(f"{field['name']}: {value}")
    return "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n\r\n"


async def until_enter() -> None:
    """Return when the person has pressed Enter."""
    await asyncio.to_thread(sys.stdin.readline)
