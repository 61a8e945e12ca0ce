"""What a source was asked for on each legal day: counted in the transaction of its visits."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from lantian.clock import legal_day
from lantian.intake.visit import Visit
from lantian.model import SourceDay


@dataclass(frozen=True, slots=True)
class Spent:
    """Pages and bytes of one day."""

    pages: int = 0
    bytes: int = 0


def spend(session: Session, source_id: int, visits: Sequence[Visit]) -> None:
    """Add the visits to what the source took on their days; what was handed in took nothing."""
    pages: Counter[str] = Counter()
    received: Counter[str] = Counter()
    for visit in visits:
        if visit.via != "handed":
            day = legal_day(visit.at).isoformat()
            pages[day] += 1
            received[day] += len(visit.raw_head) + len(visit.body)
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    for day, count in sorted(pages.items()):
        row = {"source_id": source_id, "day": day, "pages": count, "bytes": received[day]}
        statement = insert(SourceDay).values(row)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["source_id", "day"],
                set_={
                    "pages": SourceDay.pages + statement.excluded.pages,
                    "bytes": SourceDay.bytes + statement.excluded.bytes,
                },
            )
        )


def spent_on(session: Session, source_id: int, day: date) -> Spent:
    """What the source took on that day."""
    row = session.execute(
        select(SourceDay.pages, SourceDay.bytes).where(
            SourceDay.source_id == source_id, SourceDay.day == day.isoformat()
        )
    ).first()
    return Spent() if row is None else Spent(*row)
