"""`lantian rules …`: rule packs, tried and measured."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lantian.commands import replay, rulebook, second, train
from lantian.commands.labelled import frozen_digest, read_labelled
from lantian.commands.match import matcher_of
from lantian.errors import Invalid

if TYPE_CHECKING:
    from matchers.evaluate import Count, Labelled, Report, Share, Span

Chosen = Annotated[Path | None, typer.Option("--pack", help="Folder of the pack.", metavar="DIR")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    rules = typer.Typer(help="Rule packs: try, measure and release them.", no_args_is_help=True)
    rules.command("evaluate")(evaluate)
    rulebook.add(rules)
    replay.add(rules)
    train.add(rules)
    second.add(rules)
    app.add_typer(rules, name="rules")


def evaluate(
    file: Annotated[Path, typer.Argument(help="Labelled texts, one JSON object a line.")],
    pack: Chosen = None,
    against: Annotated[
        Path | None, typer.Option(help="Another pack: which texts it tells otherwise.")
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Name the texts that went wrong.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure a pack on labelled texts: precision, recall and F1, with intervals at 95 %.

    Of a frozen set (a file with its digest beside it) only totals are told.
    """
    from matchers.evaluate import evaluate as measure

    frozen = frozen_digest(file) is not None
    if frozen and (show or against):
        raise Invalid(
            f"{file} is frozen: only totals are told of it.",
            hint="Leave --show and --against out, or use another set.",
        )
    rows = list(read_labelled(file))
    find = _finder(pack)
    report = measure(rows, find)
    if as_json:
        typer.echo(json.dumps(_totals(report), ensure_ascii=False, indent=1))
    else:
        typer.echo("\n".join(_lines(report)))
    if show:
        _tell(rows, "flagged wrongly", report.wrong)
        _tell(rows, "missed", report.missed)
    if against is not None:
        typer.echo("\n".join(_differences(rows, find, _finder(against))))


def _finder(folder: Path | None) -> Callable[[str], list["Span"]]:
    from lantian.settings import load_settings

    matcher = matcher_of(folder or load_settings().pack_dir)
    return lambda text: [(hit.claim, hit.start, hit.end) for hit in matcher.scan(text).hits]


def _lines(report: "Report") -> Iterator[str]:
    yield f"{report.texts} texts, {report.unsure} unsure and not scored"
    yield f"{'':26}{'texts':>6}  {'precision':<21}{'recall':<21}F1"
    yield _row("all", report.overall)
    yield _row("all, unsure as errors", report.with_unsure)
    for title, group in (
        ("length", report.lengths),
        ("claim", report.claims),
        ("family", report.families),
        ("voice", report.voices),
    ):
        yield title
        for name, count in sorted(group.items()):
            yield _row(f"  {name}", count)
    yield _share("right claim named", report.right_claim)
    yield _share("span touched", report.span_touched)
    yield _share("hard negatives flagged", report.hard_flagged)


def _row(name: str, count: "Count") -> str:
    there = count.right + count.missed
    return (
        f"{name:<26}{there:>6}  {_figure(count.precision, count.precision_interval):<21}"
        f"{_figure(count.recall, count.recall_interval):<21}"
        f"{_figure(count.f1, count.f1_interval)}"
    )


def _share(name: str, share: "Share") -> str:
    return f"{name:<26}{share.whole:>6}  {_figure(share.share, share.interval)}"


def _figure(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.3f} ({interval[0]:.3f}-{interval[1]:.3f})"


def _totals(report: "Report") -> dict[str, Any]:
    def group(counts: Mapping[str, "Count"]) -> dict[str, Any]:
        return {name: one(count) for name, count in sorted(counts.items())}

    def one(count: "Count") -> dict[str, Any]:
        return {
            "right": count.right,
            "wrong": count.wrong,
            "missed": count.missed,
            "precision": [count.precision, *count.precision_interval],
            "recall": [count.recall, *count.recall_interval],
            "f1": [count.f1, *count.f1_interval],
        }

    def share(part: "Share") -> dict[str, Any]:
        return {"part": part.part, "whole": part.whole, "share": [part.share, *part.interval]}

    return {
        "texts": report.texts,
        "unsure": report.unsure,
        "all": one(report.overall),
        "unsure_as_errors": one(report.with_unsure),
        "lengths": group(report.lengths),
        "claims": group(report.claims),
        "families": group(report.families),
        "voices": group(report.voices),
        "right_claim": share(report.right_claim),
        "span_touched": share(report.span_touched),
        "hard_flagged": share(report.hard_flagged),
    }


def _tell(rows: list["Labelled"], title: str, ids: tuple[str, ...]) -> None:
    texts = {row.id: row.text for row in rows}
    typer.echo(f"{title}: {len(ids)}")
    for name in ids:
        typer.echo(f"  {name}  {texts[name][:120]!r}")


def _differences(
    rows: list["Labelled"],
    find: Callable[[str], list["Span"]],
    other: Callable[[str], list["Span"]],
) -> Iterator[str]:
    """The texts in which the two packs name different claims."""
    yield "told otherwise by the other pack"
    number = 0
    for row in rows:
        here = {claim for claim, _start, _end in find(row.text)}
        there = {claim for claim, _start, _end in other(row.text)}
        if here != there:
            number += 1
            gone, new = sorted(here - there), sorted(there - here)
            parts = [f"-{claim}" for claim in gone] + [f"+{claim}" for claim in new]
            yield f"  {row.id} ({row.label})  {' '.join(parts)}  {row.text[:60]!r}"
    yield f"  {number} of {len(rows)} texts"
