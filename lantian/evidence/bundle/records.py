"""Whether the records of a bundle are whole, and its index and list of pages lead to them."""

import json
from collections.abc import Iterable, Iterator

from lantian.evidence.bundle import layout
from lantian.evidence.bundle.opened import Kept, Opened, Wrong, judged, parsed_json
from lantian.evidence.cdxj import UNINDEXED, Sorter, line_of, sorting
from lantian.evidence.finding import Finding
from lantian.evidence.walk import Damage, Walked, walk

_MOST_UNPACKED = 1 << 30
_RATIO = 200
_MOST_TOLD = 20
"""Findings about one index: what is wrong with the first lines is wrong with the others."""


def record_findings(bundle: Opened) -> Iterator[Finding]:
    """What is wrong with the WARC files, the index and the pages; remembers the records."""
    warcs = [name for name in bundle.members if name.startswith(layout.ARCHIVE)]
    if not warcs:
        yield Finding("missing", layout.ARCHIVE, "there is no WARC file in it.")
    with sorting() as wanted:
        for name in warcs:
            yield from _warc(bundle, name, wanted)
        if bundle.sound(layout.INDEX) and not bundle.spoiled.intersection(warcs):
            yield from judged(layout.INDEX, _index(bundle, wanted.lines()))
    if bundle.sound(layout.PAGES):
        yield from judged(layout.PAGES, _pages(bundle))
    yield from _revisits(bundle)


def _warc(bundle: Opened, name: str, wanted: Sorter) -> Iterator[Finding]:
    member = bundle.members[name]
    most = max(_MOST_UNPACKED, _RATIO * member.size)
    for found in walk(bundle.window(name), end=member.size, most=most):
        if isinstance(found, Damage):
            bundle.spoiled.add(name)
            yield Finding("changed", name, f"at {found.offset}: {found.reason}.")
            return
        where = f"at {found.offset}"
        if found.fault:
            bundle.spoiled.add(name)
            yield Finding("changed", name, f"{where}: {found.fault}.")
        if found.kind == "warcinfo":
            continue
        line = line_of(found, name.removeprefix(layout.ARCHIVE))
        if line is not None:
            wanted.add(line)
        elif found.kind not in UNINDEXED:
            reason = f"{where}: a record of the kind {found.kind[:40]!r} is not expected here."
            yield Finding("unnamed", name, reason)
            continue
        if found.record_id in bundle.records:
            yield Finding("unnamed", name, f"{where}: the same record stands in the bundle twice.")
        bundle.records[found.record_id] = _kept(found, name)


def _kept(found: Walked, name: str) -> Kept:
    fields = found.fields
    return Kept(
        warc=name,
        offset=found.offset,
        length=found.length,
        kind=found.kind,
        role=fields.get("Lantian-Role", "payload" if found.kind == "response" else ""),
        url=found.url,
        date=fields.get("WARC-Date", ""),
        status=found.status,
        ip=fields.get("WARC-IP-Address"),
        refers_to=fields.get("WARC-Refers-To", "").strip("<>"),
        claimed=fields.get("WARC-Payload-Digest", ""),
        payload_digest=found.payload_digest,
        record_digest=found.record_digest,
        size=found.size,
    )


def _index(bundle: Opened, wanted: Iterable[bytes]) -> Iterator[Finding]:
    """The index against the lines that the records make."""
    places = {(one.warc, one.offset) for one in bundle.records.values()}
    told = 0
    for number, line, lacking in _unequal(bundle.lines(layout.INDEX), wanted):
        told += 1
        if told > _MOST_TOLD:
            yield Finding("changed", layout.INDEX, "and more lines are wrong.")
            return
        if lacking is not None:
            reason = f"it does not list the record of {_address(lacking)} as it stands there."
            yield Finding("missing", layout.INDEX, reason)
            continue
        yield Finding("changed", layout.INDEX, f"line {number}: {_fault(line, places)}")


def _unequal(
    lines: Iterator[bytes], wanted: Iterable[bytes]
) -> Iterator[tuple[int, bytes, bytes | None]]:
    """Lines that should not be there, by number, and those that should (the third)."""
    expected = iter(wanted)
    want = next(expected, None)
    before, number = b"", 0
    for number, line in enumerate(lines, 1):
        if line < before:
            raise Wrong(f"line {number} is not in order.")
        before = line
        while want is not None and want.rstrip(b"\n") < line:
            yield number, b"", want
            want = next(expected, None)
        if want is not None and want.rstrip(b"\n") == line:
            want = next(expected, None)
        else:
            yield number, line, None
    while want is not None:
        yield number, b"", want
        want = next(expected, None)


def _fault(line: bytes, places: set[tuple[str, int]]) -> str:
    try:
        told = json.loads(line.split(b" ", 2)[2])
        place = layout.ARCHIVE + told["filename"], int(told["offset"])
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return "it is no line of an index."
    if place not in places:
        return f"no record begins at {place[1]} of {place[0][:200]}."
    return f"it tells otherwise of the record at {place[1]} of {place[0]} than the record does."


def _address(line: bytes) -> str:
    told = json.loads(line.split(b" ", 2)[2])
    return f"{told['url']} (at {told['offset']} of {told['filename']})"


def _pages(bundle: Opened) -> Iterator[Finding]:
    there = {(one.url, one.date) for one in bundle.records.values() if one.role == "payload"}
    lines = bundle.lines(layout.PAGES)
    if parsed_json(next(lines, b"")) != layout.PAGES_HEAD:
        raise Wrong("it does not begin as a list of pages.")
    count = 0
    for count, line in enumerate(lines, 1):
        page = parsed_json(line)
        if (page["url"], page["ts"]) not in there and not _by_spoiled(bundle):
            reason = f"page {count}: no record is of {str(page['url'])[:300]} at that time."
            yield Finding("missing", layout.PAGES, reason)
    if not count:
        raise Wrong("it lists no page.")


def _by_spoiled(bundle: Opened) -> bool:
    """Whether records may be lacking because their file was found changed already."""
    return any(name.startswith(layout.ARCHIVE) for name in bundle.spoiled)


def _revisits(bundle: Opened) -> Iterator[Finding]:
    """Revisits whose original is not in the bundle, or has another payload."""
    for one in bundle.records.values():
        if one.kind != "revisit" or _by_spoiled(bundle):
            continue
        original = bundle.records.get(one.refers_to)
        if original is None:
            reason = f"at {one.offset}: the record that it repeats is not in the bundle."
            yield Finding("missing", one.warc, reason)
        elif original.payload_digest != one.claimed:
            reason = f"at {one.offset}: the record that it repeats has another payload."
            yield Finding("changed", one.warc, reason)
        else:
            original.named = True
