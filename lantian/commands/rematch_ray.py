"""Matching again on a Ray cluster, from the archive's own files: for archives of many machines.

The nodes need what this program needs, the extra `ray`, and the archive under the same path or in
the same depot; of the store they know nothing. What they find is kept here, as the ranges of
`lantian rematch` keep it. A document whose page cannot be read from the files any more, or reads
otherwise by now, is matched here from its kept text, so that both ways find the same.
"""

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lantian.errors import ConfigError, LantianError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lantian.model import Capture
    from lantian.reading import SiteProfile
    from lantian.wiring import Parts
    from matchers.scan import Matcher, PageContext, ScanResult

CHUNK = 200
"""Documents of one task."""
AHEAD = 64
"""Tasks that are under way or wait at a time."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A document that a node is to match: its capture, and what tells its text from others."""

    id: int
    key: str
    kind: str
    digest: bytes
    page: "PageContext"
    profile: str
    capture: "Capture"


@dataclass(frozen=True, slots=True)
class Archived:
    """Where the nodes find the files."""

    folder: Path
    depot: str


Scans = list[tuple[int, "ScanResult"]]


def match_on_ray(parts: "Parts", address: str) -> Iterator[tuple[int, int]]:
    """How many documents are done, of how many, chunk after chunk.

    `address` is that of a cluster (`auto`, `ray://…`, HOST:PORT), or `local` for this machine.
    Raises `ConfigError` where Ray is not installed or does not answer.
    """
    ray = _ray(address)
    try:
        yield from _match(parts, ray)
    finally:
        ray.shutdown()


def scan_archived(
    wanted: "Sequence[Wanted]",
    archived: Archived,
    profiles: "dict[str, SiteProfile]",
    matcher: bytes,
) -> Scans:
    """What the pack finds in documents, read from the archive's files; what a node does.

    Those that are not there, or have another text than was kept, are left out.
    """
    from lantian.intake.again import scan_documents

    texts: list[tuple[int, str, PageContext]] = []
    for group in _by_capture(wanted):
        read = _texts_of(group[0].capture, archived, profiles[group[0].profile])
        for one in group:
            text = read.get((one.kind, one.key))
            if text is not None and _digest(text) == one.digest:
                texts.append((one.id, text, one.page))
    return scan_documents(_matcher(matcher), texts)


def _match(parts: "Parts", ray: Any) -> Iterator[tuple[int, int]]:
    settings = parts.settings
    archived = Archived(settings.evidence_dir.absolute(), settings.evidence_store)
    matcher = parts.matcher
    task = ray.remote(scan_archived)
    shared = ray.put(matcher.to_bytes())
    profiles: dict[str, SiteProfile] = {}
    total, done = _count(parts), 0
    under_way: dict[Any, list[Wanted]] = {}
    for chunk in _chunks(parts, profiles):
        own = {one.profile: profiles[one.profile] for one in chunk if one.profile in profiles}
        if len(under_way) >= AHEAD:
            done += _keep_one(parts, ray, under_way, matcher)
            yield done, total
        readable = [one for one in chunk if one.profile in own]
        under_way[task.remote(readable, archived, own, shared)] = chunk
    while under_way:
        done += _keep_one(parts, ray, under_way, matcher)
        yield done, max(done, total)


def _keep_one(
    parts: "Parts", ray: Any, under_way: "dict[Any, list[Wanted]]", matcher: "Matcher"
) -> int:
    """How many documents the next task was for that ended: what it found is kept now."""
    from lantian.intake.again import context_of, current, keep_scans, scan_documents

    (ended,), _ = ray.wait(list(under_way), num_returns=1)
    scans: Scans = ray.get(ended)
    chunk = under_way.pop(ended)
    ids = {one.id for one in chunk}
    with parts.store.write() as session:
        rows = [
            row
            for row in session.execute(current(min(ids) - 1, max(ids))).all()
            if row[0].id in ids
        ]
        read = {number for number, _ in scans}
        rest = [
            (one.id, one.text, context_of(one, seller))
            for one, seller in rows
            if one.id not in read
        ]
        there = {one.id for one, _ in rows}
        found = [scan for scan in scans if scan[0] in there] + scan_documents(matcher, rest)
        documents = [one for one, _ in rows]
        keep_scans(session, matcher, documents, sorted(found, key=_number), now=parts.clock.now())
    return len(chunk)


def _number(scan: "tuple[int, ScanResult]") -> int:
    return scan[0]


def _count(parts: "Parts") -> int:
    from sqlalchemy import func, select

    from lantian.model import Document

    newest = select(func.count()).select_from(Document).where(Document.current.is_(True))
    with parts.store.read() as session:
        return session.scalar(newest) or 0


def _chunks(parts: "Parts", profiles: "dict[str, SiteProfile]") -> "Iterator[list[Wanted]]":
    """All current documents; the profiles of those that can be read are noted."""
    after = 0
    while True:
        with parts.store.read() as session:
            chunk = _chunk(session, after)
            session.expunge_all()
        if not chunk:
            return
        for name in {one.profile for one in chunk} - profiles.keys():
            profile = _profile(parts, name)
            if profile is not None:
                profiles[name] = profile
        after = chunk[-1].id
        yield chunk


def _chunk(session: "Session", after: int) -> "list[Wanted]":
    from sqlalchemy import select
    from sqlalchemy.orm import selectinload

    from lantian.intake.again import context_of, current
    from lantian.model import Capture, Source

    rows = session.execute(current(after).limit(CHUNK)).all()
    captures = {
        one.id: one
        for one in session.scalars(
            select(Capture)
            .where(Capture.id.in_({document.capture_id for document, _ in rows}))
            .options(selectinload(Capture.artifacts))
        )
    }
    sources = select(Source.id, Source.profile).where(
        Source.id.in_({document.source_id for document, _ in rows})
    )
    names: dict[int, str] = dict(session.execute(sources).all())
    return [
        Wanted(
            id=document.id,
            key=document.posting_key,
            kind=document.kind,
            digest=_digest(document.text),
            page=context_of(document, seller),
            profile=names[document.source_id],
            capture=captures[document.capture_id],
        )
        for document, seller in rows
    ]


def _profile(parts: "Parts", name: str) -> "SiteProfile | None":
    from lantian.reading import find_profile

    try:
        return find_profile(
            name, [parts.settings.profiles_dir] if parts.settings.profiles_dir else []
        )
    except LantianError:
        # Its source is of yesterday: the kept texts are matched here.
        return None


def _by_capture(wanted: "Sequence[Wanted]") -> "list[list[Wanted]]":
    groups: dict[int, list[Wanted]] = {}
    for one in wanted:
        groups.setdefault(one.capture.id, []).append(one)
    return list(groups.values())


def _texts_of(
    capture: "Capture", archived: Archived, profile: "SiteProfile"
) -> dict[tuple[str, str], str]:
    """The texts that a capture says, by kind and key of the posting; none if it cannot be read."""
    from lantian.evidence.again import page_of
    from lantian.evidence.archive import Archive
    from lantian.evidence.depot import open_depot
    from lantian.reading import read_guarded

    if not any(artifact.role == "payload" for artifact in capture.artifacts):
        return {}
    archive = Archive(archived.folder, open_depot(archived.depot))
    try:
        reading = read_guarded(page_of(archive, capture), profile)
    except (LantianError, OSError):
        return {}
    return {(str(one.kind), one.posting_key): one.text for one in reading.documents}


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


@cache
def _matcher(data: bytes) -> "Matcher":
    """The matcher of these bytes, made once in each process of a node."""
    from matchers.scan import Matcher

    return Matcher.from_bytes(data)


def _ray(address: str) -> Any:
    """Ray, connected."""
    try:
        ray = importlib.import_module("ray")
    except ImportError as error:
        raise ConfigError("Ray is not installed.", hint="pip install 'lantian[ray]'") from error
    where = None if address == "local" else address
    try:
        ray.init(address=where, log_to_driver=False, ignore_reinit_error=True)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        raise ConfigError(
            f"the Ray cluster {address} does not answer: {error}.",
            hint="Start it with `ray start`, or give its address.",
        ) from error
    return ray
