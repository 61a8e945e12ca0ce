"""The figure `queue`: how fast the pages of the queue come over HTTP at 100,000 clues.

Twenty filters are asked for in turn: the list (with its first clue open), a clue of that list,
and the facet counts. The store is SQLite and PostgreSQL, the index the embedded one. Beside each
stands the same page of the same server whose index knows the answers beforehand: its rows are
fetched by primary key, and nothing is searched.

    python -m bench.queue PORT      serve the store of the settings with such an index
"""

import http.client
import itertools
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import psutil
import psycopg

from bench import market
from bench.side import memory_mb
from lantian.access import sessions
from lantian.clock import day_start
from lantian.clues.entries import all_entries
from lantian.model import User
from lantian.search.port import Page, SearchIndex
from lantian.search.query import Query
from lantian.settings import load_settings
from lantian.wiring import Parts, open_parts

VARIABLE = "LANTIAN_TEST_POSTGRES_URL"
REQUESTS = 500
QUICK_CLUES, QUICK_REQUESTS = 5_000, 100
GOAL_MS = {"list": 50, "clue": 50, "facets": 100}
COUNT = re.compile(r'<p class="count"><b>(\d+)</b>')
IDS = re.compile(r'data-id="(\d+)"')

Sample = dict[str, Any]
Pairs = tuple[tuple[str, str], ...]
Keep = Callable[[Mapping[str, Any]], bool]


def filters() -> list[tuple[Pairs, Keep | None]]:
    """Twenty filters, and what each keeps; none where words decide, which only the index knows."""
    first, last = date(2026, 3, 1), date(2026, 4, 15)
    start, end = day_start(first), day_start(last + timedelta(days=1))

    def waits(clue: Mapping[str, Any]) -> bool:
        return bool(clue["state"] == "open" and clue["presence"] != "gone")

    def opened(keep: Keep) -> Keep:
        return lambda clue: waits(clue) and keep(clue)

    span = (("from", first.isoformat()), ("to", last.isoformat()))
    decided = (("decided_from", first.isoformat()), ("decided_to", last.isoformat()))

    def in_span(name: str) -> Keep:
        return lambda clue: clue[name] is not None and start <= clue[name] < end

    claim: Pairs = (("claim", "guaranteed_grant"),)
    guaranteed = opened(lambda clue: "guaranteed_grant" in clue["claims"])
    two = opened(lambda clue: bool({"green_channel", "name_hanging"} & set(clue["claims"])))
    return [
        ((), waits),
        ((("sort", "newest"),), waits),
        ((("sort", "score"),), waits),
        ((("state", "all"),), lambda _: True),
        ((("state", "confirmed"),), lambda clue: clue["state"] == "confirmed"),
        ((("state", "decided"),), lambda clue: clue["state"] != "open"),
        (claim, guaranteed),
        ((("claim", "green_channel"), ("claim", "name_hanging")), two),
        ((("severity", "3"),), opened(lambda clue: clue["severity"] == 3)),
        ((("platform", "p3.example"),), opened(lambda clue: clue["platform_id"] == 3)),
        ((("source", "source-7"),), opened(lambda clue: clue["source_id"] == 7)),
        ((("seller", "1"),), opened(lambda clue: clue["seller_id"] == 1)),
        ((("seller", "50"),), opened(lambda clue: clue["seller_id"] == 50)),
        (
            (("presence", "gone"),),
            lambda clue: clue["state"] == "open" and clue["presence"] == "gone",
        ),
        (span, opened(in_span("first_seen_at"))),
        ((("state", "decided"), *decided), in_span("decided_at")),
        (
            (*claim, ("severity", "3"), ("platform", "p5.example")),
            lambda clue: guaranteed(clue) and clue["severity"] == 3 and clue["platform_id"] == 5,
        ),
        ((("q", "绿色通道"),), None),
        ((("q", "包授权 退款"), ("state", "all")), None),
        ((("q", "“商标局内部渠道”"), ("sort", "newest"), *claim), None),
    ]


def run(*, rounds: int = 3, quick: bool = False) -> dict[str, Any]:
    """Raw samples of each store and side: p50, p95 and the longest in ms, CPU seconds, MB."""
    clues = QUICK_CLUES if quick else market.CLUES
    requests = QUICK_REQUESTS if quick else REQUESTS
    with ExitStack() as stack:
        servers: dict[str, _Server] = {}
        totals: dict[str, list[int]] = {}
        for store in ("sqlite", "postgresql"):
            folder = Path(stack.enter_context(_folder()))
            url = stack.enter_context(_database()) if store == "postgresql" else ""
            environment = _environment(folder, url)
            seen, cookie = _fill(folder, url, clues)
            for beside in ("lantian", "by key"):
                server = _Server(beside, environment, cookie, folder)
                stack.callback(server.close)
                server.services = _postgres_processes(url)
                servers[f"{store}/{beside}"] = server
            totals[store] = servers[f"{store}/lantian"].look(seen)
            if servers[f"{store}/by key"].look(seen) != totals[store]:
                raise RuntimeError("the index that knows the answers gives others")
        if totals["sqlite"] != totals["postgresql"]:
            raise RuntimeError("the two stores do not find the same")
        samples: dict[str, list[Sample]] = {name: [] for name in servers}
        for _ in range(rounds):
            for name, server in servers.items():
                samples[name].append(server.measure(requests))
    return {
        "clues": clues,
        "requests": requests,
        "filters": len(filters()),
        "found": totals["sqlite"],
        "goal_ms": GOAL_MS,
        "samples": samples,
    }


class _Server:
    """A server in a process of its own, and a person who looks at its pages."""

    def __init__(
        self, beside: str, environment: Mapping[str, str], cookie: str, folder: Path
    ) -> None:
        port = _free_port()
        module = ["lantian", "serve", "--port"] if beside == "lantian" else ["bench.queue"]
        self.services: list[psutil.Process] = []
        self._headers = {
            "Cookie": f"lantian={cookie}",
            "Accept": "text/html",
            "Accept-Language": "zh-CN,zh;q=0.9",
            "Accept-Encoding": "gzip, deflate, br, zstd",
        }
        with (folder / f"{module[0]}.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *module, str(port)],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._ids: list[list[str]] = []
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            _wait(port, self._process)
        except RuntimeError:
            self.close()
            raise

    def look(self, seen: list[dict[str, Any]]) -> list[int]:
        """The totals of all filters, held against the rows; each page is opened once."""
        totals = []
        for pairs, keep in filters():
            page = self._get(_address("/clues", pairs), plain=True)
            found = COUNT.search(page)
            if found is None:
                raise RuntimeError(f"the list under {pairs} tells no count")
            total, ids = int(found.group(1)), IDS.findall(page)
            if keep is not None and total != sum(map(keep, seen)):
                raise RuntimeError(f"{total} clues under {pairs}, not {sum(map(keep, seen))}")
            if not ids:
                raise RuntimeError(f"no clue under {pairs}")
            totals.append(total)
            self._ids.append(ids)
            self._get(_address(f"/clues/{ids[0]}", pairs), plain=True)
            self._get(_address("/clues/facets", pairs), plain=True)
        return totals

    def measure(self, requests: int) -> Sample:
        """One round: so many requests of each kind, the kinds in turn."""
        # The server has closed a connection that was idle for long.
        self._connection.close()
        self._get("/clues")
        taken: dict[str, list[float]] = {"list": [], "clue": [], "facets": []}
        mine = [psutil.Process(self._process.pid)]
        before = _cpu([*mine, *self.services])
        turn = itertools.cycle(zip(filters(), self._ids, strict=True))
        for number, ((pairs, _), ids) in enumerate(itertools.islice(turn, requests)):
            addresses = {
                "list": "/clues",
                "clue": f"/clues/{ids[number % len(ids)]}",
                "facets": "/clues/facets",
            }
            for kind, path in addresses.items():
                address = _address(path, pairs)
                start = time.perf_counter()
                self._get(address)
                taken[kind].append((time.perf_counter() - start) * 1_000)
        return {
            **{kind: _spread(times) for kind, times in taken.items()},
            "cpu_seconds": round(_cpu([*mine, *self.services]) - before, 2),
            "memory_mb": round(
                memory_mb(self._process.pid) + sum(memory_mb(one.pid) for one in self.services[:1]),
                1,
            ),
        }

    def close(self) -> None:
        """End the server."""
        self._connection.close()
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _get(self, address: str, *, plain: bool = False) -> str:
        headers = {**self._headers, "Accept-Encoding": "identity"} if plain else self._headers
        self._connection.request("GET", address, headers=headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{address}: status {answer.status}: {body[:500]!r}")
        return body.decode() if plain else ""


class Knowing:
    """An index that has every answer beforehand, once it was asked."""

    def __init__(self, index: SearchIndex) -> None:
        self._index = index
        self._pages: dict[Query, Page] = {}

    def search(self, query: Query) -> Page:
        """The page, remembered."""
        found = self._pages.get(query)
        if found is None:
            found = self._pages[query] = self._index.search(query)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)


def serve_knowing(port: int) -> None:
    """Serve the store of the settings with an index that knows its answers."""
    import uvicorn

    from lantian.app import create_app

    parts = open_parts(load_settings())
    parts.__dict__["index"] = Knowing(parts.index)
    uvicorn.run(create_app(parts), port=port, log_level="warning", access_log=False)


def _spread(times: list[float]) -> Sample:
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return {"p50": round(cuts[49], 2), "p95": round(cuts[94], 2), "max": round(max(times), 2)}


def _cpu(processes: list[psutil.Process]) -> float:
    """CPU seconds of these, and of their ended children; some may end meanwhile."""
    total = 0.0
    for process in processes:
        with suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def _address(path: str, pairs: Pairs) -> str:
    return f"{path}?{urlencode(pairs)}" if pairs else path


def _fill(folder: Path, url: str, clues: int) -> tuple[list[dict[str, Any]], str]:
    """A filled store with its index; its rows, and the cookie of a reviewer."""
    parts = open_parts(load_settings(data_dir=folder / "data", store_url=url))
    try:
        seen = market.fill(parts.store, clues)
        parts.index.ensure()
        with parts.store.read() as session:
            parts.index.rebuild(all_entries(session))
        return seen, _cookie(parts)
    finally:
        parts.close()


def _cookie(parts: Parts) -> str:
    at = parts.moment()
    with parts.store.write() as session:
        user = session.get_one(User, 1)
        cookie, _ = sessions.start_session(session, user, limits=parts.session_limits, at=at)
    return cookie


@contextmanager
def _folder() -> Iterator[str]:
    folder = tempfile.mkdtemp(prefix="lantian-bench-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _database() -> Iterator[str]:
    """The address of a fresh database on the server that the variable names."""
    server = os.environ[VARIABLE]
    plain = re.sub(r"^postgres(ql)?(\+\w+)?:", "postgresql:", server)
    name = f"lantian_bench_{uuid4().hex[:12]}"
    with psycopg.connect(plain, autocommit=True) as admin:
        admin.execute(f"create database {name} template template0 encoding 'UTF8'".encode())
    address, mark, options = plain.partition("?")
    try:
        yield f"{address.rpartition('/')[0]}/{name}{mark}{options}".replace(
            "postgresql:", "postgresql+psycopg:", 1
        )
    finally:
        with psycopg.connect(plain, autocommit=True) as admin:
            admin.execute(f"drop database if exists {name} with (force)".encode())


def _postgres_processes(url: str) -> list[psutil.Process]:
    """PostgreSQL's first process and those under it, if it runs on this machine."""
    if not url:
        return []
    with psycopg.connect(url.replace("postgresql+psycopg:", "postgresql:", 1)) as connection:
        pid = connection.info.backend_pid
        with suppress(psutil.Error):
            parent = psutil.Process(pid).parent()
            if parent is not None and "postgres" in parent.name():
                return [parent, *parent.children(recursive=True)]
    return []


def _environment(folder: Path, url: str) -> dict[str, str]:
    root = str(Path(__file__).resolve().parents[1])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LANTIAN_")}
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(filter(None, [root, kept.get("PYTHONPATH")])),
        "LANTIAN_CONFIG": str(folder / "no-lantian.toml"),
        "LANTIAN_DATA_DIR": str(folder / "data"),
        "LANTIAN_STORE_URL": url,
        "LANTIAN_LOG_LEVEL": "WARNING",
    }


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = datetime.now(UTC) + timedelta(seconds=60)
    while datetime.now(UTC) < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise RuntimeError(f"the server on port {port} did not come up")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    serve_knowing(int(sys.argv[1]))
