"""Reading a WARC file record by record."""

import gzip
import io
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.evidence.archive import Archive
from lantian.evidence.record import compressed_member, plain
from lantian.evidence.seal import digest_of
from lantian.evidence.walk import Damage, Walked, walk

if TYPE_CHECKING:
    from tests.evidence.conftest import Kept

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)


def walked(data: bytes, **options: int) -> list[Walked | Damage]:
    return list(walk(io.BytesIO(data), end=len(data), **options))


def record(block: bytes, *, kind: str = "resource", content: str = "text/plain") -> bytes:
    fields = (
        ("WARC-Type", kind),
        ("WARC-Record-ID", "<urn:uuid:1>"),
        ("WARC-Block-Digest", digest_of(block)),
        ("Content-Type", content),
    )
    return plain(fields, block)


def test_walking_finds_every_record_where_its_row_names_it(two_files: "Kept") -> None:
    from sqlalchemy import select

    from lantian.model import Artifact

    with two_files.store.read() as session:
        rows = list(session.scalars(select(Artifact)))
    found: dict[str, Walked] = {}
    for path in two_files.files():
        for one in walked(path.read_bytes()):
            assert isinstance(one, Walked)
            assert one.fault == ""
            found[one.record_id] = one
    assert len(found) == len(rows) + 2
    for row in rows:
        one = found[row.record_id]
        assert (one.offset, one.length, one.size) == (row.offset, row.length, row.size)
        assert (one.record_digest, one.payload_digest) == (row.record_digest, row.digest)


@given(st.lists(st.one_of(st.binary(max_size=300), st.integers(1, 300_000).map(bytes)), max_size=4))
def test_what_was_written_is_walked_whatever_its_size(blocks: list[bytes]) -> None:
    data = b"".join(compressed_member(record(block)) for block in blocks)
    found = walked(data)
    assert [one.payload_digest for one in found if isinstance(one, Walked)] == [
        digest_of(block) for block in blocks
    ]
    assert sum(one.length for one in found if isinstance(one, Walked)) == len(data)


@given(st.binary(max_size=900), st.sampled_from([b"", compressed_member(record(b"x"))]))
def test_no_bytes_make_walking_raise(data: bytes, before: bytes) -> None:
    found = walked(before + data)
    assert len(found) == bool(before) + bool(data)
    assert not data or isinstance(found[-1], Damage) or found[-1].fault is not None


@pytest.mark.parametrize(
    "data, reason",
    [
        (b"rubbish", "cannot be decompressed"),
        (compressed_member(record(b"x"))[:-3], "ends in the middle"),
        (gzip.compress(b"WARC/1.0\r\nA: b\r\n\r\n\r\n\r\n"), "no WARC/1.1 record"),
        (gzip.compress(b"WARC/1.1\r\nA: b\r\nA: c\r\n\r\n\r\n\r\n"), "fields are malformed"),
        (gzip.compress(b"WARC/1.1\r\nA: b\r\n\r\n\r\n\r\n"), "length is not as written"),
        (gzip.compress(record(b"x") + b"y"), "length is not as written"),
        (gzip.compress(b"WARC/1.1\r\nContent-Length: 9999999999\r\n\r\n"), "holds more than"),
        (gzip.compress(b"WARC/1.1\r\nA: " + b"x" * 2_000_000), "fields are over"),
        (
            gzip.compress(record(b"x" * 2_000_000, content="application/http")),
            "head are over",
        ),
        (zlib.compress(b"x" * 100_000_000, 9, 31), "fields are over"),
    ],
)
def test_what_is_no_record_is_named(data: bytes, reason: str) -> None:
    (found,) = walked(data)
    assert isinstance(found, Damage)
    assert reason in found.reason


def test_a_file_that_unpacks_to_too_much_is_given_up() -> None:
    data = compressed_member(record(bytes(3_000_000)))
    found = walked(data * 4, most=10_000_000)
    assert [type(one) for one in found] == [Walked, Walked, Walked, Damage]


def test_a_record_that_belies_its_digest_is_walked_and_named() -> None:
    data = compressed_member(record(b"12345").replace(b"12345", b"12346"))
    (found,) = walked(data)
    assert isinstance(found, Walked)
    assert found.fault == "its content does not match its digest"


def test_an_empty_archive_is_walked(archive: Archive) -> None:
    assert walked(b"") == []
