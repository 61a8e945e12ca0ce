r"""One spelling a host and one reading an address, as browsers have them (WHATWG URL).

Clients disagree on `0x7f.1`, `１２７。1` or `http://good.example\@127.0.0.1/`, and an address that
one client checks and another one reads differently is a hole. So every client of ours goes by the
host, port and address that are made here, and what is ambiguous is refused.
"""

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

import idna

from lantian.errors import EgressRefused

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

DEFAULT_PORTS = {"http": 80, "https": 443}
_CURE = "Give an address of the form https://host/path."
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)")
_PORT = re.compile(r"[0-9]{1,5}")
_NAME = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
)
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads: `host` is canonical (an IPv6 address without brackets)."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """`host:port`, with brackets where IPv6 needs them."""
        return authority(self.host, self.port)


def authority(host: str, port: int) -> str:
    """`host:port`, with brackets where IPv6 needs them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def read_url(url: str) -> Target:
    """Scheme, canonical host and port of a URL.

    Raises `EgressRefused` for other schemes than http and https, for user names before the host,
    and for everything that two clients could read differently.
    """
    # Browsers and Scrapy drop these before they look at an address.
    cleaned = re.sub(r"[\t\n\r]", "", url).strip("".join(map(chr, range(0x21))))
    match = _URL.match(cleaned)
    if match is None:
        raise _refused(url, "it is no absolute address")
    scheme = match[1].lower()
    if scheme not in DEFAULT_PORTS:
        raise _refused(url, f"only http and https are fetched, not {scheme}")
    if "\\" in match[2]:
        raise _refused(url, "a backslash stands before the path")
    if "@" in match[2]:
        raise _refused(url, "a user name stands before the host")
    return Target(scheme, *read_authority(match[2], DEFAULT_PORTS[scheme]))


def read_authority(text: str, default_port: int | None = None) -> tuple[str, int]:
    """Canonical host and port of `host:port`; raises `EgressRefused` if it is none."""
    if text.startswith("["):
        host, bracket, rest = text.partition("]")
        host += bracket
        port = rest.removeprefix(":")
        if rest and not rest.startswith(":"):
            raise _refused(text, "something stands between the bracket and the port")
    else:
        host, _, port = text.partition(":")
    if not port and default_port is not None:
        return canonical_host(host), default_port
    if not _PORT.fullmatch(port) or not 0 < int(port) < 65536:
        raise _refused(text, "its port is none")
    return canonical_host(host), int(port)


@lru_cache(maxsize=4096)
def canonical_host(host: str) -> str:
    """The one spelling of a host: ASCII, lower case, no final dot, an address in dotted form.

    An IPv6 address comes back without brackets, one that maps an IPv4 address as that IPv4
    address. Raises `EgressRefused` for what is no host, such as zones and empty labels.
    """
    if host.startswith("[") and host.endswith("]"):
        return _ipv6(host[1:-1], host)
    try:
        text = unquote_to_bytes(host).decode("utf-8")
        text = idna.uts46_remap(text, std3_rules=False, transitional=False)
    except (UnicodeError, idna.IDNAError) as error:
        raise _refused(host, "its host is no name") from error
    if ":" in text:
        return _ipv6(text, host)
    text = text.removesuffix(".")
    if _ends_in_number(text):
        return _ipv4(text, host)
    name = _ascii(text, host)
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise _refused(host, "its host is no name")
    return name


def as_ip(host: str) -> IPAddress | None:
    """The address that a canonical host is, or `None` for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def unmapped(ip: IPAddress) -> IPAddress:
    """The IPv4 address that an IPv6 address maps, else the address itself without a zone."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    return (
        ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if ip in _MAPPED
        else ipaddress.IPv6Address(int(ip))
    )


def _ipv6(text: str, shown: str) -> str:
    if "%" in text:
        raise _refused(shown, "its address names a zone")
    try:
        return str(unmapped(ipaddress.IPv6Address(text)))
    except ValueError as error:
        raise _refused(shown, "its address is none") from error


def _ends_in_number(text: str) -> bool:
    last = text.rpartition(".")[2]
    return bool(_NUMBER.fullmatch(last))


def _ipv4(text: str, shown: str) -> str:
    """The dotted form of one to four numbers, each decimal, octal (0…) or hexadecimal (0x…)."""
    parts = text.split(".")
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        raise _refused(shown, "its address is none")
    try:
        *first, last = [_number(part) for part in parts]
    except ValueError as error:
        raise _refused(shown, "its address is none") from error
    if any(number > 255 for number in first) or last >= 256 ** (5 - len(parts)):
        raise _refused(shown, "its address is none")
    value = last + sum(number << (24 - 8 * place) for place, number in enumerate(first))
    return str(ipaddress.IPv4Address(value))


def _number(part: str) -> int:
    if part[:2].lower() == "0x":
        return int(part[2:] or "0", 16)
    return int(part, 8 if part.startswith("0") else 10)


def _ascii(text: str, shown: str) -> str:
    if text.isascii():
        return text.lower()
    try:
        return idna.encode(text, uts46=True, transitional=False).decode("ascii")
    except idna.IDNAError as error:
        raise _refused(shown, "its host is no name") from error


def _refused(what: str, why: str) -> EgressRefused:
    return EgressRefused(f"{what[:200]!r} is not connected to: {why}.", hint=_CURE)
