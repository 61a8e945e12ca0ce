"""Reads a capture again, from what was kept, and finds its hits at their offsets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.errors import ConfigError, EvidenceDamaged, EvidenceDeleted, NotFound, Unreadable
from lantian.evidence.archive import Archive
from lantian.evidence.decode import decoded
from lantian.evidence.finding import Finding
from lantian.evidence.pictured import PicturesAgain
from lantian.evidence.record import Record
from lantian.evidence.seal import digest_of
from lantian.model import Artifact, Capture, Crawl, Document, Hit, Source
from lantian.pictures.processes import OcrMissing
from lantian.reading import (
    READER_VERSION,
    RawPage,
    Reading,
    SiteProfile,
    content_digest,
    find_profile,
    read_guarded,
)


@dataclass
class ReadAgain:
    """Reads pages under the profiles of their sources, which it looks up once."""

    folders: tuple[Path, ...] = ()
    _profiles: dict[str, SiteProfile] = field(default_factory=dict)
    pictures: PicturesAgain = field(default_factory=PicturesAgain)

    def profile(self, name: str) -> SiteProfile:
        """The profile of that name; raises `NotFound` or `ConfigError`."""
        if name not in self._profiles:
            self._profiles[name] = find_profile(name, self.folders)
        return self._profiles[name]

    def read(self, page: RawPage, profile: str) -> Reading:
        """What the page says today."""
        return read_guarded(page, self.profile(profile))


def capture_again(
    session: Session, archive: Archive, capture: Capture, again: ReadAgain
) -> Iterator[Finding]:
    """The findings of one capture: what it says otherwise today, the hits that it has no more.

    A payload that is damaged, gone or deleted by rule is no finding here: verifying without a
    second reading names it.
    """
    payload = next((one for one in capture.artifacts if one.role == "payload"), None)
    # A picture is read with the documents that show it, and proved by their hits.
    if payload is None or capture.purpose == "pictures":
        return
    name = session.scalars(
        select(Source.profile)
        .join(Crawl, Crawl.source_id == Source.id)
        .where(Crawl.id == capture.crawl_id)
    ).one()
    try:
        page = page_of(archive, capture)
        reading = again.read(page, name)
        profile_version = again.profile(name).version
    except (EvidenceDamaged, EvidenceDeleted):
        return
    except (Unreadable, NotFound, ConfigError) as error:
        reason = f"at {payload.offset}: it cannot be read again: {error}"
        yield Finding("unproved", payload.file, reason, capture.id)
        return
    same = (capture.reader_version, capture.profile_version) == (READER_VERSION, profile_version)
    if same and _content_digest(reading, archive, payload) != capture.content_digest:
        reason = f"at {payload.offset}: it reads otherwise than when it was captured."
        yield Finding("changed", payload.file, reason, capture.id)
    texts = {(str(one.kind), one.posting_key): one.text for one in reading.documents}
    yield from _documents(session, archive, capture, payload, texts=texts, again=again, same=same)


def page_of(archive: Archive, capture: Capture) -> RawPage:
    """The page as the reader had it: the rendered DOM where there is one, else the body.

    Raises `EvidenceDamaged`, and `Unreadable` for a body that cannot be unpacked.
    """
    kept = {artifact.role: artifact for artifact in capture.artifacts}
    record = archive.record(kept["payload"])
    headers = headers_of(record)
    if capture.via == "browser":
        body = archive.read(kept["dom"]) if "dom" in kept else record.payload
        return RawPage(capture.final_url, capture.status, headers, body, "browser")
    if not capture.status:
        # A row or a file that was handed in: the row names its type, there was no HTTP answer.
        kind = kept["payload"].media_type.encode("latin-1", "replace")
        return RawPage(capture.final_url, 200, ((b"content-type", kind),), record.payload, "http")
    codings = (value for name, value in headers if name.lower() == b"content-encoding")
    coding = b",".join(codings).decode("latin-1")
    body = decoded(record.payload, coding)
    return RawPage(capture.final_url, capture.status, headers, body, "http")


def headers_of(record: Record) -> tuple[tuple[bytes, bytes], ...]:
    """The fields of a response's head, in order."""
    lines = record.head.strip(b"\r\n").split(b"\r\n")[1:]
    pairs = (line.partition(b":") for line in lines)
    return tuple((name.strip(), value.strip()) for name, colon, value in pairs if colon)


def _content_digest(reading: Reading, archive: Archive, payload: Artifact) -> str:
    if reading.unreadable is not None:
        return digest_of(archive.read(payload))
    return content_digest(reading)


def _documents(
    session: Session,
    archive: Archive,
    capture: Capture,
    payload: Artifact,
    *,
    texts: Mapping[tuple[str, str], str],
    again: ReadAgain,
    same: bool,
) -> Iterator[Finding]:
    """The findings of the documents that were read from the capture, and from their pictures."""
    rows = select(Document).where(Document.capture_id == capture.id).order_by(Document.id)
    for document in session.scalars(rows):
        text = texts.get((document.kind, document.posting_key))
        where = f"at {payload.offset}: document {document.id} ({document.posting_key})"
        if text is None:
            yield Finding("unproved", payload.file, f"{where} is not read from it.", capture.id)
            continue
        try:
            text = again.pictures.whole(
                session, document, text, lambda one: page_of(archive, one).body
            )
        except OcrMissing as error:
            yield Finding("unproved", payload.file, f"{where}: {error}", capture.id)
            continue
        if same and text != document.text:
            reason = f"{where} has another text than was kept."
            yield Finding("changed", payload.file, reason, capture.id)
        hits = select(Hit).where(Hit.document_id == document.id).order_by(Hit.id)
        for hit in session.scalars(hits):
            if not text[hit.start : hit.end] == hit.text == document.text[hit.start : hit.end]:
                reason = (
                    f"{where}: hit {hit.id} ({hit.claim}) is not found at {hit.start}–{hit.end}."
                )
                yield Finding("unproved", payload.file, reason, capture.id)
