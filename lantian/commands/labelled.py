"""Files of labelled texts: read with their faults named, and frozen ones told from others."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lantian.errors import Invalid

if TYPE_CHECKING:
    from matchers.evaluate import Labelled

FROZEN = ".sha256"
"""Suffix of the file that holds the digest of a frozen set: `unseen.jsonl.sha256`."""


def read_labelled(file: Path) -> Iterator["Labelled"]:
    """The labelled texts of a file; raises `Invalid` naming the line that cannot be read."""
    from matchers.errors import LabelError
    from matchers.evaluate import read_row

    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{file} cannot be read: {error}.", hint="Name a UTF-8 file.") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield read_row(json.loads(line))
        except json.JSONDecodeError as error:
            raise Invalid(
                f"{file}:{number}: no JSON: {error.msg} at column {error.colno}.",
                hint="One JSON object a line.",
            ) from error
        except LabelError as error:
            raise Invalid(f"{file}:{number}: {error.message}", hint=error.hint) from error


def frozen_digest(file: Path) -> str | None:
    """The digest with which a set is frozen; `None`: it is not.

    Raises `Invalid` if the file is not the one that was frozen.
    """
    kept = file.with_name(file.name + FROZEN)
    if not kept.exists():
        return None
    wanted = kept.read_text("utf-8").split()[0]
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != wanted:
        raise Invalid(
            f"{file} is frozen as sha256 {wanted[:12]}… and is {found[:12]}… now.",
            hint="Restore the file; a changed set needs a name of its own.",
        )
    return wanted
