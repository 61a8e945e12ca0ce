"""What a store is, and the clock of a demonstration, which its processes share."""

from datetime import UTC, datetime, timedelta

import pytest

from lantian.clock import SystemClock
from lantian.errors import Conflict
from lantian.store.engine import Store
from lantian.store.installation import DemoClock, clock_of, found, is_demo

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def test_a_demonstration_is_born_one_and_stays_one(store: Store) -> None:
    found(store, demo=True, now=NOW)
    assert found(store, demo=True, now=NOW + timedelta(days=1)).created_at == NOW
    with pytest.raises(Conflict, match="demonstration"):
        found(store, demo=False, now=NOW)
    with store.read() as session:
        assert is_demo(session)


def test_a_real_installation_goes_by_the_systems_clock(store: Store) -> None:
    assert isinstance(clock_of(store), SystemClock)
    found(store, demo=False, now=NOW)
    assert isinstance(clock_of(store), SystemClock)
    with pytest.raises(Conflict, match="real installation"):
        found(store, demo=True, now=NOW)


def test_the_clock_of_a_demonstration_stands_where_it_was_put(store: Store) -> None:
    found(store, demo=True, now=NOW)
    mine = clock_of(store)
    assert isinstance(mine, DemoClock)
    mine.stand_at(NOW - timedelta(weeks=3))
    assert mine.now() == NOW - timedelta(weeks=3)
    another = Store(store.engine.url.render_as_string(hide_password=False))
    assert clock_of(another).now() == mine.now()
    another.close()


def test_the_clock_of_a_demonstration_runs_beside_real_time(store: Store) -> None:
    found(store, demo=True, now=NOW)
    clock = DemoClock(store)
    clock.run(timedelta(days=-7))
    behind = SystemClock().now() - clock.now()
    assert timedelta(days=6, hours=23) < behind < timedelta(days=7, hours=1)
