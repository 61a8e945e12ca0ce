"""kill -9 of spider, writer and worker, at any moment: nothing is lost, nothing stands twice.

Twenty rounds, ten on each store. A round counts only if its kill fell between the first and the
last commit of the undisturbed run; the moments cover fetching, committing and the jobs after.
"""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler

import psutil
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

PAGES = 40
CLAIM = "专利申请包授权，不授权全额退款"
PLAIN = "专利申请代理服务，费用与周期以合同为准"
PROFILE = """
name: killed
kind: shop
hosts: [127.0.0.1]
start: ["http://PLACE/"]
manners: {delay: 0, concurrency: 2}
links:
  - {role: listing, css: a}
documents:
  - kind: listing
    pages: ["/p/*"]
    key: main::attr(data-id)
    title: h1
    text: main
    required: [key, text]
"""
COUNTS = {
    "pages": "select count(*) from page",
    "observed": "select count(distinct page_id) from observation",
    "visits": "select count(*) from observation",
    "captures": "select count(*) from capture where purpose = 'crawl'",
    "evidence": "select count(distinct page_id) from capture where purpose = 'evidence'",
    "documents": "select count(*) from document",
    "hits": "select count(*) from hit",
    "clues": "select count(*) from clue",
    "crawls": "select count(*) from crawl where purpose = 'crawl'",
    "seen": "select sum(seen) from crawl where purpose = 'crawl'",
    "open": "select count(*) from frontier_row join crawl on crawl.id = crawl_id"
    " where frontier_row.state = 'open' and crawl.purpose = 'crawl'",
    "running": "select count(*) from crawl where state = 'running'",
    "jobs": "select count(*) from job",
    "unfinished": "select count(*) from job where state <> 'done'",
}

# Whom, and when: at a request, after so many stored visits, or in a job after the crawl.
ROUNDS = [
    ("spider", "fetch"),
    ("spider", "commit"),
    ("writer", "commit"),
    ("writer", "fetch"),
    ("worker", "fetch"),
    ("worker", "commit"),
    ("worker", "jobs"),
    ("spider", "jobs"),
    ("writer", "commit"),
    ("worker", "commit"),
]


def shop() -> dict[str, Page]:
    links = [f"<a href=/p/{number}>{number}</a>" for number in range(1, PAGES)]
    pages = {"/": Page("".join(links[: PAGES // 2]))}
    for number in range(1, PAGES):
        told = CLAIM if number % 8 == 0 else PLAIN
        more = "".join(links[PAGES // 2 :]) if number < 4 else ""
        pages[f"/p/{number}"] = Page(
            f"<main data-id={number}><h1>商品{number}</h1><p>{told}，第{number}号</p></main>{more}"
        )
    return pages


@contextmanager
def slow_site() -> Iterator[Site]:
    with serving(shop()) as found:
        for page in found.pages.values():
            slow(page)
        yield found


def slow(page: Page) -> None:
    """Let each page take a moment, so that there is time in which to be killed."""
    data = page.data

    def answer(request: BaseHTTPRequestHandler) -> None:
        time.sleep(0.03)
        request.send_response(200)
        request.send_header("Content-Type", "text/html; charset=utf-8")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    page.stream = answer


def prepare(installation: Installation, site: Site) -> Store:
    """A store with one source and the job of its crawl."""
    (installation.profiles / "killed.yaml").write_text(PROFILE.replace("PLACE", site.place))
    host, _, port = site.place.partition(":")
    (installation.folder / "data").mkdir(parents=True, exist_ok=True)
    store, now = installation.store(), SystemClock().now()
    upgrade(store)
    with store.write() as session:
        platform = Platform(name="shop", created_at=now, hosts=[PlatformHost(host=host)])
        session.add(platform)
        session.flush()
        source = Source(
            name="killed",
            kind="shop",
            profile="killed",
            start_urls=[],
            platform_id=platform.id,
            created_at=now,
            permissions=[
                PermissionRow(
                    host=host, port=int(port), granted_by="test", reason="test", granted_at=now
                )
            ],
        )
        session.add(source)
        session.flush()
        jobs.enqueue(
            session,
            kind="crawl",
            key="crawl:killed:1",
            payload={"source_id": source.id},
            due=now,
            now=now,
            lane=f"source:{source.id}",
        )
    return store


def one(store: Store, sql: str) -> int:
    with store.read() as session:
        return int(session.scalar(text(sql)) or 0)


def counts(store: Store) -> dict[str, int]:
    return {name: one(store, sql) for name, sql in COUNTS.items()}


def visits(store: Store) -> int:
    return one(store, COUNTS["visits"])


def is_crawled(store: Store) -> bool:
    return one(store, "select count(*) from crawl where state = 'finished'") > 0


def start(installation: Installation) -> subprocess.Popen[str]:
    return installation.start("worker", "--lease", "8")


def is_over(store: Store) -> bool:
    waiting = one(store, "select count(*) from job where state <> 'done'")
    return waiting == 0 and is_crawled(store)


def wait_for(reached: Callable[[], bool], seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "the run does not come to its end"
        time.sleep(0.1)


def end(worker: subprocess.Popen[str]) -> None:
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """The counts of a run that nobody disturbs."""
    installation = Installation(tmp_path_factory.mktemp("undisturbed"), more=SETTINGS)
    with slow_site() as site, closing(prepare(installation, site)) as store:
        worker = start(installation)
        try:
            wait_for(lambda: is_over(store))
            end(worker)
            return counts(store)
        finally:
            worker.kill()
            worker.wait()


SETTINGS = {"LANTIAN_CHROMIUM": "/nowhere/chromium", "LANTIAN_LOG_LEVEL": "INFO"}


def process_of(worker: subprocess.Popen[str], who: str) -> psutil.Process | None:
    """The process of that part of the run, if it is there."""
    if who == "worker":
        return psutil.Process(worker.pid)
    marks = {"spider": "--job", "writer": "crawler.writer"}
    for child in psutil.Process(worker.pid).children(recursive=True):
        try:
            if marks[who] in child.cmdline():
                return child
        except psutil.Error:
            continue
    return None


def moment(
    when: str, rng: random.Random, store: Store, site: Site, worker: subprocess.Popen[str]
) -> None:
    """Return at a random moment of that phase, after the first commit and before the last."""
    wait_for(lambda: visits(store) > 0)
    if when == "fetch":
        asked = len(site.asked) + rng.randrange(1, 8)
        wait_for(lambda: len(site.asked) >= asked or is_crawled(store))
    elif when == "commit":
        stored = rng.randrange(1, PAGES - 4)
        wait_for(lambda: visits(store) >= stored)
        time.sleep(rng.random() * 0.03)
    else:
        wait_for(lambda: is_crawled(store))
        wait_for(lambda: process_of(worker, "spider") is not None or is_over(store))
        time.sleep(rng.random() * 1.5)


@dataclass
class Killed:
    """What a round left: its counts when it was killed, and at its end."""

    between: dict[str, int]
    after: dict[str, int]


def play(number: int, installation: Installation, site: Site, store: Store) -> Killed:
    """One round: a run in which one process is killed once."""
    who, when = ROUNDS[number]
    rng = random.Random(f"{number} {installation.store_url.partition(':')[0]}")
    worker = start(installation)
    try:
        between = kill(who, lambda: moment(when, rng, store, site, worker), store, worker)
        if who == "worker":
            worker.wait()
            worker = start(installation)
        wait_for(lambda: is_over(store))
        end(worker)
        return Killed(between, counts(store))
    finally:
        worker.kill()
        worker.wait()


def kill(
    who: str, wait: Callable[[], None], store: Store, worker: subprocess.Popen[str]
) -> dict[str, int]:
    """The counts right after the kill."""
    while True:
        wait()
        victim = process_of(worker, who)
        if victim is not None:
            os.kill(victim.pid, signal.SIGKILL)
            return counts(store)
        assert not is_over(store), "nobody was there to be killed"


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def rounds(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    undisturbed: dict[str, int],  # It is over when they begin.
) -> Iterator[list[Future[Killed]]]:
    """All rounds on one store, some at a time: most of a round is waiting."""
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(4))
        futures = []
        for number in range(len(ROUNDS)):
            url = ""
            if request.param == "postgres":
                server = request.getfixturevalue("postgres_url")
                url = stack.enter_context(postgres.database(server))
            folder = tmp_path_factory.mktemp(f"{request.param}-{number}-")
            installation = Installation(folder, store_url=url, more=SETTINGS)
            site = stack.enter_context(slow_site())
            # Made here, one after the other: Alembic knows one migration a process at a time.
            store = stack.enter_context(closing(prepare(installation, site)))
            futures.append(pool.submit(play, number, installation, site, store))
        yield futures
        pool.shutdown()


@pytest.mark.parametrize("number", range(len(ROUNDS)))
def test_a_killed_run_ends_with_the_counts_of_an_undisturbed_one(
    number: int, rounds: list[Future[Killed]], undisturbed: dict[str, int]
) -> None:
    expected, killed = undisturbed, rounds[number].result()

    assert killed.between["visits"] > 0
    assert killed.between["unfinished"] > 0, "the kill came after the last commit"
    # A visit may stand twice as an observation only where its evidence job was done twice.
    assert {**killed.after, "visits": 0} == {**expected, "visits": 0}
    assert killed.after["visits"] >= expected["visits"]
