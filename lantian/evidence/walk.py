"""Every record of a WARC file in turn, in constant memory: a record is never held as a whole."""

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from lantian.evidence.record import VERSION, BadRecord
from lantian.evidence.seal import ALGORITHM

_PIECE = 64 * 1024
MOST_HEAD = 1 << 20
"""Bytes that the WARC fields, and the HTTP head, of a record may have."""
MOST_BLOCK = 1 << 30
"""Bytes that the block of a record may have."""


@dataclass(frozen=True, slots=True)
class Walked:
    """A record as it stands in a file.

    `offset` and `length` are bytes of the file, `size` those of the payload. The digests are
    computed, not those that it claims; `head` is the HTTP head, where there is one.
    """

    offset: int
    length: int
    fields: dict[str, str]
    head: bytes
    size: int
    record_digest: str
    block_digest: str
    payload_digest: str
    fault: str = ""
    """What the record says of itself that is not so."""

    @property
    def kind(self) -> str:
        """The type, as in response, revisit, resource or warcinfo."""
        return self.fields.get("WARC-Type", "")

    @property
    def record_id(self) -> str:
        """`urn:uuid:…`, without brackets."""
        return self.fields.get("WARC-Record-ID", "").strip("<>")

    @property
    def url(self) -> str:
        """The address that it is of."""
        return self.fields.get("WARC-Target-URI", "")

    @property
    def status(self) -> str:
        """The HTTP status, where there is one."""
        status = self.head[:60].split(b" ")[1:2]
        return status[0].strip().decode("latin-1") if status else ""


@dataclass(frozen=True, slots=True)
class Damage:
    """Where walking ended, since what stands there is no record."""

    offset: int
    reason: str


class Reads(Protocol):
    """What bytes are read from, one after the other."""

    def read(self, size: int, /) -> bytes: ...  # noqa: D102


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def hexdigest(self) -> str: ...


def _sha256() -> _Hash:
    return hashlib.new(ALGORITHM)


def walk(handle: Reads, *, end: int, most: int = 1 << 50) -> Iterator[Walked | Damage]:
    """The records of the first `end` bytes of `handle`, in order.

    What follows something that is no record is not looked at: one `Damage` is the last. `most` is
    how many bytes all of it may unpack to.
    """
    source = _Source(handle, end)
    unpacked = 0
    while source.left():
        offset = source.position
        try:
            taking = _member(source, most - unpacked)
            found = taking.walked(offset, source.position - offset)
        except BadRecord as error:
            yield Damage(offset, str(error))
            return
        unpacked += taking.unpacked
        yield found


@dataclass
class _Source:
    """The bytes of the file, of which those behind a member are put back."""

    handle: Reads
    end: int
    position: int = 0
    _kept: bytes = b""
    _read: int = 0

    def left(self) -> bool:
        return self.position < self.end

    def take(self) -> bytes:
        if self._kept:
            data, self._kept = self._kept, b""
        else:
            data = self.handle.read(min(_PIECE, self.end - self._read))
            self._read += len(data)
        self.position += len(data)
        return data

    def put_back(self, data: bytes) -> None:
        self._kept = data
        self.position -= len(data)


def _member(source: _Source, most: int) -> "_Taking":
    taking = _Taking(most=most)
    inflater = zlib.decompressobj(31)
    while not inflater.eof:
        packed = inflater.unconsumed_tail or source.take()
        if not packed:
            raise BadRecord("it ends in the middle")
        try:
            data = inflater.decompress(packed, _PIECE)
        except zlib.error as error:
            raise BadRecord(f"it cannot be decompressed ({error})") from error
        rest = inflater.unused_data or inflater.unconsumed_tail
        taking.packed.update(packed[: len(packed) - len(rest)])
        taking.take(data)
    source.put_back(inflater.unused_data)
    return taking


@dataclass
class _Taking:
    """One record while it comes in: fields first, then the HTTP head, then the payload."""

    most: int
    unpacked: int = 0
    fields: dict[str, str] | None = None
    head: bytes | None = None
    packed: _Hash = field(default_factory=_sha256)
    _block: _Hash = field(default_factory=_sha256)
    _payload: _Hash = field(default_factory=_sha256)
    _size: int = 0
    _left: int = 0
    _before: bytes = b""
    _end: bytes = b""

    def take(self, data: bytes) -> None:
        """The next bytes of the record, uncompressed."""
        self.unpacked += len(data)
        if self.unpacked > self.most:
            raise BadRecord("it unpacks to more than a file of this size may")
        if self.fields is None:
            self._before += data
            named, gap, data = self._before.partition(b"\r\n\r\n")
            if not gap:
                _small(self._before, "fields")
                return
            self._before = b""
            self.fields = _fields_of(named)
            self._left = _length_of(self.fields)
            http = self.fields.get("Content-Type", "").startswith("application/http")
            self.head = None if http else b""
        block, rest = data[: self._left], data[self._left :]
        self._left -= len(block)
        self._block.update(block)
        self._end += rest
        if len(self._end) > 4:
            raise BadRecord("its length is not as written")
        self._into_payload(block)

    def _into_payload(self, block: bytes) -> None:
        if self.head is None:
            self._before += block
            head, gap, block = self._before.partition(b"\r\n\r\n")
            if not gap and self._left:
                _small(self._before, "head")
                return
            self.head, self._before = head + gap, b""
        self._size += len(block)
        self._payload.update(block)

    def walked(self, offset: int, length: int) -> Walked:
        """The whole record; raises `BadRecord` if it is none."""
        if self.fields is None:
            raise BadRecord("it is no WARC/1.1 record")
        if self._left or self._end != b"\r\n\r\n":
            raise BadRecord("its length is not as written")
        block, payload = (f"{ALGORITHM}:{one.hexdigest()}" for one in (self._block, self._payload))
        fault = ""
        if self.fields.get("WARC-Block-Digest") != block:
            fault = "its content does not match its digest"
        # A revisit holds the digest of the payload that another record has.
        elif self.fields.get("WARC-Type") != "revisit" and (
            self.fields.get("WARC-Payload-Digest", payload) != payload
        ):
            fault = "its payload does not match its digest"
        return Walked(
            offset=offset,
            length=length,
            fields=self.fields,
            head=self.head or b"",
            size=self._size,
            record_digest=f"{ALGORITHM}:{self.packed.hexdigest()}",
            block_digest=block,
            payload_digest=payload,
            fault=fault,
        )


def _small(data: bytes, what: str) -> None:
    if len(data) > MOST_HEAD:
        raise BadRecord(f"its {what} are over {MOST_HEAD:,} bytes")


def _fields_of(named: bytes) -> dict[str, str]:
    version, *lines = named.split(b"\r\n")
    if version != VERSION:
        raise BadRecord("it is no WARC/1.1 record")
    fields: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.decode("utf-8", "replace").partition(": ")
        if not colon or name in fields:
            raise BadRecord("its fields are malformed")
        fields[name] = value
    return fields


def _length_of(fields: dict[str, str]) -> int:
    written = fields.get("Content-Length", "")
    if not (written.isascii() and written.isdecimal()) or len(written) > 12:
        raise BadRecord("its length is not as written")
    if int(written) > MOST_BLOCK:
        raise BadRecord(f"it holds more than {MOST_BLOCK:,} bytes")
    return int(written)
