"""The log of sealed days, and its checkpoints (C2SP tlog-checkpoint).

The log is a Merkle tree (RFC 9162) whose leaves are the statements of the days, in order, each with
the root of its day. A checkpoint says how many days there are and what the root over them is,
signed by the installation: two of them, and the proof between, show that no day of the first was
changed, dropped or put in between in the second.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lantian.evidence.note import BadNote, signed
from lantian.evidence.statement import Statement
from lantian.evidence.tree import SIZE, leaf_hash

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_ORIGIN = "lantian.log"
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log `origin` with so many leaves has that root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def signed(self, key: "Ed25519PrivateKey") -> str:
        """The note in which the log itself signs it."""
        return signed(self.text, self.origin, key)


def read_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that the text of a note is; further lines may follow. Raises `BadNote`."""
    origin, size, encoded, *more = text.split("\n")[:-1] + [""] * 3
    try:
        root = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadNote("it is no checkpoint: its third line is no root") from error
    if not origin or not _NUMBER.fullmatch(size) or len(root) != SIZE:
        raise BadNote("it is no checkpoint: origin, number of leaves, root")
    if "" in more[: len(more) - 3]:
        raise BadNote("it is no checkpoint: a line in it is empty")
    return Checkpoint(origin, int(size), root)


def origin_of(first: Statement) -> str:
    """What the log is called: by its first day, which no other log has."""
    return f"{_ORIGIN}/{first.digest.partition(':')[2][:16]}"


def leaves_of(statements: Iterable[Statement]) -> list[bytes]:
    """The leaf hashes of the log of these days."""
    return [leaf_hash(one.text) for one in statements]


def told_path(path: Sequence[bytes]) -> list[str]:
    """A proof as JSON has it."""
    return [one.hex() for one in path]
