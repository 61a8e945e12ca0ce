"""The log of sealed days in the store: its checkpoints, and proofs between any two of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.errors import EvidenceDamaged, Invalid, NotFound
from lantian.evidence.checkpoint import Checkpoint, leaves_of, origin_of, read_checkpoint, told_path
from lantian.evidence.day import SEAL, statement_of
from lantian.evidence.finding import Finding
from lantian.evidence.note import BadNote, Verifier, opened, text_of
from lantian.evidence.seal import digest_of
from lantian.evidence.tree import SIZE, BadProof, Growing, Tree, check_consistency
from lantian.model import AuditEvent, SealedDay

PROOF = "lantian.consistency/1"
"""The form of a proof between two checkpoints, in JSON."""


@dataclass(frozen=True, slots=True)
class Point:
    """A place in the log: so many days, the last of which is `day`; the note, if it was signed."""

    checkpoint: Checkpoint
    day: str
    note: str | None


class DayLog:
    """The log as it is now: the days in order."""

    def __init__(self, session: Session) -> None:
        self._days = list(session.scalars(select(SealedDay).order_by(SealedDay.number)))
        self._statements = [statement_of(day) for day in self._days]
        self._tree = Tree(leaves_of(self._statements))

    @property
    def size(self) -> int:
        """How many days were sealed."""
        return len(self._days)

    def point(self, size: int) -> Point:
        """The place at so many days; raises `NotFound`."""
        if not 0 < size <= self.size:
            raise NotFound(f"the log has {self.size} days, not {size}.", hint="Seal them first.")
        day = self._days[size - 1]
        root = Tree(leaves_of(self._statements[:size])).root
        origin = origin_of(self._statements[0])
        return Point(Checkpoint(origin, size, root), day.day, day.checkpoint)

    def last(self, before: date | None = None) -> Point | None:
        """The newest place that was signed, of a day before `before` if that is given."""
        for size in range(self.size, 0, -1):
            day = self._days[size - 1]
            if day.checkpoint and (before is None or day.day < before.isoformat()):
                return self.point(size)
        return None

    def named(self, name: str) -> Point:
        """The place that a day or a number of days names; raises `NotFound`."""
        if name.isdecimal():
            return self.point(int(name))
        for number, day in enumerate(self._days, 1):
            if day.day == name:
                return self.point(number)
        raise NotFound(
            f"no day {name!r} is sealed.", hint="Give a sealed day, or how many days there were."
        )

    def held(self, note: str) -> Point:
        """The place of a checkpoint that somebody kept, which need not be ours.

        Raises `Invalid` if it is none, and `EvidenceDamaged` if this log is not the one
        that grew from it.
        """
        try:
            told = read_checkpoint(text_of(note))
        except BadNote as error:
            raise Invalid(f"the checkpoint cannot be read: {error}.") from error
        known = self.point(told.size) if told.size <= self.size else None
        if known is None or known.checkpoint != told:
            raise EvidenceDamaged(
                f"this log did not grow from the checkpoint of {told.size} days of {told.origin}.",
                hint="It is of another installation, or days were changed since.",
            )
        return Point(told, known.day, note)

    def consistency(self, first: Point, second: Point) -> dict[str, Any]:
        """The proof that the log at `first` became that at `second`; raises `Invalid`."""
        if first.checkpoint.size > second.checkpoint.size:
            raise Invalid("the first checkpoint is the later one.", hint="Turn the two round.")
        grown = Tree(leaves_of(self._statements[: second.checkpoint.size]))
        path = grown.consistency(first.checkpoint.size)
        return {
            "format": PROOF,
            "first": _told(first),
            "second": _told(second),
            "path": told_path(path),
        }

    def grown(self, first: int, second: int) -> list[str]:
        """The path that proves that the log of `first` days became that of `second`."""
        return told_path(Tree(leaves_of(self._statements[:second])).consistency(first))

    def path_of(self, number: int) -> list[str]:
        """The path of the statement of the `number`-th day to the root over the days up to it."""
        return told_path(Tree(leaves_of(self._statements[:number])).inclusion(number - 1))


def _told(point: Point) -> dict[str, Any]:
    return {"day": point.day, "checkpoint": point.checkpoint.text, "note": point.note}


def key_told(session: Session, day: str) -> str:
    """The key that signed the checkpoint of a day, as the audit chain tells it; may be empty."""
    statement = select(AuditEvent).where(
        AuditEvent.action == SEAL, AuditEvent.subject == f"day:{day}"
    )
    event = session.scalars(statement.order_by(AuditEvent.id.desc()).limit(1)).first()
    return "" if event is None else str(event.detail.get("key", ""))


def checked_consistency(
    told: Any, verifiers: Sequence[Verifier] = ()
) -> tuple[Checkpoint, Checkpoint]:
    """The two checkpoints between which a proof leads; it needs no store.

    With `verifiers`, both must be signed by one of them. Raises `BadNote` and `BadProof`.
    """
    try:
        if told["format"] != PROOF:
            raise BadNote(f"it is no proof of the form {PROOF}")
        first, second = (_checked(told[which], verifiers) for which in ("first", "second"))
        path = [bytes.fromhex(one) for one in told["path"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadNote(f"it is not written as a proof ({type(error).__name__})") from error
    if first.origin != second.origin:
        raise BadProof("the checkpoints are of two logs")
    if any(len(one) != SIZE for one in path):
        raise BadProof("a hash in it has another length")
    check_consistency(first.size, second.size, first.root, second.root, path)
    return first, second


def _checked(told: Any, verifiers: Sequence[Verifier]) -> Checkpoint:
    text = told["checkpoint"]
    if verifiers:
        if not told["note"]:
            raise BadNote(f"the checkpoint of {told['day']} is not signed")
        if opened(told["note"], verifiers) != text:
            raise BadNote(f"the note of {told['day']} is of another checkpoint")
    return read_checkpoint(text)


def log_findings(session: Session) -> Iterator[Finding]:
    """Checkpoints that are not of the log, not signed, or not those of the audit chain."""
    told = {
        event.subject.removeprefix("day:"): event.detail
        for event in session.scalars(select(AuditEvent).where(AuditEvent.action == SEAL))
    }
    origin, log = "", Growing()
    for day in session.scalars(select(SealedDay).order_by(SealedDay.number)):
        statement = statement_of(day)
        origin = origin or origin_of(statement)
        log.add(*leaves_of([statement]))
        witness = told.get(day.day, {})
        if not day.checkpoint and not witness.get("checkpoint"):
            continue  # sealed before there were any
        fault = _fault(day, witness, Checkpoint(origin, log.size, log.root))
        if fault:
            yield Finding("changed", f"day {day.day}, checkpoint", fault)


def _fault(day: SealedDay, witness: dict[str, Any], expected: Checkpoint) -> str:
    if not day.checkpoint:
        return "it is gone: the audit chain tells of it."
    if digest_of(day.checkpoint.encode()) != witness.get("checkpoint"):
        return "it is not the one of which the audit chain tells."
    try:
        text = opened(day.checkpoint, [Verifier.read(str(witness.get("key")))])
    except BadNote as error:
        return f"{error}."
    return "" if text == expected.text else "its root is not that of the days up to there."
