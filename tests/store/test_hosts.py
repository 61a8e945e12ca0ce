"""Crawls over one host share its manners through its row, on both stores."""

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select

from lantian.model import Host, Job, Platform, Source, SourceDay
from lantian.store import hosts, jobs
from lantian.store.engine import Store
from lantian.store.hosts import Allotment, Share, Wish

SHOP = "shop.example"
DAY = date(2026, 11, 28)


def ask(
    store: Store,
    holder: str,
    *,
    delay: float = 0.0,
    concurrency: int = 4,
    active: int = 0,
    waits: bool = True,
) -> Share:
    with store.write() as session:
        return hosts.ask(session, SHOP, Wish(holder, delay, concurrency, active, waits))


def give_back(store: Store, holder: str) -> None:
    with store.write() as session:
        hosts.give_back(session, SHOP, holder)


def forget_since(store: Store, holder: str, seconds: float) -> None:
    """Let what that crawl holds be so much older."""
    with store.write() as session:
        row = session.get_one(Host, SHOP)
        entry = row.holders[holder]
        row.holders = {**row.holders, holder: {**entry, "until": entry["until"] - seconds}}


def test_who_is_alone_has_all_of_it_and_is_asked_seldom(store: Store) -> None:
    share = ask(store, "a", concurrency=16)
    assert (share.limit, share.delay, share.alone) == (16, 0.0, True)
    assert share.ask_at == share.now + hosts.ALONE
    paced = ask(store, "a", delay=2.0)
    assert paced.free_from == paced.now
    assert paced.free_until == paced.now + hosts.ALONE
    assert paced.ask_at < paced.free_until


def test_requests_at_a_time_are_divided_as_soon_as_they_come_free(store: Store) -> None:
    assert ask(store, "a", active=4).limit == 4
    assert ask(store, "b").limit == 0, "all of them are under way"
    first = ask(store, "a", active=4)
    assert first.limit == 2, "it begins no more until it has two"
    assert first.ask_at == first.now + hosts.SOON
    assert ask(store, "b").limit == 0
    ask(store, "a", active=2)
    assert ask(store, "b").limit == 2
    give_back(store, "a")
    assert ask(store, "b", active=2).limit == 4


def test_crawls_that_are_more_than_requests_at_a_time_take_turns(store: Store) -> None:
    begun = []
    active = dict.fromkeys("abc", 0)
    for _ in range(9):
        for who in active:
            share = ask(store, who, concurrency=1, active=active[who])
            if share.limit > active[who]:
                begun.append(who)
                active[who] = 1
                assert sum(active.values()) == 1
            else:
                active[who] = 0
    assert set(begun) == {"a", "b", "c"}
    assert max(map(begun.count, "abc")) - min(map(begun.count, "abc")) <= 1


def test_the_strictest_manners_hold_for_all(store: Store) -> None:
    ask(store, "a", delay=0.0, concurrency=8)
    share = ask(store, "b", delay=0.5, concurrency=2)
    assert share.delay == 0.5
    again = ask(store, "a", delay=0.0, concurrency=8)
    assert (again.delay, again.limit) == (0.5, 1)


def test_moments_of_all_are_a_delay_apart(store: Store) -> None:
    alone = ask(store, "a", delay=0.2)
    times: list[float] = []
    assert ask(store, "b", delay=0.2).times == (), "no room yet"
    ask(store, "a", delay=0.2)
    for _ in range(3):
        times += ask(store, "b", delay=0.2).times
        # Its own time runs out first, and here no time passes.
        assert ask(store, "a", delay=0.2).free_until == alone.free_until
    assert len(times) == 15
    assert times[0] >= alone.free_until + 0.2 - 1e-3
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) == pytest.approx(0.2, abs=1e-3)
    assert max(gaps) == pytest.approx(0.2, abs=1e-3)


def test_who_has_no_room_reserves_no_moment(store: Store) -> None:
    ask(store, "a", delay=0.2, concurrency=1, active=1)
    assert ask(store, "b", delay=0.2, concurrency=1).times == ()
    assert ask(store, "c", delay=0.2, concurrency=1, waits=False).times == ()


def test_what_a_killed_worker_held_lapses(store: Store) -> None:
    ask(store, "a", active=4)
    assert ask(store, "b").limit == 0
    forget_since(store, "a", hosts.LAPSE + 1)
    share = ask(store, "b")
    assert (share.limit, share.alone) == (4, True)


def test_a_rest_is_kept_by_all_and_the_longer_one_holds(store: Store) -> None:
    for seconds in (60.0, 5.0):
        with store.write() as session:
            hosts.rest(session, SHOP, seconds)
    share = ask(store, "b")
    assert 50 < share.rest_until - share.now <= 60


def held(store: Store, now: datetime, name: str) -> tuple[int, str]:
    """A source, and the name of a crawl that holds its job."""
    with store.write() as session:
        platform = session.scalar(select(Platform)) or Platform(name="shop", created_at=now)
        session.add(platform)
        session.flush()
        source = Source(
            name=name,
            kind="shop",
            profile="shop",
            start_urls=[],
            platform_id=platform.id,
            created_at=now,
        )
        session.add(source)
        session.flush()
        jobs.enqueue(session, kind="crawl", key=name, payload={}, due=now, now=now)
        source_id = source.id
    claim = jobs.claim(store, now=now, keys=(name,))
    assert claim is not None
    return source_id, hosts.holder_of(claim.id, claim.token)


def allot(
    store: Store, crawl: tuple[int, str], counted: int, day: date = DAY, most: int = 100
) -> Allotment:
    source_id, holder = crawl
    with store.write() as session:
        return hosts.allot(
            session,
            SHOP,
            holder=holder,
            source_id=source_id,
            day=day,
            most=(most, 1e9),
            counted=(counted, 0),
        )


def spend(store: Store, source_id: int, pages: int) -> None:
    with store.write() as session:
        session.merge(SourceDay(source_id=source_id, day=DAY.isoformat(), pages=pages, bytes=0))


def test_the_budget_of_a_day_is_one_for_all_sources_of_a_host(store: Store, now: datetime) -> None:
    one, two = held(store, now, "one"), held(store, now, "two")
    taken = {one: 0, two: 0}
    for number in range(60):
        crawl = (one, two)[number % 2]
        taken[crawl] = allot(store, crawl, taken[crawl]).pages
        # Only the first one's writer keeps up: what is allotted counts, stored or not.
        spend(store, one[0], taken[one])
    assert sum(taken.values()) == 100
    again = allot(store, one, taken[one])
    assert (again.pages, again.others) == (taken[one], True)
    assert allot(store, one, 0, day=DAY + timedelta(days=1)).pages == 5


def test_what_was_allotted_to_a_killed_crawl_is_there_again(store: Store, now: datetime) -> None:
    one, two = held(store, now, "one"), held(store, now, "two")
    allot(store, one, 0, most=20)
    spend(store, one[0], 0)
    with store.write() as session:
        session.scalars(select(Job).where(Job.key == "one")).one().token += 1
    taken = 0
    while (allotted := allot(store, two, taken, most=20).pages) > taken:
        taken = allotted
    assert taken == 20
