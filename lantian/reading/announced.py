"""Addresses that a site announces itself: sitemaps, feeds, and the sitemaps in robots.txt.

Sitemaps after sitemaps.org 0.9 (also their indexes, also packed by gzip), feeds after RSS 2.0 and
RFC 4287 (Atom), `Sitemap:` lines after RFC 9309, 2.2.4. What comes is hostile by default: no DTD,
no entity, no depth, no more than 50 MB unpacked, and no more addresses than the profile takes.
"""

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import Literal
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from lantian.clock import SHANGHAI
from lantian.errors import Invalid
from lantian.reading.address import canonical, host_allowed, host_of, join, path_of
from lantian.reading.charset import Decoded
from lantian.reading.page import Link, LinkRole, RawPage, Reading, unreadable
from lantian.reading.plan import Plan, addresses
from lantian.reading.profile import SiteProfile

Kind = Literal["sitemap", "feed", "robots"]
KINDS = frozenset({"sitemap", "feed", "robots"})
"""Kinds of readings that are such lists; the text of their links is when these last changed."""
MOST_UNPACKED = 50 * 1024 * 1024
"""Bytes of a list, unpacked: what sitemaps.org allows."""
DEEPEST = 32
"""Levels of elements; the formats need five."""
LONGEST = 2_000
"""Characters of an address; a longer one is left out."""

_GZIP = b"\x1f\x8b"
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_ROOT = re.compile(r"<(?:[\w.-]+:)?(urlset|sitemapindex|rss|feed)[\s>/]")
_KIND: dict[str, Kind] = {
    "urlset": "sitemap",
    "sitemapindex": "sitemap",
    "rss": "feed",
    "feed": "feed",
}
_ROOT_WITHIN = 10_000
"""Characters in which the first element must begin."""
_PROLOGUE = (("<?", "?>"), ("<!--", "-->"), ("<!DOCTYPE", ">"))
_MOST_ELEMENTS = 1_000_000
_SITEMAP_LINE = re.compile(r"^\s*sitemap\s*:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


class _Wrong(Exception):
    """A list that is not read; the message says why."""


@dataclass(frozen=True, slots=True)
class _Told:
    """An address as it is written, and when the site says that it changed."""

    url: str
    at: datetime | None
    nested: bool = False


def is_packed(raw: RawPage) -> bool:
    """Whether the answer is a gzip file (no content coding): unpacking belongs into a child."""
    return raw.body.startswith(_GZIP)


def announced(
    raw: RawPage, plan: Plan, decoded: Callable[[RawPage, SiteProfile], Decoded]
) -> Reading | None:
    """The reading of a list of addresses; none for any other answer.

    A list that breaks a limit or its format is unreadable ("xml"): never taken for an empty one.
    """
    profile = plan.profile
    if profile.discovery is None or raw.via != "http" or not 200 <= raw.status < 300:
        return None
    try:
        page = replace(raw, body=_unpacked(raw.body)) if is_packed(raw) else raw
    except _Wrong as error:
        return _unread("sitemap", str(error), "")
    if path_of(page.url) == "/robots.txt":
        text = page.body.decode("utf-8", "replace")
        told: Iterator[_Told] = (
            _Told(found[1], None, nested=True) for found in _SITEMAP_LINE.finditer(text)
        )
        return _listed("robots", told, page, plan, "utf-8")
    found = decoded(page, profile)
    kind = _kind_of(found.text)
    if kind is None:
        return None
    try:
        return _listed(kind, _entries(found.text), page, plan, found.charset)
    except _Wrong as error:
        return _unread(kind, str(error), found.charset)


def changed_at(link: Link) -> datetime | None:
    """When a list says that the address last changed; none where it does not."""
    return datetime.fromisoformat(link.text) if link.text else None


def _kind_of(text: str) -> Kind | None:
    """What the first element says that it is, behind what may stand before it."""
    place = 0
    while place < min(len(text), _ROOT_WITHIN):
        if text[place].isspace() or text[place] == "\ufeff":
            place += 1
            continue
        ending = next((end for start, end in _PROLOGUE if text.startswith(start, place)), None)
        if ending is None:
            root = _ROOT.match(text, place)
            return _KIND[root[1]] if root is not None else None
        if text.startswith("<!DOCTYPE", place) and "[" in text[place : text.find(">", place)]:
            ending = "]>"
        end = text.find(ending, place)
        if end < 0:
            return None
        place = end + len(ending)
    return None


def _unread(kind: Kind, why: str, charset: str) -> Reading:
    return Reading(kind, "", "", charset, unreadable=unreadable("xml", why))


def _unpacked(body: bytes) -> bytes:
    inflater = zlib.decompressobj(31)
    try:
        data = inflater.decompress(body, MOST_UNPACKED + 1)
    except zlib.error as error:
        raise _Wrong(f"it cannot be unpacked ({error})") from error
    if len(data) > MOST_UNPACKED:
        raise _Wrong(f"it unpacks to more than {MOST_UNPACKED:,} bytes")
    if not inflater.eof:
        raise _Wrong("the packed file ends in the middle")
    return data


def _entries(text: str) -> Iterator[_Told]:
    """What a sitemap or feed lists, read element by element; raises `_Wrong`."""
    # Decoded already: the parser knows few character sets, and none that a declaration lies about.
    data = BytesIO(_DECLARATION.sub("", text, count=1).encode("utf-8", "replace"))
    depth = count = 0
    try:
        for event, element in iterparse(data, ("start", "end"), forbid_dtd=True):
            if event == "start":
                depth, count = depth + 1, count + 1
                if count > _MOST_ELEMENTS:
                    raise _Wrong(f"it has over {_MOST_ELEMENTS:,} elements")
                if depth > DEEPEST:
                    raise _Wrong(f"its elements are nested over {DEEPEST} levels")
                continue
            depth -= 1
            name = _name(element)
            if name in _ENTRY:
                told = _ENTRY[name](element)
                if told is not None:
                    yield told
                element.clear()
    except DefusedXmlException as error:
        raise _Wrong(f"it has a DTD or entities ({type(error).__name__})") from error
    except (ParseError, ValueError) as error:
        raise _Wrong(f"it is no well-formed XML: {error}") from error


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _texts(element: Element) -> dict[str, str]:
    """The text of each child by name; the first of a name counts."""
    found: dict[str, str] = {}
    for child in element:
        found.setdefault(_name(child), (child.text or "").strip())
    return found


def _url(element: Element) -> _Told | None:
    texts = _texts(element)
    return _Told(texts["loc"], _w3c(texts.get("lastmod", ""))) if texts.get("loc") else None


def _nested(element: Element) -> _Told | None:
    texts = _texts(element)
    if not texts.get("loc"):
        return None
    return _Told(texts["loc"], _w3c(texts.get("lastmod", "")), nested=True)


def _item(element: Element) -> _Told | None:
    texts = _texts(element)
    url = texts.get("link", "")
    if not url:
        lasting = (
            child for child in element if _name(child) == "guid"
            and child.get("isPermaLink", "true") != "false"
        )  # fmt: skip
        url = next(((child.text or "").strip() for child in lasting), "")
    at = _rfc822(texts.get("pubDate", "")) or _w3c(texts.get("date", ""))
    return _Told(url, at) if url else None


def _entry(element: Element) -> _Told | None:
    texts = _texts(element)
    links = (
        child.get("href", "")
        for child in element
        if _name(child) == "link" and child.get("rel", "alternate") == "alternate"
    )
    url = next(filter(None, links), "")
    at = _w3c(texts.get("updated", "")) or _w3c(texts.get("published", ""))
    return _Told(url, at) if url else None


_ENTRY: dict[str, Callable[[Element], _Told | None]] = {
    "url": _url,
    "sitemap": _nested,
    "item": _item,
    "entry": _entry,
}


def _w3c(text: str) -> datetime | None:
    """A date of a sitemap or Atom; a day ends at its end, and in Shanghai where no zone is told."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    if len(text) == len("2026-11-28"):
        at = datetime.combine(at.date(), time(23, 59, 59))
    return at if at.tzinfo is not None else at.replace(tzinfo=SHANGHAI)


def _rfc822(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=SHANGHAI)


def _listed(kind: Kind, told: Iterator[_Told], page: RawPage, plan: Plan, charset: str) -> Reading:
    """The reading: addresses of this site, canonical, each once, in their order."""
    discovery = plan.profile.discovery
    assert discovery is not None  # noqa: S101  (the caller looked)
    bare = host_of(page.url).removeprefix("www.")
    hosts = plan.hosts or (bare, f"www.{bare}")
    allow, deny = addresses(discovery.allow), addresses(discovery.deny)
    origin = page.url[: page.url.index("/", 8)] if "/" in page.url[8:] else page.url
    links: dict[str, Link] = {}
    for one in told:
        role: LinkRole = "sitemap" if one.nested else discovery.role
        url = join(page.url, origin, one.url) if len(one.url) <= LONGEST else None
        try:
            url = canonical(url, plan.addresses) if url is not None else None
        except Invalid:
            url = None
        if url is None or url in links or not host_allowed(host_of(url), hosts):
            continue
        path = path_of(url)
        taken = not allow or allow.match(url, path)
        if one.nested or (taken and not (deny and deny.match(url, path))):
            links[url] = Link(url, role, one.at.isoformat() if one.at is not None else "")
        if len(links) >= discovery.most:
            break
    return Reading(kind, "", "", charset, links=tuple(links.values()))
