"""A body without its content coding, as the reader of a page wants it."""

import sys
import zlib
from collections.abc import Callable
from typing import Any

from lantian.errors import Unreadable

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MOST = 64 * 1024 * 1024
"""Bytes that a kept body may have when it is unpacked."""
_PIECE = 64 * 1024


def decoded(body: bytes, coding: str) -> bytes:
    """`body` without the codings that the field Content-Encoding names, last one first.

    Raises `Unreadable` for a coding that is not known here, a body that is broken, or one that
    grows over 64 MB.
    """
    for name in reversed([part.strip().lower() for part in coding.split(",")]):
        if name in {"", "identity"}:
            continue
        body = _without(body, name)
    return body


def _without(body: bytes, name: str) -> bytes:
    unpack = _UNPACKERS.get(name)
    if unpack is None:
        raise Unreadable(f"the coding {name!r} is not known here.")
    return unpack(body)


def _gzip(body: bytes) -> bytes:
    return _inflated(body, 31)


def _deflate(body: bytes) -> bytes:
    # Zlib by the standard, raw by habit.
    raw = len(body) < 2 or body[0] & 15 != 8 or int.from_bytes(body[:2]) % 31
    return _inflated(body, -15 if raw else 15)


def _brotli(body: bytes) -> bytes:
    import brotli

    try:
        return _in_pieces(body, brotli.Decompressor().process)
    except brotli.error as error:
        raise Unreadable(f"the body is no whole brotli: {error}.") from error


def _zstd(body: bytes) -> bytes:
    try:
        return _members(body, zstd.ZstdDecompressor)
    except zstd.ZstdError as error:
        raise Unreadable(f"the body is no whole zstd: {error}.") from error


def _inflated(body: bytes, bits: int) -> bytes:
    """Unpacked; what comes cut short is taken as far as it goes, as a browser does."""
    try:
        return _members(body, lambda: zlib.decompressobj(bits), several=bits == 31)
    except zlib.error as error:
        raise Unreadable(f"the body cannot be unpacked: {error}.") from error


def _members(body: bytes, unpacker: Callable[[], Any], *, several: bool = True) -> bytes:
    """Unpacked, one member (gzip) or frame (zstd) after the other, if there may be several."""
    whole = b""
    while body:
        one = unpacker()
        whole += one.decompress(body, MOST + 1 - len(whole))
        if len(whole) > MOST:
            raise Unreadable(f"the body unpacks to more than {MOST:,} bytes.")
        body = one.unused_data if several and one.eof else b""
    return whole


def _in_pieces(body: bytes, unpack: Callable[[bytes], Any]) -> bytes:
    parts: list[bytes] = []
    size = 0
    for start in range(0, len(body), _PIECE):
        part = bytes(unpack(body[start : start + _PIECE]))
        size += len(part)
        if size > MOST:
            raise Unreadable(f"the body unpacks to more than {MOST:,} bytes.")
        parts.append(part)
    return b"".join(parts)


_UNPACKERS = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
