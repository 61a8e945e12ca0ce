"""An empty store with one person."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from lantian.access import users
from lantian.access.sessions import Limits
from lantian.access.users import Moment
from lantian.model import User
from lantian.store.engine import Store
from lantian.store.migrate import upgrade

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def moment(after: timedelta = timedelta(0)) -> Moment:
    return Moment(now=NOW + after, real=NOW + after)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = Store(store_url)
    upgrade(store)
    yield store
    store.close()


@pytest.fixture
def user(store: Store) -> User:
    with store.write() as session:
        return users.add_user(
            session, name="li", display_name="李", role="reviewer", actor="t", at=moment()
        )


@pytest.fixture
def limits() -> Limits:
    return Limits(idle=timedelta(minutes=30), total=timedelta(hours=12))
