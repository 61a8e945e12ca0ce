"""A profile made ready for reading many pages: patterns compiled, rules for addresses set."""

import re
from dataclasses import dataclass, field

from lantian.reading.address import AddressRules, address_rules, path_of
from lantian.reading.profile import DocumentRule, LinkRule, Marker, SiteProfile
from lantian.reading.syntax import any_pattern, is_whole, pattern_regex
from lantian.reading.walking import PageStep

_ENDING = re.compile(r"\*\*[^*{}?]+")
MOST_PLANS = 1_000


@dataclass(frozen=True, slots=True)
class Addresses:
    """URL patterns, compiled: endings, and those for path and query or for whole addresses."""

    endings: tuple[str, ...]
    paths: re.Pattern[str] | None
    wholes: re.Pattern[str] | None

    def __bool__(self) -> bool:
        return bool(self.endings or self.paths or self.wholes)

    def match(self, url: str, path: str) -> bool:
        """Whether one of the patterns fits."""
        if self.endings and path.partition("?")[0].endswith(self.endings):
            return True
        if self.paths is not None and self.paths.fullmatch(path):
            return True
        return self.wholes is not None and self.wholes.fullmatch(url) is not None


@dataclass(frozen=True, slots=True)
class DocumentPlan:
    """A document rule with its patterns compiled."""

    rule: DocumentRule
    pages: Addresses
    but: Addresses

    def looks_at(self, url: str, path: str) -> bool:
        """Whether the rule looks at the page of this address."""
        if self.pages and not self.pages.match(url, path):
            return False
        return not (self.but and self.but.match(url, path))


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """A link rule with its patterns compiled."""

    rule: LinkRule
    pages: Addresses
    allow: Addresses
    deny: Addresses
    known: dict[str, str | None] = field(default_factory=dict, compare=False, repr=False)
    """Addresses as written, and what the rule made of them."""


@dataclass(frozen=True, slots=True)
class MarkerPlan:
    """A marker with its patterns compiled."""

    marker: Marker
    url: Addresses


@dataclass(frozen=True, slots=True)
class Plan:
    """All that reading needs of a profile."""

    profile: SiteProfile
    addresses: AddressRules
    documents: tuple[DocumentPlan, ...]
    links: tuple[LinkPlan, ...]
    removed: tuple[MarkerPlan, ...]
    logged_out: tuple[MarkerPlan, ...]
    blocked: tuple[MarkerPlan, ...]
    hosts: tuple[str, ...]
    steps: tuple[tuple[PageStep, Addresses], ...] = ()

    def steps_on(self, url: str, path: str) -> tuple[PageStep, ...]:
        """What is done on the page of this address before it is read."""
        return tuple(step for step, where in self.steps if not where or where.match(url, path))


_plans: dict[str, Plan] = {}


def plan_of(profile: SiteProfile) -> Plan:
    """The plan of a profile, made once for each version of it."""
    plan = _plans.get(profile.version)
    if plan is None:
        if len(_plans) >= MOST_PLANS:
            _plans.clear()
        plan = _plans[profile.version] = make_plan(profile)
    return plan


def make_plan(profile: SiteProfile) -> Plan:
    """The plan of a profile, made anew."""
    markers = profile.markers
    return Plan(
        profile=profile,
        addresses=address_rules(profile),
        documents=tuple(_document(rule) for rule in profile.documents),
        links=tuple(
            LinkPlan(rule, addresses(rule.pages), addresses(rule.allow), addresses(rule.deny))
            for rule in profile.links
        ),
        removed=_markers(markers.removed),
        logged_out=_markers(markers.logged_out),
        blocked=_markers(markers.blocked),
        hosts=tuple(host.lower() for host in profile.hosts),
        steps=tuple((step, addresses(step.pages)) for step in profile.steps),
    )


def steps_on(profile: SiteProfile, url: str) -> tuple[PageStep, ...]:
    """What is done on the page of a canonical address before it is read."""
    return plan_of(profile).steps_on(url, path_of(url)) if profile.steps else ()


def addresses(patterns: tuple[str, ...]) -> Addresses:
    """URL patterns, compiled."""
    endings = [p for p in patterns if _ENDING.fullmatch(p)]
    rest = [p for p in patterns if p not in endings]
    return Addresses(
        endings=tuple(p[2:] for p in endings),
        paths=any_pattern([p for p in rest if not is_whole(p)]),
        wholes=any_pattern([p for p in rest if is_whole(p)]),
    )


def from_address(pattern: str, url: str) -> str:
    """The part of an address that the pattern's {name} names; empty where it does not fit."""
    found = _regex(pattern).fullmatch(url if is_whole(pattern) else path_of(url))
    return next(iter(found.groupdict().values())) if found else ""


_regexes: dict[str, re.Pattern[str]] = {}


def _regex(pattern: str) -> re.Pattern[str]:
    regex = _regexes.get(pattern)
    if regex is None:
        regex = _regexes[pattern] = pattern_regex(pattern)
    return regex


def _document(rule: DocumentRule) -> DocumentPlan:
    return DocumentPlan(
        rule=rule,
        pages=addresses(rule.pages),
        but=addresses(rule.except_pages),
    )


def _markers(markers: tuple[Marker, ...]) -> tuple[MarkerPlan, ...]:
    return tuple(MarkerPlan(marker, addresses(marker.url)) for marker in markers)
