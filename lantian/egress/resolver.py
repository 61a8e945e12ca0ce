"""Names to addresses, once, and every answer checked before a client may use one of them."""

import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lantian.egress.deny import NONE, Permissions, check_address, check_host
from lantian.egress.hosts import NO_HOSTS, Endpoint, HostMap
from lantian.egress.spelling import as_ip, authority
from lantian.errors import EgressRefused, FetchFailed

Lookup = Callable[[str, int], Iterable[str]]
"""Asks for the addresses of a name; raises `OSError` where there is none."""


def system_lookup(host: str, port: int) -> list[str]:
    """The addresses that the machine's resolver gives, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Resolver:
    """The one resolver of all clients: host map first, then `lookup`."""

    hosts: HostMap = NO_HOSTS
    lookup: Lookup = system_lookup

    def resolve(
        self, host: str, port: int, permissions: Permissions = NONE
    ) -> tuple[Endpoint, ...]:
        """The endpoints of a canonical host, all of them allowed; the client takes any.

        Raises `EgressRefused` if one is not, `FetchFailed` if the name has no address. Blocks.
        """
        check_host(host, port, permissions)
        ours = self.hosts.endpoint(host, port)
        if ours is not None:
            check_address(ours.ip, port, permissions, host=host)
            return (ours,)
        if as_ip(host) is not None:
            return (Endpoint(host, port),)
        if self.hosts.closed:
            raise EgressRefused(
                f"{authority(host, port)} is not connected to: it is none of the demonstration's.",
                hint="Watch real sites from a store of your own, outside the demonstration.",
            )
        try:
            answers = list(self.lookup(host, port))
        except (OSError, UnicodeError) as error:
            raise _unknown(host) from error
        return checked_answers(host, port, answers, permissions)


def checked_answers(
    host: str, port: int, answers: Iterable[str], permissions: Permissions = NONE
) -> tuple[Endpoint, ...]:
    """The endpoints of a name's answers, if every one of them may be connected to.

    One address that is not refuses them all: which one a client takes is not ours to say.
    """
    endpoints = []
    for answer in answers:
        ip = answer.partition("%")[0]
        check_address(ip, port, permissions, host=host)
        endpoints.append(Endpoint(ip, port))
    if not endpoints:
        raise _unknown(host)
    return tuple(endpoints)


def _unknown(host: str) -> FetchFailed:
    return FetchFailed(
        f"the name {host} has no address.", hint="Correct the address, or try again later."
    )
