"""One page of the queue: ids from the index, rows from the store."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dashboards.filters import Filter, query_of
from lantian.clues.leases import Holder, holders
from lantian.clues.likeness import Group, groups_of
from lantian.clues.queue import find_clues
from lantian.errors import IndexUnavailable
from lantian.model import Clue, ClueClaim, Document, Platform, Seller
from lantian.wiring import Parts

TITLE_LENGTH = 60
"""Characters of the text that stand for a title that is not there."""


@dataclass(frozen=True, slots=True)
class Row:
    """One clue in the list."""

    id: int
    title: str
    platform: str
    seller: str
    claims: tuple[str, ...]
    severity: int
    score: float
    state: str
    presence: str
    first_seen: datetime
    revision: int
    holder: Holder | None
    group: Group | None
    """Clues of the same text, if there is another."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the list; `from_index` says whether the index answered."""

    rows: tuple[Row, ...]
    total: int
    next: str
    from_index: bool

    def after(self, clue_id: int) -> int | None:
        """The clue below this one; the first, if this one is not in the list."""
        ids = [row.id for row in self.rows]
        if clue_id not in ids:
            return ids[0] if ids else None
        below = ids[ids.index(clue_id) + 1 :]
        return below[0] if below else None

    def before(self, clue_id: int) -> int | None:
        """The clue above this one."""
        ids = [row.id for row in self.rows]
        above = ids[: ids.index(clue_id)] if clue_id in ids else []
        return above[-1] if above else None


def listing(
    parts: Parts, session: Session, wanted: Filter, *, after: str = "", now: datetime
) -> Listing:
    """One page of the clues under the filter.

    While the index does not answer, the store lists them itself, without full-text search.
    """
    query = query_of(session, wanted, after=after)
    try:
        found, from_index = parts.index.search(query), True
    except IndexUnavailable:
        found, from_index = find_clues(session, replace(query, words=None)), False
    rows = rows_of(session, found.clue_ids, now=now)
    # The index may be a moment behind: what was just decided is no longer listed as open.
    kept = tuple(row for row in rows if not query.states or row.state in query.states)
    total = found.total - (len(found.clue_ids) - len(kept))
    return Listing(kept, total, found.next, from_index)


def rows_of(session: Session, ids: Sequence[int], *, now: datetime) -> tuple[Row, ...]:
    """The rows of these clues, in the given order, by five queries however many they are."""
    if not ids:
        return ()
    statement = (
        select(
            Clue.id,
            Document.title,
            func.substr(Document.text, 1, TITLE_LENGTH),
            Platform.title,
            Platform.name,
            Seller.name,
            Clue.severity,
            Clue.score,
            Clue.state,
            Clue.presence,
            Clue.first_seen_at,
            Clue.revision,
        )
        .join(Document, Document.id == Clue.document_id)
        .join(Platform, Platform.id == Clue.platform_id)
        .outerjoin(Seller, Seller.id == Clue.seller_id)
        .where(Clue.id.in_(ids))
    )
    claims: dict[int, list[str]] = {}
    of_clues = select(ClueClaim.clue_id, ClueClaim.claim).where(ClueClaim.clue_id.in_(ids))
    for clue_id, claim in session.execute(of_clues.order_by(ClueClaim.claim)):
        claims.setdefault(clue_id, []).append(claim)
    held = holders(session, ids, now=now)
    groups = groups_of(session, ids)
    made = {}
    for one in session.execute(statement):
        clue_id, title, text, platform, name, seller, severity, score, *rest = one
        state, presence, first_seen, revision = rest
        made[clue_id] = Row(
            id=clue_id,
            title=title or text,
            platform=platform or name,
            seller=seller or "",
            claims=tuple(claims.get(clue_id, ())),
            severity=severity,
            score=score,
            state=state,
            presence=presence,
            first_seen=first_seen,
            revision=revision,
            holder=held.get(clue_id),
            group=groups.get(clue_id),
        )
    return tuple(made[clue_id] for clue_id in ids if clue_id in made)
