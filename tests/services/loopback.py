"""Small sites on loopback, and an installation of Lantian that crawls them by its command."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from sqlalchemy import text

from lantian.store.engine import Store
from tests.packs import FOUR, keep_four
from tests.services.command import lantian

ROOT = Path(__file__).resolve().parents[2]
HTML = "text/html; charset=utf-8"
HERE = {"evidence", "import", "privacy", "rematch", "rules", "user", "worker"}
"""Commands that start nothing of which a process has but one, as Scrapy's reactor is."""
PRINTS = ("evidence", "record")
"""Starts a browser for its paper."""


@dataclass
class Page:
    """What a site answers under one address; `stream` writes the answer itself."""

    body: bytes | str = b""
    status: int = 200
    media_type: str = HTML
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: Callable[[BaseHTTPRequestHandler], None] | None = None

    @property
    def data(self) -> bytes:
        """The body as bytes."""
        return self.body.encode() if isinstance(self.body, str) else self.body


class Site:
    """A site on a free port; `pages` may be changed while it is served, `asked` is what was."""

    def __init__(self, ip: str = "127.0.0.1") -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[str] = []
        self.agents: set[str] = set()
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.asked.append(self.path)
                site.agents.add(self.headers.get("User-Agent", ""))
                page = site.pages.get(self.path, Page("not here", 404, "text/plain"))
                if page.stream is not None:
                    page.stream(self)
                    return
                tag = page.headers.get("ETag")
                if tag is not None and self.headers.get("If-None-Match") == tag:
                    self.send_response(304)
                    self.end_headers()
                    return
                self.send_response(page.status)
                for name, value in {"Content-Type": page.media_type, **page.headers}.items():
                    self.send_header(name, value)
                if "Content-Length" not in page.headers:
                    self.send_header("Content-Length", str(len(page.data)))
                self.end_headers()
                self.wfile.write(page.data)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:
                    # The other side broke off, as it should.
                    self.close_connection = True

        self._server = ThreadingHTTPServer((ip, 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def place(self) -> str:
        """`HOST:PORT`."""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def url(self, path: str = "/") -> str:
        """The address of a path."""
        return f"http://{self.place}{path}"

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def serving(pages: Mapping[str, Page], ip: str = "127.0.0.1") -> Iterator[Site]:
    """A site with these pages for as long as the block runs."""
    site = Site(ip)
    site.pages.update(pages)
    try:
        yield site
    finally:
        site.close()


@dataclass
class Installation:
    """A data folder and a store of its own, and the command that works on them."""

    folder: Path
    store_url: str = ""
    more: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        keep_four(self.folder / "data")

    @property
    def environment(self) -> dict[str, str]:
        """The variables of its processes: nothing of the caller's settings."""
        kept = {name: value for name, value in os.environ.items() if not _ours(name)}
        return {
            **kept,
            "PYTHONPATH": str(ROOT),
            "LANTIAN_CONFIG": str(self.folder / "no-lantian.toml"),
            "LANTIAN_DATA_DIR": str(self.folder / "data"),
            "LANTIAN_STORE_URL": self.store_url,
            "LANTIAN_PROFILES_DIR": str(self.profiles),
            "LANTIAN_CRAWL_DELAY": "0",
            "LANTIAN_PACK_DIR": str(FOUR),
            "LANTIAN_LOG_LEVEL": "WARNING",
            **self.more,
        }

    @property
    def profiles(self) -> Path:
        """The folder of its site profiles."""
        folder = self.folder / "profiles"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def command(self, *arguments: str, module: str = "lantian") -> subprocess.CompletedProcess[str]:
        """The command, run to its end; in this process where that may be."""
        if module == "lantian" and arguments[0] in HERE and arguments[:2] != PRINTS:
            return lantian(*arguments, environment=self.environment, cwd=ROOT)
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The command, started."""
        log = (self.folder / "started.log").open("a")
        with log:
            return subprocess.Popen(
                [sys.executable, "-m", "lantian", *arguments],
                env=self.environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                text=True,
            )

    def crawl(self, target: str, *arguments: str) -> dict[str, Any]:
        """The summary of `lantian crawl`, with what was said on standard error under `said`."""
        done = self.command("crawl", target, "--json", *arguments)
        assert done.stdout, done.stderr
        summary: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return {**summary, "said": done.stderr, "status": done.returncode}

    def store(self) -> Store:
        """Its store, opened."""
        return Store(self.store_url or f"sqlite:///{self.folder / 'data' / 'lantian.sqlite3'}")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query gives."""
        store = self.store()
        try:
            with store.read() as session:
                return [tuple(row) for row in session.execute(text(query))]
        finally:
            store.close()

    def outcomes(self) -> dict[str, tuple[str, str]]:
        """Outcome and detail of the last observation of each page, by its path and query."""
        query = (
            "select page.url, observation.outcome, observation.detail from observation"
            " join page on page.id = observation.page_id order by observation.id"
        )
        return {
            "/" + url.split("/", 3)[3]: (outcome, detail)
            for url, outcome, detail in self.rows(query)
        }


def _ours(name: str) -> bool:
    return name.startswith("LANTIAN_")
