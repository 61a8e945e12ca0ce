"""Each change of a clue is a revision, and the index hears of it by a job."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.errors import NotFound, Stale
from lantian.model import Clue
from lantian.store import jobs


def changed(session: Session, clue: Clue, *, now: datetime) -> None:
    """Raise the clue's revision and enqueue its `index` job, in the caller's transaction."""
    clue.revision += 1
    session.flush()
    enqueue_index(session, clue.id, clue.revision, now=now)


def enqueue_index(session: Session, clue_id: int, revision: int, *, now: datetime) -> None:
    """Let the index take this revision of the clue."""
    jobs.enqueue(
        session,
        kind="index",
        key=f"index:{clue_id}:{revision}",
        payload={"clue_id": clue_id, "revision": revision},
        due=now,
        now=now,
    )


def locked(session: Session, clue_id: int, expected_revision: int | None = None) -> Clue:
    """The clue, its row locked until the transaction ends; raises `NotFound` or `Stale`."""
    statement = select(Clue).where(Clue.id == clue_id).with_for_update()
    clue = session.scalar(statement, execution_options={"populate_existing": True})
    if clue is None:
        raise NotFound(f"there is no clue {clue_id}.")
    if expected_revision is not None and clue.revision != expected_revision:
        raise Stale(
            f"clue {clue_id} has changed since it was shown: it is at revision {clue.revision}, "
            f"not {expected_revision}.",
            hint="Look at it again, then decide.",
        )
    return clue
