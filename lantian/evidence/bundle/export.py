"""Exports a bundle: records as they stand in the archive, each verified while it is read.

Nothing of a record's size is held twice, and one record at a time. The same content makes the same
bytes, whenever and wherever it is exported; with the time of the newest thing in it as its own.
"""

import io
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from importlib import resources
from itertools import groupby
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from sqlalchemy import select, true
from sqlalchemy.orm import Session

from lantian.clock import as_utc
from lantian.errors import EvidenceDamaged, StoreError
from lantian.evidence.archive import Archive
from lantian.evidence.bundle import layout
from lantian.evidence.bundle.check import BundleCheck
from lantian.evidence.bundle.extraction import fields_of, page_of
from lantian.evidence.bundle.proofs import Proofs
from lantian.evidence.bundle.select import Asked, Place, Selected, original_of, places_of, selected
from lantian.evidence.bundle.signed import signature_of
from lantian.evidence.bundle.told import clue_told, custody_line, document_told, event_told, utc
from lantian.evidence.bundle.zipped import PIECE, ZipWriter
from lantian.evidence.cdxj import Sorter, line_of, sorting
from lantian.evidence.conditions import first_record, subject_of
from lantian.evidence.record import Record
from lantian.evidence.seal import ALGORITHM, digest_of
from lantian.evidence.spelling import date_of, payload_place
from lantian.evidence.verify import differences
from lantian.evidence.walk import Damage, walk
from lantian.model import (
    Artifact,
    AuditEvent,
    Capture,
    Clue,
    Crawl,
    Deletion,
    Document,
    Notice,
    NoticeEvent,
    Source,
)


@dataclass(frozen=True, slots=True)
class Exported:
    """A bundle that is on the disk."""

    path: Path
    size: int
    digest: str
    captures: int
    records: int
    documents: int


@dataclass
class Export:
    """One export. `office` is printed on the extraction records."""

    session: Session
    archive: Archive
    asked: Asked
    office: str
    demonstration: bool
    software: str
    key: EllipticCurvePrivateKey | None = None
    """Signs the whole, if there is one."""
    progress: Callable[[int], None] | None = None
    _newest: datetime = datetime(1980, 1, 1, tzinfo=UTC)
    _placed: dict[int, tuple[str, int]] = field(default_factory=dict)
    _infos: dict[str, dict[str, str]] = field(default_factory=dict)
    _events: list[int] = field(default_factory=list)
    _gone: list[dict[str, Any]] = field(default_factory=list)
    _gone_ids: list[int] = field(default_factory=list)
    _gone_files: set[str] = field(default_factory=set)

    @cached_property
    def chosen(self) -> Selected:
        """What goes into it."""
        return selected(self.session, self.asked)

    def write(self, path: Path) -> Exported:
        """The bundle at `path`, whole or not at all; what was there is replaced.

        Raises `NotFound` for what there is not, `EvidenceDamaged` naming the first record that is
        not as it was kept, and `StoreError` if the file cannot be written.
        """
        chosen = self.chosen
        part = path.with_name(f".{path.name}.part")
        try:
            with part.open("w+b") as out:
                self._all(ZipWriter(out), path.parent)
                out.flush()
                os.fsync(out.fileno())
            checked = _checked(part)
            part.replace(path)
        except OSError as error:
            raise StoreError(
                f"the bundle {path} cannot be written: {error.strerror}.",
                hint="Make room on that disk, or name another place.",
            ) from error
        finally:
            part.unlink(missing_ok=True)
        return Exported(
            path=path,
            size=checked.size,
            digest=checked.digest,
            captures=len(chosen.captures),
            records=len(self._placed),
            documents=len(chosen.documents),
        )

    @cached_property
    def proofs(self) -> Proofs:
        """The leaves of sealed days that its records and events are."""
        return Proofs(self.session)

    def _all(self, zipped: ZipWriter, folder: Path) -> None:
        with sorting(folder) as lines:
            self._records(zipped, lines)
            _stream(zipped, layout.INDEX, lines.lines)
        self._gone = list(self._deleted())
        self.proofs.find_records({**self._placed, **dict.fromkeys(self._gone_ids)})
        self._pages(zipped)
        zipped.add(layout.README, _readme())
        for capture_id in self.chosen.captures:
            self._capture(zipped, capture_id)
        for document_id in self.chosen.documents:
            self._document(zipped, document_id)
        notices = [self._notice(zipped, notice_id) for notice_id in self.chosen.notices]
        custody = _stream(zipped, layout.CUSTODY, self._custody)
        self._ending(zipped, notices, custody)

    def _deleted(self) -> Iterator[dict[str, Any]]:
        """What is told of captures whose bytes went because their time was over."""
        for capture_id in self.chosen.deleted:
            capture = self.session.get_one(Capture, capture_id)
            records = []
            for artifact in capture.artifacts:
                if artifact.deletion_id is None or artifact.deleted_at is None:
                    continue
                deletion = self.session.get_one(Deletion, artifact.deletion_id)
                self._gone_ids.append(artifact.id)
                self._gone_files.add(deletion.file)
                records.append(
                    {
                        "role": artifact.role,
                        "size": artifact.size,
                        "digest": artifact.digest,
                        "record_id": artifact.record_id,
                        "record_digest": artifact.record_digest,
                        "file": deletion.file,
                        "deleted_at": utc(artifact.deleted_at),
                        "rule": deletion.rule,
                    }
                )
            yield {
                "capture": capture_id,
                "url": capture.final_url,
                "captured": utc(capture.at),
                "records": records,
            }

    # Records.

    def _records(self, zipped: ZipWriter, lines: Sorter) -> None:
        """The records, file by file as they stand in the archive, and their index."""
        by_file = groupby(self._with_originals(), key=lambda one: one.file)
        for file, places in ((file, list(places)) for file, places in by_file):
            info = self.archive.warcinfo(file)
            self._infos[file] = first_record(info)[1]
            name = layout.warc_name(file)
            size = len(info) + sum(place.length for place in places)
            with zipped.stream(layout.ARCHIVE + name, size) as part:
                part.write(info)
                for place in places:
                    raw, record = self._member(place)
                    self._placed[place.artifact_id] = (name, part.size)
                    line = _line(raw, name, part.size)
                    if line is not None:
                        lines.add(line)
                    part.write(raw)
                    self._told(datetime.fromisoformat(record.fields["WARC-Date"]))
                    if self.progress is not None:
                        self.progress(place.length)

    def _with_originals(self) -> list[Place]:
        """Where the records of the captures are, and those to which revisits among them refer."""
        found = {
            place.artifact_id: place for place in places_of(self.session, self.chosen.captures)
        }
        for revisit in [one for one in found.values() if one.role == "revisit"]:
            fields = self.archive.record(self.session.get_one(Artifact, revisit.artifact_id)).fields
            wanted = fields.get("WARC-Refers-To", "").strip("<>")
            digest = fields.get("WARC-Payload-Digest", "")
            original = original_of(self.session, wanted, digest)
            if original is None:
                raise EvidenceDamaged(
                    f"{revisit.file} at {revisit.offset}: no row names the record that it repeats.",
                    hint="`lantian evidence verify` names everything that is missing or changed.",
                )
            found[original.artifact_id] = original
        return sorted(found.values())

    def _member(self, place: Place) -> tuple[bytes, Record]:
        artifact = self.session.get_one(Artifact, place.artifact_id)
        raw, record = self.archive.member(artifact)
        capture = self.session.get_one(Capture, artifact.capture_id)
        for finding in differences(artifact, capture, record):
            raise EvidenceDamaged(
                str(finding), hint="It was changed in the store; compare with a backup."
            )
        return raw, record

    def _told(self, at: datetime) -> None:
        """Remember the newest time: it becomes that of the bundle."""
        self._newest = max(self._newest, as_utc(at))

    def _pages(self, zipped: ZipWriter) -> None:
        pages = [layout.canonical(layout.PAGES_HEAD)]
        for capture_id in self.chosen.captures:
            capture = self.session.get_one(Capture, capture_id)
            titles = select(Document.title).where(Document.capture_id == capture_id)
            page = {
                "id": f"capture-{capture_id}",
                "url": payload_place(capture.final_url, capture.status),
                "ts": date_of(capture.recorded_at),
                "title": self.session.scalar(titles.order_by(Document.id).limit(1)) or capture.url,
            }
            pages.append(layout.canonical(page))
        zipped.add(layout.PAGES, b"\n".join(pages) + b"\n")

    # What is told about the records.

    def _capture(self, zipped: ZipWriter, capture_id: int) -> None:
        """The extraction record of a capture, with its picture and DOM beside it."""
        capture = self.session.get_one(Capture, capture_id)
        crawl = self.session.get_one(Crawl, capture.crawl_id)
        source = self.session.get_one(Source, crawl.source_id)
        stem = layout.capture_stem(capture_id)
        obtained = []
        numbers: Counter[str] = Counter()
        for artifact in capture.artifacts:
            if artifact.deletion_id is not None:
                continue
            numbers[artifact.role] += 1
            told = self._obtained(artifact)
            told["file"] = layout.file_beside(capture_id, artifact.role, numbers[artifact.role])
            if told["file"] is not None:
                zipped.add(told["file"], self.archive.read(artifact))
            obtained.append(told)
        if not any(one["role"] == "payload" for one in obtained):
            raise EvidenceDamaged(
                f"capture {capture_id}: no row names its payload.",
                hint="`lantian evidence verify` names everything that is missing or changed.",
            )
        told = fields_of(
            capture,
            crawl,
            source,
            obtained,
            office=self.office,
            demonstration=self.demonstration,
            warcinfo=self._infos[capture.artifacts[0].file],
            time_stamp=next(
                self.proofs.time_stamp(one.id) for one in capture.artifacts if one.role == "payload"
            ),
        )
        data = layout.readable(told)
        pictures = {name: name.removeprefix(layout.OURS) for name in told["screenshots"]}
        zipped.add(f"{stem}json", data)
        page = page_of(told, digest=digest_of(data), pictures=pictures)
        zipped.add(f"{stem}html", page)

    def _obtained(self, artifact: Artifact) -> dict[str, Any]:
        name, offset = self._placed[artifact.id]
        return {
            "role": artifact.role,
            "media_type": artifact.media_type,
            "file": None,
            "size": artifact.size,
            "algorithm": ALGORITHM,
            "digest": artifact.digest,
            "warc": layout.ARCHIVE + name,
            "offset": offset,
            "length": artifact.length,
            "record_id": artifact.record_id,
            "record_digest": artifact.record_digest,
            "record_sm3": self.proofs.sm3(artifact.id),
            "kept_in": {"file": artifact.file, "offset": artifact.offset},
        }

    def _document(self, zipped: ZipWriter, document_id: int) -> None:
        """The text that was read, verbatim, and its hits."""
        document = self.session.get_one(Document, document_id)
        text = document.text.encode("utf-8", "surrogatepass")
        if digest_of(text) != document.text_digest:
            raise EvidenceDamaged(
                f"document {document_id}: its text does not match its digest.",
                hint="It was changed in the store; compare with a backup.",
            )
        stem = layout.document_stem(document_id)
        zipped.add(f"{stem}txt", text)
        zipped.add(f"{stem}json", layout.readable(document_told(self.session, document)))
        if not self.demonstration:  # there it is another clock's time
            self._told(document.last_seen_at)

    def _notice(self, zipped: ZipWriter, notice_id: int) -> dict[str, Any]:
        """The notice as it was frozen, and what happened to it."""
        notice = self.session.get_one(Notice, notice_id)
        content = layout.canonical(notice.content)
        if digest_of(content) != notice.content_digest:
            raise EvidenceDamaged(
                f"notice {notice_id}: its content does not match its digest.",
                hint="It was changed in the store; compare with a backup.",
            )
        stem = layout.notice_stem(notice_id)
        zipped.add(f"{stem}json", content)
        statement = select(NoticeEvent).where(NoticeEvent.notice_id == notice_id)
        events = list(self.session.scalars(statement.order_by(NoticeEvent.seq)))
        zipped.add(f"{stem}events.json", layout.readable([event_told(event) for event in events]))
        for event in events:
            self._told(event.recorded_at)
        return {"notice": notice_id, "state": notice.state, "content_digest": notice.content_digest}

    def _custody(self) -> Iterator[bytes]:
        """The events of the audit chain about what was asked for and its files, a line each."""
        files = sorted({*self._infos, *self._gone_files})
        subjects = [*self.chosen.subjects, *map(subject_of, files)]
        statement = (
            select(AuditEvent)
            .where(
                true() if self.asked.everything else AuditEvent.subject.in_(subjects),
            )
            .where(AuditEvent.action.not_in(layout.READ_OUT))
            .order_by(AuditEvent.id)
            .execution_options(yield_per=500)
        )
        for event in self.session.scalars(statement):
            self._told(event.recorded_at)
            self._events.append(event.id)
            yield layout.canonical(custody_line(event)) + b"\n"

    # The end.

    def _ending(
        self, zipped: ZipWriter, notices: Sequence[dict[str, Any]], custody: dict[str, Any]
    ) -> None:
        """What the bundle is, and the digests of everything."""
        chosen = self.chosen
        clues = [clue_told(self.session.get_one(Clue, clue_id)) for clue_id in chosen.clues]
        bundle = {
            "format": layout.FORMAT,
            "demonstration": self.demonstration,
            "asked": {
                "clues": sorted(set(self.asked.clues)),
                "notices": sorted(set(self.asked.notices)),
                "captures": sorted(set(self.asked.captures)),
                "sources": sorted(set(self.asked.sources)),
                "everything": self.asked.everything,
            },
            "office": self.office or None,
            "captures": list(chosen.captures),
            "deleted": self._gone,
            "documents": list(chosen.documents),
            "clues": clues,
            "notices": list(notices),
            "records": len(self._placed),
            "custody": custody,
            "proofs": self._proved(zipped),
        }
        zipped.add(layout.BUNDLE, layout.readable(bundle))
        sums = (f"{one.digest.partition(':')[2]}  {one.name}\n" for one in zipped.members)
        zipped.add(layout.SUMS, "".join(sums).encode())
        package = self._package(zipped)
        digest = zipped.add(layout.PACKAGE, layout.readable(package)).digest
        told: dict[str, Any] = {"path": layout.PACKAGE, "hash": digest}
        if self.key is not None:
            told["signedData"] = signature_of(
                digest, created=package["created"], software=package["software"], key=self.key
            )
        zipped.add(layout.PACKAGE_DIGEST, layout.readable(told))
        zipped.finish()

    def _proved(self, zipped: ZipWriter) -> dict[str, Any]:
        """What proves when records and events were there, day by day; and for how many nothing."""
        proofs = self.proofs
        proofs.find_events(self._events)
        days = []
        for day, files in proofs.members():
            days.append(day.day)
            self._told(day.sealed_at)
            for name, data in files:
                zipped.add(name, data)
        checkpoints, notes = proofs.checkpoints()
        for name, data in notes:
            zipped.add(name, data)
        return {
            "days": days,
            "checkpoints": checkpoints,
            "unsealed_records": len(
                {
                    self.session.get_one(Artifact, artifact_id).record_digest
                    for artifact_id in self._placed.keys() - proofs.records.keys()
                }
            ),
            "unsealed_events": len(set(self._events) - proofs.events.keys()),
        }

    def _package(self, zipped: ZipWriter) -> dict[str, Any]:
        created = f"{self._newest:%Y-%m-%dT%H:%M:%SZ}"
        asked = self.asked
        named = (
            ["全部固定记录"]
            if asked.everything
            else [
                f"{word} {', '.join(map(str, sorted(set(ids))))}"
                for word, ids in (
                    ("线索", asked.clues),
                    ("通知", asked.notices),
                    ("固定记录", asked.captures),
                    ("监测源", asked.sources),
                )
                if ids
            ]
        )
        first = self.session.get_one(Capture, self.chosen.captures[0])
        return {
            "profile": "data-package",
            "wacz_version": layout.WACZ_VERSION,
            "title": "网页证据包：" + "；".join(named),
            "description": "所列内容涉嫌违法，是否违法以有权机关的认定为准。"
            + ("演示数据，不得作为证据使用。" if self.demonstration else ""),
            "created": created,
            "modified": created,
            "software": self.software,
            "mainPageUrl": payload_place(first.final_url, first.status),
            "mainPageDate": date_of(first.recorded_at),
            "resources": [
                {
                    "name": one.name.lower(),
                    "path": one.name,
                    "hash": one.digest,
                    "bytes": one.size,
                }
                for one in zipped.members
            ],
        }


def _stream(zipped: ZipWriter, name: str, lines: Callable[[], Iterator[bytes]]) -> dict[str, Any]:
    """A member of lines that are not held in memory; how many there are, and their digest."""
    count = 0
    with tempfile.TemporaryFile() as kept:
        for line in lines():
            kept.write(line)
            count += 1
        size = kept.tell()
        kept.seek(0)
        with zipped.stream(name, size) as part:
            while data := kept.read(PIECE):
                part.write(data)
    return {"lines": count, "digest": part.digest}


def _line(raw: bytes, name: str, offset: int) -> bytes | None:
    """The index line of a record that was read and found right just now."""
    found = next(walk(io.BytesIO(raw), end=len(raw)))
    if isinstance(found, Damage):
        raise EvidenceDamaged(f"{name} at {offset}: {found.reason}.")
    return line_of(replace(found, offset=offset), name)


def _readme() -> bytes:
    return resources.files("lantian.evidence.bundle").joinpath("readme.txt").read_bytes()


def _checked(path: Path) -> BundleCheck:
    """The check of a bundle that was written; raises `EvidenceDamaged` if it finds anything."""
    checking = BundleCheck(path)
    for finding in checking.findings():
        raise EvidenceDamaged(
            f"the bundle would not verify: {finding}",
            hint="What the store tells of the evidence was changed; compare with a backup.",
        )
    return checking
