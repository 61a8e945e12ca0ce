"""Every hostile spelling, through every client: nobody connects."""

import socket
from collections.abc import Callable

from lantian.egress.deny import Permissions, check_url
from lantian.egress.resolver import Lookup, Resolver
from lantian.egress.running import proxy_thread
from lantian.egress.spelling import read_authority
from lantian.errors import LantianError
from tests.services.web import Canary

Names = Callable[..., Lookup]

LEADING_HERE = {
    "loopback.example": ["127.0.0.1"],
    "both.example": ["1.1.1.1", "::1"],
    "localhost": ["127.0.0.1", "::1"],
}


def connects(host: str, port: int, resolver: Resolver, permissions: Permissions) -> bool:
    """Whether a client that goes by the resolver would connect to this spelling of a host."""
    try:
        endpoints = resolver.resolve(*read_authority(f"{host}:{port}"), permissions)
    except LantianError:
        return False
    return bool(endpoints)


def said(proxy_port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", proxy_port), timeout=10) as client:
        client.sendall(request)
        return client.recv(65536)


def test_the_resolver_gives_no_client_a_hostile_host(
    canary: Canary, hostile_hosts: list[str], names: Names
) -> None:
    # The canary's port is allowed, so that nothing but the address is what refuses.
    permissions = Permissions.of(ports=[canary.port])
    resolver = Resolver(lookup=names(LEADING_HERE))
    passed = [host for host in hostile_hosts if connects(host, canary.port, resolver, permissions)]
    assert passed == []
    assert connects("1.1.1.1", canary.port, resolver, permissions)


def test_the_proxy_connects_to_no_hostile_host(
    canary: Canary, hostile_hosts: list[str], names: Names
) -> None:
    permissions = Permissions.of(ports=[canary.port])
    with proxy_thread(Resolver(lookup=names(LEADING_HERE)), permissions) as proxy:
        for host in hostile_hosts:
            place = f"{host}:{canary.port}"
            for request in (f"GET http://{place}/", f"CONNECT {place}"):
                answer = said(proxy.port, f"{request} HTTP/1.1\r\n\r\n".encode())
                assert answer.startswith((b"HTTP/1.1 403 ", b"HTTP/1.1 400 ")), place
    assert canary.taken == []


def test_the_proxy_connects_to_no_hostile_address(
    canary: Canary, hostile_urls: list[str], names: Names
) -> None:
    permissions = Permissions.of(ports=[canary.port])
    with proxy_thread(Resolver(lookup=names(LEADING_HERE)), permissions) as proxy:
        for url in hostile_urls:
            here = url.replace("PORT", str(canary.port))
            answer = said(proxy.port, f"GET {here} HTTP/1.1\r\n\r\n".encode())
            assert not answer.startswith(b"HTTP/1.1 200 "), here
    assert canary.taken == []


def test_an_address_that_passes_the_first_check_is_refused_by_its_answers(
    canary: Canary, hostile_urls: list[str], names: Names
) -> None:
    permissions = Permissions.of(ports=[canary.port])
    resolver = Resolver(lookup=names(LEADING_HERE))
    for url in hostile_urls:
        try:
            target = check_url(url.replace("PORT", str(canary.port)), permissions)
        except LantianError:
            continue
        assert not connects(target.host, target.port, resolver, permissions), url
