"""An archive, and a store whose rows name what is in it."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from lantian.evidence.archive import Archive, RecordRef, WarcWriter
from lantian.evidence.finding import Finding
from lantian.evidence.verify import verify
from lantian.model import Artifact, Capture, Crawl, Page, Platform, Source
from lantian.store.engine import Store

AT = datetime(2026, 11, 24, 8, 30, 0, 123456, tzinfo=UTC)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nServer: nginx\r\n\r\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8


@dataclass
class Kept:
    """An archive and a store with one source; `capture` fills both."""

    store: Store
    archive: Archive
    crawl_id: int = 0
    captures: list[int] = field(default_factory=list)

    def begin(self, profile: str = "demo-shop") -> None:
        """A source with a crawl."""
        with self.store.write() as session:
            platform = Platform(name="shop", created_at=AT)
            session.add(platform)
            session.flush()
            source = Source(
                name="shop",
                kind="shop",
                profile=profile,
                start_urls=[],
                platform_id=platform.id,
                created_at=AT,
            )
            session.add(source)
            session.flush()
            crawl = Crawl(
                source_id=source.id,
                spider="shop",
                job_key="crawl:1",
                token=1,
                started_at=AT,
                recorded_at=AT,
                alarms=[],
            )
            session.add(crawl)
            session.flush()
            self.crawl_id = crawl.id

    def capture(
        self,
        writer: WarcWriter,
        url: str,
        body: bytes,
        *,
        head: bytes = HEAD,
        dom: bytes | None = None,
        screenshot: bytes | None = None,
        via: str = "http",
        status: int = 200,
        asked: bytes | None = None,
        **fields: Any,
    ) -> int:
        """A capture in the writer's file and in the rows."""
        at = fields.get("recorded_at") or AT + timedelta(seconds=len(self.captures))
        payload = writer.write_response(
            url=url, at=at, head=head, body=body, remote_ip="1.1.1.1", via=via
        )
        refs = [("payload", "text/html", payload)]
        if asked is not None:
            beside: dict[str, Any] = {"url": url, "at": at, "concurrent_to": payload.record_id}
            refs += [
                ("request", "application/http", writer.write_request(head=asked, **beside)),
                (
                    "metadata",
                    "application/warc-fields",
                    writer.write_metadata(told=b"software: lantian test\r\n", **beside),
                ),
            ]
        for role, kind, data in (
            ("dom", "text/html", dom),
            ("screenshot", "image/png", screenshot),
        ):
            if data is not None:
                ref = writer.write_resource(
                    url=url,
                    at=at,
                    role=role,
                    media_type=kind,
                    data=data,
                    concurrent_to=payload.record_id,
                )
                refs.append((role, kind, ref))
        writer.sync()
        with self.store.write() as session:
            page = session.scalar(select(Page).where(Page.url == url)) or Page(
                source_id=1, url=url, first_seen_at=at, last_visit_at=at, last_outcome="seen"
            )
            session.add(page)
            session.flush()
            values: dict[str, Any] = {
                "page_id": page.id,
                "crawl_id": self.crawl_id,
                "url": url,
                "final_url": url,
                "at": at,
                "recorded_at": at,
                "via": via,
                "status": status,
                "remote_ip": "1.1.1.1",
                "payload_digest": payload.digest,
                "content_digest": payload.digest,
                "reader_version": "0",
                "profile_version": "sha256:none",
                "tool_version": "lantian test",
            }
            capture = Capture(**(values | fields))
            session.add(capture)
            session.flush()
            session.execute(insert(Artifact), [_row(capture.id, *named) for named in refs])
            self.captures.append(capture.id)
            return capture.id

    def findings(self, **options: Any) -> list[Finding]:
        """Everything that verifying finds."""
        with self.store.read() as session:
            return list(verify(session, self.archive, **options))

    def files(self) -> list[Path]:
        """The files of the archive."""
        return [self.archive.path(file) for file in self.archive.files()]


def _row(capture_id: int, role: str, media_type: str, ref: RecordRef) -> dict[str, Any]:
    return {
        "capture_id": capture_id,
        "role": role,
        "media_type": media_type,
        **ref.columns(),
        "notes": {},
    }


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """An archive in a folder that does not exist yet."""
    return Archive(tmp_path / "evidence")


@pytest.fixture
def kept(sqlite_store_url: str, sqlite_template: Path, archive: Archive) -> Iterator[Kept]:
    """An archive beside a store with one source."""
    shutil.copyfile(sqlite_template, sqlite_store_url.removeprefix("sqlite:///"))
    store = Store(sqlite_store_url)
    found = Kept(store, archive)
    found.begin()
    yield found
    store.close()


@pytest.fixture
def two_files(kept: Kept) -> Kept:
    """Two WARC files with twelve captures, some with DOM and screenshot."""
    for run in (1, 2):
        with kept.archive.writer(f"crawl-{run}", at=AT) as writer:
            for n in range(6):
                body = f"<html><body>商品 {run}-{n} 包授权 {'字' * 400}</body></html>".encode()
                extra: dict[str, Any] = {}
                if n % 3 == 0:
                    extra = {"via": "browser", "dom": body + b"<!-- dom -->", "screenshot": PNG}
                kept.capture(writer, f"https://shop.example/{run}/{n}", body, **extra)
    return kept


def reasons(findings: Sequence[Finding]) -> str:
    """The findings as text."""
    return "\n".join(map(str, findings))
