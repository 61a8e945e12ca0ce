"""Evidence goes from one installation to another, which needs the first no more."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from lantian.clock import legal_day
from lantian.evidence.archive import Archive
from lantian.evidence.authority import Authority
from lantian.evidence.sealing import Sealing
from lantian.evidence.stamp import stamp_day
from lantian.model import ReceivedBundle
from lantian.store.engine import Store
from lantian.store.migrate import upgrade
from tests.evidence.authorities import Office
from tests.evidence.bundle.conftest import build
from tests.evidence.conftest import AT, Kept
from tests.services.loopback import Installation


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """A bundle of all that an installation kept, a root certificate, and the digest it told.

    The installation, its store and its folder are deleted.
    """
    folder = tmp_path_factory.mktemp("sent")
    first = Installation(folder / "first", more={"LANTIAN_ORGANISATION": "某市知识产权局"})
    data = first.folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    store = Store(f"sqlite:///{data / 'lantian.sqlite3'}")
    upgrade(store)
    kept = Kept(store, Archive(data / "evidence"))
    kept.begin()
    build(kept)
    office = Office(folder / "office", "one")
    list(Sealing(store, kept.archive).through(legal_day(AT), now=now(), real_now=now()))
    authority = Authority("one", "http://tsa.example/", office.root)
    day = legal_day(AT).isoformat()
    assert stamp_day(
        store, day, authority, lambda _, query: office.reply(query), now=now, real_now=now
    )
    store.close()
    done = first.command("evidence", "export", "--all", str(folder / "all.wacz"))
    assert done.returncode == 0, done.stderr
    assert "5 captures" in done.stdout
    (folder / "root.pem").write_text(office.root)
    shutil.rmtree(first.folder)
    return folder / "all.wacz", folder / "root.pem", done.stdout.splitlines()[-1]


@pytest.fixture
def second(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "second", more={"LANTIAN_WRITER": "inline"})


def test_another_installation_takes_it_in_and_verifies_it_ever_after(
    sent: tuple[Path, Path, str], second: Installation, tmp_path: Path
) -> None:
    bundle, root, digest = sent
    copy = Path(shutil.copy(bundle, tmp_path / "came.wacz"))
    options = ("--trust", str(root), "--expect", digest)
    done = second.command("evidence", "import", str(copy), *options)
    assert done.returncode == 0, done.stderr
    assert "bundle 1 of 某市知识产权局: 10 records" in done.stdout
    assert "10 of 10 records and 8 of 10 events are in sealed days" in done.stdout
    assert "not judged" not in done.stdout
    assert done.stdout.splitlines()[-1] == digest
    copy.unlink()

    verified = second.command("evidence", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    again = second.command("evidence", "import", str(bundle), *options)
    assert again.returncode == 0
    assert "it was here already" in again.stdout
    listed = second.command("evidence", "received").stdout
    assert listed.startswith("1: came.wacz of 某市知识产权局, 10 records")
    out = tmp_path / "out.wacz"
    assert second.command("evidence", "received", "1", "--out", str(out)).returncode == 0
    assert out.read_bytes() == bundle.read_bytes()
    ((subject, told),) = second.rows(
        "select subject, json_extract(detail, '$.digest') from audit_event"
        " where action = 'evidence.receive'"
    )
    assert (subject, told) == ("bundle:1", digest)


def test_its_pages_become_clues_there(sent: tuple[Path, Path, str], second: Installation) -> None:
    done = second.command("import", str(sent[0]), "--source", "某局移送")
    assert done.returncode == 0, done.stderr
    clues = second.rows("select state from clue")
    assert clues == [("open",)]
    assert second.command("evidence", "verify", "--deep").returncode == 0


def test_a_bundle_that_was_changed_is_not_taken(
    sent: tuple[Path, Path, str], second: Installation, tmp_path: Path
) -> None:
    data = bytearray(sent[0].read_bytes())
    data[len(data) // 3] ^= 4
    bad = tmp_path / "bad.wacz"
    bad.write_bytes(data)
    done = second.command("evidence", "import", str(bad))
    assert done.returncode == 1
    assert "bad.wacz is not taken in" in done.stderr
    assert "Traceback" not in done.stderr
    other = second.command("evidence", "import", str(sent[0]), "--expect", "0" * 64)
    assert other.returncode == 1
    assert "it is not the file that was expected" in other.stderr
    assert not list((second.folder / "data").rglob("*.wacz"))


def test_what_is_done_to_it_later_is_found(
    sent: tuple[Path, Path, str], second: Installation
) -> None:
    assert second.command("evidence", "import", str(sent[0])).returncode == 0
    (file,) = (second.folder / "data" / "evidence" / "received").iterdir()
    sound = file.read_bytes()
    data = bytearray(sound)
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    told = second.command("evidence", "verify")
    assert told.returncode == 1
    assert f"changed: received/{file.name}" in told.stdout
    file.unlink()
    assert (
        "the bundle all.wacz that came in is missing" in second.command("evidence", "verify").stdout
    )
    file.write_bytes(sound)
    with_store(second, update(ReceivedBundle).values(size=1))
    assert "is not the one of which event" in second.command("evidence", "verify").stdout
    with_store(second, delete(ReceivedBundle))
    told = second.command("evidence", "verify")
    assert "the audit chain tells that it came in" in told.stdout
    assert "no row names this file" in told.stdout


def with_store(ours: Installation, statement: object) -> None:
    store = ours.store()
    with store.write() as session:
        session.execute(statement)  # type: ignore[call-overload]
    store.close()
