"""What stands before the story begins: people, sources, platforms' channels; and the keys."""

from datetime import datetime

from sqlalchemy import select

from crawler.sources import grant, source_of_profile
from demo.pages import FORUM_HOST, MALL_HOST
from lantian.access import keys, users
from lantian.model import ApiKey, Installation, Platform, Source, User
from lantian.reading import find_profile
from lantian.store.installation import THE_ROW
from lantian.takedowns.channel import open_channel
from lantian.wiring import Parts

STATIC = ("demo-shop", "demo-forum", "demo-search")
SCRIPTED = "demo-shop-js"
ANSWERING = MALL_HOST
"""The platform that answers, by the interface."""
SILENT = FORUM_HOST
"""The platform that could answer and does not."""

ACTOR = "process:demo"


def people(parts: Parts) -> dict[str, User]:
    """The two accounts by name, made at the first run."""
    wanted = {"reviewer": "审核员", "administrator": "管理员"}
    with parts.store.write() as session:
        there = {user.name: user for user in session.scalars(select(User))}
        for name, shown in wanted.items():
            if name not in there:
                there[name] = users.add_user(
                    session,
                    name=name,
                    display_name=shown,
                    role=name,
                    actor=ACTOR,
                    at=parts.moment(),
                )
    return there


def sources(parts: Parts, *, now: datetime) -> dict[str, Source]:
    """The sources by name, with what they may reach."""
    made = {}
    with parts.store.write() as session:
        for name in (*STATIC, SCRIPTED):
            profile = find_profile(name)
            source = source_of_profile(session, profile, now=now)
            # The hour of the schedule is real: the demonstration crawls by its own story.
            source.schedule = None
            hosts = [f"{host}:80" for host in profile.hosts]
            hosts += [f"{MALL_HOST}:80"] if name == "demo-search" else []
            grant(session, source, hosts, by=ACTOR, reason="demonstration", now=now)
            made[name] = source
    return made


def channels(parts: Parts) -> None:
    """Two platforms can read their notices; what the others are sent waits."""
    for name in (ANSWERING, SILENT):
        _open(parts, name)


def platform_key(parts: Parts, name: str) -> str:
    """A new key for the platform, in place of the one before; its channel is open from now on."""
    _open(parts, name)
    with parts.store.read() as session:
        platform = session.scalars(select(Platform).where(Platform.name == name)).one()
    return _key(parts, "platform", f"demo {name}", platform)


def office_key(parts: Parts) -> str:
    """A new sandbox key of the office, in place of the one before."""
    return _key(parts, "office", "demo office", None)


def _key(parts: Parts, owner: keys.Owner, label: str, platform: Platform | None) -> str:
    at = parts.moment()
    with parts.store.write() as session:
        before = select(ApiKey.key_id).where(ApiKey.label == label, ApiKey.revoked_at.is_(None))
        for key_id in session.scalars(before).all():
            keys.revoke_key(session, key_id, actor=ACTOR, at=at)
        key, _row = keys.add_key(
            session, owner=owner, label=label, actor=ACTOR, at=at, platform=platform, test=True
        )
    return key


def founded(parts: Parts) -> datetime:
    """When the demonstration was founded: the end of its story."""
    with parts.store.read() as session:
        return session.get_one(Installation, THE_ROW).created_at


def _open(parts: Parts, name: str) -> None:
    at = parts.moment()
    with parts.store.write() as session:
        open_channel(
            session,
            session.scalars(select(Platform).where(Platform.name == name)).one(),
            actor=ACTOR,
            now=at.now,
            real_now=at.real,
            settings=parts.settings,
        )
