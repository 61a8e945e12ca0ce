"""`lantian evidence checkpoint` and `consistency`: the log of sealed days, for whoever keeps it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from lantian.evidence.daylog import DayLog, Point


def checkpoint(
    day: Annotated[str, typer.Argument(help="A sealed day; without it, the newest.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="With the key, as JSON.")] = False,
) -> None:
    """Print the signed root over all sealed days up to one: a signed note (C2SP tlog-checkpoint).

    Whoever keeps it can be shown later, by `lantian evidence consistency`, that no day up to there
    was changed. The weekly summary carries it as well.
    """
    from lantian.errors import NotFound
    from lantian.evidence.daylog import DayLog, key_told
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    try:
        with parts.store.read() as session:
            log = DayLog(session)
            point = log.named(day) if day else log.last()
            if point is None or point.note is None:
                raise NotFound(
                    "no checkpoint was signed of that.", hint="`lantian evidence seal` seals days."
                )
            key = key_told(session, point.day)
    finally:
        parts.close()
    if as_json:
        typer.echo(json.dumps({"day": point.day, "key": key, "note": point.note}))
        return
    typer.echo(point.note, nl=False)
    typer.echo(f"{point.day}; the key: {key}", err=True)


def consistency(
    first: Annotated[
        str,
        typer.Argument(help="A sealed day, a number of days, or a file with a checkpoint."),
    ],
    second: Annotated[
        str, typer.Argument(help="The later one; without it, the newest checkpoint.")
    ] = "",
    check: Annotated[
        bool, typer.Option("--check", help="FIRST is a file with a proof: check it by itself.")
    ] = False,
    key: Annotated[
        list[str],
        typer.Option(help="A key (NAME+ID+KEY) that must have signed both; with --check."),
    ] = [],  # noqa: B006
) -> None:
    """Prove that the log of days at one checkpoint became that at another (RFC 9162, 2.1.4).

    The proof is JSON, and is checked by anybody with `--check`, without the store.
    """
    if check:
        _check(Path(first), key)
        return
    from lantian.evidence.daylog import DayLog
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    try:
        with parts.store.read() as session:
            log = DayLog(session)
            later = _point(log, second) if second else log.point(log.size)
            proof = log.consistency(_point(log, first), later)
    finally:
        parts.close()
    typer.echo(json.dumps(proof, indent=1))


def _point(log: "DayLog", name: str) -> "Point":
    path = Path(name)
    return log.held(_text(path)) if path.is_file() else log.named(name)


def _check(path: Path, keys: list[str]) -> None:
    """Tell what a proof proves; raises `Invalid` and `EvidenceDamaged`."""
    from lantian.errors import EvidenceDamaged, Invalid
    from lantian.evidence.daylog import checked_consistency
    from lantian.evidence.note import BadNote, Verifier
    from lantian.evidence.tree import BadProof

    try:
        verifiers = [Verifier.read(one) for one in keys]
    except BadNote as error:
        raise Invalid(f"--key: {error}.", hint="`lantian evidence checkpoint` tells it.") from error
    try:
        earlier, later = checked_consistency(_json(path), verifiers)
    except (BadNote, BadProof) as error:
        raise EvidenceDamaged(
            f"{path}: {error}.", hint="Ask for the proof again, and compare the checkpoints."
        ) from error
    by = "signed by a key that you gave" if verifiers else "signatures were not judged: give --key"
    typer.echo(
        f"{later.origin}: the log of {earlier.size} days became that of {later.size} days, and"
        f" none of the first was changed; {by}."
    )


def _json(path: Path) -> Any:
    from lantian.errors import Invalid

    try:
        return json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{path} is no JSON.") from error


def _text(path: Path) -> str:
    from lantian.errors import Invalid

    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeError) as error:
        raise Invalid(f"{path} cannot be read.", hint="Name a file with a checkpoint.") from error
