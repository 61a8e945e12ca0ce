"""The figure `crawl`: the whole path of Lantian against bare spiders over the same site.

Lantian's side is its product: the child that a worker starts for a crawl (`lantian crawl --job`),
with its writer, on a fresh store: fetch, read, match, keep every payload, store, jobs. Evidence
visits are later jobs and not part of it. Every side runs until all pages are fetched; the clock
goes from the first request that reaches the server until the last process of the side is gone.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from bench import side, site
from bench.nginx import Served, serving
from bench.peers import CONCURRENCY
from lantian.intake.judge import page_of
from lantian.matching.kept import matcher_of
from lantian.model import Artifact, Capture, Clue, Hit, Job, Observation
from lantian.reading import RawPage, parse_profile, read_page
from lantian.settings import load_settings
from lantian.store.engine import Store
from lantian.store.jobs import Claim
from lantian.wiring import open_parts

GOAL = 0.6
QUICK_PAGES = 300
PROFILE = """\
name: bench-shop
kind: shop
hosts: [127.0.0.1]
start: ["{url}"]
manners: {{delay: 0, concurrency: {concurrency}}}
budget: {{pages: 100000, depth: 1000}}
links:
  - {{role: listing, css: a.goods}}
  - {{role: next, css: a.next}}
  - {{role: page, css: a.nav}}
documents:
  - kind: listing
    pages: ["/goods/*"]
    key: main::attr(data-id)
    title: h1
    text: .detail
    price: {{css: .price, clean: [price]}}
    seller: {{key: "a.shop::attr(data-shop)", name: a.shop}}
    required: [key, title, text]
"""

Sample = dict[str, Any]


def run(*, rounds: int = 3, quick: bool = False) -> dict[str, Any]:
    """Raw samples of each side: pages, pages a second, CPU seconds, MB."""
    pages = QUICK_PAGES if quick else site.PAGES
    with serving() as served:
        offending = site.write(served.site, pages)
        found = found_directly(pages, served.url)
        if not 0.5 * offending <= found <= 1.1 * offending:
            raise RuntimeError(f"the matcher finds {found} of {offending} offending pages")
        sides: dict[str, Callable[[], Sample]] = {
            "lantian": lambda: _lantian(served),
            "bare-seen": lambda: _peer("bare-seen", served),
            "tutorial": lambda: _peer("tutorial", served),
            "aiohttp": lambda: _peer("aiohttp", served),
        }
        samples: dict[str, list[Sample]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, one in sides.items():
                sample = one()
                _check(name, sample, pages, found)
                samples[name].append(sample)
    return {
        "pages": pages,
        "offending_pages": offending,
        "found_pages": found,
        "concurrency": CONCURRENCY,
        "goal": GOAL,
        "samples": samples,
    }


def _check(name: str, sample: Sample, pages: int, found: int) -> None:
    expected: dict[str, int] = {"pages": pages}
    if name == "lantian":
        expected |= {"captures": pages, "payloads": pages, "clues": found}
    for what, count in expected.items():
        if sample[what] != count:
            raise RuntimeError(f"{name}: {sample[what]} {what} instead of {count}")


def found_directly(count: int, url: str) -> int:
    """On how many pages of the site the matcher finds a claim, read without crawl or store."""
    profile = parse_profile(PROFILE.format(url=url, concurrency=CONCURRENCY))
    head = ((b"content-type", b"text/html"),)
    raws = (
        RawPage(url + page.path.lstrip("/"), 200, head, page.body) for page in site.pages(count)
    )
    documents = [one for raw in raws for one in read_page(raw, profile).documents]
    matcher = matcher_of(None, None)
    scans = matcher.scan_many((one.text for one in documents), map(page_of, documents))
    return sum(bool(scan.hits) for scan in scans)


def _peer(name: str, served: Served) -> Sample:
    with tempfile.TemporaryDirectory(prefix="lantian-bench-") as folder:
        command = [sys.executable, "-m", "bench.peers", name, served.url]
        served.forget()
        ran = side.run(command, environment=variables(), log=Path(folder) / "log")
        return timed(json.loads(ran.output), ran, served)


def _lantian(served: Served) -> Sample:
    folder = Path(tempfile.mkdtemp(prefix="lantian-bench-", dir=served.folder))
    try:
        environment = variables(folder)
        claim = claimed(served, folder, environment)
        served.forget()
        ran = crawl(claim, folder, environment)
        return timed(_stored(folder), ran, served)
    finally:
        shutil.rmtree(folder)


def crawl(claim: Claim, folder: Path, environment: Mapping[str, str]) -> side.Ran:
    """The child that a worker starts for a crawl, run to its end."""
    overrides = {
        "ROBOTSTXT_OBEY": False,
        "AUTOTHROTTLE_ENABLED": False,
        "DOWNLOAD_DELAY": 0,
        "CONCURRENT_REQUESTS": CONCURRENCY,
    }
    arguments = [part for pair in overrides.items() for part in ("-s", "=".join(map(str, pair)))]
    command = [sys.executable, "-m", "lantian", "crawl", *arguments]
    return side.run(
        [*command, "--job", str(claim.id), "--token", str(claim.token)],
        environment=environment,
        log=folder / "log",
    )


def timed(counts: Sample, ran: side.Ran, served: Served) -> Sample:
    """The counts with what the run took, from the first request until the last process ended."""
    began, requests = served.asked()
    seconds = ran.ended - began
    return {
        **counts,
        "requests": requests,
        "seconds": round(seconds, 3),
        "pages_per_second": round(counts["pages"] / seconds, 1),
        "cpu_seconds": round(ran.cpu_seconds, 2),
        "memory_mb": round(ran.memory_mb, 1),
    }


def claimed(
    served: Served, folder: Path, environment: Mapping[str, str], profile: str | None = None
) -> Claim:
    """A job of the site's source, in a store that is fresh at first, held for the child.

    A job that was held before is done. `profile` is the text of the site's, if it is another site.
    """
    from crawler.byhand import claim_crawl
    from crawler.sources import grant, source_of_profile
    from lantian.reading import find_profile

    profiles = folder / "profiles"
    profiles.mkdir(exist_ok=True)
    text = profile or PROFILE.format(url=served.url, concurrency=CONCURRENCY)
    name = parse_profile(text).name
    (profiles / f"{name}.yaml").write_text(text, "utf-8")
    parts = open_parts(load_settings(data_dir=Path(environment["LANTIAN_DATA_DIR"])))
    try:
        now = parts.clock.now()
        with parts.store.write() as session:
            source = source_of_profile(session, find_profile(name, [profiles]), now=now)
            place = f"127.0.0.1:{served.port}"
            grant(session, source, [place], by="bench", reason="make bench", now=now)
            session.execute(update(Job).where(Job.kind == "crawl").values(state="done"))
        # Nobody prolongs the lease here: it must last as long as the slowest machine needs.
        claim = claim_crawl(parts, source, lease=timedelta(hours=2))
        # The compiled matcher is in the cache of every installation that ran once.
        _ = parts.matcher
    finally:
        parts.close()
    return claim


def _stored(folder: Path) -> Sample:
    """What the store holds."""
    store = Store(f"sqlite:///{folder / 'data' / 'lantian.sqlite3'}")
    try:
        with store.read() as session:

            def count(column: Any, *where: Any) -> int:
                return session.scalar(select(func.count(column)).where(*where)) or 0

            return {
                "pages": count(Observation.page_id.distinct(), Observation.outcome == "seen"),
                "captures": count(Capture.id),
                "payloads": count(Artifact.id, Artifact.role == "payload"),
                "clues": count(Clue.id),
                "hits": count(Hit.id),
            }
    finally:
        store.close()


def variables(folder: Path | None = None) -> dict[str, str]:
    """The variables of a side: nothing of the caller's settings."""
    root = str(Path(__file__).resolve().parents[1])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LANTIAN_")}
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, [root, kept.get("PYTHONPATH")]))
    if folder is None:
        return kept
    return {
        **kept,
        "LANTIAN_CONFIG": str(folder / "no-lantian.toml"),
        "LANTIAN_DATA_DIR": str(folder / "data"),
        "LANTIAN_PROFILES_DIR": str(folder / "profiles"),
        "LANTIAN_CRAWL_DELAY": "0",
    }


def main() -> None:
    """Print the figure as JSON."""
    print(json.dumps(run(quick="--quick" in sys.argv), indent=2))


if __name__ == "__main__":
    main()
