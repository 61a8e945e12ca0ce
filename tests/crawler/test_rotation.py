"""A writer is killed while it goes from one evidence file to the next: nothing is lost or split."""

import os
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from crawler.writing import Opening, Writing
from lantian.evidence.verify import verify
from lantian.intake.visit import Visit
from lantian.model import (
    Artifact,
    AuditEvent,
    Capture,
    Crawl,
    Job,
    Observation,
    Platform,
    Source,
)
from lantian.reading import Reading, find_profile
from lantian.settings import load_settings
from lantian.store import frontier, jobs
from lantian.store.migrate import upgrade
from lantian.wiring import Parts, open_parts
from tests.packs import FOUR
from tests.services.loopback import ROOT

AT = datetime(2026, 11, 24, 8, tzinfo=UTC)
BATCHES, EACH = 4, 3


def opened(token: int) -> Opening:
    return Opening(1, 1, 1, 1, token, find_profile("demo-shop", ()))


def visits(number: int) -> list[Visit]:
    """The visits of a batch."""
    urls = [f"https://shop.example/{number}/{n}" for n in range(EACH)]
    return [
        Visit(
            row_id=url,
            url=url,
            final_url=url,
            at=AT,
            real_at=AT,
            outcome="seen",
            status=200,
            raw_head=b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n",
            body=f"<p>{url}".encode(),
            reading=Reading("listing", "", url, "utf-8"),
            raw_request=b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n",
        )
        for url in urls
    ]


KILLED = """
    import os, signal, sys
    import crawler.writing
    from tests.crawler.test_rotation import opened, visits
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    def end(*_, **__):
        os.kill(os.getpid(), signal.SIGKILL)

    writing = crawler.writing.Writing(open_parts(load_settings()), opened(1))
    writing.take(visits(0))
    writing.take(visits(1))
    if sys.argv[1] == "before anything is in the new file":
        writing._turn()
    elif sys.argv[1] == "before its first rows are committed":
        crawler.writing.tell_file = end
        writing.take(visits(2))
    else:
        writing.take(visits(2))
    end()
"""


@pytest.fixture
def parts(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Parts:
    """An installation with a crawl that has begun; each file is full after one batch."""
    monkeypatch.setenv("LANTIAN_WARC_MAX_BYTES", "1")
    monkeypatch.setenv("LANTIAN_PACK_DIR", str(FOUR))
    made = open_parts(load_settings())
    upgrade(made.store)
    with made.store.write() as session:
        session.add(Platform(id=1, name="shop", created_at=AT))
        session.flush()
        session.add(Source(id=1, name="shop", kind="shop", profile="demo-shop", start_urls=[],
                           platform_id=1, created_at=AT))  # fmt: skip
        session.flush()
        session.add(Crawl(id=1, source_id=1, spider="shop", job_key="crawl:1", token=1,
                          started_at=AT, recorded_at=AT, alarms=[]))  # fmt: skip
        jobs.enqueue(session, kind="crawl", key="crawl:1", payload={}, due=AT, now=AT)
        session.flush()
        rows = [visit.row_id for number in range(BATCHES) for visit in visits(number)]
        frontier.plan(session, 1, [frontier.Planned(row, row, "listing") for row in rows])
    claim(made, 1)
    return made


def claim(parts: Parts, token: int) -> None:
    """Take the crawl's job, which nobody holds any more."""
    now = datetime.now(UTC)
    with parts.store.write() as session:
        session.get_one(Job, 1).lease_until = now - timedelta(hours=1)
    found = jobs.claim(parts.store, now=now, keys=("crawl:1",), lease=timedelta(hours=1))
    assert found is not None
    assert found.token == token


@pytest.mark.parametrize(
    "moment, committed",
    [
        ("before anything is in the new file", 2),
        ("before its first rows are committed", 2),
        ("after its first rows are committed", 3),
    ],
)
def test_a_kill_at_the_turn_costs_only_what_no_row_names(
    moment: str, committed: int, parts: Parts
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), moment],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    with parts.store.read() as session:
        assert session.scalar(select(func.count()).select_from(Capture)) == committed * EACH

    claim(parts, 2)
    writing = Writing(parts, opened(2))
    for number in range(committed, BATCHES):
        writing.take(visits(number))
    writing.close()

    with parts.store.read() as session:
        counts = [
            session.scalar(select(func.count()).select_from(what))
            for what in (Capture, Observation, Artifact)
        ]
        files = set(session.scalars(select(Artifact.file)))
        made = select(AuditEvent.subject).where(AuditEvent.action == "evidence.file")
        assert sorted(session.scalars(made)) == sorted(f"file:{file}" for file in files)
        assert list(verify(session, parts.archive)) == []
    assert counts == [BATCHES * EACH, BATCHES * EACH, 3 * BATCHES * EACH]
    assert len(files) == BATCHES
    assert {file for file in parts.archive.files() if file.endswith(".gz")} == files
    parts.close()
