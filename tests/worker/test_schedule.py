"""Time makes jobs: one a due time, only for what is enabled and not under way."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from lantian.access import audit
from lantian.clock import FixedClock
from lantian.model import Crawl, Job, Platform, Source
from lantian.store.engine import Store
from lantian.worker.schedule import last_time, make_due_jobs, make_seal_job

WEEKLY = "0 8 * * 1"


def watched(store: Store, clock: FixedClock, **more: object) -> int:
    with store.write() as session:
        platform = Platform(name="shop", created_at=clock.now())
        session.add(platform)
        session.flush()
        values = {
            "name": "shop",
            "kind": "shop",
            "profile": "shop",
            "start_urls": [],
            "platform_id": platform.id,
            "schedule": "17 */6 * * *",
            "created_at": clock.now(),
            **more,
        }
        source = Source(**values)
        session.add(source)
        session.flush()
        return source.id


def make(store: Store, clock: FixedClock) -> list[str]:
    with store.write() as session:
        return make_due_jobs(session, now=clock.now(), report_cron=WEEKLY)


def test_cron_lines_are_read_in_shanghai() -> None:
    now = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)  # 08:30 in Shanghai
    assert last_time("0 8 * * *", now) == datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
    assert last_time("30 8 * * *", now) == now


def test_a_due_source_gets_one_crawl_of_that_time(store: Store, clock: FixedClock) -> None:
    source_id = watched(store, clock)
    assert make(store, clock) == []

    clock.advance(timedelta(hours=13))  # two times were missed; the last one counts
    (key,) = make(store, clock)

    assert key == "crawl:shop:2026-11-24T18:17+08:00"
    assert make(store, clock) == []
    with store.read() as session:
        job = session.scalars(select(Job)).one()
    assert (job.kind, job.payload, job.lane) == (
        "crawl",
        {"source_id": source_id, "due": True},
        f"source:{source_id}",
    )


def test_no_second_crawl_is_made_while_one_waits(store: Store, clock: FixedClock) -> None:
    watched(store, clock)
    clock.advance(timedelta(hours=7))
    assert len(make(store, clock)) == 1
    clock.advance(timedelta(hours=7))
    assert make(store, clock) == []

    with store.write() as session:
        session.scalars(select(Job)).one().state = "done"
    assert len(make(store, clock)) == 1


def test_a_disabled_source_or_one_without_schedule_is_left_alone(
    store: Store, clock: FixedClock
) -> None:
    watched(store, clock, enabled=False)
    with store.write() as session:
        platform_id = session.scalars(select(Platform.id)).one()
        session.add(
            Source(
                name="by-hand",
                kind="site",
                profile="site",
                start_urls=["http://a.example/"],
                platform_id=platform_id,
                created_at=clock.now(),
            )
        )
    clock.advance(timedelta(days=1))
    assert make(store, clock) == []


def test_the_weekly_summary_is_of_the_week_before_and_made_once(
    store: Store, clock: FixedClock
) -> None:
    source_id = watched(store, clock, schedule=None)
    clock.advance(timedelta(days=7))
    assert make(store, clock) == []  # nothing was ever crawled
    clock.advance(timedelta(days=-7))
    with store.write() as session:
        session.add(
            Crawl(
                source_id=source_id,
                spider="shop",
                job_key="crawl:1",
                token=1,
                started_at=clock.now(),
                recorded_at=clock.now(),
            )
        )

    assert make(store, clock) == []  # last Monday lies before the first crawl
    clock.advance(timedelta(days=6))
    assert make(store, clock) == ["weekly_report:2026-11-23"]
    assert make(store, clock) == []


def seal_job(store: Store, real_now: datetime) -> str | None:
    with store.write() as session:
        return make_seal_job(session, now=real_now, real_now=real_now)


def test_yesterday_is_sealed_once_it_is_over_in_shanghai(store: Store) -> None:
    noon = datetime(2026, 11, 24, 4, tzinfo=UTC)
    midnight = datetime(2026, 11, 24, 16, tzinfo=UTC)
    assert seal_job(store, noon) is None
    with store.write() as session:
        audit.record(session, actor="x", action="x", subject="x:1", now=noon, real_now=noon)
    for moment in (noon, midnight, midnight + timedelta(minutes=9)):
        assert seal_job(store, moment) is None
    after = midnight + timedelta(minutes=10)
    assert seal_job(store, after) == "seal:2026-11-24"
    assert seal_job(store, after) is None
    # Days that were missed are sealed with the last of them.
    assert seal_job(store, after + timedelta(days=5)) == "seal:2026-11-29"
    with store.read() as session:
        job = session.scalars(select(Job).order_by(Job.id)).first()
    assert job is not None
    assert (job.kind, job.payload, job.lane) == ("seal", {"day": "2026-11-24"}, "seal")
