"""An open store at the newest version, on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from lantian.model import Crawl, Platform, Source
from lantian.store import jobs
from lantian.store.engine import Store
from lantian.store.migrate import upgrade

NOW = datetime(2026, 9, 7, 2, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    """The domain time of these tests."""
    return NOW


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty store."""
    opened = Store(store_url)
    upgrade(opened)
    yield opened
    opened.close()


@pytest.fixture
def add(store: Store) -> Callable[..., bool]:
    """Enqueues a job of that key."""

    def enqueue(key: str, **fields: Any) -> bool:
        values: dict[str, Any] = {
            "kind": "crawl",
            "payload": {"n": key},
            "due": NOW,
            "now": NOW,
        } | fields
        with store.write() as session:
            return jobs.enqueue(session, key=key, **values)

    return enqueue


@pytest.fixture
def crawl_id(store: Store) -> int:
    """A crawl to which a frontier belongs."""
    with store.write() as session:
        platform = Platform(name="shop", created_at=NOW)
        session.add(platform)
        session.flush()
        source = Source(
            name="shop",
            kind="shop",
            profile="demo-shop",
            start_urls=[],
            platform_id=platform.id,
            created_at=NOW,
        )
        session.add(source)
        session.flush()
        crawl = Crawl(
            source_id=source.id,
            spider="shop",
            job_key="crawl:1",
            token=1,
            started_at=NOW,
            recorded_at=NOW,
        )
        session.add(crawl)
        session.flush()
        return crawl.id
