"""One page of the queue: ids from the index, rows from the store."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, func, select
from sqlalchemy.orm import Session

from dashboards.filters import SECOND, Filter, query_of
from lantian.clues.leases import Holder
from lantian.clues.likeness import Group, groups_by_digest
from lantian.clues.queue import find_clues
from lantian.errors import IndexUnavailable
from lantian.model import Clue, ClueClaim, Document, Platform, Seller, TextForm, User, UtcTime
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

    def row(self, clue_id: int) -> Row | None:
        """The row of this clue, if it is in the list."""
        return next((row for row in self.rows if row.id == clue_id), None)

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
        if wanted.one.get("sort") == SECOND and query.words is None:
            # What it says stands in the store only.
            found, from_index = find_clues(session, query, second=True), True
        else:
            found, from_index = parts.index.search(query), True
    except IndexUnavailable:
        found, from_index = find_clues(session, replace(query, words=None)), False
    rows = rows_of(session, found.clue_ids, now=now)
    # The index may be a moment behind: what was just decided is no longer listed as open.
    kept = tuple(row for row in rows if not query.states or row.state in query.states)
    total = found.total - (len(found.clue_ids) - len(kept))
    return Listing(kept, total, found.next, from_index)


BEGINNING = func.substr(Document.text, 1, TITLE_LENGTH).label("beginning")
CLAIMS = (
    select(func.aggregate_strings(ClueClaim.claim, " "))
    .where(ClueClaim.clue_id == Clue.id)
    .correlate(Clue)
    .scalar_subquery()
    .label("claims")
)
# One question, made once: a page of the queue waits for it.
_ROWS = (
    select(
        Clue.id,
        Document.title,
        BEGINNING,
        Platform.title.label("platform_title"),
        Platform.name.label("platform"),
        Seller.name.label("seller"),
        CLAIMS,
        Clue.severity,
        Clue.score,
        Clue.state,
        Clue.presence,
        Clue.first_seen_at,
        Clue.revision,
        User.id.label("holder_id"),
        User.display_name.label("holder"),
        case((User.id.is_not(None), Clue.lease_until)).label("lease_until"),
        TextForm.group_digest,
    )
    .join(Document, Document.id == Clue.document_id)
    .join(Platform, Platform.id == Clue.platform_id)
    .outerjoin(Seller, Seller.id == Clue.seller_id)
    .outerjoin(
        User, (User.id == Clue.lease_user_id) & (Clue.lease_until > bindparam("now", type_=UtcTime))
    )
    .outerjoin(TextForm, TextForm.id == Clue.form_id)
    .where(Clue.id.in_(bindparam("ids", expanding=True)))
)


def rows_of(session: Session, ids: Sequence[int], *, now: datetime) -> tuple[Row, ...]:
    """The rows of these clues, in the given order, by two questions however many they are."""
    if not ids:
        return ()
    found = session.execute(_ROWS, {"ids": list(ids), "now": now}).all()
    groups = groups_by_digest(session, (one.group_digest for one in found))
    made = {one.id: _row(one, groups.get(one.group_digest)) for one in found}
    return tuple(made[clue_id] for clue_id in ids if clue_id in made)


def _row(one: Any, group: Group | None) -> Row:
    held = one.lease_until is not None
    return Row(
        id=one.id,
        title=one.title or one.beginning,
        platform=one.platform_title or one.platform,
        seller=one.seller or "",
        claims=tuple(sorted((one.claims or "").split())),
        severity=one.severity,
        score=one.score,
        state=one.state,
        presence=one.presence,
        first_seen=one.first_seen_at,
        revision=one.revision,
        holder=Holder(one.holder_id, one.holder, one.lease_until) if held else None,
        group=group,
    )
