"""`/api/v1/clues`: search over the index, with an office's key."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from sqlalchemy import select
from sqlalchemy.orm import Session

from api import schemas
from api.paging import instant
from api.security import KeyWith, PartsHere
from lantian.access.keys import Principal
from lantian.errors import Invalid
from lantian.model import Clue, Document, Hit, Platform, Seller
from lantian.search import query as asked
from lantian.takedowns.highlights import passages

router = APIRouter(prefix="/clues", tags=["clues"])

Office = Annotated[Principal, Depends(KeyWith("clues:read"))]
Words = Annotated[list[str] | None, Query()]
Moment = Annotated[datetime | None, Query(description="RFC 3339 with offset.")]


@router.get("", response_model=schemas.CluesPage, summary="Search clues")
def clues(
    *,
    _who: Office,
    parts: PartsHere,
    q: Annotated[
        str, Query(max_length=500, description="Words that all must stand there; “…” side by side.")
    ] = "",
    claim: Words = None,
    state: Annotated[list[Literal["open", "confirmed", "dismissed"]] | None, Query()] = None,
    presence: Annotated[list[Literal["online", "gone", "changed"]] | None, Query()] = None,
    severity: Annotated[list[Annotated[int, Query(ge=1, le=3)]] | None, Query()] = None,
    platform: Annotated[list[str] | None, Query(description="Names of platforms.")] = None,
    notice: Annotated[
        list[str] | None, Query(description="State of the newest notice, or `none`.")
    ] = None,
    first_seen_from: Moment = None,
    first_seen_to: Moment = None,
    min_score: Annotated[float | None, Query(ge=0, le=1)] = None,
    sort: asked.Sort = asked.Sort.URGENT,
    cursor: Annotated[str, Query(description="`next_cursor` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> schemas.CluesPage:
    """Clues in the order of `sort`; what is decided now shows up in the index within seconds."""
    from matchers.words import tokens_for_index

    with parts.store.read() as session:
        question = asked.Query(
            words=asked.parse(q, tokens_for_index),
            claims=frozenset(claim or ()),
            states=frozenset(state or ()),
            presences=frozenset(presence or ()),
            severities=frozenset(severity or ()),
            platforms=_platforms(session, platform or ()),
            notice_states=frozenset(notice or ()),
            first_seen=asked.Span(
                instant("first_seen_from", first_seen_from), instant("first_seen_to", first_seen_to)
            ),
            min_score=min_score,
            sort=sort,
            after=cursor,
            limit=limit,
        )
        found = parts.index.search(question)
        items = _found(session, found.clue_ids)
    return schemas.CluesPage(items=items, next_cursor=found.next or None, total=found.total)


def _platforms(session: Session, names: Sequence[str]) -> frozenset[int]:
    if not names:
        return frozenset()
    found = session.execute(select(Platform.name, Platform.id).where(Platform.name.in_(names)))
    known = dict(found.all())
    for name in names:
        if name not in known:
            raise Invalid(f"platform {name!r} is unknown.", hint="Use a platform's exact name.")
    return frozenset(known.values())


def _found(session: Session, clue_ids: Sequence[int]) -> list[schemas.ClueFound]:
    """The clues in the order of the index; one that the store has no more is left out."""
    statement = (
        select(Clue, Document, Platform.name, Seller.name)
        .join(Document, Document.id == Clue.document_id)
        .join(Platform, Platform.id == Clue.platform_id)
        .outerjoin(Seller, Seller.id == Clue.seller_id)
        .where(Clue.id.in_(clue_ids))
    )
    rows = {row[0].id: row for row in session.execute(statement)}
    hits: dict[tuple[int, str], list[Hit]] = defaultdict(list)
    documents = [document.id for _, document, _, _ in rows.values()]
    for hit in session.scalars(select(Hit).where(Hit.document_id.in_(documents))):
        hits[hit.document_id, hit.pack_hash].append(hit)
    return [
        _told(*rows[clue_id], hits[rows[clue_id][1].id, rows[clue_id][0].pack_hash])
        for clue_id in clue_ids
        if clue_id in rows
    ]


def _told(
    clue: Clue, document: Document, platform: str, seller: str | None, hits: list[Hit]
) -> schemas.ClueFound:
    marks = ((hit.start, hit.end, hit.claim) for hit in hits)
    return schemas.ClueFound(
        id=clue.id,
        revision=clue.revision,
        url=document.url,
        kind=document.kind,
        title=document.title,
        platform=platform,
        seller=seller,
        state=clue.state,
        presence=clue.presence,
        severity=clue.severity,
        score=clue.score,
        claims={claim.claim: claim.state for claim in clue.claims},
        first_seen_at=clue.first_seen_at,
        last_seen_at=clue.last_seen_at,
        decided_at=clue.decided_at,
        passages=[
            [schemas.Segment(**segment) for segment in passage]
            for passage in passages(document.text, marks)
        ],
    )
