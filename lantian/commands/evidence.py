"""`lantian evidence`: the archive indexed for other people's tools, and read again."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from lantian.commands.evidence_bundle import export, verifier, verify_bundle
from lantian.commands.evidence_seal import seal


def register(app: typer.Typer) -> None:
    """Add the commands."""
    evidence = typer.Typer(help="The evidence archive.", no_args_is_help=True)
    evidence.command("verify")(verify)
    evidence.command("index")(index)
    evidence.command("seal")(seal)
    evidence.command("export")(export)
    evidence.command("verifier")(verifier)
    app.add_typer(evidence, name="evidence")


def index() -> None:
    """Make the CDXJ indexes of WARC files that are complete and have none yet.

    pywb replays from them: `index_paths` is the folder `evidence/indexes`, `archive_paths` the
    folder `evidence/`. They can be deleted and made again at any time.
    """
    from lantian.evidence.archive import Archive
    from lantian.evidence.indexing import index_archive
    from lantian.settings import load_settings

    files = lines = 0
    for made in index_archive(Archive(load_settings().evidence_dir)):
        files, lines = files + 1, lines + made.lines
        if made.damage:
            typer.echo(f"{made.file}: {made.damage}; what follows is not indexed.", err=True)
    typer.echo(f"{files} files indexed anew, {lines} lines.")


def verify(
    bundle: Annotated[
        Path | None, typer.Argument(help="A bundle (.wacz): checked by itself, without the store.")
    ] = None,
    expect: Annotated[
        str, typer.Option(help="The SHA-256 that the bundle must have, as the office told it.")
    ] = "",
    deep: Annotated[
        bool, typer.Option("--deep", help="Also read each capture again and find each hit.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Read everything that was kept, or one bundle, and name what is missing or changed.

    Exit status 1 if there is any.
    """
    from lantian.errors import Invalid

    if bundle is not None:
        if deep:
            raise Invalid("--deep is for the whole archive.", hint="Leave it out for a bundle.")
        verify_bundle(bundle, expect=expect, as_json=as_json)
        return
    if expect:
        raise Invalid("--expect is for one bundle.", hint="Name its file.")
    _verify_archive(deep=deep, as_json=as_json)


def _verify_archive(*, deep: bool, as_json: bool) -> None:
    from lantian.evidence.again import ReadAgain
    from lantian.evidence.verify import verify as findings_of
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    settings = load_settings()
    parts = open_parts(settings)
    folders = (settings.profiles_dir,) if settings.profiles_dir else ()
    records = size = count = 0

    def took(length: int) -> None:
        nonlocal records, size
        records, size = records + 1, size + length

    try:
        with parts.store.read() as session:
            again = ReadAgain(folders) if deep else None
            for finding in findings_of(session, parts.archive, again=again, progress=took):
                count += 1
                if as_json:
                    typer.echo(json.dumps(asdict(finding), ensure_ascii=False))
                else:
                    typer.echo(f"{finding.kind}: {finding}")
    finally:
        parts.close()
    if not as_json:
        told = "nothing is missing or changed" if not count else f"{count} findings"
        typer.echo(f"{records} records, {size / 1e6:.1f} MB: {told}.")
    if count:
        raise typer.Exit(1)
