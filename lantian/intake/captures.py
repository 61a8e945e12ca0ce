"""Captures: the bytes into the archive and to the disk first, then the rows that name them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.browser.visit import Part
from lantian.evidence.archive import Original, RecordRef, WarcWriter
from lantian.evidence.conditions import warc_fields
from lantian.intake.context import IntakeContext
from lantian.intake.judge import Judged, note_validators, sha256
from lantian.intake.visit import LASTING, Visit, header
from lantian.model import Artifact, Capture, Observation
from lantian.store.rows import add_rows, add_with_ids

HTML = "text/html; charset=utf-8"
PNG = "image/png"
PDF = "application/pdf"
PART = "part"
"""The role of what a page loaded: pictures, styles, scripts, frames."""
REVISIT = "revisit"
"""The role of a record that says: the payload of its capture was received again."""
REQUEST = "request"
METADATA = "metadata"
_REQUEST_TYPE = "application/http; msgtype=request"
_FIELDS_TYPE = "application/warc-fields"


def write_records(judged: Sequence[Judged], ctx: IntakeContext) -> int:
    """How many captures were written: their records are on the disk when this returns."""
    captured = [found for found in judged if found.captured]
    for found in captured:
        found.records = _records(found.visit, ctx)
    if captured:
        ctx.warc.sync()
    return len(captured)


def write_revisits(session: Session, judged: Sequence[Judged], warc: WarcWriter) -> int:
    """How many pages answered "not modified", or with the very bytes that are kept.

    Of each a WARC revisit record is on the disk when this returns, instead of a second payload: its
    row stands with the capture that it repeats.
    """
    unchanged = [
        found
        for found in judged
        if not found.captured
        and found.visit.via == "http"
        and found.visit.status is not None
        and found.page.last_capture_id is not None
        and found.outcome in {"unchanged", "gone"}
    ]
    originals = _originals(session, {found.page.last_capture_id for found in unchanged})
    for found in unchanged:
        visit, original = found.visit, originals.get(found.page.last_capture_id or 0)
        if original is None:
            continue
        if visit.status != 304:
            if sha256(visit.body) != original.digest:
                continue
            if found.outcome == "unchanged":
                note_validators(found.page, visit)
        ref = warc.write_revisit(
            url=visit.final_url,
            at=visit.real_at,
            head=visit.raw_head,
            original=original,
            remote_ip=visit.remote_ip,
        )
        media_type = header(visit.raw_head, "content-type") or ""
        found.records = [_artifact(REVISIT, media_type, ref, {}), *_request(visit, ref, warc)]
        found.revisits = True
    if any(found.revisits for found in unchanged):
        warc.sync()
    return sum(found.revisits for found in unchanged)


def _originals(session: Session, captures: set[int | None]) -> dict[int, Original]:
    """The payload records of these captures, where they came over HTTP and are still kept."""
    if not captures:
        return {}
    statement = (
        select(
            Artifact.capture_id,
            Artifact.record_id,
            Capture.final_url,
            Capture.recorded_at,
            Artifact.digest,
        )
        .join(Capture, Capture.id == Artifact.capture_id)
        .where(
            Artifact.capture_id.in_(captures),
            Artifact.role == "payload",
            Artifact.deletion_id.is_(None),
            Capture.via == "http",
        )
    )
    return {row[0]: Original(*row[1:]) for row in session.execute(statement)}


def _records(visit: Visit, ctx: IntakeContext) -> list[dict[str, Any]]:
    """The payload first, then how it was asked for and got, then what was made of the page."""
    warc = ctx.warc
    if visit.status == 0:
        handed = _handed_in(visit, warc)
        return [handed, *_metadata(visit, handed["record_id"], ctx)]
    decoded = {"decoded_by": "browser"} if visit.via == "browser" else {}
    notes = {**decoded, **visit.notes}
    payload = warc.write_response(
        url=visit.final_url,
        at=visit.real_at,
        head=visit.raw_head or b"HTTP/1.1 %d \r\n\r\n" % (visit.status or 0),
        body=visit.body,
        remote_ip=visit.remote_ip,
        via=visit.via,
    )
    media_type = header(visit.raw_head, "content-type") or "application/octet-stream"
    records = [
        _artifact("payload", media_type, payload, notes),
        *_request(visit, payload, warc),
        *_metadata(visit, payload.record_id, ctx),
    ]
    made = (
        ("dom", HTML, visit.dom),
        ("screenshot", PNG, visit.screenshot),
        ("pdf", PDF, visit.pdf),
    )
    for role, kind, data in made:
        if data is not None:
            ref = warc.write_resource(
                url=visit.final_url,
                at=visit.real_at,
                role=role,
                media_type=kind,
                data=data,
                concurrent_to=payload.record_id,
            )
            records.append(_artifact(role, kind, ref, {}))
    records += (_part(part, visit, payload, warc) for part in visit.parts)
    return records


def _part(part: Part, visit: Visit, page: RecordRef, warc: WarcWriter) -> dict[str, Any]:
    """The record of what the page loaded."""
    ref = warc.write_response(
        url=part.url,
        at=visit.real_at,
        head=part.raw_head,
        body=part.body,
        remote_ip=part.remote_ip,
        via=visit.via,
        part_of=page.record_id,
    )
    notes = {"decoded_by": "browser", "url": part.url}
    if part.recoded:
        notes["recoded"] = "utf-8"
    media_type = header(part.raw_head, "content-type") or "application/octet-stream"
    return _artifact(PART, media_type, ref, notes)


def _request(visit: Visit, answer: RecordRef, warc: WarcWriter) -> list[dict[str, Any]]:
    """The record of what was asked, where that is known."""
    if not visit.raw_request:
        return []
    ref = warc.write_request(
        url=visit.final_url,
        at=visit.real_at,
        head=visit.raw_request,
        concurrent_to=answer.record_id,
    )
    return [_artifact(REQUEST, _REQUEST_TYPE, ref, {})]


def _metadata(visit: Visit, answer_id: str, ctx: IntakeContext) -> list[dict[str, Any]]:
    """The record of how it was got: by whom, with what, on which crawl, from where."""
    if not ctx.told:
        return []
    fields = (
        *ctx.told,
        ("purpose", visit.purpose),
        ("through", visit.via),
        ("requested", visit.url),
        ("page-role", visit.role),
        ("depth", str(visit.depth)),
        *visit.how,
    )
    ref = ctx.warc.write_metadata(
        url=visit.final_url, at=visit.real_at, told=warc_fields(fields), concurrent_to=answer_id
    )
    return [_artifact(METADATA, _FIELDS_TYPE, ref, {})]


def _handed_in(visit: Visit, warc: WarcWriter) -> dict[str, Any]:
    """The record of what no server sent."""
    ref = warc.write_resource(
        url=visit.final_url,
        at=visit.real_at,
        role="payload",
        media_type=visit.media_type,
        data=visit.body,
    )
    return _artifact("payload", visit.media_type, ref, visit.notes)


def _artifact(role: str, media_type: str, ref: RecordRef, notes: dict[str, Any]) -> dict[str, Any]:
    return {
        "role": role,
        "media_type": media_type[:200],
        **ref.columns(),
        "notes": notes,
    }


def store_captures(session: Session, judged: Sequence[Judged], ctx: IntakeContext) -> None:
    """Write the captures with their artifacts, and leave their ids on visits and pages."""
    captured = [found for found in judged if found.captured]
    if captured:
        rows = [_capture(found, ctx) for found in captured]
        ids = add_with_ids(
            session, Capture, rows, key=("page_id", "payload_digest", "content_digest")
        )
        artifacts: list[dict[str, Any]] = []
        for found, capture_id in zip(captured, ids, strict=True):
            found.capture_id = capture_id
            artifacts += ({"capture_id": capture_id, **record} for record in found.records)
        add_rows(session, Artifact, artifacts)
    repeated = [
        {"capture_id": found.page.last_capture_id, **record}
        for found in judged
        if found.revisits
        for record in found.records
    ]
    add_rows(session, Artifact, repeated)
    for found in judged:
        if found.visit.purpose not in LASTING:
            continue
        if found.captured:
            found.page.last_capture_id = found.capture_id
        elif found.outcome in {"unchanged", "gone"} or found.digest == found.page.content_digest:
            found.capture_id = found.page.last_capture_id


def _capture(found: Judged, ctx: IntakeContext) -> dict[str, Any]:
    visit = found.visit
    reading = visit.reading
    expires_at = None
    if not found.hit_count and visit.purpose in LASTING:
        expires_at = _kept_from(visit, ctx) + timedelta(days=ctx.keep_payload_days)
    return {
        "page_id": found.page.id,
        "crawl_id": ctx.crawl_id,
        "url": visit.url,
        "final_url": visit.final_url,
        "at": visit.at,
        "recorded_at": visit.real_at,
        "purpose": visit.purpose,
        "via": visit.via,
        "status": visit.status,
        "remote_ip": visit.remote_ip,
        "payload_digest": found.records[0]["digest"],
        "content_digest": found.digest,
        "reader_version": ctx.reader_version,
        "profile_version": ctx.profile_version,
        "tool_version": ctx.tool_version,
        "hit_count": found.hit_count,
        "hits_stood": found.hits_stood,
        "unreadable": reading.unreadable if reading else None,
        "expires_at": expires_at,
    }


def _kept_from(visit: Visit, ctx: IntakeContext) -> datetime:
    """Since when it is kept: what was handed in may have been seen long ago."""
    return ctx.clock.now() if visit.via == "handed" else visit.at


def store_observations(session: Session, judged: Sequence[Judged], ctx: IntakeContext) -> None:
    """Write one observation for each visit."""
    rows = [
        {
            "page_id": found.page.id,
            "crawl_id": ctx.crawl_id,
            "at": found.visit.at,
            "recorded_at": found.visit.real_at,
            "outcome": found.outcome,
            "status": found.visit.status,
            "capture_id": found.capture_id,
            "detail": found.detail,
        }
        for found in judged
    ]
    add_rows(session, Observation, rows)
