"""Where each thing lies in a bundle. Whoever writes one and whoever checks one goes by these names.

`archive/`, `indexes/` and `pages/` are those of WACZ 1.1.1, everything of ours is in `evidence/`.
`proofs/` holds proofs of inclusion in the trees of sealed days, and the time stamps of these.
"""

import json
from pathlib import PurePosixPath
from typing import Any

FORMAT = "lantian.bundle/1"
WACZ_VERSION = "1.1.1"
PACKAGE = "datapackage.json"
PACKAGE_DIGEST = "datapackage-digest.json"
ARCHIVE = "archive/"
INDEX = "indexes/index.cdx"
"""CDXJ lines; pywb takes a bundle's index under this ending only."""
PAGES = "pages/pages.jsonl"
OURS = "evidence/"
README = "evidence/readme.txt"
BUNDLE = "evidence/bundle.json"
CUSTODY = "evidence/custody.jsonl"
SUMS = "evidence/sha256sums.txt"
PROOFS = "proofs/"
PROOF_FORMAT = "lantian.proof/1"
SUFFIX = ".warc.gz"
REQUIRED = (PACKAGE, PACKAGE_DIGEST, INDEX, PAGES, README, BUNDLE, CUSTODY, SUMS)
PAGES_HEAD = {"format": "json-pages-1.0", "id": "pages", "title": "All Pages"}
FILES = {"screenshot": "png", "dom": "dom.txt", "pdf": "pdf"}
"""Roles that also lie beside the WARC; a page of others as text, so that nothing in it runs."""
READ_OUT = frozenset({"evidence.export", "notice.evidence"})
"""Acts that take a copy: they are not told in the copy, which would be another one each time."""


def warc_name(file: str) -> str:
    """`2026-11-crawl-1.warc.gz` for the archive's `warc/2026/11/crawl-1.warc.gz`."""
    return "-".join(PurePosixPath(file).parts[1:])


def capture_stem(capture_id: int) -> str:
    """What the names of the files about one capture begin with."""
    return f"{OURS}capture-{capture_id}."


def file_beside(capture_id: int, role: str, number: int) -> str | None:
    """Where the `number`-th of a capture's artifacts of that role lies too, if beside the WARC."""
    if role not in FILES:
        return None
    again = "" if number == 1 else f"-{number}"
    return f"{OURS}capture-{capture_id}{again}.{FILES[role]}"


def document_stem(document_id: int) -> str:
    """The same of one version of a posting."""
    return f"{OURS}document-{document_id}."


def notice_stem(notice_id: int) -> str:
    """The same of one notice."""
    return f"{OURS}notice-{notice_id}."


def proof(day: str) -> str:
    """What proves that records and events are leaves of a sealed day."""
    return f"{PROOFS}{day}.json"


def statement(day: str) -> str:
    """The text about a sealed day that was chained and stamped."""
    return f"{PROOFS}{day}.txt"


def checkpoint(day: str) -> str:
    """The signed root over all days that were sealed up to that one."""
    return f"{PROOFS}{day}.checkpoint"


def stamp(day: str, authority: str) -> str:
    """The answer of an authority about it (RFC 3161)."""
    return f"{PROOFS}{day}.{authority}.tsr"


def roots(day: str, authority: str) -> str:
    """The certificates in which the installation trusted that authority."""
    return f"{PROOFS}{day}.{authority}.pem"


def readable(told: Any) -> bytes:
    """JSON that a person can read, always the same for the same content."""
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, indent=1)
    return (text + "\n").encode("utf-8", "surrogatepass")


def canonical(told: Any) -> bytes:
    """JSON in one line: sorted keys, no spaces, UTF-8. Digests are of this form."""
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")
