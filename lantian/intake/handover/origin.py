"""Whence a capture came that was handed in, for the person who reviews it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.model import Artifact, Capture, HandedRow, Handover, Tip


@dataclass(frozen=True, slots=True)
class Origin:
    """Who handed it in; for a list, its file and the row; what its giver noted for the office."""

    by: str
    name: str = ""
    row: int = 0
    reference: str = ""
    note: str = ""


def origin_of(session: Session, capture: Capture) -> Origin | None:
    """Whence the capture came; none for what our own visits received."""
    if capture.via != "handed":
        return None
    notes = session.scalar(
        select(Artifact.notes).where(Artifact.capture_id == capture.id, Artifact.role == "payload")
    )
    told: dict[str, Any] = (notes or {}).get("handed_in", {})
    by = str(told.get("by", ""))
    kind, _, number = by.partition(" ")
    if kind == "tip" and number.isdecimal():
        note = session.scalar(select(Tip.note).where(Tip.id == int(number)))
        return Origin(by=by, note=note or "")
    row = int(told.get("row", 0))
    kept = session.execute(
        select(HandedRow.reference, HandedRow.note)
        .join(Handover, Handover.id == HandedRow.handover_id)
        .where(Handover.digest == str(told.get("file", "")), HandedRow.number == row)
        .limit(1)
    ).first()
    reference, note = kept if kept is not None else ("", "")
    return Origin(by, str(told.get("name", "")), row, reference, note)
