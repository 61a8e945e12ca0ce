"""What was handed in becomes visits, and these captures, documents, hits and clues as any other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.clock import Clock
from lantian.evidence.archive import Archive, WarcWriter
from lantian.evidence.making import is_told, tell_file
from lantian.evidence.tails import cut_tails
from lantian.intake.context import IntakeContext
from lantian.intake.finish import finish_crawl
from lantian.intake.platforms import platform_named, platform_of
from lantian.intake.sellers import ALL
from lantian.intake.take import take_batch
from lantian.intake.visit import Visit
from lantian.model import Capture, Crawl, Document, Platform, Source
from lantian.reading import Reading, SiteProfile
from lantian.reading.address import host_of
from lantian.rulebook.shadow import Shadow
from lantian.store import frontier, jobs
from lantian.store.engine import Store
from lantian.store.frontier import Planned
from matchers.scan import Matcher

PROFILE = "handed-over"
"""The profile of rows and tips, and of the pages at their addresses."""
PURPOSE = "import"
"""Of its crawls: they say nothing of what is not there any more."""
ROW_TYPE = "application/json"
Outcome = Literal["taken", "unchanged", "known", "older"]


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What taking in works with; `folders` are those of further profiles."""

    store: Store
    archive: Archive
    matcher: Matcher
    clock: Clock
    real_clock: Clock
    tool_version: str
    folders: tuple[Path, ...] = ()
    keep_payload_days: int = 180
    warc_max_bytes: int = 1_000_000_000
    seller_fields: frozenset[str] = ALL
    conditions: Callable[[], Mapping[str, str]] | None = None
    shadow: Callable[[], Shadow | None] = lambda: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One page or row that was handed in, read already.

    `url` is canonical, or a URN where there is no address; then `platform` says where it stood.
    `status` 0 and an empty `raw_head`: no server sent it.
    """

    row_id: str
    url: str
    at: datetime
    body: bytes
    reading: Reading
    profile: SiteProfile
    platform: str = ""
    status: int = 0
    raw_head: bytes = b""
    media_type: str = ROW_TYPE
    remote_ip: str | None = None
    notes: dict[str, Any] = field(default_factory=dict)


def platform_for(session: Session, url: str, named: str, *, now: datetime) -> Platform:
    """The platform of an address by its host; without an address, the one that was named."""
    if url.startswith(("http://", "https://")):
        return platform_of(session, [host_of(url)], now=now)
    return platform_named(session, named, now=now)


def source_for(
    session: Session, collection: str, platform: Platform, profile: str, *, now: datetime
) -> Source:
    """The source of a collection on one platform, made at its first use.

    One a platform, since a visit to its pages is made under the platform of its source, and at
    most one visitor is on a source at a time.
    """
    name = f"{collection}@{platform.name}"
    if profile != PROFILE:
        name = f"{name}:{profile}"
    source = session.scalar(select(Source).where(Source.name == name))
    if source is None:
        source = Source(
            name=name,
            title=f"{collection}（{platform.title or platform.name}）",
            kind="site",
            profile=profile,
            start_urls=[],
            platform_id=platform.id,
            created_at=now,
        )
        session.add(source)
        session.flush()
    return source


class Taking:
    """Takes arrivals under the lease of one job, into a WARC file of its own.

    Use it as a context; `finish` ends its crawls. What another try of the same job left behind
    its last row is cut off first.
    """

    def __init__(self, desk: Desk, claim: jobs.Claim, collection: str) -> None:
        self.desk = desk
        self.claim = claim
        self.collection = collection
        name = f"import-{claim.id}"
        if claim.token > 1:
            with desk.store.write() as session:
                jobs.require(session, claim.id, claim.token)
                cut_tails(session, desk.archive, f"{name}-")
        self._name = f"{name}-{claim.token}"
        self.warc = self._begin_file()
        self._told = self._failed = False
        self.hits = 0
        self.clue_ids: set[int] = set()
        self._shadow = desk.shadow()
        self._contexts: dict[int, IntakeContext] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.warc.close()

    def turn(self) -> None:
        """Go on in another file if this one is full; call it between batches."""
        if self.warc.position < self.desk.warc_max_bytes or self.warc.empty:
            return
        self.warc.close()
        self.warc, self._told = self._begin_file(), False
        self._contexts = {
            source_id: replace(one, warc=self.warc) for source_id, one in self._contexts.items()
        }

    def _begin_file(self) -> WarcWriter:
        desk = self.desk
        return desk.archive.writer(
            self._name,
            at=desk.real_clock.now(),
            software=desk.tool_version,
            about=None if desk.conditions is None else desk.conditions(),
        )

    def take(self, session: Session, arrivals: Sequence[Arrival]) -> dict[str, Outcome]:
        """What became of each arrival, by row id, in the caller's transaction.

        Call it inside `warc.batch()`, with at most 50. Older: a version of the posting is kept
        that this must not replace, since it is later or was received by a visit of
        ours. Raises `LeaseLost`.
        """
        now = self.desk.clock.now()
        groups: dict[int, tuple[IntakeContext, list[Arrival]]] = {}
        for arrival in arrivals:
            platform = platform_for(session, arrival.url, arrival.platform, now=now)
            source = source_for(session, self.collection, platform, arrival.profile.name, now=now)
            context = self._context(session, source, arrival.profile)
            groups.setdefault(source.id, (context, []))[1].append(arrival)
        outcomes: dict[str, Outcome] = {}
        # In the order of platforms: whoever takes two of them waits for nobody who waits.
        for _, (context, group) in sorted(
            groups.items(), key=lambda one: (one[1][0].platform_id, one[0])
        ):
            outcomes |= self._take(session, context, group)
        if not self._told and not self.warc.empty:
            # After a failure only the store knows whether an earlier transaction told of it.
            if not (self._failed and is_told(session, self.warc.file)):
                tell_file(session, self.warc, now=now, real_now=self.desk.real_clock.now())
            self._told = True
        return outcomes

    def finish(self, session: Session) -> None:
        """End the crawls and the job, in the caller's transaction; raises `LeaseLost`."""
        jobs.require(session, self.claim.id, self.claim.token)
        self.end_crawls(session)
        jobs.finish(session, self.claim, now=self.desk.clock.now())

    def end_crawls(self, session: Session) -> None:
        """End the crawls, whose job another ends."""
        now = self.desk.clock.now()
        running = select(Crawl.id).where(
            Crawl.job_key == self.claim.key, Crawl.state == "running", Crawl.purpose == PURPOSE
        )
        for crawl_id in session.scalars(running).all():
            finish_crawl(session, crawl_id, now=now, whole=False)

    def _take(
        self, session: Session, context: IntakeContext, group: Sequence[Arrival]
    ) -> dict[str, Outcome]:
        outcomes = _kept_already(session, context.platform_id, group)
        visits = [self._visit(one) for one in group if one.row_id not in outcomes]
        if not visits:
            return outcomes
        rows = [Planned(visit.row_id, visit.url, "page") for visit in visits]
        frontier.plan(session, context.crawl_id, rows)
        result = take_batch(session, visits, context)
        self.hits += result.hits
        self.clue_ids.update(result.clue_ids)
        for row_id, outcome in result.outcomes.items():
            outcomes[row_id] = "unchanged" if outcome == "unchanged" else "taken"
        return outcomes

    def _visit(self, arrival: Arrival) -> Visit:
        gone = arrival.reading.outcome_hint
        return Visit(
            row_id=arrival.row_id,
            url=arrival.url,
            final_url=arrival.url,
            at=arrival.at,
            real_at=self.desk.real_clock.now(),
            outcome=gone or "seen",
            status=arrival.status,
            raw_head=arrival.raw_head,
            body=arrival.body,
            via="handed",
            reading=arrival.reading,
            media_type=arrival.media_type,
            remote_ip=arrival.remote_ip,
            notes=arrival.notes,
        )

    def _context(self, session: Session, source: Source, profile: SiteProfile) -> IntakeContext:
        if source.id not in self._contexts:
            desk, claim = self.desk, self.claim
            self._contexts[source.id] = IntakeContext(
                crawl_id=self._crawl(session, source).id,
                source_id=source.id,
                platform_id=source.platform_id,
                job_id=claim.id,
                token=claim.token,
                matcher=desk.matcher,
                warc=self.warc,
                clock=desk.clock,
                profile_version=profile.version,
                tool_version=desk.tool_version,
                keep_payload_days=desk.keep_payload_days,
                shadow=self._shadow,
                seller_fields=desk.seller_fields,
            )
        return self._contexts[source.id]

    def _crawl(self, session: Session, source: Source) -> Crawl:
        """The crawl over this source in this job: of an earlier try, or a new one."""
        mine = (Crawl.job_key == self.claim.key, Crawl.source_id == source.id)
        crawl = session.scalar(select(Crawl).where(*mine, Crawl.purpose == PURPOSE))
        if crawl is not None:
            crawl.token = self.claim.token
            return crawl
        crawl = Crawl(
            source_id=source.id,
            spider=PURPOSE,
            purpose=PURPOSE,
            job_key=self.claim.key,
            token=self.claim.token,
            started_at=self.desk.clock.now(),
            recorded_at=self.desk.real_clock.now(),
        )
        session.add(crawl)
        session.flush()
        return crawl

    def forget(self) -> None:
        """Look up sources and crawls again: the transaction in which they were made has failed."""
        self._contexts.clear()
        self._told, self._failed = False, True


def _kept_already(
    session: Session, platform_id: int, group: Sequence[Arrival]
) -> dict[str, Outcome]:
    """The arrivals that must not replace the posting's version that is kept already.

    That is so where it was seen since; and a row, which is what somebody wrote down of a page,
    never replaces what a visit of ours received from it.
    """
    keys = {document.posting_key for one in group for document in one.reading.documents}
    statement = (
        select(Document.posting_key, Document.last_seen_at, Document.text, Capture.via)
        .join(Capture, Capture.id == Document.capture_id)
        .where(
            Document.platform_id == platform_id,
            Document.posting_key.in_(keys),
            Document.current.is_(True),
        )
    )
    known = {row.posting_key: row for row in session.execute(statement)}
    outcomes: dict[str, Outcome] = {}
    for one in group:
        is_row = not one.status and one.media_type == ROW_TYPE
        for document in one.reading.documents:
            kept = known.get(document.posting_key)
            if kept is None or (
                kept.last_seen_at <= one.at and (kept.via == "handed" or not is_row)
            ):
                continue
            same = document.text in kept.text
            outcomes[one.row_id] = "known" if same else "older"
            if not same:
                break
    return outcomes
