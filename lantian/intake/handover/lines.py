"""JSON lines: one object a row, its keys the headers."""

import json
from collections.abc import Iterator

from lantian.intake.handover.rows import Raw

_LONGEST_LINE = 2_000_000
_MOST_KEYS = 200


def rows_of(text: str) -> Iterator[Raw]:
    """Each line that is not empty, with its number; a line that is no object says so."""
    number = 0
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if stripped:
            yield _row(number, stripped)


def _row(number: int, line: str) -> Raw:
    if len(line) > _LONGEST_LINE:
        return Raw(number, {}, f"a line of {len(line)} characters")
    try:
        told = json.loads(line)
    except ValueError as error:
        return Raw(number, {}, f"this line is no JSON: {error}")
    except RecursionError:
        return Raw(number, {}, "this line is no JSON: it is nested too deeply")
    if not isinstance(told, dict) or len(told) > _MOST_KEYS:
        return Raw(number, {}, "this line is no JSON object of a row")
    return Raw(number, {key: _cell(value) for key, value in told.items()})


def _cell(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
