"""Reading one record: right, or damaged by name."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.errors import EvidenceDamaged
from lantian.evidence.archive import Archive, RecordRef

AT = datetime(2026, 3, 5, tzinfo=UTC)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Archive, RecordRef, RecordRef]:
    """An archive with two records."""
    archive = Archive(tmp_path_factory.mktemp("evidence"))
    with archive.writer("crawl-1", at=AT) as writer:
        refs = [
            writer.write_response(
                url=f"https://a.example/{n}", at=AT, head=HEAD, body=f"<p>商品 {n}".encode() * 50
            )
            for n in range(2)
        ]
    return archive, refs[0], refs[1]


def test_a_payload_is_read_by_its_reference(
    written: tuple[Archive, RecordRef, RecordRef],
) -> None:
    archive, first, second = written
    assert archive.read(first) == "<p>商品 0".encode() * 50
    assert archive.record(second).fields["WARC-Target-URI"] == "https://a.example/1"


@given(data=st.data())
def test_any_other_byte_is_damage_named_by_file(
    written: tuple[Archive, RecordRef, RecordRef], data: st.DataObject
) -> None:
    archive, first, _ = written
    path = archive.path(first.file)
    whole = path.read_bytes()
    place = data.draw(st.integers(first.offset, first.offset + first.length - 1))
    change = data.draw(st.integers(1, 255))
    path.write_bytes(whole[:place] + bytes([whole[place] ^ change]) + whole[place + 1 :])
    try:
        with pytest.raises(EvidenceDamaged, match=r"crawl-1\.warc\.gz at \d+: its bytes"):
            archive.read(first)
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"digest": "sha256:0"}, "its payload was changed"),
        ({"size": 7}, "its payload was changed"),
        ({"record_id": "urn:uuid:0"}, "another record stands there"),
        ({"record_digest": "sha256:0"}, "its bytes were changed"),
        ({"length": 50, "record_digest": ""}, "it ends in the middle"),
        ({"offset": 1, "record_digest": ""}, "cannot be decompressed"),
        ({"length": 99_999}, "it ends before the record"),
        ({"file": "warc/2026/03/other.warc.gz"}, "the file is missing"),
        ({"file": "../../etc/passwd"}, "is no file of the archive"),
        ({"file": "/etc/passwd"}, "is no file of the archive"),
        ({"file": ""}, "is no file of the archive"),
        ({"file": "warc"}, "it cannot be read"),
    ],
)
def test_a_row_that_names_something_else_is_told_why(
    written: tuple[Archive, RecordRef, RecordRef], change: dict[str, object], reason: str
) -> None:
    archive, first, _ = written
    with pytest.raises(EvidenceDamaged, match=reason):
        archive.read(replace(first, **change))  # type: ignore[arg-type]


def test_a_reference_to_two_records_is_refused(
    written: tuple[Archive, RecordRef, RecordRef],
) -> None:
    archive, first, second = written
    both = replace(first, length=first.length + second.length, record_digest="")
    with pytest.raises(EvidenceDamaged, match="shorter than was written"):
        archive.read(both)


def test_an_archive_that_was_never_written_is_empty(tmp_path: Path) -> None:
    assert list(Archive(tmp_path / "nowhere").files()) == []
