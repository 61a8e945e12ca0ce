"""Whether the checkpoints in a bundle are those of one log that only grew, and hold its days.

A checkpoint (C2SP tlog-checkpoint) is the signed root over all days that were sealed up to one. For
each, the bundle has the path of the day's statement to that root, and the proof that the checkpoint
before it grew to it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from lantian.evidence.bundle import layout
from lantian.evidence.bundle.opened import Opened, Wrong
from lantian.evidence.checkpoint import Checkpoint, read_checkpoint
from lantian.evidence.finding import Finding
from lantian.evidence.note import BadNote, Verifier, opened
from lantian.evidence.statement import Statement
from lantian.evidence.tree import BadProof, check_consistency, leaf_hash, root_by_inclusion


@dataclass(frozen=True, slots=True)
class Point:
    """A checkpoint of the bundle that holds: the day up to which it is, and who signed it."""

    day: str
    checkpoint: Checkpoint
    key: str


@dataclass
class Logged:
    """The checkpoints of a bundle; `keys` are those that may have signed them (empty: any)."""

    keys: Sequence[str] = ()
    points: list[Point] = field(default_factory=list)

    def told(self) -> Iterator[str]:
        """What they prove, in sentences."""
        if not self.points:
            return
        last = self.points[-1]
        days = f"{last.checkpoint.size} sealed days up to {last.day}"
        yield (
            f"The log {last.checkpoint.origin} of {days} holds them; checkpoints: "
            f"{len(self.points)}, each grown from the one before."
        )
        judged = "which was given" if self.keys else "which came with the bundle: compare it"
        yield f"They are signed with the key {last.key}, {judged}."


def log_findings(
    bundle: Opened, told: Any, statements: dict[str, Statement], logged: Logged
) -> Iterator[Finding]:
    """What is wrong with the checkpoints of which bundle.json tells."""
    before: Checkpoint | None = None
    for one in told:
        day = str(one["day"])
        name = layout.checkpoint(day)
        if name not in bundle.members:
            yield Finding("missing", name, "bundle.json tells of it, and it is not there.")
        if not bundle.sound(name):
            continue
        statement = statements.get(day)
        if statement is None:
            yield Finding("unnamed", name, "there is no statement of that day in the bundle.")
            continue
        try:
            found = _checkpoint(bundle.read(name), str(one["key"]), logged.keys)
            _held(found, statement, one)
            if before is not None:
                _grown(before, found, one)
        except (BadNote, UnicodeError) as error:
            yield Finding("changed", name, f"{error}.")
            continue
        except BadProof as error:
            yield Finding("unproved", name, f"{error}.")
            continue
        before = found
        logged.points.append(Point(day, found, str(one["key"])))


def _checkpoint(note: bytes, key: str, keys: Sequence[str]) -> Checkpoint:
    if keys and key not in keys:
        raise BadNote(f"it is signed with {key[:200]}, which is not the key that was given")
    verifier = Verifier.read(key)
    found = read_checkpoint(opened(note.decode(), [verifier]))
    if verifier.name != found.origin:
        raise BadNote(f"it is of {found.origin[:200]}, and {verifier.name[:200]} signed it")
    return found


def _held(checkpoint: Checkpoint, statement: Statement, told: dict[str, Any]) -> None:
    """Nothing, if the statement is the last leaf under the checkpoint; raises `BadProof`."""
    if checkpoint.size != statement.number:
        raise BadProof(f"it is of {checkpoint.size} days, and the day is number {statement.number}")
    leaf = leaf_hash(statement.text)
    root = root_by_inclusion(checkpoint.size - 1, checkpoint.size, leaf, _path(told["path"]))
    if root != checkpoint.root:
        raise BadProof("the statement of its day does not lead to its root")


def _grown(before: Checkpoint, after: Checkpoint, told: dict[str, Any]) -> None:
    if before.origin != after.origin:
        raise BadProof("it is of another log than the one before it")
    path = _path(told["grown"])
    try:
        check_consistency(before.size, after.size, before.root, after.root, path)
    except BadProof as error:
        raise BadProof(f"it did not grow from the checkpoint before it: {error}") from error


def _path(told: Any) -> list[bytes]:
    if not isinstance(told, list):
        raise Wrong("a path in it is none.")
    return [bytes.fromhex(one) for one in told]
