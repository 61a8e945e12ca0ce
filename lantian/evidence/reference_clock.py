"""How far the machine's clock is from a reference: asked once a run, for the extraction record.

A reference is an NTP server (`ntp://host`, RFC 5905) or a web server that tells the date
(`https://host/`, RFC 9110, 6.6.1), which is right to half a second. Nothing is set by it.
"""

import base64
import http.client
import secrets
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from lantian.egress.deny import IPNetwork, Permissions
from lantian.egress.proxy import USER, ProxyLimits
from lantian.egress.resolver import Resolver
from lantian.egress.running import proxy_thread
from lantian.egress.spelling import Target, as_ip, canonical_host, read_url
from lantian.errors import ConfigError, LantianError, ServiceUnavailable

SECONDS = 3.0
"""That an answer may take: a crawl waits for it."""
NTP_PORT = 123
_CLIENT = 0x23
"""No leap warning, version 4, client (RFC 5905, 7.3)."""
_PACKET = struct.Struct(">BBBb4s4s4sQQQQ")
_NTP_EPOCH = 2_208_988_800
"""Seconds from 1900 to 1970."""
_ERA = 1 << 32
_MOST_REPLY = 64 * 1024


@dataclass(frozen=True, slots=True)
class ClockReference:
    """Who is asked; `private`: exactly its host and port may be connected to though not public."""

    url: str
    private: bool = False


@dataclass(frozen=True, slots=True)
class Offset:
    """What a reference said: `seconds` to be added to our clock, right to `within` seconds."""

    url: str
    seconds: float
    within: float

    def __str__(self) -> str:
        return f"{self.url}: {self.seconds:+.4f} s (±{self.within:.4f} s)"


@dataclass(frozen=True, slots=True)
class ClockCheck:
    """The first answer of the references, and what was wrong with those that were asked before."""

    offset: Offset | None
    faults: tuple[str, ...] = ()


def check_clock(
    references: Iterable[ClockReference],
    resolver: Resolver,
    *,
    own_networks: Sequence[IPNetwork] = (),
    seconds: float = SECONDS,
) -> ClockCheck:
    """What the first reference says that answers; one that does not is told, never raised."""
    faults: list[str] = []
    for one in references:
        try:
            return ClockCheck(
                offset_of(one, resolver, own_networks=own_networks, seconds=seconds),
                tuple(faults),
            )
        except LantianError as error:
            faults.append(error.message)
    return ClockCheck(None, tuple(faults))


def offset_of(
    reference: ClockReference,
    resolver: Resolver,
    *,
    own_networks: Sequence[IPNetwork] = (),
    seconds: float = SECONDS,
) -> Offset:
    """What one reference says.

    Raises `ServiceUnavailable` if it does not answer or says nothing of use, `EgressRefused` for
    an address that may not be connected to, and `ConfigError` for a reference of no known kind.
    """
    scheme = urlsplit(reference.url).scheme
    if scheme == "ntp":
        host, port = _ntp_place(reference.url)
        allowed = _permissions(reference, host, port, own_networks, ports=(port,))
        ip = resolver.resolve(host, port, allowed)[0].ip
        try:
            seconds_off, within = _asked_ntp(ip, port, seconds)
        except OSError as error:
            raise _away(reference, f"{type(error).__name__}: {error}") from error
        except ValueError as error:
            raise _away(reference, str(error)) from error
        return Offset(reference.url, seconds_off, within)
    if scheme not in {"http", "https"}:
        raise ConfigError(
            f"the clock reference {reference.url} is of no known kind.",
            hint="Give ntp://HOST, or an http(s) address, in clock_references.",
        )
    target = read_url(reference.url)
    allowed = _permissions(reference, target.host, target.port, own_networks)
    return _asked_http(reference, target, resolver, allowed, seconds)


def _permissions(
    reference: ClockReference,
    host: str,
    port: int,
    own_networks: Sequence[IPNetwork],
    ports: Sequence[int] = (80, 443),
) -> Permissions:
    granted = [(host, port)] if reference.private else []
    return Permissions.of(granted, own_networks=own_networks, ports=ports)


def _away(reference: ClockReference, why: str) -> ServiceUnavailable:
    return ServiceUnavailable(
        f"the clock reference {reference.url} tells no time: {why.rstrip('.')}.",
        hint="Look at clock_references; what is captured says that the clock was not compared.",
    )


# NTP.


def _ntp_place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    try:
        return canonical_host(parts.hostname or ""), parts.port or NTP_PORT
    except ValueError as error:
        raise ConfigError(
            f"the clock reference {url} is no address.", hint="Give ntp://HOST in clock_references."
        ) from error


def _asked_ntp(ip: str, port: int, seconds: float) -> tuple[float, float]:
    """Offset and its bound from one exchange; raises `OSError` and `ValueError`."""
    found = as_ip(ip)
    family = socket.AF_INET6 if found is not None and found.version == 6 else socket.AF_INET
    cookie = secrets.randbits(64)  # comes back in the answer; it tells nobody our time
    query = _PACKET.pack(_CLIENT, 0, 0, 0, bytes(4), bytes(4), bytes(4), 0, 0, 0, cookie)
    with socket.socket(family, socket.SOCK_DGRAM) as line:
        line.settimeout(seconds)
        line.connect((ip, port))
        sent, before = time.time(), time.monotonic()
        line.send(query)
        answer = line.recv(1024)
        received = sent + (time.monotonic() - before)
    return read_ntp(answer, cookie, sent=sent, received=received)


def read_ntp(answer: bytes, cookie: int, *, sent: float, received: float) -> tuple[float, float]:
    """Offset and its bound, in seconds, by an answer; raises `ValueError` for one of no use."""
    if len(answer) < _PACKET.size:
        raise ValueError("its answer is too short")
    first, stratum, _, _, delay, dispersion, _, _, origin, came, went = _PACKET.unpack_from(answer)
    if first & 7 != 4 or origin != cookie:
        raise ValueError("its answer is none to what was asked")
    if first >> 6 == 3 or not 1 <= stratum <= 15 or not went:
        raise ValueError("it says that its own clock is not synchronised")
    theirs_in, theirs_out = _unix(came), _unix(went)
    offset = ((theirs_in - sent) + (theirs_out - received)) / 2
    round_trip = max(0.0, (received - sent) - (theirs_out - theirs_in))
    within = round_trip / 2 + _short(delay) / 2 + _short(dispersion)
    return offset, within


def _unix(stamp: int) -> float:
    """Unix time of an NTP timestamp; era 1 begins in 2036."""
    whole = stamp >> 32
    if whole < _ERA // 2:
        whole += _ERA
    return whole - _NTP_EPOCH + (stamp & 0xFFFFFFFF) / _ERA


def _short(data: bytes) -> float:
    value: int = struct.unpack(">I", data)[0]
    return value / 65536


# The date that a web server tells.


def _asked_http(
    reference: ClockReference,
    target: Target,
    resolver: Resolver,
    allowed: Permissions,
    seconds: float,
) -> Offset:
    limits = ProxyLimits(
        connect_seconds=seconds,
        idle_seconds=seconds,
        total_seconds=seconds,
        max_bytes=_MOST_REPLY,
        connections=1,
    )
    token = secrets.token_hex(16)
    with proxy_thread(resolver, allowed, token=token, limits=limits) as proxy:
        credentials = base64.b64encode(f"{USER}:{token}".encode()).decode()
        pass_on = {"Proxy-Authorization": f"Basic {credentials}"}
        try:
            told, sent, received = _head(target, proxy.port, pass_on, seconds + 1)
        except (OSError, http.client.HTTPException) as error:
            known = proxy.error_of(target.host, target.port)
            if known is not None:
                raise _away(reference, known.message) from error
            raise _away(reference, f"{type(error).__name__}: {error}") from error
        known = proxy.error_of(target.host, target.port)
        if known is not None:
            raise _away(reference, known.message)
    try:
        theirs = parsedate_to_datetime(told or "")
    except ValueError as error:
        raise _away(reference, "its answer has no date") from error
    offset, within = read_date(theirs, sent=sent, received=received)
    return Offset(reference.url, offset, within)


def read_date(theirs: datetime, *, sent: float, received: float) -> tuple[float, float]:
    """Offset and its bound, in seconds, by a date that is told in whole seconds."""
    middle = (sent + received) / 2
    return theirs.timestamp() + 0.5 - middle, 0.5 + (received - sent) / 2


def _head(
    target: Target, proxy: int, pass_on: dict[str, str], seconds: float
) -> tuple[str | None, float, float]:
    """The date of an answer to HEAD, and when it was asked for and received (Unix time)."""
    fields = {"User-Agent": "Lantian"}
    path = "/"
    connection: http.client.HTTPConnection
    connect: Callable[[], None] = lambda: None  # noqa: E731
    if target.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(
            "127.0.0.1", proxy, timeout=seconds, context=context
        )
        connection.set_tunnel(target.host, target.port, headers=pass_on)
        connect = connection.connect  # the tunnel is no part of the time that is measured
    else:
        connection = http.client.HTTPConnection("127.0.0.1", proxy, timeout=seconds)
        path, fields = f"http://{target.authority}/", fields | pass_on
    try:
        connect()
        sent, before = time.time(), time.monotonic()
        connection.request("HEAD", path, headers=fields)
        answer = connection.getresponse()
        received = sent + (time.monotonic() - before)
        return answer.getheader("Date"), sent, received
    finally:
        connection.close()
