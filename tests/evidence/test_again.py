"""`--deep`: captures read again, hits found again at their offsets."""

import gzip
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import brotli
import pytest
from sqlalchemy import select, update

from lantian.evidence.again import ReadAgain
from lantian.model import Capture, Document, Hit, Source
from lantian.reading import READER_VERSION, RawPage, content_digest, find_profile, read_page

if TYPE_CHECKING:
    from tests.evidence.conftest import Kept

AT = datetime(2026, 11, 24, tzinfo=UTC)
PAGE = Path(__file__).parents[1] / "crawler" / "pages" / "demo-shop" / "goods" / "page.html"
URL = "https://mall.tongye.example/goods/T1001.html"
TYPE = b"Content-Type: text/html; charset=utf-8"


def deep() -> dict[str, Any]:
    return {"again": ReadAgain()}


def keep(
    kept: "Kept",
    body: bytes,
    *,
    coding: bytes = b"",
    dom: bytes | None = None,
    page: bytes | None = None,
) -> None:
    """A capture of the saved page with the document read from it, and a hit in that."""
    profile = find_profile("demo-shop")
    fields = ((b"content-type", b"text/html; charset=utf-8"),)
    raw = RawPage(URL, 200, fields, page or body)
    reading = read_page(raw if dom is None else replace(raw, body=dom, via="browser"), profile)
    head = b"\r\n".join([b"HTTP/1.1 200 OK", TYPE, b"Content-Encoding: " + (coding or b"identity")])
    with kept.archive.writer("crawl-1", at=AT) as writer:
        capture_id = kept.capture(
            writer,
            URL,
            body,
            head=head,
            dom=dom,
            via="http" if dom is None else "browser",
            content_digest=content_digest(reading),
            reader_version=READER_VERSION,
            profile_version=profile.version,
        )
    (read,) = reading.documents
    with kept.store.write() as session:
        document = Document(
            source_id=1,
            platform_id=1,
            posting_key=read.posting_key,
            version=1,
            kind=read.kind,
            page_id=1,
            capture_id=capture_id,
            url=read.url,
            title=read.title,
            text=read.text,
            text_digest="sha256:0",
            reader_version=READER_VERSION,
            profile_version=profile.version,
            first_seen_at=AT,
            last_seen_at=AT,
            last_crawl_id=kept.crawl_id,
        )
        session.add(document)
        session.flush()
        session.add(
            Hit(
                document_id=document.id,
                claim="guaranteed_grant",
                rule_id="r",
                rule_hash="sha256:0",
                pack_hash="sha256:0",
                start=2,
                end=8,
                text=read.text[2:8],
                score=1.0,
                severity=3,
                why="x",
                law=[],
                found_at=AT,
            )
        )


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    "coding, pack",
    [
        (b"", bytes),
        (b"gzip", gzip.compress),
        (b"deflate", zlib.compress),
        (b"deflate", raw_deflate),
        (b"br", brotli.compress),
        (b"br, gzip", lambda data: gzip.compress(brotli.compress(data))),
    ],
)
def test_a_capture_reads_as_it_did_whatever_its_coding(
    coding: bytes, pack: Any, kept: "Kept"
) -> None:
    page = PAGE.read_bytes()
    keep(kept, pack(page), coding=coding, page=page)
    assert kept.findings(**deep()) == []


def test_a_browser_page_is_read_from_its_dom(kept: "Kept") -> None:
    keep(kept, b"<p>nothing yet", dom=PAGE.read_bytes())
    assert kept.findings(**deep()) == []


@pytest.mark.parametrize(
    "entity, change, reason",
    [
        (Hit, {"start": 3}, r"hit 1 \(guaranteed_grant\) is not found at 3–8"),
        (Hit, {"end": 7}, "is not found at 2–7"),
        (Hit, {"text": "包授权"}, "is not found at 2–8"),
        (Document, {"text": "another text"}, "has another text than was kept"),
        (Document, {"posting_key": "listing:none"}, "is not read from it"),
        (Capture, {"content_digest": "sha256:0"}, "reads otherwise than when it was captured"),
    ],
)
def test_what_the_capture_does_not_bear_out_is_named(
    entity: type[Any], change: dict[str, Any], reason: str, kept: "Kept"
) -> None:
    keep(kept, PAGE.read_bytes())
    with kept.store.write() as session:
        session.execute(update(entity).values(**change))
    assert kept.findings() == []
    findings = kept.findings(**deep())
    with pytest.raises(AssertionError, match=reason):
        assert findings == []
    assert {finding.file for finding in findings} == {"warc/2026/11/crawl-1.warc.gz"}


def test_another_version_of_the_reader_is_held_to_the_hits_only(kept: "Kept") -> None:
    keep(kept, PAGE.read_bytes())
    with kept.store.write() as session:
        session.execute(update(Capture).values(reader_version="0", content_digest="sha256:0"))
    assert kept.findings(**deep()) == []


def test_a_capture_whose_profile_is_gone_cannot_be_proved(kept: "Kept") -> None:
    keep(kept, PAGE.read_bytes())
    with kept.store.write() as session:
        session.execute(update(Source).values(profile="gone"))
    (finding,) = kept.findings(**deep())
    assert finding.kind == "unproved"
    assert "There is no profile 'gone'" in finding.reason


@pytest.mark.parametrize("coding, body", [(b"br", b"\xff\xff"), (b"gzip", b"no"), (b"lzma", b"x")])
def test_a_body_that_cannot_be_unpacked_cannot_be_proved(
    coding: bytes, body: bytes, kept: "Kept"
) -> None:
    keep(kept, body, coding=coding, page=PAGE.read_bytes())
    (finding,) = kept.findings(**deep())
    assert finding.kind == "unproved"
    assert "cannot be read again" in finding.reason


def test_a_damaged_capture_is_named_once(kept: "Kept") -> None:
    keep(kept, PAGE.read_bytes())
    (path,) = kept.files()
    whole = path.read_bytes()
    path.write_bytes(whole[:-20] + b"x" + whole[-19:])
    (finding,) = kept.findings(**deep())
    assert finding.kind == "changed"
    with kept.store.read() as session:
        assert session.scalars(select(Hit)).one().text
