"""Re-checks: planned after a platform's answer, and what each look at a posting proved.

Gone needs a 404 or 410, the profile's "removed" marker, or two looks in a row that read the page
whole and did not find the posting on it. A fetch that was blocked or failed is never gone. A claim
that stood in a picture is not gone while the posting's pictures are not read.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from lantian.errors import NotFound
from lantian.model import (
    Capture,
    Clue,
    Crawl,
    Document,
    Hit,
    Job,
    NoticeItem,
    Observation,
    Page,
    Picture,
    PicturePlace,
    Recheck,
)
from lantian.settings import Settings
from lantian.store.jobs import enqueue
from lantian.takedowns.life import Step, held_notice, item_state, settle, tell
from lantian.takedowns.states import Look, Result, checked, result_of
from matchers.scan import Matcher

MatcherOf = Callable[[str], Matcher | None]
"""The matcher of a pack by its hash, if it is still here."""

PRIORITY = 10
ABSENT = "the page was read, the posting was not on it"
UNREAD = "the claim stood in a picture, and a picture of the posting is not read yet"
SUPERSEDED = "not looked at: the platform answered again"


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look at one posting saw, and on which records that rests."""

    look: Look
    detail: str = ""
    observation_id: int | None = None
    capture_id: int | None = None


def plan_rechecks(
    session: Session, items: Sequence[NoticeItem], *, now: datetime, settings: Settings
) -> list[Recheck]:
    """The re-checks of what the platform says that it did, with their jobs.

    One job a source and due time; those that an earlier answer planned are given up.
    """
    planned: dict[tuple[int, datetime], list[Recheck]] = defaultdict(list)
    for item in items:
        series = _next_series(session, item, now)
        source_id = session.get_one(Clue, item.clue_id).source_id
        for number, hours in enumerate(sorted(settings.recheck_after_hours), start=1):
            due = now + timedelta(hours=hours)
            recheck = Recheck(item_id=item.id, series=series, number=number, due_at=due)
            session.add(recheck)
            planned[source_id, due].append(recheck)
    session.flush()
    for (source_id, due), rechecks in planned.items():
        ids = [recheck.id for recheck in rechecks]
        enqueue(
            session,
            kind="recheck",
            key=f"recheck:{source_id}:{ids[0]}",
            payload={"recheck_ids": ids, "source_id": source_id},
            due=due,
            now=now,
            lane=f"source:{source_id}",
            priority=PRIORITY,
        )
    return [recheck for rechecks in planned.values() for recheck in rechecks]


def _next_series(session: Session, item: NoticeItem, now: datetime) -> int:
    open_ones = select(Recheck).where(Recheck.item_id == item.id, Recheck.done_at.is_(None))
    for recheck in session.scalars(open_ones):
        recheck.done_at, recheck.detail = now, SUPERSEDED
    last = session.scalar(select(func.max(Recheck.series)).where(Recheck.item_id == item.id))
    return (last or 0) + 1


def record_rechecks(
    session: Session,
    crawl_id: int,
    *,
    now: datetime,
    real_now: datetime,
    matcher_of: MatcherOf | None = None,
) -> list[Recheck]:
    """The re-checks that this crawl was made for, each with what it proved.

    Those that are done already stay as they are, so that the step can be repeated. Raises
    `NotFound` for an unknown crawl.
    """
    crawl = session.get(Crawl, crawl_id)
    if crawl is None:
        raise NotFound(f"there is no crawl {crawl_id}.")
    step = Step("process:recheck", now, real_now)
    by_notice: dict[int, list[tuple[Recheck, NoticeItem]]] = defaultdict(list)
    for recheck, item in _open_rechecks(session, crawl):
        by_notice[item.notice_id].append((recheck, item))
    for notice_id, pairs in sorted(by_notice.items()):
        notice = held_notice(session, notice_id)
        for recheck, item in pairs:
            seen = look(session, crawl_id, item, matcher_of=matcher_of)
            _record(session, recheck, item, seen, step)
            tell(session, notice, "checked", step, _said(recheck, item))
        settle(session, notice, step)
    return [recheck for pairs in by_notice.values() for recheck, _ in pairs]


def give_up_rechecks(
    session: Session, recheck_ids: Sequence[int], *, why: str, now: datetime, real_now: datetime
) -> list[Recheck]:
    """The re-checks whose job died: nothing was seen, and the notice says why."""
    step = Step("process:recheck", now, real_now)
    given_up = []
    for recheck, item in _open_among(session, recheck_ids):
        notice = held_notice(session, item.notice_id)
        _record(session, recheck, item, Seen(Look.UNSEEN, why), step)
        tell(session, notice, "checked", step, _said(recheck, item))
        settle(session, notice, step)
        given_up.append(recheck)
    return given_up


def _open_rechecks(session: Session, crawl: Crawl) -> list[tuple[Recheck, NoticeItem]]:
    job = session.scalar(select(Job).where(Job.key == crawl.job_key, Job.kind == "recheck"))
    return _open_among(session, job.payload["recheck_ids"]) if job else []


def _open_among(session: Session, recheck_ids: Sequence[int]) -> list[tuple[Recheck, NoticeItem]]:
    statement = (
        select(Recheck, NoticeItem)
        .join(NoticeItem, NoticeItem.id == Recheck.item_id)
        .where(Recheck.id.in_(recheck_ids), Recheck.done_at.is_(None))
        .order_by(Recheck.id)
    )
    return [(recheck, item) for recheck, item in session.execute(statement)]


def _record(session: Session, recheck: Recheck, item: NoticeItem, seen: Seen, step: Step) -> None:
    if seen.look is Look.UNSEEN and seen.detail == ABSENT and _was_absent(session, item, recheck):
        seen = Seen(Look.GONE, f"{ABSENT}, twice", seen.observation_id, seen.capture_id)
    result = result_of(seen.look, was_removed=was_removed(session, item))
    recheck.done_at, recheck.result, recheck.detail = step.now, result, seen.detail
    recheck.observation_id, recheck.capture_id = seen.observation_id, seen.capture_id
    item.check_result = checked(item_state(item), result).result
    item.checked_at = step.now


def _said(recheck: Recheck, item: NoticeItem) -> dict[str, object]:
    return {
        "clue_id": item.clue_id,
        "recheck_id": recheck.id,
        "result": recheck.result,
        "seen": recheck.detail,
    }


def was_removed(session: Session, item: NoticeItem) -> bool:
    """Whether an earlier re-check verified that the posting was removed."""
    statement = select(Recheck.id).where(
        Recheck.item_id == item.id, Recheck.result == Result.VERIFIED_REMOVED
    )
    return session.scalar(statement.limit(1)) is not None


def _was_absent(session: Session, item: NoticeItem, recheck: Recheck) -> bool:
    """Whether the look before this one found the page without the posting, too."""
    statement = select(Recheck.detail).where(
        Recheck.item_id == item.id, Recheck.id != recheck.id, Recheck.result.is_not(None)
    )
    before = session.scalar(statement.order_by(Recheck.done_at.desc(), Recheck.id.desc()).limit(1))
    return before == ABSENT


def look(
    session: Session, crawl_id: int, item: NoticeItem, *, matcher_of: MatcherOf | None = None
) -> Seen:
    """What this crawl saw of the item's posting."""
    told = session.get_one(Document, item.document_id)
    newest = session.scalar(_current(told))
    pages = {told.page_id, newest.page_id if newest else told.page_id}
    visits = select(Observation).where(
        Observation.crawl_id == crawl_id, Observation.page_id.in_(pages)
    )
    visit = session.scalar(visits.order_by(Observation.at.desc(), Observation.id.desc()).limit(1))
    if visit is None:
        return Seen(Look.UNSEEN, "the page was not reached")
    where = (visit.id, visit.capture_id)
    if visit.outcome == "gone":
        return Seen(Look.GONE, visit.detail or f"status {visit.status}", *where)
    if visit.outcome not in {"seen", "unchanged"}:
        return Seen(Look.UNSEEN, f"{visit.outcome}: {visit.detail or visit.status}", *where)
    capture = session.get(Capture, visit.capture_id) if visit.capture_id else None
    if capture is not None and capture.unreadable:
        return Seen(Look.UNSEEN, f"unreadable: {capture.unreadable}", *where)
    if newest is None or not (newest.last_crawl_id == crawl_id or newest.last_seen_at >= visit.at):
        return Seen(Look.UNSEEN, ABSENT, *where)
    shown = _shown_again(session, visit, newest) if visit.outcome == "unchanged" else newest
    seen = _by_rules(session, item, shown, where, matcher_of)
    if seen.look is Look.CHANGED and _in_a_picture(session, told) and _unread(session, shown):
        return Seen(Look.UNSEEN, UNREAD, *where)
    return seen


def _in_a_picture(session: Session, told: Document) -> bool:
    """Whether a hit of the notified version stands in the writing of a picture."""
    statement = (
        select(PicturePlace.id)
        .join(Hit, Hit.document_id == PicturePlace.document_id)
        .where(PicturePlace.document_id == told.id)
        .where(PicturePlace.start < Hit.end, Hit.start < PicturePlace.end)
    )
    return session.scalar(statement.limit(1)) is not None


def _unread(session: Session, shown: Document) -> bool:
    """Whether a version shows a picture that may be there and that nobody has read yet."""
    statement = (
        select(PicturePlace.id)
        .join(Page, Page.id == PicturePlace.page_id)
        .outerjoin(Picture, Picture.id == PicturePlace.picture_id)
        .where(PicturePlace.document_id == shown.id, Page.last_outcome != "gone")
        .where(Picture.id.is_(None) | (Picture.state == "waiting"))
    )
    return session.scalar(statement.limit(1)) is not None


def _shown_again(session: Session, visit: Observation, newest: Document) -> Document:
    """The version that an unchanged page shows: that of its last crawl, whatever came since.

    A re-check may have read another one meanwhile, which then was taken back.
    """
    crawled = session.get_one(Page, visit.page_id).last_capture_id
    if crawled is None or newest.capture_id <= crawled:
        return newest
    earlier = select(Document).where(
        Document.platform_id == newest.platform_id,
        Document.posting_key == newest.posting_key,
        Document.capture_id <= crawled,
    )
    return session.scalar(earlier.order_by(Document.version.desc()).limit(1)) or newest


def _current(told: Document) -> Select[Document]:
    return (
        select(Document)
        .where(
            Document.platform_id == told.platform_id,
            Document.posting_key == told.posting_key,
            Document.current.is_(True),
        )
        .order_by(Document.version.desc())
        .limit(1)
    )


def _by_rules(
    session: Session,
    item: NoticeItem,
    newest: Document,
    where: tuple[int, int | None],
    matcher_of: MatcherOf | None,
) -> Seen:
    """Whether the notified claims still hit, under the very rules that the notice names."""
    rules = {(rule, digest) for rule, digest in item.rules}
    hits = list(session.scalars(select(Hit).where(Hit.document_id == newest.id)))
    standing = {hit.rule_id for hit in hits if (hit.rule_id, hit.rule_hash) in rules}
    if standing:
        return Seen(Look.HITS, f"hits: {', '.join(sorted(standing))}", *where)
    if any(hit.pack_hash == item.pack_hash for hit in hits):
        return Seen(Look.CHANGED, "the notified claims hit no more", *where)
    matcher = matcher_of(item.pack_hash) if matcher_of else None
    if matcher is not None:
        found = {
            hit.rule for hit in matcher.scan(newest.text).hits if (hit.rule, hit.rule_hash) in rules
        }
        if found:
            return Seen(Look.HITS, f"hits: {', '.join(sorted(found))}", *where)
        return Seen(Look.CHANGED, "the notified claims hit no more", *where)
    claims = {hit.claim for hit in hits} & set(item.claims)
    if claims:
        text = f"by today's rules, hits: {', '.join(sorted(claims))}"
        return Seen(Look.HITS, text, *where)
    return Seen(Look.CHANGED, "by today's rules, the notified claims hit no more", *where)


def note_returns(
    session: Session,
    crawl_id: int,
    *,
    now: datetime,
    real_now: datetime,
    matcher_of: MatcherOf | None = None,
) -> list[NoticeItem]:
    """The notified postings that were proved removed and that this ordinary crawl saw again.

    Their notices open again. Nothing else is concluded from an ordinary crawl.
    """
    statement = (
        select(NoticeItem)
        .join(Clue, Clue.id == NoticeItem.clue_id)
        .join(
            Document,
            (Document.platform_id == Clue.platform_id)
            & (Document.posting_key == Clue.posting_key)
            & Document.current.is_(True),
        )
        .where(
            NoticeItem.check_result == Result.VERIFIED_REMOVED, Document.last_crawl_id == crawl_id
        )
        .order_by(NoticeItem.id)
    )
    step = Step("process:crawl", now, real_now)
    back: list[NoticeItem] = []
    for item in session.scalars(statement).all():
        seen = look(session, crawl_id, item, matcher_of=matcher_of)
        if seen.look is not Look.HITS:
            continue
        notice = held_notice(session, item.notice_id)
        item.check_result, item.checked_at = Result.BACK_AGAIN, now
        detail = {"clue_id": item.clue_id, "crawl_id": crawl_id, "result": Result.BACK_AGAIN}
        tell(session, notice, "back_again", step, {**detail, "seen": seen.detail})
        settle(session, notice, step)
        back.append(item)
    return back
