"""Names that only Lantian knows: the hosts of the demonstration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from lantian.egress.spelling import canonical_host


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a connection goes: an address and a port."""

    ip: str
    port: int


@dataclass(frozen=True, slots=True)
class HostMap:
    """Static hosts: port 80 of such a name is an endpoint of ours.

    It names, it does not permit: a source needs the permission `name:80` as for any other
    address that is not public. With `closed`, no other name is resolved.
    """

    entries: Mapping[str, Endpoint] = field(default_factory=lambda: MappingProxyType({}))
    closed: bool = False

    @classmethod
    def of(cls, entries: Mapping[str, tuple[str, int]], *, closed: bool = False) -> "HostMap":
        """The map of these names."""
        return cls(
            MappingProxyType(
                {canonical_host(name): Endpoint(*place) for name, place in entries.items()}
            ),
            closed,
        )

    def __contains__(self, host: str) -> bool:
        return host in self.entries

    def endpoint(self, host: str, port: int) -> Endpoint | None:
        """Where `host` is to be found, or `None` if the map does not tell."""
        return self.entries.get(host) if port == 80 else None


NO_HOSTS = HostMap()
