"""`lantian rules train`: learn a pack's weights from labelled texts."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lantian.commands.labelled import frozen_digest, read_labelled
from lantian.errors import Invalid

if TYPE_CHECKING:
    from matchers.compile import Compiled
    from matchers.training import Taught
    from matchers.weights import Gate

LINE = "line"
"""The kind of labelled texts that are single lines, written to learn from."""


def add(rules: typer.Typer) -> None:
    """Add the command to `rules`."""
    rules.command("train")(train)


def train(
    files: Annotated[list[Path], typer.Argument(help="Labelled texts, one JSON object a line.")],
    into: Annotated[Path, typer.Option(help="Folder of the pack that gets the weights.")],
    ordinary: Annotated[
        Path | None,
        typer.Option(help="Texts of other fields, one a line: which terms open a text."),
    ] = None,
    lean: Annotated[
        float, typer.Option(help="Taken off every log-odds: above 0 surer hits, fewer of them.")
    ] = 0.0,
) -> None:
    """Learn the weights of a pack from labelled texts, and write them into its folder.

    Without texts of other fields the terms that open a text stay those of the weights before.
    Takes minutes. A frozen set is refused: it is there to measure.
    """
    _check_extra()
    from matchers.compile import compile_pack
    from matchers.pack import reading_pack
    from matchers.training import Trainer
    from matchers.weights import FILE, dump

    for file in files:
        if frozen_digest(file) is not None:
            raise Invalid(f"{file} is frozen to measure on.", hint="Learn from other texts.")
    compiled = compile_pack(reading_pack(into), "")
    texts = list(_taught(compiled, files))
    claims = sorted({claim for text in texts for claim, _, _ in text.claims})
    gate = _gate(compiled, texts, ordinary, into / FILE)
    typer.echo(f"learning from {len(texts)} texts of {len(claims)} claims ...", err=True)
    origin = f"{len(texts)} texts of {', '.join(file.name for file in files)}"
    weights = Trainer(texts, claims).fit(gate, lean=lean, origin=origin)
    (into / FILE).write_text(dump(weights), encoding="utf-8")
    typer.echo(f"{into / FILE}: {len(weights.runs)} runs, {weights.digest}")


def _check_extra() -> None:
    try:
        import sklearn  # noqa: F401
    except ImportError as error:
        raise Invalid(
            "learning needs scikit-learn, which is not installed.",
            hint="Install the extra: pip install 'lantian[train]'.",
        ) from error


def _taught(compiled: "Compiled", files: list[Path]) -> Iterator["Taught"]:
    from matchers.training import taught

    for file in files:
        for row in read_labelled(file):
            if row.label != "unsure":
                yield taught(compiled, row.text, row.spans, whole=row.kind != LINE)


def _gate(
    compiled: "Compiled", texts: list["Taught"], ordinary: Path | None, before: Path
) -> "Gate":
    from matchers.learned import plainly
    from matchers.training import gate_of
    from matchers.weights import parse

    if ordinary is None:
        if not before.is_file():
            raise Invalid(
                f"{before} is not there, so nothing says which terms open a text.",
                hint="Name texts of other fields: --ordinary FILE.",
            )
        return parse(before.read_text(encoding="utf-8")).gate
    lines = ordinary.read_text(encoding="utf-8").splitlines()
    innocent = [plainly(compiled, line)[0].chars for line in lines if line.strip()]
    if not innocent:
        raise Invalid(f"{ordinary} holds no text.", hint="One text a line.")
    return gate_of([text.chars for text in texts if text.claims], innocent)
