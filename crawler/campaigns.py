"""Campaigns: from a checked file to sources that search for its words, until it is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crawler.sources import grant
from lantian.errors import Conflict, NotFound
from lantian.intake.platforms import platform_of
from lantian.model import Campaign, Clue, Crawl, Job, Source
from lantian.reading import SiteProfile
from lantian.reading.campaign import CampaignSpec, Find, addresses_of

STOPPED = "the campaign was stopped"


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of one platform of a campaign."""

    source: Source
    crawls: int
    last: Crawl | None
    clues: int
    """Clues that its searches were the first to find."""


def add_campaign(
    session: Session,
    spec: CampaignSpec,
    find: Find,
    *,
    by: str,
    allowed: Sequence[str] = (),
    why: str = "",
    now: datetime,
) -> tuple[Campaign, bool]:
    """The campaign with a source for each platform; whether it is new.

    Each source begins at the result pages of its searches and follows the profile's links from
    there. The same file again changes nothing; another one of the same name is a `Conflict`.
    """
    known = session.scalar(select(Campaign).where(Campaign.name == spec.name))
    told = spec.model_dump(mode="json")
    if known is not None:
        if known.spec == told and known.stopped_at is None:
            return known, False
        raise Conflict(
            f"there is a campaign {spec.name} already.",
            hint="Stop it, and give the new one another name: what it found stays under its own.",
        )
    campaign = Campaign(
        name=spec.name,
        title=spec.title or spec.name,
        spec=told,
        begins_at=spec.begins_at,
        ends_at=spec.ends_at,
        created_at=now,
        created_by=by,
    )
    session.add(campaign)
    session.flush()
    for one in spec.platforms:
        profile = find(one.profile)
        source = _source(session, campaign, profile, now=now)
        source.schedule = one.schedule or spec.schedule
        source.start_urls = list(addresses_of(profile, spec.searches(one)))
        grant(session, source, list(allowed), by=by, reason=why or f"campaign {spec.name}", now=now)
    session.flush()
    return campaign, True


def _source(session: Session, campaign: Campaign, profile: SiteProfile, *, now: datetime) -> Source:
    hosts = [host for host in profile.hosts if not host.startswith("*.")]
    platform = platform_of(session, hosts, now=now, name=profile.platform_key, title=profile.title)
    source = Source(
        name=f"{campaign.name}@{profile.name}",
        title=f"{campaign.title}（{profile.title or profile.name}）",
        kind=profile.kind,
        profile=profile.name,
        start_urls=[],
        platform_id=platform.id,
        created_at=now,
        campaign_id=campaign.id,
    )
    session.add(source)
    session.flush()
    return source


def campaign_named(session: Session, name: str) -> Campaign:
    """The campaign of that name; raises `NotFound`."""
    campaign = session.scalar(select(Campaign).where(Campaign.name == name))
    if campaign is None:
        raise NotFound(f"there is no campaign {name!r}.", hint="`lantian campaign list` names all.")
    return campaign


def campaigns(session: Session) -> list[Campaign]:
    """All campaigns, the newest first."""
    return list(session.scalars(select(Campaign).order_by(Campaign.id.desc())))


def state_of(campaign: Campaign, now: datetime) -> str:
    """Whether it is stopped, waiting for its first day, on, or over."""
    if campaign.stopped_at is not None:
        return "stopped"
    if now < campaign.begins_at:
        return "waiting"
    return "on" if now < campaign.ends_at else "over"


def platforms_of(session: Session, campaign: Campaign) -> list[Told]:
    """How each platform of the campaign stands, in the order of its file."""
    sources = select(Source).where(Source.campaign_id == campaign.id).order_by(Source.id)
    return [_told(session, source) for source in session.scalars(sources)]


def _told(session: Session, source: Source) -> Told:
    crawls = select(Crawl).where(Crawl.source_id == source.id, Crawl.purpose == "crawl")
    count = session.scalar(select(func.count()).select_from(crawls.subquery())) or 0
    last = session.scalar(crawls.order_by(Crawl.id.desc()).limit(1))
    clues = select(func.count()).where(Clue.source_id == source.id)
    return Told(source, count, last, session.scalar(clues) or 0)


def stop_campaign(session: Session, campaign: Campaign, *, by: str, now: datetime) -> int:
    """Make no more searches; how many that were to be made are given up.

    One that is being made goes on to its end. What was found stays, and is checked as all else.
    """
    if campaign.stopped_at is not None:
        return 0
    campaign.stopped_at, campaign.stopped_by = now, by
    sources = select(Source.id).where(Source.campaign_id == campaign.id)
    ids = list(session.scalars(sources))
    session.execute(update(Source).where(Source.id.in_(ids)).values(enabled=False))
    given_up = session.execute(
        update(Job)
        .where(
            Job.kind == "crawl",
            Job.state == "ready",
            Job.lane.in_([f"source:{one}" for one in ids]),
        )
        .values(state="dead", last_error=STOPPED)
        .returning(Job.id)
    )
    return len(given_up.all())
