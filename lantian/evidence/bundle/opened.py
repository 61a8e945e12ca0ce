"""A bundle that is being checked: its members, and what is known of them by now."""

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from lantian.evidence.bundle.zipped import PIECE, BadZip, Member, Window
from lantian.evidence.conditions import MOST, first_record
from lantian.evidence.finding import Finding
from lantian.evidence.record import BadRecord
from lantian.evidence.seal import ALGORITHM

MOST_JSON = 64 * 1024 * 1024
"""Bytes of a file that is read as a whole."""
MOST_LINE = 16 * 1024 * 1024
_MALFORMED = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    IndexError,
    OverflowError,
    RecursionError,
)


class Wrong(Exception):
    """What a member says is not so, or not said as we say it."""


@dataclass(slots=True)
class Kept:
    """A record of the bundle, as far as it is compared with what is told of it."""

    warc: str
    offset: int
    length: int
    kind: str
    role: str
    url: str
    date: str
    status: str
    ip: str | None
    refers_to: str
    claimed: str
    payload_digest: str
    record_digest: str
    size: int
    named: bool = False


@dataclass
class Opened:
    """The bundle. `spoiled` are members whose bytes are not those that the manifest lists."""

    handle: IO[bytes]
    members: dict[str, Member]
    progress: Callable[[int], None] | None = None
    spoiled: set[str] = field(default_factory=set)
    records: dict[str, Kept] = field(default_factory=dict)
    _made: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)

    def made(self, name: str) -> tuple[str, dict[str, str]] | None:
        """The digest of a WARC file's first record, and its fields; none if it is not sound."""
        if name not in self._made:
            if not self.sound(name):
                return None
            try:
                self._made[name] = first_record(self.window(name).read(MOST))
            except BadRecord:
                return None
        return self._made[name]

    def digest(self, name: str) -> str:
        """The digest of a member, as computed by `read_all`; empty where there is none."""
        member = self.members.get(name)
        return member.digest if member else ""

    def read_all(self) -> Iterator[Finding]:
        """Compute the digest of every member, and name those whose checksum does not hold."""
        for member in self.members.values():
            found, crc = hashlib.new(ALGORITHM), 0
            for data in self.pieces(member.name):
                found.update(data)
                crc = zlib.crc32(data, crc)
                if self.progress is not None:
                    self.progress(len(data))
            member.digest = f"{ALGORITHM}:{found.hexdigest()}"
            if crc != member.crc:
                self.spoiled.add(member.name)
                reason = "its bytes are not those that were packed (CRC-32)."
                yield Finding("changed", member.name, reason)

    def window(self, name: str) -> Window:
        """The bytes of a member, to be read in order."""
        return Window(self.handle, self.members[name])

    def pieces(self, name: str) -> Iterator[bytes]:
        """The bytes of a member, some at a time."""
        window = self.window(name)
        while data := window.read(PIECE):
            yield data

    def lines(self, name: str) -> Iterator[bytes]:
        """The lines of a member, without their ends; raises `Wrong` if the last has none."""
        rest = b""
        for data in self.pieces(name):
            *whole, rest = (rest + data).split(b"\n")
            yield from whole
            if len(rest) > MOST_LINE:
                raise Wrong("a line in it has no end.")
        if rest:
            raise Wrong("its last line has no end.")

    def read(self, name: str) -> bytes:
        """All bytes of a small member; raises `Wrong` for one that is too large."""
        member = self.members[name]
        if member.size > MOST_JSON:
            raise Wrong(f"it is over {MOST_JSON:,} bytes.")
        return self.window(name).read(member.size)

    def told(self, name: str) -> Any:
        """What a JSON member says; raises `Wrong` if it is none."""
        return parsed_json(self.read(name))

    def sound(self, name: str) -> bool:
        """Whether a member is there and its bytes are those that were listed."""
        return name in self.members and name not in self.spoiled


def parsed_json(data: bytes) -> Any:
    """The JSON in `data`; raises `Wrong`."""
    try:
        return json.loads(data.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise Wrong(f"it is no JSON: {str(error)[:200]}.") from error


def judged(name: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings about a member; whatever is malformed in it becomes one of them."""
    try:
        yield from findings
    except Wrong as error:
        yield Finding("changed", name, str(error))
    except BadZip as error:
        yield Finding("changed", error.member, error.reason)
    except _MALFORMED as error:
        reason = f"it is not as Lantian writes it ({type(error).__name__}: {str(error)[:200]})."
        yield Finding("changed", name, reason)
