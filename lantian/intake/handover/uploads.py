"""Lists that come over the dashboard: kept until they were taken in, under their digest."""

import hashlib
import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any

from sqlalchemy.orm import Session

from lantian.access import audit
from lantian.errors import Conflict, Invalid, NotFound
from lantian.intake.handover.importing import collection_name
from lantian.intake.handover.opened import TABLES, File, Table, look, open_table
from lantian.intake.handover.rows import Fault, Row
from lantian.store import jobs

KIND = "upload"
LARGEST = 20 << 20
"""Bytes of one file."""
LOOKED_AT = 2_000
"""Rows that a preview looks at."""
SHOWN = 10
_CHUNK = 1 << 20
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be taken of a list: columns, the first rows and faults, and how many of each.

    `more` says that the list goes on behind the rows that were looked at.
    """

    file: File
    columns: dict[str, str]
    left_out: tuple[str, ...]
    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]
    good: int
    faulty: int
    more: bool


def keep(folder: Path, data: IO[bytes], name: str) -> File:
    """The file, kept in the folder; raises `Invalid` for what is too large, or no list."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{secrets.token_hex(8)}.part"
    digest, size = hashlib.sha256(), 0
    try:
        with part.open("xb") as kept:
            while chunk := data.read(_CHUNK):
                size += len(chunk)
                if size > LARGEST:
                    raise Invalid(
                        f"the file has more than {LARGEST >> 20} MB.",
                        hint="Hand it over in parts, or by `lantian import`.",
                    )
                digest.update(chunk)
                kept.write(chunk)
            kept.flush()
            os.fsync(kept.fileno())
        found = look(part)
        if found.format not in TABLES:
            raise Invalid(
                f"this is {found.format}, no list.",
                hint="Lists are CSV, XLSX or JSON lines; take others in by `lantian import`.",
            )
        place = folder / digest.hexdigest()
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)
    return replace(found, path=place, name=plain(name))


def kept(folder: Path, digest: str, name: str) -> File:
    """The file of that digest, if it is still kept; raises `NotFound`."""
    place = folder / digest.removeprefix("sha256:")
    if not _DIGEST.fullmatch(digest) or not place.is_file():
        raise NotFound("this file is not kept any more.", hint="Upload it again.")
    return replace(look(place), name=plain(name))


def preview(file: File, told: dict[str, str], *, now: datetime) -> Preview:
    """What would be taken; raises `Invalid` where columns cannot be told, or nothing be read."""
    table: Table = open_table(file, told)
    rows: list[Row] = []
    faults: list[Fault] = []
    good = faulty = looked = 0
    for found in islice(table.rows(now=now), LOOKED_AT + 1):
        looked += 1
        if looked > LOOKED_AT:
            break
        if isinstance(found, list):
            faulty += 1
            faults += found[: SHOWN - len(faults)]
        else:
            good += 1
            rows += [found][: SHOWN - len(rows)]
    return Preview(
        file=file,
        columns=dict(table.columns.fields),
        left_out=tuple(table.columns.left_out),
        rows=tuple(rows),
        faults=tuple(faults),
        good=good,
        faulty=faulty,
        more=looked > LOOKED_AT,
    )


def ask_to_take(
    session: Session,
    file: File,
    *,
    collection: str,
    by: str,
    actor: str,
    now: datetime,
    real_now: datetime,
) -> None:
    """Let the worker take the file in; raises `Invalid`, or `Conflict` if it was asked already."""
    name = collection_name(collection)
    payload: dict[str, Any] = {
        "digest": file.digest,
        "name": file.name,
        "collection": name,
        "by": " ".join(by.split())[:200],
        "actor": actor,
    }
    key = f"{KIND}:{file.digest}:{name}:{now.isoformat(timespec='seconds')}"
    if not jobs.enqueue(session, kind=KIND, key=key, payload=payload, due=now, now=now, lane=KIND):
        raise Conflict("this file is being taken in already.", hint="Look at the list below.")
    audit.record(
        session,
        actor=actor,
        action="handover.upload",
        subject=f"file:{file.digest}",
        detail={"size": file.size, "collection": name},
        now=now,
        real_now=real_now,
    )


def forget_file(folder: Path, digest: str) -> None:
    """Delete the file; what was taken of it has its own life."""
    if _DIGEST.fullmatch(digest):
        with suppress(FileNotFoundError):
            (folder / digest.removeprefix("sha256:")).unlink()


def plain(name: str) -> str:
    """A file's name as it is shown: nothing that steers, no folder."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(char for char in last if char.isprintable())[:255] or "?"
