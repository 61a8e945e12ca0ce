"""`lantian import`: lists, archives and saved pages that others hand over."""

import csv
import getpass
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lantian.commands.progress import Progress

if TYPE_CHECKING:
    from lantian.intake.handover.importing import Giving, Tally
    from lantian.intake.handover.opened import File, Table
    from lantian.intake.handover.rows import Fault, Row
    from lantian.intake.handover.taking import Desk
    from lantian.wiring import Parts

SHOWN = 10
"""Rows of a preview, and faults that are told when no file is to hold them."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("import")
    def bring(  # noqa: PLR0917  (a command's options)
        files: Annotated[list[Path], typer.Argument(help="CSV, XLSX, JSON lines.")],
        source: Annotated[
            str, typer.Option(help="Name under which it is taken; a row is taken once a name.")
        ] = "import",
        by: Annotated[str, typer.Option(help="The office or person that handed it over.")] = "",
        columns: Annotated[
            str,
            typer.Option("--map", metavar="FIELD=HEADER,…", help="As in url=网址,text=内容."),
        ] = "",
        sheet: Annotated[str, typer.Option(help="Sheet of a workbook; else its first.")] = "",
        preview: Annotated[
            bool, typer.Option("--preview", help="Show what would be taken, and take nothing.")
        ] = False,
        errors: Annotated[
            Path | None, typer.Option(help="CSV to write: each fault with row and column.")
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    ) -> None:
        """Take in what another office hands over; it lives on as a crawled page does.

        A faulty row is told and left out, the good rows are kept. The same rows again add nothing.
        An address without a text becomes a crawl of that address; nothing is fetched here.
        """
        from lantian.intake.handover.columns import parse_map
        from lantian.intake.handover.importing import Giving, collection_name

        told = parse_map(columns)
        name = collection_name(source)
        if preview:
            for path in files:
                show_preview(path, told, sheet, as_json=as_json)
            return
        giving = Giving(
            collection=name,
            handed_by=" ".join(by.split())[:200],
            actor=f"process:import by {getpass.getuser()}",
        )
        results = take_files(files, told, sheet, giving, errors)
        show_results(results, as_json=as_json)
        if any(one["faulty"] and not one["taken"] + one["requested"] for one in results):
            raise typer.Exit(1)


def show_preview(path: Path, told: dict[str, str], sheet: str, *, as_json: bool) -> None:
    """Print the columns as they would be understood, the first rows, and what is wrong."""
    from lantian.clock import SystemClock
    from lantian.intake.handover.opened import look, open_table

    table = open_table(look(path), told, sheet=sheet)
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


def _show_preview(table: "Table", told: dict[str, Any]) -> None:
    typer.echo(_shown(f"{table.file.name} ({table.file.format}), {table.file.digest}"))
    for header, field in table.columns.fields.items():
        typer.echo(_shown(f"  {header} → {field}"))
    if table.columns.left_out:
        typer.echo(_shown(f"  left out: {', '.join(table.columns.left_out)}"))
    for row in told["rows"]:
        typer.echo(_shown(f"row {row['row']}:"))
        for name, value in row.items():
            if name != "row":
                typer.echo(_shown(f"  {name}: {' '.join(value.split())[:200]}"))
    for fault in told["faults"]:
        typer.echo(_shown(_sentence("", fault)))
    typer.echo(f"{told['good']} rows would be taken, {told['faulty']} are faulty.")


def _as_taken(row: "Row") -> dict[str, str]:
    more = {"reference": row.reference, "note": row.note}
    told = {**row.taken, **{name: value for name, value in more.items() if value}}
    if row.only_address and row.url:
        told["becomes"] = "a crawl of this address"
    return told


def take_files(
    files: Sequence[Path],
    told: dict[str, str],
    sheet: str,
    giving: "Giving",
    errors: Path | None,
) -> list[dict[str, Any]]:
    """What became of each file; all are looked at before the first is taken."""
    from lantian.commands.rematch import tell_index
    from lantian.intake.handover.opened import look
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    looked = [look(path) for path in files]
    parts = open_parts(load_settings())
    try:
        with ExitStack() as stack:
            tell = stack.enter_context(telling_faults(errors))
            results = [
                _take(parts, file, told=told, sheet=sheet, giving=giving, tell=tell)
                for file in looked
            ]
        tell_index(parts)
        return results
    finally:
        parts.close()


def desk_of(parts: "Parts") -> "Desk":
    """What taking in works with."""
    from crawler.writing import tool_version
    from lantian.intake.handover.taking import Desk

    folders = (parts.settings.profiles_dir,) if parts.settings.profiles_dir else ()
    return Desk(
        store=parts.store,
        archive=parts.archive,
        matcher=parts.matcher,
        clock=parts.clock,
        real_clock=parts.real_clock,
        tool_version=tool_version(),
        folders=folders,
        keep_payload_days=parts.settings.keep_payload_days,
        shadow=parts.shadow,
    )


def _take(
    parts: "Parts",
    file: "File",
    *,
    told: dict[str, str],
    sheet: str,
    giving: "Giving",
    tell: "FaultFile",
) -> dict[str, Any]:
    from lantian.intake.handover.importing import Importing, begin
    from lantian.intake.handover.opened import open_table
    from lantian.intake.handover.taking import Taking
    from lantian.worker.held import held

    table = open_table(file, told, sheet=sheet)
    desk, progress = desk_of(parts), Progress()

    def show(tally: "Tally") -> None:
        progress.show(f"{tally.taken} taken, {tally.known} known, {tally.faulty} faulty")

    handover_id, claim = begin(desk, file, giving)
    with held(parts.store, claim), Taking(desk, claim, giving.collection) as taking:
        importing = Importing(desk, file, giving, handover_id, taking)
        tally = importing.rows(
            table.rows(now=desk.clock.now()),
            fault=lambda fault: tell(file.name, fault),
            progress=show,
        )
    progress.end()
    return {"file": file.name, "digest": file.digest, "handover": handover_id, **asdict(tally)}


class FaultFile:
    """Tells faults: into a CSV file if there is one, the first few to the terminal if not."""

    def __init__(self, handle: Any) -> None:
        self._writer = csv.writer(handle) if handle is not None else None
        self._told = 0
        if self._writer is not None:
            self._writer.writerow(("file", "row", "column", "cause", "value"))

    def __call__(self, file: str, fault: "Fault") -> None:
        """Tell one fault."""
        self._told += 1
        if self._writer is not None:
            told = (file, str(fault.number), fault.column, fault.cause, fault.value)
            self._writer.writerow([_harmless(cell) for cell in told])
        elif self._told <= SHOWN:
            typer.echo(_shown(_sentence(file, asdict(fault))), err=True)
        elif self._told == SHOWN + 1:
            typer.echo("… and more: --errors OUT.csv lists them all.", err=True)


@contextmanager
def telling_faults(errors: Path | None) -> Iterator[FaultFile]:
    """Where faults go while files are taken; raises `Invalid` if the file cannot be written."""
    from lantian.errors import Invalid

    if errors is None:
        yield FaultFile(None)
        return
    try:
        handle = errors.open("w", encoding="utf-8-sig", newline="")
    except OSError as error:
        raise Invalid(
            f"{errors}: it cannot be written: {error.strerror}.", hint="Name another file."
        ) from error
    with handle:
        yield FaultFile(handle)


def show_results(results: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """Print what became of each file."""
    for one in results:
        if as_json:
            typer.echo(json.dumps(one, ensure_ascii=False))
            continue
        typer.echo(
            _shown(
                f"{one['file']}: {one['taken']} taken, {one['known']} known already, "
                f"{one['requested']} addresses to be crawled, {one['faulty']} faulty; "
                f"{one['hits']} hits, {one['clues']} clues."
            )
        )


def _sentence(file: str, fault: dict[str, Any]) -> str:
    where = f"{file}, row {fault['number']}" if file else f"row {fault['number']}"
    column = f", column {fault['column']}" if fault["column"] else ""
    value = f": {fault['value'][:60]!r}" if fault["value"] else ""
    return f"{where}{column}: {fault['cause']}{value}."


def _harmless(cell: str) -> str:
    """A cell that a table program does not take for a formula."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


def _shown(text: str) -> str:
    """What a hostile file says must not steer the terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
