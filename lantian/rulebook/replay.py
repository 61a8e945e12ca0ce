"""What another pack would say of kept documents; nothing is written."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from lantian.clock import legal_day
from lantian.model import Document, Seller
from lantian.rulebook.samples import Few, Sample, sample
from lantian.store.engine import Store
from matchers.scan import Hit, Matcher, PageContext

BATCH = 200
"""Documents that are read at once."""


@dataclass
class Change:
    """What one pack finds and the other does not, in documents: by claim, and by rule of it."""

    most: int
    claims: Counter[str] = field(default_factory=Counter)
    rules: Counter[tuple[str, str]] = field(default_factory=Counter)
    few: Few = field(init=False)

    def __post_init__(self) -> None:
        self.few = Few(self.most)

    @property
    def samples(self) -> list[Sample]:
        """Some of them, by claim."""
        return self.few.all()

    def note(self, document: Document, found: Mapping[str, Sequence[Hit]]) -> None:
        """Count what only this pack found in a document."""
        for claim, hits in found.items():
            self.claims[claim] += 1
            for rule in {hit.rule for hit in hits}:
                self.rules[claim, rule] += 1
            first = hits[0]
            at = range(first.start, first.end)
            self.few.offer(sample(document, claim, first.rule, at))


@dataclass
class Replay:
    """How far a replay is, and what it found."""

    live_hash: str
    other_hash: str
    since: datetime | None
    total: int
    most: int
    documents: int = 0
    same: int = 0
    """Claims of documents on which both agree."""
    appears: Change = field(init=False)
    vanishes: Change = field(init=False)
    live_by_day: Counter[date] = field(default_factory=Counter)
    """Postings with a hit by the day (Asia/Shanghai) on which they were first seen."""
    other_by_day: Counter[date] = field(default_factory=Counter)
    days: set[date] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.appears, self.vanishes = Change(self.most), Change(self.most)

    @property
    def span(self) -> int:
        """Days from the first document to the last, both counted."""
        return (max(self.days) - min(self.days)).days + 1 if self.days else 0

    def per_day(self, counts: Counter[date]) -> float:
        """The queue to be expected: postings with a hit a day."""
        return counts.total() / self.span if self.span else 0.0


def replay(
    store: Store,
    live: Matcher,
    other: Matcher,
    *,
    now: datetime,
    days: int | None = None,
    most: int = 3,
) -> Iterator[Replay]:
    """The replay, again after each batch: the newest version of each posting under both packs.

    `days`: only postings first seen in the last days. `most`: samples of each claim.
    """
    since = now - timedelta(days=days) if days is not None else None
    conditions: list[ColumnElement[bool]] = [Document.current.is_(True)]
    if since is not None:
        conditions.append(Document.first_seen_at >= since)
    with store.read() as session:
        total = session.scalar(select(func.count()).select_from(Document).where(*conditions))
    found = Replay(live.pack_hash, other.pack_hash, since, total or 0, most)
    yield found
    after = 0
    while True:
        statement = (
            select(Document, Seller.name)
            .outerjoin(Seller, Seller.id == Document.seller_id)
            .where(*conditions, Document.id > after)
            .order_by(Document.id)
            .limit(BATCH)
        )
        with store.read() as session:
            rows = _rows(session, statement)
        if not rows:
            return
        _compare(found, rows, live, other)
        after = rows[-1][0].id
        yield found


def _rows(session: Session, statement: Select[Document, str]) -> list[tuple[Document, str]]:
    return [(document, seller or "") for document, seller in session.execute(statement)]


def _compare(
    found: Replay, rows: Sequence[tuple[Document, str]], live: Matcher, other: Matcher
) -> None:
    texts = [document.text for document, _ in rows]
    pages = [PageContext(one.title, seller, one.kind) for one, seller in rows]
    scans = zip(rows, live.scan_many(texts, pages), other.scan_many(texts, pages), strict=True)
    for (document, _seller), before, after in scans:
        old, new = _by_claim(before.hits), _by_claim(after.hits)
        day = legal_day(document.first_seen_at)
        found.documents += 1
        found.days.add(day)
        found.live_by_day[day] += bool(old)
        found.other_by_day[day] += bool(new)
        found.same += len(old.keys() & new.keys())
        found.appears.note(document, {c: hits for c, hits in new.items() if c not in old})
        found.vanishes.note(document, {c: hits for c, hits in old.items() if c not in new})


def _by_claim(hits: Sequence[Hit]) -> dict[str, list[Hit]]:
    grouped: dict[str, list[Hit]] = {}
    for hit in hits:
        grouped.setdefault(hit.claim, []).append(hit)
    return grouped
