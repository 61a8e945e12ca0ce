"""What `lantian import --preview` shows: columns, the first rows or pages, the first faults."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from lantian.intake.handover.opened import File, Table
    from lantian.intake.handover.rows import Fault, Row

SHOWN = 10
"""Rows of a preview, and faults that are told when no file is to hold them."""


def show_preview(path: Path, told: dict[str, str], sheet: str, *, url: str, as_json: bool) -> None:
    """Print the columns as they would be understood, the first rows, and what is wrong."""
    from lantian.clock import SystemClock
    from lantian.intake.handover.opened import TABLES, look, open_table

    file = look(path)
    if file.format not in TABLES:
        _preview_pages(file, url, as_json=as_json)
        return
    table = open_table(file, told, sheet=sheet)
    rows: list[Row] = []
    faults: list[Fault] = []
    good = faulty = 0
    for found in table.rows(now=SystemClock().now()):
        if isinstance(found, list):
            faulty += 1
            faults += found[: SHOWN - len(faults)]
        else:
            good += 1
            rows += [found][: SHOWN - len(rows)]
    told_of = {
        "file": table.file.name,
        "format": table.file.format,
        "digest": table.file.digest,
        "columns": dict(table.columns.fields),
        "left_out": list(table.columns.left_out),
        "good": good,
        "faulty": faulty,
        "rows": [{"row": row.number, **_as_taken(row)} for row in rows],
        "faults": [asdict(one) for one in faults],
    }
    if as_json:
        typer.echo(json.dumps(told_of, ensure_ascii=False))
        return
    _show_preview(table, told_of)


def _preview_pages(file: "File", url: str, *, as_json: bool) -> None:
    from lantian.clock import SystemClock
    from lantian.intake.handover.rows import Fault
    from lantian.intake.handover.saved import pages_of

    good = faulty = 0
    for page in pages_of(file, url=url, now=SystemClock().now()):
        told: dict[str, Any]
        if isinstance(page, Fault):
            faulty += 1
            told = asdict(page)
            line = sentence(file.name, told)
        else:
            good += 1
            told = {"record": page.number, "url": page.url, "at": page.at.isoformat()}
            line = f"record {page.number}: {page.url}, {page.at:%F %T} UTC, {page.media_type}"
        if good + faulty <= SHOWN:
            typer.echo(json.dumps(told, ensure_ascii=False) if as_json else shown(line))
    if not as_json:
        typer.echo(f"{good} pages would be taken, {faulty} are faulty.")


def _show_preview(table: "Table", told: dict[str, Any]) -> None:
    typer.echo(shown(f"{table.file.name} ({table.file.format}), {table.file.digest}"))
    for header, field in table.columns.fields.items():
        typer.echo(shown(f"  {header} → {field}"))
    if table.columns.left_out:
        typer.echo(shown(f"  left out: {', '.join(table.columns.left_out)}"))
    for row in told["rows"]:
        typer.echo(shown(f"row {row['row']}:"))
        for name, value in row.items():
            if name != "row":
                typer.echo(shown(f"  {name}: {' '.join(value.split())[:200]}"))
    for fault in told["faults"]:
        typer.echo(shown(sentence("", fault)))
    typer.echo(f"{told['good']} rows would be taken, {told['faulty']} are faulty.")


def _as_taken(row: "Row") -> dict[str, str]:
    more = {"reference": row.reference, "note": row.note}
    told = {**row.taken, **{name: value for name, value in more.items() if value}}
    if row.only_address and row.url:
        told["becomes"] = "a crawl of this address"
    return told


def sentence(file: str, fault: dict[str, Any]) -> str:
    """A fault as a person reads it."""
    where = f"{file}, row {fault['number']}" if file else f"row {fault['number']}"
    column = f", column {fault['column']}" if fault["column"] else ""
    value = f": {fault['value'][:60]!r}" if fault["value"] else ""
    return f"{where}{column}: {fault['cause']}{value}."


def shown(text: str) -> str:
    """What a hostile file says must not steer the terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
