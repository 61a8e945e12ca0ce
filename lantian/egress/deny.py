"""What may be connected to: one deny list, and the permissions that pass it.

The list is explicit, since `ipaddress.is_global` says yes to ten groups that must be refused and
`is_private` says no to 100.100.100.200, a cloud's metadata service. Sources: IANA special-purpose
address registries (RFC 6890 and its successors), the providers' pages for metadata addresses.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from lantian.egress.spelling import (
    IPAddress,
    Target,
    as_ip,
    authority,
    canonical_host,
    read_authority,
    read_url,
    unmapped,
)
from lantian.errors import EgressRefused, Invalid

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

DENIED: tuple[tuple[IPNetwork, str], ...] = tuple(
    (ipaddress.ip_network(network), what)
    for network, what in (
        # Single addresses first: the message names the narrowest group.
        ("169.254.169.254/32", "metadata"),
        ("100.100.100.200/32", "metadata"),  # Alibaba Cloud
        ("168.63.129.16/32", "metadata"),  # Azure, inside a public block
        ("192.0.0.192/32", "metadata"),  # Oracle Cloud
        ("fd00:ec2::/32", "metadata"),  # AWS
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared (carrier-grade NAT)"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignment"),
        ("192.0.2.0/24", "documentation"),
        ("192.31.196.0/24", "AS112 sink"),
        ("192.52.193.0/24", "multicast relay"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "AS112 sink"),
        ("198.18.0.0/15", "benchmark"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::/96", "IPv4-compatible"),
        ("::ffff:0:0:0/96", "IPv4-translated"),
        ("64:ff9b::/96", "NAT64"),
        ("64:ff9b:1::/48", "NAT64"),
        ("100::/64", "discard"),
        ("100:0:0:1::/64", "dummy"),
        ("2001::/32", "Teredo"),
        ("2001::/23", "protocol assignment"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("2620:4f:8000::/48", "AS112 sink"),
        ("3fff::/20", "documentation"),
        ("5f00::/16", "segment routing"),
        ("fc00::/7", "unique local"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
UNICAST = ipaddress.IPv6Network("2000::/3")
"""All global IPv6 unicast; whatever lies outside is reserved."""

NEVER_BY_NAME = frozenset({"metadata", "link-local", "multicast", "reserved", "unspecified"})
"""A permission for a name does not reach these: they want one for the address itself."""

LOCAL_NAMES = ("localhost", "localdomain", "local", "internal", "home.arpa", "lan", "onion")
"""Names that never leave a network (RFC 6761, 6762, 7686, 8375; ICANN on .internal)."""

PORTS = frozenset({80, 443})


@dataclass(frozen=True, slots=True)
class Permission:
    """Leave to connect to one exact host and port for one source; `host` becomes canonical."""

    host: str
    port: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "host", canonical_host(_bracketed(self.host)))

    @classmethod
    def parse(cls, text: str) -> "Permission":
        """The permission that `HOST:PORT` writes; raises `Invalid` naming the text."""
        try:
            return cls(*read_authority(text.strip()))
        except EgressRefused as error:
            raise Invalid(
                f"{text!r} names no host and port.", hint="Give HOST:PORT, as in 127.0.0.1:8000."
            ) from error


@dataclass(frozen=True, slots=True)
class Permissions:
    """What one source may connect to beyond `ports` of the public web.

    `own_networks` are refused like the deny list. With `only`, nothing but the granted hosts is
    connected to: a demonstration, and a browser without its sandbox.
    """

    granted: frozenset[Permission] = frozenset()
    own_networks: tuple[IPNetwork, ...] = ()
    only: bool = False
    ports: frozenset[int] = PORTS

    @classmethod
    def of(
        cls,
        granted: Iterable[Permission | tuple[str, int]] = (),
        *,
        own_networks: Iterable[IPNetwork | str] = (),
        only: bool = False,
        ports: Iterable[int] = PORTS,
    ) -> "Permissions":
        """The permissions for these hosts and ports."""
        return cls(
            frozenset(p if isinstance(p, Permission) else Permission(*p) for p in granted),
            tuple(ipaddress.ip_network(network) for network in own_networks),
            only,
            frozenset(ports),
        )

    def grants(self, host: str, port: int) -> bool:
        """Whether this exact (canonical) host and port were granted."""
        return bool(self.granted) and Permission(host, port) in self.granted


NONE = Permissions()
"""No permission: the public web and nothing else."""


def why_denied(ip: IPAddress) -> str | None:
    """The group of the deny list in which `ip` lies, or `None` for a public address."""
    address = unmapped(ip)
    for network, what in DENIED:
        if address.version == network.version and address in network:
            return what
    if address.version == 6 and address not in UNICAST:
        return "reserved"
    return None


def check_url(url: str, permissions: Permissions = NONE) -> Target:
    """Where `url` leads, if that may be connected to as far as the URL alone tells.

    Every client checks the address again when it connects (`check_address`). Raises
    `EgressRefused` naming address and cure.
    """
    target = read_url(url)
    check_host(target.host, target.port, permissions)
    return target


def check_host(host: str, port: int, permissions: Permissions = NONE) -> None:
    """Nothing, if this canonical host and port may be resolved and connected to."""
    if permissions.grants(host, port):
        return
    where = authority(host, port)
    if permissions.only:
        raise _refused(where, "only the addresses with a permission are connected to here", where)
    ip = as_ip(host)
    if ip is not None:
        check_address(ip, port, permissions, host=host)
    elif any(host == name or host.endswith(f".{name}") for name in LOCAL_NAMES):
        raise _refused(where, "it names a place inside a network", where)
    elif port not in permissions.ports:
        raise _refused(where, _other_port(permissions), where)


def check_address(
    ip: str | IPAddress, port: int, permissions: Permissions = NONE, *, host: str = ""
) -> None:
    """Nothing, if a client may connect to `ip`, to which (canonical) `host` led, at `port`.

    Raises `EgressRefused` naming address and cure.
    """
    address = unmapped(ipaddress.ip_address(ip) if isinstance(ip, str) else ip)
    name = host or str(address)
    where = authority(name, port)
    what = why_denied(address)
    if what is None and any(
        address.version == own.version and address in own for own in permissions.own_networks
    ):
        what = "in a network of your own"
    by_name = name != str(address)
    if permissions.grants(name, port) and not (by_name and what in NEVER_BY_NAME):
        return
    shown = f"{where} ({address})" if by_name else where
    if permissions.only:
        raise _refused(shown, "only the addresses with a permission are connected to here", where)
    if what is not None:
        raise _refused(
            shown,
            f"its address is {what}",
            authority(str(address), port) if what in NEVER_BY_NAME else where,
        )
    if port not in permissions.ports:
        raise _refused(shown, _other_port(permissions), where)


def _other_port(permissions: Permissions) -> str:
    ports = " and ".join(map(str, sorted(permissions.ports)))
    return f"only ports {ports} are connected to"


def _refused(shown: str, why: str, cure: str) -> EgressRefused:
    return EgressRefused(
        f"{shown} is not connected to: {why}.",
        hint=f"If this source must reach it, give it the permission {cure}.",
    )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
