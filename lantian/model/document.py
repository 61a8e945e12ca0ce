"""What was published, version by version, and the claims found in it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lantian.model.column import Digest, Entity, Id, Word


class Document(Entity):
    """One version of one posting (listing, post, reply, search result).

    The posting is known by platform and `posting_key`: the site's own id or, failing that,
    canonical address and a key named in the profile; never a position on a page. `text` is kept
    verbatim and never edited; a better reader writes a new version. What is written in its pictures
    stands at the end of the text, each picture where its `PicturePlace` says.
    """

    __tablename__ = "document"
    __table_args__ = (
        UniqueConstraint("platform_id", "posting_key", "version"),
        Index("ix_document_source_id_current", "source_id", "current"),
    )

    id: Mapped[Id]
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    platform_id: Mapped[int] = mapped_column(ForeignKey("platform.id"))
    posting_key: Mapped[str]
    version: Mapped[int]
    current: Mapped[bool] = mapped_column(default=True)
    """Whether this is the posting's newest version."""
    kind: Mapped[Word]
    page_id: Mapped[int] = mapped_column(ForeignKey("page.id"), index=True)
    capture_id: Mapped[int] = mapped_column(ForeignKey("capture.id"), index=True)
    seller_id: Mapped[int | None] = mapped_column(ForeignKey("seller.id"), index=True)
    url: Mapped[str]
    title: Mapped[str]
    text: Mapped[str]
    text_digest: Mapped[Digest]
    matter_digest: Mapped[Digest | None]
    """Of the text without counters, dates and recommendations; none: the text was not so read."""
    price: Mapped[str | None]
    posted_at: Mapped[datetime | None]
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    pictures: Mapped[list[Any]] = mapped_column(default=list)
    """Addresses of the pictures that it shows, in their order."""
    reader_version: Mapped[str]
    profile_version: Mapped[str]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    last_crawl_id: Mapped[int]
    missed_crawls: Mapped[int] = mapped_column(default=0)
    """Complete crawls in a row, since it was last seen, that did not find it."""
    presence: Mapped[Word] = mapped_column(default="online")
    """online or gone."""
    forgotten_at: Mapped[datetime | None]
    """When what it said was deleted, as personal data that nothing asks for any more."""


class PostingEvent(Entity):
    """A posting went, or came back (下架与重现): what was seen, by which crawl; never changed.

    `what` is gone or back. `detail` says how it was known, in a sentence.
    """

    __tablename__ = "posting_event"
    __table_args__ = (
        Index("ix_posting_event_platform_id_posting_key", "platform_id", "posting_key"),
    )

    id: Mapped[Id]
    platform_id: Mapped[int] = mapped_column(ForeignKey("platform.id"))
    posting_key: Mapped[str]
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), index=True)
    """The newest version, as it went or as it came back."""
    crawl_id: Mapped[int] = mapped_column(ForeignKey("crawl.id"), index=True)
    what: Mapped[Word]
    detail: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]
    recorded_at: Mapped[datetime]


class Hit(Entity):
    """A claim found at a place of one document version; immutable.

    `start` and `end` are half-open code points of the document's `text`.
    """

    __tablename__ = "hit"
    __table_args__ = (
        UniqueConstraint("document_id", "rule_id", "rule_hash", "pack_hash", "start", "end"),
    )

    id: Mapped[Id]
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    claim: Mapped[Word] = mapped_column(index=True)
    rule_id: Mapped[str]
    rule_hash: Mapped[Digest]
    pack_hash: Mapped[Digest]
    start: Mapped[int]
    end: Mapped[int]
    text: Mapped[str]
    score: Mapped[float] = mapped_column(Float)
    severity: Mapped[int]
    """1 low, 2 medium, 3 high."""
    why: Mapped[str]
    law: Mapped[list[str]]
    """Law keys; the article is the one in force on the days the posting was seen."""
    found_at: Mapped[datetime]
