"""The budget of a day is one for all sources of a site, however many crawls take of it at once."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from crawler import allowance
from crawler.allowance import MB, Allowance
from lantian.clock import FixedClock
from lantian.model import Job, Platform, Source, SourceDay
from lantian.settings import Settings
from lantian.store import jobs
from lantian.store.engine import Store
from lantian.store.hosts import holder_of
from lantian.store.migrate import upgrade
from lantian.wiring import Parts

NOW = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)


@pytest.fixture
def parts(store_url: str, tmp_path: Path) -> Iterator[Parts]:
    store = Store(store_url)
    upgrade(store)
    yield Parts(settings=Settings(data_dir=tmp_path), store=store, clock=FixedClock(NOW))
    store.close()


def crawl(parts: Parts, name: str, *, pages: int = 50, megabytes: float = 1.0) -> Allowance:
    """What a crawl that holds its job may ask for."""
    with parts.store.write() as session:
        platform = session.scalar(select(Platform)) or Platform(name="shop", created_at=NOW)
        session.add(platform)
        session.flush()
        source = Source(
            name=name,
            kind="shop",
            profile="shop",
            start_urls=[],
            platform_id=platform.id,
            created_at=NOW,
        )
        session.add(source)
        session.flush()
        jobs.enqueue(session, kind="crawl", key=name, payload={}, due=NOW, now=NOW)
    claim = jobs.claim(parts.store, now=NOW, keys=(name,))
    assert claim is not None
    holder = holder_of(claim.id, claim.token)
    home = "shop.example"
    return Allowance(parts, source.id, pages, megabytes * MB, home=home, holder=holder)


def taken(one: Allowance, name: str, most: int, size: int = 10) -> int:
    """How many pages it took, of so many, one after the other; its writer keeps up."""
    count = 0
    for number in range(most):
        if not one.take(f"{name}{number}"):
            break
        one.received(f"{name}{number}", size)
        count += 1
    with one.parts.store.write() as session:
        spent = one._spent
        day = SourceDay(
            source_id=one.source_id, day="2026-11-28", pages=spent.pages, bytes=spent.bytes
        )
        session.merge(day)
    return count


def test_two_crawls_take_together_what_one_would(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowance, "AGAIN", 0.0)
    first, second = crawl(parts, "site"), crawl(parts, "campaign")
    counts = [taken(first, "a", 20), taken(second, "b", 20)]
    counts += [taken(first, "c", 50), taken(second, "d", 50)]
    assert counts[:2] == [20, 20]
    assert sum(counts) == 50
    # Neither waits for what the other can use no more.
    assert taken(second, "e", 5) == taken(first, "f", 5) == 0
    assert second.used_up
    assert first.used_up


def test_what_a_killed_crawl_had_in_hand_is_there_for_others(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowance, "AGAIN", 0.0)
    killed, other = crawl(parts, "killed"), crawl(parts, "other")
    assert killed.take("a")
    first = taken(other, "b", 100)
    assert first < 50
    assert not other.used_up, "it waits for what may come back"
    with parts.store.write() as session:
        session.execute(update(Job).where(Job.key == "killed").values(token=Job.token + 1))
    assert first + taken(other, "c", 100) == 50
    assert other.used_up


def test_bytes_end_with_the_page_that_reaches_them(parts: Parts) -> None:
    alone = crawl(parts, "site", pages=1_000)
    assert taken(alone, "a", 1_000, size=30_000) == 34
    assert alone.used_up
