"""What a page says, in the form that either store takes.

Pages come from strangers: a NUL, half a surrogate pair, a key of a megabyte or a date before time
must not stop a batch. Characters are replaced one by one, so that offsets stay.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from lantian.clock import as_utc
from lantian.intake.visit import Visit
from lantian.reading import ReadDocument

MOST_KEY_BYTES = 1_000
"""PostgreSQL indexes no key of more than 2,704 bytes."""
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def storable(visit: Visit) -> Visit:
    """The visit, the same object where nothing in it had to be replaced."""
    changes: dict[str, Any] = {}
    for name in ("final_url", "detail"):
        text = getattr(visit, name)
        if _UNSTORABLE.search(text):
            changes[name] = clean(text)
    reading = visit.reading
    if reading is not None:
        documents = tuple(map(_document, reading.documents))
        if any(new is not old for new, old in zip(documents, reading.documents, strict=True)):
            changes["reading"] = replace(reading, documents=documents)
        elif reading.unreadable and _UNSTORABLE.search(reading.unreadable):
            changes["reading"] = replace(reading, unreadable=clean(reading.unreadable))
    return replace(visit, **changes) if changes else visit


def clean(text: str) -> str:
    """The text with U+FFFD for each character that a store refuses; of the same length."""
    return _UNSTORABLE.sub("\ufffd", text)


def key_of(text: str) -> str:
    """The text as a key: a long one is cut and made one of its kind by its digest."""
    text = clean(text)
    if len(text) * 4 <= MOST_KEY_BYTES or len(text.encode()) <= MOST_KEY_BYTES:
        return text
    return f"{text[:200]}~{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def _instant(at: datetime | None) -> datetime | None:
    try:
        return as_utc(at) if at is not None else None
    except (OverflowError, ValueError):
        return None


_FORMS: dict[str, Callable[[Any], Any]] = {
    "posting_key": key_of,
    "seller_key": key_of,
    "url": clean,
    "title": clean,
    "text": clean,
    "seller_name": clean,
    "seller_url": clean,
    "price": lambda price: clean(price) if price is not None else None,
    "posted_at": _instant,
    "fields": lambda fields: {clean(name): clean(value) for name, value in fields.items()},
    "pictures": lambda urls: tuple(map(clean, urls)),
}


def _document(document: ReadDocument) -> ReadDocument:
    changes = {}
    for name, form in _FORMS.items():
        given = getattr(document, name)
        kept = form(given)
        if kept != given:
            changes[name] = kept
    # A text that changed under its title still begins with it, for both changed alike.
    return replace(document, **changes) if changes else document
