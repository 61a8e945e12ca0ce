"""Whether what a bundle tells about its records is borne out by them."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from lantian.evidence.bundle import layout
from lantian.evidence.bundle.opened import Kept, Opened, Wrong, judged, parsed_json
from lantian.evidence.conditions import BESIDE, MADE, file_of, made_told, promises
from lantian.evidence.finding import Finding
from lantian.evidence.seal import digest_of
from lantian.evidence.spelling import date_of, payload_place, status_of

_OF_CAPTURE = re.compile(rf"^{layout.OURS}capture-\d+\.json$")


def statement_findings(bundle: Opened) -> Iterator[Finding]:
    """What `bundle.json` and the files that it names say otherwise than the records."""
    if bundle.sound(layout.BUNDLE):
        yield from judged(layout.BUNDLE, _bundle(bundle))


def _bundle(bundle: Opened) -> Iterator[Finding]:
    told = bundle.told(layout.BUNDLE)
    if told["format"] != layout.FORMAT:
        raise Wrong(f"its format is not {layout.FORMAT}.")
    known = set(layout.REQUIRED)
    for capture_id in told["captures"]:
        stem = layout.capture_stem(int(capture_id))
        known |= {f"{stem}json", f"{stem}html"}
        yield from _there(bundle, f"{stem}json", capture_id)
        yield from _there(bundle, f"{stem}html", capture_id)
        if bundle.sound(f"{stem}json"):
            name = f"{stem}json"
            yield from judged(name, _capture(bundle, name, int(capture_id), known))
    for document_id in told["documents"]:
        stem = layout.document_stem(int(document_id))
        known |= {f"{stem}txt", f"{stem}json"}
        gone = [int(one["capture"]) for one in told["deleted"]]
        yield from _document(bundle, stem, int(document_id), [*told["captures"], *gone])
    for notice in told["notices"]:
        stem = layout.notice_stem(int(notice["notice"]))
        known |= {f"{stem}json", f"{stem}events.json"}
        yield from _notice(bundle, stem, notice["content_digest"])
    if bundle.sound(layout.CUSTODY):
        yield from judged(layout.CUSTODY, _custody(bundle, told["custody"]))
    for name in bundle.members:
        free = (layout.ARCHIVE, layout.PROOFS)
        if name not in known and not name.startswith(free) and name not in bundle.spoiled:
            yield Finding("unnamed", name, "nothing in the bundle names this file.")
    yield from _nameless(bundle)


def _there(bundle: Opened, name: str, capture_id: int | None = None) -> Iterator[Finding]:
    if name not in bundle.members:
        yield Finding("missing", name, "bundle.json names it, and it is not there.", capture_id)


def _nameless(bundle: Opened) -> Iterator[Finding]:
    """Records of which no capture tells."""
    if any(_OF_CAPTURE.match(name) for name in bundle.spoiled):
        return
    for one in bundle.records.values():
        if not one.named:
            reason = f"at {one.offset}: no capture names this record of {one.url[:300]}."
            yield Finding("unnamed", one.warc, reason)


def _capture(bundle: Opened, name: str, capture_id: int, known: set[str]) -> Iterator[Finding]:
    """An extraction record against the records and files that it names, which become known."""
    told = bundle.told(name)
    if told["capture"] != capture_id:
        raise Wrong(f"it is of capture {told['capture']}.")
    pictures = []
    numbers: Counter[str] = Counter()
    for one in told["obtained"]:
        numbers[one["role"]] += 1
        beside = layout.file_beside(capture_id, one["role"], numbers[one["role"]])
        known |= {beside} if beside else set()
        for fault in _obtained(bundle, beside, one):
            yield Finding("changed", name, fault, capture_id)
        record = bundle.records.get(one["record_id"])
        if record is None and one["warc"] not in bundle.spoiled:
            reason = f"the record {str(one['record_id'])[:100]} of its {one['role']} is not there."
            yield Finding("missing", one["warc"], reason, capture_id)
        if record is not None:
            record.named = True
            if one["role"] == "payload":
                yield from _payload(told, one, record, name)
                yield from _made(bundle, told, one["warc"], name)
                yield from _beside(bundle, told, one["warc"])
        if one["role"] == "screenshot":
            pictures.append(one["file"])
    if not numbers["payload"]:
        yield Finding("missing", name, "it names no payload.", capture_id)
    if told["screenshots"] != pictures:
        yield Finding("changed", name, "its list of screenshots is not what it names.", capture_id)
    page = f"{layout.capture_stem(capture_id)}html"
    if bundle.sound(page) and bundle.digest(name).encode() not in bundle.read(page):
        reason = "it does not carry the digest of the JSON of the same name."
        yield Finding("changed", page, reason, capture_id)


def _obtained(bundle: Opened, beside: str | None, one: dict[str, Any]) -> Iterator[str]:
    """What is told otherwise of a record, or of the file beside it."""
    where = f"what it says of its {one['role']} is not so:"
    record = bundle.records.get(one["record_id"])
    if record is not None:
        said = {
            "WARC file": (one["warc"], record.warc),
            "offset": (one["offset"], record.offset),
            "length": (one["length"], record.length),
            "size": (one["size"], record.size),
            "role": (one["role"], record.role),
            "digest": (one["digest"], record.payload_digest),
            "digest of the record": (one["record_digest"], record.record_digest),
        }
        for what, (by_told, by_record) in said.items():
            if by_told != by_record:
                yield f"{where} the record has another {what}."
    if one["file"] != beside:
        yield f"{where} it names another file."
    elif one["file"] is not None and one["file"] not in bundle.spoiled:
        found = bundle.digest(one["file"])
        if found != one["digest"]:
            yield f"{where} {one['file']} is {'changed' if found else 'not there'}."


def _payload(
    told: dict[str, Any], one: dict[str, Any], record: Kept, name: str
) -> Iterator[Finding]:
    target, capture_id = told["target"], told["capture"]
    said = {
        "payload digest": (told["payload_digest"], one["digest"]),
        "address": (payload_place(target["final_url"], target["status"]), record.url),
        "time": (date_of(datetime.fromisoformat(told["time"]["recorded"])), record.date),
        "IP address": (target["remote_ip"], record.ip),
        "status": (status_of(target["status"]), record.status),
    }
    for what, (by_told, by_record) in said.items():
        if by_told != by_record:
            reason = f"it names another {what} than the record does."
            yield Finding("changed", name, reason, capture_id)


def _made(bundle: Opened, told: dict[str, Any], warc: str, name: str) -> Iterator[Finding]:
    """By whom and how it was captured, against what the WARC file says of its making."""
    made = bundle.made(warc)
    if made is None:
        return
    said = {**made_told(made[1]), "case": {**told["case"], "number": made[1].get("case")}}
    for what, by_file in said.items():
        if told[what] != by_file:
            reason = f"it tells another {what} than the first record of {warc}."
            yield Finding("changed", name, reason, told["capture"])


def _beside(bundle: Opened, told: dict[str, Any], warc: str) -> Iterator[Finding]:
    """What the WARC file says that each capture of its kind has, and this one has not."""
    made = bundle.made(warc)
    if made is None or not promises(made[1], told["target"]["via"]):
        return
    roles = {one["role"] for one in told["obtained"]}
    for role in BESIDE:
        if role not in roles:
            reason = f"it says that each capture has a {role}, and this one has none."
            yield Finding("missing", warc, reason, told["capture"])


def _document(
    bundle: Opened, stem: str, document_id: int, captures: list[int]
) -> Iterator[Finding]:
    text, hits = f"{stem}txt", f"{stem}json"
    yield from _there(bundle, text)
    yield from _there(bundle, hits)
    if bundle.sound(text) and bundle.sound(hits):
        yield from judged(hits, _hits(bundle, text, hits, document_id, captures))


def _hits(
    bundle: Opened, text: str, hits: str, document_id: int, captures: list[int]
) -> Iterator[Finding]:
    """A document's text against its digest, and each hit at its offsets."""
    told = bundle.told(hits)
    if told["document"] != document_id:
        raise Wrong(f"it is of document {told['document']}.")
    if told["capture"] not in captures:
        yield Finding("missing", hits, "the capture that it was read from is not in the bundle.")
    if told["text_digest"] != bundle.digest(text):
        yield Finding("changed", text, "it is not the text whose digest its JSON tells.")
    whole = bundle.read(text).decode("utf-8", "surrogatepass")
    for hit in told["hits"]:
        start, end = int(hit["start"]), int(hit["end"])
        if not 0 <= start < end <= len(whole) or whole[start:end] != hit["text"]:
            reason = f"hit {hit['hit']} ({hit['claim']}) is not found at {start}–{end} of the text."
            yield Finding("unproved", hits, reason)


def _notice(bundle: Opened, stem: str, digest: str) -> Iterator[Finding]:
    name = f"{stem}json"
    yield from _there(bundle, name)
    yield from _there(bundle, f"{stem}events.json")
    if bundle.sound(name) and bundle.digest(name) != digest:
        reason = "it is not the content that was frozen when the notice was sent."
        yield Finding("changed", name, reason)


def _custody(bundle: Opened, told: dict[str, Any]) -> Iterator[Finding]:
    """The lines of the audit chain: each against its digest, and neighbours against each other."""
    before: dict[str, Any] = {"event": 0, "digest": ""}
    count = 0
    for count, line in enumerate(bundle.lines(layout.CUSTODY), 1):
        event = parsed_json(line)
        if digest_of(layout.canonical(_body(event))) != event["digest"]:
            reason = f"line {count}: event {event['event']} does not match its digest."
            yield Finding("changed", layout.CUSTODY, reason)
        if event["event"] <= before["event"]:
            yield Finding("changed", layout.CUSTODY, f"line {count} is not in order.")
        follows = event["event"] == before["event"] + 1 and before["digest"]
        if follows and event["previous"] != before["digest"]:
            reason = f"line {count}: event {event['event']} does not follow the one before it."
            yield Finding("changed", layout.CUSTODY, reason)
        if event["action"] == MADE:
            yield from _told_of_file(bundle, event, count)
        before = event
    if (count, bundle.digest(layout.CUSTODY)) != (told["lines"], told["digest"]):
        reason = f"it has {count} lines, and is not the one of which bundle.json tells."
        yield Finding("changed", layout.CUSTODY, reason)


def _told_of_file(bundle: Opened, event: dict[str, Any], number: int) -> Iterator[Finding]:
    """What the audit chain says of a file's first record, against the file in the bundle."""
    name = layout.ARCHIVE + layout.warc_name(file_of(event["subject"]))
    made = bundle.made(name)
    if made is not None and made[0] != event["detail"]["warcinfo"]:
        reason = f"its first record is not that of which line {number} of {layout.CUSTODY} tells."
        yield Finding("changed", name, reason)


def _body(event: dict[str, Any]) -> dict[str, Any]:
    """What the digest of an event is of."""
    return {
        name: event[name]
        for name in ("at", "recorded_at", "actor", "action", "subject", "detail", "previous")
    }
