"""The worker does each job once, gives back what failed, and lets go of what it lost."""

import threading
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.clock import FixedClock
from lantian.model import Job, Platform
from lantian.store import jobs
from lantian.store.engine import Store
from lantian.store.jobs import Claim
from lantian.worker.handlers import Handler, Postpone, Task
from lantian.worker.loop import Worker


def ask(store: Store, clock: FixedClock, kind: str, key: str, lane: str | None = None) -> None:
    with store.write() as session:
        jobs.enqueue(
            session, kind=kind, key=key, payload={}, due=clock.now(), now=clock.now(), lane=lane
        )


def job(store: Store, key: str) -> Job:
    with store.read() as session:
        return session.scalars(select(Job).where(Job.key == key)).one()


def name_platform(name: str, clock: FixedClock) -> Callable[[Session, Claim], None]:
    def effect(session: Session, _claim: Claim) -> None:
        session.add(Platform(name=name, created_at=clock.now()))

    return effect


def platforms(store: Store) -> list[str]:
    with store.read() as session:
        return list(session.scalars(select(Platform.name)))


def test_a_job_and_its_effect_are_done_together(store: Store, clock: FixedClock) -> None:
    ask(store, clock, "good", "good:1")
    done: list[str] = []
    handler = Handler(
        work=lambda task: done.append(task.claim.key), finish=name_platform("effect", clock)
    )

    assert Worker(store, clock, {"good": handler}).run_until_idle() == 1

    assert done == ["good:1"]
    assert job(store, "good:1").state == "done"
    assert platforms(store) == ["effect"]


def test_an_effect_that_fails_leaves_nothing_and_the_job_is_tried_again(
    store: Store, clock: FixedClock
) -> None:
    ask(store, clock, "bad", "bad:1")

    def break_off(session: Session, claim: Claim) -> None:
        name_platform("half", clock)(session, claim)
        session.flush()
        raise ValueError("the effect broke")

    worker = Worker(store, clock, {"bad": Handler(work=lambda _: None, finish=break_off)})
    worker.run_until_idle()

    found = job(store, "bad:1")
    assert (found.state, found.tries, found.last_error) == (
        "ready",
        1,
        "ValueError: the effect broke",
    )
    assert found.due == clock.now() + timedelta(seconds=5)
    assert platforms(store) == []


def test_a_job_that_fails_again_and_again_is_dead_and_its_last_step_is_taken(
    store: Store, clock: FixedClock
) -> None:
    ask(store, clock, "bad", "bad:1")

    def fail(_task: Task) -> None:
        raise ValueError("always")

    handler = Handler(work=fail, dead=name_platform("buried", clock))
    worker = Worker(store, clock, {"bad": handler})
    for _ in range(jobs.MAX_TRIES):
        assert job(store, "bad:1").state == "ready"
        worker.run_until_idle()
        clock.advance(timedelta(hours=2))

    assert job(store, "bad:1").state == "dead"
    assert platforms(store) == ["buried"]
    assert worker.run_until_idle() == 0


def test_a_postponed_job_is_not_counted_as_a_failure(store: Store, clock: FixedClock) -> None:
    ask(store, clock, "later", "later:1")
    due = clock.now() + timedelta(seconds=15)

    def put_off(_task: Task) -> None:
        raise Postpone("the index does not answer", due=due)

    Worker(store, clock, {"later": Handler(work=put_off)}).run_until_idle()

    found = job(store, "later:1")
    assert (found.state, found.tries, found.due) == ("ready", 0, due)


def test_a_lease_that_went_to_another_stops_the_work_and_its_effect(
    store: Store, clock: FixedClock
) -> None:
    ask(store, clock, "slow", "slow:1")
    stopped = threading.Event()

    def lose(task: Task) -> None:
        with store.write() as session:
            session.get_one(Job, task.claim.id).token += 1
        if task.stop.wait(10):
            stopped.set()

    handler = Handler(work=lose, finish=name_platform("twice", clock))
    Worker(store, clock, {"slow": handler}, lease=timedelta(seconds=0.9)).run_one()

    assert stopped.is_set()
    assert platforms(store) == []
    assert job(store, "slow:1").state == "leased"


def test_stopping_asks_the_work_in_hand_to_end_and_takes_no_more(
    store: Store, clock: FixedClock
) -> None:
    for number in (1, 2):
        ask(store, clock, "long", f"long:{number}")
    begun = threading.Event()

    def work(task: Task) -> None:
        begun.set()
        task.stop.wait(30)
        raise Postpone("interrupted", due=clock.now())

    worker = Worker(store, clock, {"long": Handler(work=work, slow=True)}, pause=0.05)
    thread = threading.Thread(target=worker.run)
    thread.start()
    assert begun.wait(20)
    worker.stop()
    thread.join(20)

    assert not thread.is_alive()
    assert [job(store, f"long:{number}").state for number in (1, 2)] == ["ready", "ready"]


def test_quick_jobs_go_on_while_a_slow_one_runs(store: Store, clock: FixedClock) -> None:
    ask(store, clock, "slow", "slow:1")
    quick_done = threading.Event()

    def slow(task: Task) -> None:
        ask(store, clock, "quick", "quick:1")
        assert quick_done.wait(20)
        task.stop.wait(0)

    handlers = {
        "slow": Handler(work=slow, slow=True),
        "quick": Handler(work=lambda _: quick_done.set()),
    }
    worker = Worker(store, clock, handlers, pause=0.05)
    thread = threading.Thread(target=worker.run)
    thread.start()
    assert quick_done.wait(20)
    worker.stop()
    thread.join(20)

    assert job(store, "slow:1").state == "done"


def test_a_schedule_that_fails_for_a_moment_does_not_end_the_worker(
    store: Store, clock: FixedClock
) -> None:
    looks: list[int] = []
    done = threading.Event()

    def schedule() -> None:
        looks.append(1)
        if len(looks) == 1:
            raise OSError("gone for a moment")
        ask(store, clock, "quick", "quick:1")

    worker = Worker(
        store,
        clock,
        {"quick": Handler(work=lambda _: done.set())},
        pause=0.05,
        schedule=schedule,
    )
    thread = threading.Thread(target=worker.run)
    thread.start()
    assert done.wait(20)
    worker.stop()
    thread.join(20)
    assert len(looks) >= 2
