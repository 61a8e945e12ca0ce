"""The small client that plays a platform, against the real application over HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from demo.client import PlatformClient
from demo.running import serving
from demo.sites import ShownFile
from lantian.__main__ import app as commands
from lantian.access import keys
from lantian.app import create_app
from lantian.clock import FixedClock
from lantian.errors import ServiceUnavailable
from lantian.model import Notice, Platform
from lantian.settings import Settings
from lantian.store.engine import Store
from lantian.store.migrate import upgrade
from lantian.takedowns.issue import issue_notices
from lantian.wiring import Parts
from matchers.pack import load_pack
from matchers.scan import Matcher
from tests.services.processes import free_port as find_free_port
from tests.takedowns.market import Market

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


@dataclass
class Office:
    """A served installation that has sent one notice of two clues, and the platform's key."""

    parts: Parts
    key: str
    postings: frozenset[str]

    @property
    def url(self) -> str:
        return self.parts.settings.base_url

    def notice(self) -> Notice:
        with self.parts.store.read() as session:
            return session.query(Notice).one()


@pytest.fixture
def office(sqlite_store_url: str, data_dir: Path) -> Iterator[Office]:
    port = find_free_port()
    settings = Settings(data_dir=data_dir, base_url=f"http://127.0.0.1:{port}")
    store, clock = Store(sqlite_store_url), FixedClock(NOW)
    upgrade(store)
    parts = Parts(settings=settings, store=store, clock=clock)
    market = Market(store, clock, Matcher.compile(load_pack()))
    platform_id = market.platform()
    clues = [market.confirmed(platform_id) for _ in range(2)]
    with store.write() as session:
        (notice,) = issue_notices(
            session, clues, actor="user:t", now=clock.now(), real_now=NOW, settings=settings
        )
        key, _row = keys.add_key(
            session,
            owner="platform",
            label="t",
            actor="t",
            at=parts.moment(),
            platform=session.get_one(Platform, platform_id),
        )
    postings = frozenset(told["posting"].split(":")[-1] for told in notice.content["clues"])
    with serving(parts, create_app, port):
        yield Office(parts, key, postings)
    parts.close()


def test_it_acknowledges_takes_down_and_says_so(office: Office) -> None:
    taken: list[frozenset[str]] = []
    client = PlatformClient(office.url, office.key, taken.append)
    assert client.answer_all() == 1
    notice = office.notice()
    assert (notice.state, notice.acknowledged_at is not None) == ("answered", True)
    assert taken == [office.postings]
    assert client.answer_all() == 0, "what was answered waits no more"


def test_a_wrong_key_is_told_with_the_servers_own_words(office: Office) -> None:
    with pytest.raises(ServiceUnavailable, match="was answered 401"):
        PlatformClient(office.url, "lt_test_nonsense").answer_all()
    assert office.notice().state == "sent"


def test_a_server_that_is_not_there_is_named() -> None:
    url = f"http://127.0.0.1:{find_free_port()}"
    with pytest.raises(ServiceUnavailable, match=f"{url} does not answer"):
        PlatformClient(url, "any").answer_all()


def test_the_command_removes_from_the_made_up_sites(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "sites.json"
    result = CliRunner().invoke(
        commands,
        ["demo", "platform", "--url", office.url, "--key", office.key, "--site", str(file)],
    )
    assert (result.exit_code, result.output) == (0, "1 notices answered.\n")
    assert ShownFile(file).read().removed == office.postings
