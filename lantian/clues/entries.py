"""What the index is told of a clue, read from the store; tokens are never made anew."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lantian.errors import NotFound
from lantian.model import Clue, ClueClaim, Notice, NoticeItem
from lantian.search.entry import NO_ID, IndexEntry

BATCH = 500

_COLUMNS = (
    Clue.id,
    Clue.revision,
    Clue.tokens,
    Clue.platform_id,
    Clue.source_id,
    Clue.seller_id,
    Clue.severity,
    Clue.score,
    Clue.state,
    Clue.presence,
    Clue.first_seen_at,
    Clue.last_seen_at,
    Clue.decided_at,
)


def index_entry(session: Session, clue_id: int) -> IndexEntry:
    """The entry of one clue as it stands; raises `NotFound`."""
    entries = index_entries(session, [clue_id])
    if not entries:
        raise NotFound(f"there is no clue {clue_id}.")
    return entries[0]


def index_entries(session: Session, clue_ids: Sequence[int]) -> list[IndexEntry]:
    """The entries of these clues by id; those that are not there are left out."""
    statement = select(*_COLUMNS).where(Clue.id.in_(clue_ids)).order_by(Clue.id)
    return _entries(session, session.execute(statement).all())


def all_entries(session: Session) -> Iterator[IndexEntry]:
    """The entries of all clues by id, read some at a time: what an index is rebuilt from."""
    last = 0
    while True:
        statement = select(*_COLUMNS).where(Clue.id > last).order_by(Clue.id).limit(BATCH)
        rows = session.execute(statement).all()
        if not rows:
            return
        yield from _entries(session, rows)
        last = rows[-1].id


def count_clues(session: Session) -> int:
    """How many clues there are, for progress."""
    return session.scalar(select(func.count()).select_from(Clue)) or 0


def _entries(session: Session, rows: Sequence[Any]) -> list[IndexEntry]:
    ids = [row.id for row in rows]
    claims: dict[int, list[str]] = {}
    of_clues = select(ClueClaim.clue_id, ClueClaim.claim).where(ClueClaim.clue_id.in_(ids))
    for clue_id, claim in session.execute(of_clues):
        claims.setdefault(clue_id, []).append(claim)
    notices = dict(
        session.execute(
            select(NoticeItem.clue_id, Notice.state)
            .join(Notice, Notice.id == NoticeItem.notice_id)
            .where(NoticeItem.clue_id.in_(ids))
            .order_by(NoticeItem.id)
        ).all()
    )
    return [
        IndexEntry(
            clue_id=row.id,
            revision=row.revision,
            tokens=tuple(row.tokens),
            platform_id=row.platform_id,
            source_id=row.source_id,
            seller_id=row.seller_id or NO_ID,
            claims=tuple(sorted(claims.get(row.id, ()))),
            severity=row.severity,
            state=row.state,
            presence=row.presence,
            first_seen=row.first_seen_at,
            last_seen=row.last_seen_at,
            decided_at=row.decided_at,
            score=row.score,
            notice_state=notices.get(row.id, "none"),
        )
        for row in rows
    ]
