"""The life of tabs and of the browser behind them."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from lantian.browser.pool import TabPool, browsing
from lantian.browser.visit import VisitLimits
from lantian.egress.deny import Permissions
from lantian.egress.resolver import Resolver
from lantian.errors import EgressRefused, FetchFailed
from tests.services import web
from tests.services.web import Site

HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.fixture
def shop() -> Iterator[Site]:
    """A site of ten pages."""
    with web.sites() as start:
        yield start({f"/{n}": (200, HTML, f"<p>商品 {n}</p>".encode()) for n in range(10)})


@asynccontextmanager
async def pool_for(chromium: Path, site: Site, **options: Any) -> AsyncIterator[TabPool]:
    permissions = Permissions.of([(site.ip, site.port)])
    async with browsing(
        chromium,
        urls=[site.url],
        resolver=Resolver(),
        permissions=permissions,
        limits=VisitLimits(seconds=15, quiet_seconds=0.05),
        **options,
    ) as pool:
        yield pool


def test_a_tab_is_made_anew_after_so_many_visits(chromium_path: Path, shop: Site) -> None:
    async def visits() -> list[int]:
        async with pool_for(chromium_path, shop, tabs=1, visits_a_tab=3) as pool:
            pages = []
            for n in range(7):
                await pool.visit(f"{shop.url}/{n}")
                context = pool._context
                assert context is not None
                assert len(context.pages) == 1
                pages.append(id(context.pages[0]))
            return pages

    pages = asyncio.run(visits())
    assert len(set(pages[:3])) == 1
    assert len(set(pages)) == 3


def test_tabs_are_used_again(chromium_path: Path, shop: Site) -> None:
    async def visits() -> int:
        async with pool_for(chromium_path, shop, tabs=4) as pool:
            results = await asyncio.gather(*(pool.visit(f"{shop.url}/{n}") for n in range(10)))
            assert [visit.status for visit in results] == [200] * 10
            context = pool._context
            assert context is not None
            return len(context.pages)

    assert asyncio.run(visits()) == 4


def test_a_browser_that_dies_is_started_again(chromium_path: Path, shop: Site) -> None:
    async def visits() -> None:
        async with pool_for(chromium_path, shop, tabs=2) as pool:
            await pool.visit(f"{shop.url}/1")
            browser = pool._browser
            assert browser is not None
            session = await browser.new_browser_cdp_session()
            told = await session.send("SystemInfo.getProcessInfo")
            main = next(p["id"] for p in told["processInfo"] if p["type"] == "browser")
            gone = asyncio.Event()
            browser.on("disconnected", lambda _: gone.set())
            os.kill(main, signal.SIGKILL)
            await asyncio.wait_for(gone.wait(), 20)
            for n in range(4):
                assert (await pool.visit(f"{shop.url}/{n}")).status == 200

    asyncio.run(visits())


def test_a_visit_that_is_cancelled_gives_its_tab_back(chromium_path: Path, shop: Site) -> None:
    shop.pages["/hangs"] = lambda _request: asyncio.run(asyncio.sleep(3))

    async def visits() -> None:
        async with pool_for(chromium_path, shop, tabs=1) as pool:
            for _ in range(3):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(pool.visit(f"{shop.url}/hangs"), 0.4)
            assert (await pool.visit(f"{shop.url}/1")).status == 200

    asyncio.run(visits())


def test_a_local_site_cannot_lead_the_browser_out(chromium_path: Path, shop: Site) -> None:
    shop.pages["/out"] = (302, {"Location": "https://real.example/"}, b"")

    async def visits() -> None:
        async with pool_for(chromium_path, shop, tabs=1) as pool:
            with pytest.raises(EgressRefused, match=r"real\.example:443 is not connected to"):
                await pool.visit(f"{shop.url}/out")
            with pytest.raises(EgressRefused):
                await pool.visit("https://real.example/")

    asyncio.run(visits())


def test_a_site_that_is_not_there_fails_by_name(
    chromium_path: Path, shop: Site, free_port: int
) -> None:
    async def visits() -> None:
        gone = Site(shop.ip, {}, port=free_port)
        async with pool_for(chromium_path, gone, tabs=1) as pool:
            with pytest.raises(FetchFailed, match=rf"{gone.ip}:{gone.port} does not answer"):
                await pool.visit(f"{gone.url}/1")

    asyncio.run(visits())
