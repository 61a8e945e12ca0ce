"""Sellers: who published, as the platform names them."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from lantian.model import Seller
from lantian.reading import ReadDocument


def store_sellers(
    session: Session, seen: Iterable[tuple[datetime, ReadDocument]], platform_id: int
) -> dict[str, int]:
    """The ids of the sellers of these documents by key, stored with when they were seen."""
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
    if ids:
        session.execute(
            update(Seller),
            [
                {
                    "id": seller_id,
                    "name": latest[key][1].seller_name or key,
                    "url": latest[key][1].seller_url,
                    "last_seen_at": latest[key][0],
                }
                for key, seller_id in ids.items()
            ],
        )
    new = [key for key in latest if key not in ids]
    if new:
        rows = [
            {
                "platform_id": platform_id,
                "key": key,
                "name": latest[key][1].seller_name or key,
                "url": latest[key][1].seller_url,
                "first_seen_at": latest[key][0],
                "last_seen_at": latest[key][0],
            }
            for key in new
        ]
        added = session.scalars(
            insert(Seller).returning(Seller.id, sort_by_parameter_order=True), rows
        )
        ids.update(zip(new, added, strict=True))
    return ids
