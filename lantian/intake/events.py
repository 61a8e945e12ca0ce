"""Postings that went, and postings that came back: told once, as they were seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from lantian.model import PostingEvent

GONE, BACK = "gone", "back"
ABSENT = "absent from two complete crawls"
REMOVED = "the page says that it was removed"
SEEN_AGAIN = "it was seen again"
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Moved:
    """A posting that went or came back; `document_id` is its newest version."""

    platform_id: int
    posting_key: str
    document_id: int
    detail: str


def tell(
    session: Session,
    what: str,
    moved: Sequence[Moved],
    *,
    crawl_id: int,
    at: datetime,
    recorded_at: datetime,
) -> None:
    """Write one event for each posting; call it only for those that were not so before."""
    rows = [
        {
            "platform_id": one.platform_id,
            "posting_key": one.posting_key,
            "document_id": one.document_id,
            "crawl_id": crawl_id,
            "what": what,
            "detail": one.detail,
            "at": at,
            "recorded_at": recorded_at,
        }
        for one in moved
    ]
    for start in range(0, len(rows), _CHUNK):
        session.execute(insert(PostingEvent), rows[start : start + _CHUNK])


def events_of(session: Session, platform_id: int, posting_key: str) -> list[PostingEvent]:
    """When the posting went and came back, oldest first."""
    statement = (
        select(PostingEvent)
        .where(PostingEvent.platform_id == platform_id, PostingEvent.posting_key == posting_key)
        .order_by(PostingEvent.id)
    )
    return list(session.scalars(statement))
