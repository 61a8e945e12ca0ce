"""A demonstration's store after one crawl of the mall, its dashboard served, and a browser."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from crawler.sources import grant, source_of_profile
from demo.client import PlatformClient
from demo.pages import MALL_HOST
from demo.running import NO_PAUSES, open_sites, serving
from demo.sites import Sites
from demo.stage import platform_key
from lantian.access import users
from lantian.app import create_app
from lantian.commands.demo import demo_worker
from lantian.model import Clue
from lantian.reading import find_profile
from lantian.settings import load_settings
from lantian.store import jobs
from lantian.store.installation import DemoClock
from lantian.wiring import Parts, open_parts
from lantian.worker.loop import Worker
from tests.services.processes import free_port as find_free_port

RECHECK_HOURS = 1


@dataclass
class Walk:
    """The installation, and the moves that are not a person's."""

    parts: Parts
    clock: DemoClock
    sites: Sites
    worker: Worker
    key: str
    gone_by: timedelta = timedelta(0)

    @property
    def base_url(self) -> str:
        return self.parts.settings.base_url

    def pass_time(self, by: timedelta) -> None:
        """Let the demonstration's clock go on by itself, that much later than it was."""
        self.gone_by += by
        self.clock.run(self.gone_by)

    def platform(self, *, takes_down: bool) -> PlatformClient:
        """The platform's side; one that takes nothing down only says so."""
        return PlatformClient(
            self.base_url, self.key, self.sites.shown.remove if takes_down else None
        )

    def login_address(self) -> str:
        with self.parts.store.write() as session:
            secret = users.make_link(
                session,
                users.find_user(session, "reviewer"),
                actor="process:test",
                at=self.parts.moment(),
            )
        return f"{self.base_url}/login/{secret}"

    def recheck(self) -> int:
        """How many jobs were done once the time of the first re-check has come."""
        self.pass_time(timedelta(hours=RECHECK_HOURS, minutes=1))
        return self.worker.run_until_idle(kinds=("recheck",))

    def presence_of(self, clue_id: int) -> str:
        """Whether the crawled posting of the clue is on line, as far as we know."""
        with self.parts.store.read() as session:
            return session.get_one(Clue, clue_id).presence


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings of the installation, for this process and for its children."""
    folder = tmp_path_factory.mktemp("walk")
    return {
        "LANTIAN_DATA_DIR": str(folder),
        "LANTIAN_CONFIG": str(folder / "no-lantian.toml"),
        "LANTIAN_BASE_URL": f"http://127.0.0.1:{find_free_port()}",
        "LANTIAN_RECHECK_AFTER_HOURS": str(RECHECK_HOURS),
        "LANTIAN_LOG_LEVEL": "WARNING",
    }


@pytest.fixture(scope="module")
def crawled(variables: dict[str, str]) -> Iterator[Walk]:
    """The mall was crawled by the real spider in its own process, its clues wait."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        opened = open_parts(load_settings(), demo=True)
        clock = DemoClock(opened.store)
        parts = Parts(settings=opened.settings, store=opened.store, clock=clock)
        folder = Path(variables["LANTIAN_DATA_DIR"])
        sites = open_sites(parts, folder)
        worker = demo_worker(parts, NO_PAUSES)
        _crawl_mall(parts, worker)
        port = int(variables["LANTIAN_BASE_URL"].rsplit(":", 1)[1])
        with serving(parts, create_app, port):
            yield Walk(parts, clock, sites, worker, platform_key(parts, MALL_HOST))
        sites.stop()
        parts.close()


def _crawl_mall(parts: Parts, worker: Worker) -> None:
    now = parts.clock.now()
    with parts.store.write() as session:
        users.add_user(
            session,
            name="reviewer",
            display_name="审核员",
            role="reviewer",
            actor="process:test",
            at=parts.moment(),
        )
        source = source_of_profile(session, find_profile("demo-shop"), now=now)
        grant(session, source, [f"{MALL_HOST}:80"], by="process:test", reason="the walk", now=now)
        jobs.enqueue(
            session,
            kind="crawl",
            key="crawl:walk",
            payload={"source_id": source.id},
            due=now,
            now=now,
            lane=f"source:{source.id}",
        )
    worker.run_until_idle(kinds=("crawl",))
    worker.run_until_idle(kinds=("index",))


@pytest.fixture
def walk(
    crawled: Walk, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Walk]:
    """The installation; whatever a test lets its sites show is put right afterwards."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    yield crawled
    crawled.sites.shown.change(broken=frozenset())


@pytest.fixture(scope="module")
def browser(chromium_path: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(chromium_path),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(walk: Walk, browser: Browser) -> Iterator[Page]:
    """A Chinese reader's window, logged in by nobody yet."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    yield context.new_page()
    context.close()
