"""The frontier of a crawl: rows of the store, so that it survives kill -9."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from lantian.model import FrontierRow
from lantian.store.rows import add_new_rows


@dataclass(frozen=True, slots=True)
class Planned:
    """An address that a crawl is to visit. `fingerprint` is unique within the crawl."""

    fingerprint: str
    url: str
    role: str
    depth: int = 0
    meta: dict[str, Any] = field(default_factory=dict)


def plan(session: Session, crawl_id: int, rows: Iterable[Planned]) -> int:
    """How many of the rows were new; known fingerprints are left as they stand."""
    values = [
        {
            "crawl_id": crawl_id,
            "fingerprint": row.fingerprint,
            "url": row.url,
            "role": row.role,
            "depth": row.depth,
            "meta": row.meta,
            "state": "open",
        }
        for row in rows
    ]
    return len(add_new_rows(session, FrontierRow, values, unique=("crawl_id", "fingerprint")))


def mark_done(session: Session, crawl_id: int, outcomes: dict[str, str]) -> None:
    """Close the rows of these fingerprints, each with its outcome."""
    by_outcome: dict[str, list[str]] = {}
    for fingerprint, outcome in outcomes.items():
        by_outcome.setdefault(outcome, []).append(fingerprint)
    for outcome, fingerprints in by_outcome.items():
        session.execute(
            update(FrontierRow)
            .where(FrontierRow.crawl_id == crawl_id, FrontierRow.fingerprint.in_(fingerprints))
            .values(state="done", outcome=outcome),
            execution_options={"synchronize_session": False},
        )


def leave_out(session: Session, crawl_id: int) -> int:
    """How many rows were still open: they are closed as left out for the budget of the day."""
    statement = (
        update(FrontierRow)
        .where(FrontierRow.crawl_id == crawl_id, FrontierRow.state == "open")
        .values(state="done", outcome="left_out")
        .returning(FrontierRow.id)
    )
    found = session.execute(statement, execution_options={"synchronize_session": False})
    return len(found.all())


def open_rows(session: Session, crawl_id: int) -> list[FrontierRow]:
    """The rows that are still to be visited, oldest first."""
    statement = (
        select(FrontierRow)
        .where(FrontierRow.crawl_id == crawl_id, FrontierRow.state == "open")
        .order_by(FrontierRow.id)
    )
    return list(session.scalars(statement))


def fingerprints(session: Session, crawl_id: int) -> list[str]:
    """Every fingerprint of the crawl, open or done: what must not be requested again."""
    statement = select(FrontierRow.fingerprint).where(FrontierRow.crawl_id == crawl_id)
    return list(session.scalars(statement))


def tally(session: Session, crawl_id: int) -> dict[str, int]:
    """How many rows the crawl has per outcome; `open` for those not yet visited."""
    key = func.coalesce(FrontierRow.outcome, "open")
    statement = select(key, func.count()).where(FrontierRow.crawl_id == crawl_id).group_by(key)
    return dict(session.execute(statement).all())
