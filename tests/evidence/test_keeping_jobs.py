"""A worker renews the index each hour and deletes each night what is over its time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from lantian.access import chain
from lantian.clock import FixedClock
from lantian.commands import evidence
from lantian.commands.doctor import check_evidence
from lantian.commands.worker import handlers_of, worker_of
from lantian.evidence.nightly import VERIFY, last_check
from lantian.evidence.verify import verify
from lantian.model import Artifact, AuditEvent, Capture, Deletion, Job
from lantian.settings import load_settings
from lantian.store.engine import Store
from lantian.store.installation import found
from lantian.wiring import Parts
from lantian.worker.schedule import make_archive_jobs
from tests.evidence.conftest import Kept

NOW = datetime.now(UTC).replace(microsecond=0)
KINDS = ("seal", "index_archive", "expire", "verify")


@pytest.fixture
def parts(store_url: str, tmp_path: Path) -> Iterator[Parts]:
    """An installation with a capture of yesterday that has a hit, and one whose time is over."""
    settings = load_settings(data_dir=tmp_path / "data", store_url=store_url)
    store = Store(settings.effective_store_url)
    found(store, demo=False, now=NOW)
    clock = FixedClock(NOW)  # Half an hour may lie between reading the file and its tests.
    made = Parts(settings=settings, store=store, clock=clock, real_clock=clock)
    kept = Kept(store, made.archive)
    kept.begin()
    at = NOW - timedelta(days=2)
    with made.archive.writer("crawl-1", at=at) as writer:
        kept.capture(writer, "https://shop.example/1", b"<p>1", recorded_at=at, hit_count=1)
        over: dict[str, Any] = {"hit_count": 0, "expires_at": NOW - timedelta(hours=1)}
        kept.capture(writer, "https://shop.example/2", b"<p>2", recorded_at=at, **over)
    yield made
    made.close()


def indexes(parts: Parts) -> str:
    folder = parts.archive.folder / "indexes"
    return "".join(path.read_text() for path in sorted(folder.iterdir()))


def test_one_night_seals_deletes_and_indexes_and_all_of_it_verifies(parts: Parts) -> None:
    worker_of(parts).run_until_idle(kinds=KINDS)
    with parts.store.read() as session:
        states = session.execute(select(Job.kind, Job.state).where(Job.kind.in_(KINDS))).all()
        assert sorted(tuple(row) for row in states) == sorted((kind, "done") for kind in KINDS)
        assert session.scalars(select(Deletion.records)).all() == [1]
        kept = select(Artifact.capture_id).where(Artifact.deletion_id.is_(None))
        assert session.scalars(kept).all() == [1]
        assert list(verify(session, parts.archive)) == []


def test_the_index_follows_what_was_written_and_what_was_deleted(parts: Parts) -> None:
    worker = worker_of(parts)
    worker.run_until_idle(kinds=("index_archive",))
    assert "shop.example/2" in indexes(parts)
    worker.run_until_idle(kinds=("seal", "expire"))
    # The next hour.
    with parts.store.write() as session:
        later = NOW + timedelta(hours=1)
        made = make_archive_jobs(session, now=NOW, real_now=later)
    # Before the first hour of a day also the jobs of the new night.
    assert [key for key in made if key.startswith("index_archive:")] == made[:1] != []
    worker.run_until_idle(kinds=("index_archive",))
    assert "shop.example/1" in indexes(parts)
    assert "shop.example/2" not in indexes(parts)


def test_they_are_asked_for_once_and_never_of_an_empty_archive(parts: Parts) -> None:
    at = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
    with parts.store.write() as session:
        assert make_archive_jobs(session, now=at, real_now=at) == [
            "index_archive:2026-11-25T01",
            "expire:2026-11-25",
            "verify:2026-11-25",
        ]
        assert make_archive_jobs(session, now=at, real_now=at) == []
        later = at + timedelta(hours=1)
        assert make_archive_jobs(session, now=at, real_now=later) == ["index_archive:2026-11-25T02"]
        lanes = session.scalars(select(Job.lane).where(Job.kind.in_(KINDS))).all()
        assert set(lanes) == {"seal"}
        session.execute(delete(Artifact))
        session.execute(delete(Capture))
        assert make_archive_jobs(session, now=at, real_now=at + timedelta(days=2)) == []


def test_long_work_on_the_archive_lets_clues_and_crawls_go_on(parts: Parts) -> None:
    table = handlers_of(parts)
    assert {kind for kind, handler in table.items() if handler.long} >= set(KINDS)


def verify_again(parts: Parts, days: int) -> None:
    """The verifying job of a later night."""
    with parts.store.write() as session:
        make_archive_jobs(session, now=NOW, real_now=NOW + timedelta(days=days))
    worker_of(parts).run_until_idle(kinds=("verify",))


def test_each_night_everything_is_verified_and_the_audit_chain_tells_what_was_found(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANTIAN_DATA_DIR", str(parts.settings.data_dir))
    monkeypatch.setenv("LANTIAN_STORE_URL", parts.settings.store_url)
    worker_of(parts).run_until_idle(kinds=("verify",))
    with parts.store.read() as session:
        checked = last_check(session)
    assert checked is not None
    assert (checked.records, checked.findings, checked.first) == (2, 0, ())
    (looked,) = check_evidence(load_settings())
    assert (looked.state, looked.text.endswith("nothing is missing or changed")) == ("ok", True)

    (path,) = (parts.archive.folder / "warc").rglob("*.gz")
    path.write_bytes(path.read_bytes()[:-9] + bytes(9))
    verify_again(parts, 1)

    with parts.store.read() as session:
        checked = last_check(session)
        events = session.scalars(select(AuditEvent).where(AuditEvent.action == VERIFY)).all()
        assert list(chain.broken_links(session)) == []
    assert checked is not None
    assert (len(events), checked.findings) == (2, 1)
    assert checked.first[0].startswith("changed: warc/")
    assert "shop.example" not in str(events[-1].detail)
    (looked,) = check_evidence(load_settings())
    assert (looked.state, "1 findings" in looked.text) == ("fail", True)


def test_a_long_run_goes_on_where_it_gave_way_to_others(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "SLICE", 0.0)
    with parts.store.write() as session:
        make_archive_jobs(session, now=NOW, real_now=NOW)
    worker, tries = worker_of(parts), 0
    while True:
        worker.run_one(kinds=("verify",))
        with parts.store.read() as session:
            state = session.scalars(select(Job.state).where(Job.kind == "verify")).one()
        tries += 1
        if state == "done":
            break
        assert tries < 20
    with parts.store.read() as session:
        checked = last_check(session)
    assert tries > 1
    assert checked is not None
    assert (checked.records, checked.findings) == (2, 0)
