"""Twisted's way to names, through the one resolver that checks every answer."""

from collections.abc import Sequence
from typing import Any, Self

from scrapy.crawler import Crawler
from scrapy.resolver import HostResolution
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.base import ReactorBase
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
)
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure
from zope.interface import implementer  # type: ignore[import-untyped]

from crawler.run import public_web
from lantian.egress.deny import Permissions
from lantian.egress.hosts import Endpoint
from lantian.egress.resolver import Resolver
from lantian.egress.spelling import canonical_host
from lantian.errors import EgressRefused, LantianError
from lantian.settings import load_settings

_active: list["CheckedResolver"] = []


@implementer(IHostnameResolver)
class CheckedResolver:
    """Resolves for one process, under the permissions of the source that it crawls.

    Until `use` is called only the public web is reached. `refusals` keeps why a host was refused.
    """

    def __init__(self, reactor: ReactorBase) -> None:
        # Zope's interfaces are no types: what stands behind them is checked by nobody.
        self._reactor: Any = reactor
        self._resolver = Resolver()
        self._permissions: Permissions = public_web(load_settings())
        self.refusals: dict[str, EgressRefused] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> Self:  # noqa: ARG003
        """The resolver of this process."""
        return cls(reactor)

    def install_on_reactor(self) -> None:
        """Make it the one that the reactor asks."""
        self._reactor.installNameResolver(self)
        _active[:] = [self]

    def use(self, resolver: Resolver, permissions: Permissions) -> None:
        """From now on ask `resolver`, under these permissions."""
        self._resolver, self._permissions = resolver, permissions

    def resolveHostName(  # noqa: N802  (Twisted's interface)
        self,
        resolutionReceiver: Any,  # noqa: N803
        hostName: str,  # noqa: N803
        portNumber: int = 0,  # noqa: N803
        addressTypes: Sequence[type[IAddress]] | None = None,  # noqa: ARG002, N803
        transportSemantics: str = "TCP",  # noqa: ARG002, N803
    ) -> HostResolution:
        """Give the receiver the addresses that may be connected to; none if one may not."""
        resolution = HostResolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)

        def found(endpoints: tuple[Endpoint, ...]) -> None:
            for endpoint in endpoints:
                kind = IPv6Address if ":" in endpoint.ip else IPv4Address
                resolutionReceiver.addressResolved(kind("TCP", endpoint.ip, endpoint.port))
            resolutionReceiver.resolutionComplete()

        def refused(failure: Failure) -> None:
            error = failure.value
            if isinstance(error, EgressRefused):
                self.refusals[hostName] = error
            resolutionReceiver.resolutionComplete()

        asked = deferToThreadPool(
            self._reactor, self._reactor.getThreadPool(), self._ask, hostName, portNumber
        )
        asked.addCallbacks(found, refused)
        return resolution

    def _ask(self, host: str, port: int) -> tuple[Endpoint, ...]:
        name = f"[{host}]" if ":" in host else host
        return self._resolver.resolve(canonical_host(name), port, self._permissions)


def active_resolver() -> CheckedResolver | None:
    """The resolver of this process, once the reactor has one."""
    return _active[0] if _active else None


def refusal_of(host: str) -> LantianError | None:
    """Why this host was refused, if it was."""
    resolver: Any = active_resolver()
    return resolver.refusals.get(host) if resolver is not None else None
