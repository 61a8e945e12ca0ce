"""Sessions of people: rows that can be ended, with a 256-bit id kept only as a digest.

Sessions go by real time: a demonstration's clock does not log anyone out.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, joinedload

from lantian.access import audit
from lantian.access.users import Moment, secret_digest
from lantian.errors import Forbidden, Unauthorised
from lantian.model import User, UserSession

# A row is not written at each request only to say that it was seen.
SEEN_GRAIN = timedelta(seconds=60)
# Asked at each request: with the person, in one question.
_SESSION = (
    select(UserSession)
    .where(UserSession.id_digest == bindparam("digest"))
    .options(joinedload(UserSession.user, innerjoin=True))
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lives: idle, and at most."""

    idle: timedelta
    total: timedelta


def start_session(
    session: Session, user: User, *, limits: Limits, at: Moment
) -> tuple[str, UserSession]:
    """The secret id for the cookie, and the session's row."""
    secret = secrets.token_urlsafe(32)
    row = UserSession(
        id_digest=secret_digest(secret),
        user_id=user.id,
        csrf_secret=secrets.token_urlsafe(32),
        created_at=at.real,
        seen_at=at.real,
        expires_at=at.real + limits.total,
    )
    session.add(row)
    audit.record(
        session,
        actor=f"user:{user.name}",
        action="session.start",
        subject=f"user:{user.id}",
        now=at.now,
        real_now=at.real,
    )
    return secret, row


def find_session(
    session: Session, secret: str, *, limits: Limits, real_now: datetime
) -> UserSession:
    """The live session with this id; raises `Unauthorised` for an unknown, ended or old one."""
    row = session.scalar(_SESSION, {"digest": secret_digest(secret)})
    alive = (
        row is not None
        and row.ended_at is None
        and row.expires_at > real_now
        and row.seen_at + limits.idle > real_now
        and row.user.disabled_at is None
    )
    if row is None or not alive:
        raise Unauthorised("the session has ended.", hint="Log in again.")
    return row


def needs_touch(row: UserSession, *, real_now: datetime) -> bool:
    """Whether the row is to say anew when it was seen."""
    return real_now - row.seen_at >= SEEN_GRAIN


def end_session(session: Session, row: UserSession, *, at: Moment) -> None:
    """End this one session."""
    row.ended_at = at.real
    audit.record(
        session,
        actor=f"user:{row.user.name}",
        action="session.end",
        subject=f"user:{row.user_id}",
        now=at.now,
        real_now=at.real,
    )


def form_token(row: UserSession) -> str:
    """The token that forms of this session carry."""
    return hmac.new(row.csrf_secret.encode(), b"form", sha256).hexdigest()


def require_form_token(row: UserSession, token: str) -> None:
    """Nothing, if the form is of this session; raises `Forbidden` otherwise."""
    if not hmac.compare_digest(form_token(row), token):
        raise Forbidden("the form is not of this session.", hint="Load the page again.")
