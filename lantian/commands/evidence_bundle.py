"""`lantian evidence export`, and `verify` of one bundle: the file alone, without the store."""

import json
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lantian.commands.copies import tell_copy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from lantian.evidence.bundle.check import BundleCheck
    from lantian.evidence.bundle.select import Asked
    from lantian.evidence.finding import Finding


def export(  # noqa: PLR0917  (a command's options)
    out: Annotated[Path, typer.Argument(help="The file to write; its name ends in .wacz.")],
    clue: Annotated[list[int], typer.Option(help="A clue; may be repeated.")] = [],  # noqa: B006
    notice: Annotated[list[int], typer.Option(help="A notice; may be repeated.")] = [],  # noqa: B006
    capture: Annotated[list[int], typer.Option(help="A capture; may be repeated.")] = [],  # noqa: B006
    source: Annotated[list[str], typer.Option(help="A source, with all that is kept of it.")] = [],  # noqa: B006
    everything: Annotated[bool, typer.Option("--all", help="All that is kept.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write the evidence of clues, notices, captures or sources, or all of it, into one WACZ file.

    It holds the WARC records, an extraction record of each capture to print, the hits, and the log
    of who did what. replayweb.page and pywb open it; `lantian evidence verify FILE` checks it
    anywhere. Every record is verified while it is read.
    """
    from crawler.writing import tool_version
    from lantian.errors import Conflict, Invalid
    from lantian.evidence.bundle.export import Export
    from lantian.evidence.bundle.select import Asked
    from lantian.evidence.signing import bundle_key
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    if out.suffix != ".wacz":
        raise Invalid(f"{out.name} does not end in .wacz.", hint="Readers know a WACZ by its name.")
    if out.exists() and not force:
        raise Conflict(f"{out} is there already.", hint="Name another file, or give --force.")
    parts = open_parts(load_settings())
    try:
        with parts.store.read() as session:
            sources = tuple(_source_id(session, name) for name in source)
            asked = Asked(tuple(clue), tuple(notice), tuple(capture), sources, everything)
            made = Export(
                session,
                parts.archive,
                asked,
                office=parts.settings.organisation,
                demonstration=parts.is_demo,
                software=tool_version(),
                key=bundle_key(parts.settings.signing_key_path),
            ).write(out)
        tell_copy(parts, "evidence.export", _subjects(asked), made.digest)
    finally:
        parts.close()
    typer.echo(
        f"{out}: {made.captures} captures, {made.documents} documents, {made.records} records, "
        f"{made.size / 1e6:.1f} MB."
    )
    typer.echo(made.digest)


def _source_id(session: "Session", name: str) -> int:
    from sqlalchemy import select

    from lantian.errors import NotFound
    from lantian.model import Source

    found = session.scalar(select(Source.id).where(Source.name == name))
    if found is None:
        raise NotFound(f"there is no source {name!r}.", hint="Give the name of a source.")
    return found


def verifier(
    out: Annotated[Path, typer.Argument(help="The file to write, as in verify.pyz.")],
) -> None:
    """Write the program that checks bundles as one file, for those who have no Lantian.

    They run it with Python 3.11 or newer, without network: `python verify.pyz BUNDLE.wacz`.
    """
    from lantian.evidence.bundle.verifier import write_verifier

    typer.echo(write_verifier(out))


def _subjects(asked: "Asked") -> list[str]:
    subjects = [f"clue:{one}" for one in asked.clues]
    subjects += [f"notice:{one}" for one in asked.notices]
    subjects += [f"capture:{one}" for one in asked.captures]
    subjects += [f"source:{one}" for one in asked.sources]
    return [*subjects, *(["store:all"] if asked.everything else [])]


def verify_bundle(
    path: Path, *, expect: str, trust: list[Path], keys: list[str], as_json: bool
) -> None:
    """Print what is not as it was exported; exit status 1 if there is anything.

    With the root certificates in the files `trust`, signatures of its time stamps are judged too;
    with `keys`, its checkpoints must be signed with one of them.
    """
    from lantian.evidence.bundle.check import BundleCheck

    checking = BundleCheck(path, expect, keys=keys)
    roots = roots_in(trust)
    count = 0
    for finding in chain(checking.findings(), _stamp_findings(checking, roots)):
        count += 1
        if as_json:
            typer.echo(json.dumps(asdict(finding)))
        else:
            typer.echo(shown(f"{finding.kind}: {finding}"))
    if not as_json:
        told = "nothing is missing or changed" if not count else f"{count} findings"
        typer.echo(
            f"{checking.members} files, {checking.records} records, "
            f"{checking.size / 1e6:.1f} MB: {told}."
        )
        typer.echo(checking.digest)
        if not count and not expect:
            typer.echo("Compare this digest with the one that the office told you.")
        _tell_proofs(checking, trust)
    if count:
        raise typer.Exit(1)


def roots_in(trust: list[Path]) -> str:
    """The certificates in these files, one behind the other; raises `Unreadable`."""
    from lantian.errors import Unreadable

    try:
        return "".join(path.read_text("ascii") for path in trust)
    except (OSError, UnicodeError) as error:
        raise Unreadable(
            f"the certificates cannot be read: {error}.", hint="Give PEM files."
        ) from error


def _stamp_findings(checking: "BundleCheck", roots: str) -> "Iterator[Finding]":
    """The time stamps that do not stand under one of the roots; nothing, if none are given."""
    from lantian.evidence.receiving import stamp_findings

    if roots:
        yield from stamp_findings(checking, roots)


def _tell_proofs(checking: "BundleCheck", trust: list[Path]) -> None:
    for sentence in checking.told():
        typer.echo(shown(sentence))
    for stamp in checking.proved.stamps:
        judged = (
            "its signature was judged"
            if trust
            else ("its signature is not judged: give the authority's root certificate by --trust")
        )
        typer.echo(shown(f"{stamp.name}: it is over its day; {judged}."))


def shown(text: str) -> str:
    """What a hostile file says must not steer the terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
