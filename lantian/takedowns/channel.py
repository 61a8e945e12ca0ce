"""A platform's channel: with its first key it reads its notices, and those that waited are sent."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.access import audit
from lantian.errors import NotFound
from lantian.model import Notice, Platform
from lantian.settings import Settings
from lantian.takedowns.issue import send_waiting


def platform_named(session: Session, name: str) -> Platform:
    """The platform of that name; raises `NotFound`."""
    platform = session.scalar(select(Platform).where(Platform.name == name))
    if platform is None:
        known = session.scalars(select(Platform.name).order_by(Platform.name).limit(20))
        raise NotFound(
            f"there is no platform {name!r}.",
            hint=f"Known are: {', '.join(known) or 'none yet; add a source first'}.",
        )
    return platform


def open_channel(
    session: Session,
    platform: Platform,
    *,
    actor: str,
    now: datetime,
    real_now: datetime,
    settings: Settings,
) -> list[Notice]:
    """The notices that waited for this platform, sent now that it can read them."""
    if platform.channel == "none":
        platform.channel = "api"
        audit.record(
            session,
            actor=actor,
            action="platform.channel",
            subject=f"platform:{platform.id}",
            detail={"channel": "api"},
            now=now,
            real_now=real_now,
        )
    return send_waiting(
        session, platform, actor=actor, now=now, real_now=real_now, settings=settings
    )
