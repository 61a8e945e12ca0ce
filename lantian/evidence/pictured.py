"""What a document's pictures say when they are read again, each where it stood in the text."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.errors import EvidenceDamaged, EvidenceDeleted, Unreadable
from lantian.model import Capture, Document, PicturePlace
from lantian.pictures.lines import text_of
from lantian.pictures.processes import Readers

_NOTHING = "\0"
"""What no document holds: stands for what is not read any more."""


@dataclass
class PicturesAgain:
    """Reads kept pictures again, those of the same bytes once; starts its process when needed."""

    _readers: list[Readers] = field(default_factory=list)
    _known: dict[str, str] = field(default_factory=dict)

    def whole(
        self,
        session: Session,
        document: Document,
        own: str,
        body_of: Callable[[Capture], bytes],
    ) -> str:
        """The document's text as it is read today: `own` is that of its page.

        Each picture's text begins where it began, so that a difference in one moves no other.
        Raises `OcrMissing` if there is something in a picture and pictures cannot be read here.
        """
        for start, capture in _written(session, document):
            own = own.ljust(start - 1, _NOTHING)[: start - 1] + "\n" + self._text(capture, body_of)
        return own

    def _text(self, capture: Capture, body_of: Callable[[Capture], bytes]) -> str:
        digest = capture.payload_digest
        if digest not in self._known:
            if not self._readers:
                self._readers.append(Readers(1))
            try:
                read = self._readers[0].read(body_of(capture))
            except (EvidenceDamaged, EvidenceDeleted, Unreadable):
                return ""
            self._known[digest] = text_of(read.lines)[0]
        return self._known[digest]


def _written(session: Session, document: Document) -> Iterator[tuple[int, Capture]]:
    """Where the text of each picture begins, with the capture from which it was read."""
    statement = (
        select(PicturePlace.start, Capture)
        .join(Capture, Capture.id == PicturePlace.capture_id)
        .where(PicturePlace.document_id == document.id, PicturePlace.start.is_not(None))
        .order_by(PicturePlace.start)
    )
    for start, capture in session.execute(statement):
        if start is not None:
            yield start, capture
