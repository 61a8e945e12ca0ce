"""Files of saved pages: WARC, WACZ, one HTML file, MHTML. Their names never become paths."""

import email
import email.policy
import hashlib
import json
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from email.message import MIMEPart
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import IO

from lantian.errors import Invalid
from lantian.intake.handover.opened import File
from lantian.intake.handover.pages import Saved, date_of, saved_of
from lantian.intake.handover.rows import Fault
from lantian.intake.handover.sheet import UNOPENED
from lantian.intake.handover.warc import BadWarc, records

LARGEST_PAGE = 20 << 20
LARGEST_MHTML = 50 << 20
MOST_ENTRIES = 20_000
MOST_UNPACKED = 4 << 30
MOST_RATIO = 200
_MOST_PARTS = 2_000
_MOST_DEPTH = 4
_MOST_JSON = 16 << 20
_LOOK = 16 * 1024
_SAVED_FROM = re.compile(rb"saved from url=\(\d{1,6}\)(https?://[^\s>]{1,2000})", re.IGNORECASE)
_SINGLE_FILE = re.compile(rb"Page saved with SingleFile\s+url:\s*(https?://\S{1,2000})")
_SAVED_DATE = re.compile(rb"saved date:\s*(\w{3} \w{3} \d{2} \d{4} \d{2}:\d{2}:\d{2} GMT[+-]\d{4})")

_HINT = "Hand it over in parts."
_BROKEN = (*UNOPENED, zlib.error, lzma.LZMAError, EOFError, RuntimeError)
"""What reading a damaged ZIP raises."""

Page = Saved | Fault


def pages_of(file: File, *, url: str, now: datetime) -> Iterator[Page]:
    """The pages in a file, or why one of its records is none; `url` is for a single page."""
    if file.format == "warc":
        with file.path.open("rb") as handle:
            yield from _warc(handle, file.size, now)
    elif file.format == "wacz":
        yield from _wacz(file, now)
    elif file.format == "mhtml":
        yield _mhtml(file, url, now)
    else:
        yield _html(file, url, now)


def _warc(handle: IO[bytes], packed: int, now: datetime) -> Iterator[Page]:
    number = 0
    try:
        for found in records(handle, packed=packed):
            number = found.number
            page = saved_of(found, now=now)
            if page is not None:
                yield page
    except BadWarc as error:
        yield Fault(number + 1, "", f"the archive cannot be read from here on: {error}")


def _wacz(file: File, now: datetime) -> Iterator[Page]:
    try:
        with zipfile.ZipFile(file.path) as archive:
            names = _archives(archive, file)
            digests = _digests(archive)
            for name in names:
                info = archive.getinfo(name)
                fault = _differs(archive, info, digests)
                if fault:
                    yield Fault(0, "", fault, _plain(name))
                    continue
                with archive.open(info) as handle:
                    yield from _warc(handle, info.file_size, now)
    except _BROKEN as error:
        raise Invalid(
            f"{file.name}: its ZIP is damaged: {error}.", hint="Ask for it again."
        ) from error


def _archives(archive: zipfile.ZipFile, file: File) -> list[str]:
    """The WARC files in it; raises `Invalid` for what would unpack to too much."""
    entries = archive.infolist()
    packed = max(1, sum(entry.compress_size for entry in entries))
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > MOST_ENTRIES:
        raise Invalid(
            f"{file.name}: {len(entries)} files in it; at most {MOST_ENTRIES}.", hint=_HINT
        )
    if unpacked > MOST_UNPACKED or unpacked > MOST_RATIO * packed + (1 << 20):
        raise Invalid(f"{file.name}: {packed:,} bytes would unpack to {unpacked:,}.", hint=_HINT)
    if any(entry.flag_bits & 1 for entry in entries):
        raise Invalid(f"{file.name}: it is encrypted.", hint="Ask for it without a password.")
    names = [entry.filename for entry in entries]
    found = [name for name in names if name.endswith((".warc", ".warc.gz"))]
    if not found and any(name.endswith(".wacz") for name in names):
        raise Invalid(
            f"{file.name}: there are archives in the archive.", hint="Hand over each by itself."
        )
    return sorted(set(found))


def _digests(archive: zipfile.ZipFile) -> dict[str, str]:
    """The SHA-256 of files by path, as `datapackage.json` has it."""
    try:
        with archive.open("datapackage.json") as handle:
            told = json.loads(handle.read(_MOST_JSON))
        found = islice(told["resources"], MOST_ENTRIES)
        return {str(one["path"]): str(one["hash"]) for one in found if "hash" in one}
    except (KeyError, TypeError, ValueError, RecursionError):
        return {}


def _differs(archive: zipfile.ZipFile, info: zipfile.ZipInfo, digests: dict[str, str]) -> str:
    """What is wrong with a file against its digest; nothing where none is told."""
    told = digests.get(info.filename, "")
    if not told.startswith("sha256:"):
        return ""
    digest = hashlib.sha256()
    with archive.open(info) as handle:
        while part := handle.read(1 << 20):
            digest.update(part)
    same = digest.hexdigest() == told.removeprefix("sha256:").lower()
    return "" if same else "its bytes are not those that datapackage.json tells of"


def _html(file: File, url: str, now: datetime) -> Page:
    """A page that a browser saved; its folder of pictures is not looked at."""
    if file.size > LARGEST_PAGE:
        return Fault(1, "", f"{file.size:,} bytes; a page may have {LARGEST_PAGE:,}", file.name)
    body = file.path.read_bytes()
    head = body[:_LOOK]
    found = _SAVED_FROM.search(head) or _SINGLE_FILE.search(head)
    if not url and found is None:
        return Fault(1, "", "it does not say from where it was saved: give --url", file.name)
    place = url or (found[1].decode("utf-8", "replace") if found else "")
    at = _single_file_date(head, now)
    kind, dated = "text/html", at is not None
    return Saved(number=1, url=place, at=at or now, body=body, media_type=kind, dated=dated)


def _single_file_date(head: bytes, now: datetime) -> datetime | None:
    found = _SAVED_DATE.search(head)
    if found is None:
        return None
    try:
        told = datetime.strptime(found[1].decode(), "%a %b %d %Y %H:%M:%S GMT%z")
        return date_of(told.isoformat(), now=now)
    except (ValueError, Invalid):
        return None


def _mhtml(file: File, url: str, now: datetime) -> Page:
    """The root page of a saved page with its parts."""
    if file.size > LARGEST_MHTML:
        return Fault(1, "", f"{file.size:,} bytes; MHTML may have {LARGEST_MHTML:,}", file.name)
    try:
        message = email.message_from_bytes(file.path.read_bytes(), policy=email.policy.default)
        part = _root(message, 0)
        if part is None:
            return Fault(1, "", "there is no page in it", file.name)
        body = part.get_payload(decode=True)
        charset = part.get_content_charset("")
        places = (url, message["Snapshot-Content-Location"], part["Content-Location"])
        place = next((str(one) for one in places if one and str(one).startswith("http")), "")
        date = str(message["Date"] or "")
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
        return Fault(1, "", f"it cannot be parsed: {type(error).__name__}", file.name)
    if not place or not isinstance(body, bytes):
        return Fault(1, "", "it does not say from where it was saved: give --url", file.name)
    at: datetime | None = None
    with suppress(ValueError, TypeError, Invalid, OverflowError):
        at = date_of(parsedate_to_datetime(date).isoformat(), now=now)
    dated = at is not None
    kind = f"text/html; charset={charset}" if charset.isalnum() or "-" in charset else "text/html"
    at = at or now
    return Saved(number=1, url=place, at=at, body=body, media_type=kind[:100], dated=dated)


def _root(message: MIMEPart, depth: int) -> MIMEPart | None:
    """The first HTML part, not too deep."""
    if message.get_content_type() in {"text/html", "application/xhtml+xml"}:
        return message
    if depth >= _MOST_DEPTH or not message.is_multipart():
        return None
    for part in islice(message.iter_parts(), _MOST_PARTS):
        found = _root(part, depth + 1)
        if found is not None:
            return found
    return None


def _plain(name: str) -> str:
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in name)[
        :200
    ]
