"""Saved pages as they arrive: what they say, where and when they were seen."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from lantian.errors import Invalid, Unreadable
from lantian.evidence.decode import decoded
from lantian.intake.handover.rows import EARLIEST, SKEW, Fault
from lantian.intake.handover.taking import PROFILE, Arrival
from lantian.intake.handover.warc import Found
from lantian.reading import (
    RawPage,
    SiteProfile,
    canonical_url,
    find_profile,
    needs_child,
    profile_names,
    read_guarded,
    read_page,
)
from lantian.reading.address import host_allowed, host_of

DOCUMENTS = ("text/html", "application/xhtml+xml", "application/json", "text/plain")
"""Types of what may say something; a picture or a style sheet is passed over."""
_MOST_HEAD = 64 * 1024
_LONGEST_URL = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """One saved page: `status` 0 and no head where no server's answer was kept."""

    number: int
    url: str
    at: datetime
    body: bytes
    media_type: str
    status: int = 0
    raw_head: bytes = b""
    remote_ip: str | None = None
    dated: bool = True
    """Whether it says itself when it was saved; else `at` is the time of taking it in."""
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """By which it is known again: address, time and bytes."""
        at = self.at.isoformat() if self.dated else ""
        head = f"{self.url}\n{at}\n{self.status}\n".encode("utf-8", "replace")
        return "sha256:" + hashlib.sha256(head + self.body).hexdigest()


class Profiles:
    """The profile of a host: that of its site, or the one of what is handed in."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = tuple(folders)
        self._known: dict[str, SiteProfile] = {}

    @cached_property
    def _all(self) -> list[SiteProfile]:
        return [find_profile(name, self._folders) for name in profile_names(self._folders)]

    def of(self, url: str) -> SiteProfile:
        """The profile under which a page of that address is read."""
        host = host_of(url)
        if host not in self._known:
            bare = {host, host.removeprefix("www.")}
            fitting = (
                one for one in self._all if any(host_allowed(name, one.hosts) for name in bare)
            )
            self._known[host] = next(fitting, None) or find_profile(PROFILE, self._folders)
        return self._known[host]


def saved_of(found: Found, *, now: datetime) -> Saved | Fault | None:
    """The page in a WARC record, or why it cannot be taken; none for what is no page."""
    kind = found.field("warc-type").lower()
    if kind not in {"response", "resource"}:
        return None
    url = found.field("warc-target-uri")
    if not url.startswith(("http://", "https://")):
        return None
    if found.block is None:
        return Fault(found.number, "", "the record is too large", url[:200])
    try:
        at = date_of(found.field("warc-date"), now=now)
        if kind == "resource":
            return _resource(found, url, at)
        return _response(found, url, at)
    except Invalid as error:
        return Fault(found.number, "", error.message, url[:200])


def date_of(text: str, *, now: datetime) -> datetime:
    """The instant of an ISO date; raises `Invalid` for none, and for one that cannot be."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Invalid(f"its date {text[:40]!r} is none") from None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    if not EARLIEST <= at <= now + SKEW:
        raise Invalid(f"its date {text[:40]!r} cannot be")
    return min(at.astimezone(UTC), now)


def _resource(found: Found, url: str, at: datetime) -> Saved | None:
    media_type = found.field("content-type")
    body = found.block or b""
    if not _is_document(media_type):
        return None
    return Saved(
        number=found.number,
        url=url,
        at=at,
        body=body,
        media_type=media_type[:200],
        notes=_notes(found),
    )


def _response(found: Found, url: str, at: datetime) -> Saved | None:
    block = found.block or b""
    head, gap, body = block[: _MOST_HEAD + len(block)].partition(b"\r\n\r\n")
    if not gap or len(head) > _MOST_HEAD:
        raise Invalid("the answer in it has no head")
    first, *lines = head.split(b"\r\n")
    status = first.split(b" ")[1:2]
    if not first.startswith(b"HTTP/") or not status or not status[0][:3].isdigit():
        raise Invalid("the answer in it has no status line")
    code = int(status[0][:3])
    fields = [_pair(line) for line in lines]
    media_type = _first(fields, b"content-type")
    if not 200 <= code < 300 or not _is_document(media_type):
        return None
    if b"chunked" in _first(fields, b"transfer-encoding").encode().lower():
        body = _unchunked(body)
    kept = _kept_head(first, lines, body, _codings(fields))
    return Saved(
        number=found.number,
        url=url,
        at=at,
        body=body,
        media_type=media_type[:200],
        status=code,
        raw_head=kept,
        remote_ip=found.field("warc-ip-address")[:45] or None,
        notes=_notes(found),
    )


def _notes(found: Found) -> dict[str, Any]:
    return {
        "record": found.field("warc-record-id")[:200],
        "record_date": found.field("warc-date")[:40],
    }


def _is_document(media_type: str) -> bool:
    kind = media_type.partition(";")[0].strip().lower()
    return not kind or kind in DOCUMENTS or kind.endswith("+json")


def _pair(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.strip().lower(), value.strip()


def _first(fields: list[tuple[bytes, bytes]], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in fields if key == name), "")


def _codings(fields: list[tuple[bytes, bytes]]) -> str:
    return b",".join(value for key, value in fields if key == b"content-encoding").decode("latin-1")


def _kept_head(first: bytes, lines: list[bytes], body: bytes, codings: str) -> bytes:
    """The head as it is kept; a coding that the body does not have any more is renamed."""
    if codings:
        try:
            decoded(body, codings)
        except Unreadable:
            if not body.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd")):
                lines = [
                    b"X-Archive-Orig-" + line if _pair(line)[0] == b"content-encoding" else line
                    for line in lines
                ]
    return b"\r\n".join([first, *lines]) + b"\r\n\r\n"


def _unchunked(body: bytes) -> bytes:
    """The body without its chunks; as it is, where it has none any more."""
    parts: list[bytes] = []
    place = 0
    while True:
        line, end, _ = body[place : place + 100].partition(b"\r\n")
        size = line.partition(b";")[0].strip()
        if not end or not size or len(size) > 8 or size.strip(b"0123456789abcdefABCDEF"):
            return body if not parts else b"".join(parts)
        place += len(line) + 2
        length = int(size, 16)
        if length == 0:
            return b"".join(parts)
        parts.append(body[place : place + length])
        place += length + 2


def arrival_of(saved: Saved, profiles: Profiles, origin: dict[str, Any]) -> Arrival:
    """The page as it arrives, read; raises `Invalid` for an address that is none."""
    url = canonical_url(saved.url)
    profile = profiles.of(url)
    url = canonical_url(saved.url, profile)
    if len(url) > _LONGEST_URL:
        raise Invalid(f"an address of {len(url)} characters")
    page = raw_of(saved, url)
    reading = read_guarded(page, profile) if needs_child(page) else read_page(page, profile)
    return Arrival(
        row_id=saved.digest,
        url=url,
        at=saved.at,
        body=saved.body,
        reading=reading,
        profile=profile,
        status=saved.status,
        raw_head=saved.raw_head,
        media_type=saved.media_type or "text/html",
        remote_ip=saved.remote_ip,
        notes={"handed_in": {**origin, **saved.notes}},
    )


def raw_of(saved: Saved, url: str) -> RawPage:
    """The page as whoever reads the capture again will have it."""
    if not saved.status:
        kind = (saved.media_type or "text/html").encode("latin-1", "replace")
        return RawPage(url, 200, ((b"content-type", kind),), saved.body)
    lines = saved.raw_head.strip(b"\r\n").split(b"\r\n")[1:]
    pairs = (line.partition(b":") for line in lines)
    headers = tuple((name.strip(), value.strip()) for name, colon, value in pairs if colon)
    try:
        body = decoded(saved.body, _codings([(k.lower(), v) for k, v in headers]))
    except Unreadable as error:
        raise Invalid(error.message.rstrip(".")) from error
    return RawPage(url, saved.status, headers, body)


def batches(found: Iterable[Arrival], *, most: int, size: int) -> Iterator[list[Arrival]]:
    """The arrivals in lists of at most `most` and about `size` bytes."""
    batch: list[Arrival] = []
    held = 0
    for one in found:
        batch.append(one)
        held += len(one.body)
        if len(batch) >= most or held >= size:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch
