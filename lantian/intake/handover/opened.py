"""A file that was handed in, opened: what it is by its content, and its rows as columns say."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Literal

from lantian.errors import Invalid
from lantian.intake.handover import delimited, lines, sheet
from lantian.intake.handover.columns import (
    MOST_BEFORE,
    Columns,
    columns_as_they_come,
    columns_of,
    is_header,
)
from lantian.intake.handover.rows import Fault, Raw, Row, row_of

Format = Literal["csv", "xlsx", "jsonl", "warc", "wacz", "html", "mhtml"]
TABLES = frozenset({"csv", "xlsx", "jsonl"})
LARGEST = 100 << 20
"""Bytes of a table."""
MOST_ROWS = 200_000
_LOOK_FOR_KEYS = 1_000
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class File:
    """A file by its content: its own name, its SHA-256, its size and what it is."""

    path: Path
    name: str
    digest: str
    size: int
    format: Format


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its columns; `rows` may be asked for again."""

    file: File
    columns: Columns
    told: Mapping[str, str]
    sheet: str = ""

    def rows(self, *, now: datetime) -> Iterator[Row | list[Fault]]:
        """Each row as it would be taken, or its faults; empty rows are left out."""
        for count, raw in enumerate(_raws(self.file, self.told, self.sheet), 1):
            if count > MOST_ROWS:
                cause = f"the file has more than {MOST_ROWS:,} rows; hand the rest over by itself"
                yield [Fault(raw.number, "", cause)]
                return
            found = row_of(raw, self._columns_of(raw), now=now)
            if found is not None:
                yield found

    def _columns_of(self, raw: Raw) -> Columns:
        if self.file.format != "jsonl":
            return self.columns
        return columns_as_they_come(tuple(raw.cells), self.told)


def look(path: Path) -> File:
    """What a file is; raises `Invalid` for what cannot be read or is of no known kind."""
    try:
        size = path.stat().st_size
        with path.open("rb") as handle:
            start = handle.read(4096)
            digest = hashlib.sha256(start)
            while part := handle.read(_CHUNK):
                digest.update(part)
    except OSError as error:
        raise Invalid(
            f"{path}: it cannot be read: {error.strerror}.", hint="Name a file that is there."
        ) from error
    if not start.strip():
        raise Invalid(f"{path.name}: it is empty.", hint="Nothing is in it to be taken.")
    name = "".join(char for char in path.name if char.isprintable())[:255]
    return File(path, name, f"sha256:{digest.hexdigest()}", size, _format(path, start))


def _format(path: Path, start: bytes) -> Format:
    if start.startswith(b"PK\x03\x04"):
        return _zipped(path)
    if start.startswith((b"\x1f\x8b", b"WARC/")):
        return "warc"
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise Invalid(f"{path.name}: it is an old .xls.", hint="Save it as .xlsx or CSV UTF-8.")
    if start.startswith(b"%PDF"):
        raise Invalid(f"{path.name}: it is a PDF.", hint="Ask for the list as a table.")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "csv"
    head = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(b"{"):
        return "jsonl"
    if b"multipart/related" in head and (b"mime-version:" in head or b"content-type:" in head):
        return "mhtml"
    if head.startswith((b"<!doctype html", b"<html", b"<head", b"<!--")):
        return "html"
    if b"\0" in start:
        raise Invalid(
            f"{path.name}: it is of no kind that is taken.",
            hint="CSV, XLSX, JSON lines, WARC, WACZ, saved HTML and MHTML are.",
        )
    return "html" if path.suffix.lower() in {".html", ".htm"} else "csv"


def _zipped(path: Path) -> Format:
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            names = set(islice(archive.namelist(), 100_000))
    except sheet.UNOPENED as error:
        raise Invalid(f"{path.name}: its ZIP is damaged: {error}.", hint="Ask for it again.") from (
            error
        )
    if "[Content_Types].xml" in names or "xl/workbook.xml" in names:
        return "xlsx"
    if "datapackage.json" in names or any(name.startswith("archive/") for name in names):
        return "wacz"
    raise Invalid(
        f"{path.name}: it is a ZIP, and neither a workbook nor a WACZ.",
        hint="Unpack it, and name the files in it.",
    )


def open_table(file: File, told: Mapping[str, str], *, sheet: str = "") -> Table:
    """The table in a file, with its columns; raises `Invalid` as they do."""
    if file.size > LARGEST:
        raise Invalid(
            f"{file.name}: {file.size:,} bytes; a table may have {LARGEST:,}.",
            hint="Hand it over in parts.",
        )
    if file.format == "jsonl":
        keys: dict[str, None] = {}
        for raw in islice(_lines(file), _LOOK_FOR_KEYS):
            keys.update(dict.fromkeys(raw.cells))
        return Table(file, columns_of(list(keys), told), told)
    header = _header(file, told, sheet)
    return Table(file, columns_of(header[1], told), told, sheet)


def _raws(file: File, told: Mapping[str, str], sheet: str) -> Iterator[Raw]:
    """The rows of data, below the header."""
    if file.format == "jsonl":
        yield from _lines(file)
        return
    number, header = _header(file, told, sheet)
    for row, cells, fault in _cells(file, sheet):
        if fault:
            yield Raw(row, {}, fault)
        elif row > number and any(cells):
            yield _raw(row, header, cells)


def _raw(row: int, header: list[str], cells: list[str]) -> Raw:
    if len(cells) > len(header) and any(cells[len(header) :]):
        return Raw(row, {}, f"{len(cells)} cells under {len(header)} headers: is a quote missing?")
    named: dict[str, str] = {}
    for name, cell in zip(header, cells, strict=False):
        # Of two columns of one name the left one counts.
        named.setdefault(name, cell)
    return Raw(row, named)


def _header(file: File, told: Mapping[str, str], sheet: str) -> tuple[int, list[str]]:
    """The row that names the columns, and its number: lists have a title above it at times."""
    first: tuple[int, list[str]] | None = None
    for number, cells, _ in islice(_cells(file, sheet), MOST_BEFORE):
        while cells and not cells[-1]:
            cells.pop()
        if is_header(cells, told):
            return number, cells
        if first is None and any(cells):
            first = number, cells
    if first is None:
        raise Invalid(f"{file.name}: there is no row in it.", hint="Is it the right sheet?")
    return first


def _cells(file: File, name: str) -> Iterator[tuple[int, list[str], str]]:
    if file.format == "xlsx":
        return sheet.cells_of(file.path, name)
    return delimited.cells_of(_text(file))


def _lines(file: File) -> Iterator[Raw]:
    return lines.rows_of(_text(file))


def _text(file: File) -> str:
    return delimited.text_of(file.path.read_bytes(), name=file.name)[0]
