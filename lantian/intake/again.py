"""Reading and matching again: what a capture says, and what a new pack says of old documents."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Select, and_, select, text
from sqlalchemy.orm import Session

from lantian.clues.likeness import group_clues
from lantian.intake.findings import ask_for_evidence, form_clues, store_hits
from lantian.intake.judge import page_of
from lantian.intake.pictures import keep_pictures
from lantian.model import Capture, Clue, Document, Seller
from lantian.reading import RawPage, ReadDocument, SiteProfile, read_guarded
from matchers import words
from matchers.scan import Hit, Matcher, PageContext, ScanResult

BATCH = 200
_REMATCH_LOCK = 7_140_519  # any number, as long as only re-matching takes it


def read_again(
    raw: RawPage, profile: SiteProfile, matcher: Matcher
) -> Iterator[tuple[ReadDocument, tuple[Hit, ...]]]:
    """Each document that a capture's bytes say, with its hits.

    For a browser page `raw.body` is its kept DOM. A page that cannot be read yields nothing.
    """
    documents = read_guarded(raw, profile).documents
    scans = matcher.scan_many((one.text for one in documents), map(page_of, documents))
    for document, scan in zip(documents, scans, strict=True):
        yield document, scan.hits


def rematch(
    session: Session,
    matcher: Matcher,
    *,
    now: datetime,
    after_id: int = 0,
    until_id: int | None = None,
    limit: int = BATCH,
    tokenise: Callable[[str], list[str]] = words.tokens_for_index,
) -> int | None:
    """The last document id of this round, from which to go on; none when all are done.

    Matches current documents, up to `until_id`, under the matcher's pack and keeps its hits.
    """
    statement = current(after_id, until_id).limit(limit)
    rows = session.execute(statement).all()
    if not rows:
        return None
    scans = scan_documents(
        matcher, ((one.id, one.text, context_of(one, seller)) for one, seller in rows)
    )
    documents = [document for document, _ in rows]
    keep_scans(session, matcher, documents, scans, now=now, tokenise=tokenise)
    return rows[-1][0].id


def current(after_id: int, until_id: int | None = None) -> Select[Document, str]:
    """The newest versions of postings in a range of ids, with the names of their sellers."""
    statement = (
        select(Document, Seller.name)
        .outerjoin(Seller, Seller.id == Document.seller_id)
        .where(Document.id > after_id, Document.current.is_(True))
    )
    if until_id is not None:
        statement = statement.where(Document.id <= until_id)
    return statement.order_by(Document.id)


def context_of(document: Document, seller: str | None) -> PageContext:
    """What is known of the page of a kept document."""
    return PageContext(document.title, seller or "", document.kind)


def scan_documents(
    matcher: Matcher, documents: Iterable[tuple[int, str, PageContext]]
) -> list[tuple[int, ScanResult]]:
    """What the pack finds in texts, each with the id of its document; pure, on any machine."""
    given = list(documents)
    scans = matcher.scan_many((one for _, one, _ in given), (page for _, _, page in given))
    return [(number, scan) for (number, _, _), scan in zip(given, scans, strict=True)]


def keep_scans(
    session: Session,
    matcher: Matcher,
    documents: Sequence[Document],
    scans: Sequence[tuple[int, ScanResult]],
    *,
    now: datetime,
    tokenise: Callable[[str], list[str]] = words.tokens_for_index,
) -> None:
    """Keep what was found in documents under the matcher's hash; older hits stay.

    Clues show the new pack's hits; one that it does not find any more keeps
    what it shows, for a person to decide. A capture that had no hit is kept from now on and asks
    for an evidence visit, which is a fresh one where its payload has gone already.
    """
    if session.get_bind().dialect.name == "postgresql":
        # Ranges are scanned side by side, and kept one after the other: groups of likeness.
        session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _REMATCH_LOCK})
    fresh = store_hits(session, scans, pack_hash=matcher.pack_hash, now=now)
    hit = set(fresh)
    keep_pictures(session, hit)
    _keep_captures(session, [one for one in documents if one.id in hit], fresh, now=now)
    to_form = hit | _told_otherwise(session, scans, matcher.pack_hash)
    formed = form_clues(
        session, sorted(to_form), pack_hash=matcher.pack_hash, now=now, tokenise=tokenise
    )
    group_clues(session, formed, matcher.tables)


def _told_otherwise(
    session: Session, scans: Sequence[tuple[int, ScanResult]], pack_hash: str
) -> set[int]:
    """Documents with hits that were known, whose clue shows another pack's: after a rollback."""
    statement = (
        select(Document.id)
        .join(
            Clue,
            and_(
                Clue.platform_id == Document.platform_id,
                Clue.posting_key == Document.posting_key,
            ),
        )
        .where(Document.id.in_([one for one, scan in scans if scan.hits]))
        .where(Clue.pack_hash != pack_hash)
    )
    return set(session.scalars(statement))


def _keep_captures(
    session: Session, documents: Sequence[Document], fresh: Sequence[int], *, now: datetime
) -> None:
    """Captures in which the first hit was found only now."""
    sources = {one.capture_id: one.source_id for one in documents}
    capture_of = {one.id: one.capture_id for one in documents}
    hits = Counter(capture_of[document_id] for document_id in fresh)
    statement = select(Capture).where(Capture.id.in_(sources), Capture.hit_count == 0)
    for capture in session.scalars(statement.order_by(Capture.id)):
        capture.hit_count, capture.expires_at = hits[capture.id], None
        ask_for_evidence(
            session,
            source_id=sources[capture.id],
            page_id=capture.page_id,
            capture_id=capture.id,
            now=now,
        )
    session.flush()
