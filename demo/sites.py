"""Serves the made-up sites on one loopback port, told apart by their host names.

The state that other processes may change stands in one small file: the week that is shown, what
was removed, and faults for trying out (a host that answers 503).
"""

import fcntl
import json
import random
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from demo import pages
from demo.market import WEEKS, Listing, Market, Thread, make_market

HOSTS = (pages.MALL_HOST, pages.SCRIPTED_HOST, pages.FORUM_HOST, pages.SEARCH_HOST)
RESULTS = 6
_PIXEL = b"<svg xmlns='http://www.w3.org/2000/svg' width='8' height='8'/>"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the sites show: the week, the ids that were removed, the hosts that answer 503."""

    week: int = WEEKS - 1
    removed: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()


class ShownFile:
    """The shared state as a file; a change is seen at the next request."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Shown:
        """The state as it stands; the last week with nothing removed before the first write."""
        if not self._path.exists():
            return Shown()
        content = json.loads(self._path.read_text())
        return Shown(content["week"], frozenset(content["removed"]), frozenset(content["broken"]))

    def change(self, **values: object) -> Shown:
        """Put the state with these values changed."""
        with self._held():
            return self._put(replace(self.read(), **values))  # type: ignore[arg-type]

    def remove(self, ids: frozenset[str]) -> None:
        """Take postings off line for good."""
        with self._held():
            shown = self.read()
            self._put(replace(shown, removed=shown.removed | ids))

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Nobody else changes the state meanwhile, in whichever process."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _put(self, shown: Shown) -> Shown:
        content = {
            name: sorted(value) if isinstance(value, frozenset) else value
            for name, value in asdict(shown).items()
        }
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(content))
        part.replace(self._path)
        return shown


@dataclass(frozen=True)
class Answer:
    """What a site answers."""

    body: bytes
    status: int = 200
    media_type: str = "text/html; charset=utf-8"


@dataclass
class Sites:
    """The running server. `address` is host and port on loopback."""

    shown: ShownFile
    end: datetime
    market: Market = field(init=False)
    _server: ThreadingHTTPServer = field(init=False)

    def __post_init__(self) -> None:
        """Make the market and bind a free port."""
        self.market = make_market(self.end)
        sites = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                answer = sites.answer(self.headers.get("Host", ""), self.path)
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.media_type)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def address(self) -> tuple[str, int]:
        """Where the sites are served."""
        return "127.0.0.1", int(self._server.server_address[1])

    def start(self) -> None:
        """Serve in a thread of its own."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, host: str, target: str) -> Answer:
        """The answer of the site of that name to the request target."""
        name = host.split(":", maxsplit=1)[0].lower()
        parts, shown = urlsplit(target), self.shown.read()
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if name in shown.broken:
            return Answer(b"busy", 503, "text/plain")
        if parts.path == "/robots.txt":
            return Answer(b"User-agent: *\nDisallow: /private/\n", media_type="text/plain")
        if parts.path == "/style.css":
            return Answer(b"body{font-family:sans-serif;margin:2rem}", media_type="text/css")
        if parts.path == "/favicon.ico":
            return Answer(_PIXEL, media_type="image/svg+xml")
        site = {
            pages.MALL_HOST: self._mall,
            pages.SCRIPTED_HOST: self._scripted,
            pages.FORUM_HOST: self._forum,
            pages.SEARCH_HOST: self._search,
        }.get(name)
        found = site(parts.path, query, shown) if site else None
        return found or Answer("没有这个页面".encode(), 404, "text/plain; charset=utf-8")

    def _mall(self, path: str, query: dict[str, str], shown: Shown) -> Answer | None:
        goods = self._listings("mall", shown)
        if path == "/":
            return _html(pages.mall_home())
        if path == "/c/patent":
            return _html(pages.mall_category(goods, _number(query.get("page"))))
        if match := re.fullmatch(r"/goods/(T\d+)\.html", path):
            if match[1] in shown.removed:
                return _html(pages.mall_off())
            item = _of_id(goods, match[1])
            return _html(pages.mall_goods(item, goods, random.Random())) if item else None
        if match := re.fullmatch(r"/shop/(S\d+)", path):
            own = [item for item in goods if item.seller_id == match[1]]
            return _html(pages.mall_shop(own[0].seller, own)) if own else None
        return None

    def _scripted(self, path: str, query: dict[str, str], shown: Shown) -> Answer | None:
        items = self._listings("scripted", shown)
        if path in {"/", "/list", "/item", "/seller"}:
            return _html(pages.scripted_shell())
        if path == "/app.js":
            return Answer(pages.SCRIPT.encode(), media_type="text/javascript; charset=utf-8")
        if path == "/api/items":
            return _json(pages.items_json(items, _number(query.get("page"))))
        if match := re.fullmatch(r"/api/items/(K\d+)", path):
            item = _of_id(items, match[1])
            return _json(pages.item_json(item)) if item else None
        return None

    def _forum(self, path: str, _query: dict[str, str], shown: Shown) -> Answer | None:
        if path == "/":
            return _gbk(pages.forum_home())
        if match := re.fullmatch(r"/board/3-(\d+)\.html", path):
            return _gbk(pages.forum_board(self.market.forum(shown.week), int(match[1])))
        if match := re.fullmatch(r"/thread/(\d+)-(\d+)\.html", path):
            thread = _of_number(self.market.forum(shown.week), int(match[1]))
            if thread is None or str(thread.posts[0].id) in shown.removed:
                return _gbk(pages.forum_notice("抱歉,指定的主题不存在或已被删除"))
            posts = [post for post in thread.posts if str(post.id) not in shown.removed]
            return _gbk(pages.forum_thread(thread, posts, int(match[2])))
        return None

    def _search(self, path: str, query: dict[str, str], shown: Shown) -> Answer | None:
        if path != "/s":
            return None
        words = query.get("q", "").split()
        goods = self._listings("mall", shown)
        # Those that are long on line come first, as with engines that go by links.
        found = [
            item
            for item in reversed(goods)
            if any(word in item.title + item.body for word in words)
        ]
        return _html(pages.results(query.get("q", ""), found[:RESULTS]))

    def _listings(self, site: str, shown: Shown) -> list[Listing]:
        listings = self.market.listings(site, shown.week)
        return [item for item in listings if item.id not in shown.removed]


def _html(text: str) -> Answer:
    return Answer(text.encode())


def _gbk(text: str) -> Answer:
    # No charset in the header, and "gb2312" in the page: as real forums of that age do.
    return Answer(text.encode("gb18030"), media_type="text/html")


def _json(text: str) -> Answer:
    return Answer(text.encode(), media_type="application/json; charset=utf-8")


def _of_id(items: list[Listing], wanted: str) -> Listing | None:
    return next((item for item in items if item.id == wanted), None)


def _of_number(threads: list[Thread], wanted: int) -> Thread | None:
    return next((thread for thread in threads if thread.id == wanted), None)


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 1
