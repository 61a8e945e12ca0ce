"""Jobs that time makes: crawls of the sources that are due, the weekly summary, sealing a day."""

from datetime import datetime, timedelta
from typing import cast

from cronsim import CronSim
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from lantian.clock import SHANGHAI, day_start, legal_day, week_start
from lantian.model import AuditEvent, Campaign, Capture, Crawl, Job, SecondOpinion, Source
from lantian.store import jobs

SEAL_AFTER = timedelta(minutes=10)
"""After midnight: whoever was still writing has ended by then, and what is later is not lost."""


def make_due_jobs(session: Session, *, now: datetime, report_cron: str) -> list[str]:
    """The keys of the jobs that were new: what is due at `now` and was not asked for before.

    Of several missed times only the last one counts.
    """
    return [*_crawls(session, now), *_weekly(session, now, report_cron)]


def make_seal_job(session: Session, *, now: datetime, real_now: datetime) -> str | None:
    """The key of the job that seals yesterday, if it was not asked for before.

    Days are those of the machine's time (`real_now`). Before the first day on which something was
    recorded there is nothing to seal.
    """
    yesterday = legal_day(real_now - SEAL_AFTER) - timedelta(days=1)
    key = f"seal:{yesterday.isoformat()}"
    if session.scalar(select(Job.id).where(Job.key == key)) is not None:
        return None
    first = (
        select(Capture.recorded_at).order_by(Capture.id).limit(1),
        select(AuditEvent.recorded_at).order_by(AuditEvent.id).limit(1),
    )
    times = [at for at in map(session.scalar, first) if at is not None]
    if not times or min(times) >= day_start(yesterday + timedelta(days=1)):
        return None
    payload = {"day": yesterday.isoformat()}
    made = jobs.enqueue(
        session, kind="seal", key=key, payload=payload, due=now, now=now, lane="seal"
    )
    return key if made else None


def make_archive_jobs(session: Session, *, now: datetime, real_now: datetime) -> list[str]:
    """The keys of the jobs on the archive that were new: its index each hour, others each night.

    Retention deletes what is over its time, and then everything that is kept is verified. Their
    lane is that of sealing, so that one of them is at work at a time: what is deleted was
    sealed before. Before the first capture there is nothing to do.
    """
    local = (real_now - SEAL_AFTER).astimezone(SHANGHAI)
    wanted = {
        f"index_archive:{local:%Y-%m-%dT%H}": "index_archive",
        f"expire:{local:%Y-%m-%d}": "expire",
        f"verify:{local:%Y-%m-%d}": "verify",
    }
    known = set(session.scalars(select(Job.key).where(Job.key.in_(wanted))))
    if len(known) == len(wanted) or session.scalar(select(Capture.id).limit(1)) is None:
        return []
    return [
        key
        for key, kind in wanted.items()
        if key not in known
        and jobs.enqueue(session, kind=kind, key=key, payload={}, due=now, now=now, lane="seal")
    ]


def make_forget_job(session: Session, *, now: datetime, real_now: datetime) -> str | None:
    """The key of the job that forgets what is due each night, if it was not asked for before.

    Its lane is that of sealing and retention. Before the first capture there is nothing to forget.
    """
    key = f"forget:{legal_day(real_now - SEAL_AFTER).isoformat()}"
    if session.scalar(select(Job.id).where(Job.key == key)) is not None:
        return None
    if session.scalar(select(Capture.id).limit(1)) is None:
        return None
    made = jobs.enqueue(session, kind="forget", key=key, payload={}, due=now, now=now, lane="seal")
    return key if made else None


def make_second_job(session: Session, *, now: datetime) -> str | None:
    """The key of the job that asks the second opinion of what is new, once an hour.

    Without a second opinion there is nothing to ask.
    """
    statement = select(SecondOpinion.id).where(SecondOpinion.removed_at.is_(None)).limit(1)
    if session.scalar(statement) is None:
        return None
    key = f"second:{now:%Y-%m-%dT%H}"
    made = jobs.enqueue(
        session, kind="second", key=key, payload={}, due=now, now=now, lane="second"
    )
    return key if made else None


def last_time(cron: str, now: datetime) -> datetime | None:
    """The last moment, not after `now`, that a cron line in Asia/Shanghai names."""
    local = now.astimezone(SHANGHAI) + timedelta(seconds=1)
    return next(CronSim(cron, local, reverse=True), None)


def _crawls(session: Session, now: datetime) -> list[str]:
    made = []
    # A campaign's searches are made between its dates, until it is stopped.
    on = and_(Campaign.begins_at <= now, Campaign.ends_at > now, Campaign.stopped_at.is_(None))
    statement = (
        select(Source, Campaign.begins_at)
        .outerjoin(Campaign, Campaign.id == Source.campaign_id)
        .where(
            Source.enabled.is_(True),
            Source.schedule.is_not(None),
            or_(Source.campaign_id.is_(None), on),
        )
    )
    waiting = set(
        session.scalars(
            select(Job.lane).where(Job.kind == "crawl", Job.state.in_(["ready", "leased"]))
        )
    )
    for source, begins_at in session.execute(statement.order_by(Source.id)):
        due = last_time(source.schedule or "", now)
        lane = f"source:{source.id}"
        since = source.last_crawl_at or source.created_at
        begins = cast("datetime | None", begins_at)
        # A time that names the very beginning counts.
        since = since if begins is None else max(since, begins - timedelta(seconds=1))
        if due is None or due <= since or lane in waiting:
            continue
        key = f"crawl:{source.name}:{due.isoformat(timespec='minutes')}"
        if jobs.enqueue(
            session,
            kind="crawl",
            key=key,
            payload={"source_id": source.id, "due": True},
            due=due,
            now=now,
            lane=lane,
        ):
            made.append(key)
    return made


def _weekly(session: Session, now: datetime, cron: str) -> list[str]:
    due = last_time(cron, now)
    if due is None:
        return []
    first = session.scalar(select(func.min(Crawl.started_at)))
    # Before the first crawl there is nothing to tell.
    if first is None or due <= first:
        return []
    monday = week_start(legal_day(due)) - timedelta(days=7)
    key = f"weekly_report:{monday.isoformat()}"
    made = jobs.enqueue(
        session,
        kind="weekly_report",
        key=key,
        payload={"week": monday.isoformat()},
        due=due,
        now=now,
    )
    return [key] if made else []
