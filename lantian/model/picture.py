"""Pictures: what is written in them, and which document versions show them where."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lantian.model.column import Digest, Entity, Id, Word


class Picture(Entity):
    """The bytes of a picture, wherever they are shown, and what is written in them.

    States: waiting, read, small (not looked at, for its size) and unreadable. The same bytes are
    read once, however many pages show them.
    """

    __tablename__ = "picture"

    id: Mapped[Id]
    digest: Mapped[Digest] = mapped_column(unique=True)
    """Of its payload as received: that of each of its captures."""
    state: Mapped[Word] = mapped_column(default="waiting")
    why: Mapped[str] = mapped_column(default="")
    """Why it could not be read, in a sentence that begins with a code."""
    media_type: Mapped[Word] = mapped_column(default="")
    """As its bytes say, whatever the server named it."""
    width: Mapped[int] = mapped_column(default=0)
    height: Mapped[int] = mapped_column(default=0)
    lines: Mapped[list[Any]] = mapped_column(default=list)
    """Its lines from top to bottom: [text, score, [x1, y1, … x4, y4]], in pixels as it is shown."""
    reader: Mapped[str] = mapped_column(default="")
    """What read it, with its version."""
    read_at: Mapped[datetime | None]


class PicturePlace(Entity):
    """A picture that a document version shows, and where its writing stands in the text.

    `start` and `end` are half-open code points of the document's `text`; none where nothing of it
    stands there. What stands there was read from the capture that is named.
    """

    __tablename__ = "picture_place"
    __table_args__ = (UniqueConstraint("document_id", "number"),)

    id: Mapped[Id]
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    number: Mapped[int]
    """Which of the pictures of the document it is, from 0."""
    page_id: Mapped[int] = mapped_column(ForeignKey("page.id"), index=True)
    """The page that is the picture's address."""
    picture_id: Mapped[int | None] = mapped_column(ForeignKey("picture.id"))
    capture_id: Mapped[int | None] = mapped_column(ForeignKey("capture.id"), index=True)
    start: Mapped[int | None]
    end: Mapped[int | None]
