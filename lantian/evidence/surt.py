"""The key under which an index of web archives lists an address (SURT).

`https://www.shop.example/Goods?b=2&a=1` is listed as `example,shop)/goods?a=1&b=2`: the host from
its end, in small letters, so that a site stands together. The rules are those that pywb looks up
by, found by trying it out and held to it by a test: `www` with or without a number, user, fragment,
default port, session ids and a slash at the end are left out, escapes are written in one way, and
the parts of the query are sorted.
"""

import re
from urllib.parse import unquote_to_bytes

_DEFAULT_PORTS = {"http": "80", "https": "443"}
_PARTS = re.compile(r"(?is)^([a-z][a-z0-9+.-]*):(?://([^/?#\\]*))?([^?#]*)(?:\?([^#]*))?(?:#.*)?$")
_WWW = re.compile(r"^www\d*\.")
_PATH_SESSIONS = re.compile(r"(?is)/\([a-z]\([0-9a-z]{24}\)\)(/[^?]+\.aspx.*)$")
_QUERY_SESSIONS = tuple(
    re.compile(rf"(?is)^(.*)(?:{pattern})(?:&(.*))?$")
    for pattern in (
        "jsessionid=[0-9a-z]{32}",
        "phpsessid=[0-9a-z]{32}",
        "sid=[0-9a-z]{32}",
        "aspsessionid[a-z]{8}=[a-z]{24}",
        "cfid=[^&]+&cftoken=[^&]+",
    )
)


def key_of(url: str) -> str:
    """The key of an address: of ASCII only, without spaces, in small letters."""
    found = _PARTS.match(url.strip())
    if found is None:
        return _escaped(url).lower()
    scheme, host, path, query = found.groups()
    scheme = scheme.lower()
    if host is None:  # urn:dom:https://…
        return f"{scheme}:{_slash_off(_escaped(path))}{_query(query)}".lower()
    return f"{_host(host, scheme)}){_path(path)}{_query(query)}".lower()


def _host(whole: str, scheme: str) -> str:
    whole = whole.rpartition("@")[2]
    host, colon, port = whole.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = whole, ""
    host = host.strip("[]")
    if ":" not in host:  # a literal of IP version 6 stays as it is
        labels = _WWW.sub("", _ascii(host.lower())).split(".")
        host = ",".join(label for label in reversed(labels) if label)
    host, port = _escaped(host), _escaped(port)
    return f"{host}:{port}" if port and port != _DEFAULT_PORTS.get(scheme) else host


def _ascii(host: str) -> str:
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def _path(path: str) -> str:
    parts: list[str] = []
    for part in _escaped(path).split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return _PATH_SESSIONS.sub(r"\1", "/" + "/".join(parts))


def _query(query: str | None) -> str:
    if not query:
        return ""
    query = _escaped(query)
    for session in _QUERY_SESSIONS:
        query = session.sub(lambda found: found[1] + (found[2] or ""), query)
    return "?" + "&".join(sorted(query.lower().split("&"))) if query else ""


def _slash_off(path: str) -> str:
    return path.removesuffix("/")


def _escaped(text: str) -> str:
    """`text` unescaped as often as that changes anything, then escaped once."""
    data = text.encode("utf-8", "surrogatepass")
    while (once := unquote_to_bytes(data)) != data:
        data = once
    return "".join(
        chr(byte) if 0x20 < byte < 0x7F and byte not in b"%#" else f"%{byte:02x}" for byte in data
    )
