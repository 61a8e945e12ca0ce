"""Records as bytes."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.evidence.record import (
    BadRecord,
    compressed_member,
    parsed,
    plain,
    stored_member,
    unpacked,
)
from lantian.evidence.seal import digest_of


def record(
    block: bytes, payload: bytes | None = None, kind: str = "application/octet-stream"
) -> bytes:
    digests = [("WARC-Block-Digest", digest_of(block))]
    if payload is not None:
        digests.append(("WARC-Payload-Digest", digest_of(payload)))
    fields = (("WARC-Type", "resource"), ("WARC-Record-ID", "<urn:uuid:1>"), *digests)
    return plain((*fields, ("Content-Type", kind)), block)


@given(st.binary(max_size=3000))
def test_what_is_written_is_read_back(block: bytes) -> None:
    found = parsed(record(block, block))
    assert (found.payload, found.head, found.record_id) == (block, b"", "urn:uuid:1")


@given(st.binary(max_size=2000))
def test_a_response_is_parted_into_head_and_payload(body: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n"
    found = parsed(record(head + body, body, "application/http; msgtype=response"))
    assert (found.head, found.payload) == (head, body)


@given(st.one_of(st.binary(max_size=500), st.integers(65_530, 131_080).map(lambda n: b"x" * n)))
def test_both_kinds_of_member_are_gzip(data: bytes) -> None:
    for member in (compressed_member(data), stored_member(data)):
        assert gzip.decompress(member) == data
        assert unpacked(member + b"rest", 200_000) == (data, len(member))


@given(st.binary(max_size=300), st.integers(0, 10_000), st.integers(1, 255))
def test_any_changed_byte_of_a_stored_member_shows(data: bytes, place: int, change: int) -> None:
    member = bytearray(stored_member(data))
    member[place % len(member)] ^= change
    try:
        content, length = unpacked(bytes(member), 1000)
    except BadRecord:
        return
    assert bytes(member[:length]) != stored_member(content) or length != len(member)


@given(st.binary(max_size=400), st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_block_is_never_read(block: bytes, place: int, change: int) -> None:
    whole = bytearray(record(block, block))
    start = whole.index(b"\r\n\r\n") + 4
    if not block:
        return
    whole[start + place % len(block)] ^= change
    with pytest.raises(BadRecord, match="does not match its digest"):
        parsed(bytes(whole))


@given(st.binary(max_size=2000))
def test_no_bytes_raise_anything_but_a_bad_record(data: bytes) -> None:
    for read in (lambda: unpacked(data, 1000), lambda: parsed(data)):
        try:
            found = read()
        except BadRecord:
            found = None
        assert found is None or data


def test_a_member_that_grows_beyond_what_was_written_is_not_unpacked() -> None:
    bomb = zlib.compress(b"x" * 50_000_000, 9, 31)
    with pytest.raises(BadRecord, match="holds more"):
        unpacked(bomb, 10_000)
