"""Texts that hit, known by their letters, so that clues of the same text are one group."""

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from lantian.model.column import Digest, Entity, Id


class TextForm(Entity):
    """The letters of a text, however often and wherever it was published; nearly immutable.

    Two forms are of one group if a chain of nearly equal forms joins them. Forms of one group have
    one `group_digest`: the smallest digest among them, so the order in which they came leaves no
    trace.
    """

    __tablename__ = "text_form"

    id: Mapped[Id]
    digest: Mapped[Digest] = mapped_column(unique=True)
    """That of `matchers.likeness.plain_form`."""
    group_digest: Mapped[Digest] = mapped_column(index=True)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    """As `matchers.likeness.Signature.to_bytes` wrote it."""


class TextBand(Entity):
    """A form under one of its bands; a band that many forms share keeps the first of them only."""

    __tablename__ = "text_band"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012  (SQLAlchemy reads it)

    band: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    form_id: Mapped[int] = mapped_column(ForeignKey("text_form.id"), primary_key=True)
