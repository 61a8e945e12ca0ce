"""`lantian evidence`, as it is typed."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lantian.evidence.archive import Archive
from lantian.store.engine import Store
from lantian.store.migrate import upgrade

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


@pytest.fixture
def archive(data_dir: Path) -> Archive:
    """The archive of an installation that is ready."""
    store = Store(f"sqlite:///{data_dir / 'lantian.sqlite3'}")
    upgrade(store)
    store.close()
    return Archive(data_dir / "evidence")


def evidence(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "lantian", "evidence", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)


def verify(*options: str) -> "subprocess.CompletedProcess[str]":
    return evidence("verify", *options)


def test_complete_files_are_indexed_once(archive: Archive) -> None:
    with archive.writer("crawl-1", at=AT) as writer:
        writer.write_response(url="https://a.example/", at=AT, head=b"HTTP/1.1 200 OK", body=b"x")
    told = [evidence("index").stdout for _ in range(2)]
    assert told == ["1 files indexed anew, 1 lines.\n", "0 files indexed anew, 0 lines.\n"]
    (index,) = (archive.folder / "indexes").iterdir()
    assert index.read_text().startswith("example,a)/ 20261124080000 {")


@pytest.mark.parametrize("options", [[], ["--deep"]])
def test_an_archive_in_order_is_told_in_one_line(archive: Archive, options: list[str]) -> None:
    done = verify(*options)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "0 records, 0.0 MB: nothing is missing or changed.\n"


def test_what_is_wrong_is_named_and_the_status_is_1(archive: Archive) -> None:
    with archive.writer("crawl-1", at=AT) as writer:
        writer.write_response(url="https://a.example/", at=AT, head=b"HTTP/1.1 200 OK", body=b"x")
    (archive.folder / "notes.txt").write_text("x")
    done = verify()
    assert done.returncode == 1
    assert "unnamed: notes.txt: no row names this file." in done.stdout
    assert "unnamed: warc/2026/11/crawl-1.warc.gz: no row names anything" in done.stdout
    assert "2 findings." in done.stdout
    assert "Traceback" not in done.stderr


def test_findings_come_as_json_a_line_each(archive: Archive) -> None:
    (archive.folder).mkdir()
    (archive.folder / "notes.txt").write_text("x")
    done = verify("--json")
    assert done.returncode == 1
    (line,) = done.stdout.splitlines()
    assert json.loads(line) == {
        "kind": "unnamed",
        "file": "notes.txt",
        "reason": "no row names this file.",
        "capture_id": None,
    }
