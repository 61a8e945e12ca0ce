"""Canonical addresses: one page, one address."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urljoin, urlsplit

from w3lib.url import canonicalize_url, safe_url_string

from lantian.errors import Invalid
from lantian.reading.profile import SiteProfile

TRACKERS = frozenset(
    [
        *("spm", "scm", "pvid", "from", "gclid", "fbclid", "msclkid", "yclid", "bd_vid"),
        *("jsessionid", "phpsessid", "aspsessionid", "sessionid", "session_id"),
        *("share_token", "share_source", "_ga", "_gl", "mc_cid", "mc_eid"),
    ]
)
"""Parameters that name a visit, not a page. A profile takes one out of the list by `keep`."""
TRACKER_PREFIXES = ("utm_",)
DEFAULT_PORTS = {"http": ":80", "https": ":443"}

# An address that is canonical as it stands: lower-case host, no port, unreserved characters, no
# empty or dotted segments, at most one parameter. Most links are, and this is twenty times
# faster than taking them apart.
_PLAIN = re.compile(
    r"https?://[a-z0-9](?:[a-z0-9-]*\.)*[a-z0-9-]*[a-z0-9](?::\d{1,5})?"
    r"/(?:[A-Za-z0-9_~-][A-Za-z0-9_~.-]*/)*(?:[A-Za-z0-9_~-][A-Za-z0-9_~.-]*)?"
    r"(?:\?([A-Za-z0-9_]+)=[A-Za-z0-9_.~-]*)?"
)
_SESSION = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/?;]*", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


@dataclass(frozen=True, slots=True)
class AddressRules:
    """How a site's addresses become canonical: what is dropped, kept, sorted."""

    drop: frozenset[str] = TRACKERS
    prefixes: tuple[str, ...] = TRACKER_PREFIXES
    sort: bool = True
    fragment: bool = False

    def drops(self, parameter: str) -> bool:
        """Whether the parameter names a visit, not a page."""
        name = parameter.lower()
        return name in self.drop or name.startswith(self.prefixes)


PLAIN_RULES = AddressRules()


def address_rules(profile: SiteProfile) -> AddressRules:
    """The profile's rules for addresses over the common list."""
    rules = profile.address
    keep = {name.lower() for name in rules.keep}
    drop = (TRACKERS | {name.lower() for name in rules.drop}) - keep
    return AddressRules(
        drop=frozenset(name for name in drop if not name.endswith("*")),
        prefixes=tuple(
            prefix
            for prefix in (*TRACKER_PREFIXES, *(n[:-1] for n in drop if n.endswith("*")))
            if f"{prefix}*" not in keep
        ),
        sort=rules.sort,
        fragment=rules.fragment,
    )


def canonical_url(url: str, profile: SiteProfile | None = None) -> str:
    """The one address of a page: host in lower case, no default port, tracker or fragment.

    Idempotent. What has no scheme http or https, or no host, raises `Invalid`.
    """
    return canonical(url, PLAIN_RULES if profile is None else address_rules(profile))


@lru_cache(maxsize=16_384)
def canonical(url: str, rules: AddressRules) -> str:
    """`canonical_url` under rules that were made once."""
    plain = _PLAIN.fullmatch(url)
    if plain is not None and ":" not in url[6:]:
        parameter = plain[1]
        if parameter is None or not rules.drops(parameter):
            return url
    try:
        return _canonical(url, rules)
    except (ValueError, UnicodeError) as error:
        raise Invalid(
            f"{url[:200]!r} is no address of a page: {error}.",
            hint="Give an address that begins with http:// or https://.",
        ) from error


def _canonical(url: str, rules: AddressRules) -> str:
    cleaned = _SESSION.sub("", safe_url_string(url.strip()))
    parts = urlsplit(cleaned)
    scheme = parts.scheme.lower()
    if scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValueError("it has no scheme http or https, or no host")
    parts.port  # noqa: B018 - raises ValueError on a port that is none
    host = parts.netloc.rpartition("@")[2].lower().removesuffix(DEFAULT_PORTS[scheme])
    host = host.removesuffix(":")
    kept = [p for p in parts.query.split("&") if p and not rules.drops(p.split("=", 1)[0])]
    rebuilt = f"{scheme}://{host}{parts.path or '/'}"
    if kept:
        rebuilt += "?" + "&".join(kept)
    if rules.fragment and parts.fragment:
        rebuilt += "#" + parts.fragment
    if not rules.sort:
        return rebuilt
    return canonicalize_url(rebuilt, keep_fragments=rules.fragment)


def join(base: str, origin: str, href: str) -> str | None:
    """The absolute http(s) address of `href` on a page at `base`; `None` for other schemes.

    `origin` is the scheme and host of `base`, made once for a page.
    """
    if href.startswith("/") and not href.startswith("//"):
        return origin + href
    if href.startswith(("https://", "http://")):
        return href
    href = href.strip()
    if not href or href.startswith("#"):
        return None
    scheme = _SCHEME.match(href)
    if scheme is not None and scheme[0].lower() not in {"http:", "https:"}:
        return None
    try:
        return urljoin(base, href)
    except ValueError:
        return None


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, without a path; empty where there is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"


def host_of(url: str) -> str:
    """The host of an address in lower case, without port; empty where there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def path_of(url: str) -> str:
    """Path and query of a canonical address, which URL patterns are held against."""
    cut = url.find("/", url.find("//") + 2)
    return "/" if cut < 0 else url[cut:]


def host_allowed(host: str, patterns: Iterable[str]) -> bool:
    """Whether a host is one of the patterns (`shop.example`, or `*.example` for any below)."""
    return any(
        host == pattern or (pattern.startswith("*.") and host.endswith(pattern[1:]))
        for pattern in patterns
    )
