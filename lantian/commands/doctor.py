"""`lantian doctor`: looks at the surroundings and names the cure of each fault."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from lantian.errors import LantianError, ServiceUnavailable
from lantian.settings import Settings, load_settings

if TYPE_CHECKING:
    from lantian.store.engine import Store

SQLITE_FLOOR = (3, 51, 3)
"""Below it a WAL database can be corrupted (security-floor.toml)."""

DISK_FAIL = 1 << 30
DISK_WARN = 5 << 30
VERIFY_WARN = timedelta(days=3)
SKEW_WARN = timedelta(seconds=2)
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")
FONT_NAMES = ("*CJK*", "*wqy*", "*SourceHan*", "*simsun*", "*msyh*", "*PingFang*", "*uming*")
NO_FONT = "Debian, Ubuntu: apt-get install fonts-noto-cjk."


State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """What one look found: `ok`, `warn` (works, but not all of it) or `fail`; and the cure."""

    check: str
    state: State
    text: str
    cure: str = ""


Check = Callable[[Settings], Iterator[Finding]]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def doctor(
        as_json: Annotated[
            bool, typer.Option("--json", help="Print the findings as JSON.")
        ] = False,
    ) -> None:
        """Look at store, index, browser, fonts, disk, mail and clock; name the cure of each fault.

        Exit status 1 if anything fails.
        """
        findings = examine()
        if as_json:
            typer.echo(json.dumps([asdict(found) for found in findings], ensure_ascii=False))
        else:
            show(findings)
        if any(found.state == "fail" for found in findings):
            raise typer.Exit(1)


def examine() -> list[Finding]:
    """Everything that was looked at, in order."""
    try:
        settings = load_settings()
    except LantianError as error:
        return [Finding("settings", "fail", error.message, error.hint)]
    findings = [Finding("settings", "ok", "readable")]
    for name, check in CHECKS.items():
        findings += _look(name, check, settings)
    return findings


def show(findings: Sequence[Finding]) -> None:
    """Print the findings as a table, and the cures below what needs one."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = {"ok": "green", "warn": "yellow", "fail": "red"}
    table = Table(show_header=False, box=None, pad_edge=False)
    for found in findings:
        told = Text(found.text)
        if found.cure:
            told.append(f"\n{found.cure}", style="italic")
        table.add_row(Text(found.state, style=colours[found.state]), Text(found.check), told)
    Console(file=sys.stdout, soft_wrap=False).print(table)


def _look(name: str, check: Check, settings: Settings) -> list[Finding]:
    """The findings of one check; an error of it is a finding too."""
    try:
        return list(check(settings))
    except LantianError as error:
        return [Finding(name, "fail", error.message, error.hint)]
    except Exception as error:  # noqa: BLE001  (the edge: the other checks must still be made)
        cure = "This is a fault of Lantian: please report it."
        return [Finding(name, "fail", f"{type(error).__name__}: {error}", cure)]


def check_data(settings: Settings) -> Iterator[Finding]:
    """Data and evidence folders can be written, and the disk has room."""
    for name, folder in (("data folder", settings.data_dir), ("evidence", settings.evidence_dir)):
        place = _existing(folder)
        where = folder.absolute()
        if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
            cure = f"Let this user write {place.absolute()}, or set data_dir."
            yield Finding(name, "fail", f"{where} cannot be written", cure)
        elif place == folder:
            yield Finding(name, "ok", f"{where} can be written")
        else:
            yield Finding(name, "ok", f"{where} will be made")
    free = shutil.disk_usage(_existing(settings.data_dir)).free
    state: State = "ok"
    if free < DISK_WARN:
        state = "fail" if free < DISK_FAIL else "warn"
    cure = "" if state == "ok" else "Make room, or set data_dir to a larger disk."
    yield Finding("disk", state, f"{free / (1 << 30):.1f} GB free for the data folder", cure)


def check_sqlite(_settings: Settings) -> Iterator[Finding]:
    """The SQLite that runs has no known way to corrupt a database."""
    from lantian.store.engine import sqlite_module

    module = sqlite_module()
    found = f"{module.sqlite_version} ({module.__name__})"
    if module.sqlite_version_info >= SQLITE_FLOOR:
        yield Finding("SQLite", "ok", found)
        return
    least = ".".join(map(str, SQLITE_FLOOR))
    yield Finding(
        "SQLite",
        "warn",
        f"{found} is older than {least}: a crash between writers can damage the store",
        "Install pysqlite3 where it has a wheel, a newer Python, or use PostgreSQL.",
    )


def check_store(settings: Settings) -> Iterator[Finding]:
    """The store answers and stands at the version that this program needs."""
    from sqlalchemy import make_url, text

    from lantian.store.engine import Store, ping
    from lantian.store.migrate import require_current

    url = settings.effective_store_url
    address = make_url(url)
    shown = address.render_as_string()
    file = address.database
    if address.get_backend_name() == "sqlite" and file and not Path(file).exists():
        yield Finding("store", "warn", f"{shown} is not there yet", "Run `lantian upgrade`.")
        return
    store = Store(url)
    try:
        ping(store)
        require_current(store)
        yield Finding("store", "ok", f"{shown} answers and is up to date")
        if not store.sqlite:
            with store.read() as session:
                encoding = session.execute(text("show server_encoding")).scalar_one()
                if encoding != "UTF8":
                    cure = "Make the database anew with ENCODING 'UTF8'."
                    yield Finding("store", "fail", f"its encoding is {encoding}", cure)
        yield from _skew(store)
    finally:
        store.close()


def check_evidence(settings: Settings) -> Iterator[Finding]:
    """The worker verified what is kept, lately, and found nothing."""
    from sqlalchemy import make_url, select

    from lantian.evidence.nightly import last_check
    from lantian.model import Capture
    from lantian.store.engine import Store
    from lantian.store.migrate import require_current

    file = make_url(settings.effective_store_url).database
    if settings.effective_store_url.startswith("sqlite") and not (file and Path(file).exists()):
        return  # the check of the store says so
    store = Store(settings.effective_store_url)
    try:
        try:
            require_current(store)
        except LantianError:
            return
        with store.read() as session:
            checked = last_check(session)
            any_capture = session.scalar(select(Capture.id).limit(1)) is not None
    finally:
        store.close()
    if checked is None:
        state: State = "warn" if any_capture else "ok"
        cure = "Let `lantian worker` run: it verifies each night." if any_capture else ""
        yield Finding("evidence", state, "not verified yet", cure)
        return
    told = f"{checked.records} records verified on {checked.at:%Y-%m-%d %H:%M} UTC"
    if checked.findings:
        first = "; ".join(checked.first[:3])
        cure = "`lantian evidence verify` names each of them with its cause."
        yield Finding("evidence", "fail", f"{told}: {checked.findings} findings ({first})", cure)
    elif datetime.now(UTC) - checked.at > VERIFY_WARN:
        yield Finding("evidence", "warn", f"{told}, and not since", "Let `lantian worker` run.")
    else:
        yield Finding("evidence", "ok", f"{told}: nothing is missing or changed")


def check_index(settings: Settings) -> Iterator[Finding]:
    """The search index answers and is of this program's version."""
    from lantian.wiring import open_index

    name = "Elasticsearch" if settings.es_url else "embedded"
    if not settings.es_url and not settings.index_path.exists():
        yield Finding("index", "warn", f"{name}: not there yet", "Run `lantian index rebuild`.")
        return
    index = open_index(settings)
    try:
        health = index.health()
    finally:
        index.close()
    if health.state == "ready":
        yield Finding("index", "ok", f"{name}: {health.count} clues")
        return
    state: State = "fail" if health.state == "unavailable" else "warn"
    yield Finding("index", state, f"{name}: {health.state}. {health.detail}".strip(), health.hint)


def check_chromium(settings: Settings) -> Iterator[Finding]:
    """Chromium is there and starts the way it would for a real site."""
    import asyncio

    from lantian.browser.find import find_chromium
    from lantian.browser.launch import sandbox_for
    from lantian.errors import BrowserUnavailable

    try:
        program = find_chromium(settings.chromium)
        version = asyncio.run(_started(program, sandbox=False))
        yield Finding("Chromium", "ok", f"{program}, version {version}")
        if sandbox_for(local=False, root_allowed=settings.browser_as_root):
            asyncio.run(_started(program, sandbox=True))
    except BrowserUnavailable as error:
        # Static sites and the demonstration go on without.
        yield Finding("Chromium", "warn", error.message, error.hint)


async def _started(program: Path, *, sandbox: bool) -> str:
    """The version of the browser, which was started and ended."""
    from playwright.async_api import async_playwright

    from lantian.browser.launch import launch

    async with async_playwright() as playwright:
        browser = await launch(playwright, program, proxy=None, sandbox=sandbox)
        version = browser.version
        await browser.close()
        return version


def check_fonts(_settings: Settings) -> Iterator[Finding]:
    """Some font has Chinese characters, for screenshots and charts."""
    if shutil.which("fc-list") is not None:
        done = subprocess.run(
            ["fc-list", ":lang=zh", "family"], capture_output=True, text=True, check=False
        )
        families = sorted({line.split(",")[0] for line in done.stdout.splitlines() if line})
        if families:
            more = f" and {len(families) - 1} more" if len(families) > 1 else ""
            yield Finding("Chinese font", "ok", f"{families[0]}{more}")
            return
    for folder in FONT_FOLDERS:
        for name in FONT_NAMES:
            for path in Path(folder).expanduser().rglob(name):
                if path.suffix.lower() in {".ttc", ".ttf", ".otf"}:
                    yield Finding("Chinese font", "ok", path.name)
                    return
    text = "none found: screenshots and charts would show empty boxes"
    yield Finding("Chinese font", "fail", text, NO_FONT)


def check_pictures(settings: Settings) -> Iterator[Finding]:
    """What is written in pictures can be read, where that is wanted."""
    from lantian.pictures.engine import HINT, available, models, reader_version

    check = "text in pictures"
    if not settings.read_pictures:
        yield Finding(check, "ok", "not read: read_pictures is off")
    elif not available():
        yield Finding(check, "ok", "not read: the extra `ocr` is not installed", HINT)
    else:
        try:
            models()
        except FileNotFoundError as error:
            yield Finding(check, "fail", str(error), f"Install it again. {HINT}")
            return
        yield Finding(check, "ok", f"read by {reader_version()}")


def check_contact(settings: Settings) -> Iterator[Finding]:
    """Sites can tell who visits them, and whom to ask to stop."""
    if settings.contact.strip():
        yield Finding("contact", "ok", f"the User-Agent names {settings.contact}")
        return
    text = "no contact is set: sites that are crawled cannot reach you"
    cure = "Set contact to an e-mail address or a page of your office; it goes into the User-Agent."
    yield Finding("contact", "warn", text, cure)


def check_mail(settings: Settings) -> Iterator[Finding]:
    """The mail server greets us and takes our log-in; nothing is sent."""
    from lantian.egress.mail import greet

    url = settings.smtp_url.get_secret_value()
    if not url:
        yield Finding("mail", "ok", f"no smtp_url: e-mails are written to {settings.outbox_dir}")
        return
    try:
        yield Finding("mail", "ok", f"{greet(url)} answers")
    except ServiceUnavailable as error:
        cure = "Start the server, or correct address, user and password in smtp_url."
        yield Finding("mail", "fail", error.message, cure)


def check_clock(settings: Settings) -> Iterator[Finding]:
    """The time zone data are there, and the clock agrees with the data folder's file system."""
    try:
        offset = datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Shanghai")).utcoffset()
    except ZoneInfoNotFoundError:
        offset = None
    if offset != timedelta(hours=8):
        cure = "Install the time zone data: apt-get install tzdata."
        yield Finding("clock", "fail", "Asia/Shanghai is not UTC+8 here", cure)
        return
    place = _existing(settings.data_dir)
    skew = timedelta(0)
    if place.is_dir() and os.access(place, os.W_OK):
        with tempfile.TemporaryFile(dir=place) as probe:
            probe.write(b"\n")
            probe.flush()
            skew = timedelta(seconds=os.fstat(probe.fileno()).st_mtime - time.time())
    yield _told_skew("the data folder's file system", skew)


def _skew(store: "Store") -> Iterator[Finding]:
    """The machine's clock agrees with the database server's."""
    from lantian.store.engine import database_now

    if store.sqlite:
        return
    with store.read() as session:
        yield _told_skew("the database", database_now(session) - datetime.now(UTC))


def _told_skew(whose: str, skew: timedelta) -> Finding:
    seconds = skew.total_seconds()
    if abs(skew) > SKEW_WARN:
        text = f"differs from {whose} by {seconds:+.1f} s: times in evidence would be wrong"
        return Finding("clock", "warn", text, "Let both follow the same time server (NTP).")
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return Finding("clock", "ok", f"{now}, agrees with {whose}")


def _existing(folder: Path) -> Path:
    """`folder`, or the nearest path above it that is there."""
    return next(place for place in (folder, *folder.absolute().parents) if place.exists())


CHECKS: dict[str, Check] = {
    "data folder": check_data,
    "SQLite": check_sqlite,
    "store": check_store,
    "evidence": check_evidence,
    "index": check_index,
    "Chromium": check_chromium,
    "Chinese font": check_fonts,
    "text in pictures": check_pictures,
    "contact": check_contact,
    "mail": check_mail,
    "clock": check_clock,
}
