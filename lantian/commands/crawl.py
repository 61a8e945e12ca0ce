"""`lantian crawl`: crawls an address or a source, and does the jobs that this made."""

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lantian.commands.progress import Progress

LOOK_SECONDS = 0.5
"""Between two looks at how far a crawl is."""

if TYPE_CHECKING:
    from lantian.model import Crawl, Job, Source
    from lantian.store.jobs import Claim
    from lantian.wiring import Parts
    from lantian.worker.loop import Worker


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def crawl(  # noqa: PLR0917  (a command's options)
        target: Annotated[
            str, typer.Argument(metavar="URL|SOURCE", help="An address, or a source's name.")
        ] = "",
        allow: Annotated[
            list[str] | None,
            typer.Option(metavar="HOST:PORT", help="Permit the source this host and port."),
        ] = None,
        why: Annotated[str, typer.Option(help="Why it is permitted.")] = "",
        case: Annotated[
            str, typer.Option(metavar="NUMBER", help="Case for which it is collected.")
        ] = "",
        operator: Annotated[
            list[str] | None,
            typer.Option(metavar="NAME", help="Who collects, for the extraction record; repeat."),
        ] = None,
        due: Annotated[
            bool, typer.Option("--due", help="Take only pages that are due, as schedules do.")
        ] = False,
        as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
        settings: Annotated[
            list[str] | None,
            typer.Option("-s", "--set", metavar="NAME=VALUE", help="Set a setting of Scrapy."),
        ] = None,
        job: Annotated[int, typer.Option(hidden=True)] = 0,
        token: Annotated[int, typer.Option(hidden=True)] = 0,
    ) -> None:
        """Crawl a site: its pages, the claims on them, their evidence.

        An unknown address becomes a source of its own (same site, two links deep, 200 pages).
        Exit status 75: it pauses, for the hours of the site or because that refused for now;
        `lantian worker` goes on with it in time, and so does the same command then.
        """
        overrides = dict(_pair(text) for text in settings or ())
        if job:
            raise typer.Exit(run_child(job, token, overrides))
        if not target:
            raise typer.BadParameter("Give an address or the name of a source.")
        # Those who write are children, of this crawl and of the evidence visits that follow it.
        if case:
            os.environ["LANTIAN_CASE_NUMBER"] = case
        if operator:
            os.environ["LANTIAN_OPERATORS"] = ",".join(operator)
        summary = crawl_by_hand(target, allow or (), why, overrides, due=due)
        show(summary, as_json=as_json)
        if summary["state"] != "finished":
            raise typer.Exit(75 if summary["state"] == "paused" else 1)


def run_child(job_id: int, token: int, overrides: dict[str, str]) -> int:
    """The exit status of the run of a job that our parent holds."""
    from crawler.starting import start_writer
    from lantian.settings import load_settings

    settings = load_settings()
    writer = start_writer() if settings.writer == "process" else None

    from crawler.process import LEASE_LOST, end_with_parent, run_spider
    from crawler.run import open_run
    from lantian.errors import LeaseLost
    from lantian.store import jobs
    from lantian.wiring import open_parts

    end_with_parent()
    parts = open_parts(settings)
    try:
        with parts.store.read() as session:
            claim = jobs.held_claim(session, job_id, token)
        run = open_run(parts, claim)
        run.writer = writer
        return run_spider(run, overrides)
    except LeaseLost as error:
        typer.echo(f"lantian: {error}", err=True)
        return LEASE_LOST


def crawl_by_hand(
    target: str, allow: Sequence[str], why: str, overrides: dict[str, str], *, due: bool = False
) -> dict[str, Any]:
    """The summary of a crawl that was run to its end, with the jobs that it made."""
    from crawler.byhand import claim_crawl
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    try:
        source = prepare(parts, target, allow, why)
        claim = claim_crawl(parts, source, only_due=due)
        running = by_hand_worker(parts, overrides)
        for name in (signal.SIGTERM, signal.SIGINT):
            # The child comes to an end in order; another `lantian crawl` goes on from there.
            signal.signal(name, lambda *_: running.stop())
        with telling(parts, source, claim):
            if running.do(claim):
                do_made_jobs(parts, running, source)
        parted = do_sections(parts, running, source, claim)
        return parted if parted is not None else summarise(parts, source, claim)
    finally:
        parts.close()


def do_sections(
    parts: "Parts", running: "Worker", source: "Source", whole: "Claim"
) -> dict[str, Any] | None:
    """The summary of the crawls of a site's sections, one after the other; none of any other.

    Workers that run beside it take some of them.
    """
    from sqlalchemy import select

    from crawler.sections import Made, sections_of
    from lantian.model import Job
    from lantian.store import jobs

    with parts.store.read() as session:
        parted = [
            Made(one, f"{whole.key}:{one.section}")
            for one in sections_of(session, source)
            if one.enabled
        ]
    if not parted:
        return None
    summaries = []
    for one in parted:
        claim = jobs.claim(parts.store, now=parts.clock.now(), keys=(one.key,))
        if claim is not None and not running.stopped:
            with telling(parts, one.source, claim):
                if running.do(claim):
                    do_made_jobs(parts, running, one.source)
        with parts.store.read() as session:
            job = session.scalar(select(Job).where(Job.key == one.key))
        if job is not None:
            claim = jobs.Claim(job.id, job.key, job.kind, {}, None, job.token, job.tries)
            state = {"state": "running"} if job.state == "leased" else {}
            summaries.append({**summarise(parts, one.source, claim), **state})
    return added_up(source, summaries)


def added_up(source: "Source", summaries: list[dict[str, Any]]) -> dict[str, Any]:
    """The summary of a whole: counts of its sections together, and how each of them ended."""
    states = {one["source"]: one["state"] for one in summaries}
    ended = [state for state in states.values() if state != "finished"]
    counts: dict[str, Any] = {}
    for one in summaries:
        for name, value in one.items():
            if isinstance(value, int) and name != "crawl":
                counts[name] = counts.get(name, 0) + value
    return {
        "source": source.name,
        "state": ended[0] if ended else "finished",
        **counts,
        "sections": states,
    }


@contextmanager
def telling(parts: "Parts", source: "Source", claim: "Claim") -> Iterator[None]:
    """Tell how far the crawl is, and then its evidence visits, for as long as the block runs."""
    progress, ended = Progress(), threading.Event()

    def watch() -> None:
        while not ended.wait(LOOK_SECONDS):
            progress.show(how_far(parts, source, claim))

    watcher = threading.Thread(target=watch, name="progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
        progress.show(how_far(parts, source, claim))
        progress.end()


def how_far(parts: "Parts", source: "Source", claim: "Claim") -> str:
    """How far the run is that goes on over this source, or else the crawl; nothing before it."""
    from sqlalchemy import or_, select

    from lantian.model import Crawl
    from lantian.store import frontier

    with parts.store.read() as session:
        run = session.scalar(
            select(Crawl)
            .where(Crawl.source_id == source.id)
            .where(or_(Crawl.job_key == claim.key, Crawl.state == "running"))
            .order_by(Crawl.id.desc())
            .limit(1)
        )
        if run is None:
            return ""
        counts = frontier.tally(session, run.id)
    planned = sum(counts.values())
    pages = f"{run.purpose}: {planned - counts.get('open', 0)} of {planned} pages"
    if run.purpose != "crawl":
        return pages
    return f"{pages}, {run.documents} documents, {run.hits} hits"


def prepare(parts: "Parts", target: str, allow: Sequence[str], why: str) -> "Source":
    """The source with its permissions, checked for a first address that may be reached."""
    import getpass

    from crawler.run import permissions_of, profile_of
    from crawler.sources import grant, is_address, source_of, source_of_profile
    from crawler.targets import start_urls
    from lantian.access import audit
    from lantian.egress.deny import check_url
    from lantian.errors import NotFound
    from lantian.reading import find_profile

    now, real_now = parts.clock.now(), parts.real_clock.now()
    folders = [parts.settings.profiles_dir] if parts.settings.profiles_dir else []
    with parts.store.write() as session:
        try:
            source = source_of(session, target, now=now)
        except NotFound:
            if is_address(target):
                raise
            source = source_of_profile(session, find_profile(target, folders), now=now)
        user = getpass.getuser()
        for permission in grant(
            session, source, list(allow), by=user, reason=why or "lantian crawl --allow", now=now
        ):
            audit.record(
                session,
                actor=f"process:crawl by {user}",
                action="permission.grant",
                subject=f"source:{source.id}",
                detail={"host": permission.host, "port": permission.port, "why": why},
                now=now,
                real_now=real_now,
            )
        for url in start_urls(source, profile_of(parts, source))[:1]:
            check_url(url, permissions_of(parts, source))
        return source


def by_hand_worker(parts: "Parts", overrides: dict[str, str]) -> "Worker":
    """A worker for this crawl, whose children get the same settings of Scrapy."""
    from lantian.commands.worker import handlers_of
    from lantian.worker.loop import Worker

    if parts.settings.log_level == "INFO":
        # Somebody waits for the summary, not for Scrapy's own account.
        overrides = {"LOG_LEVEL": "WARNING", **overrides}
    arguments = [part for name, value in overrides.items() for part in ("-s", f"{name}={value}")]
    return Worker(parts.store, parts.clock, handlers_of(parts, arguments))


def do_made_jobs(parts: "Parts", running: "Worker", source: "Source") -> None:
    """Fetch and read the pictures of the source, do its evidence visits, and all index work."""
    from sqlalchemy import select

    from lantian.model import Job

    while True:
        with parts.store.read() as session:
            waiting = select(Job.key).where(
                Job.lane == f"source:{source.id}",
                Job.kind.in_(["pictures", "evidence"]),
                Job.state == "ready",
            )
            # Pictures first: what is found in them asks for evidence too.
            keys = tuple(session.scalars(waiting.order_by(Job.kind.desc(), Job.id).limit(1)))
        if running.stopped or not keys or not running.run_one(keys=keys):
            break
        do_all(running, "read_pictures")
    do_all(running, "index")


def do_all(running: "Worker", kind: str) -> None:
    """Do every job of a kind that is due."""
    while not running.stopped and running.run_one(kinds=(kind,)):
        pass


def summarise(parts: "Parts", source: "Source", claim: "Claim") -> dict[str, Any]:
    """What the crawl saw and found."""
    from sqlalchemy import func, select

    from lantian.model import Clue, ClueClaim, Crawl, Job

    with parts.store.read() as session:
        crawl = session.scalar(select(Crawl).where(Crawl.job_key == claim.key))
        job = session.get(Job, claim.id)
        if crawl is None:
            return {
                "source": source.name,
                "state": "failed",
                "reason": job.last_error if job is not None else "",
            }
        claims = (
            select(ClueClaim.claim, func.count())
            .join(Clue, Clue.id == ClueClaim.clue_id)
            .where(Clue.source_id == source.id)
            .group_by(ClueClaim.claim)
        )
        seconds = (crawl.ended_at - crawl.started_at).total_seconds() if crawl.ended_at else None
        names = (
            *("planned", "seen", "unchanged", "gone", "blocked", "logged_out", "unknown"),
            *("left_out", "rested", "noise"),
        )
        return {
            "source": source.name,
            "crawl": crawl.id,
            "state": state_of(crawl, job),
            **({"goes_on_at": job.due.isoformat()} if is_paused(crawl, job) and job else {}),
            "reason": crawl.reason or (job.last_error if job is not None else ""),
            **{name: getattr(crawl, name) for name in names},
            "documents": crawl.documents,
            "hits": crawl.hits,
            "browser_pages": crawl.browser_pages,
            "browser_share": crawl.browser_share,
            "clues": dict(session.execute(claims).all()),
            "alarms": crawl.alarms,
            "seconds": seconds,
        }


def is_paused(crawl: "Crawl", job: "Job | None") -> bool:
    """Whether the crawl was put off, and its job waits to go on."""
    from crawler.run import PAUSED

    waits = job is not None and job.state == "ready"
    return waits and crawl.state == "running" and crawl.reason.startswith(PAUSED)


def state_of(crawl: "Crawl", job: "Job | None") -> str:
    """How the crawl ended: finished, failed or paused."""
    if is_paused(crawl, job):
        return "paused"
    return crawl.state if job is not None and job.state == "done" else "failed"


def show(summary: dict[str, Any], *, as_json: bool) -> None:
    """Print the summary: JSON, a table on a terminal, else one plain line for each figure."""
    if as_json:
        typer.echo(json.dumps(summary, ensure_ascii=False))
        return
    rows = [
        (name.replace("_", " "), _shown(value)) for name, value in summary.items() if value != ""
    ]
    if not sys.stdout.isatty():
        for name, value in rows:
            typer.echo(f"{name}: {value}")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False, box=None)
    for name, value in rows:
        table.add_row(name, value)
    Console().print(table)


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in value.items()) or "none"
    if isinstance(value, list):
        return " ".join(map(str, value)) or "none"
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text!r} is not NAME=VALUE.")
    return name, value
