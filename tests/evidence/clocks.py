"""Time servers on loopback whose clocks are wrong by as much as is asked for."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

EPOCH = 2_208_988_800


@dataclass
class TimeServer:
    """An NTP server. Modes: right, silent, short, stranger (another's answer), unsynchronised."""

    off: float = 0.0
    mode: str = "right"
    port: int = 0
    asked: list[bytes] = field(default_factory=list)

    def answer(self, query: bytes) -> bytes | None:
        """What it answers to a query."""
        if self.mode == "silent":
            return None
        if self.mode == "short":
            return b"?" * 20
        now = _stamp(time.time() + self.off)
        first = 0xE4 if self.mode == "unsynchronised" else 0x24
        origin = bytes(8) if self.mode == "stranger" else query[40:48]
        head = struct.pack(">BBBb", first, 2, 0, -20) + struct.pack(">II", 655, 1311) + b"TEST"
        return head + now + origin + now + now


def _stamp(at: float) -> bytes:
    return struct.pack(">Q", int((at + EPOCH) * (1 << 32)) & 0xFFFFFFFFFFFFFFFF)


@contextmanager
def ntp_server(off: float = 0.0, mode: str = "right") -> Iterator[TimeServer]:
    """Serves on a free port of loopback for as long as the block runs."""
    found = TimeServer(off, mode)
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind(("127.0.0.1", 0))
    line.settimeout(0.1)
    found.port = line.getsockname()[1]
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            try:
                query, whence = line.recvfrom(1024)
            except TimeoutError:
                continue
            found.asked.append(query)
            answer = found.answer(query)
            if answer is not None:
                line.sendto(answer, whence)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()
        line.close()


@contextmanager
def date_server(off: float = 0.0, *, dated: bool = True) -> Iterator[int]:
    """The port of a web server that tells a date."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response_only(204)
            if dated:
                self.send_header("Date", formatdate(int(time.time() + off), usegmt=True))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
