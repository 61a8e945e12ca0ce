"""Cutting what no row names, and nothing else."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lantian.evidence.tails import cut_tails, named_end

if TYPE_CHECKING:
    from tests.evidence.conftest import Kept

AT = datetime(2026, 11, 24, tzinfo=UTC)
URL = "https://a.example/"
HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


def test_only_what_no_row_names_is_cut(two_files: "Kept") -> None:
    archive = two_files.archive
    first, second = two_files.files()
    whole = [path.read_bytes() for path in (first, second)]
    with archive.writer("crawl-1", at=AT) as writer:
        writer.write_response(url=URL, at=AT, head=HEAD, body=b"named by nobody")
    nameless = archive.path(writer.file)
    for path in (first, second):
        with path.open("ab") as handle:
            handle.write(b"half a record")
    with two_files.store.read() as session:
        cut = cut_tails(session, archive, "crawl-1")
        ends = [named_end(session, file) for file in archive.files()]
    assert set(cut) == {writer.file, next(iter(archive.files()))}
    assert not nameless.exists()
    assert first.read_bytes() == whole[0]
    assert second.read_bytes() == whole[1] + b"half a record"
    assert ends == [len(data) for data in whole]


def test_a_file_that_is_being_written_is_left_alone(two_files: "Kept") -> None:
    archive = two_files.archive
    with archive.writer("crawl-3", at=AT) as writer:
        writer.write_response(url=URL, at=AT, head=HEAD, body=b"x")
        writer.sync()
        with two_files.store.read() as session:
            assert cut_tails(session, archive, "crawl-") == {}
        assert archive.path(writer.file).exists()
