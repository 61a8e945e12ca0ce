"""Deletes what was kept without a hit for as long as it may be (`keep_payload_days`).

A WARC file is never changed. What else was in it is copied, record by record and byte by byte, into
a file that takes its place; with the rows that name the copies and tell of the deletion, the old
file is out of use, and goes a day later, when whoever was reading it has ended. The rows of the
deleted records stay, with the digests that were sealed: what they were remains provable.

Only what is in a sealed day is deleted, nothing with a hit, and nothing under a legal hold.
"""

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select, text, update
from sqlalchemy.orm import Session

from lantian.access import audit
from lantian.errors import EvidenceDamaged
from lantian.evidence.archive import SUFFIX, Archive
from lantian.evidence.conditions import MOST, first_record, subject_of
from lantian.evidence.hold import is_held
from lantian.evidence.making import tell_digest
from lantian.evidence.record import parsed, unpacked
from lantian.evidence.seal import digest_of
from lantian.evidence.spelling import date_of
from lantian.evidence.statement import RECORD
from lantian.model import Artifact, Capture, Deletion, Document, Hit, SealedDay, SealedLeaf
from lantian.store.engine import Store

logger = logging.getLogger(__name__)

EXPIRE = "evidence.expire"
"""The act in the audit chain by which records are deleted."""
REMOVE = "evidence.remove"
"""The act by which the bytes of their file went."""
ACTOR = "process:retention"
RULE = "kept without a hit until its time was over (keep_payload_days)"
GRACE = timedelta(days=1)
"""For which a file that is out of use stays, for those who are reading it."""
_KEPT = re.compile(r"-kept-\d+(-\d+)?$")
_LOCK = 7_140_521  # any number, as long as only retention takes it
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Deleted:
    """What was deleted from one file: how many records, of how many bytes."""

    file: str
    replaced_by: str | None
    records: int
    bytes: int


@dataclass(frozen=True)
class Retention:
    """How an installation deletes. `grace`: how long a file that is out of use stays."""

    store: Store
    archive: Archive
    grace: timedelta = GRACE

    def expire(
        self, *, now: Callable[[], datetime], real_now: Callable[[], datetime]
    ) -> Iterator[Deleted]:
        """Delete, file by file, what may be by now (domain time); each file as it is done.

        A file in which something that stays is damaged is left as it is: verifying names it.
        """
        self._sweep()
        with self.store.read() as session:
            files = list(session.scalars(_files(now())))
        for file in files:
            try:
                done = self._expire(file, now=now(), real_now=real_now())
            except EvidenceDamaged as error:
                # Its records are not copied: what is wrong with it stays to be looked at.
                logger.error("%s stays as it is: %s", file, error)  # noqa: TRY400
                continue
            if done is not None:
                yield done

    def remove(self, *, now: datetime, real_now: datetime) -> list[str]:
        """The files that were out of use for long enough, and have gone now."""
        with self.store.read() as session:
            due = session.scalars(
                select(Deletion)
                .where(
                    Deletion.file_removed_at.is_(None),
                    Deletion.recorded_at <= real_now - self.grace,
                )
                .order_by(Deletion.id)
            ).all()
        gone = []
        for one in due:
            self.archive.remove(one.file)
            with self.store.write() as session:
                row = session.get_one(Deletion, one.id, with_for_update=True)
                if row.file_removed_at is not None:
                    continue
                row.file_removed_at = real_now
                audit.record(
                    session,
                    actor=ACTOR,
                    action=REMOVE,
                    subject=subject_of(one.file),
                    detail={"deletion": one.id},
                    now=now,
                    real_now=real_now,
                )
            gone.append(one.file)
        return gone

    def _expire(self, file: str, *, now: datetime, real_now: datetime) -> Deleted | None:
        if self.archive.held(file):
            return None
        with self.store.read() as session:
            going = set(session.scalars(_going(file, now)))
            rows = _named(session, file)
            number = (session.scalar(select(func.max(Deletion.id))) or 0) + 1
        staying = [row for row in rows if row.id not in going]
        if not going:
            return None
        copied = self._copy(file, staying, number, real_now) if staying else None
        done = self._commit(file, going, rows, copied, now=now, real_now=real_now)
        if done is None and copied is not None:
            self.archive.remove(copied.file)
        return done

    def _copy(
        self, file: str, staying: Sequence[Artifact], number: int, real_now: datetime
    ) -> "_Copied":
        """What stays, in a file of its own that is on the disk; raises `EvidenceDamaged`."""
        start = self.archive.warcinfo(file)
        about = first_record(start)[1]
        for name in ("format", "conformsTo", "description"):  # every file says these of itself
            about.pop(name, None)
        path = PurePosixPath(file)
        stem = _KEPT.sub("", path.name.removesuffix(SUFFIX))
        more = {"kept-of": file, "kept-at": date_of(real_now), "kept-because": RULE}
        offsets = {}
        writer = self.archive.writer(
            f"{stem}-kept-{number}",
            at=real_now,
            folder=path.parent,
            info_id=parsed(unpacked(start, MOST)[0]).record_id,
            software=about.pop("software", "Lantian"),
            about={**about, **more},
        )
        try:
            for row in staying:
                offsets[row.id] = writer.copy(self.archive.member(row)[0])
        except BaseException:
            writer.close()
            self.archive.remove(writer.file)
            raise
        writer.close()
        return _Copied(writer.file, writer.info_digest, offsets)

    def _commit(
        self,
        file: str,
        going: set[int],
        rows: Sequence[Artifact],
        copied: "_Copied | None",
        *,
        now: datetime,
        real_now: datetime,
    ) -> Deleted | None:
        """The rows that tell of it, in one transaction; none if it may not be any more."""
        with self.store.write() as session:
            if not self.store.sqlite:
                session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            captures = sorted({row.capture_id for row in rows if row.id in going})
            for start in range(0, len(captures), _AT_ONCE):
                some = Capture.id.in_(captures[start : start + _AT_ONCE])
                session.execute(select(Capture.id).where(some).with_for_update())
            # A hit, a hold, a record of another writer: whatever came meanwhile, the next run sees.
            if set(session.scalars(_going(file, now))) != going:
                return None
            if {row.id for row in _named(session, file)} != {row.id for row in rows}:
                return None
            gone = [row for row in rows if row.id in going]
            deletion = Deletion(
                file=file,
                replaced_by=None if copied is None else copied.file,
                records=len(gone),
                digest=list_digest((row.id, row.record_digest) for row in gone),
                rule=RULE,
                at=now,
                recorded_at=real_now,
            )
            session.add(deletion)
            session.flush()
            _mark(session, sorted(going), deletion.id, now)
            if copied is not None:
                moved = [
                    {"id": artifact_id, "file": copied.file, "offset": offset}
                    for artifact_id, offset in copied.offsets.items()
                ]
                session.execute(update(Artifact), moved)
            _settle(session, captures)
            if copied is not None:
                tell_digest(session, copied.file, copied.info_digest, now=now, real_now=real_now)
            audit.record(
                session,
                actor=ACTOR,
                action=EXPIRE,
                subject=subject_of(file),
                detail={
                    "deletion": deletion.id,
                    "records": deletion.records,
                    "digest": deletion.digest,
                    "into": deletion.replaced_by,
                    "rule": RULE,
                },
                now=now,
                real_now=real_now,
            )
        return Deleted(file, deletion.replaced_by, len(gone), sum(row.length for row in gone))

    def _sweep(self) -> None:
        """Take away copies that a killed run had begun, and no row names."""
        for file in [file for file, _ in self.archive.looks()]:
            name = PurePosixPath(file).name
            if not name.endswith(SUFFIX) or not _KEPT.search(name.removesuffix(SUFFIX)):
                continue
            with self.store.read() as session:
                named = session.scalar(select(exists().where(Artifact.file == file)))
                known = session.scalar(select(exists().where(Deletion.file == file)))
            if not named and not known and not self.archive.held(file):
                self.archive.remove(file)


@dataclass(frozen=True, slots=True)
class _Copied:
    """What stays of a file: where it is now, and at which offset each record begins."""

    file: str
    info_digest: str
    offsets: dict[int, int]


def unused_files(session: Session) -> set[str]:
    """The files that are out of use, and still there for those who are reading them."""
    return set(session.scalars(select(Deletion.file).where(Deletion.file_removed_at.is_(None))))


def list_digest(records: Any) -> str:
    """The digest of a list of records: number and digest of each, in order of the numbers."""
    lines = (f"{number} {digest}\n" for number, digest in sorted(records))
    return digest_of("".join(lines).encode())


def may_go(now: datetime) -> ColumnElement[bool]:
    """Whether a row of `Artifact`, joined with its `Capture`, may be deleted at `now`."""
    has_hit = exists().where(Document.capture_id == Capture.id, Hit.document_id == Document.id)
    sealed = exists().where(
        SealedLeaf.kind == RECORD,
        SealedLeaf.subject_id == Artifact.id,
        SealedDay.number == SealedLeaf.day_number,
    )
    return (
        (Capture.expires_at <= now)
        & (Capture.hit_count == 0)
        & Artifact.deletion_id.is_(None)
        & sealed
        & ~has_hit
        & ~is_held()
    )


def _files(now: datetime) -> Any:
    """The files from which something may go."""
    statement = select(Artifact.file).join(Capture, Capture.id == Artifact.capture_id)
    return statement.where(may_go(now)).distinct().order_by(Artifact.file)


def _going(file: str, now: datetime) -> Any:
    statement = select(Artifact.id).join(Capture, Capture.id == Artifact.capture_id)
    return statement.where(Artifact.file == file, may_go(now))


def _named(session: Session, file: str) -> Sequence[Artifact]:
    """The rows of a file whose records are there, in order."""
    statement = select(Artifact).where(Artifact.file == file, Artifact.deletion_id.is_(None))
    return session.scalars(statement.order_by(Artifact.offset)).all()


def _mark(session: Session, ids: Sequence[int], deletion_id: int, now: datetime) -> None:
    for start in range(0, len(ids), _AT_ONCE):
        some = update(Artifact).where(Artifact.id.in_(ids[start : start + _AT_ONCE]))
        session.execute(some.values(deletion_id=deletion_id, deleted_at=now))


def _settle(session: Session, captures: Sequence[int]) -> None:
    """Captures of which nothing is left have no time to wait for any more."""
    left = exists().where(Artifact.capture_id == Capture.id, Artifact.deletion_id.is_(None))
    for start in range(0, len(captures), _AT_ONCE):
        some = update(Capture).where(Capture.id.in_(captures[start : start + _AT_ONCE]), ~left)
        session.execute(
            some.values(expires_at=None), execution_options={"synchronize_session": False}
        )
