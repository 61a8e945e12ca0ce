"""Writing: read back by warcio, on the disk before a row names it, gone where none does."""

import os
import resource
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from lantian.errors import Conflict, StoreError
from lantian.evidence.archive import Archive, Original, WarcWriter
from lantian.evidence.record import Record

AT = datetime(2026, 3, 5, 23, 59, 59, 7, tzinfo=UTC)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\ntransfer-encoding: chunked\r\nX-A: 1\r\n\r\n"


def record_of(archive: Archive, **values: object) -> Record:
    arguments = {"url": "https://shop.example/", "at": AT, "head": HEAD, "body": b"<p>x"}
    with archive.writer("one", at=AT) as writer:
        ref = writer.write_response(**(arguments | values))  # type: ignore[arg-type]
    return archive.record(ref)


def lose(writer: WarcWriter, body: bytes, *, synced: bool) -> None:
    """A batch of two records whose transaction fails."""
    with writer.batch():
        for n in range(2):
            writer.write_response(url=f"https://a.example/{n}", at=AT, head=HEAD, body=body)
        if synced:
            writer.sync()
        raise RuntimeError("no commit")


def test_a_file_lies_in_its_month_and_names_its_run(archive: Archive) -> None:
    names = ("crawl-17-3", "crawl-17-3", "../../etc/商")
    writers = [archive.writer(name, at=AT) for name in names]
    month = "warc/2026/03"
    files = [f"{month}/{name}.warc.gz" for name in ("crawl-17-3", "crawl-17-3-2", "etc")]
    assert [writer.file for writer in writers] == files
    for writer in writers:
        writer.write_response(url="https://a.example/", at=AT, head=HEAD, body=b"x")
        writer.close()
        writer.close()
    assert list(archive.files()) == sorted(files)


def test_a_run_that_captures_nothing_leaves_no_file(archive: Archive) -> None:
    with archive.writer("crawl-1", at=AT) as writer:
        with pytest.raises(RuntimeError, match="no commit"):
            lose(writer, b"lost", synced=True)
        assert archive.path(writer.file).exists()
    assert list(archive.files()) == []


def test_warcio_reads_every_record_and_finds_its_digests_right(archive: Archive) -> None:
    with archive.writer("crawl-1", at=AT, software="lantian 1") as writer:
        response = writer.write_response(
            url="https://shop.example/商品?a=1 2",
            at=AT,
            head=HEAD,
            body="<p>包授权".encode(),
            remote_ip="1.1.1.1",
        )
        shot = writer.write_resource(
            url="https://shop.example/x",
            at=AT,
            role="screenshot",
            media_type="image/png",
            data=b"\x89PNG",
            concurrent_to=response.record_id,
        )
    path = archive.path(writer.file)
    with path.open("rb") as handle:
        info, first, second = [
            (dict(r.rec_headers.headers), r.http_headers, r.content_stream().read())
            for r in ArchiveIterator(handle, check_digests="raise")
        ]
    assert info[0]["WARC-Type"] == "warcinfo"
    assert b"software: lantian 1" in info[2]
    assert first[0]["WARC-Target-URI"] == "https://shop.example/%E5%95%86%E5%93%81?a=1%202"
    assert first[0]["WARC-Date"] == "2026-03-05T23:59:59.000007Z"
    assert first[0]["WARC-IP-Address"] == "1.1.1.1"
    assert first[0]["WARC-Record-ID"] == f"<{response.record_id}>"
    assert first[1].get_header("X-A") == "1"
    assert first[2].decode() == "<p>包授权"
    assert second[0]["WARC-Concurrent-To"] == f"<{response.record_id}>"
    assert second[0]["WARC-Target-URI"] == "urn:screenshot:https://shop.example/x"
    assert (second[2], shot.size) == (b"\x89PNG", 4)


def test_warcio_check_passes(archive: Archive, capsys: pytest.CaptureFixture[str]) -> None:
    with archive.writer("crawl-1", at=AT) as writer:
        for n in range(20):
            writer.write_response(url=f"https://a.example/{n}", at=AT, head=HEAD, body=b"x" * n)

    class Asked:
        inputs = [str(archive.path(writer.file))]  # noqa: RUF012
        verbose = True

    checker = Checker(Asked())
    checker.process_all()
    assert checker.exit_value in {0, None}
    assert capsys.readouterr().out.count("digest pass") == 20 + 1  # the warcinfo's block too


def test_what_the_network_layer_lost_is_marked_and_left_out(archive: Archive) -> None:
    record = record_of(archive)
    assert record.head == b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-A: 1\r\n\r\n"
    assert "rebuilt" in record.fields["Lantian-Rebuilt"]


def test_a_body_from_the_browser_is_marked_as_decoded_by_it(archive: Archive) -> None:
    head = b"HTTP/2 200\r\ncontent-encoding: br\r\ncontent-length: 9\r\nx-a: text/html\r\n\r\n"
    record = record_of(archive, head=head, body=b"unpacked", via="browser")
    assert record.head == (
        b"HTTP/1.1 200\r\nX-Archive-Orig-content-encoding: br\r\nx-a: text/html\r\n"
        b"Content-Length: 8\r\n\r\n"
    )
    assert "decoded" in record.fields["Lantian-Rebuilt"]


def test_a_packed_body_stays_as_it_was_received(archive: Archive) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n"
    record = record_of(archive, head=head, body=b"\x1f\x8b\x08\x00")
    assert record.payload == b"\x1f\x8b\x08\x00"
    assert record.head == head


def test_no_two_records_of_an_archive_share_an_id(archive: Archive) -> None:
    ids = []
    for name in ("a", "b"):
        with archive.writer(name, at=AT) as writer:
            ids += [
                writer.write_response(
                    url="https://a.example/", at=AT, head=HEAD, body=b"same"
                ).record_id
                for _ in range(3)
            ]
    assert len(set(ids)) == 6


def test_after_sync_another_process_reads_what_was_written(archive: Archive) -> None:
    writer = archive.writer("crawl-1", at=AT)
    ref = writer.write_response(url="https://a.example/", at=AT, head=HEAD, body=b"here")
    assert archive.path(writer.file).stat().st_size == ref.offset
    writer.sync()
    assert archive.path(writer.file).stat().st_size == ref.offset + ref.length == writer.position
    assert archive.read(ref) == b"here"
    writer.close()


def test_a_batch_that_fails_leaves_nothing_behind(archive: Archive) -> None:
    with archive.writer("crawl-1", at=AT) as writer:
        kept = writer.write_response(url="https://a.example/1", at=AT, head=HEAD, body=b"kept")
        writer.sync()
        for synced in (False, True):
            with pytest.raises(RuntimeError, match="no commit"):
                lose(writer, b"lost", synced=synced)
            assert writer.position == kept.offset + kept.length
        with writer.batch():
            after = writer.write_response(url="https://a.example/4", at=AT, head=HEAD, body=b"on")
            writer.sync()
    assert after.offset == kept.offset + kept.length
    assert (archive.read(kept), archive.read(after)) == (b"kept", b"on")


def test_large_records_do_not_wait_in_memory(archive: Archive) -> None:
    with archive.writer("crawl-1", at=AT) as writer:
        writer.write_response(
            url="https://a.example/1", at=AT, head=HEAD, body=os.urandom(9_000_000)
        )
        assert archive.path(writer.file).stat().st_size > 9_000_000
        with pytest.raises(RuntimeError, match="no commit"):
            lose(writer, os.urandom(9_000_000), synced=False)
        ref = writer.write_response(url="https://a.example/1", at=AT, head=HEAD, body=b"small")
    assert archive.read(ref) == b"small"
    assert archive.path(writer.file).stat().st_size == ref.offset + ref.length


def test_a_full_disk_is_named_and_leaves_no_half_record(archive: Archive) -> None:
    writer = archive.writer("crawl-1", at=AT)
    kept = writer.write_response(url="https://a.example/1", at=AT, head=HEAD, body=b"kept")
    writer.sync()
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (writer.position + 1000, limits[1]))
    try:
        writer.write_response(url="https://a.example/2", at=AT, head=HEAD, body=os.urandom(5000))
        with pytest.raises(StoreError, match=r"crawl-1\.warc\.gz cannot be written"):
            writer.sync()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert writer.position == kept.offset + kept.length
    after = writer.write_response(url="https://a.example/3", at=AT, head=HEAD, body=b"after")
    writer.close()
    assert (archive.read(kept), archive.read(after)) == (b"kept", b"after")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "evidence").write_text("a file stands here")
    with pytest.raises(StoreError, match="cannot be written"):
        Archive(tmp_path / "evidence").writer("crawl-1", at=AT)


def test_a_file_that_is_being_written_is_not_cut(archive: Archive) -> None:
    with archive.writer("crawl-1", at=AT) as writer:
        writer.write_response(url="https://a.example/", at=AT, head=HEAD, body=b"x")
        place = archive.place(writer.file)
        assert place.held()
        with pytest.raises(Conflict, match="is being written"):
            place.cut(0)
    assert not place.held()


KILLED = """
import os, signal, sys
from datetime import datetime, UTC
from pathlib import Path
from lantian.evidence.archive import Archive
at = datetime(2026, 3, 5, tzinfo=UTC)
writer = Archive(Path(sys.argv[1])).writer("crawl-9", at=at)
head = b"HTTP/1.1 200 OK\\r\\n\\r\\n"
first = writer.write_response(url="https://a.example/1", at=at, head=head, body=b"named")
writer.sync()
writer.write_response(url="https://a.example/2", at=at, head=head, body=b"not named")
writer.sync()
print(first.offset + first.length, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_tail_of_a_killed_writer_can_be_cut(archive: Archive) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(archive.folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    named = int(done.stdout)
    place = archive.place("warc/2026/03/crawl-9.warc.gz")
    size = place.path.stat().st_size
    assert not place.held()
    assert place.cut(named) == size - named > 0
    assert place.path.stat().st_size == named
    assert place.cut(named) == 0
    assert place.cut(0) == named
    assert not place.path.exists()


@pytest.mark.parametrize(
    "status, profile", [("200 OK", "identical-payload-digest"), ("304 Not Modified", "server-not-")]
)
def test_a_revisit_refers_to_the_record_that_holds_its_body(
    status: str, profile: str, archive: Archive
) -> None:
    url, later = "https://shop.example/", AT.replace(day=6)
    with archive.writer("one", at=AT) as writer:
        first = writer.write_response(url=url, at=AT, head=HEAD, body=b"<p>x")
        ref = writer.write_revisit(
            url=url,
            at=later,
            head=HEAD.replace(b"200 OK", status.encode()),
            original=Original(first.record_id, url, AT, first.digest),
            remote_ip="1.1.1.1",
        )
    record = archive.record(ref)
    assert (record.payload, ref.size) == (b"", 0)
    assert record.head.startswith(f"HTTP/1.1 {status}\r\n".encode())
    assert record.fields["WARC-Refers-To"] == f"<{first.record_id}>"
    assert record.fields["WARC-Refers-To-Date"] == record.fields["WARC-Date"].replace("06T", "05T")
    assert profile in record.fields["WARC-Profile"]
    with archive.path(writer.file).open("rb") as handle:
        found = [
            (one.rec_type, one.rec_headers["WARC-Payload-Digest"])
            for one in ArchiveIterator(handle)
        ]
    assert found[1:] == [("response", first.digest), ("revisit", first.digest)]
