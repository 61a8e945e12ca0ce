"""Pictures of a posting in which something was found, with the lines that hit."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.errors import NotFound
from lantian.evidence.again import page_of
from lantian.evidence.archive import Archive
from lantian.model import Capture, Document, Hit, Picture, PicturePlace
from lantian.pictures.known import lines_at, lines_of
from lantian.pictures.limits import FORMATS
from lantian.pictures.lines import Line

AROUND = 60
"""Pixels around the lines that hit, at least."""


@dataclass(frozen=True, slots=True)
class MarkedLine:
    """A line that hit: its number in the picture from 1, its corners, and what was found in it."""

    number: int
    text: str
    points: str
    """As an SVG polygon has them."""
    claims: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MarkedPicture:
    """A picture with its marked lines; `view` is the part that is shown, as an SVG view box."""

    number: int
    capture: Capture
    picture: Picture
    view: str
    lines: tuple[MarkedLine, ...]
    hit_ids: frozenset[int]


def marked_pictures(
    session: Session, document: Document, hits: Sequence[Hit]
) -> tuple[MarkedPicture, ...]:
    """The document's pictures in which these hits stand, in their order."""
    statement = (
        select(PicturePlace, Picture, Capture)
        .join(Picture, Picture.id == PicturePlace.picture_id)
        .join(Capture, Capture.id == PicturePlace.capture_id)
        .where(PicturePlace.document_id == document.id, PicturePlace.start.is_not(None))
        .order_by(PicturePlace.number)
    )
    marked = (_marked(*row, hits) for row in session.execute(statement))
    return tuple(one for one in marked if one.lines)


def _marked(
    place: PicturePlace, picture: Picture, capture: Capture, hits: Sequence[Hit]
) -> MarkedPicture:
    lines = lines_of(picture)
    start, end = place.start or 0, place.end or 0
    claims: dict[int, list[str]] = {}
    ids = set()
    for hit in hits:
        if hit.start < end and start < hit.end:
            ids.add(hit.id)
            for number in lines_at(lines, hit.start - start, hit.end - start):
                claims.setdefault(number, []).append(hit.claim)
    marked = tuple(
        MarkedLine(
            number + 1,
            lines[number].text,
            _points(lines[number]),
            tuple(dict.fromkeys(claims[number])),
        )
        for number in sorted(claims)
    )
    view = _view(picture, [lines[number] for number in sorted(claims)])
    return MarkedPicture(place.number + 1, capture, picture, view, marked, frozenset(ids))


def _points(line: Line) -> str:
    corners = zip(line.box[::2], line.box[1::2], strict=True)
    return " ".join(f"{x},{y}" for x, y in corners)


def _view(picture: Picture, lines: Sequence[Line]) -> str:
    """The whole width, and so much of the height that the lines are seen with what is near."""
    if not lines:
        return f"0 0 {picture.width} {picture.height}"
    around = max(AROUND, round(2 * max(line.size for line in lines)))
    top = max(0, min(line.top for line in lines) - around)
    bottom = min(picture.height, max(line.bottom for line in lines) + around)
    return f"0 {top} {picture.width} {max(1, bottom - top)}"


def picture_bytes(session: Session, archive: Archive, capture_id: int) -> tuple[bytes, str]:
    """The bytes of a captured picture, verified as they are read, and what they are.

    Only what was decoded as a picture is shown, under the type that its bytes have; raises
    `NotFound` for anything else.
    """
    found = session.execute(
        select(Capture, Picture)
        .join(Picture, Picture.digest == Capture.payload_digest)
        .where(Capture.id == capture_id, Picture.state == "read")
    ).one_or_none()
    if found is None or found[1].media_type not in FORMATS.values():
        raise NotFound(f"there is no picture {capture_id}.")
    return page_of(archive, found[0]).body, found[1].media_type
