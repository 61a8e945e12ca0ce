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
from lantian.browser.running import CONTEXTS
from lantian.browser.visit import VisitLimits
from lantian.egress.deny import Permissions
from lantian.egress.resolver import Resolver
from lantian.errors import EgressRefused, FetchFailed
from tests.browser.conftest import only_context
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
        limits=VisitLimits(seconds=60, quiet_seconds=0.05),
        **options,
    ) as pool:
        yield pool


def test_a_tab_is_made_anew_after_so_many_visits(chromium_path: Path, shop: Site) -> None:
    async def visits() -> list[int]:
        async with pool_for(chromium_path, shop, tabs=1, visits_a_tab=3) as pool:
            pages = []
            for n in range(7):
                await pool.visit(f"{shop.url}/{n}")
                context = only_context(pool)
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
            context = only_context(pool)
            return len(context.pages)

    assert asyncio.run(visits()) == 4


def test_a_browser_that_dies_is_started_again(chromium_path: Path, shop: Site) -> None:
    async def visits() -> None:
        async with pool_for(chromium_path, shop, tabs=2) as pool:
            await pool.visit(f"{shop.url}/1")
            running = pool.running
            assert running is not None
            gone = asyncio.Event()
            running.browser.on("disconnected", lambda _: gone.set())
            os.kill(running.pid, signal.SIGKILL)
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


def test_a_browser_is_started_anew_after_so_many_visits(chromium_path: Path, shop: Site) -> None:
    async def visits() -> tuple[list[int], int]:
        async with pool_for(chromium_path, shop, tabs=2, visits_a_browser=4) as pool:
            results = await asyncio.gather(*(pool.visit(f"{shop.url}/{n}") for n in range(10)))
            return [visit.status for visit in results], len(pool.renewals)

    statuses, renewals = asyncio.run(visits())
    assert statuses == [200] * 10
    assert 1 <= renewals <= 2


def test_a_browser_over_its_memory_is_started_anew_and_no_visit_fails(
    chromium_path: Path, shop: Site
) -> None:
    async def visits() -> None:
        async with pool_for(chromium_path, shop, tabs=2, look=0.1) as pool:
            await asyncio.gather(*(pool.visit(f"{shop.url}/{n}") for n in range(4)))
            assert pool.running is not None
            first, held = pool.running.pid, await pool.running.memory()
            assert held is not None
            assert held.total > 10_000_000
            pool.memory = int(held.total * 0.8)
            async with asyncio.timeout(120):
                while not pool.renewals:
                    await asyncio.gather(*(pool.visit(f"{shop.url}/{n}") for n in range(4)))
            assert "MB" in pool.renewals[0]
            pool.memory = 10**12
            assert (await pool.visit(f"{shop.url}/1")).status == 200
            assert pool.running.pid != first

    asyncio.run(visits())


def test_a_page_that_takes_all_memory_is_ended_and_no_other(
    chromium_path: Path, shop: Site
) -> None:
    script = "const all = []; setInterval(() => all.push(new Uint8Array(2e7).fill(7)), 10)"
    shop.pages["/swallows"] = (200, HTML, f"<p>x</p><script>{script}</script>".encode())

    async def visits() -> None:
        async with pool_for(chromium_path, shop, tabs=2, look=0.1) as pool:
            await pool.visit(f"{shop.url}/1")
            assert pool.running is not None
            held = await pool.running.memory()
            assert held is not None
            pool.memory = held.total + 200_000_000
            limits = VisitLimits(seconds=100, settle_seconds=90, quiet_seconds=80)
            bad = asyncio.create_task(pool.visit(f"{shop.url}/swallows", limits=limits))
            others = [await pool.visit(f"{shop.url}/{n}") for n in range(3)]
            with pytest.raises(FetchFailed, match="crashed"):
                await bad
            assert [visit.status for visit in others] == [200] * 3
            assert (await pool.visit(f"{shop.url}/1")).status == 200

    asyncio.run(visits())


def test_a_browser_that_hangs_is_ended_and_another_started(chromium_path: Path, shop: Site) -> None:
    async def visits() -> None:
        async with pool_for(chromium_path, shop, tabs=1) as pool:
            await pool.visit(f"{shop.url}/1")
            assert pool.running is not None
            os.kill(pool.running.pid, signal.SIGSTOP)
            while not pool.renewals:
                with pytest.raises(FetchFailed):
                    await pool.visit(f"{shop.url}/2", limits=VisitLimits(seconds=1))
            assert pool.renewals == ["it did not answer"]
            assert (await pool.visit(f"{shop.url}/3")).status == 200

    asyncio.run(visits())


def test_each_site_has_cookies_of_its_own_and_tabs_stay_as_many(
    chromium_path: Path, shop: Site
) -> None:
    shop.pages["/cookie"] = (200, {**HTML, "Set-Cookie": "name=value; Path=/"}, b"<p>c</p>")

    async def visits() -> list[str | None]:
        async with pool_for(chromium_path, shop, tabs=2) as pool:
            sent = []
            await pool.visit(f"{shop.url}/cookie", site="a")
            for site in ("b", "a", *map(str, range(7))):
                await pool.visit(f"{shop.url}/1", site=site)
                sent.append(shop.asked[-1].fields.get("Cookie"))
            assert pool.running is not None
            contexts = pool.running.contexts.values()
            assert sum(len(context.pages) for context in contexts) <= 2
            assert len(contexts) <= CONTEXTS
            return sent

    assert asyncio.run(visits()) == [None, "name=value", *[None] * 7]
