"""A profile proposed for the site of a page: recognised, filled in, with the reasons in words."""

import re
from dataclasses import dataclass

from lantian.errors import Invalid
from lantian.reading.address import canonical_url, origin_of, path_of
from lantian.reading.filling import PREFIX, Filling, fill, keyed
from lantian.reading.guess import Places
from lantian.reading.page import RawPage
from lantian.reading.profile import SiteProfile
from lantian.reading.recognise import ANY, Recognition, recognise
from lantian.reading.signs import Signs, commonest_shape, shape_of, signs_of

_BARS = re.compile(r"^/f\?(?:.*&)?kw=")
_NO_LISTING = re.compile(r"/(?:shop|store|seller|user|u|category|cat|c|list|help|search|s)\b")
_BETWEEN = re.compile(r"\s*[-_|—–·]\s*")
NOWHERE = Places()
_OWN_START = frozenset({"family-flarum"})
"""Families whose list stands at an address of its own, whatever page was given."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A profile for a site, and how it came about.

    `why` are sentences. `first` are addresses to look at next, before the profile's own links.
    """

    family: str
    why: tuple[str, ...]
    text: str
    profile: SiteProfile
    weights: tuple[tuple[str, float], ...] = ()
    first: tuple[str, ...] = ()


def propose(
    raw: RawPage,
    name: str,
    *,
    family: str = "",
    words: tuple[str, ...] = (),
    places: Places = NOWHERE,
    more: tuple[str, ...] = (),
) -> Proposal:
    """The proposal for the site of a page.

    `family` overrides what was recognised, `places` is where fields seem to stand, `more` are
    further addresses at which a crawl begins.

    Pure. Raises `NotFound` for an unknown family, `ProfileError` where its form does not take what
    the site puts in.
    """
    named = Recognition(family, ("you named the family",))
    found = named if family else recognise(raw)
    signs = signs_of(raw)
    start, why_start = _start(raw, signs, found.family)
    shape, why_shape = _shape(signs, found.family)
    search = _search(signs, found.family)
    by_browser = raw.via == "browser"
    filling = Filling(
        name=name,
        url=raw.url,
        title=_title(signs),
        start=tuple(dict.fromkeys((*start, *more))),
        shape=shape,
        search=search,
        words=words,
        charset="gbk" if signs is not None and signs.charset == "gb18030" else "",
        browser="yes" if by_browser else "",
        places=places,
        made=f"Made by `lantian source add {raw.url}` from {_called(found.family)}.",
    )
    text, profile = fill(found.family, filling)
    told = [*found.why, *why_start, *why_shape]
    if search and profile.searches is not None:
        told.append(f"it can be searched: {search}")
    if by_browser:
        told.append("its pages are drawn by scripts, so they are opened in the browser")
    searched = profile.starts()[len(profile.start) :][:1]
    own = canonical_url(raw.url)
    told += places.told()
    first = tuple(url for url in (*profile.start, *searched) if canonical_url(url) != own)
    return Proposal(found.family, tuple(told), text, profile, found.weights, first)


def _called(family: str) -> str:
    return "the profile for any site" if family == ANY else f"the family {family[len(PREFIX) :]}"


def _start(raw: RawPage, signs: Signs | None, family: str) -> tuple[tuple[str, ...], list[str]]:
    """Where a crawl begins: the page itself, unless it is one posting; then the list above it."""
    if family == "family-search":
        return (), []
    if family in _OWN_START:
        return (), ["its list of discussions stands at the address of its interface"]
    if signs is None or not _is_posting(raw, signs, family):
        return (raw.url,), []
    home = f"{origin_of(raw.url)}/"
    if family == "family-tieba":
        bar = next((path for path in signs.paths if _BARS.search(path)), "")
        home = origin_of(raw.url) + bar if bar else home
    return (home,), [f"this page is one posting, so a crawl begins at {home}"]


def _is_posting(raw: RawPage, signs: Signs, family: str) -> bool:
    """Whether the page is one posting of its family rather than a list of them."""
    path = _path(raw)
    if family == "family-discuz":
        return "viewthread" in path or path.startswith("/thread-")
    if family == "family-tieba":
        return path.startswith("/p/")
    if family == "family-nodebb":
        return path.startswith("/topic/")
    if family == "family-qa":
        return re.match(r"/(?:question|questions|q|wenda)/\d", path) is not None
    if family == "family-articles":
        return bool(signs.types & {"Article", "NewsArticle", "BlogPosting", "og:article"})
    if family == "family-shop":
        return bool(signs.types & {"Product", "og:product", "og:product.item"})
    return False


def _shape(signs: Signs | None, family: str) -> tuple[str, list[str]]:
    """The shape of the addresses of listings or articles, where the site has one of its own."""
    if signs is None or family not in {"family-shop", "family-articles"}:
        return "", []
    own = _path(signs.raw)
    if _is_posting(signs.raw, signs, family) and keyed(shape_of(own)):
        shape = shape_of(own)
    elif family == "family-shop":
        paths = [path for path in signs.priced if not _NO_LISTING.match(path)]
        shape = commonest_shape(paths)
    else:
        paths = [path for path in signs.paths if re.search(r"\d", path)]
        shape = commonest_shape(path for path in paths if not _NO_LISTING.match(path))
    if not shape:
        return "", []
    what = "listings" if family == "family-shop" else "articles"
    return shape, [f"its {what} have addresses like {shape}"]


def _search(signs: Signs | None, family: str) -> str:
    if signs is None or signs.search is None or family not in {"family-shop", "family-search"}:
        return ""
    action, name = signs.search
    return f"{action}?{name}={{words}}"


def _title(signs: Signs | None) -> str:
    """The name of the site: as it says, or the last part of the page's title."""
    if signs is None:
        return ""
    named = signs.meta('meta[property="og:site_name"]')
    parts = [part for part in _BETWEEN.split(signs.view.title) if "Powered by" not in part]
    return (named or (parts[-1] if parts else ""))[:80]


def _path(raw: RawPage) -> str:
    try:
        return path_of(canonical_url(raw.url))
    except Invalid:
        return "/"
