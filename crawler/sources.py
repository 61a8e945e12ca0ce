"""The source of an address, made on the fly; and of a name."""

from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from crawler.run import source_named
from lantian.egress.deny import Permission as Granted
from lantian.egress.deny import check_url
from lantian.errors import NotFound
from lantian.intake.platforms import platform_of
from lantian.model import Permission, Source
from lantian.reading import SiteProfile, canonical_url
from lantian.reading.address import host_of

GENERIC = "site"


def is_address(target: str) -> bool:
    """Whether the target of a command is an address rather than a name."""
    return target.startswith(("http://", "https://"))


def source_of(session: Session, target: str, *, now: datetime) -> Source:
    """The source that an address or a name means; one is made for a new address.

    Raises `NotFound` for an unknown name, `Invalid` or `EgressRefused` for what is no address.
    """
    if not is_address(target):
        return source_named(session, target)
    url = canonical_url(target)
    known = select(Source).where(Source.profile == GENERIC).order_by(Source.id)
    for source in session.scalars(known):
        if source.start_urls == [url]:
            return source
    source = Source(
        name=_free_name(session, url),
        title=url,
        kind="site",
        profile=GENERIC,
        start_urls=[url],
        platform_id=platform_of(session, [host_of(url)], now=now).id,
        created_at=now,
    )
    session.add(source)
    session.flush()
    return source


def source_of_profile(session: Session, profile: SiteProfile, *, now: datetime) -> Source:
    """The source of a site profile, made at its first use."""
    source = session.scalar(select(Source).where(Source.name == profile.name))
    if source is not None:
        return source
    hosts = [host for host in profile.hosts if not host.startswith("*.")]
    platform = platform_of(session, hosts, now=now, name=profile.platform_key, title=profile.title)
    source = Source(
        name=profile.name,
        title=profile.title,
        kind=profile.kind,
        profile=profile.name,
        start_urls=[],
        schedule=profile.schedule,
        platform_id=platform.id,
        created_at=now,
    )
    session.add(source)
    session.flush()
    return source


def grant(
    session: Session, source: Source, allowed: list[str], *, by: str, reason: str, now: datetime
) -> list[Permission]:
    """The permissions (`HOST:PORT`) that were new to the source, written with who and why."""
    there = {(permission.host, permission.port) for permission in source.permissions}
    made = []
    for text in allowed:
        wanted = Granted.parse(text)
        if (wanted.host, wanted.port) in there:
            continue
        permission = Permission(
            host=wanted.host, port=wanted.port, granted_by=by, reason=reason, granted_at=now
        )
        source.permissions.append(permission)
        there.add((wanted.host, wanted.port))
        made.append(permission)
    session.flush()
    return made


def check_reachable(source: Source, urls: list[str], permissions: object) -> None:
    """Nothing, if the first address may be connected to; raises `EgressRefused` otherwise."""
    from lantian.egress.deny import Permissions

    if urls and isinstance(permissions, Permissions):
        check_url(urls[0], permissions)
    elif not urls:
        raise NotFound(f"source {source.name} has no address to begin at.")


def _free_name(session: Session, url: str) -> str:
    parts = urlsplit(url)
    base = parts.netloc.removeprefix("www.").replace(":", "-")
    name, number = base, 1
    while session.scalar(select(Source.id).where(Source.name == name)) is not None:
        number += 1
        name = f"{base}-{number}"
    return name
