"""What the crawl is measured against: `python -m bench.peers NAME URL`, one process each.

Prints how many pages it fetched and how many fields it read.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

CONCURRENCY = 16
SETTINGS = {
    # The same on both sides; all else is as Scrapy comes.
    "ROBOTSTXT_OBEY": False,
    "AUTOTHROTTLE_ENABLED": False,
    "DOWNLOAD_DELAY": 0,
    "CONCURRENT_REQUESTS": CONCURRENCY,
    "CONCURRENT_REQUESTS_PER_DOMAIN": CONCURRENCY,
    "LOG_LEVEL": "INFO",
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
}


def scrapy_spider(url: str, *, seen_first: bool) -> tuple[int, int]:
    """Pages and fields of a bare spider.

    With `seen_first` it makes a `Request` only of addresses that are new to it; otherwise it
    follows every link, as the tutorial does, and Scrapy's filter drops what it knows.
    """
    from scrapy import Request, Spider
    from scrapy.crawler import CrawlerProcess
    from scrapy.http import TextResponse

    # Scrapy fetches a start address again where a page links to it: pages are counted once.
    titles: dict[str, str | None] = {}

    class Bare(Spider):
        name = "bare"
        start_urls = [url]  # noqa: RUF012
        seen = {url}  # noqa: RUF012  (one spider, one process)

        def parse(  # type: ignore[override]  # every page here is text
            self, response: TextResponse
        ) -> Iterator[Any]:
            title = titles[response.url] = response.css("h1::text").get()
            yield {"url": response.url, "title": title}
            if not seen_first:
                for link in response.css("a::attr(href)"):
                    yield response.follow(link)
                return
            for href in response.css("a::attr(href)").getall():
                address = urljoin(response.url, href)
                if address not in self.seen:
                    self.seen.add(address)
                    yield Request(address)

    process = CrawlerProcess(SETTINGS)
    process.crawl(Bare)
    process.start()
    return len(titles), sum(title is not None for title in titles.values())


def plain_loop(url: str) -> tuple[int, int]:
    """Pages and fields of aiohttp with Lexbor: no retries, no manners, no robots."""
    return asyncio.run(_loop(url))


async def _loop(url: str) -> tuple[int, int]:
    import aiohttp
    from selectolax.lexbor import LexborHTMLParser

    seen, fields, pages = {url}, 0, 0
    queue: asyncio.Queue[str] = asyncio.Queue()
    queue.put_nowait(url)

    async def work(session: aiohttp.ClientSession) -> None:
        nonlocal fields, pages
        while True:
            address = await queue.get()
            async with session.get(address) as response:
                body = await response.read()
            pages += 1
            tree = LexborHTMLParser(body)
            fields += tree.css_first("h1") is not None
            for node in tree.css("a[href]"):
                found = urljoin(address, node.attributes["href"] or "")
                if found not in seen:
                    seen.add(found)
                    queue.put_nowait(found)
            queue.task_done()

    connector = aiohttp.TCPConnector(limit=CONCURRENCY)
    async with aiohttp.ClientSession(connector=connector) as session:
        workers = [asyncio.create_task(work(session)) for _ in range(CONCURRENCY)]
        await queue.join()
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    return pages, fields


def main() -> None:
    """Run the peer that was named."""
    name, url = sys.argv[1:]
    if name == "aiohttp":
        pages, fields = plain_loop(url)
    else:
        pages, fields = scrapy_spider(url, seen_first=name == "bare-seen")
    print(json.dumps({"pages": pages, "fields": fields}))


if __name__ == "__main__":
    main()
