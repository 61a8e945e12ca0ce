"""The evidence of a notice as a ZIP: whole, repeatable, and never handed out damaged."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from lantian.errors import EvidenceDamaged, NotFound
from lantian.evidence.archive import Archive
from lantian.evidence.writer import WarcWriter
from lantian.model import Document, Notice
from lantian.settings import Settings
from lantian.takedowns.issue import issue_notices
from lantian.takedowns.proof import evidence_of
from tests.takedowns.market import TEXT, Market


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "evidence")


@pytest.fixture
def writer(archive: Archive, market: Market) -> Iterator[WarcWriter]:
    with archive.writer("crawl-1", at=market.now) as writer:

        def keep(url: str, body: bytes) -> dict[str, Any]:
            ref = writer.write_response(
                url=url,
                at=market.now,
                head=b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n",
                body=body,
                remote_ip="127.0.0.1",
                via="http",
            )
            writer.sync()
            return asdict(ref)

        market.keep = keep
        yield writer


@pytest.fixture
def notice(writer: WarcWriter, market: Market, settings: Settings) -> Notice:
    clue = market.confirmed(market.platform())
    with market.store.write() as session:
        (notice,) = issue_notices(
            session, [clue], actor="user:a", now=market.now, real_now=market.now, settings=settings
        )
        return notice


def files_of(market: Market, archive: Archive, notice: Notice) -> dict[str, bytes]:
    with market.store.read() as session:
        data = evidence_of(session, archive, notice.id).read()
    with zipfile.ZipFile(io.BytesIO(data)) as zipped:
        return {name: zipped.read(name) for name in zipped.namelist()}


def test_the_manifest_names_every_file_with_its_digest(
    market: Market, archive: Archive, notice: Notice
) -> None:
    files = files_of(market, archive, notice)
    manifest = json.loads(files["manifest.json"])
    told = {one["file"]: one["digest"] for one in manifest["files"]}
    assert set(told) == set(files) - {"manifest.json"}
    for name, digest in told.items():
        assert digest == "sha256:" + hashlib.sha256(files[name]).hexdigest()
    assert told["notice.json"] == manifest["content_digest"] == notice.content_digest


def test_payload_text_and_hits_are_those_of_the_capture(
    market: Market, archive: Archive, notice: Notice
) -> None:
    files = files_of(market, archive, notice)
    clue = notice.items[0].clue_id
    capture = notice.content["clues"][0]["evidence"][0]["capture_id"]
    assert files[f"clue-{clue}/text.txt"].decode() == TEXT
    assert TEXT in files[f"clue-{clue}/capture-{capture}/payload.html"].decode()
    for hit in json.loads(files[f"clue-{clue}/hits.json"]):
        assert TEXT[hit["start"] : hit["end"]] == hit["text"]
    records = io.BytesIO(files[f"clue-{clue}/capture-{capture}/records.warc.gz"])
    assert [record.rec_type for record in ArchiveIterator(records)] == ["response"]


def test_the_same_notice_gives_the_same_bytes(
    market: Market, archive: Archive, notice: Notice
) -> None:
    with market.store.read() as session:
        first, second = (evidence_of(session, archive, notice.id) for _ in range(2))
    assert first.digest == second.digest
    assert first.read() == second.read()


def test_one_changed_byte_in_the_archive_is_named_and_nothing_is_handed_out(
    market: Market, archive: Archive, notice: Notice
) -> None:
    (file,) = archive.files()
    path = archive.path(file)
    data = bytearray(path.read_bytes())
    data[-40] ^= 1
    path.write_bytes(bytes(data))
    with market.store.read() as session, pytest.raises(EvidenceDamaged, match=file):
        evidence_of(session, archive, notice.id)


def test_a_changed_text_or_notice_is_named(
    market: Market, archive: Archive, notice: Notice
) -> None:
    with market.store.write() as session:
        document = session.get_one(Document, notice.items[0].document_id)
        document.text = f"{TEXT}。"
    with market.store.read() as session, pytest.raises(EvidenceDamaged, match="document"):
        evidence_of(session, archive, notice.id)
    with market.store.write() as session:
        session.get_one(Notice, notice.id).content = {**notice.content, "kind": "other"}
    with market.store.read() as session, pytest.raises(EvidenceDamaged, match="notice"):
        evidence_of(session, archive, notice.id)


def test_another_platforms_evidence_is_not_there(
    market: Market, archive: Archive, notice: Notice
) -> None:
    with market.store.read() as session, pytest.raises(NotFound):
        evidence_of(session, archive, notice.id, platform_id=notice.platform_id + 1)
