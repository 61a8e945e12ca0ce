"""The examples from which a second opinion is learnt: decisions, marks, and labelled texts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session, aliased

from lantian.clues.reasons import SAYS_NOTHING
from lantian.model import Clue, Decision, Document, Hit, SecondLook
from lantian.second.learning import Example
from lantian.second.passages import Found, around, at_hits, passages
from matchers.evaluate import Labelled
from matchers.scan import Matcher
from matchers.text import Tables

BATCH = 500
TAKEN_AS_CLEAN = 2_000
"""Documents without a hit of which nobody said anything that are taken as clean, at most."""
BESIDE = 10
"""Labelled texts that stand together in a file are of one kind."""


@dataclass
class Examples:
    """Those of both questions."""

    clue: list[Example] = field(default_factory=list)
    missed: list[Example] = field(default_factory=list)

    def add_hit(
        self, group: str, text: str, hits: Sequence[Found], tables: Tables, *, answer: bool
    ) -> None:
        """A text with hits, and whether people say that they are right."""
        seen = (at_hits(text, hits, tables),)
        self.clue.append(Example(group, answer, seen, seen))

    def add_text(
        self,
        group: str,
        text: str,
        offers: Sequence[tuple[int, int]],
        tables: Tables,
        *,
        document_id: int | None = None,
    ) -> None:
        """A text and the places where it makes offers; none: it makes none."""
        whole = tuple(passages(text, tables))
        learnt = tuple(around(text, offers, tables)) or whole
        self.missed.append(Example(group, bool(offers), learnt, whole, document_id))


def from_labelled(found: Examples, rows: Sequence[Labelled], matcher: Matcher, name: str) -> None:
    """Take in labelled texts of one file; those that are unsure are left out."""
    tables = matcher.tables
    scans = matcher.scan_many(row.text for row in rows)
    for number, (row, scan) in enumerate(zip(rows, scans, strict=True)):
        if row.label == "unsure":
            continue
        group = f"{name}:{number // BESIDE}"
        places = [(start, end) for _, start, end in row.spans]
        found.add_text(group, row.text, places, tables)
        if scan.hits:
            found.add_hit(group, row.text, scan.hits, tables, answer=bool(places))


def from_decisions(found: Examples, session: Session, tables: Tables) -> int:
    """Take in the clues that people decided; how many."""
    number = 0
    last = 0
    while True:
        rows = session.execute(
            select(Clue, Document)
            .join(Document, Document.id == Clue.document_id)
            .where(Clue.state.in_(("confirmed", "dismissed")), Clue.id > last)
            .order_by(Clue.id)
            .limit(BATCH)
        ).all()
        if not rows:
            return number
        clues = [clue for clue, _ in rows]
        reasons, hits = _reasons(session, clues), hits_of(session, clues)
        for clue, document in rows:
            own = hits.get(clue.id, [])
            # A duplicate says nothing of the text.
            if not own or reasons.get(clue.id) in SAYS_NOTHING:
                continue
            number += 1
            group = f"form:{clue.form_id}" if clue.form_id else f"clue:{clue.id}"
            answer = clue.state == "confirmed"
            found.add_hit(group, document.text, own, tables, answer=answer)
            right = {row.claim for row in clue.claims if row.state == "confirmed"}
            places = [(hit.start, hit.end) for hit in own if hit.claim in right]
            if answer is bool(places):
                found.add_text(group, document.text, places, tables)
        last = clues[-1].id


def from_marks(found: Examples, session: Session, tables: Tables) -> int:
    """Take in the texts without hits that people marked as missed or as clean; how many."""
    rows = session.execute(
        select(Document, SecondLook.verdict)
        .join(SecondLook, SecondLook.document_id == Document.id)
        .where(SecondLook.verdict.is_not(None), Document.text != "")
        .order_by(Document.id)
    ).all()
    for document, verdict in rows:
        # Nobody said where the offer stands: all of it is learnt.
        places = [(0, len(document.text))] if verdict == "missed" else []
        group = f"text:{document.text_digest}"
        found.add_text(group, document.text, places, tables, document_id=document.id)
    return len(rows)


def from_silence(
    found: Examples, session: Session, tables: Tables, most: int = TAKEN_AS_CLEAN
) -> int:
    """Take in documents without hits as clean, by chance but the same ones each time; how many.

    A few of them are not clean. What is said of each later is what weights say that had not
    learnt it.
    """
    rows = session.scalars(
        select(Document)
        .outerjoin(SecondLook, SecondLook.document_id == Document.id)
        .where(without_clue(), Document.text != "", SecondLook.verdict.is_(None))
        .order_by(Document.text_digest, Document.id)
        .limit(most)
    ).all()
    for row in rows:
        found.add_text(f"text:{row.text_digest}", row.text, (), tables, document_id=row.id)
    return len(rows)


def without_clue() -> ColumnElement[bool]:
    """Whether a `Document` is the newest version of its posting, and that has no clue."""
    clue = aliased(Clue)
    has_clue = exists().where(
        clue.platform_id == Document.platform_id, clue.posting_key == Document.posting_key
    )
    return and_(Document.current.is_(True), ~has_clue)


def _reasons(session: Session, clues: Iterable[Clue]) -> dict[int, str | None]:
    """The reason of each clue's last decision that stands."""
    rows = session.execute(
        select(Decision.clue_id, Decision.reason)
        .where(Decision.clue_id.in_([clue.id for clue in clues]), Decision.undone_at.is_(None))
        .order_by(Decision.id)
    )
    return dict(rows.all())


def hits_of(session: Session, clues: Iterable[Clue]) -> dict[int, list[Hit]]:
    """The hits that each of the clues shows, in their order."""
    rows = session.execute(
        select(Clue.id, Hit)
        .join(Hit, and_(Hit.document_id == Clue.document_id, Hit.pack_hash == Clue.pack_hash))
        .where(Clue.id.in_([clue.id for clue in clues]))
        .order_by(Hit.start, Hit.id)
    )
    found: dict[int, list[Hit]] = {}
    for clue_id, hit in rows:
        found.setdefault(clue_id, []).append(hit)
    return found
