"""`lantian rules train`: learn a pack's weights from labelled texts."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lantian.commands.labelled import frozen_digest, read_labelled
from lantian.errors import Invalid

if TYPE_CHECKING:
    from matchers.compile import Compiled
    from matchers.evaluate import Labelled, Span
    from matchers.training import Taught
    from matchers.weights import Gate

SURE = 3
"""Times that a pack's own examples are learnt: they must be right."""
INSIDE = 3
"""Of so many lines one is learnt inside a text of another field too, one inside a page of this."""
LONG = 200
"""Characters of a page in which lines are told again, at least."""
STEP = 7919
"""A prime: which of those texts comes next, so that neighbours are of many kinds."""
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
    from matchers.pack import load_pack
    from matchers.training import Trainer, examples, opens
    from matchers.weights import FILE, dump

    for file in files:
        if frozen_digest(file) is not None:
            raise Invalid(f"{file} is frozen to measure on.", hint="Learn from other texts.")
    pack = load_pack(into, learning=True)
    compiled = compile_pack(pack, "")
    others = _lines_of(ordinary) if ordinary else []
    rows = [row for file in files for row in read_labelled(file) if row.label != "unsure"]
    texts = [*_taught(compiled, rows), *list(examples(pack, compiled)) * SURE]
    texts += _inside_others(compiled, rows, others)
    texts += _inside_pages(compiled, rows)
    claims = sorted({claim for text in texts for claim, _, _ in text.claims})
    innocent = list(_innocent(compiled, others))
    gate = _gate(texts, innocent, into / FILE)
    texts += [text for text in innocent if opens(gate, text.chars)]
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


def _taught(compiled: "Compiled", rows: list["Labelled"]) -> Iterator["Taught"]:
    from matchers.training import taught

    for row in rows:
        yield taught(compiled, row.text, row.spans, whole=row.kind != LINE)


def _inside_others(
    compiled: "Compiled", rows: list["Labelled"], others: list[str]
) -> Iterator["Taught"]:
    """Some of the lines once more, each inside a text of another field.

    An offer stands anywhere: what is around it must not speak for it or against it alone.
    """
    from matchers.training import taught

    if not others:
        return
    for number, row in enumerate(_lines_among(rows)[::INSIDE]):
        text, spans = _inside(row, others[number * STEP % len(others)], number)
        # No page of its own: its line is learnt beside it, so it cannot tell how to mix.
        yield taught(compiled, text, spans, whole=False)._replace(ordinary=True)


def _inside_pages(compiled: "Compiled", rows: list["Labelled"]) -> Iterator["Taught"]:
    """Others of the lines once more, each inside an innocent page of this field.

    Dull pages full of the field's words must not hide the one offer among them.
    """
    from matchers.training import taught

    pages = [
        number
        for number, row in enumerate(rows)
        if row.kind != LINE and not row.spans and len(row.text) >= LONG
    ]
    if not pages:
        return
    for number, row in enumerate(_lines_among(rows)[1::INSIDE]):
        host = pages[number * STEP % len(pages)]
        text, spans = _inside(row, rows[host].text, number)
        told = taught(compiled, text, spans, whole=False)
        yield told._replace(ordinary=True, host=host)


def _lines_among(rows: list["Labelled"]) -> list["Labelled"]:
    return [row for row in rows if row.kind == LINE]


def _inside(row: "Labelled", page: str, number: int) -> tuple[str, list["Span"]]:
    """A line inside a page, behind one of its sentences, and the places of its claims there."""
    at = page.find("。", len(page) * (number % 5) // 5) + 1
    spans = [(claim, start + at, end + at) for claim, start, end in row.spans]
    return f"{page[:at]}{row.text}\n{page[at:]}", spans


def _lines_of(ordinary: Path) -> list[str]:
    lines = ordinary.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip()]


def _innocent(compiled: "Compiled", others: list[str]) -> Iterator["Taught"]:
    """The texts of other fields."""
    from matchers.training import taught

    for line in others:
        yield taught(compiled, line, [], whole=False)._replace(ordinary=True)


def _gate(texts: list["Taught"], innocent: list["Taught"], before: Path) -> "Gate":
    from matchers.training import gate_of
    from matchers.weights import parse

    if innocent:
        offers = [text.chars for text in texts if text.claims and not text.ordinary]
        return gate_of(offers, [text.chars for text in innocent])
    if not before.is_file():
        raise Invalid(
            f"{before} is not there, so nothing says which terms open a text.",
            hint="Name texts of other fields: --ordinary FILE.",
        )
    return parse(before.read_text(encoding="utf-8")).gate
