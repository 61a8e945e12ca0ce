"""The platform of a host, and of a name that people wrote."""

from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from lantian.model import Platform, PlatformHost

UNKNOWN = "unknown"
"""The platform of what names neither address nor platform."""


def platform_of(
    session: Session, hosts: list[str], *, now: datetime, name: str = "", title: str = ""
) -> Platform:
    """The platform to which one of the hosts belongs; an unknown host becomes one of its own.

    A platform made here has no channel: its notices wait.
    """
    bare = [host.removeprefix("www.") for host in hosts]
    owner = session.scalar(select(PlatformHost).where(PlatformHost.host.in_([*bare, *hosts])))
    if owner is not None:
        return session.get_one(Platform, owner.platform_id)
    wanted = name or bare[0]
    platform = session.scalar(select(Platform).where(Platform.name == wanted))
    if platform is None:
        platform = Platform(name=wanted, title=title or wanted, created_at=now)
        session.add(platform)
        session.flush()
    for host in dict.fromkeys(bare):
        session.add(PlatformHost(host=host, platform_id=platform.id))
    session.flush()
    return platform


def platform_named(session: Session, text: str, *, now: datetime) -> Platform:
    """The platform that people call so, by name or title; made, without hosts, if there is none."""
    wanted = " ".join(text.split()) or UNKNOWN
    same = or_(func.lower(Platform.name) == wanted.lower(), Platform.title == wanted)
    platform = session.scalar(select(Platform).where(same).order_by(Platform.id).limit(1))
    if platform is None:
        platform = Platform(name=wanted, title=wanted, created_at=now)
        session.add(platform)
        session.flush()
    return platform
