"""Whether the sealed days are as they were sealed: leaves, roots, chain, stamps, witnesses.

The witnesses are the events of the audit chain that tell of each seal and stamp: they are leaves
of later days themselves.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.access.chain import broken_links, sealed_digests
from lantian.evidence.authority import Authority, StampRefused
from lantian.evidence.day import SEAL, statement_of
from lantian.evidence.finding import Finding, Kind
from lantian.evidence.seal import digest_of
from lantian.evidence.stamp import STAMP, judged_stamp
from lantian.evidence.statement import FIRST, RECORD, hash_of_leaf, told_root
from lantian.evidence.tree import Tree
from lantian.model import Artifact, AuditEvent, SealedDay, SealedLeaf, TimeStamp

AUDIT = "audit chain"
_MOST_TOLD = 20
"""Findings about the leaves of one day, told singly."""


def name_of(day: str) -> str:
    """What findings call a day."""
    return f"day {day}"


def day_findings(
    session: Session, day: SealedDay, authorities: Sequence[Authority]
) -> Iterator[Finding]:
    """What is wrong with one day: its leaves, its root, and what the authorities answered."""
    name, count, told = name_of(day.day), 0, 0
    hashes = []
    for leaf in _leaves(session, day.number):
        hashes.append(hash_of_leaf(leaf.kind, leaf.digest, leaf.sm3))
        fault = _leaf_fault(leaf, count)
        count += 1
        if fault is None:
            continue
        told += 1
        if told <= _MOST_TOLD:
            kind, reason = fault
            yield Finding(kind, name, f"leaf {leaf.position}{reason}")
    if told > _MOST_TOLD:
        yield Finding("changed", name, f"{told - _MOST_TOLD} more leaves are not as they were.")
    if count != day.leaves:
        reason = f"{count} leaves are there, and {day.leaves} were sealed."
        yield Finding("missing" if count < day.leaves else "changed", name, reason)
    if told_root(Tree(hashes).root) != day.root:
        reason = "its root is not that of its leaves: a leaf was changed, or the root replaced."
        yield Finding("changed", name, reason)
    yield from _stamps(session, day, authorities)


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A leaf, and the digest that its subject has now (none: it is not there any more)."""

    position: int
    kind: str
    subject_id: int
    digest: str
    sm3: str | None
    now: str | None


def _leaves(session: Session, number: int) -> Iterator[_Leaf]:
    """The leaves of a day in order; an event changed under its digest counts as changed."""
    of_day = SealedLeaf.day_number == number
    events = sealed_digests(session, number)
    rows = (
        select(
            SealedLeaf.position,
            SealedLeaf.kind,
            SealedLeaf.subject_id,
            SealedLeaf.digest,
            SealedLeaf.sm3,
            Artifact.record_digest,
        )
        .outerjoin(Artifact, (SealedLeaf.kind == RECORD) & (Artifact.id == SealedLeaf.subject_id))
        .where(of_day)
        .order_by(SealedLeaf.position)
        .execution_options(yield_per=5000)
    )
    for position, kind, subject_id, digest, sm3, record_digest in session.execute(rows):
        now = record_digest if kind == RECORD else events.get(subject_id)
        yield _Leaf(position, kind, subject_id, digest, sm3, now)


def _leaf_fault(leaf: _Leaf, position: int) -> tuple[Kind, str] | None:
    """The kind of fault and the rest of its sentence."""
    what = f"{'artifact' if leaf.kind == RECORD else 'audit event'} {leaf.subject_id}"
    if leaf.position != position:
        return "missing", f" stands where leaf {position} should: one was removed."
    if leaf.now is None:
        return "missing", f" seals {what} ({leaf.digest}), which is not there any more."
    if leaf.now != leaf.digest:
        return "changed", f": {what} is not the one that was sealed, or the leaf was changed."
    return None


def _stamps(
    session: Session, day: SealedDay, authorities: Sequence[Authority]
) -> Iterator[Finding]:
    known = {one.name: one for one in authorities}
    rows = select(TimeStamp).where(TimeStamp.day_number == day.number).order_by(TimeStamp.id)
    for stamp in session.scalars(rows):
        name = f"{name_of(day.day)}, stamp of {stamp.authority}"
        authority = known.get(stamp.authority)
        if digest_of(stamp.reply) != stamp.reply_digest:
            yield Finding("changed", name, "its bytes were changed.")
        elif authority is None:
            reason = "it is not judged: time_authorities names no such authority; put it back."
            yield Finding("unproved", name, reason)
        else:
            yield from _judged(day, stamp, authority, name)


def _judged(day: SealedDay, stamp: TimeStamp, authority: Authority, name: str) -> Iterator[Finding]:
    try:
        told = judged_stamp(
            stamp.reply,
            statement_of(day).text,
            authority,
            earliest=day.sealed_at,
            latest=stamp.received_at,
        )
    except StampRefused as error:
        yield Finding("changed", name, error.message.partition(" is refused: ")[2])
        return
    said = (stamp.stamped_at, stamp.serial, stamp.policy)
    if said != (told.time, str(told.serial), told.policy):
        yield Finding("changed", name, "the row tells otherwise of it than it does itself.")


def chain_findings(session: Session) -> Iterator[Finding]:
    """Days that are missing or do not follow each other, or of which the audit chain tells more."""
    expected, previous, before = 1, FIRST, date.min
    days: dict[str, str] = {}
    numbers = set()
    for day in session.scalars(select(SealedDay).order_by(SealedDay.number)):
        name = name_of(day.day)
        if day.number != expected:
            reason = f"before it, {_counted(day.number - expected)} missing: removed, or restored."
            yield Finding("missing", name, reason)
        elif day.previous_digest != previous:
            reason = "it does not follow the day before it: one of the two was changed."
            yield Finding("changed", name, reason)
        if statement_of(day).digest != day.digest:
            yield Finding("changed", name, "its statement is not the one of its digest.")
        if not before < _date(day.day):
            yield Finding("changed", name, "it does not come after the day before it.")
        expected, previous, before = day.number + 1, day.digest, _date(day.day)
        days[day.day] = day.digest
        numbers.add(day.number)
    for number in session.scalars(select(SealedLeaf.day_number).distinct()):
        # Those of the next number are of a day that is being sealed at this moment.
        if number not in numbers and number != expected:
            yield Finding("unnamed", f"day number {number}", "there are leaves, and no such day.")
    yield from _witnessed(session, days)


def _counted(days: int) -> str:
    return "a sealed day is" if days == 1 else f"{days} sealed days are"


def _date(day: str) -> date:
    try:
        return date.fromisoformat(day)
    except ValueError:
        return date.min


def _witnessed(session: Session, days: dict[str, str]) -> Iterator[Finding]:
    """Days and stamps that are not those of which the audit chain tells."""
    stamps = {
        (day, authority): digest
        for day, authority, digest in session.execute(
            select(SealedDay.day, TimeStamp.authority, TimeStamp.reply_digest).join(
                SealedDay, SealedDay.number == TimeStamp.day_number
            )
        )
    }
    told = select(AuditEvent).where(AuditEvent.action.in_((SEAL, STAMP))).order_by(AuditEvent.id)
    for event in session.scalars(told):
        day = event.subject.removeprefix("day:")
        if event.action == SEAL:
            yield from _compared(
                name_of(day), days.pop(day, None), event.detail.get("digest"), f"event {event.id}"
            )
        else:
            authority = str(event.detail.get("authority"))
            yield from _compared(
                f"{name_of(day)}, stamp of {authority}",
                stamps.pop((day, authority), None),
                event.detail.get("reply"),
                f"event {event.id}",
            )
    for day in days:
        yield Finding("unnamed", name_of(day), "the audit chain does not tell that it was sealed.")
    for day, authority in stamps:
        name = f"{name_of(day)}, stamp of {authority}"
        yield Finding("unnamed", name, "the audit chain does not tell that it was received.")


def _compared(name: str, found: str | None, told: object, where: str) -> Iterator[Finding]:
    if found is None:
        yield Finding("missing", name, f"the audit chain tells of it ({where}), and it is gone.")
    elif found != told:
        reason = f"it is not the one of which the audit chain tells ({where}): it was replaced."
        yield Finding("changed", name, reason)


def audit_findings(session: Session, start: int = 0, stop: int | None = None) -> Iterator[Finding]:
    """Events of the audit chain that were changed, or before which one is missing."""
    for sentence in broken_links(session, start, stop):
        yield Finding("changed", AUDIT, sentence)
