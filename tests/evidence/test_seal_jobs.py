"""Sealing and stamping by jobs: off line they wait, killed they begin anew, and it is done once."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from lantian.clock import FixedClock, legal_day
from lantian.commands.evidence_seal import ASK_AGAIN, authorities
from lantian.commands.worker import worker_of
from lantian.evidence.verify import verify
from lantian.model import Artifact, AuditEvent, Capture, Job, SealedDay, SealedLeaf, TimeStamp
from lantian.settings import Settings, TimeAuthority, load_settings
from lantian.store.engine import Store
from lantian.store.installation import found
from lantian.store.jobs import enqueue
from lantian.wiring import Parts
from tests.evidence.authorities import Office, Served, serving
from tests.evidence.conftest import Kept
from tests.services.processes import free_port

START = datetime.now(UTC).replace(microsecond=0)
"""When the test began: authorities stamp by the system's time, ten minutes are tolerated."""
DAYS = 3


@pytest.fixture(autouse=True)
def start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of each test is its own; the file may have been read half an hour before."""
    monkeypatch.setattr(sys.modules[__name__], "START", datetime.now(UTC).replace(microsecond=0))


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory) -> list[Office]:
    folder = tmp_path_factory.mktemp("offices")
    return [Office(folder / name, name) for name in ("one", "two")]


@pytest.fixture
def ports() -> list[int]:
    return [free_port(), free_port()]


@pytest.fixture
def settings(store_url: str, tmp_path: Path, offices: list[Office], ports: list[int]) -> Settings:
    named = []
    for office, port in zip(offices, ports, strict=True):
        file = tmp_path / f"{office.name}.pem"
        file.write_text(office.root)
        url = f"http://127.0.0.1:{port}/tsa"
        named.append(TimeAuthority(name=office.name, url=url, roots=file, private=True))
    return load_settings(
        data_dir=tmp_path / "data", store_url=store_url, time_authorities=tuple(named)
    )


@pytest.fixture
def parts(settings: Settings) -> Iterator[Parts]:
    """An installation whose clocks stand; a command that works on it goes by the system's."""
    store = Store(settings.effective_store_url)
    found(store, demo=False, now=START)
    made = Parts(
        settings=settings, store=store, clock=FixedClock(START), real_clock=FixedClock(START)
    )
    yield made
    made.close()


def fill(parts: Parts, count: int = 4) -> Kept:
    """Captures on each of the last three days that are over."""
    kept = Kept(parts.store, parts.archive)
    kept.begin()
    first = START - timedelta(days=DAYS)
    with parts.archive.writer("crawl-1", at=first) as writer:
        for number in range(count * DAYS):
            at = first + timedelta(days=number // count)
            url = f"https://shop.example/{number}"
            kept.capture(writer, url, b"<p>%d" % number, at=at, recorded_at=at)
    return kept


def work(parts: Parts) -> None:
    """What a worker does until nothing is due."""
    worker_of(parts).run_until_idle(kinds=("seal", "stamp"))


def jobs(parts: Parts, kind: str) -> list[Job]:
    with parts.store.read() as session:
        return list(session.scalars(select(Job).where(Job.kind == kind).order_by(Job.id)))


def count(parts: Parts, entity: type[Any]) -> int:
    with parts.store.read() as session:
        return session.scalar(select(func.count()).select_from(entity)) or 0


def findings(parts: Parts) -> list[object]:
    with parts.store.read() as session:
        return list(verify(session, parts.archive, authorities=authorities(parts)))


@pytest.fixture
def served(offices: list[Office], ports: list[int]) -> Iterator[list[Served]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(serving(office, port=port))
            for office, port in zip(offices, ports, strict=True)
        ]


def test_the_worker_seals_what_is_over_and_has_it_stamped_by_two(
    parts: Parts, served: list[Served]
) -> None:
    fill(parts)
    work(parts)
    (sealing,) = jobs(parts, "seal")
    assert sealing.key == f"seal:{legal_day(START) - timedelta(days=1)}"
    assert sealing.state == "done"
    assert {job.state for job in jobs(parts, "stamp")} == {"done"}
    assert (count(parts, SealedDay), count(parts, TimeStamp)) == (DAYS, 2 * DAYS)
    assert findings(parts) == []
    work(parts)
    assert [len(one.asked) for one in served] == [DAYS, DAYS]


def test_off_line_the_stamps_wait_and_are_caught_up_with(
    parts: Parts, offices: list[Office], ports: list[int]
) -> None:
    clock = parts.clock
    assert isinstance(clock, FixedClock)
    fill(parts)
    for _ in range(12):  # longer than a job that fails would be tried
        work(parts)
        waiting = jobs(parts, "stamp")
        assert {(job.state, job.due) for job in waiting} == {("ready", clock.now() + ASK_AGAIN)}
        clock.advance(ASK_AGAIN)
    assert count(parts, SealedDay) == DAYS
    assert findings(parts) == []
    with serving(offices[0], port=ports[0]):
        work(parts)
    assert count(parts, TimeStamp) == DAYS
    clock.advance(ASK_AGAIN)
    with serving(offices[1], port=ports[1]):
        work(parts)
    assert count(parts, TimeStamp) == 2 * DAYS
    assert {job.state for job in jobs(parts, "stamp")} == {"done"}
    assert findings(parts) == []


def test_one_silence_is_waited_for_once(parts: Parts, served: list[Served]) -> None:
    fill(parts)
    for one in served:
        one.mode = "503"
    work(parts)
    # The second and third day wait with the first.
    assert [len(one.asked) for one in served] == [1, 1]


def test_a_faulty_authority_hinders_neither_the_other_nor_the_seal(
    parts: Parts, served: list[Served]
) -> None:
    fill(parts)
    served[0].mode = "expired"
    work(parts)
    assert count(parts, TimeStamp) == DAYS
    faulty = [job for job in jobs(parts, "stamp") if job.payload["authority"] == "one"]
    assert {job.state for job in faulty} == {"ready"}
    assert all("certificate has expired" in job.last_error for job in faulty)
    assert findings(parts) == []


def test_a_demonstration_asks_no_authority(settings: Settings, served: list[Served]) -> None:
    store = Store(settings.effective_store_url)
    found(store, demo=True, now=START)
    parts = Parts(
        settings=settings, store=store, clock=FixedClock(START), real_clock=FixedClock(START)
    )
    fill(parts)
    work(parts)
    assert count(parts, SealedDay) == DAYS
    assert jobs(parts, "stamp") == []
    assert [one.asked for one in served] == [[], []]
    # A job of an authority that nobody asks any more does nothing.
    with store.write() as session:
        payload = {"day": "2026-01-01", "authority": "one"}
        enqueue(session, kind="stamp", key="x", payload=payload, due=START, now=START)
    work(parts)
    assert [job.state for job in jobs(parts, "stamp")] == ["done"]
    parts.close()


# kill -9.


def many(parts: Parts, rows: int) -> None:
    """More artifacts, by rows alone: sealing does not read the archive without SM3."""
    first = START - timedelta(days=DAYS)
    with parts.store.write() as session:
        capture = session.scalars(select(Capture).limit(1)).one()
        values = {
            "page_id": capture.page_id, "crawl_id": capture.crawl_id, "url": "x", "final_url": "x",
            "via": "http", "status": 200, "payload_digest": "x", "content_digest": "x",
            "reader_version": "0", "profile_version": "0", "tool_version": "0", "purpose": "crawl",
            "hit_count": 0,
        }  # fmt: skip
        for day in range(DAYS):
            at = first + timedelta(days=day)
            made = Capture(**values, at=at, recorded_at=at)
            session.add(made)
            session.flush()
            kept = {
                "capture_id": made.id, "role": "payload", "media_type": "x", "size": 1,
                "file": "none", "offset": 0, "length": 1, "record_id": "x", "notes": {},
            }  # fmt: skip
            session.execute(
                insert(Artifact),
                [
                    {**kept, "digest": f"sha256:{day}-{n}", "record_digest": f"sha256:{day}-{n}"}
                    for n in range(rows)
                ],
            )


def command(parts: Parts, *arguments: str) -> "subprocess.Popen[bytes]":
    named = [one.model_dump(mode="json") for one in parts.settings.time_authorities]
    environment = {
        **os.environ,
        "LANTIAN_DATA_DIR": str(parts.settings.data_dir),
        "LANTIAN_STORE_URL": parts.settings.store_url,
        "LANTIAN_TIME_AUTHORITIES": json.dumps(named),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "lantian", "evidence", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def progress(parts: Parts) -> int:
    """How many of its commits sealing has made: one for each day, one for each stamp."""
    return count(parts, SealedDay) + count(parts, TimeStamp)


def wait_for_progress(
    parts: Parts, process: "subprocess.Popen[bytes]", done: int, limit: float
) -> None:
    """Until the process has committed something or is gone, at most `limit` seconds."""
    end = time.monotonic() + limit
    while process.poll() is None and progress(parts) == done and time.monotonic() < end:
        time.sleep(0.005)


def test_a_kill_at_any_moment_leaves_days_whole_and_the_next_run_ends_it(
    parts: Parts, served: list[Served]
) -> None:
    rows = 4000
    fill(parts)
    many(parts, rows)
    rng = random.Random(20261128)
    kills = 0
    until = 1.0
    # A day that ends while the tests run is sealed with the others.
    while count(parts, TimeStamp) < 2 * max(DAYS, count(parts, SealedDay)):
        done = progress(parts)
        process = command(parts, "seal")
        begun = time.monotonic()
        if kills < 5:
            # In turns right after it committed something, and at any moment before that.
            limit = rng.random() * until if kills % 2 else 60.0
            wait_for_progress(parts, process, done, limit)
            if not kills % 2:
                until = time.monotonic() - begun
                time.sleep(rng.random() * 0.05)
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                kills += 1
        _, err = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), err
        # Leaves of a day that was only begun may lie there; those of a sealed day are all there.
        with parts.store.read() as session:
            whole = select(func.count()).where(SealedLeaf.day_number == SealedDay.number)
            days = session.execute(select(SealedDay.leaves, whole.scalar_subquery())).all()
        assert all(told == kept for told, kept in days)
    assert kills > 0
    sealed = count(parts, SealedDay)
    assert sealed >= DAYS
    with parts.store.read() as session:
        first = select(SealedDay.leaves).order_by(SealedDay.number).limit(DAYS)
        assert list(session.scalars(first)) == [rows + 4] * DAYS
        acts = select(AuditEvent.action, func.count()).group_by(AuditEvent.action)
        told = dict(iter(session.execute(acts)))
    assert told == {"evidence.seal": sealed, "evidence.stamp": 2 * sealed}
    # What only the made-up rows lack is their file.
    assert {one.file for one in findings(parts)} == {"none"}  # type: ignore[attr-defined]


def test_sealing_by_hand_tells_what_it_did_and_what_is_missing(
    parts: Parts, served: list[Served]
) -> None:
    fill(parts)
    served[1].mode = "rejection"
    process = command(parts, "seal")
    out, err = (one.decode() for one in process.communicate())
    day = legal_day(START) - timedelta(days=1)
    assert process.returncode == 1
    assert f"{day}: 4 leaves, sha256:" in out
    assert f"{day}: stamped by one at 20" in out
    assert "the stamp of the time authority two is refused: rejection" in err
    assert len(served[1].asked) == 1
    served[1].mode = "ok"
    process = command(parts, "seal", "--today")
    out, _ = (one.decode() for one in process.communicate())
    assert process.returncode == 0
    sealed = count(parts, SealedDay)  # one more if a day ends while the tests run
    assert sealed > DAYS
    assert out.count("stamped by two") == sealed
    process = command(parts, "verify")
    out, err = (one.decode() for one in process.communicate())
    assert process.returncode == 0, out + err
    assert f"12 records, {sealed} sealed days" in out
    assert "no sealed day" not in out


def test_verify_names_what_was_done_and_needs_the_roots(parts: Parts, served: list[Served]) -> None:
    fill(parts)
    work(parts)
    with parts.store.write() as session:
        day = session.scalars(select(SealedDay).order_by(SealedDay.number).limit(1)).one()
        day.root = "sha256:" + "0" * 64
    process = command(parts, "verify", "--jobs", "2")
    out, err = (one.decode() for one in process.communicate())
    assert (process.returncode, "Traceback" in err) == (1, False)
    assert f"changed: day {day.day}: its root is not that of its leaves" in out
    assert f"changed: day {day.day}, stamp of one: it is over something else" in out
