"""The extraction record of one capture by itself: a page with its pictures in it, to print."""

import base64
from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from lantian.errors import EvidenceDamaged, NotFound
from lantian.evidence.archive import Archive, deleted
from lantian.evidence.bundle import layout
from lantian.evidence.bundle.extraction import fields_of, page_of
from lantian.evidence.bundle.proofs import Proofs
from lantian.evidence.conditions import first_record
from lantian.evidence.seal import ALGORITHM, digest_of
from lantian.model import Artifact, Capture, Crawl, Source


@dataclass(frozen=True, slots=True)
class Printed:
    """A record as data (canonical, readable JSON) and as an HTML page that stands by itself."""

    data: bytes
    page: bytes

    @property
    def digest(self) -> str:
        """The digest of the data, which is printed on the page."""
        return digest_of(self.data)


def printed(
    session: Session,
    archive: Archive,
    capture_id: int,
    *,
    office: str,
    demonstration: bool,
    case: str = "",
    in_english: bool = False,
) -> Printed:
    """The record of a capture, all of whose artifacts were verified while they were read.

    `case` is a number that was not known when it was captured; the record says so. Raises
    `NotFound`, `EvidenceDeleted` if its time was over, and `EvidenceDamaged` naming the first
    record that is not as it was kept.
    """
    capture = session.get(Capture, capture_id)
    if capture is None:
        raise NotFound(f"there is no capture {capture_id}.", hint="Is it of this installation?")
    crawl = session.get_one(Crawl, capture.crawl_id)
    source = session.get_one(Source, crawl.source_id)
    payload = next((one for one in capture.artifacts if one.role == "payload"), None)
    if payload is None:
        raise EvidenceDamaged(
            f"capture {capture_id}: no row names its payload.",
            hint="`lantian evidence verify` names everything that is missing or changed.",
        )
    if payload.deleted_at is not None:
        raise deleted(payload)
    proofs = Proofs(session)
    proofs.find_records({one.id: (one.file, one.offset) for one in capture.artifacts})
    obtained, pictures = _obtained(archive, capture, proofs)
    told = fields_of(
        capture,
        crawl,
        source,
        obtained,
        office=office,
        demonstration=demonstration,
        warcinfo=first_record(archive.warcinfo(payload.file))[1],
        time_stamp=proofs.time_stamp(payload.id),
    )
    if case and not told["case"]["number"]:
        told["case"]["number_when_printed"] = case
    data = layout.readable(told)
    page = page_of(told, digest=digest_of(data), pictures=pictures, in_english=in_english)
    return Printed(data, page)


def _obtained(
    archive: Archive, capture: Capture, proofs: Proofs
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """What was kept, and each screenshot under its name as an address that holds all of it."""
    obtained: list[dict[str, Any]] = []
    pictures: dict[str, str] = {}
    numbers: Counter[str] = Counter()
    for artifact in capture.artifacts:
        if artifact.deleted_at is not None and artifact.role != "payload":
            continue
        numbers[artifact.role] += 1
        data = archive.read(artifact)
        beside = layout.file_beside(capture.id, artifact.role, numbers[artifact.role])
        name = beside.removeprefix(layout.OURS) if beside else None
        if artifact.role == "screenshot" and name is not None:
            pictures[name] = f"data:image/png;base64,{base64.b64encode(data).decode()}"
        obtained.append(_told(artifact, name, proofs.sm3(artifact.id)))
    return obtained, pictures


def _told(artifact: Artifact, name: str | None, sm3: str | None) -> dict[str, Any]:
    return {
        "role": artifact.role,
        "media_type": artifact.media_type,
        "file": name,
        "size": artifact.size,
        "algorithm": ALGORITHM,
        "digest": artifact.digest,
        "warc": artifact.file,
        "offset": artifact.offset,
        "length": artifact.length,
        "record_id": artifact.record_id,
        "record_digest": artifact.record_digest,
        "record_sm3": sm3,
    }
