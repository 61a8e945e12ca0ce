"""The figure `browser`: pages a second through Chromium, beside raw Playwright, and its memory.

The site draws its pages by script: forty cards from one JSON answer, with pictures. All sides use
four reused tabs in one context, load no pictures, and are done with a page when its last card is
there; each side's HTML is counted. Raw Playwright is told what to wait for, by a selector; it does
so once more without being told, by its own "networkidle", as a crawler of any site must. Lantian
knows no selector either: it waits until network and DOM are quiet. Its first side is the child that
a worker starts for a crawl, on a fresh store, with all that it does of each page; its second the
pool of tabs alone, behind its egress proxy. The clock goes from the first request until the last
process of the side is gone.

Then one browser opens many pages, and the proportional set size (PSS) of all its processes in the
first quarter is held against that in the last.

    python -m bench.browser SIDE URL PAGES
"""

import asyncio
import base64
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import side
from bench.crawl import claimed, crawl, timed, variables
from bench.nginx import Served, serving
from lantian.browser.find import find_chromium
from lantian.browser.visit import TABS
from lantian.settings import load_settings

if TYPE_CHECKING:
    from lantian.browser.pool import TabPool

PAGES, CARDS = 200, 40
QUICK_PAGES = 12
LONG, QUICK_LONG = 2_000, 24
"""Pages over which the memory is looked at."""
LOOK = 10
"""Pages between two looks at it."""
GOAL, GOAL_FLAT = 0.9, 1.1
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
) + bytes(11_000)
PAGE = """\
<!doctype html><html lang=zh><meta charset=utf-8><title>{number}</title>
<style>.card {{float: left; width: 200px; margin: 8px; border: 1px solid #ccc}}</style>
<h1>商标 {number}</h1><main></main>{links}
<script>
fetch("/data/{number}.json").then((answer) => answer.json()).then((cards) => {{
  const main = document.querySelector("main");
  cards.forEach((card, n) => {{
    const one = document.createElement("div");
    one.className = "card card-" + (n + 1);
    one.innerHTML = `<img src="/picture-${{n % 8}}.png" width=120 height=80><h2>${{card.title}}</h2>
      <p>${{card.text}}</p><b>${{card.price}}元</b>`;
    main.append(one);
  }});
}});
</script></html>
"""
PROFILE = """\
name: bench-browser
kind: shop
hosts: [127.0.0.1]
start: ["{url}p/0.html"]
browser: "yes"
manners: {{delay: 0, concurrency: {tabs}}}
budget: {{pages: 100000, depth: 1000}}
links:
  - {{role: listing, css: a.page}}
documents:
  - kind: listing
    key: {{url: "/p/{{id}}.html"}}
    title: h1
    text: main
    fields: {{last: .card-{cards} h2}}
    required: [key, title, text, last]
"""

Sample = dict[str, Any]


def run(*, rounds: int = 3, quick: bool = False) -> dict[str, Any]:
    """Raw samples of each side: pages, pages a second, CPU seconds, MB; then MB over many pages."""
    pages = QUICK_PAGES if quick else PAGES
    with serving() as served:
        write(served.site, pages)
        sides: dict[str, Callable[[], Sample]] = {
            "lantian": lambda: _lantian(served),
            **{name: _of(name, served, pages) for name in ("pool", "raw", "networkidle")},
        }
        samples: dict[str, list[Sample]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, one in sides.items():
                sample = one()
                if (sample["pages"], sample["cards"]) != (pages, pages * CARDS):
                    raise RuntimeError(
                        f"{name}: {sample['pages']} pages and {sample['cards']} cards instead of"
                        f" {pages} and {pages * CARDS}"
                    )
                samples[name].append(sample)
        memory = asyncio.run(_memory(served.url, pages, QUICK_LONG if quick else LONG))
    return {
        "pages": pages,
        "tabs": TABS,
        "goal": GOAL,
        "goal_flat": GOAL_FLAT,
        "samples": samples,
        "memory": memory,
    }


def write(folder: Path, pages: int) -> None:
    """Write the site: pages that a script fills, what it fills them with, pictures."""
    for name in ("p", "data"):
        (folder / name).mkdir(exist_ok=True)
    for number in range(8):
        (folder / f"picture-{number}.png").write_bytes(PICTURE)
    for number in range(pages):
        near = range(number + 1, min(number + 11, pages))
        links = "".join(f'<a class=page href="/p/{one}.html">{one}</a> ' for one in near)
        (folder / "p" / f"{number}.html").write_text(PAGE.format(number=number, links=links))
        cards = [
            {"title": f"服务 {number}-{n}", "text": "代办商标注册，资料齐全。" * 4, "price": n * 10}
            for n in range(1, CARDS + 1)
        ]
        (folder / "data" / f"{number}.json").write_text(json.dumps(cards, ensure_ascii=False))


def _of(name: str, served: Served, pages: int) -> Callable[[], Sample]:
    def once() -> Sample:
        with tempfile.TemporaryDirectory(prefix="lantian-bench-") as folder:
            command = [sys.executable, "-m", "bench.browser", name, served.url, str(pages)]
            served.forget()
            ran = side.run(command, environment=variables(), log=Path(folder) / "log")
            return timed(json.loads(ran.output), ran, served)

    return once


def _lantian(served: Served) -> Sample:
    folder = Path(tempfile.mkdtemp(prefix="lantian-bench-", dir=served.folder))
    try:
        environment = variables(folder)
        profile = PROFILE.format(url=served.url, tabs=TABS, cards=CARDS)
        claim = claimed(served, folder, environment, profile)
        served.forget()
        ran = crawl(claim, folder, environment)
        return timed(_stored(folder), ran, served)
    finally:
        shutil.rmtree(folder)


def _stored(folder: Path) -> Sample:
    """Pages that the store holds, all of them through the browser, and the cards on them."""
    from sqlalchemy import select

    from lantian.model import Crawl, Document
    from lantian.store.engine import Store

    store = Store(f"sqlite:///{folder / 'data' / 'lantian.sqlite3'}")
    try:
        with store.read() as session:
            crawl_row = session.scalars(select(Crawl)).one()
            texts = session.scalars(select(Document.text)).all()
            if crawl_row.browser_pages != crawl_row.seen or crawl_row.broken:
                raise RuntimeError(f"{crawl_row.broken} pages lack their last card")
            cards = sum(text.count("元") for text in texts)
            return {"pages": crawl_row.seen, "cards": cards}
    finally:
        store.close()


@asynccontextmanager
async def _pool(url: str) -> AsyncIterator["TabPool"]:
    from lantian.browser.pool import browsing
    from lantian.egress.deny import Permissions
    from lantian.egress.resolver import Resolver
    from lantian.egress.spelling import read_url

    place = read_url(url)
    async with browsing(
        find_chromium(load_settings().chromium),
        urls=[url],
        resolver=Resolver(),
        permissions=Permissions.of([(place.host, place.port)]),
        tabs=TABS,
    ) as pool:
        yield pool


async def _through_pool(urls: list[str]) -> int:
    async with _pool(urls[0]) as pool:

        async def html(url: str) -> str:
            return (await pool.visit(url)).dom.decode()

        return await _cards(urls, [html] * TABS)


async def _raw(urls: list[str], *, told: bool) -> int:
    """Playwright without anything of ours but the list of what is not loaded."""
    from playwright.async_api import Page, async_playwright

    from lantian.browser.tab import BLOCKED

    async def reader(page: Page) -> Callable[[str], Awaitable[str]]:
        session = await page.context.new_cdp_session(page)
        await session.send("Network.enable")
        await session.send("Network.setBlockedURLs", {"urls": BLOCKED})

        async def html(url: str) -> str:
            await page.goto(url, wait_until="load" if told else "networkidle")
            if told:
                await page.wait_for_selector(f".card-{CARDS}", state="attached")
            return await page.content()

        return html

    async with async_playwright() as playwright:
        program = find_chromium(load_settings().chromium)
        # The sites are our own: as root Chromium has no sandbox.
        browser = await playwright.chromium.launch(
            executable_path=program, chromium_sandbox=os.geteuid() != 0
        )
        context = await browser.new_context(viewport={"width": 1280, "height": 900})
        readers = [await reader(await context.new_page()) for _ in range(TABS)]
        cards = await _cards(urls, readers)
        await browser.close()
        return cards


async def _cards(urls: list[str], readers: list[Callable[[str], Awaitable[str]]]) -> int:
    """The cards on all pages, each read by whoever is free."""
    waiting = iter(urls)
    cards = 0

    async def read(html: Callable[[str], Awaitable[str]]) -> None:
        nonlocal cards
        for url in waiting:
            text = await html(url)
            cards += text.count('class="card ')

    await asyncio.gather(*map(read, readers))
    return cards


async def _memory(url: str, pages: int, visits: int) -> dict[str, Any]:
    """Medians of the memory in the first and the last quarter of so many visits, and all of it."""
    held: list[float] = []
    renewals: list[str] = []
    async with _pool(url) as pool:
        for first in range(0, visits, LOOK):
            some = range(first, min(first + LOOK, visits))
            await asyncio.gather(*(pool.visit(f"{url}p/{n % pages}.html") for n in some))
            memory = await pool.running.memory() if pool.running is not None else None
            if memory is None:
                raise RuntimeError("this system does not tell the memory of processes")
            held.append(round(memory.total / 1e6, 1))
        renewals = list(pool.renewals)
    quarter = max(1, len(held) // 4)
    return {
        "visits": visits,
        "first_mb": statistics.median(held[:quarter]),
        "last_mb": statistics.median(held[-quarter:]),
        "most_mb": max(held),
        "renewals": len(renewals),
        "held_mb": held,
    }


def _side(name: str, url: str, pages: int) -> None:
    urls = [f"{url}p/{number}.html" for number in range(pages)]
    if name == "pool":
        cards = asyncio.run(_through_pool(urls))
    else:
        cards = asyncio.run(_raw(urls, told=name == "raw"))
    print(json.dumps({"pages": pages, "cards": cards}))


if __name__ == "__main__":
    _side(sys.argv[1], sys.argv[2], int(sys.argv[3]))
