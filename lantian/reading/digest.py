"""The content digest: what tells a changed page from a page with new noise."""

import hashlib
import json
from typing import Any

from lantian.reading.page import ReadDocument, Reading


def content_digest(reading: Reading) -> str:
    """The SHA-256 ("sha256:…") of the canonical JSON of what was read.

    Documents count, without volatile fields; on a page without documents, its links and outcome.
    Markup, counters and recommendations outside the documents do not.
    """
    content: dict[str, Any] = {
        "outcome": reading.outcome_hint,
        "unreadable": (reading.unreadable or "").partition(":")[0],
        "documents": [_document(d, reading.volatile) for d in reading.documents],
    }
    if not reading.documents:
        content["links"] = sorted({f"{link.role} {link.url}" for link in reading.links})
        if not reading.links:
            content["text"] = reading.text
    line = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(line.encode("utf-8", "replace")).hexdigest()


def _document(document: ReadDocument, volatile: tuple[str, ...]) -> list[Any]:
    return [
        document.posting_key,
        document.kind,
        document.title,
        document.text,
        document.seller_key,
        document.seller_name,
        document.price,
        document.posted_at.isoformat() if document.posted_at else None,
        {name: value for name, value in document.fields.items() if name not in volatile},
        # A query after a picture's path is often another at each visit.
        *([picture_paths(document)] if document.pictures else []),
    ]


def picture_paths(document: ReadDocument) -> list[str]:
    """The addresses of the document's pictures, without what stands behind the path."""
    return [url.partition("?")[0] for url in document.pictures]
