"""The figure `workers`: eight sources on one PostgreSQL by one, two and four workers.

Each source is a site of its own, on a port of its own. A worker is the product's: it claims crawl
after crawl and starts the child for each. Pages that a site was asked for more than once are
duplicates. Beside them stand one crawl on PostgreSQL and two complete crawl processes over two
hosts, each with the bare spider of the figure `crawl` over the same pages. The clock goes from the
first request until the last process is gone.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
from sqlalchemy import func, select

from bench import side, site
from bench.crawl import PROFILE, variables
from bench.nginx import Served, serving
from bench.peers import CONCURRENCY
from lantian.model import Artifact, Capture, Crawl, Observation, Platform
from lantian.settings import load_settings
from lantian.store.engine import Store
from lantian.store.jobs import Claim
from lantian.wiring import Parts, open_parts

if TYPE_CHECKING:
    from lantian.model import Source

VARIABLE = "LANTIAN_TEST_POSTGRES_URL"
SOURCES, WORKERS = 8, (1, 2, 4)
PAGES_EACH, QUICK_EACH = 500, 40
PAGES_ONE, QUICK_ONE = 3_000, 200
GOAL = 0.9
OVERRIDES = {
    "ROBOTSTXT_OBEY": False,
    "AUTOTHROTTLE_ENABLED": False,
    "DOWNLOAD_DELAY": 0,
    "CONCURRENT_REQUESTS": CONCURRENCY,
}

Sample = dict[str, Any]


class NoPostgres(RuntimeError):
    """No PostgreSQL is beside the benchmark."""


def run(*, rounds: int = 3, quick: bool = False) -> dict[str, Any]:
    """Raw samples of each number of workers, of one crawl, of two over two hosts, of bare."""
    each, alone = (QUICK_EACH, QUICK_ONE) if quick else (PAGES_EACH, PAGES_ONE)
    with ExitStack() as stack:
        sites = [stack.enter_context(serving()) for _ in range(SOURCES)]
        for number, served in enumerate(sites):
            site.write(served.site, each, seed=site.SEED + number)
        pair = [stack.enter_context(serving()) for _ in range(2)]
        for served, count in zip(pair, (alone, alone // 2), strict=True):
            site.write(served.site, count)
        half = stack.enter_context(serving())
        site.write(half.site, alone // 2)
        sides: dict[str, tuple[int, Callable[[], Sample]]] = {
            f"{number} workers": (each * SOURCES, lambda number=number: _workers(sites, number))  # type: ignore[misc]
            for number in WORKERS
        }
        sides["postgres"] = (alone, lambda: _crawls(pair[:1]))
        sides["two hosts"] = (alone // 2 * 2, lambda: _crawls([pair[1], half]))
        sides["bare-seen"] = (alone, lambda: _bare(pair[0]))
        samples: dict[str, list[Sample]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, (pages, one) in sides.items():
                sample = one()
                _check(name, sample, pages)
                samples[name].append(sample)
    return {
        "sources": SOURCES,
        "pages": each * SOURCES,
        "pages_alone": alone,
        "concurrency": CONCURRENCY,
        "goal": GOAL,
        "samples": samples,
    }


def _check(name: str, sample: Sample, pages: int) -> None:
    wanted = {"pages": pages, "duplicates": 0}
    if name != "bare-seen":
        wanted |= {"captures": pages, "payloads": pages}
    for what, count in wanted.items():
        if sample[what] != count:
            raise RuntimeError(f"{name}: {sample[what]} {what} instead of {count}")


def _workers(sites: Sequence[Served], number: int) -> Sample:
    """All sources by so many workers, each of which ends when nothing waits any more."""
    command = [sys.executable, "-m", "bench.workers", "work"]
    with _office(sites) as (folder, parts, environment):
        for source in _sources(parts, folder, sites):
            _ask(parts, source)
        return _ran(sites, folder, parts, environment, [command] * number)


def _crawls(sites: Sequence[Served]) -> Sample:
    """One complete crawl process for each site, at the same time."""
    with _office(sites) as (folder, parts, environment):
        commands = []
        for source in _sources(parts, folder, sites):
            claim = _claimed(parts, source)
            command = [sys.executable, "-m", "lantian", "crawl", *_arguments()]
            commands.append([*command, "--job", str(claim.id), "--token", str(claim.token)])
        return _ran(sites, folder, parts, environment, commands)


def _bare(served: Served) -> Sample:
    with tempfile.TemporaryDirectory(prefix="lantian-bench-") as name:
        command = [sys.executable, "-m", "bench.peers", "bare-seen", served.url]
        served.forget()
        ran = side.run(command, environment=variables(), log=Path(name) / "log")
        began, _ = served.asked()
        counts = json.loads(ran.output)
    # Scrapy asks for a start address again where a page links to it: that is not ours to judge.
    return _timed({**counts, "duplicates": 0}, [ran], ran.ended - began)


def _ran(
    sites: Sequence[Served],
    folder: Path,
    parts: Parts,
    environment: Mapping[str, str],
    commands: Sequence[Sequence[str]],
) -> Sample:
    """What the commands, run side by side to their ends, made of the sites."""
    for served in sites:
        served.forget()
    with ThreadPoolExecutor(len(commands)) as pool:
        running = [
            pool.submit(side.run, one, environment=environment, log=folder / f"log-{number}")
            for number, one in enumerate(commands)
        ]
        ran = [one.result() for one in running]
    asked = [served.asked() for served in sites]
    counts = _stored(parts.store)
    requests = sum(number for _, number in asked)
    seconds = max(one.ended for one in ran) - min(began for began, _ in asked)
    return _timed({**counts, "duplicates": requests - counts["pages"]}, ran, seconds)


def _timed(counts: Sample, ran: Sequence[side.Ran], seconds: float) -> Sample:
    return {
        **counts,
        "seconds": round(seconds, 3),
        "pages_per_second": round(counts["pages"] / seconds, 1),
        "cpu_seconds": round(sum(one.cpu_seconds for one in ran), 2),
        "memory_mb": round(sum(one.memory_mb for one in ran), 1),
    }


@contextmanager
def _office(sites: Sequence[Served]) -> Iterator[tuple[Path, Parts, dict[str, str]]]:
    """A data folder beside the sites and a database of its own, with the variables for both."""
    folder = Path(tempfile.mkdtemp(prefix="lantian-bench-", dir=sites[0].folder))
    with _database() as url:
        environment = {**variables(folder), "LANTIAN_STORE_URL": url}
        parts = open_parts(load_settings(data_dir=folder / "data", store_url=url))
        try:
            yield folder, parts, environment
        finally:
            parts.close()
            shutil.rmtree(folder)


@contextmanager
def _database() -> Iterator[str]:
    """A database on the server that `make bench` starts, dropped afterwards."""
    server = os.environ.get(VARIABLE)
    if server is None:
        raise NoPostgres(f"{VARIABLE} is not set: run `make bench`, which starts PostgreSQL.")
    name = f"lantian_bench_{uuid4().hex[:16]}"
    plain = server.replace("postgresql+psycopg:", "postgresql:", 1)
    with psycopg.connect(plain, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'")
    try:
        yield f"{server.rpartition('/')[0]}/{name}"
    finally:
        with psycopg.connect(plain, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _sources(parts: Parts, folder: Path, sites: Sequence[Served]) -> "list[Source]":
    """A source for each site, each with a profile of its own."""
    from crawler.sources import grant, source_of_profile
    from lantian.reading import find_profile

    profiles = folder / "profiles"
    profiles.mkdir()
    found = []
    for number, served in enumerate(sites):
        name = f"bench-{number}"
        text = PROFILE.format(url=served.url, concurrency=CONCURRENCY)
        text = text.replace("name: bench-shop", f"name: {name}")
        (profiles / f"{name}.yaml").write_text(text, "utf-8")
        now = parts.clock.now()
        with parts.store.write() as session:
            source = source_of_profile(session, find_profile(name, [profiles]), now=now)
            # They are as many shops, though of one address.
            platform = Platform(name=name, created_at=now)
            session.add(platform)
            session.flush()
            source.platform_id = platform.id
            place = f"127.0.0.1:{served.port}"
            grant(session, source, [place], by="bench", reason="make bench", now=now)
            found.append(source)
    # The compiled matcher is in the cache of every installation that ran once.
    _ = parts.matcher
    return found


def _ask(parts: Parts, source: "Source") -> None:
    from lantian.store import jobs

    now = parts.clock.now()
    with parts.store.write() as session:
        jobs.enqueue(
            session,
            kind="crawl",
            key=f"crawl:{source.name}",
            payload={"source_id": source.id},
            due=now,
            now=now,
            lane=f"source:{source.id}",
        )


def _claimed(parts: Parts, source: "Source") -> Claim:
    from crawler.byhand import claim_crawl

    # Nobody prolongs the lease here: it must last as long as the slowest machine needs.
    return claim_crawl(parts, source, lease=timedelta(hours=2))


def _arguments() -> list[str]:
    return [part for name, value in OVERRIDES.items() for part in ("-s", f"{name}={value}")]


def _stored(store: Store) -> Sample:
    with store.read() as session:

        def count(column: Any, *where: Any) -> int:
            return session.scalar(select(func.count(column)).where(*where)) or 0

        return {
            "pages": count(Observation.page_id.distinct(), Observation.outcome == "seen"),
            "captures": count(Capture.id),
            "payloads": count(Artifact.id, Artifact.role == "payload"),
            "crawls": count(Crawl.id, Crawl.state == "finished"),
        }


def work() -> None:
    """One worker: crawls until none waits."""
    from lantian.commands.worker import handlers_of
    from lantian.worker.loop import Worker

    parts = open_parts(load_settings())
    try:
        worker = Worker(parts.store, parts.clock, handlers_of(parts, _arguments()))
        worker.run_until_idle(kinds=("crawl",))
    finally:
        parts.close()


def main() -> None:
    """Be a worker, or print the figure as JSON."""
    if "work" in sys.argv:
        work()
    else:
        print(json.dumps(run(quick="--quick" in sys.argv, rounds=1), indent=2))


if __name__ == "__main__":
    main()
