"""Sellers: who published, as the platform names them."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.model import Seller
from lantian.reading import ReadDocument
from lantian.store.rows import add_with_ids, change_rows

ALL = frozenset({"name", "url"})


def store_sellers(
    session: Session,
    seen: Iterable[tuple[datetime, ReadDocument]],
    platform_id: int,
    kept: frozenset[str] = ALL,
) -> dict[str, int]:
    """The ids of the sellers of these documents by key, stored with when they were seen.

    Of name and address only what is `kept` is stored.
    """
    latest: dict[str, tuple[datetime, ReadDocument]] = {}
    for at, document in seen:
        if document.seller_key:
            latest[document.seller_key] = (at, document)
    if not latest:
        return {}
    statement = select(Seller.key, Seller.id).where(
        Seller.platform_id == platform_id, Seller.key.in_(latest)
    )
    ids = dict(session.execute(statement).all())
    again = [
        {"id": seller_id, **_told(latest[key][1], kept), "last_seen_at": latest[key][0]}
        for key, seller_id in ids.items()
    ]
    change_rows(session, Seller, again)
    new = [key for key in latest if key not in ids]
    rows = [
        {
            "platform_id": platform_id,
            "key": key,
            **_told(latest[key][1], kept),
            "first_seen_at": latest[key][0],
            "last_seen_at": latest[key][0],
        }
        for key in new
    ]
    ids.update(zip(new, add_with_ids(session, Seller, rows, key=("key",)), strict=True))
    return ids


def _told(document: ReadDocument, kept: frozenset[str]) -> dict[str, str]:
    """Name and address of a seller, as far as they are kept; a name that is not is its key."""
    return {
        "name": (document.seller_name if "name" in kept else "") or document.seller_key,
        "url": document.seller_url if "url" in kept else "",
    }
