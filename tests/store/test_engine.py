"""The store behind one address: transactions, settings, time."""

import fcntl
import os
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from lantian.errors import ConfigError, StoreError
from lantian.model import Platform, Source
from lantian.store.engine import Store, database_now, ping


def test_what_is_written_is_committed_and_stays_readable(store: Store, now: datetime) -> None:
    with store.write() as session:
        session.add(Platform(name="shop", created_at=now))
    with store.read() as session:
        platform = session.scalars(select(Platform)).one()
    assert (platform.name, platform.created_at) == ("shop", now)


def _write_and_die(store: Store, now: datetime) -> None:
    with store.write() as session:
        session.add(Platform(name="shop", created_at=now))
        session.flush()
        raise RuntimeError


def test_an_error_takes_everything_back(store: Store, now: datetime) -> None:
    with pytest.raises(RuntimeError):
        _write_and_die(store, now)
    with store.read() as session:
        assert session.scalars(select(Platform)).all() == []


def test_a_read_changes_nothing(store: Store, now: datetime) -> None:
    with store.read() as session:
        session.add(Platform(name="shop", created_at=now))
        session.flush()
    with store.read() as session:
        assert session.scalars(select(Platform)).all() == []


def test_a_glance_sees_what_is_committed_and_leaves_nothing_open(
    store: Store, now: datetime
) -> None:
    with store.write() as session:
        session.add(Platform(name="shop", created_at=now))
    with store.glance() as session:
        platform = session.scalars(select(Platform)).one()
    assert (platform.name, platform.created_at) == ("shop", now)
    _write_and_take_back(store, now)
    with store.glance() as session:
        assert session.scalars(select(Platform.name)).all() == ["shop"]


def _write_and_take_back(store: Store, now: datetime) -> None:
    with store.read() as session:
        session.add(Platform(name="other", created_at=now))
        session.flush()


# A file ends no connection.
@pytest.mark.postgres
@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
def test_a_connection_that_the_server_ended_is_replaced(store: Store) -> None:
    pid = text("select pg_backend_pid()")
    with closing(Store(store.url)) as other:
        for way in (store.read, store.glance, store.write):
            with store.read() as session:
                old = session.scalar(pid)
            with other.read() as session:
                session.execute(text("select pg_terminate_backend(:pid, 60000)"), {"pid": old})
            with way() as session:
                assert session.scalar(pid) != old


def _nest(store: Store) -> None:
    with store.write(), store.write():
        pass


def test_a_write_inside_a_write_is_refused_and_the_store_stays_usable(
    store: Store, now: datetime
) -> None:
    with pytest.raises(StoreError, match="inside another"):
        _nest(store)
    with store.write() as session:
        session.add(Platform(name="shop", created_at=now))


def test_writers_of_one_process_go_one_by_one(store: Store, now: datetime) -> None:
    with store.write() as session:
        session.add(Platform(name="count", title="0", created_at=now))

    def raise_it() -> None:
        for _ in range(20):
            with store.write() as session:
                row = session.scalars(select(Platform)).one()
                row.title = str(int(row.title) + 1)

    threads = [threading.Thread(target=raise_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as session:
        assert session.scalars(select(Platform.title)).one() == "80"


def test_two_stores_on_one_address_wait_for_each_other(
    store: Store, store_url: str, now: datetime
) -> None:
    other = Store(store_url)
    order = []
    inside = threading.Event()

    def write_too() -> None:
        inside.wait(30)
        with other.write() as session:
            session.add(Platform(name="shop", created_at=now))
            order.append("second")

    thread = threading.Thread(target=write_too)
    thread.start()
    with store.write() as session:
        session.add(Platform(name="other", created_at=now))
        session.flush()
        inside.set()
        order.append("first")
    thread.join()
    other.close()
    assert order == ["first", "second"]
    with store.read() as session:
        assert len(session.scalars(select(Platform)).all()) == 2


def test_a_foreign_key_that_leads_nowhere_is_refused(store: Store, now: datetime) -> None:
    source = Source(
        name="s", kind="shop", profile="p", start_urls=[], platform_id=99, created_at=now
    )
    with pytest.raises(IntegrityError):
        _add(store, source)


def _add(store: Store, source: Source) -> None:
    with store.write() as session:
        session.add(source)


def test_sqlite_has_the_settings_that_keep_data(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "trusted_schema": 0,
        "busy_timeout": 10_000,
        "mmap_size": 0,
    }
    with store.read() as session:
        found = {name: session.scalar(text(f"PRAGMA {name}")) for name in wanted}
    store.close()
    assert found == wanted


@pytest.mark.postgres
def test_postgresql_has_the_limits_that_keep_it_answering(postgres_store_url: str) -> None:
    store = Store(postgres_store_url)
    with store.read() as session:
        found = {
            name: session.scalar(text(f"SHOW {name}"))
            for name in ("timezone", "statement_timeout", "lock_timeout")
        }
    store.close()
    assert found == {"timezone": "UTC", "statement_timeout": "1min", "lock_timeout": "20s"}


@pytest.mark.parametrize(
    "url,fault",
    [
        ("nonsense", "no address of a store"),
        ("mysql://x/y", "mysql, which is not supported"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
    ],
)
def test_an_address_that_is_no_stores_is_named(url: str, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        Store(url)


@pytest.mark.postgres
def test_a_server_that_does_not_answer_is_named_without_its_password(free_port: int) -> None:
    store = Store(f"postgresql+psycopg://lin:secret@127.0.0.1:{free_port}/lantian")
    with pytest.raises(StoreError, match="does not answer") as caught:
        ping(store)
    assert "secret" not in str(caught.value)
    store.close()


def test_the_databases_time_is_aware_and_is_now(store: Store) -> None:
    with store.read() as session:
        found = database_now(session)
    assert found.tzinfo is not None
    assert abs(found - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_naive_time_is_refused(store: Store) -> None:
    with pytest.raises(StatementError, match="naive"):
        _add_naive(store)


def _add_naive(store: Store) -> None:
    with store.write() as session:
        session.add(Platform(name="shop", created_at=datetime(2026, 9, 7)))  # noqa: DTZ001


def _kept(session: Session, at: datetime, name: str) -> datetime:
    session.add(Platform(name=name, created_at=at))
    session.flush()
    session.expire_all()
    found = session.scalars(select(Platform.created_at).where(Platform.name == name)).one()
    session.execute(text("DELETE FROM platform"))
    return found


@given(
    at=st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001
    minutes=st.integers(-720, 840),
)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_instant_comes_back_as_it_was_whatever_its_zone(
    store: Store, at: datetime, minutes: int
) -> None:
    given_at = at.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    with store.write() as session:
        found = _kept(session, given_at, "shop")
    assert found == given_at
    assert found.utcoffset() == timedelta(0)


def test_times_sort_as_instants_do(store: Store, now: datetime) -> None:
    zone = timezone(timedelta(hours=8))
    moments = [now, now + timedelta(microseconds=1), now + timedelta(seconds=1)]
    with store.write() as session:
        for number, at in enumerate(reversed(moments)):
            session.add(Platform(name=str(number), created_at=at.astimezone(zone)))
    with store.read() as session:
        found = session.scalars(select(Platform.created_at).order_by(Platform.created_at)).all()
        later = select(Platform.name).where(Platform.created_at > now.astimezone(zone))
        assert set(session.scalars(later)) == {"0", "1"}
    assert list(found) == moments


def test_connections_to_one_folder_are_prepared_one_at_a_time(tmp_path: Path) -> None:
    # Seen: two that switch a new file to WAL at once, and one of them fails with "locked".
    store = Store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    prepared = threading.Event()

    def connect() -> None:
        with store.engine.connect():
            prepared.set()

    thread = threading.Thread(target=connect)
    handle = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        thread.start()
        assert not prepared.wait(0.3)
    finally:
        os.close(handle)
    thread.join()
    assert prepared.is_set()
    store.close()
