from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from lantian.access.keys import add_key
from lantian.access.users import Moment
from lantian.app import create_app
from lantian.clock import FixedClock
from lantian.model import Platform
from lantian.settings import Settings
from lantian.store.engine import Store
from lantian.store.migrate import upgrade
from lantian.wiring import Parts
from matchers.scan import Matcher
from tests.packs import FOUR, four, keep_four
from tests.takedowns.market import Market

MORNING = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


@dataclass
class Asker:
    """Somebody with a key."""

    client: TestClient
    key: str
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(10_000)))

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def get(self, path: str, **params: Any) -> Any:
        return self.client.get(f"/api/v1{path}", params=params, headers=self.headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(f"/api/v1{path}", json=body, headers={**self.headers, **named})

    def issue(self, *clue_ids: int) -> Any:
        key = f"issue-{next(self.numbers)}"
        return self.post("/notices", {"clue_ids": list(clue_ids)}, Idempotency_Key=key)


@pytest.fixture(scope="session")
def matcher() -> Matcher:
    return four()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MORNING)


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    keep_four(data_dir)
    return Settings(
        data_dir=data_dir,
        pack_dir=FOUR,
        base_url="https://lantian.example",
        organisation="某局",
    )


@pytest.fixture
def parts(store_url: str, settings: Settings, clock: FixedClock) -> Iterator[Parts]:
    store = Store(store_url)
    upgrade(store)
    parts = Parts(settings=settings, store=store, clock=clock, real_clock=clock)
    yield parts
    parts.close()


@pytest.fixture
def market(parts: Parts, clock: FixedClock, matcher: Matcher) -> Market:
    return Market(parts.store, clock, matcher)


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return create_app(parts)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(
        app, base_url="https://lantian.example", raise_server_exceptions=False
    ) as client:
        yield client


def key_of(market: Market, platform_id: int | None = None) -> str:
    at = Moment(market.now, market.now)
    with market.store.write() as session:
        platform = session.get_one(Platform, platform_id) if platform_id else None
        key, _ = add_key(
            session,
            owner="platform" if platform else "office",
            label="for a test",
            actor="process:test",
            at=at,
            platform=platform,
        )
    return key


@pytest.fixture
def office(client: TestClient, market: Market) -> Asker:
    return Asker(client, key_of(market))


@dataclass
class Hosted:
    """A platform with its key."""

    id: int
    asker: Asker


@pytest.fixture
def platform(client: TestClient, market: Market) -> Hosted:
    platform_id = market.platform("甲平台")
    return Hosted(platform_id, Asker(client, key_of(market, platform_id)))


@pytest.fixture
def rival(client: TestClient, market: Market) -> Hosted:
    platform_id = market.platform("乙平台")
    return Hosted(platform_id, Asker(client, key_of(market, platform_id)))
