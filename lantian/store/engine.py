"""One store on SQLite (embedded) or PostgreSQL, chosen by its address.

Each process has one write transaction open at most: a thread lock, then on SQLite a file lock,
then `BEGIN IMMEDIATE`. Without the file lock, saturating writers starve each other.
"""

import fcntl
import json
import os
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, InvalidatePoolError, OperationalError
from sqlalchemy.orm import Session

from lantian.clock import as_utc
from lantian.errors import ConfigError, StoreError

WRITES = "lantian_writes"
PATIENCE = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""How long a PostgreSQL that is not there any more is waited for (libpq). One that is there and
does not answer is waited for until it does: leases go by its time."""
_ALONE = "AUTOCOMMIT"  # each question a transaction of its own
_IDLE_SECONDS = 30.0
"""So long after its last use, a connection is asked whether it still stands, however it looks."""
_DENSE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Store:
    """The store behind one address.

    `read()` gives a session that is rolled back, `write()` one that is committed unless an error
    leaves the block. Entities stay readable after either.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        self.sqlite = self.engine.dialect.name == "sqlite"
        self._glancing = (
            self.engine if self.sqlite else self.engine.execution_options(isolation_level=_ALONE)
        )
        self._lock = threading.RLock()
        self._writing = False
        self._lock_file = _lock_path(url) if self.sqlite else None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session  # Closing rolls back; an explicit rollback would empty the entities.

    @contextmanager
    def glance(self) -> Iterator[Session]:
        """A session for a few quick questions, which may write nothing.

        As `read`, whose questions on PostgreSQL do not see one state either; but there no
        transaction is begun and rolled back around them, which are two journeys to the server.
        """
        with Session(self._glancing, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session in the one write transaction of this process; committed at the end."""
        with self._lock, self._file_lock():
            if self._writing:
                raise StoreError(
                    "a write transaction was opened inside another.",
                    hint="Pass the session on instead.",
                )
            self._writing = True
            try:
                engine = self.engine.execution_options(**{WRITES: True})
                with Session(engine, expire_on_commit=False) as session, session.begin():
                    yield session
            finally:
                self._writing = False

    @contextmanager
    def _file_lock(self) -> Iterator[None]:
        if self._lock_file is None or self._writing:
            yield
            return
        handle = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    @contextmanager
    def alone(self, name: str, number: int) -> Iterator[None]:
        """Wait until nobody else does what goes by this name, on any machine, and keep it so.

        No transaction is open meanwhile. `number` is the name on PostgreSQL.
        """
        if self._lock_file is not None:
            handle = os.open(f"{self._lock_file}.{name}", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                yield
            finally:
                os.close(handle)
            return
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            # Asked for again and again: waiting inside would run into the time-out of a statement.
            take = text("select pg_try_advisory_lock(:number)")
            while not connection.execute(take, {"number": number}).scalar_one():
                time.sleep(0.1)
            try:
                yield
            finally:
                connection.execute(text("select pg_advisory_unlock(:number)"), {"number": number})

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def database_now(session: Session) -> datetime:
    """The time of the database: what leases go by, so that workers' clocks do not matter."""
    if session.get_bind().dialect.name == "postgresql":
        return as_utc(session.execute(text("select clock_timestamp()")).scalar_one())
    found = session.execute(text("select strftime('%Y-%m-%d %H:%M:%f', 'now')")).scalar_one()
    return datetime.fromisoformat(found).replace(tzinfo=UTC)


def sqlite_module() -> ModuleType:
    """The SQLite driver: the bundled one where there is a wheel, else Python's own.

    SQLite 3.7.0 to 3.51.2 can corrupt a WAL that two connections write and check-point;
    `lantian doctor` tells.
    """
    try:
        from pysqlite3 import dbapi2
    except ImportError:
        import sqlite3

        return sqlite3
    return dbapi2  # type: ignore[no-any-return]


def _dense_json(value: Any) -> str:
    """How JSON stands in rows: as the digests over it have it, where UTF-8 can say it."""
    dense = _DENSE(value)
    try:
        dense.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, out of some page
        return json.dumps(value)
    return dense


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigError(
            f"store_url {url!r} is no address of a store.",
            hint="Give sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE.",
        ) from error
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(url, parsed.database)
    if parsed.get_backend_name() == "postgresql":
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        options = (
            "-c timezone=UTC -c statement_timeout=60000 -c lock_timeout=20000"
            " -c idle_in_transaction_session_timeout=120000"
        )
        engine = create_engine(
            parsed, json_serializer=_dense_json, connect_args={"options": options, **PATIENCE}
        )
        _look_before_use(engine)
        event.listen(engine, "connect", _prepare_postgresql)
        return engine
    raise ConfigError(
        f"store_url names {parsed.get_backend_name()}, which is not supported.",
        hint="Use SQLite or PostgreSQL.",
    )


def _look_before_use(engine: Engine) -> None:
    """Have the pool make new connections once one of them no longer stands.

    A server that ends a connection says so: then there is something to read. Only then, or after
    a while, is the server asked, and not before every use, which is a journey each.
    """

    def note(_connection: Any, record: Any) -> None:
        record.info["used"] = time.monotonic()

    def look(connection: Any, record: Any, _proxy: object) -> None:
        used = record.info.get("used")
        if used is None or (time.monotonic() - used < _IDLE_SECONDS and _is_silent(connection)):
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error

    event.listen(engine, "checkin", note)
    event.listen(engine, "checkout", look)


def _is_silent(connection: Any) -> bool:
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    return not poll.poll(0)


def _prepare_postgresql(connection: Any, _record: object) -> None:
    # Pages' texts are compressed four times as fast as its own way, as small; old builds lack it.
    connection.execute(
        "select set_config(name, 'lz4', false) from pg_settings"
        " where name = 'default_toast_compression' and 'lz4' = any(enumvals)"
    )
    connection.commit()


def _sqlite_engine(url: str, database: str | None) -> Engine:
    if not database or database == ":memory:":
        raise ConfigError("store_url names no file.", hint="Give sqlite:///FILE.")
    Path(database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        module=sqlite_module(),
        connect_args={"check_same_thread": False},
        pool_size=20,
        json_serializer=_dense_json,
    )
    folder = Path(database).parent

    def prepare(connection: Any, _record: object) -> None:
        # Two that switch a new file to WAL at once fail with "locked" in spite of the time-out.
        with _only_one_in(folder):
            _prepare_sqlite(connection)

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def _only_one_in(folder: Path) -> Iterator[None]:
    """A lock on the folder itself: on the file it would meet SQLite's own."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _prepare_sqlite(connection: Any) -> None:
    # Transactions are begun by us: the driver's own begin is deferred and dead-locks on upgrade.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "busy_timeout=10000",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",
        "trusted_schema=OFF",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _lock_path(url: str) -> Path:
    database = make_url(url).database
    return Path(f"{database}.lock")


def ping(store: Store) -> None:
    """Nothing, if the store answers; raises `StoreError` naming it otherwise."""
    try:
        with store.read() as session:
            session.execute(text("select 1"))
    except OperationalError as error:
        raise StoreError(
            f"the store {store.engine.url.render_as_string()} does not answer: {error.orig}.",
            hint="Start it, or correct store_url.",
        ) from error
