"""A store with two weeks of made-up work."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from lantian.clock import day_start
from lantian.model import (
    Capture,
    Clue,
    ClueClaim,
    Crawl,
    Decision,
    Document,
    Hit,
    Notice,
    NoticeItem,
    Page,
    Platform,
    Seller,
    Source,
    User,
)
from lantian.store.engine import Store
from lantian.store.migrate import upgrade

MONDAY = date(2026, 11, 16)
HOSTILE = "星海\r\nBcc: all@bad.example <script>alert(1)</script>"


@pytest.fixture
def monday() -> date:
    return MONDAY


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = Store(store_url)
    upgrade(store)
    with store.write() as session:
        Week(session).fill()
    yield store
    store.close()


class Week:
    """Writes the rows: three postings this week, one the week before, two notices."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.start = day_start(MONDAY)
        at = self.start
        self.platform = Platform(name="shop", title="甲平台", channel="api", created_at=at)
        self.user = User(name="li", display_name="李", role="reviewer", created_at=at)
        self.add(self.platform, self.user)
        self.source = Source(
            name="shop",
            title="甲平台店铺",
            kind="shop",
            profile="shop",
            start_urls=[],
            platform_id=self.platform.id,
            created_at=at,
        )
        self.seller = Seller(
            platform_id=self.platform.id, key="s", name=HOSTILE, first_seen_at=at, last_seen_at=at
        )
        self.add(self.source, self.seller)

    def add(self, *rows: object) -> None:
        self.session.add_all(rows)
        self.session.flush()

    def fill(self) -> None:
        """All rows of the two weeks."""
        crawl = Crawl(
            source_id=self.source.id,
            spider="shop",
            job_key="k",
            token=1,
            state="finished",
            started_at=self.start + timedelta(hours=1),
            recorded_at=self.start,
            planned=10,
            seen=4,
            unchanged=2,
            gone=1,
            blocked=1,
            logged_out=1,
            failed=1,
            unreached=0,
            alarms=["商品少于 5 件"],
        )
        self.add(crawl)
        before = self.clue(crawl, "old", ["name_hanging"], self.start - timedelta(seconds=1))
        first = self.clue(crawl, "a", ["guaranteed_grant", "green_channel"], self.start)
        self.clue(crawl, "b", ["guaranteed_grant"], self.start + timedelta(days=3))
        self.clue(crawl, "c", ["guaranteed_grant"], self.start + timedelta(days=7))
        first.state, first.decided_at = "confirmed", self.start + timedelta(hours=2)
        self.notice(first, sent=self.start + timedelta(hours=3), answered_after=5)
        self.notice(before, sent=self.start + timedelta(hours=3), answered_after=None)

    def clue(self, crawl: Crawl, key: str, claims: list[str], at: datetime) -> Clue:
        """One posting with a hit for each claim, found at `at`."""
        page = Page(
            source_id=self.source.id,
            url=f"http://shop.example/{key}",
            first_seen_at=at,
            last_visit_at=at,
            last_outcome="seen",
        )
        self.add(page)
        capture = Capture(
            page_id=page.id,
            crawl_id=crawl.id,
            url=page.url,
            final_url=page.url,
            at=at,
            recorded_at=at,
            via="http",
            status=200,
            payload_digest="sha256:0",
            content_digest="sha256:0",
            reader_version="1",
            profile_version="1",
            tool_version="1",
        )
        self.add(capture)
        document = Document(
            source_id=self.source.id,
            platform_id=self.platform.id,
            posting_key=key,
            version=1,
            kind="listing",
            page_id=page.id,
            capture_id=capture.id,
            seller_id=self.seller.id,
            url=page.url,
            title="专利",
            text="包授权",
            text_digest="sha256:0",
            reader_version="1",
            profile_version="1",
            first_seen_at=at,
            last_seen_at=at,
            last_crawl_id=crawl.id,
        )
        self.add(document)
        clue = Clue(
            source_id=self.source.id,
            platform_id=self.platform.id,
            posting_key=key,
            document_id=document.id,
            seller_id=self.seller.id,
            severity=3,
            score=0.9,
            pack_hash="sha256:0",
            first_seen_at=at,
            last_seen_at=at,
            tokens=[],
            tokens_version="1",
        )
        self.add(clue)
        for claim in claims:
            self.hit(document, clue, claim, at)
        return clue

    def hit(self, document: Document, clue: Clue, claim: str, at: datetime) -> None:
        """One hit of the claim, found by two packs: it still counts once."""
        self.add(ClueClaim(clue_id=clue.id, claim=claim, severity=3, score=0.9, hit_count=1))
        for pack in ("sha256:0", "sha256:1"):
            self.add(
                Hit(
                    document_id=document.id,
                    claim=claim,
                    rule_id=f"{claim}.one",
                    rule_hash="sha256:0",
                    pack_hash=pack,
                    start=0,
                    end=3,
                    text="包授权",
                    score=0.9,
                    severity=3,
                    why="",
                    law=[],
                    found_at=at,
                )
            )

    def notice(self, clue: Clue, *, sent: datetime, answered_after: int | None) -> None:
        """A notice, acknowledged and answered after so many hours, or never."""
        decision = Decision(
            clue_id=clue.id,
            verdict="confirmed",
            document_id=clue.document_id,
            pack_hash="sha256:0",
            covered=[],
            previous={},
            user_id=self.user.id,
            at=sent,
            recorded_at=sent,
        )
        self.add(decision)
        answered = None if answered_after is None else sent + timedelta(hours=answered_after)
        notice = Notice(
            platform_id=self.platform.id,
            state="sent" if answered is None else "answered",
            created_at=sent,
            updated_at=sent,
            recorded_at=sent,
            sent_at=sent,
            acknowledge_by=sent + timedelta(hours=24),
            acknowledged_at=answered and sent + timedelta(hours=1),
            act_by=sent + timedelta(days=3),
            answered_at=answered,
            content={},
            content_digest="sha256:0",
            created_by="user:li",
        )
        self.add(notice)
        self.add(
            NoticeItem(
                notice_id=notice.id,
                clue_id=clue.id,
                decision_id=decision.id,
                document_id=clue.document_id,
                pack_hash="sha256:0",
                claims=[],
                rules=[],
                check_result="verified_removed" if answered else None,
                checked_at=answered and answered + timedelta(hours=1),
            )
        )


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
