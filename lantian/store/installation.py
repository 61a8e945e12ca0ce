"""What this store is, and the clock that goes with it.

A real installation goes by the system's clock. A demonstration keeps its clock in the store's
own row, so that the processes of one demonstration share it.
"""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from lantian.clock import Clock, SystemClock
from lantian.errors import Conflict
from lantian.model import Installation
from lantian.store.engine import Store

THE_ROW = 1
_GRAIN = timedelta(seconds=1)


def found(store: Store, *, demo: bool, now: datetime) -> Installation:
    """The row about this store, made on first use.

    A demo store is born demo and never changes: raises `Conflict` for the other kind.
    """
    with store.write() as session:
        row = session.get(Installation, THE_ROW)
        if row is None:
            row = Installation(id=THE_ROW, created_at=now, demo=demo, clock_offset_seconds=0)
            session.add(row)
        if row.demo != demo:
            kind = "a demonstration" if row.demo else "a real installation"
            raise Conflict(
                f"the store {store.engine.url.render_as_string()} is {kind}, and stays one.",
                hint="Use another data_dir.",
            )
        return row


def is_new(store: Store) -> bool:
    """Whether nobody has said yet what this store is."""
    with store.read() as session:
        return session.get(Installation, THE_ROW) is None


def is_demo(session: Session) -> bool:
    """Whether this store is a demonstration; one without the row is not."""
    row = session.get(Installation, THE_ROW)
    return row is not None and row.demo


def clock_of(store: Store) -> Clock:
    """The clock of this store."""
    with store.read() as session:
        demo = is_demo(session)
    return DemoClock(store) if demo else SystemClock()


class DemoClock:
    """The clock in the store's row: it stands at a moment, or runs beside real time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._real = SystemClock()
        self._read_at: datetime | None = None
        self._stands_at: datetime | None = None
        self._offset = timedelta(0)

    def now(self) -> datetime:
        """The simulated instant, aware, UTC; changes by other processes show within a second."""
        real = self._real.now()
        if self._read_at is None or not timedelta(0) <= real - self._read_at < _GRAIN:
            self._look(real)
        return self._stands_at or real + self._offset

    def stand_at(self, at: datetime) -> None:
        """Stop the clock at `at`."""
        self._change(at, timedelta(0))

    def run(self, offset: timedelta = timedelta(0)) -> None:
        """Let the clock run, `offset` (whole seconds) beside real time."""
        self._change(None, offset)

    def _look(self, real: datetime) -> None:
        with self._store.read() as session:
            row = session.get_one(Installation, THE_ROW)
            self._stands_at = row.clock_at
            self._offset = timedelta(seconds=row.clock_offset_seconds)
        self._read_at = real

    def _change(self, at: datetime | None, offset: timedelta) -> None:
        with self._store.write() as session:
            row = session.get_one(Installation, THE_ROW)
            row.clock_at = at
            row.clock_offset_seconds = int(offset.total_seconds())
        self._read_at = None
