"""The job that a release asks for matches kept documents; a worker that ends puts it off."""

from pathlib import Path

import pytest
from sqlalchemy import select

from lantian.commands.rematch import rematch_range
from lantian.commands.worker import handlers_of
from lantian.intake.ranges import KIND, last_run, plan_run, standing, unfinished_run
from lantian.model import Hit, Job
from lantian.settings import Settings
from lantian.store import jobs
from lantian.wiring import Parts
from lantian.worker.handlers import Postpone, Task
from lantian.worker.loop import Worker
from tests.packs import FOUR, keep_four
from tests.rulebook.conftest import Office


@pytest.fixture
def parts(office: Office, tmp_path: Path) -> Parts:
    keep_four(tmp_path / "data")
    settings = Settings(data_dir=tmp_path / "data", pack_dir=FOUR)
    return Parts(settings=settings, store=office.store, clock=office.clock)


def hashes(office: Office) -> set[str]:
    with office.store.read() as session:
        return set(session.scalars(select(Hit.pack_hash)))


def test_a_release_lets_the_worker_match_what_is_kept(office: Office, parts: Parts) -> None:
    office.market.posting(office.market.platform())
    pack = office.released(office.draft(office.pack("one", without="green_channel")))
    assert hashes(office) == {office.market.matcher.pack_hash}
    worker = Worker(parts.store, parts.clock, handlers_of(parts))
    assert worker.run_until_idle(kinds=("rematch", KIND)) == 2
    assert hashes(office) == {office.market.matcher.pack_hash, pack.hash}
    with office.store.read() as session:
        states = session.scalars(select(Job.state).where(Job.kind.in_(["rematch", KIND])))
        assert set(states) == {"done"}
        assert standing(session, last_run(session) or "").done == 1


def test_a_worker_that_ends_puts_the_rest_off_and_another_goes_on_there(
    office: Office, parts: Parts
) -> None:
    platform = office.market.platform()
    for _ in range(3):
        office.market.posting(platform)
    pack = office.released(office.draft(office.pack("one", without="green_channel")))
    with office.store.write() as session:
        plan_run(session, "run", now=office.clock.now(), batch=2)
    claim = jobs.claim(office.store, now=office.clock.now(), kinds=(KIND,))
    assert claim is not None
    task = Task(claim)
    task.stop.set()
    with pytest.raises(Postpone, match="2 of 3 documents"):
        rematch_range(parts, task)
    with office.store.write() as session:
        assert (standing(session, "run").done, standing(session, "run").waiting) == (2, 1)
        jobs.postpone(session, claim, due=office.clock.now())
    assert Worker(parts.store, parts.clock, handlers_of(parts)).run_one(kinds=(KIND,))
    with office.store.read() as session:
        found = standing(session, "run")
        hits = session.scalars(select(Hit.document_id).where(Hit.pack_hash == pack.hash)).all()
    assert (found.documents, found.done, found.waiting) == (3, 3, 0)
    assert len(set(hits)) == 3


def test_ranges_cover_every_document_once_and_a_newer_run_drops_what_waits(
    office: Office, parts: Parts
) -> None:
    platform = office.market.platform()
    for _ in range(5):
        office.market.posting(platform)
    now = office.clock.now()
    with office.store.write() as session:
        first = plan_run(session, "first", now=now, size=2)
        assert (first.documents, first.ranges, first.waiting) == (5, 3, 3)
        second = plan_run(session, "second", now=now, pack="sha256:b", size=3)
        assert (second.documents, second.ranges) == (5, 2)
        assert standing(session, "first").waiting == 0
        assert unfinished_run(session, "sha256:b") == "second"
        assert unfinished_run(session, "sha256:c") is None, "other rules need a run of their own"
        spans = session.scalars(
            select(Job.payload).where(Job.kind == KIND, Job.state == "ready").order_by(Job.id)
        ).all()
    assert (spans[0]["documents"], spans[0]["at"]) == (3, 0)
    assert spans[0]["until"] == spans[1]["at"]
