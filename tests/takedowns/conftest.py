from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lantian.clock import FixedClock
from lantian.settings import Settings
from lantian.store.engine import Store
from lantian.store.migrate import upgrade
from matchers.scan import Matcher
from tests.packs import FOUR, four, keep_four
from tests.takedowns.market import Market

MORNING = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def matcher() -> Matcher:
    return four()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MORNING)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    data = tmp_path / "data"
    keep_four(data)
    return Settings(data_dir=data, pack_dir=FOUR, organisation="某市市场监督管理局")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = Store(store_url)
    upgrade(store)
    yield store
    store.close()


@pytest.fixture
def market(store: Store, clock: FixedClock, matcher: Matcher) -> Market:
    return Market(store, clock, matcher)
