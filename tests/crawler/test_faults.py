"""Sites that misbehave: the crawl ends, and what an undisturbed one finds is found all the same.

The same goods are crawled three times: undisturbed, with every fault of a server beside and upon
them, and with traps that have no end. docs/faults.md names each fault with its test.
"""

import gzip
import itertools
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import brotli
import pytest

from tests.services.loopback import Installation, Page, Site, serving

CLAIM = "专利申请包授权，不授权全额退款"
PLAIN = "专利申请代理服务，费用与周期以合同为准"
GOODS = 12
TIMEOUT = 3
MOST = 1 << 20
PROFILE = """
name: faulty
kind: shop
hosts: [127.0.0.1, 127.0.0.2]
start: ["http://PLACE/"]
manners: {delay: 0, concurrency: 8}
budget: {pages: 70, depth: 5, parameters: 4}
links:
  - {role: listing, css: "a.good"}
  - {role: page, css: "a:not(.good)"}
documents:
  - {kind: listing, pages: ["/good/*"], key: "main::attr(data-id)", title: h1, text: main}
"""
COUNTS = {
    "pages": "select count(*) from page where url like '%/good/%'",
    "seen": "select count(*) from observation join page on page.id = page_id"
    " where page.url like '%/good/%' and outcome = 'seen'",
    "captures": "select count(*) from capture join page on page.id = page_id"
    " where page.url like '%/good/%' and purpose = 'crawl'",
    "documents": "select count(*) from document",
    "hits": "select count(*) from hit",
    "clues": "select count(*) from clue",
    "open": "select count(*) from frontier_row where state = 'open'",
    "unfinished": "select count(*) from job where state <> 'done'",
}


def good(number: int) -> str:
    told = CLAIM if number % 3 == 0 else PLAIN
    return f"<main data-id={number}><h1>商品{number}</h1><p>{told}，第{number}号</p></main>"


def goods() -> dict[str, Page]:
    return {f"/good/{number}": Page(good(number)) for number in range(GOODS)}


def links(*paths: str) -> str:
    return "".join(f"<a href='{path}'>{path}</a>" for path in paths)


def good_links() -> str:
    return "".join(f"<a class=good href=/good/{number}>{number}</a>" for number in range(GOODS))


def answer(request: BaseHTTPRequestHandler, body: bytes, **headers: str) -> None:
    request.send_response(200)
    for name, value in {"Content-Type": "text/html; charset=utf-8", **headers}.items():
        request.send_header(name.replace("_", "-"), value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def drip(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "1000")
    request.end_headers()
    for _ in range(60):
        request.wfile.write(b"x")
        time.sleep(0.2)


def silent(request: BaseHTTPRequestHandler) -> None:
    time.sleep(4 * TIMEOUT)
    request.close_connection = True


def cut_short(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Type", "text/html")
    request.send_header("Content-Length", "100000")
    request.end_headers()
    request.wfile.write(good(0).encode())
    request.close_connection = True


def long_head(request: BaseHTTPRequestHandler) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(10_000):
        request.wfile.write(b"X-%d: %s\r\n" % (number, b"x" * 1_000))
    request.wfile.write(b"Content-Length: 2\r\n\r\nok")


def long_line(request: BaseHTTPRequestHandler) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 10_000_000 + b"\r\n\r\n")
    request.close_connection = True


def reset(request: BaseHTTPRequestHandler) -> None:
    request.connection.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
    )
    request.connection.close()
    request.close_connection = True


def unavailable(request: BaseHTTPRequestHandler) -> None:
    request.send_response(503)
    request.send_header("Retry-After", "1")
    request.send_header("Content-Length", "0")
    request.end_headers()


def once(fault: Callable[[BaseHTTPRequestHandler], None], body: str) -> Page:
    """A page whose first answer is the fault."""
    turn = itertools.count()

    def stream(request: BaseHTTPRequestHandler) -> None:
        fault(request) if next(turn) == 0 else answer(request, body.encode())

    return Page(stream=stream)


def zeros(packer: "zlib._Compress") -> bytes:
    nothing = bytes(1 << 20)
    return b"".join(packer.compress(nothing) for _ in range(100)) + packer.flush()


def bad_pages() -> dict[str, Page]:
    """What is bad however often it is asked for."""
    packed = brotli.Compressor()
    brotli_bomb = packed.process(bytes(100 << 20)) + packed.finish()
    return {
        "/drip": Page(stream=drip),
        "/silent": Page(stream=silent),
        "/cut-short": Page(stream=cut_short),
        "/gzip-bomb": Page(
            zeros(zlib.compressobj(9, zlib.DEFLATED, 31)), headers={"Content-Encoding": "gzip"}
        ),
        "/deflate-bomb": Page(zeros(zlib.compressobj(9)), headers={"Content-Encoding": "deflate"}),
        "/brotli-bomb": Page(brotli_bomb, headers={"Content-Encoding": "br"}),
        "/long-head": Page(stream=long_head),
        "/long-line": Page(stream=long_line),
        "/reset": Page(stream=reset),
        "/circle": Page("", 302, headers={"Location": "/circle2"}),
        "/circle2": Page("", 302, headers={"Location": "/circle"}),
    }


def ill_treated() -> dict[str, Page]:
    """The goods, badly served: each says what it says all the same."""
    pages = goods()
    pages["/good/0"] = Page(good(0).encode("gb18030"))
    pages["/good/3"] = Page(
        f"<title>商品三号</title>{'<p>服务以合同为准</p>' * 40}".encode()
        + good(3).encode("gb18030"),
    )
    pages["/good/6"] = once(unavailable, good(6))
    pages["/good/9"] = once(cut_short, good(9))
    pages["/good/1"] = once(reset, good(1))
    pages["/good/2"] = Page(gzip.compress(good(2).encode()), headers={"Content-Encoding": "gzip"})
    pages["/good/4"] = Page(good(4), media_type="text/html; charset=no-such")
    return pages


@contextmanager
def hanging_place() -> Iterator[str]:
    """`HOST:PORT` where nobody takes a connection: its queue is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def no_tls() -> Iterator[str]:
    """`HOST:PORT` that answers a TLS handshake with nonsense."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1024)
                    connection.sendall(b"this is no handshake\r\n" * 20)

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


class Endless(dict[str, Page]):
    """Pages of which there are always more: calendars, sessions, and a hundred thousand links."""

    def get(self, path: str, default: object = None) -> Page:
        """The page of any path but robots.txt."""
        number = path.rpartition("/" if "?" not in path else "=")[2]
        if path in self or not number.isdigit():
            return super().get(path) or Page("not here", 404, "text/plain")
        following = int(number) + 1
        more = f"{path.removesuffix(number)}{following}"
        if path.startswith("/cal/"):
            more = f"{path}/{following}"  # deeper and deeper
        return Page(f"<h1>{path}</h1>" + links(more))


def trapped_links() -> str:
    """The goods under addresses with sessions in them, behind and among traps."""
    sessions = itertools.cycle(
        ("?PHPSESSID=a{}", ";jsessionid=B{}", "?sessionid=c{}&utm_source=x", "")
    )
    named = "".join(
        f"<a class=good href='/good/{number}{session.format(turn * 100 + number)}'>x</a>"
        for turn in range(4)
        for number, session in zip(range(GOODS), sessions, strict=False)
    )
    return named + links("/calendar?month=1", "/list?token=1", "/cal/1", "/all")


@dataclass
class Crawled:
    """What a crawl left: counts over the goods, the outcome of each page, and its summary."""

    counts: dict[str, int]
    outcomes: dict[str, tuple[str, str]]
    summary: dict[str, object]
    asked: list[str] = field(default_factory=list)


def crawl(folder: Path, site: Site, *places: str, most: int = MOST) -> Crawled:
    installation = Installation(
        folder,
        more={
            "LANTIAN_WRITER": "inline",
            "LANTIAN_CRAWL_TIMEOUT": str(TIMEOUT),
            "LANTIAN_CRAWL_MAX_BYTES": str(most),
            "LANTIAN_CHROMIUM": "/nowhere/chromium",
        },
    )
    (installation.profiles / "faulty.yaml").write_text(PROFILE.replace("PLACE", site.place))
    allowed = [part for place in (site.place, *places) for part in ("--allow", place)]
    summary = installation.crawl(
        "faulty", *allowed, "-s", "RETRY_TIMES=1", "-s", "MEMUSAGE_LIMIT_MB=600"
    )
    counts = {name: installation.rows(query)[0][0] for name, query in COUNTS.items()}
    return Crawled(counts, installation.outcomes(), summary, list(site.asked))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    with serving({"/": Page(good_links()), **goods()}) as site:
        return crawl(tmp_path_factory.mktemp("undisturbed"), site)


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    with ExitStack() as stack:
        site = stack.enter_context(serving({}))
        hanging = stack.enter_context(hanging_place())
        garbage = stack.enter_context(no_tls())
        other = stack.enter_context(
            serving({"/robots.txt": Page(stream=silent), "/behind": Page(good(0))}, "127.0.0.2")
        )
        bad = bad_pages()
        elsewhere = links(f"http://{hanging}/hangs", f"https://{garbage}/no-tls")
        first = links(*bad) + elsewhere + links(other.url("/behind")) + good_links()
        site.pages |= {"/": Page(first), **bad, **ill_treated()}
        return crawl(tmp_path_factory.mktemp("disturbed"), site, hanging, garbage, other.place)


@pytest.fixture(scope="module")
def trapped(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    many = links(*(f"/many/{number}" for number in range(100_000)))
    with serving({}) as site:
        site.pages = Endless({"/": Page(trapped_links()), "/all": Page(many), **goods()})
        return crawl(tmp_path_factory.mktemp("trapped"), site, most=16 << 20)


def test_the_undisturbed_crawl_finds_something(undisturbed: Crawled) -> None:
    assert undisturbed.summary["state"] == "finished", undisturbed.summary
    assert undisturbed.counts == {
        **dict.fromkeys(("pages", "seen", "captures", "documents"), GOODS),
        **dict.fromkeys(("hits", "clues"), 4),
        **dict.fromkeys(("open", "unfinished"), 0),
    }
    assert undisturbed.summary["unknown"] == 0


def test_among_faults_the_counts_are_those_of_an_undisturbed_crawl(
    disturbed: Crawled, undisturbed: Crawled
) -> None:
    assert disturbed.summary["state"] == "finished", disturbed.summary
    assert disturbed.counts == undisturbed.counts, disturbed.outcomes
    # Every fault is a page of the plan that is unknown, never clean.
    faults = len(bad_pages()) + 3
    assert disturbed.summary["planned"] == 1 + GOODS + faults
    assert (disturbed.summary["seen"], disturbed.summary["unknown"]) == (1 + GOODS, faults)


@pytest.mark.parametrize(
    "path,told",
    [
        ("/drip", "timed out"),
        ("/silent", "timed out"),
        ("/hangs", "robots.txt cannot be had (timed out"),
        ("/cut-short", "cut short: less came than was announced"),
        ("/gzip-bomb", "exceeded DOWNLOAD_MAXSIZE"),
        ("/deflate-bomb", "exceeded DOWNLOAD_MAXSIZE"),
        ("/brotli-bomb", "exceeded DOWNLOAD_MAXSIZE"),
        ("/long-head", "too large: its head is larger than"),
        ("/long-line", "too large: a line of its head"),
        ("/reset", "broken off: the server closed the connection"),
        ("/circle", "redirected in a circle"),
        ("/circle2", "redirected in a circle"),
        ("/no-tls", "no TLS: the handshake failed (wrong version number)"),
        ("/behind", "robots.txt cannot be had (timed out"),
    ],
)
def test_a_fault_is_told_by_name(disturbed: Crawled, path: str, told: str) -> None:
    outcome, detail = disturbed.outcomes[path]
    assert (outcome, told in detail) == ("failed", True), detail


def test_traps_take_what_the_budget_gives_them_and_nothing_from_the_goods(
    trapped: Crawled, undisturbed: Crawled
) -> None:
    assert trapped.summary["state"] == "finished", trapped.summary
    assert trapped.counts == undisturbed.counts
    # Sessions in addresses make no pages: each of the goods was asked for once.
    asked = [path for path in trapped.asked if path.startswith("/good/")][:GOODS]
    assert sorted(asked) == sorted(goods())
    assert trapped.summary["planned"] == 70, "the budget of pages"
    assert trapped.summary["reason"] == "the budget of the site was used up"
    queries = [path.partition("?")[0] for path in trapped.outcomes if "?" in path]
    assert (queries.count("/calendar"), queries.count("/list")) == (4, 4), "that of parameters"
    deepest = max(path.count("/") for path in trapped.outcomes if path.startswith("/cal/"))
    assert deepest == 1 + 5, "that of depth"
