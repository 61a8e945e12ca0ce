"""Where a run begins: start addresses and searches, or the pages that a job names."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from crawler.run import Seen, fingerprint
from lantian.errors import Invalid
from lantian.model import Clue, Document, FrontierRow, Job, NoticeItem, Page, Recheck, Source
from lantian.reading import SiteProfile, canonical_url
from lantian.store.frontier import Planned
from lantian.store.jobs import Claim

MOST_TOGETHER = 200
"""Evidence jobs that one run does."""


def first_rows(
    session: Session, claim: Claim, source: Source, profile: SiteProfile, seen: Seen
) -> list[Planned]:
    """The first rows of a new crawl's frontier."""
    if claim.kind == "crawl":
        urls = start_urls(source, profile) if "urls" not in claim.payload else named_urls(claim)
        return [row for url in urls if (row := seen.plan(url, "start", 0)) is not None]
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
