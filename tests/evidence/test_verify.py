"""Tampering: whatever was changed is named, with file and cause, and never by a traceback."""

import random
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, select, update

from lantian.evidence.record import compressed_member, stored_member, unpacked
from lantian.model import Artifact, Capture

if TYPE_CHECKING:
    from tests.evidence.conftest import Kept

FLIPS = 300
AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


def named(path: Path) -> str:
    return f"warc/2026/11/{path.name}"


def test_an_archive_as_it_was_written_has_no_findings(two_files: "Kept") -> None:
    lengths: list[int] = []
    assert two_files.findings(progress=lengths.append) == []
    assert len(lengths) == 12 + 2 * 4
    assert sum(lengths) > sum(path.stat().st_size for path in two_files.files()) - 2000


def test_every_flipped_byte_is_found_in_its_file(two_files: "Kept") -> None:
    rng = random.Random(20261124)
    files = two_files.files()
    missed = []
    for _ in range(FLIPS):
        path = rng.choice(files)
        whole = path.read_bytes()
        place, change = rng.randrange(len(whole)), rng.randrange(1, 256)
        path.write_bytes(whole[:place] + bytes([whole[place] ^ change]) + whole[place + 1 :])
        findings = two_files.findings()
        if not findings or {finding.file for finding in findings} != {named(path)}:
            missed.append((path.name, place, change))
        path.write_bytes(whole)
    assert missed == []
    assert two_files.findings() == []


def swap_files(kept: "Kept") -> None:
    first, second = kept.files()
    first.rename(first.with_suffix(".x"))
    second.rename(first)
    first.with_suffix(".x").rename(second)


def delete_file(kept: "Kept") -> None:
    kept.files()[0].unlink()


def delete_everything(kept: "Kept") -> None:
    shutil.rmtree(kept.archive.folder)


def truncate_file(kept: "Kept") -> None:
    path = kept.files()[0]
    path.write_bytes(path.read_bytes()[:-100])


def empty_file(kept: "Kept") -> None:
    kept.files()[0].write_bytes(b"")


def rename_file(kept: "Kept") -> None:
    path = kept.files()[0]
    path.rename(path.with_name("crawl-7.warc.gz"))


def copy_file(kept: "Kept") -> None:
    path = kept.files()[0]
    shutil.copy(path, path.with_name("crawl-7.warc.gz"))


def lay_a_file(kept: "Kept") -> None:
    (kept.archive.folder / "notes.txt").write_text("x")


def a_folder_in_its_place(kept: "Kept") -> None:
    path = kept.files()[0]
    path.unlink()
    path.mkdir()


def _records(kept: "Kept") -> list[Artifact]:
    with kept.store.read() as session:
        file = next(iter(kept.archive.files()))
        rows = select(Artifact).where(Artifact.file == file).order_by(Artifact.offset)
        return list(session.scalars(rows))


def swap_records(kept: "Kept") -> None:
    path = kept.files()[0]
    whole = path.read_bytes()
    first, second = _records(kept)[:2]
    parts = [whole[r.offset : r.offset + r.length] for r in (first, second)]
    end = second.offset + second.length
    path.write_bytes(whole[: first.offset] + parts[1] + parts[0] + whole[end:])


def remove_a_record(kept: "Kept") -> None:
    path = kept.files()[0]
    whole = path.read_bytes()
    record = _records(kept)[1]
    path.write_bytes(whole[: record.offset] + whole[record.offset + record.length :])


def repeat_the_last_record(kept: "Kept") -> None:
    path = kept.files()[0]
    whole = path.read_bytes()
    record = _records(kept)[-1]
    path.write_bytes(whole + whole[record.offset :])


def append_rubbish(kept: "Kept") -> None:
    path = kept.files()[0]
    path.write_bytes(path.read_bytes() + b"rubbish")


def pack_a_record_anew(kept: "Kept") -> None:
    """The same content in other bytes: nothing in the WARC itself tells."""
    path = kept.files()[0]
    whole = path.read_bytes()
    record = _records(kept)[0]
    content, length = unpacked(whole[record.offset :], 10_000_000)
    member = stored_member(content)
    path.write_bytes(whole[: record.offset] + member + whole[record.offset + length :])


def forge_a_record(kept: "Kept") -> None:
    """Another time, with every digest in the WARC made right."""
    path = kept.files()[0]
    whole = path.read_bytes()
    record = _records(kept)[0]
    content, length = unpacked(whole[record.offset :], 10_000_000)
    forged = content.replace(b"WARC-Date: 2026-11-24T08", b"WARC-Date: 2026-11-23T08")
    assert forged != content
    path.write_bytes(
        whole[: record.offset] + compressed_member(forged) + whole[record.offset + length :]
    )


def forge_the_warcinfo(kept: "Kept") -> None:
    path = kept.files()[0]
    whole = path.read_bytes()
    content, length = unpacked(whole, 10_000)
    path.write_bytes(compressed_member(content) + whole[length:])


@pytest.mark.parametrize(
    "tamper, kind, reason",
    [
        (swap_files, "changed", "its bytes were changed"),
        (delete_file, "missing", "the file is missing, and with it 10 records"),
        (delete_everything, "missing", "the file is missing"),
        (truncate_file, "changed", "it ends before the record at"),
        (empty_file, "changed", "it ends before the record at"),
        (rename_file, "unnamed", r"It was written as crawl-1\.warc\.gz: was it renamed"),
        (rename_file, "missing", "the file is missing"),
        (copy_file, "unnamed", "no row names anything in this file"),
        (lay_a_file, "unnamed", "no row names this file"),
        (a_folder_in_its_place, "missing", "the file is missing"),
        (swap_records, "changed", "its bytes were changed"),
        (remove_a_record, "changed", "its bytes were changed"),
        (
            repeat_the_last_record,
            "unnamed",
            "no row names this response of https://shop.example/1/5",
        ),
        (append_rubbish, "changed", "7 bytes that no row names are no record"),
        (pack_a_record_anew, "changed", "its bytes were changed"),
        (forge_a_record, "changed", "its bytes were changed"),
        (forge_the_warcinfo, "changed", "its warcinfo record was changed"),
    ],
)
def test_what_was_done_to_the_files_is_named(
    two_files: "Kept", tamper: Callable[["Kept"], None], kind: str, reason: str
) -> None:
    tamper(two_files)
    findings = two_files.findings()
    assert any(f.kind == kind and re.search(reason, f.reason) for f in findings), findings
    assert all(finding.file for finding in findings)


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"payload_digest": "sha256:0"}, "another payload digest"),
        ({"final_url": "https://other.example/"}, "another address"),
        ({"remote_ip": "9.9.9.9"}, "another IP address"),
        ({"status": 404}, "another status"),
    ],
)
def test_a_changed_row_of_a_capture_is_named(
    two_files: "Kept", change: dict[str, Any], reason: str
) -> None:
    with two_files.store.write() as session:
        session.execute(update(Capture).where(Capture.id == 3).values(**change))
    (finding,) = two_files.findings()
    assert finding.capture_id == 3
    assert reason in finding.reason


@pytest.mark.parametrize(
    "change",
    [
        {"digest": "sha256:0"},
        {"record_digest": "sha256:0"},
        {"record_id": "urn:uuid:0"},
        {"offset": 5},
        {"length": 5},
        {"size": 5},
        {"file": "../../../../etc/passwd"},
        {"role": "screenshot"},
    ],
)
def test_a_changed_row_of_an_artifact_is_found(two_files: "Kept", change: dict[str, Any]) -> None:
    with two_files.store.write() as session:
        session.execute(update(Artifact).where(Artifact.id == 4).values(**change))
    assert two_files.findings()


def test_a_deleted_row_leaves_a_record_that_nobody_names(two_files: "Kept") -> None:
    with two_files.store.write() as session:
        session.execute(delete(Artifact).where(Artifact.capture_id == 3))
    kinds = {(finding.kind, finding.file) for finding in two_files.findings()}
    assert kinds == {("unnamed", "warc/2026/11/crawl-1.warc.gz"), ("missing", "store")}


def test_what_a_writer_adds_meanwhile_is_no_finding(kept: "Kept") -> None:
    with kept.archive.writer("crawl-1", at=AT) as writer:
        kept.capture(writer, "https://shop.example/1", b"<p>1")
        writer.write_response(url="https://shop.example/2", at=AT, head=HEAD, body=b"<p>2")
        writer.sync()
        assert kept.findings() == []
    (finding,) = kept.findings()
    assert finding.kind == "unnamed"


def test_a_file_without_rows_that_is_being_written_is_no_finding(kept: "Kept") -> None:
    with kept.archive.writer("crawl-1", at=AT) as writer:
        writer.sync()
        assert kept.findings() == []


def test_a_file_that_a_killed_writer_had_only_begun_is_no_finding(kept: "Kept") -> None:
    writer = kept.archive.writer("crawl-1", at=AT)
    begun = kept.archive.path(writer.file).read_bytes()
    writer.close()
    kept.archive.path(writer.file).write_bytes(begun)
    assert kept.findings() == []
    kept.archive.path(writer.file).write_bytes(begun[:-1])
    (finding,) = kept.findings()
    assert "no WARC file of ours" in finding.reason


def test_an_empty_installation_has_no_findings(kept: "Kept") -> None:
    assert kept.findings() == []
