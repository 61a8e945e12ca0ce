"""People who work here. There are no passwords: the way in is a one-time link."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lantian.access import audit
from lantian.errors import Conflict, Invalid, NotFound, Unauthorised
from lantian.model import LoginLink, User, UserSession

Role = Literal["reviewer", "administrator"]
ROLES: tuple[Role, ...] = ("reviewer", "administrator")
LINK_LIFE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Moment:
    """When something is done: domain time, and real time, which differs only in a demo."""

    now: datetime
    real: datetime


def secret_digest(secret: str) -> str:
    """The digest under which a 256-bit secret is kept (a password would need argon2)."""
    return "sha256:" + hashlib.sha256(secret.encode()).hexdigest()


def add_user(
    session: Session, *, name: str, display_name: str, role: str, actor: str, at: Moment
) -> User:
    """The new user; raises `Conflict` if the name is taken, `Invalid` for an unknown role."""
    if role not in ROLES:
        raise Invalid(f"role {role!r} is unknown.", hint=f"Use one of {', '.join(ROLES)}.")
    if session.scalar(select(User.id).where(User.name == name)) is not None:
        raise Conflict(f"user {name!r} exists already.", hint="Choose another name.")
    user = User(name=name, display_name=display_name, role=role, created_at=at.now)
    session.add(user)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="user.add",
        subject=f"user:{user.id}",
        detail={"name": name, "role": role},
        now=at.now,
        real_now=at.real,
    )
    return user


def find_user(session: Session, name: str) -> User:
    """The user of that name; raises `NotFound`."""
    user = session.scalar(select(User).where(User.name == name))
    if user is None:
        raise NotFound(f"there is no user {name!r}.", hint="`lantian user list` shows them.")
    return user


def make_link(
    session: Session, user: User, *, actor: str, at: Moment, life: timedelta = LINK_LIFE
) -> str:
    """The secret of a new one-time way in for `user`; it is shown once and never kept."""
    secret = secrets.token_urlsafe(32)
    session.add(
        LoginLink(
            user_id=user.id,
            secret_digest=secret_digest(secret),
            created_at=at.real,
            expires_at=at.real + life,
        )
    )
    audit.record(
        session,
        actor=actor,
        action="user.link",
        subject=f"user:{user.id}",
        now=at.now,
        real_now=at.real,
    )
    return secret


def use_link(session: Session, secret: str, *, at: Moment) -> User:
    """The user whose link this is, which is used up by it; raises `Unauthorised`."""
    statement = (
        update(LoginLink)
        .where(
            LoginLink.secret_digest == secret_digest(secret),
            LoginLink.used_at.is_(None),
            LoginLink.expires_at > at.real,
        )
        .values(used_at=at.real)
        .returning(LoginLink.user_id)
        .execution_options(synchronize_session=False)
    )
    user_id = session.scalar(statement)
    user = session.get(User, user_id) if user_id is not None else None
    if user is None or user.disabled_at is not None:
        raise Unauthorised(
            "this log-in link is used up, too old or unknown.",
            hint="`lantian user link NAME` makes another.",
        )
    return user


def disable_user(session: Session, user: User, *, actor: str, at: Moment) -> None:
    """End the user's sessions and refuse new ones."""
    user.disabled_at = at.now
    end_sessions(session, user, at=at)
    audit.record(
        session,
        actor=actor,
        action="user.disable",
        subject=f"user:{user.id}",
        now=at.now,
        real_now=at.real,
    )


def set_role(session: Session, user: User, role: str, *, actor: str, at: Moment) -> None:
    """Give the user another role; sessions of the old one end."""
    if role not in ROLES:
        raise Invalid(f"role {role!r} is unknown.", hint=f"Use one of {', '.join(ROLES)}.")
    before, user.role = user.role, role
    end_sessions(session, user, at=at)
    audit.record(
        session,
        actor=actor,
        action="user.role",
        subject=f"user:{user.id}",
        detail={"from": before, "to": role},
        now=at.now,
        real_now=at.real,
    )


def end_sessions(session: Session, user: User, *, at: Moment) -> None:
    """End every session of the user."""
    session.execute(
        update(UserSession)
        .where(UserSession.user_id == user.id, UserSession.ended_at.is_(None))
        .values(ended_at=at.real)
        .execution_options(synchronize_session=False)
    )
