"""The job that a release asks for matches kept documents; a worker that ends puts it off."""

from pathlib import Path

import pytest
from sqlalchemy import select

from lantian.commands.worker import handlers_of, rematch_kept
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
    assert worker.run_one(kinds=("rematch",))
    assert hashes(office) == {office.market.matcher.pack_hash, pack.hash}
    with office.store.read() as session:
        (job,) = session.scalars(select(Job).where(Job.kind == "rematch"))
    assert job.state == "done"


def test_a_worker_that_ends_puts_the_rest_off(office: Office, parts: Parts) -> None:
    office.market.posting(office.market.platform())
    office.released(office.draft(office.pack("one", without="green_channel")))
    claim = jobs.claim(office.store, now=office.clock.now(), kinds=("rematch",))
    assert claim is not None
    task = Task(claim)
    task.stop.set()
    with pytest.raises(Postpone, match="1 of 1 documents"):
        rematch_kept(parts, task)
