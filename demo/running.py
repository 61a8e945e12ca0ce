"""`lantian demo` from beginning to end: sites, store, story, server, worker, platform client."""

import json
import logging
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from demo.client import PlatformClient
from demo.sites import HOSTS, ShownFile, Sites
from demo.stage import ANSWERING, founded, office_key, platform_key
from demo.story import Story
from lantian.access import users
from lantian.errors import BrowserUnavailable, Conflict, LantianError, ServiceUnavailable
from lantian.model import Capture, Clue, ClueClaim, Document, Page
from lantian.settings import Settings, load_settings
from lantian.store.installation import DemoClock, is_demo
from lantian.wiring import HOSTS_FILE, Parts, open_parts
from lantian.worker.loop import Worker

if TYPE_CHECKING:
    import uvicorn

SHOWN_FILE = "sites.json"
PID_FILE = "demo.pid"
NO_PAUSES = ("-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=0", "-s", "LOG_LEVEL=WARNING")
PLATFORM_LOOKS = 2.0
"""Seconds between two looks of the platform's client."""

log = logging.getLogger("lantian.demo")
Say = Callable[[str], None]
WorkerOf = Callable[[Parts, tuple[str, ...]], Worker]
AppOf = Callable[[Parts], object]


def settings_of(folder: Path, port: int) -> Settings:
    """The settings of the demonstration, put into the environment for its child processes."""
    wanted = {
        "LANTIAN_DATA_DIR": str(folder.absolute()),
        "LANTIAN_BASE_URL": f"http://127.0.0.1:{port}",
        "LANTIAN_HOLD_SECONDS": "10",
        "LANTIAN_RECHECK_AFTER_HOURS": "0.002",
        # A process less for each of the many small crawls.
        "LANTIAN_WRITER": "inline",
        "LANTIAN_ORGANISATION": "演示监测中心",
        "LANTIAN_ES_ALIAS": f"lantian-demo-{_mark(folder)}",
        "LANTIAN_LOG_LEVEL": "WARNING",
    }
    # A store, a server of mail or a rule of the real installation has no place here.
    for name in ("LANTIAN_STORE_URL", "LANTIAN_SMTP_URL", "LANTIAN_REPORT_TO", "LANTIAN_CONFIG"):
        os.environ.pop(name, None)
    os.environ["LANTIAN_CONFIG"] = str(folder.absolute() / "no-lantian.toml")
    os.environ.update(wanted)
    return load_settings()


def run(
    folder: Path, *, port: int, weeks: int, say: Say, worker_of: WorkerOf, app_of: AppOf
) -> None:
    """Run the demonstration until it is stopped; a second run finds all as it was left.

    Raises `Conflict` if the folder holds a real installation, or another process runs it.
    """
    began = time.monotonic()
    port = port or _free_port()
    opened = open_parts(settings_of(folder, port), demo=True)
    clock = DemoClock(opened.store)
    parts = Parts(settings=opened.settings, store=opened.store, clock=clock)
    worker = worker_of(parts, NO_PAUSES)
    stopping = _stop_on_signals(worker)
    with _only_one(folder), closing(parts), serving(parts, app_of, port):
        say(f"{parts.settings.base_url} answers, on {_index(parts)}.")
        sites = open_sites(parts, folder)
        browser = _browser(parts, say)
        parts.index.ensure()
        _ = parts.matcher  # compiled once, before its readers start
        story = Story(parts, clock, sites, worker, say, stopping, browser, weeks)
        if not story.tell():
            say("Stopped. The next run goes on from here.")
            return
        say(_table(_summary(parts, time.monotonic() - began)))
        say(_welcome(parts))
        _work_on(parts, worker, sites, stopping)


def stop(folder: Path) -> bool:
    """Whether a running demonstration was asked to stop."""
    pid = _running(folder)
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    return True


def reset(folder: Path) -> None:
    """Delete the demonstration's folder; raises `Conflict` if it runs or is none."""
    if _running(folder) is not None:
        raise Conflict("the demonstration is running.", hint="Run `lantian demo --stop` first.")
    if not folder.exists():
        return
    store = folder / "lantian.sqlite3"
    if store.exists():
        parts = open_parts(settings_of(folder, 0))
        with parts.store.read() as session:
            demo = is_demo(session)
        parts.close()
        if not demo:
            raise Conflict(
                f"{folder} holds a real installation.", hint="Only demonstrations are deleted."
            )
    elif any(folder.iterdir()):
        raise Conflict(f"{folder} is no demonstration.", hint="Name its folder with --data.")
    shutil.rmtree(folder)


def open_sites(parts: Parts, folder: Path) -> Sites:
    """The made-up sites, served, and known to the installation in that folder alone."""
    sites = Sites(ShownFile(folder / SHOWN_FILE), founded(parts))
    sites.start()
    ip, port = sites.address
    (folder / HOSTS_FILE).write_text(json.dumps({host: [ip, port] for host in HOSTS}))
    return sites


def _browser(parts: Parts, say: Say) -> bool:
    from lantian.browser.find import find_chromium

    try:
        find_chromium(parts.settings.chromium)
    except BrowserUnavailable as error:
        say(f"{error.message} {error.hint} The static sites go on without it.")
        return False
    return True


@contextmanager
def serving(parts: Parts, app_of: AppOf, port: int) -> Iterator["uvicorn.Server"]:
    """The dashboard and the interface, in a thread of this process; they answer by now."""
    import uvicorn

    config = uvicorn.Config(
        app_of(parts),  # type: ignore[arg-type]
        host="127.0.0.1",
        port=port,
        log_level="warning",
        access_log=False,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="server", daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise ServiceUnavailable(
                f"nothing can be served on port {port}.", hint="Name another one with --port."
            )
        thread.join(0.02)
    try:
        yield server
    finally:
        server.should_exit = True
        thread.join(10)


def _stop_on_signals(worker: Worker) -> threading.Event:
    """The event that a signal sets; the worker's children come to an end then."""
    stopping = threading.Event()

    def end(*_: object) -> None:
        stopping.set()
        worker.stop()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, end)
    return stopping


def _work_on(parts: Parts, worker: Worker, sites: Sites, stopping: threading.Event) -> None:
    """Do what is due, with a platform that answers, until we are stopped."""
    client = PlatformClient(
        parts.settings.base_url, platform_key(parts, ANSWERING), sites.shown.remove
    )

    def play() -> None:
        while not stopping.wait(PLATFORM_LOOKS):
            try:
                _answer_fresh(client, parts)
            except LantianError as error:
                log.warning("the platform's client: %s", error)

    threading.Thread(target=play, name="platform", daemon=True).start()
    worker.run()


def _answer_fresh(client: PlatformClient, parts: Parts) -> None:
    """Answer what was sent since the story's end; its overdue notice stays as it is."""
    since = founded(parts)
    for listed in client.notices("sent", "acknowledged"):
        if listed["sent_at"] >= since.isoformat():
            client.answer(listed["id"])


def _summary(parts: Parts, seconds: float) -> tuple[tuple[str, str], ...]:
    with parts.store.read() as session:

        def count(entity: type) -> int:
            return session.scalar(select(func.count()).select_from(entity)) or 0

        claims = session.execute(
            select(ClueClaim.claim, func.sum(ClueClaim.hit_count)).group_by(ClueClaim.claim)
        ).all()
        waiting = session.scalar(select(func.count()).where(Clue.state == "open")) or 0
        return (
            ("pages", str(count(Page))),
            ("captures", str(count(Capture))),
            ("documents", str(count(Document))),
            *((f"hits: {claim}", str(number)) for claim, number in sorted(claims)),
            ("clues", str(count(Clue))),
            ("clues waiting", str(waiting)),
            ("seconds", f"{seconds:.1f}"),
        )


def _table(rows: tuple[tuple[str, str], ...]) -> str:
    wide = max(len(name) for name, _ in rows)
    return "\n".join(f"  {name.ljust(wide)}  {value:>8}" for name, value in rows)


def _welcome(parts: Parts) -> str:
    base, at = parts.settings.base_url, parts.moment()
    here = f"LANTIAN_DATA_DIR={parts.settings.data_dir} LANTIAN_BASE_URL={base}"
    with parts.store.write() as session:
        links = {
            name: users.make_link(
                session, users.find_user(session, name), actor="process:demo", at=at
            )
            for name in ("administrator", "reviewer")
        }
    return "\n".join(
        (
            "",
            f"Lantian runs at {base}, on {_index(parts)}.",
            "All data is made up, time is simulated, nothing is sent outside.",
            f"  reviewer       {base}/login/{links['reviewer']}",
            f"  administrator  {base}/login/{links['administrator']}",
            "  (each link works once; this makes another:",
            f"  {here} lantian user link NAME)",
            "  The interface, with a sandbox key:",
            f"  curl -H 'Authorization: Bearer {office_key(parts)}' {base}/api/v1/notices",
            "  Ctrl-C stops it; a second run goes on from here.",
        )
    )


def _index(parts: Parts) -> str:
    """The name of the search index, without the address's password."""
    if not parts.settings.es_url:
        return "the embedded index"
    return f"Elasticsearch at {parts.settings.es_url.rsplit('@', 1)[-1]}"


def _mark(folder: Path) -> str:
    """What tells the folder's index from those of other demonstrations."""
    return blake2b(str(folder.absolute()).encode(), digest_size=6).hexdigest()


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    running = _running(folder)
    if running is not None:
        raise Conflict(
            f"the demonstration runs already, as process {running}.",
            hint="Run `lantian demo --stop`, or name another folder with --data.",
        )
    file = folder / PID_FILE
    file.write_text(str(os.getpid()))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def _running(folder: Path) -> int | None:
    file = folder / PID_FILE
    with suppress(OSError, ValueError):
        pid = int(file.read_text())
        os.kill(pid, 0)
        return pid
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
