"""Where a run begins: start addresses and searches, or the pages that a job names."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from urllib.parse import urljoin

from sqlalchemy import select
from sqlalchemy.orm import Session

from crawler.run import Seen, fingerprint
from lantian.errors import Invalid
from lantian.intake.pictures import pictures_due
from lantian.model import Clue, Document, FrontierRow, Job, NoticeItem, Page, Recheck, Source
from lantian.reading import SiteProfile, canonical_url
from lantian.reading.address import host_allowed, host_of
from lantian.store.frontier import Planned
from lantian.store.jobs import Claim

BEGINNING = timedelta(minutes=30)
"""How long a crawl has only begun."""
MOST_TOGETHER = 200
"""Evidence jobs that one run does."""


def first_rows(
    session: Session,
    claim: Claim,
    source: Source,
    profile: SiteProfile,
    seen: Seen,
    *,
    now: datetime,
) -> list[Planned]:
    """The first rows of a new crawl's frontier."""
    if claim.kind == "crawl":
        if "urls" in claim.payload:
            return _planned(seen, named_urls(claim), "start")
        starts = start_urls(source, profile)
        rows = _planned(seen, starts, "start")
        for role, urls in announcing(starts, profile).items():
            rows += _planned(seen, urls, role)
        return rows
    if claim.kind == "pictures":
        return _pictures(session, source, seen, now=now)
    if claim.kind == "evidence":
        wanted = _evidence_pages(session, claim)
    else:
        wanted = {page: [] for page in _recheck_pages(session, claim.payload["recheck_ids"])}
    rows = [
        Planned(
            fingerprint=fingerprint(page.url),
            url=page.url,
            role=claim.kind,
            meta={"page_id": page.id, "job_ids": wanted[page.id]},
        )
        for page in _pages(session, wanted)
    ]
    seen.known.update(row.fingerprint for row in rows)
    return rows


def announcing(starts: Sequence[str], profile: SiteProfile) -> dict[str, list[str]]:
    """The addresses of the lists in which the site tells its own, by their role."""
    discovery = profile.discovery
    if discovery is None:
        return {}
    hosts = dict.fromkeys(urljoin(url, "/robots.txt") for url in starts)
    return {
        "robots": list(hosts) if discovery.robots else [],
        "sitemap": [canonical_url(url, profile) for url in discovery.sitemaps],
        "feed": [canonical_url(url, profile) for url in discovery.feeds],
    }


def due_rows(
    session: Session, source: Source, profile: SiteProfile, seen: Seen, *, now: datetime
) -> list[Planned]:
    """Rows for the known pages that are due, longest due first; the others rest.

    Due is what will be while the crawl has only begun: a page must not miss its turn by the
    minutes that the last crawl took to reach it. A page whose visits all failed is due.
    """
    until = now + BEGINNING
    statement = (
        select(Page.url, Page.role, Page.depth, Page.due_at, Page.looked_at)
        .where(Page.source_id == source.id, Page.role != "picture")
        .order_by(Page.due_at.asc().nulls_first(), Page.id)
    )
    rows = []
    for url, role, depth, due_at, looked_at in session.execute(statement):
        if due_at is not None and due_at > until and looked_at is not None:
            mark = fingerprint(url)
            if mark not in seen.known:
                seen.resting[mark] = looked_at
        elif role == "landing" or not profile.hosts or host_allowed(host_of(url), profile.hosts):
            row = seen.plan(url, role, depth)
            if row is not None:
                rows.append(row)
    return rows


def _planned(seen: Seen, urls: Iterable[str], role: str) -> list[Planned]:
    return [row for url in urls if (row := seen.plan(url, role, 0)) is not None]


def taken_along(session: Session, crawl_id: int) -> list[int]:
    """The jobs whose pages this run visited as well."""
    statement = select(FrontierRow.meta).where(
        FrontierRow.crawl_id == crawl_id, FrontierRow.state == "done"
    )
    return [job_id for meta in session.scalars(statement) for job_id in meta.get("job_ids", [])]


def start_urls(source: Source, profile: SiteProfile) -> list[str]:
    """The canonical addresses at which a crawl of the source begins."""
    urls = []
    for url in source.start_urls or profile.starts():
        try:
            urls.append(canonical_url(url, profile))
        except Invalid as error:
            raise Invalid(
                f"source {source.name} begins at {url!r}, which is no address.", hint=error.hint
            ) from error
    return urls


def named_urls(claim: Claim) -> list[str]:
    """The addresses that the job itself names, which are canonical."""
    return list(claim.payload["urls"])


def _evidence_pages(session: Session, claim: Claim) -> dict[int, list[int]]:
    """The pages to visit, each with the jobs that ask for it beside this one.

    Evidence jobs of one source are done in one run: a browser is started once for all. Nobody
    else can take them meanwhile, for they share the source's lane.
    """
    pages: dict[int, list[int]] = {page: [] for page in claim.payload["page_ids"]}
    waiting = (
        select(Job)
        .where(
            Job.lane == claim.lane,
            Job.kind == "evidence",
            Job.state == "ready",
            Job.id != claim.id,
        )
        .order_by(Job.id)
        .limit(MOST_TOGETHER)
    )
    for job in session.scalars(waiting):
        for page in job.payload["page_ids"]:
            pages.setdefault(page, []).append(job.id)
    return pages


def _pictures(session: Session, source: Source, seen: Seen, *, now: datetime) -> list[Planned]:
    """The pictures that are due, as many as one crawl may ask for."""
    due = session.scalars(pictures_due(source.id, now).limit(seen.pages))
    rows = [
        Planned(fingerprint=fingerprint(page.url), url=page.url, role="picture") for page in due
    ]
    seen.known.update(row.fingerprint for row in rows)
    return rows


def _pages(session: Session, page_ids: Iterable[int]) -> list[Page]:
    statement = select(Page).where(Page.id.in_(sorted(page_ids))).order_by(Page.id)
    return list(session.scalars(statement))


def _recheck_pages(session: Session, recheck_ids: Iterable[int]) -> set[int]:
    """The pages of the notified postings: where they stood then, and where they stand now."""
    told = (
        select(Document.page_id)
        .join(NoticeItem, NoticeItem.document_id == Document.id)
        .join(Recheck, Recheck.item_id == NoticeItem.id)
        .where(Recheck.id.in_(list(recheck_ids)))
    )
    newest = (
        select(Document.page_id)
        .join(
            Clue,
            (Clue.platform_id == Document.platform_id) & (Clue.posting_key == Document.posting_key),
        )
        .join(NoticeItem, NoticeItem.clue_id == Clue.id)
        .join(Recheck, Recheck.item_id == NoticeItem.id)
        .where(Recheck.id.in_(list(recheck_ids)), Document.current.is_(True))
    )
    return set(session.scalars(told)) | set(session.scalars(newest))
