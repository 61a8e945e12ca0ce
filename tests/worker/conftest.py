"""A store of the test's own, with its clock."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from lantian.clock import FixedClock
from lantian.store.engine import Store
from lantian.store.migrate import upgrade

MORNING = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MORNING)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = Store(store_url)
    upgrade(store)
    yield store
    store.close()
