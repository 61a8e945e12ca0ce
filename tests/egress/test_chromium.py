"""Chromium behind the proxy: what a hostile page asks for stays within the rules."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from playwright.async_api import Error, Page, ProxySettings, async_playwright

from lantian.browser.launch import launch
from lantian.egress.deny import Permissions
from lantian.egress.hosts import HostMap
from lantian.egress.proxy import EgressProxy
from lantian.egress.resolver import Lookup, Resolver
from lantian.egress.running import proxy as running_proxy
from lantian.errors import EgressRefused
from tests.services.web import Canary, StartSite

Names = Callable[..., Lookup]
HTML = {"Content-Type": "text/html; charset=utf-8"}
LEADING_HERE = {"loopback.example": ["127.0.0.1"], "both.example": ["1.1.1.1", "::1"]}
CORS = {**HTML, "Access-Control-Allow-Origin": "*"}
ASKING = """<!doctype html><title>asking</title><script>
const tried = [];
function ask(url) {
  tried.push(new Promise((done) => {
    const image = new Image();
    image.onload = image.onerror = done;
    image.src = url;
    setTimeout(done, 4000);
  }));
  tried.push(fetch(url, {mode: "no-cors"}).catch(() => 0));
  try {
    new WebSocket(url.replace(/^http/, "ws")).onerror = () => 0;
  } catch { }
  navigator.sendBeacon(url, "x");
  const hint = document.createElement("link");
  hint.rel = "preconnect";
  hint.href = url;
  document.head.append(hint);
}
async function all(urls) {
  for (const url of urls) { try { ask(url); } catch { } }
  await Promise.race([Promise.all(tried), new Promise((done) => setTimeout(done, 8000))]);
  return tried.length;
}
</script>"""
WEBRTC = """async (port) => {
  const peer = new RTCPeerConnection({iceServers: [{urls: `stun:127.0.0.1:${port}`}]});
  peer.createDataChannel("x");
  const found = [];
  peer.onicecandidate = (event) => { if (event.candidate) found.push(event.candidate.candidate); };
  await peer.setLocalDescription(await peer.createOffer());
  await new Promise((done) => {
    peer.onicegatheringstatechange = () => { if (peer.iceGatheringState == "complete") done(); };
    setTimeout(done, 3000);
  });
  return found;
}"""


@pytest.fixture
def hostile(hostile_hosts: list[str], hostile_urls: list[str]) -> list[str]:
    """All hostile spellings as addresses; PORT stands for the canary's."""
    plain = [f"http://{host}:PORT/" for host in hostile_hosts]
    return [*plain, *(f"https://{host}:PORT/" for host in hostile_hosts[:10]), *hostile_urls]


@asynccontextmanager
async def chromium(program: Path, proxy: EgressProxy) -> AsyncIterator[Page]:
    """A page of a browser that has this proxy."""
    async with async_playwright() as playwright:
        given = ProxySettings(server=proxy.url, username="lantian", password="t0ken")
        found = await launch(playwright, program, proxy=given, sandbox=False)
        try:
            yield await (await found.new_context()).new_page()
        finally:
            await found.close()


@contextmanager
def datagrams() -> Iterator[tuple[int, list[bytes]]]:
    """A port that counts the datagrams which reach it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("0.0.0.0", 0))
        listener.settimeout(0.1)
        taken: list[bytes] = []
        stop = threading.Event()

        def listen() -> None:
            while not stop.is_set():
                try:
                    taken.append(listener.recv(2000))
                except TimeoutError:
                    continue

        thread = threading.Thread(target=listen)
        thread.start()
        yield listener.getsockname()[1], taken
        stop.set()
        thread.join()


def test_a_page_reaches_no_hostile_host_by_any_means(
    chromium_path: Path, canary: Canary, site: StartSite, hostile: list[str], names: Names
) -> None:
    home = site({"/": (200, HTML, ASKING.encode())})
    near = site({"/near": (200, CORS, b"reached")}, ip="127.0.0.3")
    places = [(home.ip, home.port), (near.ip, near.port)]
    permissions = Permissions.of(places, ports=[canary.port])
    urls = [url.replace("PORT", str(canary.port)) for url in hostile]
    urls.append(f"{near.url}/near")

    async def visit() -> None:
        resolver = Resolver(lookup=names(LEADING_HERE))
        async with (
            running_proxy(resolver, permissions, token="t0ken") as proxy,
            chromium(chromium_path, proxy) as page,
        ):
            await page.goto(home.url)
            assert await page.evaluate(f"all({json.dumps(urls)})") > len(hostile)
            for host in ("127.0.0.1", "0.0.0.0", "::1", "localhost", "loopback.example"):
                assert isinstance(proxy.error_of(host, canary.port), EgressRefused), host

    asyncio.run(visit())
    assert canary.taken == []
    # The page did ask: the one place that is permitted was reached.
    assert "/near" in near.paths()


def test_no_hostile_address_can_be_gone_to(
    chromium_path: Path, canary: Canary, hostile_hosts: list[str], names: Names
) -> None:
    permissions = Permissions.of(ports=[canary.port])

    async def visit() -> list[tuple[str, int]]:
        resolver = Resolver(lookup=names(LEADING_HERE))
        reached = []
        async with (
            running_proxy(resolver, permissions, token="t0ken") as proxy,
            chromium(chromium_path, proxy) as page,
        ):
            for host in hostile_hosts:
                try:
                    answer = await page.goto(f"http://{host}:{canary.port}/", timeout=10_000)
                except Error:
                    continue
                if answer is not None and answer.status != 403:
                    reached.append((host, answer.status))
        return reached

    unanswered = {status for _, status in asyncio.run(visit())}
    assert unanswered <= {400, 502}  # what is no host, or has no address
    assert canary.taken == []


def test_a_redirect_to_loopback_ends_at_the_proxy(
    chromium_path: Path, canary: Canary, site: StartSite, names: Names
) -> None:
    to = {"Location": f"http://0x7f.1:{canary.port}/"}
    home = site({"/": (302, to, b""), "/again": (307, {"Location": "/"}, b"")})
    permissions = Permissions.of([(home.ip, home.port)], ports=[canary.port])

    async def visit() -> int:
        async with (
            running_proxy(Resolver(lookup=names({})), permissions, token="t0ken") as proxy,
            chromium(chromium_path, proxy) as page,
        ):
            answer = await page.goto(f"{home.url}/again")
            assert answer is not None
            assert proxy.error_of("127.0.0.1", canary.port) is not None
            return answer.status

    assert asyncio.run(visit()) == 403
    assert home.paths()[:2] == ["/again", "/"]
    assert canary.taken == []


def test_a_name_that_turns_to_loopback_gains_a_page_nothing(
    chromium_path: Path, canary: Canary, site: StartSite, names: Names
) -> None:
    # Two places stand for the two answers: 127.0.0.2 plays the public address.
    home = site({"/": (200, HTML, ASKING.encode())})
    answers = (["127.0.0.2"], ["127.0.0.1"])
    lookup = names({"rebind.example": answers, "turned.example": ["127.0.0.1"]})
    permissions = Permissions.of([("rebind.example", home.port)], ports=[canary.port])

    async def visit() -> None:
        async with (
            running_proxy(Resolver(lookup=lookup), permissions, token="t0ken") as proxy,
            chromium(chromium_path, proxy) as page,
        ):
            await page.goto(f"http://rebind.example:{home.port}/")
            urls = [f"http://{name}.example:{canary.port}/" for name in ("rebind", "turned")]
            await page.evaluate(f"all({json.dumps(urls)})")
            for name in ("rebind.example", "turned.example"):
                assert proxy.error_of(name, canary.port) is not None

    asyncio.run(visit())
    assert canary.taken == []


def test_webrtc_sends_nothing_round_the_proxy(
    chromium_path: Path, site: StartSite, names: Names
) -> None:
    home = site({"/": (200, HTML, b"<p>x</p>")})
    permissions = Permissions.of([(home.ip, home.port)])

    async def visit(port: int) -> list[str]:
        async with (
            running_proxy(Resolver(lookup=names({})), permissions, token="t0ken") as proxy,
            chromium(chromium_path, proxy) as page,
        ):
            await page.goto(home.url)
            found: list[str] = await page.evaluate(WEBRTC, port)
            return found

    with datagrams() as (port, taken):
        candidates = asyncio.run(visit(port))
    assert taken == []
    assert candidates == []


def test_the_demonstrations_hosts_are_known_to_nobody_but_the_proxy(
    chromium_path: Path, site: StartSite, names: Names
) -> None:
    shop = site({"/": (200, HTML, "<p>商标</p>".encode())})
    hosts = HostMap.of({"shop.demo.example": (shop.ip, shop.port)}, closed=True)
    permissions = Permissions.of([("shop.demo.example", 80)], only=True)

    async def visit() -> str:
        async with (
            running_proxy(Resolver(hosts, names({})), permissions, token="t0ken") as proxy,
            chromium(chromium_path, proxy) as page,
        ):
            await page.goto("http://shop.demo.example/")
            return await page.inner_text("p")

    assert asyncio.run(visit()) == "商标"
    assert shop.asked[0].fields["Host"] == "shop.demo.example"
