"""Addresses that others named become crawls of these addresses: nothing is fetched here."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.intake.handover.taking import PROFILE, platform_for, source_for
from lantian.model import Source
from lantian.store import jobs

MOST_TOGETHER = 100
"""Addresses of one crawl."""
_KNOWING = ("shop", "forum", "site")


def ask_for_crawls(session: Session, collection: str, urls: Sequence[str], *, now: datetime) -> int:
    """How many jobs were made: each visits given addresses of one source, and follows no link.

    A site that is watched already is visited as its own profile says, any other one under the
    source of the collection. The job waits in the source's lane, so that manners hold.
    """
    by_source: dict[int, list[str]] = {}
    for url in dict.fromkeys(urls):
        platform = platform_for(session, url, "", now=now)
        source = _watching(session, platform.id)
        if source is None:
            source = source_for(session, collection, platform, PROFILE, now=now)
        by_source.setdefault(source.id, []).append(url)
    made = 0
    for source_id, wanted in by_source.items():
        for start in range(0, len(wanted), MOST_TOGETHER):
            made += _ask(session, source_id, wanted[start : start + MOST_TOGETHER], now=now)
    return made


def _ask(session: Session, source_id: int, urls: list[str], *, now: datetime) -> bool:
    mark = hashlib.sha256("\n".join(urls).encode()).hexdigest()[:24]
    return jobs.enqueue(
        session,
        kind="crawl",
        key=f"addresses:{source_id}:{mark}:{now.isoformat(timespec='microseconds')}",
        payload={"source_id": source_id, "urls": urls},
        due=now,
        now=now,
        lane=f"source:{source_id}",
    )


def _watching(session: Session, platform_id: int) -> Source | None:
    """The source that knows how the platform's pages are read, if there is one."""
    statement = (
        select(Source)
        .where(
            Source.platform_id == platform_id,
            Source.enabled.is_(True),
            Source.kind.in_(_KNOWING),
            Source.profile != PROFILE,
            # Collections of saved pages have a profile of the site and no address to begin at.
            Source.name.not_like("%@%"),
        )
        .order_by(Source.kind == "site", Source.id)
    )
    return session.scalar(statement.limit(1))
