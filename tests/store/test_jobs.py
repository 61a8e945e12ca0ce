"""The leased table of jobs, on SQLite and on PostgreSQL."""

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from lantian.errors import LeaseLost
from lantian.model import Job
from lantian.store import jobs
from lantian.store.engine import Store, database_now

Add = Callable[..., bool]


def _job(store: Store, key: str) -> Job:
    with store.read() as session:
        return session.scalars(select(Job).where(Job.key == key)).one()


def _claim(store: Store, now: datetime, **narrow: Any) -> jobs.Claim:
    held = jobs.claim(store, now=now, **narrow)
    assert held is not None
    return held


def _run_out(store: Store, held: jobs.Claim) -> None:
    """Let the lease end, as if its holder had been killed a while ago."""
    with store.write() as session:
        past = database_now(session) - timedelta(seconds=1)
        session.execute(update(Job).where(Job.id == held.id).values(lease_until=past))


def test_a_job_is_claimed_once_with_a_token_and_its_payload(
    store: Store, add: Add, now: datetime
) -> None:
    assert add("a")
    held = _claim(store, now)
    assert (held.key, held.kind, held.payload, held.token, held.tries) == (
        "a",
        "crawl",
        {"n": "a"},
        1,
        1,
    )
    assert jobs.claim(store, now=now) is None


def test_a_second_job_of_the_same_key_is_not_made(store: Store, add: Add, now: datetime) -> None:
    assert add("a")
    assert not add("a", payload={"n": "other"})
    assert _job(store, "a").payload == {"n": "a"}
    held = _claim(store, now)
    with store.write() as session:
        jobs.finish(session, held, now=now)
    assert not add("a")
    assert _job(store, "a").state == "done"


def test_a_job_commits_or_vanishes_with_the_change_that_made_it(
    store: Store, now: datetime
) -> None:
    with pytest.raises(RuntimeError):
        _enqueue_and_die(store, now)
    assert jobs.claim(store, now=now) is None


def _enqueue_and_die(store: Store, now: datetime) -> None:
    with store.write() as session:
        jobs.enqueue(session, kind="index", key="a", payload={}, due=now, now=now)
        raise RuntimeError


def test_what_is_urgent_goes_first_then_what_was_due_first(
    store: Store, add: Add, now: datetime
) -> None:
    add("late", due=now)
    add("early", due=now - timedelta(hours=1))
    add("urgent", priority=20)
    add("later", due=now + timedelta(seconds=1))
    order = [_claim(store, now).key for _ in range(3)]
    assert order == ["urgent", "early", "late"]
    assert jobs.claim(store, now=now) is None
    assert _claim(store, now + timedelta(seconds=1)).key == "later"


def test_kinds_and_keys_narrow_the_choice(store: Store, add: Add, now: datetime) -> None:
    add("a", kind="crawl")
    add("b", kind="index")
    assert jobs.claim(store, now=now, kinds=("weekly_report",)) is None
    assert _claim(store, now, kinds=("index", "schedule")).key == "b"
    assert jobs.claim(store, now=now, keys=("b",)) is None
    assert _claim(store, now, keys=("a",)).key == "a"


def test_of_one_lane_at_most_one_job_is_held(store: Store, add: Add, now: datetime) -> None:
    add("a", lane="source:1")
    add("b", lane="source:1", priority=20)
    add("c", lane="source:2")
    first = _claim(store, now)
    assert first.key == "b"
    assert _claim(store, now).key == "c"
    assert jobs.claim(store, now=now) is None
    with store.write() as session:
        jobs.finish(session, first, now=now)
    assert _claim(store, now).key == "a"


def test_a_lane_whose_holder_died_is_free_again(store: Store, add: Add, now: datetime) -> None:
    add("a", lane="source:1", priority=1)
    add("b", lane="source:1")
    dead = _claim(store, now)
    _run_out(store, dead)
    again = _claim(store, now)
    assert (again.key, again.token, again.tries) == ("a", 2, 2)


def test_a_lost_lease_can_write_no_more(store: Store, add: Add, now: datetime) -> None:
    add("a")
    old = _claim(store, now)
    _run_out(store, old)
    new = _claim(store, now)
    with pytest.raises(LeaseLost, match="no longer held"):
        jobs.heartbeat(store, old)
    with store.write() as session:
        with pytest.raises(LeaseLost):
            jobs.require(session, old.id, old.token)
        with pytest.raises(LeaseLost):
            jobs.finish(session, old, now=now)
        with pytest.raises(LeaseLost):
            jobs.postpone(session, old, due=now)
        with pytest.raises(LeaseLost):
            jobs.fail(session, old, "late", now=now)
        jobs.require(session, new.id, new.token)
    assert _job(store, "a").state == "leased"


def test_a_lease_that_ran_out_but_that_nobody_took_is_still_good(
    store: Store, add: Add, now: datetime
) -> None:
    add("a")
    held = _claim(store, now)
    _run_out(store, held)
    jobs.heartbeat(store, held)
    assert jobs.claim(store, now=now) is None


def test_a_heartbeat_prolongs_the_lease_by_the_databases_time(
    store: Store, add: Add, now: datetime
) -> None:
    add("a")
    held = jobs.claim(store, now=now, lease=timedelta(seconds=1))
    assert held is not None
    jobs.heartbeat(store, held, lease=timedelta(hours=1))
    until = _job(store, "a").lease_until
    with store.read() as session:
        left = until - database_now(session) if until else timedelta(0)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)


def test_a_finished_job_is_never_done_again(store: Store, add: Add, now: datetime) -> None:
    add("a")
    held = _claim(store, now)
    with store.write() as session:
        jobs.finish(session, held, now=now)
    with store.write() as session, pytest.raises(LeaseLost):
        jobs.finish(session, held, now=now)
    done = _job(store, "a")
    assert (done.state, done.done_at, done.lease_until) == ("done", now, None)


def test_a_postponed_job_has_lost_no_try(store: Store, add: Add, now: datetime) -> None:
    add("a")
    held = _claim(store, now)
    later = now + timedelta(minutes=5)
    with store.write() as session:
        jobs.postpone(session, held, due=later)
    assert jobs.claim(store, now=now) is None
    assert _claim(store, later).tries == 1


def test_a_failing_job_is_tried_later_and_later_and_then_is_dead(
    store: Store, add: Add, now: datetime
) -> None:
    add("poison")
    pauses = []
    for number in range(1, jobs.MAX_TRIES + 1):
        held = _claim(store, now)
        with store.write() as session:
            dead = jobs.fail(session, held, "x" * 3000, now=now)
        assert dead == (number == jobs.MAX_TRIES)
        job = _job(store, "poison")
        pauses.append(job.due - now)
        now = job.due
    job = _job(store, "poison")
    assert (job.state, len(job.last_error), job.tries) == ("dead", 2000, jobs.MAX_TRIES)
    assert pauses[0] == timedelta(seconds=5)
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(hours=1)
    assert jobs.claim(store, now=now + timedelta(days=365)) is None


WORKER = """
import sys
from datetime import UTC, datetime
from lantian.store import jobs
from lantian.store.engine import Store

store = Store(sys.argv[1])
now = datetime(2026, 9, 8, tzinfo=UTC)
print("ready", flush=True)
sys.stdin.readline()
while (held := jobs.claim(store, now=now)) is not None:
    print(held.id, flush=True)
    with store.write() as session:
        jobs.finish(session, held, now=now)
"""


def test_two_processes_share_the_work_and_do_none_of_it_twice(
    store: Store, store_url: str, add: Add, tmp_path: Path
) -> None:
    for number in range(40):
        add(f"job-{number}")
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    root = Path(__file__).parents[2]
    workers = [
        subprocess.Popen(
            [sys.executable, str(script), store_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
        )
        for _ in range(2)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    answers = [worker.communicate("go\n", timeout=120)[0] for worker in workers]
    done = [line for answer in answers for line in answer.split()]
    assert [worker.returncode for worker in workers] == [0, 0]
    assert len(done) == len(set(done)) == 40
    with store.read() as session:
        assert set(session.scalars(select(Job.state))) == {"done"}
