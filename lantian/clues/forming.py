"""From hits to a clue: one posting with all that was found in it.

A decided clue is opened again only by a claim or a wording that its decision did not cover.
"""

import hashlib
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lantian.clock import legal_day
from lantian.clues.revision import changed, enqueue_index
from lantian.model import Clue, ClueClaim, Decision, Document, Hit
from matchers import words

Tokenise = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class _Found:
    """What the newest version says of one claim."""

    severity: int
    score: float
    wordings: tuple[str, ...]


def form_clue(
    session: Session,
    document: Document,
    hits: Sequence[Hit],
    *,
    now: datetime,
    tokenise: Tokenise = words.tokens_for_index,
) -> Clue | None:
    """The clue of the document's posting, made or brought up to date; none without any hit.

    `hits` are those of this version under the newest pack. A posting whose newest version hits
    no more keeps its clue, marked as changed. Raises the revision of what it changes and lets
    the index know.
    """
    clue = clue_of(session, document.platform_id, document.posting_key)
    if clue is None:
        return _new(session, document, hits, now=now, tokenise=tokenise) if hits else None
    before = _state(clue)
    if hits:
        _update(session, clue, document, hits, now=now, tokenise=tokenise)
    else:
        clue.presence = "gone" if document.presence == "gone" else "changed"
    if _see(clue, document.last_seen_at) or _state(clue) != before:
        changed(session, clue, now=now)
    return clue


def clue_of(session: Session, platform_id: int, posting_key: str) -> Clue | None:
    """The clue of a posting, its row locked until the transaction ends."""
    statement = select(Clue).where(Clue.platform_id == platform_id, Clue.posting_key == posting_key)
    return session.scalar(
        statement.with_for_update(), execution_options={"populate_existing": True}
    )


def mark_presence(
    session: Session, clue: Clue, presence: str, *, seen_at: datetime | None, now: datetime
) -> None:
    """Say where the clue's posting stands: online, gone or changed; `seen_at` if it was seen."""
    moved = clue.presence != presence
    clue.presence = presence
    if (seen_at is not None and _see(clue, seen_at)) or moved:
        changed(session, clue, now=now)


def wording(text: str) -> str:
    """The digest of a hit's wording: its text without regard to width, case and spaces."""
    plain = "".join(unicodedata.normalize("NFKC", text).casefold().split())
    return "sha256:" + hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def covered_by(hits: Iterable[Hit]) -> list[list[str]]:
    """What somebody sees who decides on these hits: sorted pairs of claim and wording."""
    pairs = {(hit.claim, wording(hit.text)) for hit in hits}
    return [list(pair) for pair in sorted(pairs)]


def tokens_of(title: str, text: str, tokenise: Tokenise) -> list[str]:
    """The index tokens of title and text; a title that the text holds is not counted twice."""
    return tokenise(text if title in text else f"{title}\n{text}")


def _see(clue: Clue, at: datetime) -> bool:
    """Take note that it was seen; whether that is worth a revision.

    Within a day it is not: people would find the clue changed under their hands.
    """
    if at <= clue.last_seen_at:
        return False
    another_day = legal_day(at) != legal_day(clue.last_seen_at)
    clue.last_seen_at = at
    return another_day


def _state(clue: Clue) -> tuple[object, ...]:
    claims = tuple(
        (row.claim, row.state, row.severity, row.score, row.hit_count) for row in clue.claims
    )
    return (
        clue.document_id,
        clue.seller_id,
        clue.state,
        clue.presence,
        clue.severity,
        clue.score,
        clue.pack_hash,
        claims,
    )


def _new(
    session: Session,
    document: Document,
    hits: Sequence[Hit],
    *,
    now: datetime,
    tokenise: Tokenise,
) -> Clue:
    found = _by_claim(hits)
    clue = Clue(
        source_id=document.source_id,
        platform_id=document.platform_id,
        posting_key=document.posting_key,
        document_id=document.id,
        seller_id=document.seller_id,
        state="open",
        presence=document.presence,
        severity=max(one.severity for one in found.values()),
        score=max(one.score for one in found.values()),
        pack_hash=hits[0].pack_hash,
        first_seen_at=_whole_millis(document.first_seen_at),
        last_seen_at=document.last_seen_at,
        revision=1,
        tokens=tokens_of(document.title, document.text, tokenise),
        tokens_version=words.VERSION,
        claims=[_claim_row(claim, one) for claim, one in sorted(found.items())],
    )
    session.add(clue)
    session.flush()
    enqueue_index(session, clue.id, clue.revision, now=now)
    return clue


def _whole_millis(at: datetime) -> datetime:
    """The grain of the index, so that lists from store and index have one order."""
    return at.replace(microsecond=at.microsecond // 1_000 * 1_000)


def _claim_row(claim: str, found: _Found) -> ClueClaim:
    return ClueClaim(
        claim=claim,
        state="open",
        severity=found.severity,
        score=found.score,
        hit_count=len(found.wordings),
    )


def _by_claim(hits: Iterable[Hit]) -> dict[str, _Found]:
    grouped: dict[str, list[Hit]] = {}
    for hit in hits:
        grouped.setdefault(hit.claim, []).append(hit)
    return {
        claim: _Found(
            severity=max(hit.severity for hit in of_claim),
            score=max(hit.score for hit in of_claim),
            wordings=tuple(wording(hit.text) for hit in of_claim),
        )
        for claim, of_claim in grouped.items()
    }


def _update(
    session: Session,
    clue: Clue,
    document: Document,
    hits: Sequence[Hit],
    *,
    now: datetime,
    tokenise: Tokenise,
) -> None:
    found = _by_claim(hits)
    if clue.document_id != document.id or clue.tokens_version != words.VERSION:
        clue.tokens = tokens_of(document.title, document.text, tokenise)
        clue.tokens_version = words.VERSION
    clue.document_id = document.id
    clue.seller_id = document.seller_id
    clue.presence = document.presence
    clue.pack_hash = hits[0].pack_hash
    _merge(clue, found)
    standing = [row for row in clue.claims if row.hit_count]
    clue.severity = max(row.severity for row in standing)
    clue.score = max(row.score for row in standing)
    _settle(session, clue, found, now=now)


def _settle(session: Session, clue: Clue, found: dict[str, _Found], *, now: datetime) -> None:
    """Open the clue again for what nobody has seen, or close it again when that has gone."""
    if all(row.state == "open" for row in clue.claims):
        return
    if _reopened(session, clue, found):
        if clue.state != "open":
            clue.reopened_at = now
        clue.state, clue.decided_at = "open", None
    elif all(row.state != "open" for row in clue.claims) and clue.state == "open":
        clue.state, clue.reopened_at = state_of(clue), None
        last = select(func.max(Decision.at)).where(
            Decision.clue_id == clue.id, Decision.undone_at.is_(None)
        )
        clue.decided_at = session.scalar(last)


def state_of(clue: Clue) -> str:
    """Confirmed if any claim is; else open while any is open; else dismissed."""
    states = {row.state for row in clue.claims}
    return next(state for state in ("confirmed", "open", "dismissed") if state in states)


def _merge(clue: Clue, found: dict[str, _Found]) -> None:
    """Bring the claims in line: one that hits no more stays only if it was decided."""
    rows = {row.claim: row for row in clue.claims}
    for claim, row in rows.items():
        if claim not in found:
            row.hit_count = 0
            if row.state == "open":
                clue.claims.remove(row)
    for claim, one in sorted(found.items()):
        known = rows.get(claim)
        if known is None:
            clue.claims.append(_claim_row(claim, one))
        else:
            known.severity, known.score = one.severity, one.score
            known.hit_count = len(one.wordings)


def _reopened(session: Session, clue: Clue, found: dict[str, _Found]) -> bool:
    """Whether a claim or wording is there that nobody saw who decided; such claims open again."""
    covered = standing_cover(session, clue.id)
    again = False
    for row in clue.claims:
        one = found.get(row.claim)
        if one is None or covered.get(row.claim, frozenset()).issuperset(one.wordings):
            continue
        row.state = "open"
        again = True
    return again


def standing_cover(session: Session, clue_id: int) -> dict[str, frozenset[str]]:
    """For each claim the wordings that the last standing decision on it covers."""
    statement = (
        select(Decision.covered)
        .where(Decision.clue_id == clue_id, Decision.undone_at.is_(None))
        .order_by(Decision.id)
    )
    cover: dict[str, frozenset[str]] = {}
    for pairs in session.scalars(statement):
        seen: dict[str, set[str]] = {}
        for claim, mark in pairs:
            seen.setdefault(claim, set()).add(mark)
        cover.update((claim, frozenset(marks)) for claim, marks in seen.items())
    return cover
