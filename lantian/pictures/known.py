"""What is known of the pictures that documents show, and the text that they make with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from lantian.model import Artifact, Capture, Page, Picture
from lantian.pictures.lines import Line, text_of

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Known:
    """A picture by its address: its page and, once it was looked at, what it says where."""

    page_id: int
    picture_id: int | None = None
    capture_id: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document's picture stands in its text (half-open code points); none: nowhere."""

    number: int
    page_id: int
    picture_id: int | None = None
    capture_id: int | None = None
    start: int | None = None
    end: int | None = None


def lines_of(picture: Picture) -> tuple[Line, ...]:
    """The lines of a picture that was read."""
    return tuple(map(Line.of, picture.lines))


def known_pictures(session: Session, source_id: int, urls: Iterable[str]) -> dict[str, Known]:
    """What the store has of these pictures of a source, by address.

    A picture whose bytes were deleted after their time says nothing any more: a hit cannot stand
    without its capture.
    """
    wanted = list(dict.fromkeys(urls))
    kept = exists().where(
        Artifact.capture_id == Capture.id,
        Artifact.role == "payload",
        Artifact.deletion_id.is_(None),
    )
    found: dict[str, Known] = {}
    for start in range(0, len(wanted), _CHUNK):
        statement = (
            select(Page.url, Page.id, Capture.id, Picture)
            .select_from(Page)
            .outerjoin(Capture, (Capture.id == Page.last_capture_id) & kept)
            .outerjoin(Picture, Picture.digest == Capture.payload_digest)
            .where(Page.source_id == source_id, Page.role == "picture")
            .where(Page.url.in_(wanted[start : start + _CHUNK]))
        )
        for url, page_id, capture_id, row in session.execute(statement):
            picture = cast("Picture | None", row)
            if picture is None or picture.state == "waiting":
                found[url] = Known(page_id)
            else:
                text, _ = text_of(lines_of(picture))
                found[url] = Known(page_id, picture.id, capture_id, text)
    return found


def joined(
    text: str, urls: Sequence[str], known: Mapping[str, Known]
) -> tuple[str, tuple[Place, ...]]:
    """The text with what is written in the pictures behind it, and where each stands.

    A picture that is shown twice stands there once.
    """
    parts, place = [text], len(text)
    places = []
    written: set[int] = set()
    for number, url in enumerate(urls):
        one = known.get(url)
        if one is None:
            continue
        if not one.text or one.picture_id is None or one.picture_id in written:
            places.append(Place(number, one.page_id, one.picture_id, one.capture_id))
            continue
        written.add(one.picture_id)
        start = place + 1
        place = start + len(one.text)
        parts += ("\n", one.text)
        places.append(Place(number, one.page_id, one.picture_id, one.capture_id, start, place))
    return "".join(parts), tuple(places)


def without_pictures(text: str, starts: Iterable[int | None]) -> str:
    """The text of a document before that of its pictures, which begin at `starts`."""
    first = min((start for start in starts if start is not None), default=None)
    return text if first is None else text[: first - 1]


def lines_at(lines: Sequence[Line], start: int, end: int) -> tuple[int, ...]:
    """The numbers of the lines in which some of the code points stand, in a picture's own text."""
    _, spans = text_of(lines)
    return tuple(
        number for number, (begin, stop) in enumerate(spans) if begin < end and start < stop
    )
