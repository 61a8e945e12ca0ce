"""Hits of what was scanned, and the clues that they make or change."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lantian.clock import legal_day
from lantian.clues.forming import form_clue, mark_presence
from lantian.intake.postings import Posting
from lantian.model import Clue, Document, Hit
from lantian.store import jobs
from lantian.store.rows import add_new_rows
from matchers.scan import ScanResult

_CHUNK = 500
EVIDENCE_PRIORITY = 20
"""Evidence visits go before re-checks (10) and crawls (0) of their source."""


def store_hits(
    session: Session,
    scans: Iterable[tuple[int, ScanResult]],
    *,
    pack_hash: str,
    now: datetime,
) -> list[int]:
    """The document of each hit that is new; known ones are left as they stand."""
    rows = [
        {
            "document_id": document_id,
            "claim": hit.claim,
            "rule_id": hit.rule,
            "rule_hash": hit.rule_hash,
            "pack_hash": pack_hash,
            "start": hit.start,
            "end": hit.end,
            "text": hit.text,
            "score": hit.score,
            "severity": hit.severity,
            "why": hit.why,
            "law": list(hit.law),
            "found_at": now,
        }
        for document_id, scan in scans
        for hit in scan.hits
    ]
    unique = ("document_id", "rule_id", "rule_hash", "pack_hash", "start", "end")
    return add_new_rows(session, Hit, rows, unique=unique, back="document_id")


def store_clues(
    session: Session,
    postings: Mapping[str, Posting],
    fresh: Iterable[int],
    *,
    platform_id: int,
    pack_hash: str,
    now: datetime,
    tokenise: Callable[[str], list[str]],
) -> tuple[int, ...]:
    """The clues of what this batch saw, made or brought up to date.

    `fresh` are the documents with new hits. A posting that is still as it was only counts as
    seen again.
    """
    known = _clues(session, postings, platform_id)
    hit_now = set(fresh)
    to_form: list[Posting] = []
    again: list[tuple[Any, Posting]] = []
    for posting in postings.values():
        clue = known.get(posting.key)
        if posting.id in hit_now or (clue is not None and posting.row):
            to_form.append(posting)
        elif clue is not None:
            again.append((clue, posting))
    formed = form_clues(
        session,
        [posting.id for posting in to_form],
        pack_hash=pack_hash,
        now=now,
        tokenise=tokenise,
    )
    return (*formed, *_seen_again(session, again, now=now))


def form_clues(
    session: Session,
    document_ids: Sequence[int],
    *,
    pack_hash: str,
    now: datetime,
    tokenise: Callable[[str], list[str]],
) -> list[int]:
    """The clues of these documents, formed from their hits under a pack."""
    if not document_ids:
        return []
    hits: dict[int, list[Hit]] = {}
    of_pack = select(Hit).where(Hit.document_id.in_(document_ids), Hit.pack_hash == pack_hash)
    for hit in session.scalars(of_pack.order_by(Hit.id)):
        hits.setdefault(hit.document_id, []).append(hit)
    documents = session.scalars(
        select(Document).where(Document.id.in_(document_ids)).order_by(Document.id),
        execution_options={"populate_existing": True},
    )
    clues = [
        form_clue(session, document, hits.get(document.id, []), now=now, tokenise=tokenise)
        for document in documents
    ]
    return [clue.id for clue in clues if clue is not None]


def _clues(session: Session, postings: Mapping[str, Posting], platform_id: int) -> dict[str, Any]:
    if not postings:
        return {}
    statement = select(
        Clue.id, Clue.posting_key, Clue.document_id, Clue.presence, Clue.last_seen_at
    ).where(Clue.platform_id == platform_id, Clue.posting_key.in_(list(postings)))
    return {row.posting_key: row for row in session.execute(statement)}


def _seen_again(
    session: Session, again: Sequence[tuple[Any, Posting]], *, now: datetime
) -> list[int]:
    """The clues that this changes; for the others only the time is noted, in one statement."""
    only_time: list[dict[str, Any]] = []
    changed: list[int] = []
    for clue, posting in again:
        seen_at = posting.seen_at
        if seen_at is None:
            continue
        presence = "online" if clue.document_id == posting.id else "changed"
        if presence == clue.presence and legal_day(seen_at) == legal_day(clue.last_seen_at):
            if seen_at > clue.last_seen_at:
                only_time.append({"id": clue.id, "last_seen_at": seen_at})
            continue
        entity = session.get_one(Clue, clue.id, populate_existing=True, with_for_update=True)
        mark_presence(session, entity, presence, seen_at=seen_at, now=now)
        changed.append(clue.id)
    if only_time:
        session.execute(update(Clue), only_time)
    return changed


def mark_gone(session: Session, postings: Sequence[tuple[int, str]], *, now: datetime) -> list[int]:
    """The clues of postings (platform id, key) that are gone, marked so."""
    changed = []
    for start in range(0, len(postings), _CHUNK):
        part = postings[start : start + _CHUNK]
        wanted = set(part)
        statement = (
            select(Clue)
            .where(
                Clue.platform_id.in_({platform_id for platform_id, _ in part}),
                Clue.posting_key.in_([key for _, key in part]),
                Clue.presence != "gone",
            )
            .order_by(Clue.id)
            .with_for_update()
        )
        for clue in session.scalars(statement, execution_options={"populate_existing": True}):
            if (clue.platform_id, clue.posting_key) in wanted:
                mark_presence(session, clue, "gone", seen_at=None, now=now)
                changed.append(clue.id)
    return changed


def ask_for_evidence(
    session: Session, *, source_id: int, page_id: int, capture_id: int, now: datetime
) -> None:
    """Let the page be opened once more in the browser, before the source's next crawl."""
    jobs.enqueue(
        session,
        kind="evidence",
        key=f"evidence:{capture_id}",
        payload={"source_id": source_id, "page_ids": [page_id], "capture_ids": [capture_id]},
        due=now,
        now=now,
        lane=f"source:{source_id}",
        priority=EVIDENCE_PRIORITY,
    )
