"""Authorities that stamp, and asking one: through the proxy of the egress rules, and briefly."""

import base64
import http.client
import secrets
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography import x509

from lantian.egress.deny import IPNetwork, Permissions
from lantian.egress.proxy import USER, EgressProxy, ProxyLimits
from lantian.egress.resolver import Resolver
from lantian.egress.running import proxy_thread
from lantian.egress.spelling import Target, read_url
from lantian.errors import ConfigError, FetchFailed, LantianError, ServiceUnavailable
from lantian.settings import Settings

MOST_REPLY = 256 * 1024
"""Bytes of an answer; real ones have a few thousand."""
SECONDS = 15.0
"""That an answer may take, from the name to its last byte."""


class StampRefused(LantianError):
    """What an authority answered is no stamp, or none that may be trusted; the message says why."""


@dataclass(frozen=True, slots=True)
class Authority:
    """Who stamps, and the certificates (PEM) in which that is trusted."""

    name: str
    url: str
    roots: str
    policy: str = ""
    private: bool = False

    def certificates(self) -> list[x509.Certificate]:
        """The trusted certificates; raises `ConfigError`."""
        try:
            return x509.load_pem_x509_certificates(self.roots.encode())
        except ValueError as error:
            raise ConfigError(
                f"the roots of the time authority {self.name} are no certificates: {error}.",
                hint="Name a PEM file in time_authorities.",
            ) from error


def authorities_of(settings: Settings) -> tuple[Authority, ...]:
    """Those that the settings name; raises `ConfigError` naming a file that cannot be read."""
    found = []
    for one in settings.time_authorities:
        try:
            roots = one.roots.read_text()
        except (OSError, UnicodeError) as error:
            raise ConfigError(
                f"the roots of the time authority {one.name} cannot be read: {one.roots}: {error}.",
                hint="Name a PEM file in time_authorities.",
            ) from error
        authority = Authority(one.name, one.url, roots, one.policy, one.private)
        authority.certificates()
        found.append(authority)
    return tuple(found)


def ask(
    authority: Authority,
    query: bytes,
    resolver: Resolver,
    *,
    own_networks: Sequence[IPNetwork] = (),
    seconds: float = SECONDS,
) -> bytes:
    """The bytes that the authority answers to a query (RFC 3161, 3.4).

    Raises `ServiceUnavailable` if it does not answer now, `EgressRefused` for an address that may
    not be connected to, and `StampRefused` for an answer that is none. Redirects are not followed.
    """
    target = read_url(authority.url)
    permissions = Permissions.of(
        [(target.host, target.port)] if authority.private else [], own_networks=own_networks
    )
    limits = ProxyLimits(
        connect_seconds=seconds,
        idle_seconds=seconds,
        total_seconds=seconds,
        max_bytes=4 * MOST_REPLY,
        connections=1,
    )
    token = secrets.token_hex(16)
    with proxy_thread(resolver, permissions, token=token, limits=limits) as proxy:
        try:
            return _post(authority, target, query, proxy, token=token, seconds=seconds + 1)
        except (OSError, http.client.HTTPException) as error:
            _raise_refused(authority, proxy, target)
            raise _away(authority, f"{type(error).__name__}: {error}") from error


def _post(
    authority: Authority,
    target: Target,
    query: bytes,
    proxy: EgressProxy,
    *,
    token: str,
    seconds: float,
) -> bytes:
    credentials = base64.b64encode(f"{USER}:{token}".encode()).decode()
    pass_on = {"Proxy-Authorization": f"Basic {credentials}"}
    fields = {"Content-Type": "application/timestamp-query", "User-Agent": "Lantian"}
    parts = urlsplit(authority.url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if target.scheme == "https":
        context = ssl.create_default_context()
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            "127.0.0.1", proxy.port, timeout=seconds, context=context
        )
        connection.set_tunnel(target.host, target.port, headers=pass_on)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=seconds)
        path, fields = f"http://{target.authority}{path}", fields | pass_on
    try:
        connection.request("POST", path, body=query, headers=fields)
        answer = connection.getresponse()
        body = answer.read(MOST_REPLY + 1)
    finally:
        connection.close()
    if answer.status != 200:
        _raise_refused(authority, proxy, target)
    if answer.status in {408, 425, 429} or answer.status >= 500:
        raise _away(authority, f"it answers {answer.status}")
    if answer.status != 200:
        raise StampRefused(
            f"the time authority {authority.name} answers {answer.status} {answer.reason}.",
            hint="Correct its url in time_authorities.",
        )
    if len(body) > MOST_REPLY:
        raise StampRefused(
            f"the time authority {authority.name} answers more than {MOST_REPLY:,} bytes.",
            hint="Correct its url in time_authorities.",
        )
    return body


def _raise_refused(authority: Authority, proxy: EgressProxy, target: Target) -> None:
    """Raise what the proxy knows of its connection to the authority, if it failed."""
    error = proxy.error_of(target.host, target.port)
    if isinstance(error, FetchFailed):
        raise _away(authority, error.message) from error
    if error is not None:
        raise error


def _away(authority: Authority, why: str) -> ServiceUnavailable:
    return ServiceUnavailable(
        f"the time authority {authority.name} does not answer: {why.rstrip('.')}.",
        hint="It is asked again later; what waits is not lost.",
    )
