"""The row of a sealed day as the statement that it makes."""

from lantian.evidence.spelling import date_of
from lantian.evidence.statement import Statement
from lantian.model import SealedDay

SEAL = "evidence.seal"
"""The act in the audit chain by which a day is sealed; it tells of its checkpoint and the key."""


def statement_of(row: SealedDay) -> Statement:
    """The statement that a row makes, whatever digest it carries."""
    return Statement(
        number=row.number,
        day=row.day,
        leaves=row.leaves,
        root=row.root,
        previous=row.previous_digest,
        sealed=date_of(row.sealed_at),
    )
