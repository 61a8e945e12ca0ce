"""Very large sites in sections: each a source of its own, whose crawls are jobs of their own.

The sections are in the profile, the schedule is that of the whole. When a crawl of the whole is
due, its job makes one for each section, which any worker takes; they keep the manners and the
budget of the day together, as all crawls over one host do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.model import Job, Permission, Source
from lantian.reading import SiteProfile
from lantian.reading.address import path_of
from lantian.reading.plan import addresses
from lantian.reading.profile import Section
from lantian.store import jobs
from lantian.store.jobs import Claim


@dataclass(frozen=True, slots=True)
class Made:
    """A section's source, and the key of its crawl that waits or is going on."""

    source: Source
    key: str


def is_whole(claim: Claim, source: Source, profile: SiteProfile) -> bool:
    """Whether a job is a crawl of a whole site that is crawled in sections."""
    return (
        claim.kind == "crawl"
        and "urls" not in claim.payload
        and bool(profile.sections)
        and source.section is None
        and source.campaign_id is None
    )


def split(
    session: Session, claim: Claim, source: Source, profile: SiteProfile, *, now: datetime
) -> list[Made]:
    """The crawls of the sections, asked for in the name of the whole's job.

    A section whose last crawl has not ended yet gets no other. Sections that the profile does not
    name any more are put aside. What a crawl of the whole may reach, those of its sections may.
    """
    known = {one.section: one for one in sections_of(session, source)}
    for name, one in known.items():
        one.enabled = profile.section(name or "") is not None
    made = []
    for section in profile.sections:
        part = known.get(section.name) or _new(session, source, section, now=now)
        part.start_urls = list(profile.starts_of(section))
        part.title = f"{source.title or source.name}（{section.title or section.name}）"
        _permit(part, source)
        made.append(Made(part, _ask(session, claim, part, now=now)))
    source.last_crawl_at = now
    return made


def sections_of(session: Session, source: Source) -> list[Source]:
    """The sources of its sections, as far as they were crawled."""
    found = select(Source).where(Source.part_of_id == source.id).order_by(Source.id)
    return list(session.scalars(found))


def foreign_to(section: Section, profile: SiteProfile) -> Callable[[str], bool]:
    """Tells of an address whether it is another section's."""
    own = addresses(section.pages)
    theirs = addresses(
        tuple(page for one in profile.sections if one is not section for page in one.pages)
    )

    def foreign(url: str) -> bool:
        path = path_of(url)
        return theirs.match(url, path) and not own.match(url, path)

    return foreign


def _new(session: Session, source: Source, section: Section, *, now: datetime) -> Source:
    part = Source(
        name=f"{source.name}:{section.name}",
        kind=source.kind,
        profile=source.profile,
        start_urls=[],
        platform_id=source.platform_id,
        created_at=now,
        part_of_id=source.id,
        section=section.name,
    )
    session.add(part)
    session.flush()
    return part


def _permit(part: Source, source: Source) -> None:
    """The same permissions as the whole, and none beside."""
    wanted = {(one.host, one.port): one for one in source.permissions}
    part.permissions = [one for one in part.permissions if (one.host, one.port) in wanted]
    there = {(one.host, one.port) for one in part.permissions}
    for place, one in wanted.items():
        if place not in there:
            part.permissions.append(
                Permission(
                    host=one.host,
                    port=one.port,
                    granted_by=one.granted_by,
                    reason=one.reason,
                    granted_at=one.granted_at,
                )
            )


def _ask(session: Session, claim: Claim, part: Source, *, now: datetime) -> str:
    lane = f"source:{part.id}"
    waiting = session.scalar(
        select(Job.key).where(
            Job.lane == lane, Job.kind == "crawl", Job.state.in_(["ready", "leased"])
        )
    )
    if waiting is not None:
        return waiting
    key = f"{claim.key}:{part.section}"
    jobs.enqueue(
        session,
        kind="crawl",
        key=key,
        payload={**claim.payload, "source_id": part.id},
        due=now,
        now=now,
        lane=lane,
    )
    return key
