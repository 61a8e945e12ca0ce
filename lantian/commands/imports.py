"""`lantian import`: lists, archives and saved pages that others hand over."""

import csv
import getpass
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lantian.commands.import_preview import SHOWN, sentence, show_preview, shown
from lantian.commands.progress import Progress

if TYPE_CHECKING:
    from lantian.intake.handover.importing import Giving, Tally
    from lantian.intake.handover.opened import File
    from lantian.intake.handover.rows import Fault
    from lantian.intake.handover.taking import Desk
    from lantian.wiring import Parts
    from lantian.worker.handlers import Task

FORMATS = "CSV, XLSX, JSON lines, WARC, WACZ, saved HTML, MHTML; or folders of them."
SUFFIXES = (
    *(".csv", ".tsv", ".xlsx", ".jsonl", ".warc", ".warc.gz", ".wacz"),
    *(".html", ".htm", ".mhtml", ".mht"),
)
"""Of the files that are taken from a folder."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("import")
    def bring(  # noqa: PLR0917  (a command's options)
        files: Annotated[list[Path], typer.Argument(help=FORMATS)],
        source: Annotated[
            str, typer.Option(help="Name under which it is taken; a row is taken once a name.")
        ] = "import",
        by: Annotated[str, typer.Option(help="The office or person that handed it over.")] = "",
        columns: Annotated[
            str,
            typer.Option("--map", metavar="FIELD=HEADER,…", help="As in url=网址,text=内容."),
        ] = "",
        sheet: Annotated[str, typer.Option(help="Sheet of a workbook; else its first.")] = "",
        url: Annotated[
            str, typer.Option(help="Address of a saved page that does not tell its own.")
        ] = "",
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
        paths = list(expanded(files))
        if preview:
            for path in paths:
                show_preview(path, told, sheet, url=url, as_json=as_json)
            return
        giving = Giving(
            collection=name,
            handed_by=" ".join(by.split())[:200],
            actor=f"process:import by {getpass.getuser()}",
        )
        results = take_files(paths, told, giving, sheet=sheet, url=url, errors=errors)
        show_results(results, as_json=as_json)
        if any(one["faulty"] and not one["taken"] + one["requested"] for one in results):
            raise typer.Exit(1)


def expanded(files: Sequence[Path]) -> Iterator[Path]:
    """The files, and for a folder the files in it that can be taken; its own folders are not."""
    for path in files:
        if not path.is_dir():
            yield path
            continue
        for inside in sorted(path.iterdir()):
            known = "".join(inside.suffixes[-2:]).lower().endswith(SUFFIXES)
            if known and inside.is_file() and not inside.is_symlink():
                yield inside


def take_files(
    files: Sequence[Path],
    told: dict[str, str],
    giving: "Giving",
    *,
    sheet: str,
    url: str,
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
                take_file(parts, file, giving, told=told, sheet=sheet, url=url, tell=tell)
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
        warc_max_bytes=parts.settings.warc_max_bytes,
        seller_fields=frozenset(parts.settings.seller_fields),
        conditions=parts.conditions,
        shadow=parts.shadow,
    )


def take_file(
    parts: "Parts",
    file: "File",
    giving: "Giving",
    *,
    told: dict[str, str],
    sheet: str,
    url: str,
    tell: "FaultFile",
) -> dict[str, Any]:
    """What became of one file, taken in under the lease of its own job."""
    from lantian.intake.handover.importing import Importing, begin
    from lantian.intake.handover.opened import TABLES, open_table
    from lantian.intake.handover.saved import pages_of
    from lantian.intake.handover.taking import Taking
    from lantian.worker.held import held

    table = open_table(file, told, sheet=sheet) if file.format in TABLES else None
    desk, progress = desk_of(parts), Progress()

    def show(tally: "Tally") -> None:
        progress.show(f"{tally.taken} taken, {tally.known} known, {tally.faulty} faulty")

    handover_id, claim = begin(desk, file, giving)
    with held(parts.store, claim), Taking(desk, claim, giving.collection) as taking:
        importing = Importing(desk, file, giving, handover_id, taking)
        now, fault = desk.clock.now(), partial(tell, file.name)
        if table is None:
            pages = pages_of(file, url=url, now=now)
            tally = importing.pages(pages, fault=fault, progress=show)
        else:
            tally = importing.rows(table.rows(now=now), fault=fault, progress=show)
    progress.end()
    return {"file": file.name, "digest": file.digest, "handover": handover_id, **asdict(tally)}


def take_uploaded(parts: "Parts", task: "Task") -> None:
    """Take in a list that was uploaded, and let go of the file."""
    from lantian.commands.rematch import tell_index
    from lantian.intake.handover import uploads
    from lantian.intake.handover.importing import Giving

    told = task.claim.payload
    folder = parts.settings.uploads_dir
    file = uploads.kept(folder, told["digest"], told["name"])
    giving = Giving(collection=told["collection"], handed_by=told["by"], actor=told["actor"])
    with telling_faults(None) as tell:
        take_file(parts, file, giving, told={}, sheet="", url="", tell=tell)
    tell_index(parts)
    uploads.forget_file(folder, told["digest"])


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
            typer.echo(shown(sentence(file, asdict(fault))), err=True)
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
            shown(
                f"{one['file']}: {one['taken']} taken, {one['known']} known already, "
                f"{one['requested']} addresses to be crawled, {one['faulty']} faulty; "
                f"{one['hits']} hits, {one['clues']} clues."
            )
        )


def _harmless(cell: str) -> str:
    """A cell that a table program does not take for a formula."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell
