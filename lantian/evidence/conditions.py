"""What a WARC file says of its making, in its first record; read by whoever checks it too."""

from collections.abc import Iterable, Mapping
from typing import Any

from lantian.evidence.record import parsed, unpacked
from lantian.evidence.seal import digest_of

MADE = "evidence.file"
"""The act in the audit chain that tells of a file, with the digest of that record."""
_SUBJECT = "file:"
PROMISE = "capture-records"
"""Says which records each capture over HTTP has in that file, beside what was made of its page."""
BROWSER_PROMISE = "browser-capture-records"
"""Says the same of each capture through the browser."""
PROMISED = "request, response, metadata"
BESIDE = ("request", "metadata")
"""Roles of those that stand beside the payload."""
MOST = 1 << 20
"""Bytes of such a record at most."""


def promises(told: Mapping[str, str], via: str) -> bool:
    """Whether a file says that each capture that came this way has those records in it."""
    name = {"http": PROMISE, "browser": BROWSER_PROMISE}.get(via, "")
    return told.get(name) == PROMISED


def subject_of(file: str) -> str:
    """The subject of the events about a file of the archive."""
    return f"{_SUBJECT}{file}"


def file_of(subject: str) -> str:
    """The file that such a subject names."""
    return subject.removeprefix(_SUBJECT)


def warc_fields(fields: Iterable[tuple[str, str]]) -> bytes:
    """Fields as a record of the type `application/warc-fields` holds them."""
    lines = (f"{name}: {' '.join(value.split())}\r\n" for name, value in fields if value)
    return "".join(lines).encode("utf-8", "replace")


def first_record(start: bytes) -> tuple[str, dict[str, str]]:
    """The digest of the record with which a file begins, and the fields in its block.

    Raises `BadRecord` if there is none.
    """
    content, length = unpacked(start, MOST)
    return digest_of(start[:length]), fields_in(parsed(content).payload)


def fields_in(block: bytes) -> dict[str, str]:
    """The fields in the block of a `warcinfo` record."""
    lines = (line.partition(": ") for line in block.decode("utf-8", "replace").splitlines())
    return {name: value for name, colon, value in lines if colon}


def made_told(warcinfo: Mapping[str, str]) -> dict[str, Any]:
    """What a WARC file says of its making, as an extraction record tells it."""
    return {
        "operators": [name for name in warcinfo.get("operator", "").split("；") if name],
        "place": warcinfo.get("place"),
        "device": {
            "host": warcinfo.get("hostname"),
            "system": warcinfo.get("operating-system"),
            "cleanliness_check": warcinfo.get("device-check"),
        },
        "network": {
            "own_ip": warcinfo.get("ip"),
            "public_ip": warcinfo.get("public-ip"),
            "connection": warcinfo.get("network"),
            "check": warcinfo.get("network-check"),
        },
        "clock": {
            "check": warcinfo.get("clock"),
            "reference": warcinfo.get("clock-reference"),
            "offset_seconds": warcinfo.get("clock-offset"),
            "within_seconds": warcinfo.get("clock-offset-within"),
            "faults": warcinfo.get("clock-faults"),
        },
    }
