"""What is told of a day: the text with its root, which is chained and stamped; and its leaves.

Both are short ASCII texts, so that anybody can make their digests again with a shell.
"""

from dataclasses import dataclass

from lantian.evidence.seal import digest_of
from lantian.evidence.tree import leaf_hash

FORMAT = "lantian.day/1"
FIRST = "sha256:" + "0" * 64
"""What stands for the day before the first."""
RECORD = "record"
"""A leaf of this kind is a record of a WARC file."""
EVENT = "event"
"""A leaf of this kind is an event of the audit chain."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A day (Asia/Shanghai) of an installation, the `number`-th that was sealed.

    `root` is over `leaves` leaves, `previous` the digest of the statement before, `sealed` the time
    (UTC) of the installation's clock.
    """

    number: int
    day: str
    leaves: int
    root: str
    previous: str
    sealed: str

    @property
    def text(self) -> bytes:
        """The text that is chained and stamped."""
        return (
            f"{FORMAT}\nday {self.day}\nnumber {self.number}\nleaves {self.leaves}\n"
            f"root {self.root}\nprevious {self.previous}\nsealed {self.sealed}\n"
        ).encode()

    @property
    def digest(self) -> str:
        """The SHA-256 of the text."""
        return digest_of(self.text)


def read_statement(text: bytes) -> Statement:
    """The statement that a text is; raises `ValueError` if it is not written as we write one."""
    form, *lines = text.decode("ascii").split("\n")
    told = {name: value for name, _, value in (line.partition(" ") for line in lines)}
    found = Statement(
        number=int(told.get("number", "")),
        day=told.get("day", ""),
        leaves=int(told.get("leaves", "")),
        root=told.get("root", ""),
        previous=told.get("previous", ""),
        sealed=told.get("sealed", ""),
    )
    if form != FORMAT or found.text != text:
        msg = f"it is no statement of the form {FORMAT}"
        raise ValueError(msg)
    return found


def leaf_text(kind: str, digest: str, sm3: str | None) -> str:
    """What a leaf holds: `record sha256:…`, and the SM3 behind it where it was taken."""
    return f"{kind} {digest} {sm3}" if sm3 else f"{kind} {digest}"


def hash_of_leaf(kind: str, digest: str, sm3: str | None) -> bytes:
    """The hash of that leaf in the tree."""
    return leaf_hash(leaf_text(kind, digest, sm3).encode())


def told_root(root: bytes) -> str:
    """A root with the name of its algorithm."""
    return f"sha256:{root.hex()}"
