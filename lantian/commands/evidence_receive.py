"""`lantian evidence import` and `received`: bundles of other installations."""

import getpass
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lantian.evidence.receiving import Looked
    from lantian.wiring import Parts


def take_in(
    bundle: Annotated[Path, typer.Argument(help="The bundle (.wacz).")],
    expect: Annotated[
        str, typer.Option(help="The SHA-256 that it must have, as the office told it.")
    ] = "",
    trust: Annotated[
        list[Path],
        typer.Option(help="Root certificates (PEM) of a time authority; for its stamps."),
    ] = [],  # noqa: B006
) -> None:
    """Take in a bundle of another installation: check it, and keep it as it came.

    It needs the other installation no more: `lantian evidence verify` checks it with everything
    else from then on. Its pages become clues of yours by `lantian import BUNDLE`. Exit status 1 if
    anything in it is missing or changed; then it is not taken.
    """
    from lantian.commands.evidence_bundle import roots_in, shown
    from lantian.evidence.receiving import look_at, receive
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    looked = look_at(bundle, expect=expect, roots=roots_in(trust))
    for finding in looked.findings:
        typer.echo(shown(f"{finding.kind}: {finding}"), err=True)
    if looked.findings:
        typer.echo(f"{bundle.name} is not taken in: {len(looked.findings)} findings.", err=True)
        raise typer.Exit(1)
    parts = open_parts(load_settings())
    try:
        at = parts.moment()
        row, new = receive(
            parts.store,
            parts.archive,
            bundle,
            looked,
            by=f"process:evidence by {getpass.getuser()}",
            now=at.now,
            real_now=at.real,
        )
    finally:
        parts.close()
    _say(row.id, looked, new=new)


def _say(number: int, looked: "Looked", *, new: bool) -> None:
    from lantian.commands.evidence_bundle import shown

    checking = looked.checking
    typer.echo(
        shown(
            f"bundle {number} of {checking.office or 'an office that it does not name'}: "
            f"{checking.records} records, {checking.size / 1e6:.1f} MB"
            f"{'' if new else '; it was here already'}."
        )
    )
    for sentence in checking.told():
        typer.echo(shown(sentence))
    if checking.proved.stamps and not looked.judged:
        typer.echo("The signatures of its time stamps are not judged: give roots by --trust.")
    typer.echo(checking.digest)


def received(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="One of them.")] = 0,
    out: Annotated[Path | None, typer.Option(help="A file to write it to again.")] = None,
) -> None:
    """List the bundles that came in, or write one of them again, verified."""
    from lantian.commands.evidence_bundle import shown
    from lantian.errors import Invalid
    from lantian.evidence.receiving import received as those
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    if bool(number) != (out is not None):
        raise Invalid("a number and --out go together.", hint="Give both, or neither for the list.")
    parts = open_parts(load_settings())
    try:
        with parts.store.read() as session:
            rows = those(session)
        if out is not None:
            _write(parts, number, out)
            return
        for row in rows:
            typer.echo(
                shown(
                    f"{row.id}: {row.name} of {row.office or '–'}, {row.told['records']} records, "
                    f"{row.size / 1e6:.1f} MB, came {row.received_at:%Y-%m-%d} {row.digest}"
                )
            )
    finally:
        parts.close()


def _write(parts: "Parts", number: int, out: Path) -> None:
    from lantian.errors import Conflict, EvidenceDamaged, NotFound
    from lantian.evidence.receiving import received_findings
    from lantian.model import ReceivedBundle

    if out.exists():
        raise Conflict(f"{out} is there already.", hint="Name another file.")
    with parts.store.read() as session:
        row = session.get(ReceivedBundle, number)
        if row is None:
            raise NotFound(f"there is no bundle {number}.", hint="`lantian evidence received`.")
        for finding in received_findings(session, parts.archive, row.file):
            raise EvidenceDamaged(str(finding), hint="Ask the office for it again.")
    with parts.archive.open(row.file) as source, out.open("wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    typer.echo(f"{out}: {row.digest}")
