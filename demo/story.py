"""Twelve weeks of the real pipeline over the made-up market, with the clock as an argument.

Each week: the sites show that week, the real spiders crawl them, a reviewer decides a part, some
notices go out, a platform answers. Every week is told once, so that a run that was cut off goes
on where it was.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from demo import deeds, stage
from demo.market import WEEKS
from demo.sites import Sites
from lantian.errors import ServiceUnavailable
from lantian.model import Clue, Document, Job, Source, User
from lantian.reports.weekly import deliver, last_whole_week, weekly_message
from lantian.store import jobs
from lantian.store.installation import DemoClock
from lantian.wiring import Parts
from lantian.worker.loop import Worker

AT_ONCE = 3
"""Crawls that run side by side, one a source."""
TRIES = 4
REVIEW_AFTER, NOTICES_AFTER = timedelta(hours=3), timedelta(hours=4)
NO_PICTURE = "浏览器只打开演示最后一周的页面 (only pages of the last week were opened in a browser)"

Say = Callable[[str], None]


class Stopped(Exception):
    """The demonstration is to end."""


@dataclass(frozen=True)
class Story:
    """What the twelve weeks are told with."""

    parts: Parts
    clock: DemoClock
    sites: Sites
    worker: Worker
    say: Say
    stopping: threading.Event
    browser: bool
    weeks: int = WEEKS
    """The last weeks of the twelve that are told; fewer are quicker."""

    def tell(self) -> bool:
        """Whether the demonstration came to its present; quick where that was done before.

        Not, if it was stopped before. Raises `ServiceUnavailable` naming the job that cannot be
        done.
        """
        first = WEEKS - self.weeks
        reviewer = stage.people(self.parts)["reviewer"]
        sources = stage.sources(self.parts, now=self._moment(first))
        stage.channels(self.parts)
        for week in range(first, WEEKS):
            if not self._told(week):
                try:
                    self._tell(week, sources, reviewer)
                except Stopped:
                    return False
        self.sites.shown.change(week=WEEKS - 1)
        self.clock.run()
        return True

    def _tell(self, week: int, sources: dict[str, Source], reviewer: User) -> None:
        self.say(f"week {week + 1} of {WEEKS}: crawling")
        self.sites.shown.change(week=week)
        at = self._moment(week)
        self._crawl(week, sources, at)
        if week == WEEKS - 1:
            self._leave_pictures()
            self._write_mail(at)
        else:
            self.clock.stand_at(at + REVIEW_AFTER)
            deeds.review(self.parts, reviewer, week=week, at=at + REVIEW_AFTER)
            self.clock.stand_at(at + NOTICES_AFTER)
            for notice in deeds.notify(self.parts, reviewer, week=week, at=at + NOTICES_AFTER):
                acted = deeds.answer(self.parts, self.sites, notice, week=week)
                if acted is not None:
                    self.clock.stand_at(acted + timedelta(hours=1))
                    self._work_off("recheck")
        self._work_off("index")
        self._note(week, at)

    def _crawl(self, week: int, sources: dict[str, Source], at: datetime) -> None:
        """Crawl all sites as they stand in that week; those behind scripts in the last alone."""
        self.clock.stand_at(at)
        names = list(stage.STATIC)
        if week == WEEKS - 1 and self.browser:
            names.append(stage.SCRIPTED)
        with self.parts.store.write() as session:
            for name in names:
                source = sources[name]
                jobs.enqueue(
                    session,
                    kind="crawl",
                    key=f"crawl:{source.id}:week-{week}",
                    payload={"source_id": source.id},
                    due=at,
                    now=at,
                    lane=f"source:{source.id}",
                )
        self._work_off("crawl")

    def _work_off(self, kind: str) -> None:
        """Do the jobs of the kind, some at once; one that failed is tried again a moment later.

        Raises `ServiceUnavailable` naming the job that cannot be done, `Stopped` in between.
        """
        left: Sequence[Job] = ()
        number = AT_ONCE if kind == "crawl" else 1
        for _again in range(TRIES):
            with ThreadPoolExecutor(number) as pool:
                at_work = [
                    pool.submit(self.worker.run_until_idle, kinds=(kind,)) for _ in range(number)
                ]
                for work in at_work:
                    work.result()
            if self.stopping.is_set():
                raise Stopped
            with self.parts.store.read() as session:
                waiting = select(Job).where(Job.kind == kind, Job.state.in_(("ready", "dead")))
                left = session.scalars(waiting).all()
            if not left:
                return
            self.clock.stand_at(max(self.clock.now(), *(job.due for job in left)))
        raise ServiceUnavailable(
            f"{left[0].key} could not be done: {left[0].last_error}.",
            hint="Run `lantian doctor`, then the demonstration again: it goes on from there.",
        )

    def _leave_pictures(self) -> None:
        """Give up the evidence visits to postings that are off line by now."""
        with self.parts.store.write() as session:
            online = (
                select(Document.capture_id)
                .join(Clue, Clue.document_id == Document.id)
                .where(Clue.presence == "online")
            )
            wanted = {f"evidence:{capture_id}" for capture_id in session.scalars(online)}
            waiting = select(Job.id, Job.key).where(Job.kind == "evidence", Job.state == "ready")
            left = [job_id for job_id, key in session.execute(waiting) if key not in wanted]
            jobs.finish_ready(session, left, now=self.clock.now())
            session.execute(update(Job).where(Job.id.in_(left)).values(last_error=NO_PICTURE))

    def _write_mail(self, at: datetime) -> None:
        """Write the summary of the last whole week to the outbox, in both languages."""
        settings = self.parts.settings
        labels = {name: claim.label.model_dump() for name, claim in self.parts.claims().items()}
        for locale in ("zh_CN", "en"):
            with self.parts.store.read() as session:
                message = weekly_message(
                    session,
                    last_whole_week(at),
                    settings=settings,
                    locale=locale,
                    claim_labels=labels,
                    now=at,
                )
            deliver(message, settings=settings, demo=True)

    def _note(self, week: int, at: datetime) -> None:
        """Note that the week is told."""
        key = f"demo_week:{week}"
        with self.parts.store.write() as session:
            jobs.enqueue(session, kind="demo_week", key=key, payload={}, due=at, now=at)
            told = session.scalars(select(Job.id).where(Job.key == key)).all()
            jobs.finish_ready(session, told, now=at)

    def _told(self, week: int) -> bool:
        with self.parts.store.read() as session:
            statement = select(Job.id).where(Job.key == f"demo_week:{week}")
            return session.scalar(statement) is not None

    def _moment(self, week: int) -> datetime:
        """The instant of that week at which its crawls run; the last one is the founding."""
        return self.sites.end - timedelta(weeks=WEEKS - 1 - week)
