"""The figure `verify`: `lantian evidence verify` over an archive, beside `sha256sum` of its files.

Both read the same bytes from a warm page cache. Ours also unpacks each record, compares three
digests, address, date and status with the store, and makes the trees of sealed days again. A second
store holds nothing but a long audit chain; beside it stands the bare hashing of the same bytes.
"""

import hashlib
import os
import random
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from bench.side import Ran
from bench.side import run as run_side
from bench.texts import DAYS, PEOPLE, RIGHTS
from lantian.access import audit
from lantian.evidence.archive import Archive, RecordRef, WarcWriter
from lantian.evidence.sealing import Sealing
from lantian.model import Artifact, AuditEvent, Capture, Crawl, Page, Platform, Source
from lantian.store.engine import Store
from lantian.store.migrate import upgrade

MEGABYTES, QUICK_MEGABYTES = 512, 8
EVENTS, QUICK_EVENTS = 1_000_000, 5_000
PER_FILE = 2_000
GOAL_SECONDS = 5.0
"""EV5 of the goals of evidence: a million chained rows."""
_AT = datetime(2026, 11, 24, tzinfo=UTC)
_WORDS = [*RIGHTS, *PEOPLE, *DAYS, "代理", "申请", "费用", "以合同为准", "办理", "咨询", "，", "。"]
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
_TOLD = re.compile(r"^(\d+) records.*nothing is missing or changed", re.MULTILINE)

Sample = dict[str, Any]


def run(*, rounds: int = 3, quick: bool = False) -> dict[str, Any]:
    """Raw samples of both sides over one archive, and of the audit chain."""
    wanted = QUICK_MEGABYTES if quick else MEGABYTES
    events = QUICK_EVENTS if quick else EVENTS
    samples: dict[str, list[Sample]] = {"lantian": [], "sha256sum": [], "chain": [], "hash": []}
    folder = Path(tempfile.mkdtemp(prefix="lantian-bench-"))
    try:
        records = archive(folder / "data", wanted * 1_000_000)
        files = sorted((folder / "data" / "evidence" / "warc").rglob("*.warc.gz"))
        size = sum(file.stat().st_size for file in files)
        chain(folder / "chain", events, folder / "events")
        for _ in range(rounds):
            ours = _verify(folder, "data", records)
            theirs = _timed(["sha256sum", *map(str, files)], folder, {"PATH": os.environ["PATH"]})
            if theirs.pop("output").count("\n") != len(files):
                raise ValueError("sha256sum did not read every file")
            samples["lantian"].append(ours)
            samples["sha256sum"].append(theirs)
            samples["chain"].append(_verify(folder, "chain", 0))
            samples["hash"].append(_hashed(folder / "events"))
    finally:
        shutil.rmtree(folder)
    return {
        "megabytes": round(size / 1e6, 1),
        "records": records,
        "events": events,
        "goal_seconds": GOAL_SECONDS,
        "samples": samples,
    }


def archive(data: Path, size: int) -> int:
    """How many records were written: pages of some 40 kB, in sealed days, `size` bytes of files."""
    store = _store(data)
    rng = random.Random(20261128)
    kept, written, number = Archive(data / "evidence"), 0, 0
    with store.write() as session:
        crawl_id, page_id = _crawl(store, session)
    while written < size:
        with kept.writer(f"crawl-{number}", at=_AT, software="bench") as writer:
            for group in _groups(writer, rng, number):
                with store.write() as session:
                    ids = session.scalars(
                        insert(Capture).returning(Capture.id, sort_by_parameter_order=True),
                        [_capture(one, crawl_id, page_id) for one in group],
                    ).all()
                    rows = [_artifact(one, i) for one, i in zip(group, ids, strict=True)]
                    session.execute(insert(Artifact), rows)
                number += len(group)
                if written + writer.position >= size:
                    break
            written += writer.position
    at = _AT + timedelta(days=1)
    list(Sealing(store, kept).through(_AT.date(), now=at, real_now=at))
    store.close()
    return number


def chain(data: Path, events: int, lines: Path) -> None:
    """A store with an audit chain of so many events; what is hashed of each, a line of `lines`."""
    store = _store(data)
    previous = audit.FIRST
    with lines.open("wb") as out:
        for start in range(0, events, 5_000):
            rows = []
            for number in range(start, min(events, start + 5_000)):
                at = _AT + timedelta(milliseconds=number)
                row = {
                    "at": at,
                    "recorded_at": at,
                    "actor": "user:bench",
                    "action": "clue.decide",
                    "subject": f"clue:{number}",
                    "detail": {"note": f"第{number}条", "verdict": "confirmed"},
                    "previous_digest": previous,
                }
                event = AuditEvent(**row)
                previous = audit.digest_of(event)
                rows.append({**row, "digest": previous})
                out.write(audit.canonical(event) + b"\n")
            with store.write() as session:
                session.execute(insert(AuditEvent), rows)
    store.close()


def _hashed(lines: Path) -> Sample:
    """The bare way: each line hashed by itself, in one process, and nothing compared."""
    content = lines.read_bytes().splitlines()
    begun, used = time.perf_counter(), time.process_time()
    for line in content:
        hashlib.sha256(line).hexdigest()
    ended, spent = time.perf_counter(), time.process_time()
    return {
        "seconds": round(ended - begun, 3),
        "cpu_seconds": round(spent - used, 2),
        "memory_mb": 0.0,
    }


def _store(data: Path) -> Store:
    data.mkdir(parents=True)
    store = Store(f"sqlite:///{data / 'lantian.sqlite3'}")
    upgrade(store)
    return store


def _crawl(_store: Store, session: Any) -> tuple[int, int]:
    platform = Platform(name="bench", created_at=_AT)
    session.add(platform)
    session.flush()
    source = Source(
        name="bench",
        kind="site",
        profile="bench",
        start_urls=[],
        platform_id=platform.id,
        created_at=_AT,
    )
    session.add(source)
    session.flush()
    crawl = Crawl(
        source_id=source.id, spider="site", job_key="bench", token=1, started_at=_AT,
        recorded_at=_AT, alarms=[],
    )  # fmt: skip
    page = Page(
        source_id=source.id, url="https://bench.example/", first_seen_at=_AT, last_visit_at=_AT,
        last_outcome="seen",
    )  # fmt: skip
    session.add_all([crawl, page])
    session.flush()
    return crawl.id, page.id


def _groups(writer: WarcWriter, rng: random.Random, first: int) -> Iterator[list[RecordRef]]:
    for start in range(first, first + PER_FILE, 50):
        refs = []
        for number in range(start, start + 50):
            words = " ".join(rng.choices(_WORDS, k=4_000))
            body = f"<!doctype html><title>{number}</title><p>{words}</p>".encode()
            refs.append(
                writer.write_response(
                    url="https://bench.example/", at=_AT, head=_HEAD, body=body, remote_ip="1.1.1.1"
                )
            )
        writer.sync()
        yield refs


def _capture(ref: RecordRef, crawl_id: int, page_id: int) -> dict[str, Any]:
    return {
        "page_id": page_id,
        "crawl_id": crawl_id,
        "url": "https://bench.example/",
        "final_url": "https://bench.example/",
        "at": _AT,
        "recorded_at": _AT,
        "purpose": "crawl",
        "via": "http",
        "status": 200,
        "remote_ip": "1.1.1.1",
        "payload_digest": ref.digest,
        "content_digest": ref.digest,
        "reader_version": "0",
        "profile_version": "0",
        "tool_version": "bench",
        "hit_count": 0,
    }


def _artifact(ref: RecordRef, capture_id: int) -> dict[str, Any]:
    return {
        "capture_id": capture_id,
        "role": "payload",
        "media_type": "text/html",
        **ref.columns(),
        "notes": {},
    }


def _verify(folder: Path, name: str, records: int) -> Sample:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("LANTIAN_")}
    environment = {**kept, "LANTIAN_DATA_DIR": str(folder / name)}
    command = [sys.executable, "-m", "lantian", "evidence", "verify"]
    sample = _timed(command, folder, environment)
    told = _TOLD.search(sample.pop("output"))
    if told is None or int(told[1]) != records:
        raise ValueError(f"{records} records were written, and verifying tells otherwise")
    return sample


def _timed(command: list[str], folder: Path, environment: dict[str, str]) -> Sample:
    root = Path(__file__).resolve().parents[1]
    begun = time.time()
    ran: Ran = run_side(command, environment=environment, log=folder / "log", cwd=root)
    return {
        "seconds": round(ran.ended - begun, 3),
        "cpu_seconds": round(ran.cpu_seconds, 2),
        "memory_mb": round(ran.memory_mb, 1),
        "output": ran.output,
    }
