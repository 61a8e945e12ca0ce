"""Who publishes and where: platforms and sellers."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lantian.model.column import Entity, Id, Word


class Platform(Entity):
    """A platform that hosts postings. One without a channel gets notices that wait."""

    __tablename__ = "platform"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str] = mapped_column(default="")
    channel: Mapped[Word] = mapped_column(default="none")
    """api: it reads its notices with its own key; none: its notices wait."""
    contact: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]

    hosts: Mapped[list["PlatformHost"]] = relationship(cascade="all, delete-orphan")


class PlatformHost(Entity):
    """A host name that belongs to a platform."""

    __tablename__ = "platform_host"

    host: Mapped[str] = mapped_column(String(255), primary_key=True)
    platform_id: Mapped[int] = mapped_column(ForeignKey("platform.id"), index=True)


class Seller(Entity):
    """Who published (发布者/店铺), as the platform names it."""

    __tablename__ = "seller"
    __table_args__ = (UniqueConstraint("platform_id", "key"),)

    id: Mapped[Id]
    platform_id: Mapped[int] = mapped_column(ForeignKey("platform.id"))
    key: Mapped[str]
    name: Mapped[str]
    url: Mapped[str] = mapped_column(default="")
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    forgotten_at: Mapped[datetime | None]
    """When name and address were deleted, and its key became one that tells nobody."""
