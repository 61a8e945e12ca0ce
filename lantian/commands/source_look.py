"""Looking at live pages for `lantian source`: of a site that is new, and of one that is watched."""

from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from crawler.browsing import plan_browser
from crawler.looking import look
from crawler.run import exceptions_of, permissions_of, profile_of, site_hosts, source_named
from crawler.targets import start_urls
from lantian.commands.source_write import free_name
from lantian.egress.deny import Permission, Permissions, check_url
from lantian.errors import BrowserUnavailable, Conflict, FetchFailed, NotFound
from lantian.model import RobotsException, Source
from lantian.reading import RawPage, SiteProfile, canonical_url, find_profile
from lantian.reading.address import host_allowed, host_of, origin_of
from lantian.reading.filling import PREFIX, family_text
from lantian.reading.guess import Places, guess
from lantian.reading.propose import NOWHERE, Proposal, propose
from lantian.reading.recognise import ANY
from lantian.reading.tour import Seen, Tour
from lantian.wiring import Parts

POSTINGS = frozenset({"listing", "thread"})
"""Roles of links that lead to postings."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of a new site: the name of the source and what its profile is to hold."""

    name: str
    family: str = ""
    words: tuple[str, ...] = ()
    start: tuple[str, ...] = ()

    def propose(self, raw: RawPage, family: str = "", places: Places = NOWHERE) -> Proposal:
        """The proposal from a page, for the family that was asked for unless another is given."""
        return propose(
            raw,
            self.name,
            family=family or self.family,
            words=self.words,
            more=self.start,
            places=places,
        )


def ask_for(
    parts: Parts, url: str, name: str, *, family: str, words: tuple[str, ...], start: list[str]
) -> Ask:
    """What is asked for, checked. Raises `NotFound`, `Invalid` and `Conflict` by name."""
    if family and family != ANY:
        family = PREFIX + family.removeprefix(PREFIX)
    if family:
        family_text(family)
    more = tuple(canonical_url(address) for address in start)
    if not name:
        not_twice(parts, url)
    return Ask(free_name(parts, url, name), family, words, more)


def not_twice(parts: Parts, url: str) -> None:
    """Nothing, if no source watches the site; raises `Conflict` naming the one that does."""
    with parts.store.read() as session:
        try:
            source = watching(parts, session, url)
        except NotFound:
            return
        profile = profile_of(parts, source)
        starts = list(source.start_urls) or list(profile.starts())
    if origin_of(url) in map(origin_of, starts):
        raise Conflict(
            f"the source {source.name} watches this site already.",
            hint=f"Test it with `lantian source test {source.name}`, or give the second a --name.",
        )


def look_at_new(
    parts: Parts, url: str, ask: Ask, *, allow: list[str], most: int
) -> tuple[Proposal, Tour]:
    """The proposal for a site, and the pages that were looked at under it.

    Raises `FetchFailed` if the address cannot be opened or tells nothing.
    """
    granted = [Permission.parse(text) for text in allow]
    permissions = Permissions.of(
        granted, own_networks=parts.settings.own_networks, only=parts.is_demo
    )
    check_url(url, permissions)
    made: list[Proposal] = []

    def profile_for(raw: RawPage) -> SiteProfile:
        made.append(ask.propose(raw))
        tour.also = made[-1].first
        return made[-1].profile

    tour = Tour(url, profile_for, most=most)
    go(parts, tour, find_profile(ANY), permissions, pictures=False)
    fault, cure = no_page(tour.pages[0])
    raw = tour.pages[0].raw
    if fault or raw is None:
        raise FetchFailed(f"{url} {fault}.", hint=cure)
    return with_guesses(or_any_site(made[-1], tour, raw, ask), tour, raw, ask), tour


def with_guesses(proposal: Proposal, tour: Tour, raw: RawPage, ask: Ask) -> Proposal:
    """The proposal, with guessed places where required fields of listings were not found."""
    lacking = [
        page.raw
        for page in tour.pages
        if page.raw is not None
        and page.reading is not None
        and (page.reading.absent or any(d.missing for d in page.reading.documents))
    ]
    if proposal.family != "family-shop" or not lacking:
        return proposal
    places = guess(lacking)
    if not places.told():
        return proposal
    guessed = ask.propose(raw, proposal.family, places)
    before = tour.lacks()
    tour.read_again(guessed.profile)
    if tour.lacks() >= before:
        tour.read_again(proposal.profile)
        return proposal
    return replace(guessed, why=(*proposal.why, *places.told()), weights=proposal.weights)


def no_page(page: Seen) -> tuple[str, str]:
    """Why nothing can be told from the first page, and what to do; empty where something can."""
    if page.raw is None or page.reading is None:
        if "robots" in page.fault:
            return (
                "may not be opened: the robots.txt of the site says so",
                "Ask the site for leave.",
            )
        return f"could not be opened ({page.fault})", "Correct the address, or try again later."
    if page.raw.status >= 400:
        return f"answers with status {page.raw.status}", "Give the address of a page that is there."
    told = {
        "gone": "says that it is gone",
        "logged_out": "wants a log-in",
        "blocked": "is behind a check for robots",
    }
    hint = page.reading.outcome_hint
    return told[hint] if hint else "", "Give a page that everybody can read."


def or_any_site(proposal: Proposal, tour: Tour, raw: RawPage, ask: Ask) -> Proposal:
    """The proposal, or that for any site where the pages seen do not read as the family says."""
    found = sum(len(page.reading.documents) for page in tour.pages if page.reading is not None)
    good = [page for page in tour.pages if page.reading is not None]
    hinted = all(page.reading is not None and page.reading.outcome_hint for page in good)
    # Where the pages were used up before a posting was opened, they say nothing against it.
    cut = len(tour.pages) >= tour.most and not any(p.role in POSTINGS for p in tour.pages)
    if ask.family or found or proposal.family == ANY or hinted or cut:
        return proposal
    plain = ask.propose(raw, ANY)
    tour.read_again(plain.profile)
    but = (
        f"but nothing could be read from {len(good)} pages as {proposal.family} reads them, so it"
        " is watched as any site; its own profile may be written by hand"
    )
    return replace(plain, why=(*proposal.why, but), weights=proposal.weights)


def is_url(target: str) -> bool:
    """Whether a target is an address rather than a name."""
    return target.startswith(("http://", "https://"))


def go(
    parts: Parts,
    tour: Tour,
    profile: SiteProfile,
    permissions: Permissions,
    *,
    pictures: bool,
    hosts: frozenset[str] = frozenset(),
    exceptions: tuple[RobotsException, ...] = (),
) -> str:
    """Go on the tour; why there is no browser, if there is none."""
    plan, missing = None, ""
    try:
        plan = plan_browser(parts, [tour.first], permissions, tabs=1)
    except BrowserUnavailable as error:
        missing = str(error)
    tour.browser = plan is not None
    look(
        tour,
        profile=profile,
        permissions=permissions,
        resolver=parts.resolver,
        browser_plan=plan,
        pictures=pictures,
        hosts=hosts,
        exceptions=exceptions,
    )
    return missing


@dataclass(frozen=True, slots=True)
class UnderTest:
    """A source that is tested: its profile, the first address, and what may be opened."""

    profile: SiteProfile
    first: str
    permissions: Permissions
    hosts: frozenset[str]
    exceptions: tuple[RobotsException, ...]


def under_test(parts: Parts, target: str, allow: list[str]) -> UnderTest:
    """The source to test.

    Raises `NotFound` for a name or site that is not watched.
    """
    with parts.store.read() as session:
        if is_url(target):
            first = canonical_url(target)
            source = watching(parts, session, first)
            profile = profile_of(parts, source)
        else:
            source = source_named(session, target)
            profile = profile_of(parts, source)
            first = start_urls(source, profile)[0]
        starts = list(source.start_urls) or list(profile.starts())
        permissions = permissions_of(parts, source)
        exceptions = exceptions_of(session, source.id, source.part_of_id or source.id)
    more = frozenset(Permission.parse(text) for text in allow)
    return UnderTest(
        profile,
        first,
        replace(permissions, granted=permissions.granted | more),
        frozenset(site_hosts([*starts, first], profile)),
        exceptions,
    )


def watching(parts: Parts, session: Session, url: str) -> Source:
    """The source that watches the site of an address; raises `NotFound`."""
    host, origin = host_of(url), origin_of(url)
    found: list[Source] = []
    for source in session.scalars(select(Source).order_by(Source.id)):
        profile = profile_of(parts, source)
        starts = list(source.start_urls) or list(profile.starts())
        if host in site_hosts(starts, profile) or host_allowed(host, profile.hosts):
            # Of two on one host that whose port is the same.
            found.insert(0 if origin in map(origin_of, starts) else len(found), source)
    if not found:
        raise NotFound(f"no source watches {host}.", hint=f"Run `lantian source add {url}` first.")
    _ = found[0].permissions
    return found[0]


def save_pictures(tour: Tour, folder: Path) -> dict[str, Path]:
    """The files of the tour's pictures, by address."""
    folder.mkdir(parents=True, exist_ok=True)
    saved = {}
    for number, page in enumerate(tour.pages, start=1):
        if page.picture is not None:
            path = folder / f"{number:02}-{page.role}.png"
            path.write_bytes(page.picture)
            saved[page.url] = path
    return saved
