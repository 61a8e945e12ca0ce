"""Small servers on loopback: sites that play the web, and a canary that nobody may reach."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, dict[str, str], bytes]
Handle = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Canary:
    """Listens on every loopback address of both families; `taken` names who connected."""

    port: int = 0
    taken: list[str] = field(default_factory=list)


@dataclass
class Asked:
    """A request that reached a site."""

    method: str
    path: str
    fields: dict[str, str]
    body: bytes


@dataclass
class Site:
    """A server on one loopback address. `pages` may change while it runs.

    A page is an answer (status, fields, body) or a function that writes one itself.
    """

    ip: str
    pages: dict[str, Answer | Handle]
    port: int = 0
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        """`http://IP:PORT`."""
        return f"http://{self.ip}:{self.port}"

    def paths(self) -> list[str]:
        """The paths that were asked for, in order."""
        return [asked.path for asked in self.asked]


StartSite = Callable[..., Site]


@contextmanager
def canary() -> Iterator[Canary]:
    """A listener that counts who connects."""
    found = Canary()
    with ExitStack() as stack:
        v4 = stack.enter_context(socket.create_server(("0.0.0.0", 0)))
        found.port = v4.getsockname()[1]
        v6 = stack.enter_context(socket.create_server(("::", found.port), family=socket.AF_INET6))
        threads = [
            threading.Thread(target=_count, args=(listener, found), daemon=True)
            for listener in (v4, v6)
        ]
        for thread in threads:
            thread.start()
        yield found
        for listener in (v4, v6):
            listener.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(10)


def _count(listener: socket.socket, canary: Canary) -> None:
    while True:
        try:
            connection, address = listener.accept()
        except OSError:
            return
        canary.taken.append(str(address))
        connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is none of the site's business."""


@contextmanager
def sites() -> Iterator[StartSite]:
    """A function that starts a site from its pages, on an address of loopback."""
    with ExitStack() as stack:

        def start(pages: dict[str, Answer | Handle], *, ip: str = "127.0.0.2") -> Site:
            site = Site(ip, dict(pages))
            server = _Server((ip, 0), _handler(site))
            site.port = server.server_port
            thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
            thread.start()
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            return site

        yield start


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked = Asked(self.command, self.path, dict(self.headers.items()), body)
            site.asked.append(asked)
            page = site.pages.get(self.path, (404, {"Content-Type": "text/plain"}, b"none"))
            if callable(page):
                page(self)
                return
            status, fields, text = page
            self.send_response(status)
            for name, value in {"Content-Length": str(len(text)), **fields}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def do_POST(self) -> None:
            self.do_GET()

        def log_request(self, code: object = "-", size: object = "-") -> None:
            """Tests read `asked` instead."""

    return Handler
