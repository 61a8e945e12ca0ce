"""Records of a WARC that strangers made: in constant memory but for one, whatever the bytes are.

`lantian.evidence.walk` reads our own files, which have one form; these have any.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

MOST_RECORDS = 200_000
MOST_BLOCK = 32 << 20
"""Bytes of a record that is read; a longer one is passed over."""
MOST_UNPACKED = 4 << 30
MOST_RATIO = 200
_FLOOR = 64 << 20
"""Bytes that any file may unpack to, however small it is."""
_PIECE = 64 * 1024
_MOST_FIELDS = 64 * 1024
_MOST_DIGITS = 12


class BadWarc(Exception):
    """What stands there is no record; the message says why."""


class Reads(Protocol):
    """What bytes are read from, one after the other."""

    def read(self, size: int, /) -> bytes: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Found:
    """A record: its number from 1, its fields by lower-case name, its block.

    `block` is none where it is longer than `MOST_BLOCK`.
    """

    number: int
    fields: dict[str, str]
    block: bytes | None

    def field(self, name: str) -> str:
        """A field without the brackets that some writers put around it."""
        return self.fields.get(name, "").strip().removeprefix("<").removesuffix(">")


def records(handle: Reads, *, packed: int) -> Iterator[Found]:
    """The records in order; `packed` is the size of the file.

    Raises `BadWarc` where it ends to be a WARC, or unpacks to too much; what came before counts.
    """
    stream = _Stream(handle, most=min(MOST_UNPACKED, max(_FLOOR, MOST_RATIO * packed)))
    number = 0
    while stream.skip_blank():
        number += 1
        if number > MOST_RECORDS:
            raise BadWarc(f"more than {MOST_RECORDS:,} records")
        fields = _fields(stream)
        length = fields.get("content-length", "").strip()
        if not (length.isascii() and length.isdecimal()) or len(length) > _MOST_DIGITS:
            raise BadWarc(f"record {number} has no length")
        size = int(length)
        if size > MOST_BLOCK:
            stream.skip(size)
            yield Found(number, fields, None)
        else:
            yield Found(number, fields, stream.exactly(size))


def _fields(stream: "_Stream") -> dict[str, str]:
    version = stream.line(_MOST_FIELDS)
    if not version.startswith(b"WARC/1."):
        raise BadWarc("what stands there is no record of WARC/1")
    fields: dict[str, str] = {}
    last, left = "", _MOST_FIELDS
    while line := stream.line(left).rstrip(b"\r\n"):
        left -= len(line)
        text = line.decode("utf-8", "replace")
        if text[:1] in {" ", "\t"} and last:
            fields[last] += " " + text.strip()
            continue
        name, colon, value = text.partition(":")
        if not colon:
            raise BadWarc("its fields are malformed")
        last = name.strip().lower()
        fields[last] = value.strip()
    return fields


class _Stream:
    """The bytes of the file, unpacked where they are gzip, member after member."""

    def __init__(self, handle: Reads, *, most: int) -> None:
        self._handle = handle
        self._most = most
        self._total = 0
        self._raw = b""
        self._buffer = b""
        self._end = False
        self._gzip: bool | None = None
        self._inflater = zlib.decompressobj(31)

    def skip_blank(self) -> bool:
        """Whether anything follows but line ends, which are passed over."""
        while True:
            self._buffer = self._buffer.lstrip(b"\r\n")
            if self._buffer:
                return True
            if not self._more():
                return False

    def line(self, most: int) -> bytes:
        """The next line with its end; raises `BadWarc` for one that is longer."""
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > most:
                break
            if not self._more():
                raise BadWarc("it ends in the middle of a record")
        if end > most or end < 0:
            raise BadWarc(f"its fields are over {_MOST_FIELDS:,} bytes")
        line, self._buffer = self._buffer[: end + 1], self._buffer[end + 1 :]
        return line

    def exactly(self, size: int) -> bytes:
        """The next bytes, all of them."""
        parts, left = [], size
        while left:
            if not self._buffer and not self._more():
                raise BadWarc("it ends in the middle of a record")
            part, self._buffer = self._buffer[:left], self._buffer[left:]
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def skip(self, size: int) -> None:
        """Pass over the next bytes."""
        while size:
            if not self._buffer and not self._more():
                raise BadWarc("it ends in the middle of a record")
            gone = min(size, len(self._buffer))
            self._buffer = self._buffer[gone:]
            size -= gone

    def _more(self) -> bool:
        """Whether there were more bytes, which are in the buffer now."""
        data = self._unpacked()
        self._total += len(data)
        if self._total > self._most:
            raise BadWarc(f"it unpacks to more than {self._most:,} bytes")
        self._buffer += data
        return bool(data)

    def _unpacked(self) -> bytes:
        while True:
            if not self._raw and not self._end:
                self._raw = self._handle.read(_PIECE)
                self._end = not self._raw
            if not self._raw:
                if self._gzip and not self._inflater.eof:
                    raise BadWarc("it ends in the middle of a record")
                return b""
            if self._gzip is None:
                self._gzip = self._raw.startswith(b"\x1f\x8b")
            if not self._gzip:
                data, self._raw = self._raw, b""
                return data
            data = self._inflate()
            if data:
                return data

    def _inflate(self) -> bytes:
        if self._inflater.eof:
            # Some writers fill a block up behind the last member.
            self._raw = self._raw.lstrip(b"\0")
            if not self._raw:
                return b""
            self._inflater = zlib.decompressobj(31)
        try:
            data = self._inflater.decompress(self._raw, _PIECE)
        except zlib.error as error:
            raise BadWarc(f"it cannot be unpacked ({error})") from error
        self._raw = self._inflater.unconsumed_tail or self._inflater.unused_data
        return data
