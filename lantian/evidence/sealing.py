"""Seals days: all that was recorded by the end of a day and is in no tree yet becomes its tree.

What comes late, of a day that is sealed already, goes into the tree of the next. A day on which
nothing was recorded has no tree. Leaves are written some at a time, so that others write in
between; the day itself comes last, in one transaction: after a kill it is there as a whole or not
at all, and whoever seals again begins it anew, or finds it done.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import ColumnElement, delete, exists, func, insert, select
from sqlalchemy.orm import Session

from lantian.access import audit
from lantian.clock import day_start, legal_day
from lantian.errors import EvidenceDamaged
from lantian.evidence.archive import Archive
from lantian.evidence.checkpoint import Checkpoint, leaves_of, origin_of
from lantian.evidence.day import SEAL, statement_of
from lantian.evidence.note import Verifier
from lantian.evidence.seal import digest_of
from lantian.evidence.sm3 import sm3_of
from lantian.evidence.spelling import date_of
from lantian.evidence.statement import (
    EVENT,
    FIRST,
    RECORD,
    Statement,
    hash_of_leaf,
    told_root,
)
from lantian.evidence.tree import Tree
from lantian.model import Artifact, AuditEvent, Capture, SealedDay, SealedLeaf
from lantian.store import jobs
from lantian.store.engine import Store

logger = logging.getLogger(__name__)

ACTOR = "process:seal"
_SEAL_LOCK = 7_140_518  # any number, as long as only sealing takes it
_ROWS = 2000
"""Leaves that one transaction inserts or deletes."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf that is to be sealed; `subject_id` is the number of an artifact or audit event."""

    kind: str
    subject_id: int
    digest: str
    sm3: str | None = None


@dataclass(frozen=True)
class Sealing:
    """How days are sealed: with SM3 beside SHA-256 or not, and who is asked to stamp them.

    `key` gives the key that signs the log of days up to each; without one, there is no checkpoint.
    """

    store: Store
    archive: Archive
    sm3: bool = False
    authorities: Sequence[str] = ()
    key: Callable[[], Ed25519PrivateKey] | None = None

    def through(
        self, last: date, *, now: datetime, real_now: datetime
    ) -> Iterator[tuple[Statement, int]]:
        """Seal every day up to `last` that is not sealed; each with its number of leaves.

        `now` is domain time, `real_now` that of the machine, by which days are told. `last` may be
        the present day: what is recorded after this goes into the next day's tree then.
        """
        while True:
            with self.store.alone("seal", _SEAL_LOCK):
                made = self._next(last, now=now, real_now=real_now)
            if made is None:
                return
            yield made

    def _next(
        self, last: date, *, now: datetime, real_now: datetime
    ) -> tuple[Statement, int] | None:
        """The next day that is to be sealed, sealed; none if there is none up to `last`."""
        with self.store.read() as session:
            before = _last(session)
        self._forget_begun(before.number if before else 0)
        with self.store.read() as session:
            day = _next_day(session, before, last)
            if day is None:
                return None
            leaves = list(self._leaves(session, day_start(day + timedelta(days=1))))
        return self._seal(day, before, leaves, now=now, real_now=real_now), len(leaves)

    def _forget_begun(self, newest: int) -> None:
        """Delete the leaves of a day that somebody had begun who was killed."""
        begun = (
            select(SealedLeaf.day_number, SealedLeaf.position)
            .where(SealedLeaf.day_number > newest)
            .limit(_ROWS)
        )
        while True:
            with self.store.write() as session:
                rows = session.execute(begun).all()
                for number in {row.day_number for row in rows}:
                    positions = [row.position for row in rows if row.day_number == number]
                    session.execute(
                        delete(SealedLeaf).where(
                            SealedLeaf.day_number == number, SealedLeaf.position.in_(positions)
                        )
                    )
            if len(rows) < _ROWS:
                return

    def _leaves(self, session: Session, end: datetime) -> Iterator[Leaf]:
        """What was recorded before `end` and is in no tree: records, then events, by number."""
        records = (
            select(Artifact)
            .join(Capture, Capture.id == Artifact.capture_id)
            .where(Capture.recorded_at < end, _unsealed_record())
            .order_by(Artifact.id)
            .execution_options(yield_per=1000)
        )
        if self.sm3:
            for artifact in session.scalars(records):
                yield Leaf(RECORD, artifact.id, artifact.record_digest, self._sm3(artifact))
        else:
            columns = records.with_only_columns(Artifact.id, Artifact.record_digest)
            for artifact_id, digest in session.execute(columns):
                yield Leaf(RECORD, artifact_id, digest)
        events = (
            select(AuditEvent.id, AuditEvent.digest)
            .where(AuditEvent.recorded_at < end, _unsealed_event())
            .order_by(AuditEvent.id)
            .execution_options(yield_per=1000)
        )
        for event_id, digest in session.execute(events):
            yield Leaf(EVENT, event_id, digest)

    def _sm3(self, artifact: Artifact) -> str | None:
        """Of the record's bytes, which are checked against their SHA-256 first."""
        try:
            return sm3_of(self.archive.member(artifact)[0])
        except EvidenceDamaged as error:
            # It is sealed as it was recorded; verifying names the damage.
            logger.error("%s", error)  # noqa: TRY400  (the message says it all)
            return None

    def _seal(
        self,
        day: date,
        before: SealedDay | None,
        leaves: Sequence[Leaf],
        *,
        now: datetime,
        real_now: datetime,
    ) -> Statement:
        """The day in the store with everything that goes with it."""
        tree = Tree(hash_of_leaf(leaf.kind, leaf.digest, leaf.sm3) for leaf in leaves)
        statement = Statement(
            number=before.number + 1 if before else 1,
            day=day.isoformat(),
            leaves=len(leaves),
            root=told_root(tree.root),
            previous=before.digest if before else FIRST,
            sealed=date_of(real_now),
        )
        for start in range(0, len(leaves), _ROWS):
            rows = _leaf_rows(statement.number, start, leaves[start : start + _ROWS])
            with self.store.write() as session:
                session.execute(insert(SealedLeaf), rows)
        with self.store.write() as session:
            checkpoint, told = self._checkpoint(session, statement)
            session.add(_row(statement, real_now, checkpoint))
            session.flush()
            for authority in self.authorities:
                ask_for_stamp(session, statement.day, authority, now=now)
            audit.record(
                session,
                actor=ACTOR,
                action=SEAL,
                subject=f"day:{statement.day}",
                detail={"digest": statement.digest, "leaves": statement.leaves, **told},
                now=now,
                real_now=real_now,
            )
        return statement

    def _checkpoint(
        self, session: Session, statement: Statement
    ) -> tuple[str | None, dict[str, str]]:
        """The signed root over all days up to this one, and what the audit chain tells of it."""
        if self.key is None:
            return None, {}
        before = session.scalars(select(SealedDay).order_by(SealedDay.number))
        statements = [*map(statement_of, before), statement]
        root = Tree(leaves_of(statements)).root
        key, origin = self.key(), origin_of(statements[0])
        note = Checkpoint(origin, len(statements), root).signed(key)
        verifier = Verifier(origin, key.public_key().public_bytes_raw())
        return note, {"checkpoint": digest_of(note.encode()), "key": verifier.told}


def ask_for_stamp(session: Session, day: str, authority: str, *, now: datetime) -> None:
    """The job that has an authority stamp a day; one that there is stays as it stands."""
    jobs.enqueue(
        session,
        kind="stamp",
        key=f"stamp:{authority}:{day}",
        payload={"day": day, "authority": authority},
        due=now,
        now=now,
        lane=stamp_lane(authority),
    )


def stamp_lane(authority: str) -> str:
    """The lane of an authority's jobs: it is asked one thing at a time."""
    return f"stamp:{authority}"


def unsealed_count(session: Session) -> int:
    """How many records are in no tree yet."""
    statement = select(func.count()).select_from(Artifact).where(_unsealed_record())
    return session.scalar(statement) or 0


def _row(statement: Statement, real_now: datetime, checkpoint: str | None) -> SealedDay:
    return SealedDay(
        number=statement.number,
        day=statement.day,
        leaves=statement.leaves,
        root=statement.root,
        previous_digest=statement.previous,
        digest=statement.digest,
        sealed_at=real_now,
        checkpoint=checkpoint,
    )


def _leaf_rows(number: int, start: int, leaves: Sequence[Leaf]) -> list[dict[str, Any]]:
    return [
        {
            "day_number": number,
            "position": position,
            "kind": leaf.kind,
            "subject_id": leaf.subject_id,
            "digest": leaf.digest,
            "sm3": leaf.sm3,
        }
        for position, leaf in enumerate(leaves, start)
    ]


def _last(session: Session) -> SealedDay | None:
    return session.scalars(select(SealedDay).order_by(SealedDay.number.desc()).limit(1)).first()


def _next_day(session: Session, before: SealedDay | None, last: date) -> date | None:
    """The first day up to `last` that has something to seal and comes after the last one."""
    records = (
        select(func.min(Capture.recorded_at))
        .join(Artifact, Artifact.capture_id == Capture.id)
        .where(_unsealed_record())
    )
    events = select(func.min(AuditEvent.recorded_at)).where(_unsealed_event())
    times = [at for at in (session.scalar(records), session.scalar(events)) if at is not None]
    if not times:
        return None
    day = legal_day(min(times))
    if before is not None:
        day = max(day, date.fromisoformat(before.day) + timedelta(days=1))
    return day if day <= last else None


def _unsealed_record() -> ColumnElement[bool]:
    return ~exists().where(SealedLeaf.kind == RECORD, SealedLeaf.subject_id == Artifact.id)


def _unsealed_event() -> ColumnElement[bool]:
    return ~exists().where(SealedLeaf.kind == EVENT, SealedLeaf.subject_id == AuditEvent.id)
