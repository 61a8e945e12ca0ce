"""Evidence behind the folder: one contract, over a folder elsewhere and a server that speaks S3."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer
from sqlalchemy import select

from lantian.clock import legal_day
from lantian.errors import ConfigError, EvidenceDamaged, ServiceUnavailable
from lantian.evidence.archive import Archive, Look
from lantian.evidence.bundle.check import BundleCheck
from lantian.evidence.bundle.select import Asked
from lantian.evidence.depot import Depot, open_depot
from lantian.evidence.indexing import index_archive
from lantian.evidence.moving import move_complete
from lantian.evidence.parts import Scope, do_parts
from lantian.evidence.retention import Retention
from lantian.evidence.sealing import Sealing
from lantian.evidence.verify import parts_of
from lantian.model import Artifact
from tests.evidence.bundle.conftest import Case, build
from tests.evidence.conftest import AT, PNG, Kept, reasons

BUCKET = "evidence"


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of a server that speaks S3, on loopback."""
    server = ThreadedMotoServer("127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture(params=["folder", "s3"])
def depot_url(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The address of an empty storage, as `evidence_store` names it."""
    if request.param == "folder":
        return f"file://{tmp_path / 'elsewhere'}"
    endpoint = request.getfixturevalue("s3")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    bucket = f"{BUCKET}-{abs(hash(str(tmp_path)))}"
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=bucket)
    return f"s3://{bucket}/office?endpoint_url={endpoint}"


@pytest.fixture
def depot(depot_url: str) -> Depot:
    found = open_depot(depot_url)
    assert found is not None
    return found


@pytest.fixture
def stored(two_files: Kept, depot: Depot) -> Kept:
    """Two files that are in the storage, and no more in the folder; and one that is written."""
    two_files.archive.depot = depot
    moved = list(move_complete(two_files.store, two_files.archive))
    assert len(moved) == 2
    assert not list(two_files.archive.folder.rglob("*.warc.gz"))
    return two_files


def artifacts(kept: Kept) -> list[Artifact]:
    with kept.store.read() as session:
        return list(session.scalars(select(Artifact).order_by(Artifact.id)))


# The contract.


def test_what_is_put_is_there_byte_by_byte(depot: Depot, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(bytes(range(256)) * 1000)
    assert list(depot.files()) == []
    assert depot.put(path, "warc/2026/11/x.warc.gz") == 256_000
    assert list(depot.files()) == [("warc/2026/11/x.warc.gz", 256_000)]
    assert depot.size("warc/2026/11/x.warc.gz") == 256_000
    assert depot.read("warc/2026/11/x.warc.gz", 255, 3) == b"\xff\x00\x01"
    assert depot.read("warc/2026/11/x.warc.gz", 255_999, 10) == b"\xff"
    assert depot.read("warc/2026/11/x.warc.gz", 256_000, 10) == b""
    with depot.open("warc/2026/11/x.warc.gz") as handle:
        assert handle.read() == path.read_bytes()


def test_what_is_not_there_is_told_as_a_missing_file(depot: Depot) -> None:
    for ask in (depot.size, depot.open, lambda file: depot.read(file, 0, 1)):
        with pytest.raises(FileNotFoundError):
            ask("warc/none")
    depot.remove("warc/none")


def test_what_is_removed_is_gone(depot: Depot, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"x")
    depot.put(path, "warc/x")
    depot.remove("warc/x")
    assert list(depot.files()) == []


# The archive over it.


def test_records_are_read_from_where_they_are(stored: Kept) -> None:
    rows = artifacts(stored)
    assert len(rows) == 20
    for one in (*rows, *reversed(rows)):
        assert len(stored.archive.read(one)) == one.size
    assert stored.findings() == []


def test_verifying_in_parts_and_processes_reads_from_there(stored: Kept, depot_url: str) -> None:
    with stored.store.read() as session:
        work = parts_of(session, stored.archive)
    scope = Scope(stored.store.url, stored.archive.folder, depot=depot_url)
    done = list(do_parts(scope, work, processes=1))
    assert sum(one.records for one in done) == 20
    assert [finding for one in done for finding in one.findings] == []


def test_damage_there_is_named_and_a_lost_file_is_missing(stored: Kept, tmp_path: Path) -> None:
    depot, rows = stored.archive.depot, artifacts(stored)
    assert depot is not None
    first, second = sorted({one.file for one in rows})
    with depot.open(first) as handle:
        data = bytearray(handle.read())
    data[rows[1].offset + 40] ^= 1
    bad = tmp_path / "bad"
    bad.write_bytes(data)
    depot.put(bad, first)
    depot.remove(second)
    told = reasons(stored.findings())
    assert f"{first}: at {rows[1].offset}" in told or "its bytes were changed" in told
    assert f"{second}: the file is missing, and with it 10 records" in told
    with pytest.raises(EvidenceDamaged, match="the file is missing"):
        stored.archive.read(next(one for one in rows if one.file == second))
    bad.write_bytes(data[: rows[3].offset + 5])
    depot.put(bad, first)
    assert "it ends before the record at" in reasons(stored.findings())


def test_only_what_is_complete_is_moved(kept: Kept, depot: Depot) -> None:
    kept.archive.depot = depot
    with kept.archive.writer("crawl-1", at=AT) as writer:
        kept.capture(writer, "https://shop.example/1", b"<p>1")
        assert list(move_complete(kept.store, kept.archive)) == []
    with kept.archive.writer("crawl-2", at=AT) as writer:
        kept.capture(writer, "https://shop.example/2", b"<p>2")
        # What a killed writer left behind its last row.
        writer.write_response(url="https://x.example/", at=AT, head=b"HTTP/1.1 200 OK", body=b"x")
    moved = list(move_complete(kept.store, kept.archive))
    assert [one.file for one in moved] == ["warc/2026/11/crawl-1.warc.gz"]
    assert kept.archive.look("warc/2026/11/crawl-1.warc.gz") == Look(moved[0].size, held=False)
    assert list(move_complete(kept.store, kept.archive)) == []


def test_a_file_that_is_in_both_is_moved_anew(stored: Kept, tmp_path: Path) -> None:
    depot, file = stored.archive.depot, artifacts(stored)[0].file
    assert depot is not None
    with depot.open(file) as handle:
        stored.archive.path(file).write_bytes(handle.read())
    assert stored.findings() == []
    assert [one.file for one in move_complete(stored.store, stored.archive)] == [file]
    assert stored.findings() == []


def test_index_retention_and_export_work_over_it(kept: Kept, depot: Depot, tmp_path: Path) -> None:
    kept.archive.depot = depot
    over = AT + timedelta(days=180)
    with kept.archive.writer("crawl-1", at=AT) as writer:
        kept.capture(writer, "https://shop.example/1", b"<p>1", screenshot=PNG, hit_count=1)
        kept.capture(writer, "https://shop.example/2", b"<p>2", hit_count=0, expires_at=over)
    list(move_complete(kept.store, kept.archive))
    (made,) = index_archive(kept.archive)
    assert made.lines == 3
    at = AT + timedelta(days=1)
    list(Sealing(kept.store, kept.archive, sm3=True).through(legal_day(at), now=at, real_now=at))
    keeping = Retention(kept.store, kept.archive, timedelta(0))
    (done,) = keeping.expire(now=lambda: over, real_now=lambda: over)
    assert keeping.remove(now=over, real_now=over) == [done.file]
    assert list(depot.files()) == []
    list(move_complete(kept.store, kept.archive))
    assert [file for file, _ in depot.files()] == [done.replaced_by]
    assert kept.findings() == []
    case = Case(kept.store, kept.archive, kept.crawl_id)
    path = case.export(tmp_path / "x.wacz", Asked(captures=(1,))).path
    assert list(BundleCheck(path).findings()) == []


def test_a_whole_case_is_exported_from_there(kept: Kept, depot: Depot, tmp_path: Path) -> None:
    case = build(kept)
    before = case.export(tmp_path / "before.wacz").path.read_bytes()
    case.archive.depot = depot
    assert len(list(move_complete(case.store, case.archive))) == 2
    assert case.export(tmp_path / "after.wacz").path.read_bytes() == before


# What goes wrong.


def test_a_storage_that_does_not_answer_is_neither_damage_nor_loss(
    two_files: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    depot = open_depot("s3://evidence/x?endpoint_url=http://127.0.0.1:9")
    two_files.archive.depot = depot
    with pytest.raises(ServiceUnavailable, match="s3://evidence/x does not answer"):
        list(move_complete(two_files.store, two_files.archive))
    assert len(list(two_files.archive.folder.rglob("*.warc.gz"))) == 2
    assert Archive(two_files.archive.folder).read(artifacts(two_files)[0])


def test_an_address_that_is_none_is_told() -> None:
    assert open_depot("") is None
    with pytest.raises(ConfigError, match="evidence_store nowhere://x cannot be opened"):
        open_depot("nowhere://x")
