"""Twelve weeks of the real pipeline over the made-up market, with the clock as an argument.

Each week: the sites show that week, the real spiders crawl them, a reviewer decides a part, some
notices go out, a platform answers. Every step is made once, so that a run that was cut off goes
on where it was.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from crawler.sources import grant, source_of_profile
from demo.market import WEEKS
from demo.sites import Sites
from lantian.access import keys, users
from lantian.clues.decide import decide
from lantian.errors import ServiceUnavailable
from lantian.model import Clue, Installation, Job, Notice, Platform, Source, User
from lantian.reading import find_profile
from lantian.store import jobs
from lantian.store.installation import THE_ROW, DemoClock
from lantian.takedowns.answer import Answer, acknowledge, act
from lantian.takedowns.channel import open_channel
from lantian.takedowns.issue import issue_notices
from lantian.wiring import Parts
from lantian.worker.loop import Worker

STATIC = ("demo-shop", "demo-forum", "demo-search")
SCRIPTED = "demo-shop-js"
ANSWERING = "mall.tongye.example"
SILENT = "bbs.zhuxi.example"
NOTICE_WEEKS = {2: ANSWERING, 4: ANSWERING, 7: SILENT, 8: ANSWERING, 10: ANSWERING}
UNANSWERED_WEEK = 8
"""The notice of this week stays without an answer: it is overdue."""

AT_ONCE = 3
"""Crawls that run side by side, one a source."""
TRIES = 4

Say = Callable[[str], None]


@dataclass(frozen=True)
class Story:
    """What the twelve weeks are told with."""

    parts: Parts
    clock: DemoClock
    sites: Sites
    worker: Worker
    say: Say
    browser: bool

    def tell(self) -> None:
        """Bring the demonstration to its present; quick where that was done before."""
        reviewer = self._people()["reviewer"]
        sources = self._sources()
        for week in range(WEEKS):
            if self._done(week):
                continue
            self._crawl(week, sources)
            if week < WEEKS - 1:
                self._review(week, reviewer)
                self._notify(week, reviewer)
            self._end(week)
        self.sites.shown.change(week=WEEKS - 1)
        self.clock.run()

    def _people(self) -> dict[str, User]:
        wanted = {"reviewer": "审核员", "administrator": "管理员"}
        with self.parts.store.write() as session:
            there = {user.name: user for user in session.scalars(select(User))}
            for name, shown in wanted.items():
                if name not in there:
                    there[name] = users.add_user(
                        session,
                        name=name,
                        display_name=shown,
                        role=name,
                        actor="process:demo",
                        at=self.parts.moment(),
                    )
        return there

    def _sources(self) -> dict[str, Source]:
        made = {}
        with self.parts.store.write() as session:
            for name in (*STATIC, SCRIPTED):
                profile = find_profile(name)
                source = source_of_profile(session, profile, now=self._moment(0))
                # The hour of the schedule is real: the demonstration crawls by its own story.
                source.schedule = None
                hosts = [f"{host}:80" for host in profile.hosts]
                hosts += [f"{ANSWERING}:80"] if name == "demo-search" else []
                grant(
                    session,
                    source,
                    hosts,
                    by="process:demo",
                    reason="demonstration",
                    now=self._moment(0),
                )
                made[name] = source
        return made

    def _crawl(self, week: int, sources: dict[str, Source]) -> None:
        self.say(f"week {week + 1} of {WEEKS}: crawling")
        self.sites.shown.change(week=week)
        at = self._moment(week)
        self.clock.stand_at(at)
        names = list(STATIC)
        if week == WEEKS - 1 and self.browser:
            names.append(SCRIPTED)
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
        self._work_off("index")

    def _work_off(self, kind: str) -> None:
        """Do the jobs of the kind, some at once; one that failed is tried again a moment later.

        Raises `ServiceUnavailable` naming the job that cannot be done.
        """
        for _again in range(TRIES):
            with ThreadPoolExecutor(AT_ONCE if kind == "crawl" else 1) as pool:
                at_work = [
                    pool.submit(self.worker.run_until_idle, kinds=(kind,)) for _ in range(AT_ONCE)
                ]
                for work in at_work:
                    work.result()
            with self.parts.store.read() as session:
                left = session.scalars(
                    select(Job).where(Job.kind == kind, Job.state.in_(("ready", "dead")))
                ).all()
            if not left:
                return
            self.clock.stand_at(max(job.due for job in left))
        raise ServiceUnavailable(
            f"{left[0].key} could not be done: {left[0].last_error}.",
            hint="Run `lantian doctor`, then the demonstration again: it goes on from there.",
        )

    def _review(self, week: int, reviewer: User) -> None:
        """About a quarter of what is open is decided: most confirmed, some dismissed."""
        at = self._moment(week) + timedelta(hours=3)
        self.clock.stand_at(at)
        with self.parts.store.write() as session:
            open_clues = session.scalars(
                select(Clue).where(Clue.state == "open").order_by(Clue.id)
            ).all()
            user = session.merge(reviewer, load=False)
            for clue in open_clues:
                if clue.id % 4 == week % 4:
                    dismissed = clue.id % 20 == 1
                    decide(
                        session,
                        clue.id,
                        verdict="dismissed" if dismissed else "confirmed",
                        user=user,
                        now=at,
                        real_now=self.parts.real_clock.now(),
                        reason="duplicate" if dismissed else None,
                    )

    def _notify(self, week: int, reviewer: User) -> None:
        name = NOTICE_WEEKS.get(week)
        if name is None:
            return
        at = self._moment(week) + timedelta(hours=4)
        self.clock.stand_at(at)
        with self.parts.store.write() as session:
            ids = _untold(session, name)[:6]
            issued = (
                issue_notices(
                    session,
                    ids,
                    actor=f"user:{reviewer.name}",
                    now=at,
                    real_now=self.parts.real_clock.now(),
                    settings=self.parts.settings,
                )
                if ids
                else []
            )
        for notice in issued:
            if name == ANSWERING and week != UNANSWERED_WEEK:
                self._answer(week, notice)

    def _answer(self, week: int, notice: Notice) -> None:
        """The platform acknowledges, removes all but one, refuses one, and is looked after."""
        at = self._moment(week) + timedelta(hours=9)
        self.clock.stand_at(at)
        told = notice.content["clues"]
        refused, removed = told[:1] if len(told) > 2 else [], told[1:] if len(told) > 2 else told
        self.sites.shown.remove(frozenset(clue["posting"].split(":")[-1] for clue in removed))
        answers = [Answer("removed", "", tuple(clue["clue_id"] for clue in removed))]
        if refused:
            ids = tuple(clue["clue_id"] for clue in refused)
            answers.append(Answer("refused", "商家称文案已获许可，正在核实。", ids))
        common = {
            "platform_id": notice.platform_id,
            "actor": "process:demo",
            "expected_revision": None,
            "real_now": self.parts.real_clock.now(),
        }
        with self.parts.store.write() as session:
            acknowledge(session, notice.id, now=at, **common)  # type: ignore[arg-type]
            later = at + timedelta(hours=11)
            act(session, notice.id, answers, now=later, settings=self.parts.settings, **common)  # type: ignore[arg-type]
        self.clock.stand_at(at + timedelta(hours=12))
        self._work_off("recheck")

    def _end(self, week: int) -> None:
        """Note that the week is told; the summary of the week before it is written."""
        at = self._moment(week) + timedelta(days=2)
        with self.parts.store.write() as session:
            jobs.enqueue(
                session,
                kind="demo_week",
                key=f"demo_week:{week}",
                payload={},
                due=at + timedelta(days=36500),
                now=at,
            )

    def _done(self, week: int) -> bool:
        with self.parts.store.read() as session:
            statement = select(Job.id).where(Job.key == f"demo_week:{week}")
            return session.scalar(statement) is not None

    def _moment(self, week: int) -> datetime:
        """The instant of that week at which its crawls run; the last one is the founding."""
        return self.sites.end - timedelta(weeks=WEEKS - 1 - week)


def founded(parts: Parts) -> datetime:
    """When the demonstration was founded: the end of its story."""
    with parts.store.read() as session:
        return session.get_one(Installation, THE_ROW).created_at


def platform_key(parts: Parts, name: str) -> str:
    """A new key for the platform; its channel is open from now on."""
    at = parts.moment()
    with parts.store.write() as session:
        platform = session.scalars(select(Platform).where(Platform.name == name)).one()
        key, _row = keys.add_key(
            session,
            owner="platform",
            label=f"demo {name}",
            actor="process:demo",
            at=at,
            platform=platform,
            test=True,
        )
        open_channel(
            session,
            platform,
            actor="process:demo",
            now=at.now,
            real_now=at.real,
            settings=parts.settings,
        )
    return key


def office_key(parts: Parts) -> str:
    """A new sandbox key of the office."""
    with parts.store.write() as session:
        key, _row = keys.add_key(
            session,
            owner="office",
            label="demo office",
            actor="process:demo",
            at=parts.moment(),
            test=True,
        )
    return key


def _untold(session: Session, platform: str) -> list[int]:
    """Confirmed clues of the platform that are on line and that no notice tells of."""
    from lantian.model import NoticeItem

    statement = (
        select(Clue.id)
        .join(Platform, Platform.id == Clue.platform_id)
        .where(
            Platform.name == platform,
            Clue.state == "confirmed",
            Clue.presence == "online",
            Clue.id.not_in(select(NoticeItem.clue_id)),
        )
        .order_by(Clue.id)
    )
    return list(session.scalars(statement))
