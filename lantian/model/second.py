"""The office's own second opinion, and what it says of documents (第二意见)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from lantian.model.column import Digest, Entity, Id, Word


class SecondOpinion(Entity):
    """What was learnt from the office's decisions; the newest that is not removed is asked."""

    __tablename__ = "second_opinion"

    id: Mapped[Id]
    digest: Mapped[Digest]
    content: Mapped[str]
    """JSON, as `lantian.second.opinion` reads it."""
    made_by: Mapped[str]
    """user:NAME or process:NAME, as in the audit chain."""
    made_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class SecondLook(Entity):
    """What the second opinion says of a document, or a person said of one without a hit.

    It orders lists and is shown; it makes no clue and hides none.
    """

    __tablename__ = "second_look"

    document_id: Mapped[int] = mapped_column(
        ForeignKey("document.id"), primary_key=True, autoincrement=False
    )
    opinion_id: Mapped[int] = mapped_column(ForeignKey("second_opinion.id"), index=True)
    clue: Mapped[float | None] = mapped_column(Float)
    """The probability that people confirm its clue."""
    missed: Mapped[float | None] = mapped_column(Float, index=True)
    """The probability that it makes an offer, though the matcher found none."""
    reasons: Mapped[list[Any]]
    """Pairs of a run of characters, or a word of the rules, and its log-odds."""
    at: Mapped[datetime]
    verdict: Mapped[Word | None]
    """What a person said of one without a hit: missed or clean."""
    judged_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    judged_at: Mapped[datetime | None]
