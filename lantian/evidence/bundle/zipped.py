"""The one form of ZIP that a bundle has (APPNOTE 6.3): every byte of it is decided by its members.

Members are stored, not compressed, one directly behind the other, without times, comments or
extras. So the same members make the same file on every machine, a reader can jump to any record,
and whoever checks the file can tell every byte that is not as it was written.
"""

import hashlib
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO

from lantian.evidence.seal import ALGORITHM

PIECE = 256 * 1024
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_DAY = 0x21
"""1 January 1980, the first day that a ZIP can name."""
_FILE = 0o100644 << 16
_UNIX = 3 << 8
LIMIT = 0xFFFFFFFF
"""From here on sizes and places need 64 bits."""
LIMIT_COUNT = 0xFFFF
MOST_MEMBERS = 500_000
_MOST_DIRECTORY = 128 * 1024 * 1024
_NAME = re.compile(r"^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$")


class BadZip(Exception):
    """A ZIP that is not as we write it; `member` names what is at fault, the message why."""

    def __init__(self, member: str, reason: str) -> None:
        super().__init__(f"{member}: {reason}")
        self.member = member
        self.reason = reason


@dataclass(slots=True)
class Member:
    """A file in the ZIP: `header` is where its header begins, `start` where its bytes do."""

    name: str
    size: int
    crc: int
    header: int
    digest: str = ""

    @property
    def start(self) -> int:
        """The first of its bytes in the ZIP."""
        return self.header + len(_local(self))


@dataclass
class Part:
    """A member while it is written."""

    out: IO[bytes]
    size: int = 0
    crc: int = 0
    _hash: "hashlib._Hash" = field(default_factory=lambda: hashlib.new(ALGORITHM))

    def write(self, data: bytes) -> None:
        """The next bytes."""
        self.out.write(data)
        self.size += len(data)
        self.crc = zlib.crc32(data, self.crc)
        self._hash.update(data)

    @property
    def digest(self) -> str:
        """Of all that was written, with the name of its algorithm."""
        return f"{ALGORITHM}:{self._hash.hexdigest()}"


class ZipWriter:
    """Writes members into a file that can be sought in; `finish()` ends it."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self.members: list[Member] = []

    def add(self, name: str, data: bytes) -> Member:
        """One member from memory."""
        with self.stream(name, len(data)) as part:
            part.write(data)
        return self.members[-1]

    @contextmanager
    def stream(self, name: str, size: int) -> Iterator[Part]:
        """A member of `size` bytes, which are written one after the other."""
        if not _NAME.match(name):
            msg = f"{name!r} is no name for a member"
            raise ValueError(msg)
        member = Member(name, size, 0, self._out.tell())
        self._out.write(_local(member))
        part = Part(self._out)
        yield part
        if part.size != size:
            msg = f"{name}: {part.size} bytes came, {size} were told"
            raise ValueError(msg)
        member.crc, member.digest = part.crc, part.digest
        self._out.seek(member.header)
        self._out.write(_local(member))
        self._out.seek(member.start + size)
        self.members.append(member)

    def finish(self) -> None:
        """Write the directory behind the members."""
        start = self._out.tell()
        size = 0
        for member in self.members:
            entry = _central(member)
            self._out.write(entry)
            size += len(entry)
        self._out.write(_ending(len(self.members), start, size))


def _local(member: Member) -> bytes:
    name = member.name.encode("ascii")
    large = member.size >= LIMIT
    size = 0xFFFFFFFF if large else member.size
    extra = struct.pack("<2H2Q", 1, 16, member.size, member.size) if large else b""
    needed = 45 if large else 20
    head = (b"PK\3\4", needed, 0, 0, 0, _DAY, member.crc, size, size, len(name), len(extra))
    return _LOCAL.pack(*head) + name + extra


def _central(member: Member) -> bytes:
    name = member.name.encode("ascii")
    large, far = member.size >= LIMIT, member.header >= LIMIT
    wide = [member.size, member.size] * large + [member.header] * far
    extra = struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    size = 0xFFFFFFFF if large else member.size
    place = 0xFFFFFFFF if far else member.header
    needed = 45 if wide else 20
    told = (b"PK\1\2", _UNIX | needed, needed, 0, 0, 0, _DAY, member.crc, size, size)
    rest = (len(name), len(extra), 0, 0, 0, _FILE, place)
    return _CENTRAL.pack(*told, *rest) + name + extra


def _ending(count: int, start: int, size: int) -> bytes:
    end, short = b"", (count, start, size)
    if count >= LIMIT_COUNT or start >= LIMIT or size >= LIMIT:
        counts = (count, count, size, start)
        end = _END_64.pack(b"PK\6\6", 44, _UNIX | 45, 45, 0, 0, *counts)
        end += _LOCATOR_64.pack(b"PK\6\7", 0, start + size, 1)
        short = (0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    return end + _END.pack(b"PK\5\6", 0, 0, short[0], short[0], short[2], short[1], 0)


def members_of(handle: IO[bytes], size: int) -> list[Member]:
    """The members of a ZIP of `size` bytes, in order; their contents are not read.

    Raises `BadZip` for anything that `ZipWriter` would not have written.
    """
    start, length, count = _directory(handle, size)
    handle.seek(start)
    data = handle.read(length)
    members: list[Member] = []
    names: set[str] = set()
    place = 0
    while place < len(data):
        member, place = _entry(data, place)
        if member.name.lower() in names:
            raise BadZip(member.name, "there are two members of this name.")
        names.add(member.name.lower())
        members.append(member)
    if len(members) != count:
        raise BadZip("ZIP", f"its directory lists {len(members)} members and counts {count}.")
    _in_line(handle, members, start)
    return members


def _directory(handle: IO[bytes], size: int) -> tuple[int, int, int]:
    """Where the directory is, its length, and how many members it counts."""
    most = _END_64.size + _LOCATOR_64.size + _END.size
    handle.seek(max(0, size - most))
    tail = handle.read(most)
    if len(tail) < _END.size or tail[-_END.size :][:4] != b"PK\5\6":
        reason = "it does not end as a ZIP of ours: it was cut, something was put behind it, or "
        raise BadZip("ZIP", reason + "its ending was changed.")
    *_, count, length, start, _ = _END.unpack(tail[-_END.size :])
    before = size - _END.size
    if count == 0xFFFF and len(tail) == most and tail[:4] == b"PK\6\6":
        *_, count, length, start = _END_64.unpack(tail[: _END_64.size])
        before = size - most
    if count > MOST_MEMBERS or length > _MOST_DIRECTORY:
        raise BadZip("ZIP", f"it lists more than {MOST_MEMBERS:,} members.")
    ending = _ending(count, start, length)
    if start + length != before or tail[-len(ending) :] != ending:
        raise BadZip("ZIP", "its ending was changed.")
    return start, length, count


def _entry(data: bytes, place: int) -> tuple[Member, int]:
    """The member that the directory lists at `place`, and where the next is listed."""
    head = data[place : place + _CENTRAL.size]
    if len(head) < _CENTRAL.size or head[:4] != b"PK\1\2":
        raise BadZip("ZIP", f"its directory was changed (at {place}).")
    _, _, _, flags, method, _, _, crc, _, size, *rest = _CENTRAL.unpack(head)
    named, extra, comment, _, _, attributes, header = rest
    end = place + _CENTRAL.size + named
    name = data[place + _CENTRAL.size : end].decode("ascii", "replace")
    if not _NAME.match(name):
        raise BadZip(repr(name)[:200], "its name may lead out of the folder it is unpacked to.")
    if flags & 1:
        raise BadZip(name, "it is encrypted.")
    if attributes >> 28 == 0o12:
        raise BadZip(name, "it is a symbolic link.")
    if method:
        raise BadZip(name, "it is compressed; the members of a bundle are stored.")
    wide = data[end + 4 : end + extra]
    numbers = list(struct.unpack(f"<{len(wide) // 8}Q", wide[: len(wide) // 8 * 8]))
    if size == 0xFFFFFFFF and len(numbers) >= 2:
        size = numbers.pop(0)
        numbers.pop(0)
    if header == 0xFFFFFFFF and numbers:
        header = numbers.pop(0)
    member = Member(name, size, crc, header)
    end += extra + comment
    if data[place:end] != _central(member):
        raise BadZip(name, "what the directory says of it is not as Lantian writes it.")
    return member, end


def _in_line(handle: IO[bytes], members: list[Member], end: int) -> None:
    """Raise unless the members stand one directly behind the other, up to `end`."""
    place = 0
    for member in members:
        if member.header != place:
            reason = (
                f"it stands at {member.header} and not at {place}: bytes overlap or lie between."
            )
            raise BadZip(member.name, reason)
        header = _local(member)
        handle.seek(place)
        if handle.read(len(header)) != header:
            raise BadZip(member.name, "its header is not what the directory says.")
        place = member.start + member.size
        if place > end:
            raise BadZip(member.name, "it runs into the directory.")
    if place != end:
        raise BadZip("ZIP", f"{end - place} bytes before its directory belong to no member.")


class Window:
    """The bytes of one member, to be read from its start."""

    def __init__(self, handle: IO[bytes], member: Member) -> None:
        self._handle = handle
        self._place = member.start
        self._left = member.size

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`."""
        size = min(size, self._left)
        self._handle.seek(self._place)
        data = self._handle.read(size)
        self._place += len(data)
        self._left -= len(data)
        return data
