"""`lantian evidence`, as it is typed."""

import hashlib
import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from lantian.evidence.archive import Archive
from lantian.model import AuditEvent
from lantian.store.engine import Store
from lantian.store.migrate import upgrade
from tests.evidence.bundle.conftest import forge
from tests.evidence.conftest import Kept
from tests.services.command import lantian

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


@pytest.fixture
def archive(data_dir: Path) -> Archive:
    """The archive of an installation that is ready."""
    store = Store(f"sqlite:///{data_dir / 'lantian.sqlite3'}")
    upgrade(store)
    store.close()
    return Archive(data_dir / "evidence")


def evidence(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return lantian("evidence", *arguments)


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


@pytest.fixture
def exported(data_dir: Path, tmp_path: Path) -> Path:
    """A bundle of a capture, exported by the command; and the installation that it came from."""
    store = Store(f"sqlite:///{data_dir / 'lantian.sqlite3'}")
    upgrade(store)
    kept = Kept(store, Archive(data_dir / "evidence"))
    kept.begin()
    with kept.archive.writer("crawl-1", at=AT) as writer:
        kept.capture(writer, "https://shop.example/1", b"<p>1")
    store.close()
    out = tmp_path / "one.wacz"
    done = evidence("export", "--capture", "1", str(out))
    assert done.returncode == 0, done.stderr
    assert "1 captures, 0 documents, 1 records" in done.stdout
    assert f"sha256:{hashlib.sha256(out.read_bytes()).hexdigest()}\n" in done.stdout
    return out


def test_a_copy_that_was_taken_is_in_the_audit_chain(exported: Path, data_dir: Path) -> None:
    store = Store(f"sqlite:///{data_dir / 'lantian.sqlite3'}")
    with store.read() as session:
        (event,) = session.scalars(select(AuditEvent))
    store.close()
    assert (event.action, event.subject) == ("evidence.export", "capture:1")
    assert event.detail["digest"][7:] == hashlib.sha256(exported.read_bytes()).hexdigest()


def test_a_bundle_verifies_elsewhere_after_its_installation_is_deleted(
    exported: Path, data_dir: Path, tmp_path: Path
) -> None:
    shutil.rmtree(data_dir)
    digest = hashlib.sha256(exported.read_bytes()).hexdigest()
    done = verify(str(exported))
    assert done.returncode == 0, done.stdout
    assert "1 records" in done.stdout
    assert "nothing is missing or changed" in done.stdout
    assert f"sha256:{digest}" in done.stdout
    assert verify(str(exported), "--expect", digest).returncode == 0
    assert not data_dir.exists()
    exported.write_bytes(
        exported.read_bytes().replace(b"goods", b"g00ds").replace(b"WACZ", b"wacz")
    )
    done = verify(str(exported), "--expect", digest)
    assert done.returncode == 1
    assert "it is not the file that was expected" in done.stdout
    assert "changed: evidence/readme.txt: its bytes are not those that were packed" in done.stdout
    assert "Traceback" not in done.stderr
    done = verify(str(exported), "--json")
    kinds = [json.loads(line) for line in done.stdout.splitlines()]
    assert {one["file"] for one in kinds} >= {"evidence/readme.txt"}


def test_the_verifier_is_written_as_one_file_that_runs_alone(
    exported: Path, tmp_path: Path
) -> None:
    program = tmp_path / "verify.pyz"
    done = evidence("verifier", str(program))
    assert done.stdout == f"sha256:{hashlib.sha256(program.read_bytes()).hexdigest()}\n"
    command = [sys.executable, "-I", "-S", str(program), str(exported)]
    alone = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "nothing is missing or changed" in alone.stdout


def test_what_a_hostile_bundle_says_does_not_steer_the_terminal(exported: Path) -> None:
    forge(exported, add_page)
    done = verify(str(exported))
    assert done.returncode == 1
    assert "\x1b" not in done.stdout
    assert "\ufffd[2J" in done.stdout


def add_page(members: dict[str, bytes]) -> None:
    members["pages/pages.jsonl"] += b'{"url": "\\u001b[2J", "ts": "x"}\n'


@pytest.mark.parametrize(
    "arguments, reason",
    [
        (["export", "--capture", "1", "one.zip"], "does not end in .wacz"),
        (["export", "none.wacz"], "nothing was asked for"),
        (["export", "--clue", "7", "none.wacz"], "there is no clue 7"),
        (["verify", "none.wacz"], "none.wacz cannot be read"),
        (["verify", "--deep", "none.wacz"], "--deep is for the whole archive"),
        (["verify", "--expect", "0"], "--expect is for one bundle"),
    ],
)
def test_a_mistake_is_one_sentence(
    arguments: list[str], reason: str, archive: Archive, tmp_path: Path
) -> None:
    done = evidence(*arguments)
    assert done.returncode == 1
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_there_is_replaced_only_if_so_told(exported: Path) -> None:
    whole = exported.read_bytes()
    done = evidence("export", "--capture", "1", str(exported))
    assert (done.returncode, "is there already" in done.stderr) == (1, True)
    exported.write_bytes(b"")
    assert evidence("export", "--capture", "1", "--force", str(exported)).returncode == 0
    assert exported.read_bytes() == whole


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
