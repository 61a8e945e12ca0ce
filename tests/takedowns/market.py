"""A small market in the store: what crawls and people have left behind when notices begin."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from lantian.clock import FixedClock
from lantian.clues.entries import all_entries
from lantian.clues.forming import form_clue
from lantian.model import (
    Artifact,
    Capture,
    Clue,
    Crawl,
    Document,
    Hit,
    Job,
    Observation,
    Page,
    Picture,
    PicturePlace,
    Platform,
    Seller,
    Source,
    User,
)
from lantian.search.entry import IndexEntry
from lantian.store.engine import Store
from matchers.scan import Matcher

TEXT = "专利代理十年老店，发明专利包授权，不成功全额退款。商标走内部绿色通道。加微信咨询。"
MILD = "专利代理十年老店，提供检索、撰写和答复服务。"


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


@dataclass
class Market:
    """Builds rows as intake and review leave them, at the clock's time."""

    store: Store
    clock: FixedClock
    matcher: Matcher
    numbers: dict[str, int] = field(default_factory=dict)
    keep: Callable[[str, bytes], dict[str, Any]] | None = None
    """Puts bytes into an archive and tells where they are."""

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def next(self, what: str) -> int:
        self.numbers[what] = self.numbers.get(what, 0) + 1
        return self.numbers[what]

    def platform(self, name: str = "甲平台", channel: str = "api") -> int:
        with self.store.write() as session:
            platform = Platform(name=name, channel=channel, created_at=self.now)
            session.add(platform)
            session.flush()
            session.add(
                Source(
                    name=f"source-{platform.id}",
                    kind="shop",
                    profile="demo-shop",
                    start_urls=[f"https://p{platform.id}.example/"],
                    platform_id=platform.id,
                    created_at=self.now,
                )
            )
            return platform.id

    def posting(self, platform_id: int, text: str = TEXT, title: str = "代理服务") -> int:
        """A posting that a crawl found, with its clue; the clue's id."""
        with self.store.write() as session:
            document = self._posted(session, platform_id, text, title)
            clue = form_clue(session, document, self._hits(session, document), now=self.now)
            assert clue is not None
            return clue.id

    def quiet(self, platform_id: int, text: str = MILD, title: str = "代理服务") -> int:
        """A posting in which nothing was found; the document's id."""
        with self.store.write() as session:
            document = self._posted(session, platform_id, text, title)
            assert not self._hits(session, document)
            return document.id

    def _page(self, source_id: int, url: str, role: str = "page") -> Page:
        return Page(
            source_id=source_id,
            url=url,
            first_seen_at=self.now,
            last_visit_at=self.now,
            last_outcome="seen",
            role=role,
            depth=0,
            looks=[],
        )

    def _posted(self, session: Session, platform_id: int, text: str, title: str) -> Document:
        number = self.next("posting")
        source = session.query(Source).filter_by(platform_id=platform_id).one()
        crawl = self._crawl(session, source.id, "crawl", f"crawl:{number}")
        url = f"https://p{platform_id}.example/item/{number}"
        page = self._page(source.id, url)
        seller = Seller(
            platform_id=platform_id,
            key=f"s{number}",
            name=f"虚构代理{number}",
            first_seen_at=self.now,
            last_seen_at=self.now,
        )
        session.add_all([page, seller])
        session.flush()
        capture = self._capture(session, page, crawl, text, "crawl")
        page.last_capture_id = capture.id
        return self._document(session, page, capture, crawl, seller.id, text, title)

    def user(self) -> User:
        with self.store.write() as session:
            user = session.query(User).filter_by(name="reviewer").one_or_none()
            if user is None:
                user = User(
                    name="reviewer", display_name="审核员", role="reviewer", created_at=self.now
                )
                session.add(user)
            return user

    def confirm(self, *clue_ids: int, verdict: str = "confirmed") -> None:
        from lantian.clues.decide import decide

        user = self.user()
        reason = None if verdict == "confirmed" else "other"
        for clue_id in clue_ids:
            with self.store.write() as session:
                decide(
                    session,
                    clue_id,
                    verdict=verdict,
                    user=user,
                    reason=reason,
                    now=self.now,
                    real_now=self.now,
                )

    def confirmed(self, platform_id: int, text: str = TEXT) -> int:
        """A clue that was confirmed so long ago that a notice may take it."""
        clue_id = self.posting(platform_id, text)
        self.confirm(clue_id)
        self.clock.advance(timedelta(minutes=11))
        return clue_id

    def visit(
        self,
        clue_id: int,
        *,
        outcome: str = "seen",
        text: str | None = None,
        job_key: str = "",
        purpose: str = "recheck",
        status: int | None = 200,
        absent: bool = False,
        unreadable: str | None = None,
        picture: str = "",
    ) -> int:
        """A crawl that looked at the clue's posting once; the crawl's id.

        `text` is what it says now (None: what it said before); `absent`: the page was read, the
        posting was not on it; `picture`: the state of one that a new version shows.
        """
        with self.store.write() as session:
            clue = session.get_one(Clue, clue_id)
            document = session.get_one(Document, clue.document_id)
            current = (
                session.query(Document)
                .filter_by(platform_id=clue.platform_id, posting_key=clue.posting_key, current=True)
                .one()
            )
            page = session.get_one(Page, document.page_id)
            crawl = self._crawl(session, clue.source_id, purpose, job_key)
            capture_id = None
            if outcome == "seen":
                capture = self._capture(session, page, crawl, text or current.text, purpose)
                capture.unreadable = unreadable
                capture_id = capture.id
            session.add(
                Observation(
                    page_id=page.id,
                    crawl_id=crawl.id,
                    at=self.now,
                    recorded_at=self.now,
                    outcome=outcome,
                    status=status,
                    capture_id=capture_id,
                    detail="" if outcome == "seen" else f"status {status}",
                )
            )
            if outcome in {"seen", "unchanged"} and not absent and not unreadable:
                newest = self._seen(session, current, text, page, crawl)
                if picture:
                    self.picture(session, newest, picture)
            return crawl.id

    def picture(
        self, session: Session, document: Document, state: str, place: tuple[int, int] | None = None
    ) -> None:
        """Let a version show a picture; `place` is where its writing stands in the text."""
        url = f"{document.url}?picture={document.version}"
        page = self._page(document.source_id, url, role="picture")
        picture = Picture(digest=digest(url.encode()), state=state, lines=[])
        session.add_all((page, picture))
        session.flush()
        start, end = place or (None, None)
        session.add(
            PicturePlace(
                document_id=document.id,
                number=0,
                page_id=page.id,
                picture_id=picture.id,
                capture_id=document.capture_id,
                start=start,
                end=end,
            )
        )

    def _seen(
        self, session: Session, current: Document, text: str | None, page: Page, crawl: Crawl
    ) -> Document:
        if text is None or text == current.text:
            current.last_seen_at, current.last_crawl_id = self.now, crawl.id
            return current
        current.current = False
        capture = session.query(Capture).filter_by(crawl_id=crawl.id).one()
        newest = self._document(
            session, page, capture, crawl, current.seller_id, text, current.title, current
        )
        form_clue(session, newest, self._hits(session, newest), now=self.now)
        return newest

    def job_of(self, crawl_kind: str = "recheck") -> list[Job]:
        """The jobs of that kind, by when they are due."""
        with self.store.read() as session:
            return list(session.query(Job).filter_by(kind=crawl_kind).order_by(Job.due, Job.id))

    def entries(self) -> list[IndexEntry]:
        with self.store.read() as session:
            return list(all_entries(session))

    def drop_hits_of_newest(self, clue_id: int) -> None:
        """Let the posting's newest version be one that no pack of the notice has scanned."""
        with self.store.write() as session:
            clue = session.get_one(Clue, clue_id)
            newest = (
                session.query(Document.id)
                .filter_by(platform_id=clue.platform_id, posting_key=clue.posting_key, current=True)
                .one()
            )
            session.execute(delete(Hit).where(Hit.document_id == newest.id))

    def _crawl(self, session: Session, source_id: int, purpose: str, job_key: str) -> Crawl:
        crawl = Crawl(
            source_id=source_id,
            spider="recheck" if purpose == "recheck" else "shop",
            purpose=purpose,
            job_key=job_key,
            token=1,
            state="finished",
            started_at=self.now,
            recorded_at=self.now,
        )
        session.add(crawl)
        session.flush()
        return crawl

    def _capture(
        self, session: Session, page: Page, crawl: Crawl, text: str, purpose: str
    ) -> Capture:
        body = f"<p>{text}</p>".encode()
        capture = Capture(
            page_id=page.id,
            crawl_id=crawl.id,
            url=page.url,
            final_url=page.url,
            at=self.now,
            recorded_at=self.now,
            purpose=purpose,
            via="http",
            status=200,
            payload_digest=digest(body),
            content_digest=digest(text.encode()),
            reader_version="1",
            profile_version="1",
            tool_version="0.1.0",
        )
        session.add(capture)
        session.flush()
        if self.keep is not None:
            session.add(
                Artifact(
                    capture_id=capture.id,
                    role="payload",
                    media_type="text/html; charset=utf-8",
                    **self.keep(page.url, body),
                )
            )
            session.flush()
        return capture

    def _document(  # noqa: PLR0917  (one row of many columns)
        self,
        session: Session,
        page: Page,
        capture: Capture,
        crawl: Crawl,
        seller_id: int | None,
        text: str,
        title: str,
        before: Document | None = None,
    ) -> Document:
        source = session.get_one(Source, page.source_id)
        document = Document(
            source_id=page.source_id,
            platform_id=source.platform_id,
            posting_key=before.posting_key if before else page.url,
            version=before.version + 1 if before else 1,
            kind="listing",
            page_id=page.id,
            capture_id=capture.id,
            seller_id=seller_id,
            url=page.url,
            title=title,
            text=text,
            text_digest=digest(text.encode()),
            reader_version="1",
            profile_version="1",
            first_seen_at=self.now,
            last_seen_at=self.now,
            last_crawl_id=crawl.id,
            presence="online",
        )
        session.add(document)
        session.flush()
        return document

    def _hits(self, session: Session, document: Document) -> list[Hit]:
        hits = [
            Hit(
                document_id=document.id,
                claim=found.claim,
                rule_id=found.rule,
                rule_hash=found.rule_hash,
                pack_hash=self.matcher.pack_hash,
                start=found.start,
                end=found.end,
                text=found.text,
                score=found.score,
                severity=found.severity,
                why=found.why,
                law=list(found.law),
                found_at=self.now,
            )
            for found in self.matcher.scan(document.text).hits
        ]
        session.add_all(hits)
        session.flush()
        return hits
