"""One run of a spider over a source: whose lease it is, what it may reach, where it stands."""

from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b

from sqlalchemy import select
from sqlalchemy.orm import Session

from crawler.browsing import BrowserPlan, plan_browser
from lantian.egress.deny import Permissions
from lantian.egress.resolver import Resolver
from lantian.errors import BrowserUnavailable, ConfigError, NotFound
from lantian.intake.visit import Purpose
from lantian.model import Crawl, FrontierRow, Source
from lantian.reading import SiteProfile, find_profile
from lantian.reading.address import host_of
from lantian.store import frontier, jobs
from lantian.store.frontier import Planned
from lantian.wiring import Parts


def fingerprint(url: str) -> str:
    """What tells a canonical address from all others of a crawl: 32 hexadecimal digits."""
    return blake2b(url.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass
class Seen:
    """Every address of the crawl, asked before a `Request` is made; and the site's budget.

    `left_out` says that an address was not planned because the budget was used up.
    """

    pages: int
    depth: int
    parameters: int
    known: set[str] = field(default_factory=set)
    queries: Counter[str] = field(default_factory=Counter)
    left_out: bool = False

    def plan(self, url: str, role: str, depth: int) -> Planned | None:
        """The row of a canonical address that is new and within the budget, else none."""
        mark = fingerprint(url)
        if mark in self.known:
            return None
        path, _, query = url.partition("?")
        if (
            len(self.known) >= self.pages
            or depth > self.depth
            or (query and self.queries[path] >= self.parameters)
        ):
            self.left_out = True
            return None
        self.known.add(mark)
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
    browser: BrowserPlan | None = None
    no_browser: str = ""
    finished: bool = False
    reason: str = ""


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


def permissions_of(parts: Parts, source: Source) -> Permissions:
    """What the source may connect to."""
    granted = [(permission.host, permission.port) for permission in source.permissions]
    return Permissions.of(granted, only=parts.is_demo)


def site_hosts(urls: list[str], profile: SiteProfile) -> set[str]:
    """The hosts that belong to the site, as far as profile and start addresses tell."""
    hosts = {host for host in profile.hosts if not host.startswith("*.")}
    for url in urls:
        bare = host_of(url).removeprefix("www.")
        hosts |= {bare, f"www.{bare}"}
    return hosts


def open_run(parts: Parts, claim: jobs.Claim) -> Run:
    """The run of a claimed job: its crawl row, made or found again, with its first addresses.

    A retry goes on with the crawl of the same job key. Raises `LeaseLost`, `NotFound` and
    `ConfigError` naming the job.
    """
    from crawler.targets import first_rows, purpose_of

    source_id = claim.payload.get("source_id")
    if claim.kind not in {"crawl", "evidence", "recheck"} or source_id is None:
        raise ConfigError(f"job {claim.key} is no crawl: its kind is {claim.kind}.")
    purpose = purpose_of(claim.kind)
    now, real_now = parts.clock.now(), parts.real_clock.now()
    with parts.store.write() as session:
        jobs.require(session, claim.id, claim.token)
        source = session.get(Source, source_id)
        if source is None:
            raise NotFound(f"job {claim.key} names source {source_id}, which is gone.")
        _ = source.permissions
        profile = profile_of(parts, source)
        crawl = session.scalar(select(Crawl).where(Crawl.job_key == claim.key))
        if crawl is None:
            crawl = Crawl(
                source_id=source.id,
                spider=source.kind if purpose == "crawl" else "recheck",
                purpose=purpose,
                job_key=claim.key,
                token=claim.token,
                started_at=now,
                recorded_at=real_now,
            )
            session.add(crawl)
            session.flush()
        crawl.token = claim.token
        seen = Seen(profile.budget.pages, profile.budget.depth, profile.budget.parameters)
        known = select(FrontierRow.fingerprint, FrontierRow.url, FrontierRow.depth)
        rows = session.execute(known.where(FrontierRow.crawl_id == crawl.id)).tuples().all()
        seen.load(list(rows))
        if not rows:
            planned = first_rows(session, claim, source, profile, seen)
            frontier.plan(session, crawl.id, planned)
        crawl.planned = max(crawl.planned, len(seen.known))
    urls = list(source.start_urls) or list(profile.starts())
    run = Run(
        parts=parts,
        claim=claim,
        crawl_id=crawl.id,
        source=source,
        profile=profile,
        purpose=purpose,
        spider=crawl.spider,
        permissions=permissions_of(parts, source),
        resolver=parts.resolver,
        seen=seen,
        hosts=site_hosts(urls, profile),
        finished=crawl.state != "running",
        reason=crawl.reason,
    )
    if purpose == "evidence" or profile.browser != "no":
        try:
            run.browser = plan_browser(
                parts, urls, run.permissions, tabs=profile.manners.concurrency
            )
        except BrowserUnavailable as error:
            run.no_browser = str(error)
    return run
