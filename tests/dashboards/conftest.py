"""An installation with clues, people who are logged in, and a real browser to look with."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, sync_playwright
from starlette.testclient import TestClient

from dashboards.people import cookie_name
from lantian.access import sessions, users
from lantian.access.users import Moment
from lantian.app import create_app
from lantian.clock import FixedClock, SystemClock
from lantian.clues.entries import all_entries
from lantian.settings import Settings
from lantian.store.engine import Store
from lantian.store.migrate import upgrade
from lantian.wiring import Parts
from matchers.scan import Matcher
from tests.packs import FOUR, four, keep_four
from tests.services.processes import free_port as find_free_port
from tests.takedowns.market import Market

MORNING = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def matcher() -> Matcher:
    return four()


@dataclass
class Office:
    """The installation, what it holds, and the way in."""

    parts: Parts
    market: Market
    platform_id: int
    app: FastAPI
    base_url: str
    clock: FixedClock
    people: dict[str, str] = field(default_factory=dict)
    """Role to the cookie of a person in it."""

    def index_all(self) -> None:
        with self.parts.store.read() as session:
            self.parts.index.rebuild(all_entries(session))

    def enter(self, role: str) -> str:
        """The cookie of a new person in this role."""
        now = datetime.now(UTC)
        at = Moment(self.clock.now(), now)
        with self.parts.store.write() as session:
            user = users.add_user(
                session, name=f"the-{role}", display_name=role, role=role, actor="t", at=at
            )
            cookie, _row = sessions.start_session(
                session, user, limits=self.parts.session_limits, at=at
            )
        self.people[role] = cookie
        return cookie

    def client(self, role: str | None = "reviewer") -> TestClient:
        client = TestClient(
            self.app,
            base_url=self.base_url,
            follow_redirects=False,
            headers={
                "Origin": self.base_url,
                "Accept": "text/html",
                "Accept-Language": "en",
            },
        )
        if role is not None:
            cookie = self.people.get(role) or self.enter(role)
            client.cookies.set(cookie_name(self.parts), cookie)
        return client


@pytest.fixture
def office(store_url: str, data_dir: Path, matcher: Matcher) -> Iterator[Office]:
    yield from _office(store_url, data_dir, matcher)


@pytest.fixture
def small_office(sqlite_store_url: str, data_dir: Path, matcher: Matcher) -> Iterator[Office]:
    """The same on SQLite alone: what a browser sees does not depend on the store."""
    yield from _office(sqlite_store_url, data_dir, matcher)


def _office(store_url: str, data_dir: Path, matcher: Matcher) -> Iterator[Office]:
    keep_four(data_dir)
    port = find_free_port()
    base_url = f"http://127.0.0.1:{port}"
    clock = FixedClock(MORNING)
    store = Store(store_url)
    upgrade(store)
    parts = Parts(
        settings=Settings(data_dir=data_dir, pack_dir=FOUR, base_url=base_url),
        store=store,
        clock=clock,
        real_clock=SystemClock(),
    )
    market = Market(store, clock, matcher)
    platform_id = market.platform()
    office = Office(parts, market, platform_id, create_app(parts), base_url, clock)
    yield office
    parts.close()


@pytest.fixture
def served(small_office: Office) -> Iterator[Office]:
    """The installation behind a real server."""
    small_office.index_all()
    port = int(small_office.base_url.rsplit(":", 1)[1])
    config = uvicorn.Config(small_office.app, port=port, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
    yield small_office
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def browser(chromium_path: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(chromium_path),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page of a logged-in person, with everything that a page should not do."""

    page: Page
    base_url: str
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(self.base_url + path)

    def clue_shown(self) -> int:
        return int(self.page.locator("li.open").get_attribute("data-id") or 0)


@pytest.fixture
def watched(served: Office, browser: Browser) -> Iterator[Callable[..., Watched]]:
    """A function that opens a window for a role; all windows are closed when the test is over."""

    def look(role: str = "reviewer", locale: str = "zh-CN") -> Watched:
        context = browser.new_context(viewport={"width": 1366, "height": 768}, locale=locale)
        cookie = served.people.get(role) or served.enter(role)
        context.add_cookies(
            [{"name": cookie_name(served.parts), "value": cookie, "url": served.base_url}]
        )
        page = context.new_page()
        seen = Watched(page, served.base_url)

        def hear(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                seen.complaints.append(message.text)

        def close(dialog: Dialog) -> None:
            seen.complaints.append(dialog.message)
            dialog.dismiss()

        def note(request: Request) -> None:
            if not request.url.startswith((served.base_url, "data:")):
                seen.foreign.append(request.url)

        page.on("console", hear)
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on("dialog", close)
        page.on("request", note)
        return seen

    yield look
    for context in browser.contexts:
        context.close()
