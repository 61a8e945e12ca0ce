"""One run of a spider over a source: whose lease it is, what it may reach, where it stands."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from crawler.allowance import MB, Allowance
from crawler.gate import place_of
from crawler.sections import foreign_to
from crawler.starting import WriterProcess
from lantian.egress.deny import Permissions
from lantian.egress.resolver import Resolver
from lantian.errors import BrowserUnavailable, ConfigError, NotFound
from lantian.evidence.tails import cut_tails
from lantian.intake.visit import LASTING, Purpose
from lantian.model import Crawl, FrontierRow, Job, RobotsException, Source
from lantian.reading import SiteProfile, find_profile
from lantian.reading.address import host_of
from lantian.settings import Settings
from lantian.store import frontier, hosts, jobs
from lantian.store.frontier import Planned
from lantian.wiring import Parts

if TYPE_CHECKING:
    from crawler.browsing import BrowserPlan

PAUSE = "paused"
"""Why a run ended that goes on later."""
PAUSED = "paused: "
"""With what the reason of a crawl begins that was put off."""
MOST_REFUSED = timedelta(days=1)
"""How long a crawl is put off again and again because the site refuses."""
MOST_FIRST = 1_000
"""Addresses by which the hosts of a source without start address are known."""


def fingerprint(url: str) -> str:
    """What tells a canonical address from all others of a crawl: 32 hexadecimal digits."""
    return blake2b(url.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass
class Seen:
    """Every address of the crawl, asked before a `Request` is made; and the site's budget.

    `left_out` says that an address was not planned because the budget was used up. `resting` are
    the pages that are not due yet, each with when it was last looked at.
    """

    pages: int
    depth: int
    parameters: int
    known: set[str] = field(default_factory=set)
    queries: Counter[str] = field(default_factory=Counter)
    left_out: bool = False
    resting: dict[str, datetime] = field(default_factory=dict)
    foreign: Callable[[str], bool] | None = None
    """Tells whether an address is another section's, which is not planned here."""

    def plan(
        self,
        url: str,
        role: str,
        depth: int,
        *,
        changed_at: datetime | None = None,
        always: bool = False,
    ) -> Planned | None:
        """The row of a canonical address that is new, due, and within the budget, else none.

        What rests is due if it is said to have changed since (`changed_at`). With `always` (lists
        of addresses) it is taken in any case, however deep.
        """
        mark = fingerprint(url)
        if mark in self.known or (self.foreign is not None and self.foreign(url)):
            return None
        looked_at = self.resting.get(mark)
        unchanged = looked_at is not None and (changed_at is None or changed_at <= looked_at)
        if unchanged and not always:
            return None
        path, _, query = url.partition("?")
        if (
            len(self.known) >= self.pages
            or (depth > self.depth and not always)
            or (query and self.queries[path] >= self.parameters)
        ):
            self.left_out = True
            return None
        self.known.add(mark)
        self.resting.pop(mark, None)
        if query:
            self.queries[path] += 1
        return Planned(fingerprint=mark, url=url, role=role, depth=depth)

    def load(self, rows: list[tuple[str, str, int]]) -> None:
        """Take up the rows of an interrupted crawl: fingerprint, address, depth."""
        for mark, url, depth in rows:
            self.known.add(mark)
            path, _, query = url.partition("?")
            if query:
                self.queries[path] += 1
            # It may have left out links before it was interrupted: nobody knows any more.
            self.left_out = self.left_out or depth >= self.depth
        self.left_out = (
            self.left_out
            or len(self.known) >= self.pages
            or any(count >= self.parameters for count in self.queries.values())
        )


@dataclass
class Run:
    """What a spider's process knows of its run; `reason` is set when it has ended.

    `hosts` are the hosts that belong to the site; where a start address is redirected to another
    host, that one joins them. `browser` is how one is started; `no_browser` says why there is none.
    `writer` was started ahead; none: it is started with the spider. `robots` are the exceptions
    from robots.txt. A run that is put off ends with `paused_until`, and goes on then as the same
    job; one that `gave_up` ends before its time; both for the reason `why`.
    """

    parts: Parts
    claim: jobs.Claim
    crawl_id: int
    source: Source
    profile: SiteProfile
    purpose: Purpose
    spider: str
    permissions: Permissions
    resolver: Resolver
    seen: Seen
    hosts: set[str]
    allowance: Allowance
    began_at: datetime
    browser: "BrowserPlan | None" = None
    writer: WriterProcess | None = None
    no_browser: str = ""
    finished: bool = False
    reason: str = ""
    robots: "tuple[RobotsException, ...]" = ()
    paused_until: datetime | None = None
    gave_up: bool = False
    why: str = ""

    @property
    def ends(self) -> bool:
        """Whether nothing more is to be asked for now."""
        return self.paused_until is not None or self.gave_up

    @property
    def keeps_hours(self) -> bool:
        """Whether it holds itself to the hours of the site: but for visits of pages it does."""
        return (
            bool(self.profile.manners.hours)
            and self.purpose in LASTING
            and "urls" not in self.claim.payload
        )

    def look_at_hours(self) -> None:
        """Put the crawl off if the site may not be crawled at this hour."""
        now = self.parts.clock.now()
        opens = self.profile.manners.opens_at(now)
        if opens > now:
            self.put_off(opens, f"the site is crawled at {', '.join(self.profile.manners.hours)}")

    def put_off(self, until: datetime, why: str) -> None:
        """Let the crawl pause until then; it goes on as the same job, with the same frontier."""
        if self.paused_until is None or until > self.paused_until:
            self.paused_until, self.why = until, why

    def put_off_for(self, seconds: float, why: str) -> None:
        """Let the crawl pause so long because the site wants it; for a day in all, then give up."""
        until = self.parts.clock.now() + timedelta(seconds=seconds)
        if until > self.began_at + MOST_REFUSED:
            self.gave_up, self.why = True, f"{why}, and that for a day"
        else:
            self.put_off(until, why)


def profile_of(parts: Parts, source: Source) -> SiteProfile:
    """The profile under which the source is walked and read."""
    folders = [parts.settings.profiles_dir] if parts.settings.profiles_dir else []
    return find_profile(source.profile, folders)


def source_named(session: Session, name: str) -> Source:
    """The source of that name; raises `NotFound`."""
    source = session.scalar(select(Source).where(Source.name == name))
    if source is None:
        raise NotFound(
            f"there is no source {name!r}.", hint="Give an address, or the name of a source."
        )
    _ = source.permissions
    return source


def exceptions_of(session: Session, *source_ids: int) -> tuple[RobotsException, ...]:
    """The exceptions from robots.txt that stand for these sources."""
    standing = select(RobotsException).where(
        RobotsException.source_id.in_(source_ids),
        RobotsException.revoked_at.is_(None),
    )
    return tuple(session.scalars(standing.order_by(RobotsException.id)))


def permissions_of(parts: Parts, source: Source) -> Permissions:
    """What the source may connect to."""
    granted = [(permission.host, permission.port) for permission in source.permissions]
    own = parts.settings.own_networks
    return Permissions.of(granted, own_networks=own, only=parts.is_demo)


def public_web(settings: Settings) -> Permissions:
    """What is connected to without a source: the public web but for the operator's networks."""
    return Permissions.of(own_networks=settings.own_networks)


def site_hosts(urls: list[str], profile: SiteProfile) -> set[str]:
    """The hosts that belong to the site, as far as profile and start addresses tell."""
    hosts = {host for host in profile.hosts if not host.startswith("*.")}
    for url in urls:
        bare = host_of(url).removeprefix("www.")
        hosts |= {bare, f"www.{bare}"}
    return hosts


def home_of(urls: list[str], profile: SiteProfile) -> str:
    """The host whose row has the budget of the site: the profile's first, else the first asked."""
    place = place_of(urls[0]) if urls else ""
    host, _, port = place.partition(":")
    host = profile.hosts[0].removeprefix("*.") if profile.hosts else host
    return f"{host}:{port}" if port else host


def open_run(parts: Parts, claim: jobs.Claim) -> Run:
    """The run of a claimed job: its crawl row, made or found again, with its first addresses.

    A retry goes on with the crawl of the same job key. Raises `LeaseLost`, `NotFound` and
    `ConfigError` naming the job.
    """
    source_id = claim.payload.get("source_id")
    if claim.kind not in {"crawl", "evidence", "recheck", "pictures"} or source_id is None:
        raise ConfigError(f"job {claim.key} is no crawl: its kind is {claim.kind}.")
    with parts.store.write() as session:
        jobs.require(session, claim.id, claim.token)
        source = session.get(Source, source_id)
        if source is None:
            raise NotFound(f"job {claim.key} names source {source_id}, which is gone.")
        _ = source.permissions
        profile = profile_of(parts, source)
        if claim.kind == "pictures":
            # They are fetched as they are, also where pages need a browser.
            profile = profile.model_copy(update={"browser": "no"})
        section = profile.section(source.section) if source.section is not None else None
        if section is not None and section.healthy is not None:
            profile = profile.model_copy(update={"healthy": section.healthy})
        crawl = _crawl_of(session, parts, claim, source)
        seen = _seen_so_far(session, crawl, claim, source, profile, now=parts.clock.now())
        urls = list(source.start_urls) or list(profile.starts()) or _first_urls(session, crawl)
        urls += claim.payload.get("urls", ())
        # A section has those of its whole, too.
        robots = exceptions_of(session, source.id, source.part_of_id or source.id)
        due = session.get_one(Job, claim.id).due
    run = Run(
        parts=parts,
        claim=claim,
        crawl_id=crawl.id,
        source=source,
        profile=profile,
        purpose=cast("Purpose", claim.kind),
        spider=crawl.spider,
        permissions=permissions_of(parts, source),
        resolver=parts.resolver,
        seen=seen,
        hosts=site_hosts(urls, profile),
        allowance=Allowance(
            parts,
            source.id,
            profile.budget.day_pages,
            profile.budget.day_mb * MB,
            home=home_of(urls, profile),
            holder=hosts.holder_of(claim.id, claim.token),
        ),
        began_at=crawl.started_at,
        finished=crawl.state != "running",
        reason=crawl.reason,
        robots=robots,
    )
    if crawl.reason.startswith(PAUSED) and due > parts.clock.now():
        # Asked for by hand before its time: what the site wants holds all the same.
        run.put_off(due, crawl.reason.removeprefix(PAUSED))
    elif run.keeps_hours:
        run.look_at_hours()
    if run.purpose == "evidence" or profile.browser != "no":
        _plan_browser(run, urls)
    return run


def _crawl_of(session: Session, parts: Parts, claim: jobs.Claim, source: Source) -> Crawl:
    """The job's crawl: a new one, or the one that an earlier try began."""
    crawl = session.scalar(select(Crawl).where(Crawl.job_key == claim.key))
    if crawl is not None:
        # What a killed writer wrote behind its last row is named by none.
        cut_tails(session, parts.archive, f"crawl-{crawl.id}-")
        crawl.token = claim.token
        return crawl
    crawl = Crawl(
        source_id=source.id,
        spider=source.kind if claim.kind == "crawl" else "recheck",
        purpose="addresses" if "urls" in claim.payload else claim.kind,
        job_key=claim.key,
        token=claim.token,
        started_at=parts.clock.now(),
        recorded_at=parts.real_clock.now(),
    )
    session.add(crawl)
    session.flush()
    return crawl


def _first_urls(session: Session, crawl: Crawl) -> list[str]:
    """Addresses of a crawl whose source has none of its own: what others handed in."""
    rows = select(FrontierRow.url).where(FrontierRow.crawl_id == crawl.id).order_by(FrontierRow.id)
    return list(session.scalars(rows.limit(MOST_FIRST)))


def _seen_so_far(
    session: Session,
    crawl: Crawl,
    claim: jobs.Claim,
    source: Source,
    profile: SiteProfile,
    *,
    now: datetime,
) -> Seen:
    """Every address of the crawl; of a new one, those at which it begins, now in its frontier."""
    from crawler.targets import due_rows, first_rows

    budget = profile.budget
    seen = Seen(budget.pages, budget.depth, budget.parameters)
    section = profile.section(source.section) if source.section is not None else None
    if section is not None:
        seen.foreign = foreign_to(section, profile)
    if "urls" in claim.payload:
        # These addresses and no link of theirs: it says nothing of the rest of the source.
        seen.depth, seen.left_out = 0, True
    known = select(FrontierRow.fingerprint, FrontierRow.url, FrontierRow.depth)
    rows = session.execute(known.where(FrontierRow.crawl_id == crawl.id)).all()
    seen.load([(row.fingerprint, row.url, row.depth) for row in rows])
    first = [] if rows else first_rows(session, claim, source, profile, seen, now=now)
    if claim.kind == "crawl" and claim.payload.get("due"):
        again = due_rows(session, source, profile, seen, now=now)
        first += [] if rows else again
    frontier.plan(session, crawl.id, first)
    crawl.planned = max(crawl.planned, len(seen.known))
    return seen


def _plan_browser(run: Run, urls: list[str]) -> None:
    # It brings Scrapy with it, which who only asks for permissions does not need.
    from crawler.browsing import plan_browser

    tabs = run.profile.manners.concurrency
    try:
        run.browser = plan_browser(run.parts, urls, run.permissions, tabs=tabs)
    except BrowserUnavailable as error:
        run.no_browser = str(error)
