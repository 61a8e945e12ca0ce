"""One WARC/1.1 record as one gzip member: made and read (ISO 28500:2017; RFC 1952).

A record that a row names is compressed, and the row holds the digest of its bytes. The others
(`warcinfo`) are stored uncompressed in the one form that `stored_member` makes, so that a reader
can tell every changed byte there too: a compressed member has bits that nothing checks.
"""

import struct
import zlib
from dataclasses import dataclass

from lantian.evidence.seal import digest_of

VERSION = b"WARC/1.1"
LEVEL = 1
"""gzip level of named records: level 6 costs twice the time for a tenth of the bytes."""
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_MOST_STORED = 65_535

Fields = tuple[tuple[str, str], ...]


class BadRecord(Exception):
    """Bytes that are no record as we write them; the message says why."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it stands in a file. `head` is the HTTP head of a response, else empty."""

    fields: dict[str, str]
    head: bytes
    payload: bytes

    @property
    def record_id(self) -> str:
        """`urn:uuid:…`, without brackets."""
        return self.fields.get("WARC-Record-ID", "").strip("<>")


def plain(fields: Fields, block: bytes) -> bytes:
    """The uncompressed bytes of a record."""
    lines = [VERSION, *(f"{name}: {value}".encode() for name, value in fields)]
    lines.append(b"Content-Length: %d" % len(block))
    return b"\r\n".join(lines) + b"\r\n\r\n" + block + b"\r\n\r\n"


def compressed_member(data: bytes) -> bytes:
    """`data` as one gzip member."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def small_member(data: bytes) -> bytes:
    """The same for a few hundred bytes, in a third of the time: with a window of 4 KB."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, 28, 2)
    return packer.compress(data) + packer.flush()


def stored_member(data: bytes) -> bytes:
    """`data` as one gzip member without compression; the same data make the same bytes."""
    parts = [_GZIP_HEAD]
    for start in range(0, max(len(data), 1), _MOST_STORED):
        piece = data[start : start + _MOST_STORED]
        final = start + _MOST_STORED >= len(data)
        parts += [struct.pack("<BHH", final, len(piece), 0xFFFF - len(piece)), piece]
    parts.append(struct.pack("<LL", zlib.crc32(data), len(data) & 0xFFFFFFFF))
    return b"".join(parts)


def unpacked(member: bytes, most: int) -> tuple[bytes, int]:
    """The content of the gzip member with which `member` begins, and the member's length.

    Raises `BadRecord`, also where the content would be more than `most` bytes.
    """
    inflater = zlib.decompressobj(31)
    try:
        data = inflater.decompress(member, most + 1)
    except zlib.error as error:
        raise BadRecord(f"it cannot be decompressed ({error})") from error
    if len(data) > most:
        raise BadRecord("it holds more than was written")
    if not inflater.eof:
        raise BadRecord("it ends in the middle")
    return data, len(member) - len(inflater.unused_data)


def parsed(data: bytes) -> Record:
    """The record that `data`, uncompressed, is; its own digests must hold. Raises `BadRecord`."""
    named, gap, rest = data.partition(b"\r\n\r\n")
    version, *lines = named.split(b"\r\n")
    if version != VERSION or not gap:
        raise BadRecord("it is no WARC/1.1 record")
    fields: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.decode("utf-8", "replace").partition(": ")
        if not colon or name in fields:
            raise BadRecord("its fields are malformed")
        fields[name] = value
    length = fields.get("Content-Length", "")
    if not length.isdecimal() or len(rest) != int(length) + 4 or not rest.endswith(b"\r\n\r\n"):
        raise BadRecord("its length is not as written")
    block = rest[:-4]
    if fields.get("WARC-Block-Digest") != digest_of(block):
        raise BadRecord("its content does not match its digest")
    head = b""
    if fields.get("Content-Type", "").startswith("application/http"):
        head, gap, _ = block.partition(b"\r\n\r\n")
        head += gap
    payload = block[len(head) :]
    if fields.get("WARC-Type") == "revisit":  # it holds the digest of what another record has
        return Record(fields, head, payload)
    if fields.get("WARC-Payload-Digest", digest_of(payload)) != digest_of(payload):
        raise BadRecord("its payload does not match its digest")
    return Record(fields, head, payload)
