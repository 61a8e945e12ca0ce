"""Several workers on one store: each crawl is one worker's, and a killed one loses nothing."""

import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from sqlalchemy import text

from lantian.clock import SystemClock
from lantian.model import Permission as PermissionRow
from lantian.model import Platform, PlatformHost, Source
from lantian.store import jobs
from lantian.store.engine import Store
from lantian.store.migrate import upgrade
from tests.services import postgres
from tests.services.loopback import Installation, Page, Site, serving

SOURCES, PAGES = 8, 7
PROFILE = """
name: {name}
kind: shop
hosts: [127.0.0.1]
start: ["http://{place}/"]
manners: {{delay: 0, concurrency: {concurrency}}}
links:
  - {{role: listing, css: a}}
documents:
  - {{kind: listing, pages: ["/p/*"], key: "main::attr(data-id)", title: h1, text: main}}
"""
COUNTS = {
    "pages": "select count(*) from page",
    "visits": "select count(*) from observation",
    "captures": "select count(*) from capture",
    "documents": "select count(*) from document",
    "crawls": "select count(*) from crawl",
    "seen": "select sum(seen) from crawl",
    "complete": "select count(*) from crawl where complete",
    "open": "select count(*) from frontier_row where state = 'open'",
    "jobs": "select count(*) from job where kind = 'crawl' and state = 'done'",
    "unfinished": "select count(*) from job where kind = 'crawl' and state <> 'done'",
    "days": "select sum(pages) from source_day",
}
LEASED = "select count(*) from job where kind = 'crawl' and state = 'leased'"
SETTINGS = {"LANTIAN_WRITER": "inline", "LANTIAN_LOG_LEVEL": "INFO"}


@dataclass
class Busy:
    """How many requests a site answers at a time."""

    now: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, page: Page) -> None:
        """Let the page take a moment, and count who is there."""
        data = page.data

        def answer(request: BaseHTTPRequestHandler) -> None:
            with self.lock:
                self.now += 1
                self.most = max(self.most, self.now)
            time.sleep(0.05)
            with self.lock:
                self.now -= 1
            request.send_response(200)
            request.send_header("Content-Type", "text/html; charset=utf-8")
            request.send_header("Content-Length", str(len(data)))
            request.end_headers()
            request.wfile.write(data)

        page.stream = answer


@contextmanager
def shop(busy: Busy) -> Iterator[Site]:
    links = "".join(f"<a href=/p/{number}>{number}</a>" for number in range(1, PAGES))
    pages = {"/": Page(links)}
    for number in range(1, PAGES):
        told = f"专利申请代理服务，费用以合同为准，第{number}号"
        pages[f"/p/{number}"] = Page(f"<main data-id={number}><h1>商品</h1>{told}</main>")
    with serving(pages) as site:
        for page in site.pages.values():
            busy.serve(page)
        yield site


def add(installation: Installation, store: Store, name: str, site: Site, concurrency: int) -> None:
    """A source on a site, and the job of its crawl."""
    host, _, port = site.place.partition(":")
    profile = PROFILE.format(name=name, place=site.place, concurrency=concurrency)
    (installation.profiles / f"{name}.yaml").write_text(profile)
    now = SystemClock().now()
    with store.write() as session:
        hosts = [PlatformHost(host=f"{name}.example")]
        platform = Platform(name=name, created_at=now, hosts=hosts)
        session.add(platform)
        session.flush()
        granted = PermissionRow(
            host=host, port=int(port), granted_by="test", reason="test", granted_at=now
        )
        source = Source(
            name=name,
            kind="shop",
            profile=name,
            start_urls=[],
            platform_id=platform.id,
            created_at=now,
            permissions=[granted],
        )
        session.add(source)
        session.flush()
        jobs.enqueue(
            session,
            kind="crawl",
            key=f"crawl:{name}:1",
            payload={"source_id": source.id},
            due=now,
            now=now,
            lane=f"source:{source.id}",
        )


def one(store: Store, sql: str) -> int:
    with store.read() as session:
        return int(session.scalar(text(sql)) or 0)


@dataclass
class Ended:
    """What several workers left: the counts, what each site was asked, crawls at a time."""

    counts: dict[str, int]
    asked: list[Counter[str]]
    most_crawls: int
    tries: Counter[int]


@contextmanager
def office(folder: Path, server: str) -> Iterator[tuple[Installation, Store]]:
    """An installation on SQLite, or with a server on PostgreSQL."""
    with ExitStack() as stack:
        url = stack.enter_context(postgres.database(server)) if server else ""
        installation = Installation(folder, store_url=url, more=SETTINGS)
        (folder / "data").mkdir(parents=True, exist_ok=True)
        store = stack.enter_context(closing(installation.store()))
        upgrade(store)
        yield installation, store


@contextmanager
def at_work(
    installation: Installation, number: int, lease: int = 60
) -> Iterator[list[subprocess.Popen[str]]]:
    """So many workers, until the block ends."""
    workers = [installation.start("worker", "--lease", str(lease)) for _ in range(number)]
    try:
        yield workers
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        for worker in workers:
            worker.wait(60)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


def run(folder: Path, server: str, *, number: int, kill: bool) -> Ended:
    """Eight sources crawled by several workers, of which one may be killed in the midst."""
    with ExitStack() as stack:
        installation, store = stack.enter_context(office(folder, server))
        sites = [stack.enter_context(shop(Busy())) for _ in range(SOURCES)]
        for place, site in enumerate(sites):
            add(installation, store, f"shop-{place}", site, 2)
        workers = stack.enter_context(at_work(installation, number, 12 if kill else 60))
        most, deadline = 0, time.monotonic() + 400
        while one(store, COUNTS["unfinished"]):
            assert time.monotonic() < deadline, "the crawls do not come to their end"
            most = max(most, one(store, LEASED))
            if kill and one(store, COUNTS["visits"]):
                os.kill(workers[0].pid, signal.SIGKILL)
                assert one(store, COUNTS["unfinished"]), "the kill came after the last commit"
                kill = False
            time.sleep(0.1)
        with store.read() as session:
            tries = Counter(
                session.scalars(text("select tries from job where kind = 'crawl'")).all()
            )
        counts = {name: one(store, sql) for name, sql in COUNTS.items()}
        asked = [Counter(path for path in site.asked if path != "/robots.txt") for site in sites]
        return Ended(counts, asked, most, tries)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Ended:
    return run(tmp_path_factory.mktemp("four"), postgres_url, number=4, kill=False)


@pytest.mark.postgres
def test_four_workers_share_eight_sources_and_fetch_no_page_twice(undisturbed: Ended) -> None:
    assert undisturbed.counts == {
        **dict.fromkeys(("pages", "visits", "captures", "seen", "days"), SOURCES * PAGES),
        "documents": SOURCES * (PAGES - 1),
        **dict.fromkeys(("crawls", "complete", "jobs"), SOURCES),
        "open": 0,
        "unfinished": 0,
    }
    assert undisturbed.tries == {1: SOURCES}, "each was taken once"
    assert all(set(asked.values()) == {1} for asked in undisturbed.asked)
    assert undisturbed.most_crawls > 1


@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_worker_of_two_that_is_killed_loses_nothing(
    kind: str, tmp_path: Path, postgres_url: str, undisturbed: Ended
) -> None:
    ended = run(tmp_path, postgres_url if kind == "postgres" else "", number=2, kill=True)
    assert ended.counts == undisturbed.counts
    # Only a crawl that was taken up again asked again, for what it had not stored.
    again = [asked for asked in ended.asked if set(asked.values()) != {1}]
    retried = SOURCES - ended.tries[1]
    assert retried > 0
    assert len(again) <= retried


def test_two_sources_on_one_host_keep_its_manners_together(tmp_path: Path) -> None:
    busy = Busy()
    with ExitStack() as stack:
        installation, store = stack.enter_context(office(tmp_path, ""))
        site = stack.enter_context(shop(busy))
        for name in ("shop", "searches"):
            add(installation, store, name, site, 1)
        stack.enter_context(at_work(installation, 2))
        most, deadline = 0, time.monotonic() + 300
        while one(store, COUNTS["unfinished"]):
            assert time.monotonic() < deadline, "the crawls do not come to their end"
            most = max(most, one(store, LEASED))
            time.sleep(0.05)
        assert one(store, COUNTS["complete"]) == 2
        assert most == 2, "both were crawled at the same time"
    assert busy.most == 1, "one request at a time, as if they were one crawl"
    assert Counter(site.asked)["/p/1"] == 2
