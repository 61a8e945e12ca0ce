"""`lantian rules second …`: a second opinion that learns from what reviewers decide."""

import getpass
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lantian.commands.labelled import frozen_digest, read_labelled
from lantian.commands.match import matcher_of
from lantian.commands.rulebook import opened
from lantian.errors import Conflict, Invalid

if TYPE_CHECKING:
    from lantian.second.labels import Examples
    from lantian.second.opinion import Head, Opinion
    from lantian.wiring import Parts
    from lantian.worker.handlers import Task
    from matchers.scan import Matcher

Files = Annotated[
    list[Path] | None, typer.Argument(help="Labelled texts beside, one JSON object a line.")
]
SHOWN = 15
"""Runs that are shown on either side."""
QUESTIONS = {
    "clue": "will people confirm this clue",
    "missed": "does a text without hits make an offer",
}


def add(rules: typer.Typer) -> None:
    """Add the commands to `lantian rules`."""
    group = typer.Typer(
        help="A second opinion, learnt from decisions: it orders the queue, lists likely misses.",
        no_args_is_help=True,
    )
    group.command("train")(train)
    group.command("measure")(measure)
    group.command("show")(show)
    group.command("look")(look)
    group.command("remove")(remove)
    rules.add_typer(group, name="second")


def train(
    files: Files = None,
    decisions: Annotated[
        bool, typer.Option("--decisions/--no-decisions", help="Learn from what the store holds.")
    ] = True,
) -> None:
    """Learn a second opinion from reviewers' decisions and labelled texts, and ask it.

    Prints how good it is on examples that it had not seen. The one before is no longer asked.
    """
    from lantian.second import labels, looks
    from lantian.second.made import made

    _check_extra()
    rows = _labelled(files or [])
    with opened() as parts:
        matcher = parts.matcher
        examples = labels.Examples()
        origin: dict[str, Any] = _of_files(examples, rows, matcher)
        if decisions:
            tables = matcher.tables
            with parts.store.read() as session:
                origin["decisions"] = labels.from_decisions(examples, session, tables)
                origin["marks"] = labels.from_marks(examples, session, tables)
                origin["taken as clean"] = labels.from_silence(examples, session, tables)
        opinion, unseen = made(examples, origin | {"pack": matcher.pack_hash})
        at = parts.moment()
        with parts.store.write() as session:
            looks.keep(session, opinion, actor=_actor(), at=at)
        typer.echo("\n".join(_told(opinion)))
        clues, texts = looks.look_at_all(parts.store, matcher.tables, now=at.now, unseen=unseen)
    typer.echo(f"Asked of {clues} clues and {texts} texts without hits.")


def measure(
    files: Annotated[list[Path], typer.Argument(help="Labelled texts, one JSON object a line.")],
    pack: Annotated[Path | None, typer.Option(help="Folder of the pack.", metavar="DIR")] = None,
) -> None:
    """Measure what labelled texts would teach, by folds; needs no store and keeps nothing."""
    from lantian.second.labels import Examples
    from lantian.second.made import made
    from lantian.settings import load_settings

    _check_extra()
    rows = _labelled(files)
    matcher = matcher_of(pack or load_settings().pack_dir)
    examples = Examples()
    opinion, _ = made(examples, _of_files(examples, rows, matcher))
    typer.echo("\n".join(_told(opinion)))


def show() -> None:
    """Show the second opinion that is asked: whence it is, how good, and what weighs most."""
    from lantian.second.looks import present
    from lantian.second.opinion import read_opinion

    with opened() as parts, parts.store.read() as session:
        row = present(session)
        if row is None:
            raise Conflict(
                "there is no second opinion.", hint="Learn one: `lantian rules second train`."
            )
        typer.echo(f"{row.digest[:19]} learnt {row.made_at:%F %T} UTC by {row.made_by}")
        opinion = read_opinion(row.content)
    typer.echo("\n".join(_told(opinion)))
    for name in QUESTIONS:
        head: Head | None = getattr(opinion, name)
        if head:
            typer.echo("\n".join(_weights(name, head)))


def look() -> None:
    """Ask the second opinion of everything that is new; the worker does it once an hour."""
    from lantian.second.looks import look_at_all

    with opened() as parts:
        clues, texts = look_at_all(parts.store, parts.matcher.tables, now=parts.clock.now())
    typer.echo(f"Asked of {clues} clues and {texts} texts without hits.")


def remove() -> None:
    """Ask no second opinion any more; what people marked stays to be learnt from."""
    from lantian.second import looks

    with opened() as parts, parts.store.write() as session:
        looks.remove(session, actor=_actor(), at=parts.moment())
    typer.echo("No second opinion is asked any more.")


def look_at_kept(parts: "Parts", task: "Task") -> None:
    """The worker's job: ask the second opinion of what is new."""
    from lantian.second.looks import look_at_all

    look_at_all(parts.store, parts.matcher.tables, now=parts.clock.now(), stop=task.stop)


def _check_extra() -> None:
    try:
        import sklearn  # noqa: F401
    except ImportError as error:
        raise Invalid(
            "learning needs scikit-learn, which is not installed.",
            hint="Install the extra: pip install 'lantian[second]'.",
        ) from error


def _labelled(files: Iterable[Path]) -> dict[str, list[Any]]:
    for file in files:
        if frozen_digest(file) is not None:
            raise Invalid(f"{file} is frozen to measure on.", hint="Learn from other texts.")
    return {file.name: list(read_labelled(file)) for file in files}


def _of_files(
    examples: "Examples", rows: Mapping[str, list[Any]], matcher: "Matcher"
) -> dict[str, Any]:
    from lantian.second.labels import from_labelled

    for name, some in rows.items():
        from_labelled(examples, some, matcher, name)
    return {"files": {name: len(some) for name, some in rows.items()}}


def _actor() -> str:
    return f"process:second by {getpass.getuser()}"


def _told(opinion: "Opinion") -> Iterator[str]:
    origin = {name: value for name, value in opinion.origin.items() if name != "pack"}
    yield "learnt from " + ", ".join(f"{name}: {value}" for name, value in origin.items())
    for name, question in QUESTIONS.items():
        head: Head | None = getattr(opinion, name)
        if head is None:
            yield f"{name} ({question}): too few examples of either answer, nothing was learnt"
            continue
        figures = head.figures
        yield f"{name} ({question}): {figures['examples']} examples, {figures['yes']} yes"
        yield (
            f"  Brier score {figures['brier']:.4f} (always the share: "
            f"{figures['brier_of_share']:.4f}), ranked right {figures['ranked_right']:.4f}, "
            f"{head.curve.kind}"
        )
        yield "  said    came true  examples"
        for count, said, came in figures["reliability"]:
            yield f"  {said:.3f}   {came:.3f}      {count}"


def _weights(name: str, head: "Head") -> Iterator[str]:
    runs = sorted(head.runs.items(), key=lambda item: item[1])
    words = [(run, by) for run, by in runs if len(run) > 1]
    yield f"{name}, for: " + " ".join(f"{run} {by:+.2f}" for run, by in words[::-1][:SHOWN])
    yield f"{name}, against: " + " ".join(f"{run} {by:+.2f}" for run, by in words[:SHOWN])
    if head.rules:
        said = sorted(head.rules.items(), key=lambda item: -item[1])
        yield f"{name}, rules: " + " ".join(f"{rule} {by:+.2f}" for rule, by in said)
