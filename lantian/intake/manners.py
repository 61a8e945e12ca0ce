"""What hosts were asked on each legal day, added up over all crawls (礼貌访问日志)."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from sqlalchemy import case, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from lantian.model import HostDay


class Asked(Protocol):
    """What one host was asked since the last time."""

    requests: int
    bytes: int
    refused: int
    longest_pause: float


def note_asked(session: Session, day: date, asked: Mapping[str, Asked]) -> None:
    """Add what hosts were asked to their day."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    for host, one in sorted(asked.items()):
        statement = insert(HostDay).values(
            host=host[:255],
            day=day.isoformat(),
            requests=one.requests,
            bytes=one.bytes,
            refused=one.refused,
            longest_pause=one.longest_pause,
        )
        new = statement.excluded
        longer = new.longest_pause > HostDay.longest_pause
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["host", "day"],
                set_={
                    "requests": HostDay.requests + new.requests,
                    "bytes": HostDay.bytes + new.bytes,
                    "refused": HostDay.refused + new.refused,
                    "longest_pause": case((longer, new.longest_pause), else_=HostDay.longest_pause),
                },
            )
        )


def asked_since(session: Session, day: date, host: str = "") -> Sequence[HostDay]:
    """The days of all hosts, or of one, from a day on, newest first."""
    statement = select(HostDay).where(HostDay.day >= day.isoformat())
    if host:
        statement = statement.where(HostDay.host == host)
    return session.scalars(statement.order_by(HostDay.day.desc(), HostDay.host)).all()
