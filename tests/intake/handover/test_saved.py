"""Saved pages of others: WARC, WACZ, HTML and MHTML, with their own dates and addresses."""

import base64
import gzip
import hashlib
import json
import random
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lantian.errors import Invalid
from lantian.evidence.again import ReadAgain
from lantian.evidence.verify import verify
from lantian.intake.handover import saved as saved_module
from lantian.intake.handover import warc as warc_module
from lantian.intake.handover.opened import look
from lantian.intake.handover.pages import Saved
from lantian.intake.handover.rows import Fault
from lantian.intake.handover.saved import pages_of
from lantian.model import Artifact, Capture, Clue, Document, Source
from tests.intake.handover.conftest import CLAIM, NOW, REAL, Counter

SEEN = datetime(2026, 10, 1, 8, 30, tzinfo=UTC)
HTML = f"<!doctype html><html><body><h1>商标</h1><p>{CLAIM}</p></body></html>".encode()
Add = Callable[..., None]


def record(kind: str, fields: dict[str, str], block: bytes) -> bytes:
    named = {"WARC-Type": kind, "WARC-Record-ID": "<urn:uuid:1>", **fields}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    head = f"WARC/1.0\r\n{lines}Content-Length: {len(block)}\r\n\r\n".encode()
    return head + block + b"\r\n\r\n"


def warc(path: Path, fill: Callable[[Add], None], *, packed: bool = True) -> Path:
    """A WARC as other people's tools write it: a member for each record, or plain."""
    written = [record("warcinfo", {"WARC-Filename": "a.warc.gz"}, b"software: other\r\n")]

    def add(
        url: str,
        body: bytes = HTML,
        *,
        kind: str = "response",
        status: str = "200 OK",
        headers: list[tuple[str, str]] | None = None,
        date: str = "2026-10-01T08:30:00Z",
    ) -> None:
        told = headers if headers is not None else [("Content-Type", "text/html")]
        lines = "".join(f"{name}: {value}\r\n" for name, value in told)
        head = f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() if kind == "response" else b""
        media_type = "application/http; msgtype=response" if head else "text/html"
        fields = {
            "WARC-Target-URI": url,
            "WARC-Date": date,
            "WARC-IP-Address": "192.0.2.7",
            "Content-Type": media_type,
        }
        written.append(record(kind, fields, head + body))

    fill(add)
    path.write_bytes(b"".join(gzip.compress(one) if packed else one for one in written))
    return path


def several(add: Add) -> None:
    add("https://practice.example/1")
    add("https://practice.example/logo.png", b"\x89PNG", headers=[("Content-Type", "image/png")])
    add("https://practice.example/gone", b"no", status="404 Not Found")
    packed = [("Content-Type", "text/html"), ("Content-Encoding", "gzip")]
    add("https://practice.example/2", gzip.compress(HTML.replace(b"h1", b"h2")), headers=packed)
    chunked = [("Content-Type", "text/html; charset=utf-8"), ("Transfer-Encoding", "chunked")]
    body = b"%x\r\n%b\r\n5;x=y\r\n<!-->\r\n0\r\n\r\n" % (len(HTML), HTML)
    add("https://practice.example/3", body, headers=chunked)
    add("https://practice.example/4", HTML + b"<!--4-->", headers=packed)
    add("https://other.example/5?utm_source=x", kind="resource")


def pages(path: Path, url: str = "") -> list[Saved | Fault]:
    return list(pages_of(look(path), url=url, now=NOW))


@pytest.mark.parametrize("packed", [True, False])
def test_the_pages_of_a_warc_are_found_with_their_addresses_and_dates(
    tmp_path: Path, packed: bool
) -> None:
    found = pages(warc(tmp_path / "a.warc", several, packed=packed))
    assert all(isinstance(page, Saved) for page in found)
    told = [(page.url.rpartition("/")[2], page.status) for page in found if isinstance(page, Saved)]
    assert told == [("1", 200), ("2", 200), ("3", 200), ("4", 200), ("5?utm_source=x", 0)]
    assert {page.at for page in found if isinstance(page, Saved)} == {SEEN}


def test_a_warc_lives_on_as_crawled_pages_do(counter: Counter) -> None:
    path = warc(counter.folder / "a.warc.gz", several)
    tally = counter.hand_in_pages(path)
    assert (tally.taken, tally.known, tally.faulty) == (5, 0, 0), counter.faults
    captures = {capture.url: capture for capture in counter.rows(Capture)}
    first = captures["https://practice.example/1"]
    assert (first.at, first.recorded_at, first.via) == (SEEN, REAL, "handed")
    assert (first.status, first.remote_ip) == (200, "192.0.2.7")
    assert captures["https://other.example/5"].status == 0
    assert len(counter.rows(Clue)) == 5
    assert all(clue.first_seen_at == SEEN for clue in counter.rows(Clue))
    assert {document.title for document in counter.rows(Document)} >= {"商标"}
    names = {source.name for source in counter.rows(Source)}
    assert names == {"某局@practice.example", "某局@other.example"}
    note = min(counter.rows(Artifact), key=lambda one: one.id).notes["handed_in"]
    assert (note["by"], note["record_date"]) == ("某市监局", "2026-10-01T08:30:00Z")
    with counter.desk.store.read() as session:
        assert list(verify(session, counter.desk.archive, again=ReadAgain())) == []

    again = counter.hand_in_pages(path)
    assert (again.taken, again.known) == (0, 5)
    assert len(counter.rows(Capture)) == 5


def test_a_site_that_has_a_profile_is_read_by_it(counter: Counter) -> None:
    page = Path(__file__).parents[2] / "crawler" / "pages" / "demo-shop"
    case = min(page.iterdir())
    expected = json.loads((case / "expected.json").read_text("utf-8"))
    body = next(case.glob("page.*")).read_bytes()
    kind = expected.get("content_type") or "text/html; charset=utf-8"
    url = expected["url"]
    path = warc(
        counter.folder / "a.warc.gz", lambda add: add(url, body, headers=[("Content-Type", kind)])
    )
    counter.hand_in_pages(path)
    (source,) = counter.rows(Source)
    assert source.profile == "demo-shop"
    assert source.name.endswith(":demo-shop")


def test_what_comes_before_the_damage_is_kept_and_the_place_is_told(counter: Counter) -> None:
    path = warc(counter.folder / "a.warc.gz", several)
    path.write_bytes(path.read_bytes()[:-200])
    tally = counter.hand_in_pages(path)
    assert tally.taken == 4
    (fault,) = counter.faults
    assert "cannot be read from here on" in fault.cause


def test_a_record_with_an_impossible_date_or_address_is_a_fault(tmp_path: Path) -> None:
    def fill(add: Add) -> None:
        add("https://practice.example/1", date="2031-01-01T00:00:00Z")
        add("https://practice.example/2", date="gestern")
        add("file:///etc/passwd")
        add("https://practice.example/3")

    found = pages(warc(tmp_path / "a.warc.gz", fill))
    assert [type(one).__name__ for one in found] == ["Fault", "Fault", "Saved"]


@pytest.mark.parametrize(
    "data, reason",
    [
        (b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: -1\r\n\r\n", "no length"),
        (b"WARC/1.0\r\nContent-Length: 99999999999999\r\n\r\n", "no length"),
        (b"WARC/1.0\r\nContent-Length: 999\r\n\r\nshort", "in the middle"),
        (b"WARC/1.0\r\n" + b"X: y\r\n" * 20_000 + b"\r\n", "over 65,536 bytes"),
        (b"WARC/1.0\r\n" + b"x" * 100_000, "over 65,536 bytes"),
        (b"WARC/1.0\r\nno field\r\n\r\n", "malformed"),
        (gzip.compress(b"WARC/1.0\r\nContent-Length: 5\r\n\r\nhello")[:-12], "in the middle"),
        (b"\x1f\x8b\x08\x00garbage", "in the middle"),
        (b"\x1f\x8b\x08\x00\0\0\0\0\0\0\xff\xff\xff", "cannot be unpacked"),
    ],
)
def test_a_malformed_warc_ends_with_a_reason(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "a.warc"
    path.write_bytes(data)
    (fault,) = pages(path)
    assert isinstance(fault, Fault)
    assert reason in fault.cause


def test_a_warc_that_unpacks_to_too_much_is_left_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warc_module, "_FLOOR", 1 << 20)
    path = tmp_path / "a.warc.gz"
    head = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: %d\r\n\r\n" % (40 << 20)
    path.write_bytes(gzip.compress(head + bytes(40 << 20)))
    (fault,) = pages(path)
    assert isinstance(fault, Fault)
    assert "unpacks to more than" in fault.cause


def test_a_page_whose_body_is_a_bomb_is_a_fault_and_the_next_is_kept(counter: Counter) -> None:
    packed = [("Content-Type", "text/html"), ("Content-Encoding", "gzip")]

    def fill(add: Add) -> None:
        add("https://practice.example/1", gzip.compress(bytes(70 << 20)), headers=packed)
        add("https://practice.example/2")

    tally = counter.hand_in_pages(warc(counter.folder / "a.warc.gz", fill))
    assert (tally.taken, tally.faulty) == (1, 1)
    assert "unpacks to more than" in counter.faults[0].cause


def wacz(path: Path, members: dict[str, bytes], *, lie: str = "") -> Path:
    resources = [
        {
            "path": name,
            "hash": "sha256:" + hashlib.sha256(data + lie.encode()).hexdigest(),
        }
        for name, data in members.items()
    ]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        archive.writestr("datapackage.json", json.dumps({"resources": resources}))
    return path


def test_the_archives_of_a_wacz_are_taken_whatever_their_names_are(counter: Counter) -> None:
    data = warc(counter.folder / "a.warc.gz", several).read_bytes()
    names = ("archive/a.warc.gz", "../../../tmp/evil.warc.gz", "/etc/evil.warc.gz")
    tally = counter.hand_in_pages(wacz(counter.folder / "a.wacz", dict.fromkeys(names, data)))
    assert (tally.taken, tally.known) == (5, 10)
    assert {path.name for path in counter.folder.iterdir()} <= {
        *("a.wacz", "a.warc.gz", "evidence", "store.sqlite3"),
        *("store.sqlite3-wal", "store.sqlite3-shm", "store.sqlite3.lock"),
    }


def test_a_wacz_whose_archive_was_changed_is_told_and_not_taken(counter: Counter) -> None:
    data = warc(counter.folder / "a.warc.gz", several).read_bytes()
    tally = counter.hand_in_pages(
        wacz(counter.folder / "a.wacz", {"archive/a.warc.gz": data}, lie="x")
    )
    assert (tally.taken, tally.faulty) == (0, 1)
    assert "datapackage.json" in counter.faults[0].cause


def test_a_wacz_that_is_damaged_anywhere_ends_in_a_sentence(tmp_path: Path) -> None:
    inner = warc(tmp_path / "a.warc.gz", several).read_bytes()
    whole = wacz(tmp_path / "a.wacz", {"archive/a.warc.gz": inner}).read_bytes()
    rolled = random.Random(7)
    told = 0
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(rolled.randint(1, 6)):
            data[rolled.randrange(len(data))] = rolled.randrange(256)
        (tmp_path / "b.wacz").write_bytes(data)
        try:
            told += any(isinstance(page, Fault) for page in pages(tmp_path / "b.wacz"))
        except Invalid:
            told += 1
    assert told > 150


def test_archives_in_an_archive_and_zip_bombs_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nested = wacz(tmp_path / "a.wacz", {"one.wacz": b"PK", "archive/x.txt": b""})
    with pytest.raises(Invalid, match="archives in the archive"):
        pages(nested)
    bomb = wacz(tmp_path / "b.wacz", {"archive/a.warc": bytes(40 << 20)})
    with pytest.raises(Invalid, match="would unpack"):
        pages(bomb)
    monkeypatch.setattr(saved_module, "MOST_ENTRIES", 3)
    many = wacz(tmp_path / "c.wacz", {f"archive/{n}.warc": b"x" for n in range(5)})
    with pytest.raises(Invalid, match="at most 3"):
        pages(many)


PLACE = b"https://practice.example/service"
SAVED = {
    "browser.html": b"<!DOCTYPE html>\r\n<!-- saved from url=(0031)" + PLACE + b" -->" + HTML[15:],
    "single.html": (
        b"<!DOCTYPE html> <html><!--\n Page saved with SingleFile \n url: " + PLACE + b" \n"
        b" saved date: Thu Oct 01 2026 16:30:00 GMT+0800 (CST)\n-->" + HTML[21:]
    ),
    "page.mhtml": (
        b"From: <Saved by Blink>\r\nSnapshot-Content-Location: " + PLACE + b"\r\n"
        b"Date: Thu, 1 Oct 2026 16:30:00 +0800\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/related; type="text/html"; boundary="B"\r\n\r\n'
        b"--B\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
        b"Content-Location: " + PLACE + b"\r\n\r\n" + base64.encodebytes(HTML) + b"\r\n"
        b"--B\r\nContent-Type: image/png\r\nContent-Location: ../../evil\r\n\r\nx\r\n--B--\r\n"
    ),
}
MULTIPART = b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=B\r\n"
UNKNOWN = (
    b"--B\r\nContent-Type: text/html; charset=no-such\r\nContent-Location: \xff\r\n\r\nx\r\n--B--"
)


@pytest.mark.parametrize("name", list(SAVED))
def test_one_saved_page_tells_whence_and_when_it_is(counter: Counter, name: str) -> None:
    path = counter.folder / name
    path.write_bytes(SAVED[name])
    assert counter.hand_in_pages(path).taken == 1, counter.faults
    (capture,) = counter.rows(Capture)
    assert capture.url == "https://practice.example/service"
    assert capture.at == (NOW if name == "browser.html" else SEEN)
    (clue,) = counter.rows(Clue)
    assert clue.posting_key == "https://practice.example/service"
    with counter.desk.store.read() as session:
        assert list(verify(session, counter.desk.archive, again=ReadAgain())) == []
    assert counter.hand_in_pages(path).known == 1


def test_a_page_that_does_not_say_whence_it_is_needs_its_address(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_bytes(HTML)
    (fault,) = pages(path)
    assert isinstance(fault, Fault)
    assert "--url" in fault.cause
    (page,) = pages(path, "https://practice.example/x")
    assert isinstance(page, Saved)
    assert page.url == "https://practice.example/x"


@pytest.mark.parametrize(
    "data",
    [
        MULTIPART + b"\r\n" + b"--B\r\n" * 9,
        MULTIPART + b"Date: x\r\n\r\n" + UNKNOWN,
        b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=\n\n",
    ],
)
def test_a_malformed_mhtml_is_a_fault(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.mhtml"
    path.write_bytes(data)
    found: list[Any] = pages(path)
    assert [type(one).__name__ for one in found] == ["Fault"]
