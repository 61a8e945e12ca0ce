"""What a person captured (人工取证): a page that a crawl cannot see, taken in like any other.

A log-in is made and a check for robots is passed by that person alone, in a window or a browser of
their own; the program keeps no password and no cookie of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crawler.byhand import busy
from crawler.run import fingerprint, profile_of, source_named
from crawler.sources import source_of
from crawler.writing import Finish, Opening, Writing
from lantian.errors import Invalid, NotFound
from lantian.intake.persons import BY_HAND, end_task
from lantian.intake.visit import Visit
from lantian.model import Capture, Crawl, Job, Page, PersonTask, Source
from lantian.reading import (
    RawPage,
    Reading,
    SiteProfile,
    canonical_url,
    needs_child,
    read_guarded,
    read_page,
)
from lantian.reading.walls import wall_of
from lantian.store import frontier, jobs
from lantian.store.engine import database_now
from lantian.store.frontier import Planned
from lantian.wiring import Parts
from lantian.worker.held import held

KIND = "capture"
PURPOSE = "person"
"""Of its crawls: they say nothing of what else the source has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A page as a person saw it: what came from the server, or (`status` 0) a file alone."""

    url: str
    final_url: str
    at: datetime
    raw: RawPage
    body: bytes
    status: int = 0
    raw_head: bytes = b""
    media_type: str = ""
    dom: bytes | None = None
    screenshot: bytes | None = None
    remote_ip: str | None = None
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Person:
    """Who captured it, and how, in a sentence; `actor` as in the audit chain."""

    name: str
    how: str
    actor: str


Watching = Callable[[Parts, Session, str], Source]
"""Tells the source that watches the site of an address; raises `NotFound`."""


def source_for(
    parts: Parts, url: str, named: str, watching: Watching
) -> tuple[Source, SiteProfile, str]:
    """The source of an address, its profile, and the canonical address.

    That which is named, or whose page waits for a person, or that watches the site; else one is
    made, as for `lantian crawl`. Raises `NotFound` for an unknown name.
    """
    with parts.store.write() as session:
        if named:
            source = source_named(session, named)
        else:
            source = _waiting(session, url) or _watching(parts, session, url, watching)
        _ = source.permissions
        profile = profile_of(parts, source)
    return source, profile, canonical_url(url, profile)


def _waiting(session: Session, url: str) -> Source | None:
    statement = (
        select(Source)
        .join(PersonTask, PersonTask.source_id == Source.id)
        .join(Page, Page.id == PersonTask.page_id)
        .where(Page.url == canonical_url(url), PersonTask.state == "open")
    )
    return session.scalar(statement.order_by(PersonTask.id).limit(1))


def _watching(parts: Parts, session: Session, url: str, watching: Watching) -> Source:
    try:
        return watching(parts, session, canonical_url(url))
    except NotFound:
        return source_of(session, url, now=parts.clock.now())


def read_taken(taken: Taken, profile: SiteProfile) -> Reading:
    """What the page says; raises `Invalid` where it is itself a log-in or a check for robots."""
    raw = taken.raw
    reading = read_guarded(raw, profile) if needs_child(raw) else read_page(raw, profile)
    # That the address is one of a log-in does not matter here: it is what the page shows that does.
    wall = wall_of(raw, reading, taken.url)
    hint = wall.hint if wall is not None else reading.outcome_hint
    if hint in {"logged_out", "blocked"}:
        what = "wants a log-in" if hint == "logged_out" else "is a check for robots"
        raise Invalid(
            f"what was captured of {taken.url} {what} itself.",
            hint="Open the page until it shows what it is to show, then capture it.",
        )
    return reading


def take_in(
    parts: Parts, source: Source, profile: SiteProfile, taken: Taken, person: Person
) -> dict[str, Any]:
    """What became of the page: its capture, documents, hits; and its task, if it had one, is done.

    Raises `Conflict` while the source is being crawled, and what `read_taken` raises.
    """
    reading = read_taken(taken, profile)
    claim, crawl_id = _begin(parts, source)
    mark = fingerprint(taken.url)
    visit = Visit(
        row_id=mark,
        url=taken.url,
        final_url=taken.final_url,
        at=taken.at,
        real_at=parts.real_clock.now(),
        outcome=reading.outcome_hint or "seen",
        status=taken.status,
        raw_head=taken.raw_head,
        body=taken.body,
        via="browser" if taken.dom is not None else "handed",
        dom=taken.dom,
        screenshot=taken.screenshot,
        reading=reading,
        detail=f"captured by {person.name}: {person.how}",
        remote_ip=taken.remote_ip,
        media_type=taken.media_type,
        notes={**taken.notes, BY_HAND: {"by": person.name, "how": person.how}},
        how=(("captured-by", person.name), ("captured-how", person.how)),
    )
    opening = Opening(
        crawl_id=crawl_id,
        source_id=source.id,
        platform_id=source.platform_id,
        job_id=claim.id,
        token=claim.token,
        profile=profile,
    )
    with held(parts.store, claim):
        with parts.store.write() as session:
            frontier.plan(session, crawl_id, [Planned(mark, taken.url, "page")])
        writing = Writing(parts, opening)
        try:
            result = writing.take([visit])
            writing.finish(Finish(whole=False, reason=f"captured by {person.name}: {person.how}"))
        finally:
            writing.close()
        return {
            "source": source.name,
            "url": taken.url,
            "outcome": result.outcomes[mark],
            "documents": result.documents,
            "hits": result.hits,
            "clues": list(result.clue_ids),
            "capture": _end(parts, claim, crawl_id, (source.id, taken.url), person),
        }


def _begin(parts: Parts, source: Source) -> tuple[jobs.Claim, int]:
    """The job under whose lease the page is taken in, and its crawl."""
    now, lane = parts.clock.now(), f"source:{source.id}"
    key = f"{KIND}:{source.name}:{now.isoformat(timespec='microseconds')}"
    with parts.store.write() as session:
        other = session.scalar(
            select(Job.key).where(
                Job.lane == lane, Job.state == "leased", Job.lease_until > database_now(session)
            )
        )
        if other is not None:
            raise busy(source, other)
        jobs.enqueue(
            session,
            kind=KIND,
            key=key,
            payload={"source_id": source.id},
            due=now,
            now=now,
            lane=lane,
        )
    claim = jobs.claim(parts.store, now=now, keys=(key,))
    if claim is None:
        raise busy(source, key)
    with parts.store.write() as session:
        crawl = Crawl(
            source_id=source.id,
            spider=PURPOSE,
            purpose=PURPOSE,
            job_key=key,
            token=claim.token,
            started_at=now,
            recorded_at=parts.real_clock.now(),
        )
        session.add(crawl)
        session.flush()
        return claim, crawl.id


def _end(
    parts: Parts, claim: jobs.Claim, crawl_id: int, of: tuple[int, str], person: Person
) -> int | None:
    """End job and task; the capture that was made, or that the page has since before."""
    at, (source_id, url) = parts.moment(), of
    with parts.store.write() as session:
        page = session.scalars(
            select(Page).where(Page.source_id == source_id, Page.url == url)
        ).one()
        made = session.scalar(
            select(Capture.id).where(Capture.crawl_id == crawl_id, Capture.page_id == page.id)
        )
        capture_id = made if made is not None else page.last_capture_id
        end_task(
            session,
            page.id,
            capture_id=capture_id,
            how=f"{person.name}: {person.how}",
            actor=person.actor,
            now=at.now,
            real_now=at.real,
        )
        jobs.finish(session, claim, now=at.now)
    return capture_id
