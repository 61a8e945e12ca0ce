"""`lantian match`: texts in, hits out, one line each; no store, no network."""

import json
import os
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

if TYPE_CHECKING:
    from matchers.scan import Hit, Matcher


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
) -> None:
    """Find claims in texts: lines of {"id", "text"} in, lines of {"id", "hits"} out."""
    from lantian.clock import SystemClock, legal_day
    from lantian.settings import load_settings

    day = on.date() if on else legal_day(SystemClock().now())
    matcher = matcher_of(load_settings().pack_dir)
    try:
        faults = answer(matcher, day, sys.stdin.buffer, sys.stdout.buffer)
    except BrokenPipeError:
        # The reader has gone; what is still buffered must not fail once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    if faults:
        raise typer.Exit(1)


def matcher_of(pack_dir: Path | None) -> "Matcher":
    """The matcher of the pack in a folder, compiled anew; raises `PackError`."""
    from lantian.errors import PackError
    from matchers.errors import MatcherError
    from matchers.pack import load_pack
    from matchers.scan import Matcher

    try:
        return Matcher.compile(load_pack(pack_dir))
    except MatcherError as error:
        raise PackError(error.message, hint=error.hint) from error


def answer(matcher: "Matcher", day: date, lines: BinaryIO, out: BinaryIO) -> int:
    """Answer each line as soon as it is read; the number of lines that could not be.

    A bad line is named on standard error by its number, from 1.
    """
    faults = 0
    for number, line in enumerate(lines, start=1):
        try:
            name, text = _read(line)
        except _BadLine as error:
            faults += 1
            typer.echo(f"line {number}: {error}", err=True)
            continue
        hits = [_row(hit, day) for hit in matcher.scan(text).hits]
        out.write(_encoded({"id": name, "hits": hits}))
        out.flush()
    return faults


class _BadLine(Exception):
    """A line that cannot be answered; the message says why."""


def _read(line: bytes) -> tuple[str, str]:
    try:
        row = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _BadLine(f"not UTF-8 from byte {error.start + 1} on") from error
    except json.JSONDecodeError as error:
        raise _BadLine(f"no JSON: {error.msg} at column {error.colno}") from error
    except RecursionError as error:
        raise _BadLine("no JSON that can be read: nested too deep") from error
    if not isinstance(row, dict):
        raise _BadLine('no object: expected {"id": …, "text": …}')
    for field in ("id", "text"):
        if not isinstance(row.get(field), str):
            raise _BadLine(f"`{field}` is missing or no string")
    return row["id"], row["text"]


def _row(hit: "Hit", day: date) -> dict[str, Any]:
    from lantian.law import articles_in_force

    return {
        "claim": hit.claim,
        "rule": hit.rule,
        "start": hit.start,
        "end": hit.end,
        "text": hit.text,
        "score": hit.score,
        "why": hit.why,
        "law": [article.label_zh for article in articles_in_force(hit.law, day)],
    }


def _encoded(row: dict[str, Any]) -> bytes:
    try:
        return json.dumps(row, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        # A lone surrogate came in as an escape, and goes out as one.
        return json.dumps(row).encode() + b"\n"
