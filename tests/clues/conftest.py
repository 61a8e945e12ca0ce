"""A store with people, and postings whose hits are laid down by hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lantian.clock import FixedClock
from lantian.clues.forming import form_clue
from lantian.model import (
    Capture,
    Clue,
    Crawl,
    Decision,
    Document,
    Hit,
    Page,
    Platform,
    Source,
    User,
)
from lantian.store.engine import Store
from lantian.store.migrate import upgrade

START = datetime(2026, 9, 7, 2, 0, tzinfo=UTC)
SEVERITY = {"guaranteed_grant": 3, "green_channel": 2, "name_hanging": 1}


@dataclass
class Desk:
    """People before a queue."""

    store: Store
    clock: FixedClock
    users: dict[str, User]

    def __post_init__(self) -> None:
        self._numbers = count(1)

    @property
    def times(self) -> dict[str, datetime]:
        """The present, as verbs take it."""
        return {"now": self.clock.now(), "real_now": self.clock.now() + timedelta(days=365)}

    def post(
        self,
        session: Session,
        key: str,
        hits: dict[str, list[str]],
        *,
        pack: str = "sha256:pack-1",
        presence: str = "online",
    ) -> Clue | None:
        """A version of the posting of that key in which these wordings hit, by claim."""
        now = self.clock.now()
        old = session.scalars(
            select(Document).where(Document.posting_key == key, Document.current.is_(True))
        ).first()
        if old is not None:
            session.execute(update(Document).where(Document.id == old.id).values(current=False))
        words = [(claim, word) for claim, given in hits.items() for word in given]
        text = f"{key}：" + "，".join(word for _, word in words)
        document = Document(
            source_id=1,
            platform_id=1,
            posting_key=key,
            version=old.version + 1 if old else 1,
            kind="listing",
            page_id=1,
            capture_id=1,
            url=f"https://shop.example/{key}",
            title=key,
            text=text,
            text_digest="sha256:" + sha256(text.encode()).hexdigest(),
            reader_version="1",
            profile_version="1",
            first_seen_at=now,
            last_seen_at=now,
            last_crawl_id=1,
            presence=presence,
        )
        session.add(document)
        session.flush()
        return self.find(session, document, words, pack=pack)

    def find(
        self,
        session: Session,
        document: Document,
        words: list[tuple[str, str]],
        *,
        pack: str = "sha256:pack-1",
    ) -> Clue | None:
        """These hits in a document under a pack, and the clue that they make."""
        found = []
        for claim, word in words:
            start = document.text.index(word)
            found.append(
                Hit(
                    document_id=document.id,
                    claim=claim,
                    rule_id=claim,
                    rule_hash="sha256:rule",
                    pack_hash=pack,
                    start=start,
                    end=start + len(word),
                    text=word,
                    score=0.5 + SEVERITY[claim] / 10,
                    severity=SEVERITY[claim],
                    why="because",
                    law=[],
                    found_at=self.clock.now(),
                )
            )
        session.add_all(found)
        session.flush()
        return form_clue(session, document, found, now=self.clock.now(), tokenise=list)

    def clue(self, hits: dict[str, list[str]] | None = None) -> int:
        """The id of a new clue."""
        with self.store.write() as session:
            given = hits if hits is not None else {"guaranteed_grant": ["包授权"]}
            made = self.post(session, f"listing:{next(self._numbers)}", given)
            assert made is not None
            return made.id

    def look(self, clue_id: int) -> dict[str, Any]:
        """The clue's states as the store has them."""
        with self.store.read() as session:
            clue = session.get_one(Clue, clue_id)
            return {
                "state": clue.state,
                "claims": {row.claim: row.state for row in clue.claims},
                "presence": clue.presence,
                "revision": clue.revision,
                "decided_at": clue.decided_at,
            }

    def rows(self, entity: Any) -> list[Any]:
        """All rows of an entity by id."""
        with self.store.read() as session:
            return list(session.scalars(select(entity).order_by(entity.id)))

    def notify(self, clue_id: int) -> None:
        """A notice that takes the clue's last standing decision."""
        from lantian.model import Notice, NoticeItem

        with self.store.write() as session:
            decision = session.scalars(
                select(Decision)
                .where(Decision.clue_id == clue_id, Decision.undone_at.is_(None))
                .order_by(Decision.id.desc())
            ).first()
            assert decision is not None
            now = self.clock.now()
            notice = Notice(
                platform_id=1,
                state="sent",
                created_at=now,
                updated_at=now,
                recorded_at=now,
                content={},
                content_digest="sha256:content",
                created_by="user:lin",
            )
            session.add(notice)
            session.flush()
            session.add(
                NoticeItem(
                    notice_id=notice.id,
                    clue_id=clue_id,
                    decision_id=decision.id,
                    document_id=decision.document_id,
                    pack_hash=decision.pack_hash,
                    claims=[],
                    rules=[],
                )
            )


def furnish(store: Store) -> dict[str, User]:
    """A platform, a source, a page with its capture, and two people."""
    with store.write() as session:
        session.add(Platform(name="shop", created_at=START))
        session.flush()
        session.add(
            Source(
                name="shop",
                kind="shop",
                profile="demo-shop",
                start_urls=[],
                platform_id=1,
                created_at=START,
            )
        )
        session.flush()
        session.add(
            Crawl(
                source_id=1,
                spider="shop",
                job_key="crawl:1",
                token=1,
                started_at=START,
                recorded_at=START,
            )
        )
        session.add(
            Page(
                source_id=1,
                url="https://shop.example/",
                first_seen_at=START,
                last_visit_at=START,
                last_outcome="seen",
            )
        )
        session.flush()
        session.add(
            Capture(
                page_id=1,
                crawl_id=1,
                url="https://shop.example/",
                final_url="https://shop.example/",
                at=START,
                recorded_at=START,
                via="http",
                status=200,
                payload_digest="sha256:p",
                content_digest="sha256:c",
                reader_version="1",
                profile_version="1",
                tool_version="test",
            )
        )
        people = {
            name: User(name=name, display_name=shown, role="reviewer", created_at=START)
            for name, shown in (("lin", "林"), ("zhao", "赵"))
        }
        session.add_all(people.values())
        return people


@pytest.fixture
def desk(store_url: str) -> Iterator[Desk]:
    """A desk over an empty store, on SQLite and on PostgreSQL."""
    store = Store(store_url)
    upgrade(store)
    yield Desk(store, FixedClock(START), furnish(store))
    store.close()
