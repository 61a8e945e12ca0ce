"""Whether the proofs in a bundle prove what they are said to: hashes only, no certificate.

The signature of a time stamp is judged by who has the root certificates (`--trust`).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from lantian.evidence.bundle import layout
from lantian.evidence.bundle.logged import Logged, log_findings
from lantian.evidence.bundle.opened import Kept, Opened, Wrong, judged, parsed_json
from lantian.evidence.bundle.zipped import PIECE
from lantian.evidence.finding import Finding
from lantian.evidence.reply import SHA256, BadReply, read_reply
from lantian.evidence.spelling import date_of
from lantian.evidence.statement import (
    EVENT,
    RECORD,
    Statement,
    hash_of_leaf,
    leaf_text,
    read_statement,
    told_root,
)
from lantian.evidence.tree import BadProof, root_by_inclusion

TOLERANCE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Stamped:
    """A time stamp of the bundle: its name in it, whose it is, and the text that it is over."""

    name: str
    authority: str
    text: bytes
    reply: bytes
    sealed: datetime


@dataclass
class Proved:
    """What the proofs of a bundle say; filled by `proof_findings`."""

    days: list[str] = field(default_factory=list)
    records: set[str] = field(default_factory=set)
    events: set[str] = field(default_factory=set)
    all_records: set[str] = field(default_factory=set)
    all_events: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    """Digests of records whose bytes went because their time was over."""
    stamps: list[Stamped] = field(default_factory=list)
    unjudged_sm3: int = 0
    by_record: dict[str, tuple[dict[str, Any], str | None]] = field(default_factory=dict)
    log: Logged = field(default_factory=Logged)


def proof_findings(bundle: Opened, proved: Proved) -> Iterator[Finding]:
    """What is wrong with the proofs, and with what the bundle tells of them."""
    known: set[str] = set()
    if bundle.sound(layout.BUNDLE):
        told = list(judged(layout.BUNDLE, _all(bundle, proved, known)))
        yield from told
        for name in bundle.members:
            stray = name.startswith(layout.PROOFS) and name not in known | bundle.spoiled
            if stray and not told:
                yield Finding("unnamed", name, "bundle.json names no day that it belongs to.")


def _all(bundle: Opened, proved: Proved, known: set[str]) -> Iterator[Finding]:
    told = bundle.told(layout.BUNDLE)
    records = {one.record_digest: one for one in bundle.records.values()}
    proved.deleted = {
        str(record["record_digest"]) for one in told["deleted"] for record in one["records"]
    }
    proved.all_records = set(records) | proved.deleted
    proved.all_events = set(_events(bundle))
    statements: dict[str, Statement] = {}
    for day in told["proofs"]["days"]:
        proved.days.append(str(day)[:20])
        names = (layout.proof(day), layout.statement(day))
        known.update(names)
        there = [bundle.sound(name) for name in names]
        for name in names:
            if name not in bundle.members:
                yield Finding("missing", name, "bundle.json names its day, and it is not there.")
        if not all(there):
            continue
        try:
            text = bundle.read(names[1])
            found = _Day(bundle, proved, read_statement(text), text, records, known)
        except ValueError:
            reason = "it is not the statement of a day as Lantian writes it."
            yield Finding("changed", names[1], reason)
            continue
        if found.statement.day != day:
            yield Finding("changed", names[1], "it is the statement of another day.")
            continue
        statements[day] = found.statement
        yield from judged(names[0], found.findings())
    points = told["proofs"].get("checkpoints", [])  # of bundles before they were in them: none
    known.update(layout.checkpoint(str(one["day"])) for one in points)
    yield from judged(layout.BUNDLE, log_findings(bundle, points, statements, proved.log))
    if not bundle.spoiled:
        yield from _counted(told["proofs"], proved)
        for digest in sorted(proved.deleted - proved.records):
            reason = f"it tells that {digest[:80]} was deleted, and no sealed day holds it."
            yield Finding("unproved", layout.BUNDLE, reason)
    for capture_id in told["captures"]:
        name = f"{layout.capture_stem(int(capture_id))}json"
        if bundle.sound(name):
            yield from judged(name, _capture(bundle, proved, name, int(capture_id)))


def _events(bundle: Opened) -> Iterator[str]:
    if not bundle.sound(layout.CUSTODY):
        return
    for line in bundle.lines(layout.CUSTODY):
        yield str(parsed_json(line)["digest"])


def _counted(told: dict[str, Any], proved: Proved) -> Iterator[Finding]:
    """Whether as many are without a proof as is told."""
    for what, every, those in (
        ("records", proved.all_records, proved.records),
        ("events", proved.all_events, proved.events),
    ):
        without, said = len(every - those), told[f"unsealed_{what}"]
        if said != without:
            reason = f"it tells of {said} {what} without a proof, and {without} have none."
            yield Finding("unproved", layout.BUNDLE, reason)


@dataclass
class _Day:
    """A day of which a bundle holds proofs: its statement, and what is found in the bundle."""

    bundle: Opened
    proved: Proved
    statement: Statement
    text: bytes
    records: dict[str, Kept]
    known: set[str]

    @property
    def name(self) -> str:
        return layout.proof(self.statement.day)

    def findings(self) -> Iterator[Finding]:
        """What is wrong with its files."""
        told = self.bundle.told(self.name)
        if (told["format"], told["day"]) != (layout.PROOF_FORMAT, self.statement.day):
            raise Wrong("it is not the proof of that day.")
        if told["statement"] != self.statement.digest:
            reason = f"it is not the statement of which {self.name} tells."
            yield Finding("changed", layout.statement(self.statement.day), reason)
        about = {
            "day": self.statement.day,
            "proof": self.name,
            "statement": told["statement"],
            "sealed": self.statement.sealed,
            "stamps": told["stamps"],
        }
        for leaf in told["leaves"]:
            yield from self._leaf(leaf)
            if leaf["kind"] == RECORD:
                self.proved.by_record[leaf["digest"]] = (about, leaf["sm3"])
        for stamp in told["stamps"]:
            yield from self._stamp(stamp)

    def _leaf(self, leaf: dict[str, Any]) -> Iterator[Finding]:
        kind, digest, sm3 = leaf["kind"], leaf["digest"], leaf["sm3"]
        what, proved = leaf_text(kind, digest, sm3)[:200], self.proved
        if digest not in {RECORD: proved.all_records, EVENT: proved.all_events}[kind]:
            if not self.bundle.spoiled:
                reason = f"{what}: there is nothing of it in the bundle."
                yield Finding("unnamed", self.name, reason)
            return
        try:
            path = [bytes.fromhex(one) for one in leaf["path"]]
            hashed = hash_of_leaf(kind, digest, sm3)
            root = root_by_inclusion(leaf["position"], self.statement.leaves, hashed, path)
        except BadProof as error:
            yield Finding("unproved", self.name, f"{what}: its path is none: {error}.")
            return
        if told_root(root) != self.statement.root:
            reason = f"{what}: its path does not lead to the root of the day."
            yield Finding("unproved", self.name, reason)
            return
        (proved.records if kind == RECORD else proved.events).add(digest)
        if sm3 and kind == RECORD and digest in self.records:
            found = _sm3(self.bundle, self.records[digest])
            if found is None:
                proved.unjudged_sm3 += 1
            elif found != sm3:
                yield Finding("changed", self.name, f"{what}: the record has another SM3.")

    def _stamp(self, stamp: dict[str, Any]) -> Iterator[Finding]:
        """A stamp as far as it can be judged without certificates."""
        day, authority = self.statement.day, stamp["authority"]
        name, roots = layout.stamp(day, authority), layout.roots(day, authority)
        self.known.update((name, roots))
        for one in (name, roots):
            if one not in self.bundle.members:
                yield Finding("missing", one, f"{self.name} tells of it, and it is not there.")
        if not self.bundle.sound(name):
            return
        reply = self.bundle.read(name)
        sealed = datetime.fromisoformat(self.statement.sealed)
        fault = _fault(reply, stamp, self.text, sealed)
        if fault:
            yield Finding("changed", name, fault)
            return
        self.proved.stamps.append(Stamped(name, authority, self.text, reply, sealed))


def _sm3(bundle: Opened, record: Kept) -> str | None:
    """The SM3 of a record's bytes; none where this Python has no SM3."""
    try:
        found = hashlib.new("sm3")
    except ValueError:
        return None
    bundle.handle.seek(bundle.members[record.warc].start + record.offset)
    left = record.length
    while left and (data := bundle.handle.read(min(left, PIECE))):
        found.update(data)
        left -= len(data)
    return f"sm3:{found.hexdigest()}"


def _fault(reply: bytes, stamp: dict[str, Any], text: bytes, sealed: datetime) -> str:
    """What is wrong with a stamp; empty if nothing is."""
    try:
        found = read_reply(reply)
    except BadReply as error:
        return f"it is no answer after RFC 3161 ({error})."
    if found.refusal:
        return f"it is no stamp: {found.refusal[:200]}."
    if (found.algorithm, found.imprint) != (SHA256, hashlib.sha256(text).digest()):
        return "it is not over the statement of its day."
    if (date_of(found.time), str(found.serial), found.policy) != (
        stamp["time"],
        stamp["serial"],
        stamp["policy"],
    ):
        return "it says otherwise than is told of it."
    if found.time < sealed - TOLERANCE:
        return "its time lies before the day was sealed."
    return ""


def _capture(bundle: Opened, proved: Proved, name: str, capture_id: int) -> Iterator[Finding]:
    """What an extraction record tells of its stamp and of SM3, against the proofs."""
    told = bundle.told(name)
    for one in told["obtained"]:
        about, sm3 = proved.by_record.get(one["record_digest"], (None, None))
        if one["record_sm3"] != sm3:
            reason = f"it tells another SM3 of the record of its {one['role']} than its proof."
            yield Finding("changed", name, reason, capture_id)
        if one["role"] == "payload" and told["time_stamp"] != about:
            reason = "it tells otherwise of its time stamp than the proof of its day does."
            yield Finding("changed", name, reason, capture_id)
