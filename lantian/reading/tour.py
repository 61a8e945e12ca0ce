"""A look at a few pages of a site under one profile: which to open next, and what they said."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from lantian.reading.guarded import read_guarded
from lantian.reading.health import Tally, alarms
from lantian.reading.limits import needs_child
from lantian.reading.page import LinkRole, RawPage, Reading
from lantian.reading.plan import steps_on
from lantian.reading.profile import SiteProfile
from lantian.reading.read import read_page

MOST = 6
"""Pages of a tour, where the caller says nothing."""
QUOTA: dict[LinkRole, int] = {
    "listing": 2,
    "thread": 2,
    "landing": 1,
    "next": 1,
    "page": 3,
}
"""Pages by the role of the link that led to them, in the order in which they are looked at."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An address to open: over HTTP, or in the browser."""

    url: str
    role: str = "start"
    browser: bool = False


@dataclass(slots=True)
class Seen:
    """A page of the tour; `fault` says why there is none, `note` what of its steps was not done.

    `picture` is a PNG.
    """

    url: str
    role: str
    raw: RawPage | None = None
    reading: Reading | None = None
    fault: str = ""
    picture: bytes | None = None
    note: str = ""


@dataclass(slots=True)
class Tour:
    """Opens the first addresses, then content before lists, until `most` pages were seen.

    `profile_for` gives the profile from a page at the first address; it is asked again if that
    page is then opened in the browser. `browser` says whether there is one.
    """

    first: str
    profile_for: Callable[[RawPage], SiteProfile]
    most: int = MOST
    browser: bool = False
    pages: list[Seen] = field(default_factory=list)
    profile: SiteProfile | None = None
    also: tuple[str, ...] = ()
    """Addresses to open before any link; `profile_for` may set them."""

    def next(self) -> Wanted | None:
        """What to open next; `None` at the end."""
        if not self.pages:
            return Wanted(self.first)
        last = self.pages[-1]
        drawn = last.raw is not None and last.raw.via == "browser"
        if last.reading is not None and last.reading.needs_browser and self.browser and not drawn:
            return Wanted(last.url, last.role, browser=True)
        if len(self.pages) >= self.most or self.profile is None:
            return None
        known = {page.url for page in self.pages}
        for url in self.also:
            if url not in known:
                return self._wanted(url, "start")
        return self._by_link(known)

    def took(self, wanted: Wanted, raw: RawPage) -> None:
        """A page was received."""
        page = Seen(wanted.url, wanted.role, raw)
        if wanted.browser and self.pages and self.pages[-1].url == wanted.url:
            self.pages.pop()
        if not self.pages:
            self.profile = self.profile_for(raw)
        if self.profile is not None:
            page.reading = read(raw, self.profile)
        self.pages.append(page)

    def failed(self, wanted: Wanted, why: str) -> None:
        """An address could not be opened; what was seen of it over HTTP stays."""
        if wanted.browser and self.pages and self.pages[-1].url == wanted.url:
            last = self.pages[-1]
            last.fault = why
            if last.raw is not None:
                self.browser = False
            return
        self.pages.append(Seen(wanted.url, wanted.role, fault=why))

    def read_again(self, profile: SiteProfile) -> None:
        """Read what was seen under another profile."""
        self.profile = profile
        for page in self.pages:
            if page.raw is not None:
                page.reading = read(page.raw, profile)

    def lacks(self) -> int:
        """How many required values were not found, a document that is not there counting as ten."""
        readings = [page.reading for page in self.pages if page.reading is not None]
        missing = sum(len(document.missing) for one in readings for document in one.documents)
        return missing + 10 * sum(len(one.absent) for one in readings)

    def tally(self) -> Tally:
        """Counts over the pages that were read."""
        tally = Tally()
        for page in self.pages:
            if page.reading is not None and page.reading.outcome_hint is None:
                tally.add(page.reading)
        return tally

    def _wanted(self, url: str, role: str) -> Wanted:
        profile = self.profile
        asks = profile is not None and (profile.browser == "yes" or bool(steps_on(profile, url)))
        return Wanted(url, role, browser=asks and self.browser)

    def _by_link(self, known: set[str]) -> Wanted | None:
        used = Counter(page.role for page in self.pages if page.reading is not None)
        for role, most in QUOTA.items():
            if used[role] >= most:
                continue
            for page in self.pages:
                for link in page.reading.links if page.reading is not None else ():
                    if link.role == role and link.url not in known:
                        return self._wanted(link.url, role)
        return None


def read(raw: RawPage, profile: SiteProfile) -> Reading:
    """What the page says; one that could stall its reader is read in a child."""
    if needs_child(raw):
        return read_guarded(raw, profile)
    reading = read_page(raw, profile)
    return read_guarded(raw, profile, second=True) if reading.second_look else reading


def faults(profile: SiteProfile, tally: Tally) -> list[str]:
    """What is not as in a healthy crawl, as far as a few pages can tell."""
    few = profile.healthy.model_copy(update={"pages": 1, "documents": 1})
    return alarms(profile.model_copy(update={"healthy": few}), tally)
