"""A store with a source and a crawl under lease, and visits to it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from lantian.clock import FixedClock
from lantian.evidence.archive import Archive
from lantian.intake.context import BatchResult, IntakeContext
from lantian.intake.finish import Ending, finish_crawl
from lantian.intake.take import take_batch
from lantian.intake.visit import Visit
from lantian.model import Crawl, Platform, Source
from lantian.reading import ReadDocument, Reading
from lantian.store import jobs
from lantian.store.engine import Store
from lantian.store.frontier import Planned, plan
from lantian.store.migrate import upgrade
from matchers.scan import Matcher
from tests.packs import four

START = datetime(2026, 9, 7, 2, 0, tzinfo=UTC)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
GUARANTEE = "商标注册包授权，不授权全额退款，联系微信办理。"
INNOCENT = "商标注册代理服务，提供查询、申请和驳回复审。"


@dataclass
class Site:
    """A source that is crawled again and again over one store."""

    store: Store
    matcher: Matcher
    folder: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(START))
    context: IntakeContext | None = None
    guarantee: str = GUARANTEE
    claim: jobs.Claim | None = None
    archive: Any = None
    warc: Any = None

    @staticmethod
    def document(key: str, text: str = INNOCENT, **fields: Any) -> ReadDocument:
        """A listing of that key."""
        values = {
            "posting_key": f"listing:{key}",
            "kind": "listing",
            "url": f"https://shop.example/goods/{key}",
            "title": f"商品{key}",
            "text": text,
            "seller_key": "s1",
            "seller_name": "一号店",
        }
        return ReadDocument(**(values | fields))

    @staticmethod
    def reading(*documents: ReadDocument, **fields: Any) -> Reading:
        """A page that says these documents."""
        text = "\n".join(one.text for one in documents)
        return Reading("listing", "页面", text, "utf-8", documents=documents, **fields)

    def begin(self, purpose: str = "crawl") -> IntakeContext:
        """A new crawl under a job of its own."""
        now = self.clock.now()
        with self.store.write() as session:
            if session.scalar(select(Source.id)) is None:
                platform = Platform(name="shop", created_at=now)
                session.add(platform)
                session.flush()
                session.add(
                    Source(
                        name="shop",
                        kind="shop",
                        profile="demo-shop",
                        start_urls=[],
                        platform_id=platform.id,
                        created_at=now,
                    )
                )
                session.flush()
            source = session.scalars(select(Source)).one()
            number = len(session.scalars(select(Crawl.id)).all()) + 1
            key = f"{purpose}:{number}"
            jobs.enqueue(session, kind=purpose, key=key, payload={}, due=now, now=now)
        self.claim = jobs.claim(self.store, now=now, keys=(key,))
        assert self.claim is not None
        with self.store.write() as session:
            crawl = Crawl(
                source_id=source.id,
                spider="shop",
                purpose=purpose,
                job_key=key,
                token=self.claim.token,
                started_at=now,
                recorded_at=now,
                alarms=[],
            )
            session.add(crawl)
            session.flush()
            crawl_id = crawl.id
        self.context = IntakeContext(
            crawl_id=crawl_id,
            source_id=source.id,
            platform_id=source.platform_id,
            job_id=self.claim.id,
            token=self.claim.token,
            matcher=self.matcher,
            warc=self.warc,
            clock=self.clock,
            profile_version="sha256:profile",
            tool_version="lantian test",
        )
        return self.context

    def plan(self, *urls: str) -> None:
        """Put these addresses on the crawl's frontier."""
        assert self.context is not None
        with self.store.write() as session:
            plan(session, self.context.crawl_id, [Planned(url, url, "listing") for url in urls])

    def visit(self, url: str, page: Reading | None = None, **fields: Any) -> Visit:
        """A visit of that address at this moment."""
        now = self.clock.now()
        text = page.text if page else ""
        values: dict[str, Any] = {
            "row_id": url,
            "url": url,
            "final_url": url,
            "at": now,
            "real_at": now,
            "outcome": "seen",
            "status": 200,
            "raw_head": HEAD,
            "body": f"<html>{text}</html>".encode("utf-8", "replace"),
            "reading": page,
        }
        return Visit(**(values | fields))

    def take(self, *visits: Visit) -> BatchResult:
        """Store these visits; their rows are planned."""
        assert self.context is not None
        self.plan(*(visit.url for visit in visits))
        with self.store.write() as session:
            return take_batch(session, visits, self.context)

    def finish(self, **fields: Any) -> Ending:
        """End the crawl and its job."""
        assert self.context is not None
        assert self.claim is not None
        with self.store.write() as session:
            ending = finish_crawl(session, self.context.crawl_id, now=self.clock.now(), **fields)
            jobs.finish(session, self.claim, now=self.clock.now())
            return ending

    def crawl(self, *visits: Visit, **fields: Any) -> Ending:
        """One whole crawl with these visits."""
        self.begin()
        self.take(*visits)
        return self.finish(**fields)

    def rows(self, entity: Any) -> list[Any]:
        """All rows of an entity by id."""
        with self.store.read() as session:
            return list(session.scalars(select(entity).order_by(entity.id)))


@pytest.fixture(scope="session")
def matcher() -> Matcher:
    """A pack of rules alone, compiled."""
    return four()


@pytest.fixture
def site(store_url: str, matcher: Matcher, tmp_path: Path) -> Iterator[Site]:
    """A source over an empty store."""
    store = Store(store_url)
    upgrade(store)
    site = Site(store, matcher, tmp_path / "evidence")
    site.archive = Archive(site.folder)
    site.warc = site.archive.writer("test", at=START)
    yield site
    site.warc.close()
    store.close()
