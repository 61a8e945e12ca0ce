"""`GET /api/v1/notices/{id}/evidence`: a ZIP that can be checked, and an audit record of it."""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest

from lantian.evidence.writer import WarcWriter
from lantian.model import AuditEvent
from lantian.wiring import Parts
from tests.api.conftest import Asker, Hosted
from tests.takedowns.market import Market


@pytest.fixture
def store_url(sqlite_store_url: str) -> str:
    return sqlite_store_url


@pytest.fixture
def writer(parts: Parts, market: Market) -> Iterator[WarcWriter]:
    with parts.archive.writer("crawl-1", at=market.now) as writer:

        def keep(url: str, body: bytes) -> dict[str, Any]:
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
            ref = writer.write_response(url=url, at=market.now, head=head, body=body)
            writer.sync()
            return asdict(ref)

        market.keep = keep
        yield writer


@pytest.fixture
def notice_id(writer: WarcWriter, office: Asker, platform: Hosted, market: Market) -> int:
    answer = office.issue(market.confirmed(platform.id)).json()
    return int(answer["notices"][0]["id"])


def test_the_zip_is_what_its_digest_and_manifest_say(platform: Hosted, notice_id: int) -> None:
    answer = platform.asker.get(f"/notices/{notice_id}/evidence")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    digest = base64.b64encode(hashlib.sha256(answer.content).digest()).decode()
    assert answer.headers["Repr-Digest"] == f"sha-256=:{digest}:"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as zipped:
        manifest = json.loads(zipped.read("manifest.json"))
        for file in manifest["files"]:
            found = "sha256:" + hashlib.sha256(zipped.read(file["file"])).hexdigest()
            assert found == file["digest"]


def test_each_download_is_in_the_audit_chain(
    platform: Hosted, notice_id: int, market: Market
) -> None:
    platform.asker.get(f"/notices/{notice_id}/evidence")
    with market.store.read() as session:
        event = session.query(AuditEvent).filter_by(action="notice.evidence").one()
    assert event.actor == f"key:{platform.asker.key[8:16]}"
    assert event.subject == f"notice:{notice_id}"


def test_damaged_evidence_is_a_problem_and_not_a_file(
    platform: Hosted, notice_id: int, parts: Parts
) -> None:
    (file,) = parts.archive.files()
    path = parts.archive.path(file)
    data = bytearray(path.read_bytes())
    data[-40] ^= 1
    path.write_bytes(bytes(data))
    answer = platform.asker.get(f"/notices/{notice_id}/evidence")
    assert (answer.status_code, answer.json()["code"]) == (500, "evidence-damaged")
    assert file in answer.json()["detail_en"]
