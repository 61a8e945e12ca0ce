"""A writer that does not keep up: Scrapy fetches no more, and nothing is lost."""

import signal
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import psutil

from crawler.outlet import BATCH, MOST_WAITING
from tests.services.loopback import Installation, Page, Site

PAGES = 199
AT_ONCE = 20
"""Answers that Scrapy may have in hand beside those that wait for the writer."""


def test_while_the_writer_stands_still_only_so_many_pages_are_fetched(
    installation: Installation, site: Callable[..., Site]
) -> None:
    installation.more["LANTIAN_WRITER"] = "process"
    shop = site(
        {f"/p/{number}": Page(f"<h1>商品</h1><p>第{number}号</p>") for number in range(PAGES)}
    )

    def stop_writer(request: BaseHTTPRequestHandler) -> None:
        writer_of(command.pid).send_signal(signal.SIGSTOP)
        body = "".join(f"<a href=/p/{number}>{number}</a>" for number in range(PAGES)).encode()
        request.send_response(200)
        request.send_header("Content-Type", "text/html")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    shop.pages["/"] = Page(stream=stop_writer)
    # Scrapy counts an answer as 1,024 bytes at least; its own limit is 5 MB.
    limit = f"SCRAPER_SLOT_MAX_ACTIVE_SIZE={AT_ONCE * 1024}"
    command = installation.start("crawl", shop.url(), "--allow", shop.place, "-s", limit)

    wait_until(lambda: len(shop.asked) >= MOST_WAITING)
    wait_until_quiet(lambda: len(shop.asked))
    fetched = len(shop.asked) - 1  # robots.txt
    writer_of(command.pid).send_signal(signal.SIGCONT)
    status = command.wait(120)

    # A batch more may be full when the third is not yet sent; two requests are on their way.
    assert MOST_WAITING <= fetched <= MOST_WAITING + BATCH + AT_ONCE + 2
    assert status == 0
    assert installation.rows("select count(*), count(distinct page_id) from observation") == [
        (PAGES + 1, PAGES + 1)
    ]
    assert len(shop.asked) == PAGES + 2


def writer_of(pid: int) -> psutil.Process:
    """The writer of the crawl that this command runs."""
    (found,) = (
        process
        for process in psutil.Process(pid).children(recursive=True)
        if "crawler.writer" in process.cmdline()
    )
    return found


def wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def wait_until_quiet(count: Callable[[], int]) -> None:
    """Return when nothing more comes: a crawl without pressure would come to its last page."""
    unchanged, last = 0, -1
    while unchanged < 30:
        unchanged, last = (unchanged + 1, last) if count() == last else (0, count())
        time.sleep(0.05)
