"""Who acts: users, sessions, keys, the audit chain, and answers kept for repeated requests."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lantian.model.column import Digest, Entity, Id, Word


class User(Entity):
    """A person who works here. Roles: reviewer, administrator."""

    __tablename__ = "user"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    role: Mapped[Word]
    locale: Mapped[Word | None]
    shortcuts: Mapped[bool] = mapped_column(default=True)
    """Whether letter keys act (WCAG 2.1.4)."""
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class LoginLink(Entity):
    """A one-time way in. Only the digest of its secret is kept."""

    __tablename__ = "login_link"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    secret_digest: Mapped[Digest] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class UserSession(Entity):
    """A person's session; the 256-bit id itself is only in the cookie."""

    __tablename__ = "user_session"

    id: Mapped[Id]
    id_digest: Mapped[Digest] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    csrf_secret: Mapped[str]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()


class ApiKey(Entity):
    """A key of an office or of a platform; only the digest of its secret is kept."""

    __tablename__ = "api_key"

    id: Mapped[Id]
    key_id: Mapped[str] = mapped_column(String(16), unique=True)
    secret_digest: Mapped[Digest]
    owner: Mapped[Word]
    """office, platform or tips."""
    platform_id: Mapped[int | None] = mapped_column(ForeignKey("platform.id"))
    label: Mapped[str]
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class AuditEvent(Entity):
    """One act, chained to the one before it; append-only."""

    __tablename__ = "audit_event"

    id: Mapped[Id]
    at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    actor: Mapped[str]
    """user:NAME, key:ID, or process:NAME."""
    action: Mapped[Word]
    subject: Mapped[str]
    """Kind and id of what was acted on, as in clue:17."""
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    previous_digest: Mapped[Digest]
    digest: Mapped[Digest] = mapped_column(unique=True)


class IdempotencyRecord(Entity):
    """The kept answer to a request that carried an idempotency key."""

    __tablename__ = "idempotency_record"

    principal: Mapped[str] = mapped_column(String(80), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_digest: Mapped[Digest]
    """Digest of method, path and body."""
    status: Mapped[int]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(index=True)
