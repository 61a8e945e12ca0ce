"""The figure `revisit`: an unchanged site crawled again, beside its first crawl.

Both are the child that a worker starts (`lantian crawl --job`), into one store, and both take every
page: what the second saves it saves by asking whether pages changed (RFC 9110, 13.1), not by
leaving them out. The first crawl of each round begins with a fresh store.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bench import site
from bench.crawl import claimed, crawl, timed, variables
from bench.nginx import Served, serving
from bench.peers import CONCURRENCY
from lantian.model import Artifact, Capture, Crawl
from lantian.store.engine import Store

PAGES = 5_000
QUICK_PAGES = 200

Sample = dict[str, Any]


def run(*, rounds: int = 3, quick: bool = False) -> dict[str, Any]:
    """Raw samples of the first crawl and of the one after it: requests, MB, seconds."""
    pages = QUICK_PAGES if quick else PAGES
    samples: dict[str, list[Sample]] = {"first": [], "again": []}
    with serving() as served:
        site.write(served.site, pages)
        for _ in range(rounds):
            for name, sample in _twice(served).items():
                _check(name, sample, pages)
                samples[name].append(sample)
    return {"pages": pages, "concurrency": CONCURRENCY, "samples": samples}


def _twice(served: Served) -> dict[str, Sample]:
    folder = Path(tempfile.mkdtemp(prefix="lantian-bench-", dir=served.folder))
    try:
        environment = variables(folder)
        samples, before = {}, 0
        for name in ("first", "again"):
            claim = claimed(served, folder, environment)
            served.forget()
            ran = crawl(claim, folder, environment)
            size = _archived(folder)
            samples[name] = {
                **timed(_stored(folder), ran, served),
                "mb": round(served.sent() / 1e6, 3),
                "archive_mb": round((size - before) / 1e6, 3),
            }
            before = size
        return samples
    finally:
        shutil.rmtree(folder)


def _check(name: str, sample: Sample, pages: int) -> None:
    """Both saw every page; the second kept a record of each, and no payload."""
    again = name == "again"
    expected = {
        "pages": pages,
        "unchanged": pages if again else 0,
        "captures": pages,
        "payloads": pages,
        "revisits": pages if again else 0,
        "requests": pages,
    }
    for what, count in expected.items():
        if sample[what] != count:
            raise RuntimeError(f"{name}: {sample[what]} {what} instead of {count}")


def _stored(folder: Path) -> Sample:
    """What the store holds, and what the newest crawl says of itself."""
    store = Store(f"sqlite:///{folder / 'data' / 'lantian.sqlite3'}")
    try:
        with store.read() as session:
            last = session.scalars(select(Crawl).order_by(Crawl.id.desc()).limit(1)).one()
            roles = select(Artifact.role, func.count()).group_by(Artifact.role)
            records = dict(session.execute(roles).all())
            return {
                "pages": last.seen + last.unchanged,
                "unchanged": last.unchanged,
                "captures": session.scalar(select(func.count(Capture.id))) or 0,
                "payloads": records.get("payload", 0),
                "revisits": records.get("revisit", 0),
            }
    finally:
        store.close()


def _archived(folder: Path) -> int:
    """Bytes of the evidence archive."""
    files = (folder / "data" / "evidence").rglob("*.warc.gz")
    return sum(file.stat().st_size for file in files)


def main() -> None:
    """Print the figure as JSON."""
    print(json.dumps(run(quick="--quick" in sys.argv), indent=2))


if __name__ == "__main__":
    main()
