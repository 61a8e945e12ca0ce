"""`lantian match`: texts in, hits out, one line each; no store, no network."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lantian.matching.cores import MOST, cores

if TYPE_CHECKING:
    from lantian.matching.setup import Setup
    from lantian.settings import Settings
    from matchers.scan import Matcher


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("match")(match)


def match(
    on: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="Day whose law is named (default: today).", metavar="DATE"
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1, max=MOST, help="Processes that match (default: the cores that are free to it)."
        ),
    ] = None,
    entities: Annotated[
        bool,
        typer.Option(help="Tell contacts, prices, names and the like of texts with hits too."),
    ] = False,
) -> None:
    """Find claims in texts: lines of {"id", "text"} in, lines of {"id", "hits"} out.

    A line that cannot be answered is named on standard error; the status is then 1.
    """
    from lantian.matching.answering import answer_lines
    from lantian.settings import load_settings

    setup = _setup(load_settings(), on, entities=entities)
    try:
        whole = answer_lines(setup, jobs or cores(), source=0, out=1, faults=2)
    except BrokenPipeError:
        raise typer.Exit(1) from None  # Who read the answers has gone.
    if not whole:
        raise typer.Exit(1)


def _setup(settings: "Settings", on: datetime | None, *, entities: bool) -> "Setup":
    from lantian.clock import SystemClock, legal_day
    from lantian.matching.setup import Setup

    day = on.date() if on else legal_day(SystemClock().now())
    # Compiled packs are kept where there is a data folder; none is made for them.
    cache_dir = settings.cache_dir if settings.data_dir.is_dir() else None
    return Setup(settings.pack_dir, cache_dir, day, entities)


def matcher_of(pack_dir: Path | None) -> "Matcher":
    """The matcher of the pack in a folder, compiled anew; raises `PackError`."""
    from lantian.matching.kept import matcher_of as kept_or_compiled

    return kept_or_compiled(pack_dir, None)
