"""The loopback proxy, by bytes."""

import base64
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pytest

from lantian.egress.deny import Permissions
from lantian.egress.hosts import HostMap
from lantian.egress.proxy import EgressProxy, ProxyLimits
from lantian.egress.resolver import Lookup, Resolver
from lantian.egress.running import proxy_thread
from lantian.errors import EgressRefused
from tests.services.web import Canary, StartSite

Names = Callable[..., Lookup]


def ask(proxy: EgressProxy, *parts: bytes) -> bytes:
    """What the proxy answers to these bytes; an error stands for a broken connection."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as client:
        for part in parts:
            client.sendall(part)
        answer = b""
        while data := client.recv(65536):
            answer += data
    return answer


def get(url: str, *fields: str) -> bytes:
    lines = [f"GET {url} HTTP/1.1", "Host: ignored.example", *fields]
    return "\r\n".join([*lines, "", ""]).encode("utf-8")


def body(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


@contextmanager
def raw_server(answer: bytes, *, hold: bool = False) -> Iterator[int]:
    """A server of one connection that sends `answer`, then ends it or holds it open."""
    done = threading.Event()
    with socket.create_server(("127.0.0.2", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)
                if hold:
                    done.wait(20)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        done.set()
        thread.join(10)


def test_a_plain_request_reaches_a_permitted_site_in_origin_form(
    site: StartSite, names: Names
) -> None:
    shop = site({"/a?b=1": (200, {"X-A": "1"}, b"hello")})
    resolver = Resolver(lookup=names({"shop.example": ["127.0.0.2"]}))
    permissions = Permissions.of([("shop.example", shop.port)])
    with proxy_thread(resolver, permissions) as proxy:
        url = f"http://shop.example:{shop.port}/a?b=1#part"
        answer = ask(proxy, get(url, "X-Kept: yes", "Proxy-Connection: keep-alive"))
        assert body(answer) == b"hello"
        assert proxy.ip_of("shop.example", shop.port) == "127.0.0.2"
    assert shop.paths() == ["/a?b=1"]
    fields = shop.asked[0].fields
    assert fields["Host"] == f"shop.example:{shop.port}"
    assert fields["X-Kept"] == "yes"
    assert fields["Connection"] == "close"
    assert "Proxy-Connection" not in fields


def test_a_body_is_passed_on_and_nothing_after_it(site: StartSite, names: Names) -> None:
    shop = site({"/": (200, {}, b"ok")})
    permissions = Permissions.of([("127.0.0.2", shop.port)])
    with proxy_thread(Resolver(lookup=names({})), permissions) as proxy:
        head = f"POST http://127.0.0.2:{shop.port}/ HTTP/1.1\r\nContent-Length: 5\r\n\r\n".encode()
        assert body(ask(proxy, head, b"12345")) == b"ok"
        smuggled = b"GET http://127.0.0.2/other HTTP/1.1\r\n\r\n"
        with pytest.raises(ConnectionError):
            ask(proxy, head, b"12345" + smuggled)
    assert set(shop.paths()) == {"/"}
    assert shop.asked[0].body == b"12345"


def test_a_tunnel_passes_bytes_both_ways(site: StartSite, names: Names) -> None:
    shop = site({"/": (200, {"Connection": "close"}, b"through")})
    permissions = Permissions.of([("127.0.0.2", shop.port)])
    with proxy_thread(Resolver(lookup=names({})), permissions) as proxy:
        connect = f"CONNECT 127.0.0.2:{shop.port} HTTP/1.1\r\n\r\n".encode()
        answer = ask(proxy, connect, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"through")


@pytest.mark.parametrize("form", ["GET http://{}/ HTTP/1.1\r\n\r\n", "CONNECT {} HTTP/1.1\r\n\r\n"])
def test_what_a_name_leads_to_is_refused_with_address_and_cure(
    form: str, canary: Canary, names: Names
) -> None:
    lookup = names({"evil.example": ["1.1.1.1", "127.0.0.1"]})
    permissions = Permissions.of(ports=[canary.port])
    with proxy_thread(Resolver(lookup=lookup), permissions) as proxy:
        answer = ask(proxy, form.format(f"evil.example:{canary.port}").encode())
        refusal = proxy.error_of("evil.example", canary.port)
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"Lantian-Refused:" in answer
    assert b"127.0.0.1" in body(answer)
    assert b"permission" in body(answer)
    assert isinstance(refusal, EgressRefused)
    assert str(refusal).encode() == body(answer).strip()
    assert canary.taken == []


def test_a_name_that_turns_to_loopback_after_its_check_gains_nothing(
    site: StartSite, canary: Canary, names: Names
) -> None:
    # 127.0.0.2 plays the public address, 127.0.0.1 what the attacker wants to reach.
    shop = site({"/": (200, {}, b"first answer")}, ip="127.0.0.2")
    lookup = names({"rebind.example": (["127.0.0.2"], ["127.0.0.1"])})
    granted = Permissions.of([("rebind.example", shop.port)])
    with proxy_thread(Resolver(lookup=lookup), granted) as proxy:
        url = f"http://rebind.example:{shop.port}/"
        # One question a connection: the second answer is never seen by the first connection.
        assert body(ask(proxy, get(url))) == b"first answer"
    strict = Permissions.of(ports=[canary.port])
    twice = names({"rebind.example": (["1.1.1.1", "127.0.0.1"], ["127.0.0.1"])})
    with proxy_thread(Resolver(lookup=twice), strict) as proxy:
        for _ in range(3):
            answer = ask(proxy, get(f"http://rebind.example:{canary.port}/"))
            assert answer.startswith(b"HTTP/1.1 403 ")
    assert canary.taken == []


def test_mapped_hosts_are_found_by_the_proxy(site: StartSite, names: Names) -> None:
    shop = site({"/": (200, {}, b"demo")})
    hosts = HostMap.of({"shop.demo.example": ("127.0.0.2", shop.port)}, closed=True)
    permissions = Permissions.of([("shop.demo.example", 80)])
    with proxy_thread(Resolver(hosts, names({})), permissions) as proxy:
        assert body(ask(proxy, get("http://shop.demo.example/"))) == b"demo"
    assert shop.asked[0].fields["Host"] == "shop.demo.example"


def test_a_proxy_with_a_token_serves_only_who_knows_it(site: StartSite, names: Names) -> None:
    shop = site({"/": (200, {}, b"mine")})
    permissions = Permissions.of([("127.0.0.2", shop.port)])
    with proxy_thread(Resolver(lookup=names({})), permissions, token="s3cret") as proxy:
        url = f"http://127.0.0.2:{shop.port}/"
        assert ask(proxy, get(url)).startswith(b"HTTP/1.1 407 ")
        for wrong in ("lantian:guess", "other:s3cret", ""):
            code = base64.b64encode(wrong.encode()).decode()
            answer = ask(proxy, get(url, f"Proxy-Authorization: Basic {code}"))
            assert answer.startswith(b"HTTP/1.1 407 ")
        code = base64.b64encode(b"lantian:s3cret").decode()
        assert body(ask(proxy, get(url, f"Proxy-Authorization: Basic {code}"))) == b"mine"
    assert "Proxy-Authorization" not in shop.asked[0].fields
    assert len(shop.asked) == 1


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET https://shop.example/ HTTP/1.1\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET http://shop.example/ HTTP/1.1\r\n Folded: no\r\n\r\n",
        b"GET http://shop.example/ HTTP/1.1\r\nA: b\nC: d\r\n\r\n",
        b"POST http://shop.example/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST http://shop.example/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"GET http://shop.example/ HTTP/1.1\r\nA: " + b"x" * 70_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
)
def test_what_is_no_request_to_a_proxy_is_a_400(request_bytes: bytes, names: Names) -> None:
    with proxy_thread(Resolver(lookup=names({}))) as proxy:
        try:
            answer = ask(proxy, request_bytes)
        except ConnectionResetError:  # the rest of an overlong head was not read
            answer = b"HTTP/1.1 400 "
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_an_address_that_does_not_answer_is_a_502_that_names_it(
    free_port: int, names: Names
) -> None:
    permissions = Permissions.of([("127.0.0.2", free_port)])
    with proxy_thread(Resolver(lookup=names({})), permissions) as proxy:
        answer = ask(proxy, get(f"http://127.0.0.2:{free_port}/"))
    assert answer.startswith(b"HTTP/1.1 502 ")
    assert f"127.0.0.2:{free_port}".encode() in answer


def test_an_answer_over_the_limit_ends_as_a_broken_connection(names: Names) -> None:
    limits = ProxyLimits(max_bytes=100_000)
    with raw_server(b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 300_000) as port:
        permissions = Permissions.of([("127.0.0.2", port)])
        with (
            proxy_thread(Resolver(lookup=names({})), permissions, limits=limits) as proxy,
            pytest.raises(ConnectionResetError),
        ):
            ask(proxy, get(f"http://127.0.0.2:{port}/"))


@pytest.mark.parametrize("limit", ["idle_seconds", "total_seconds"])
def test_a_silent_answer_ends_as_a_broken_connection(limit: str, names: Names) -> None:
    limits = ProxyLimits(**{limit: 0.3})  # type: ignore[arg-type]
    with raw_server(b"HTTP/1.0 200 OK\r\n\r\npart", hold=True) as port:
        permissions = Permissions.of([("127.0.0.2", port)])
        with (
            proxy_thread(Resolver(lookup=names({})), permissions, limits=limits) as proxy,
            pytest.raises(ConnectionResetError),
        ):
            ask(proxy, get(f"http://127.0.0.2:{port}/"))


def test_a_client_that_says_nothing_is_let_go(names: Names) -> None:
    with (
        proxy_thread(Resolver(lookup=names({})), limits=ProxyLimits(head_seconds=0.2)) as proxy,
        pytest.raises(ConnectionResetError),
    ):
        ask(proxy, b"GET http://shop")


def test_a_name_that_hangs_does_not_hold_up_the_others(site: StartSite, names: Names) -> None:
    shop = site({"/": (200, {}, b"quick")})
    hang = threading.Event()
    known = names({"quick.example": ["127.0.0.2"]})

    def look_up(host: str, port: int) -> Iterable[str]:
        if host == "slow.example":
            hang.wait(20)
        return known(host, port)

    permissions = Permissions.of([("quick.example", shop.port)])
    with proxy_thread(Resolver(lookup=look_up), permissions) as proxy:
        waiting = socket.create_connection(("127.0.0.1", proxy.port))
        waiting.sendall(get("http://slow.example/"))
        assert body(ask(proxy, get(f"http://quick.example:{shop.port}/"))) == b"quick"
        hang.set()
        waiting.close()


def test_the_proxy_listens_on_loopback_only(names: Names) -> None:
    with proxy_thread(Resolver(lookup=names({}))) as proxy:
        assert proxy.url == f"http://127.0.0.1:{proxy.port}"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", proxy.port), timeout=5)
