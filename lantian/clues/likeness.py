"""Clues of the same or nearly the same text as one group, whichever sites they stand on.

A group is a chain of nearly equal forms, so the order in which they came leaves no trace in it.
What is looked at for a new form is bounded: its bands, and of each the first forms that have it.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import bindparam, case, func, insert, select, text, update
from sqlalchemy.orm import Session, aliased

from lantian.model import Clue, Document, TextBand, TextForm
from matchers.likeness import ALIKE, Signature, sign_many
from matchers.text import Tables

FORMS_OF_A_BAND = 32
"""Forms that are kept under one band: what more forms share is a phrase of the trade."""
_CHUNK = 500
_COUNTED = (
    select(TextForm.group_digest, func.count(Clue.id), func.count(Clue.platform_id.distinct()))
    .join(Clue, Clue.form_id == TextForm.id)
    .where(TextForm.group_digest.in_(bindparam("digests", expanding=True)))
    .group_by(TextForm.group_digest)
    .having(func.count(Clue.id) > 1)
)
T = TypeVar("T")
_GROUPING_LOCK = 7_140_518  # any number, as long as only grouping takes it


@dataclass(frozen=True, slots=True)
class Group:
    """How often the text of a clue stands in clues, that one included, and on how many sites."""

    clues: int
    sites: int


def group_clues(session: Session, clue_ids: Collection[int], tables: Tables) -> None:
    """Put these clues into the groups of the texts that they show now.

    Call it last in a transaction: on PostgreSQL a form that is new waits for others who group, so
    nobody who holds that lock may wait for a row.
    """
    if not clue_ids:
        return
    session.flush()
    shown: list[tuple[int, int | None, Signature | None]] = []
    for part in _parts(sorted(set(clue_ids))):
        rows = session.execute(
            select(Clue.id, Clue.form_id, Document.text)
            .join(Document, Document.id == Clue.document_id)
            .where(Clue.id.in_(part))
            .order_by(Clue.id)
        ).all()
        signatures = sign_many([row.text for row in rows], tables)
        shown += [(row.id, row.form_id, one) for row, one in zip(rows, signatures, strict=True)]
    signed = {one.digest: one for _, _, one in shown if one is not None}
    forms = _known(session, signed)
    if len(forms) < len(signed):
        _one_at_a_time(session)
        forms |= _known(session, signed.keys() - forms.keys())
        new = {digest: one for digest, one in signed.items() if digest not in forms}
        forms |= _add(session, new)
    moved = [
        {"id": clue_id, "form_id": now_id}
        for clue_id, form_id, one in shown
        if (now_id := None if one is None else forms[one.digest]) != form_id
    ]
    if moved:
        session.execute(update(Clue), moved)


def groups_of(session: Session, clue_ids: Sequence[int]) -> dict[int, Group]:
    """The group of each of these clues that is not alone in it."""
    if not clue_ids:
        return {}
    digests = dict(
        session.execute(
            select(Clue.id, TextForm.group_digest)
            .join(TextForm, TextForm.id == Clue.form_id)
            .where(Clue.id.in_(clue_ids))
        ).all()
    )
    groups = groups_by_digest(session, digests.values())
    return {one: groups[digest] for one, digest in digests.items() if digest in groups}


def groups_by_digest(session: Session, digests: Iterable[str | None]) -> dict[str, Group]:
    """The groups of more than one clue among these, by their digest."""
    asked = sorted({digest for digest in digests if digest is not None})
    if not asked:
        return {}
    counted = session.execute(_COUNTED, {"digests": asked})
    return {digest: Group(clues, sites) for digest, clues, sites in counted}


def group_members(session: Session, clue_id: int, *, limit: int) -> dict[int, bool]:
    """The clues of this one's group: whether each has the very same letters.

    This one first, then those with the same letters, then the open ones, by id.
    """
    own, mine = aliased(Clue), aliased(TextForm)
    statement = (
        select(Clue.id, Clue.form_id == mine.id)
        .join(TextForm, TextForm.id == Clue.form_id)
        .join(mine, mine.group_digest == TextForm.group_digest)
        .join(own, own.form_id == mine.id)
        .where(own.id == clue_id)
        .order_by(
            case((Clue.id == clue_id, 0), (Clue.form_id == mine.id, 1), else_=2),
            case((Clue.state == "open", 0), else_=1),
            Clue.id,
        )
        .limit(limit)
    )
    return {one: bool(same) for one, same in session.execute(statement)}


def _one_at_a_time(session: Session) -> None:
    """Two who add alike forms at once would not see each other's, and leave two groups of one."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _GROUPING_LOCK})


def _known(session: Session, digests: Collection[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in _parts(sorted(digests)):
        known = select(TextForm.digest, TextForm.id).where(TextForm.digest.in_(part))
        found.update((digest, form_id) for digest, form_id in session.execute(known))
    return found


@dataclass(slots=True)
class _Neighbours:
    """What a batch of new forms may be alike to: under each band signatures by their digest."""

    signatures: dict[str, Signature] = field(default_factory=dict)
    under: dict[int, list[str]] = field(default_factory=dict)
    leader: dict[str, str] = field(default_factory=dict)
    """From the digest of a form or of a group to a smaller one of the same group."""

    def group(self, digest: str) -> str:
        """The smallest digest of the group."""
        while (above := self.leader.get(digest, digest)) != digest:
            digest = above
        return digest

    def join(self, one: str, other: str) -> None:
        """Make one group of two."""
        smaller, larger = sorted((self.group(one), self.group(other)))
        if smaller != larger:
            self.leader[larger] = smaller


def _add(session: Session, new: dict[str, Signature]) -> dict[str, int]:
    """The ids of new forms, which are put into their groups; groups that they join become one."""
    bands = {digest: one.bands() for digest, one in sorted(new.items())}
    near, before = _neighbours(session, {band for some in bands.values() for band in some})
    kept = []
    for digest, some in bands.items():
        for band in some:
            under = near.under.setdefault(band, [])
            for other in under:
                if near.group(other) == near.group(digest):
                    continue
                if new[digest].likeness(near.signatures[other]) >= ALIKE:
                    near.join(digest, other)
        near.signatures[digest] = new[digest]
        for band in some:
            if len(near.under[band]) < FORMS_OF_A_BAND:
                near.under[band].append(digest)
                kept.append((band, digest))
    for group in before:
        if near.group(group) != group:
            session.execute(
                update(TextForm)
                .where(TextForm.group_digest == group)
                .values(group_digest=near.group(group)),
                execution_options={"synchronize_session": False},
            )
    rows = [
        {
            "digest": digest,
            "group_digest": near.group(digest),
            "signature": new[digest].to_bytes(),
        }
        for digest in bands
    ]
    statement = insert(TextForm).returning(TextForm.id, sort_by_parameter_order=True)
    ids = dict(zip(bands, session.scalars(statement, rows), strict=True))
    if kept:
        session.execute(
            insert(TextBand),
            [{"band": band, "form_id": ids[digest]} for band, digest in sorted(kept)],
        )
    return ids


def _neighbours(session: Session, bands: Collection[int]) -> tuple[_Neighbours, list[str]]:
    """The kept forms under these bands, and the groups in which they are."""
    near = _Neighbours()
    rows: list[tuple[int, int]] = []
    for part in _parts(sorted(bands)):
        under = select(TextBand.band, TextBand.form_id).where(TextBand.band.in_(part))
        ordered = session.execute(under.order_by(TextBand.band, TextBand.form_id))
        rows += [(band, form_id) for band, form_id in ordered]
    digests: dict[int, str] = {}
    groups: set[str] = set()
    for part in _parts(sorted({form_id for _, form_id in rows})):
        forms = select(TextForm.id, TextForm.digest, TextForm.group_digest, TextForm.signature)
        for form in session.execute(forms.where(TextForm.id.in_(part))):
            digests[form.id] = form.digest
            near.signatures[form.digest] = Signature.from_bytes(form.signature)
            near.join(form.digest, form.group_digest)
            groups.add(form.group_digest)
    for band, form_id in rows:
        near.under.setdefault(band, []).append(digests[form_id])
    return near, sorted(groups)


def _parts(ids: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]
