"""`lantian worker`: does what is due, until it is stopped."""

import logging
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lantian.model import Source
    from lantian.reading import SiteProfile
    from lantian.store.jobs import Claim
    from lantian.wiring import Parts
    from lantian.worker.handlers import Handlers, Task
    from lantian.worker.loop import Worker

WAIT_FOR_INDEX = timedelta(seconds=15)
INDEX_TOGETHER = 200
"""Clues that one visit to the index takes along."""


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def worker(
        until_idle: Annotated[
            bool, typer.Option("--until-idle", help="End when nothing is due any more.")
        ] = False,
        once: Annotated[bool, typer.Option("--once", help="Do one job and end.")] = False,
        lease: Annotated[
            float, typer.Option(help="Seconds after which the jobs of a killed worker are free.")
        ] = 60.0,
    ) -> None:
        """Run what is due: crawls, evidence visits, re-checks, index, seals, retention, reports."""
        from lantian.settings import load_settings
        from lantian.wiring import open_parts

        parts = open_parts(load_settings())
        logging.basicConfig(level=parts.settings.log_level, format="%(levelname)s %(message)s")
        running = worker_of(parts, lease=timedelta(seconds=lease))
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: running.stop())
        try:
            if once:
                running.run_one()
            elif until_idle:
                done = running.run_until_idle()
                typer.echo(f"{done} jobs done.")
            else:
                running.run()
        finally:
            parts.close()


def worker_of(parts: "Parts", *, lease: timedelta = timedelta(seconds=60)) -> "Worker":
    """A worker with a handler for every kind of job, and the schedule."""
    from lantian.worker.loop import Worker
    from lantian.worker.schedule import (
        make_archive_jobs,
        make_due_jobs,
        make_forget_job,
        make_seal_job,
        make_second_job,
    )

    def schedule() -> None:
        now, real_now = parts.clock.now(), parts.real_clock.now()
        with parts.store.write() as session:
            make_due_jobs(session, now=now, report_cron=parts.settings.report_cron)
            make_seal_job(session, now=now, real_now=real_now)
            make_archive_jobs(session, now=now, real_now=real_now)
            make_forget_job(session, now=now, real_now=real_now)
            make_second_job(session, now=now)

    return Worker(parts.store, parts.clock, handlers_of(parts), lease=lease, schedule=schedule)


def handlers_of(parts: "Parts", arguments: "Sequence[str]" = ()) -> "Handlers":
    """The table: how each kind of job is done; `arguments` go to the children that crawl."""
    from lantian.commands.evidence import verified, verify_kept
    from lantian.commands.evidence_keeping import expire_kept, index_kept
    from lantian.commands.evidence_seal import seal_kept, stamp_sealed
    from lantian.commands.imports import take_uploaded
    from lantian.commands.pictures import after_pictures, read_captured
    from lantian.commands.rematch import plan_ranges, rematch_range
    from lantian.commands.second import look_at_kept
    from lantian.worker.child import Child
    from lantian.worker.handlers import Handler

    child = Child([sys.executable, "-m", "lantian", "crawl", *arguments], parts.clock)
    crawl = in_its_time(parts, child)
    after: dict[str, Callable[[Parts], Callable[[Session, Claim], None]]] = {
        "crawl": after_crawl,
        "evidence": after_evidence,
        "recheck": after_recheck,
        "pictures": after_pictures,
    }
    table: dict[str, Handler] = {
        kind: Handler(
            work=unless_split(parts, crawl),
            finish=step(parts),
            dead=lambda s, c: give_up_crawl(parts, s, c),
            slow=True,
        )
        for kind, step in after.items()
    }
    table["index"] = Handler(work=lambda task: index_clues(parts, task), finish=finish_along)
    table["rematch"] = Handler(
        work=lambda _: None, finish=lambda s, c: plan_ranges(parts, s, c), slow=True
    )
    table["rematch_range"] = Handler(work=lambda task: rematch_range(parts, task), slow=True)
    table["tip"] = Handler(work=lambda task: take_told(parts, task), finish=finish_along)
    table["forget_contacts"] = Handler(work=lambda _: None, finish=forgetting(parts))
    table["seal"] = Handler(work=lambda task: seal_kept(parts, task), long=True)
    table["index_archive"] = Handler(work=lambda task: index_kept(parts, task), long=True)
    table["expire"] = Handler(work=lambda task: expire_kept(parts, task), long=True)
    table["verify"] = Handler(
        work=lambda task: verify_kept(parts, task), finish=verified(parts), long=True
    )
    table["upload"] = Handler(work=lambda task: take_uploaded(parts, task), slow=True)
    table["forget"] = Handler(work=lambda task: forget_kept(parts, task), long=True)
    table["second"] = Handler(work=lambda task: look_at_kept(parts, task), long=True)
    table["stamp"] = Handler(work=lambda task: stamp_sealed(parts, task))
    table["read_pictures"] = Handler(work=lambda task: read_captured(parts, task), long=True)
    table["weekly_report"] = Handler(work=lambda task: send_weekly(parts, task))
    return table


def in_its_time(parts: "Parts", work: "Callable[[Task], None]") -> "Callable[[Task], None]":
    """The work; a child that put its job off has written down from when on it is to go on."""

    def patient(task: "Task") -> None:
        from lantian.model import Job
        from lantian.worker.handlers import Postpone

        try:
            work(task)
        except Postpone as error:
            with parts.store.read() as session:
                due = session.get_one(Job, task.claim.id).due
            if due <= error.due:
                raise
            raise Postpone(f"{task.claim.key} goes on at {due:%F %T} UTC", due=due) from error

    return patient


def after_crawl(parts: "Parts") -> "Callable[[Session, Claim], None]":
    """After a crawl: notified postings that came back; instead of one, those of its sections."""

    def step(session: "Session", claim: "Claim") -> None:
        from lantian.commands.pictures import ask_for_shown
        from lantian.takedowns.recheck import note_returns

        now, real_now = parts.clock.now(), parts.real_clock.now()
        crawl_id = crawl_of(session, claim)
        if crawl_id is None:
            split_crawl(parts, session, claim)
        else:
            note_returns(session, crawl_id, now=now, real_now=real_now, matcher_of=parts.matcher_of)
            ask_for_shown(parts, session, claim)

    return step


def unless_split(parts: "Parts", crawl: "Callable[[Task], None]") -> "Callable[[Task], None]":
    """The work of a crawl; a site in sections has none, for the job's end asks for their crawls."""

    def work(task: "Task") -> None:
        with parts.store.read() as session:
            whole = whole_of(parts, session, task.claim)
        if whole is None:
            crawl(task)

    return work


def whole_of(
    parts: "Parts", session: "Session", claim: "Claim"
) -> "tuple[Source, SiteProfile] | None":
    """The source of a crawl that is made in sections, with its profile; none of any other job."""
    from crawler.run import profile_of
    from crawler.sections import is_whole
    from lantian.model import Source

    source = session.get(Source, claim.payload["source_id"]) if claim.kind == "crawl" else None
    if source is None:
        return None
    profile = profile_of(parts, source)
    return (source, profile) if is_whole(claim, source, profile) else None


def split_crawl(parts: "Parts", session: "Session", claim: "Claim") -> None:
    """Ask for the crawls of the sections, if the job was that of a site in sections."""
    from crawler.sections import split

    whole = whole_of(parts, session, claim)
    if whole is not None:
        split(session, claim, *whole, now=parts.clock.now())


def after_recheck(parts: "Parts") -> "Callable[[Session, Claim], None]":
    """After a re-check: what it proved goes onto the notices."""

    def step(session: "Session", claim: "Claim") -> None:
        from lantian.takedowns.recheck import record_rechecks

        now, real_now = parts.clock.now(), parts.real_clock.now()
        crawl_id = crawl_of(session, claim)
        if crawl_id is not None:
            record_rechecks(
                session, crawl_id, now=now, real_now=real_now, matcher_of=parts.matcher_of
            )

    return step


def after_evidence(parts: "Parts") -> "Callable[[Session, Claim], None]":
    """After evidence visits: the jobs of the pages that were taken along are done too."""

    def step(session: "Session", claim: "Claim") -> None:
        from crawler.targets import taken_along
        from lantian.store import jobs

        crawl_id = crawl_of(session, claim)
        if crawl_id is None:
            return
        along = taken_along(session, crawl_id)
        jobs.finish_ready(session, along, now=parts.clock.now())
        end_crawls(parts, session, along, "another run made its visits")

    return step


def give_up_crawl(parts: "Parts", session: "Session", claim: "Claim") -> None:
    """Mark the crawl of a dead job as failed, with what it did see; re-checks saw nothing."""
    from lantian.takedowns.recheck import give_up_rechecks

    end_crawls(parts, session, [claim.id], "given up after several tries")
    if claim.kind == "recheck":
        give_up_rechecks(
            session,
            claim.payload["recheck_ids"],
            why="given up after several tries",
            now=parts.clock.now(),
            real_now=parts.real_clock.now(),
        )


def end_crawls(parts: "Parts", session: "Session", job_ids: "Sequence[int]", why: str) -> None:
    """Mark the unfinished crawls of these jobs as failed; nobody goes on with them."""
    from sqlalchemy import select

    from lantian.intake.finish import finish_crawl
    from lantian.model import Crawl, Job

    unfinished = (
        select(Crawl.id)
        .join(Job, Job.key == Crawl.job_key)
        .where(Job.id.in_(job_ids), Crawl.state == "running")
    )
    for crawl_id in session.scalars(unfinished).all():
        finish_crawl(
            session, crawl_id, now=parts.clock.now(), state="failed", reason=why, whole=False
        )


def crawl_of(session: "Session", claim: "Claim") -> int | None:
    """The crawl that was made for the job, if it got as far as that."""
    from sqlalchemy import select

    from lantian.model import Crawl

    return session.scalar(select(Crawl.id).where(Crawl.job_key == claim.key))


def index_clues(parts: "Parts", task: "Task") -> None:
    """Tell the index of the job's clue, and of others that wait for the same."""
    from sqlalchemy import select

    from lantian.clues.entries import index_entries
    from lantian.errors import IndexUnavailable
    from lantian.model import Job
    from lantian.worker.handlers import Postpone

    claim = task.claim
    with parts.store.read() as session:
        waiting = (
            select(Job.id, Job.payload)
            .where(Job.kind == "index", Job.state == "ready", Job.id != claim.id)
            .order_by(Job.id)
            .limit(INDEX_TOGETHER)
        )
        others = session.execute(waiting).all()
        ids = {claim.payload["clue_id"], *(payload["clue_id"] for _, payload in others)}
        entries = index_entries(session, sorted(ids))
    # `index_entries` was read after these jobs were, so it holds what they tell of.
    claim.payload["_along"] = [job_id for job_id, _ in others]
    try:
        parts.index.ensure()
        report = parts.index.put(entries)
        report.raise_for_retry()
    except IndexUnavailable as error:
        raise Postpone(str(error), due=parts.clock.now() + WAIT_FOR_INDEX) from error
    for failure in report.dead:
        logging.getLogger(__name__).error(
            "the index refuses clue %s: %s", failure.clue_id, failure.reason
        )


def take_told(parts: "Parts", task: "Task") -> None:
    """Take in the tips that wait."""
    from lantian.commands.imports import desk_of
    from lantian.intake.handover.tips import take_tips

    task.claim.payload["_along"] = take_tips(desk_of(parts), task.claim)


def forgetting(parts: "Parts") -> "Callable[[Session, Claim], None]":
    """Delete the contacts of tips whose time is over."""

    def step(session: "Session", _claim: "Claim") -> None:
        from lantian.intake.handover.tips import forget_contacts

        forget_contacts(session, now=parts.clock.now())

    return step


def forget_kept(parts: "Parts", task: "Task") -> None:
    """Forget personal data that nothing asks for any more."""
    from lantian.commands.privacy import forget_due

    forget_due(parts, task=task)


def finish_along(session: "Session", claim: "Claim") -> None:
    """The jobs that were taken along are done too."""
    from lantian.store import jobs

    jobs.finish_ready(session, claim.payload.get("_along", []), now=jobs_now(session))


def jobs_now(session: "Session") -> "datetime":
    """The database's time: when an index job was done is nobody's domain time."""
    from lantian.store.engine import database_now

    return database_now(session)


def send_weekly(parts: "Parts", task: "Task") -> None:
    """Send the summary of the job's week; its Message-ID lets receivers drop repeats."""
    from datetime import date

    from lantian.commands.report import send

    send(parts, date.fromisoformat(task.claim.payload["week"]), parts.settings.locale)
