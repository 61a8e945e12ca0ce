"""CSV as offices send it: UTF-8 with or without its mark, UTF-16, GB18030; any usual delimiter."""

import csv
import io
from collections import Counter
from collections.abc import Iterator

from lantian.errors import Invalid

DELIMITERS = (",", "\t", ";", "|", "，")
_LONGEST_CELL = 1_000_000
_LOOK = 64 * 1024
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def text_of(data: bytes, *, name: str) -> tuple[str, str]:
    """The text of a file and its encoding; raises `Invalid` naming where it ends to be text."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data, encoding, name), encoding
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        first = error
    try:
        return data.decode("gb18030"), "gb18030"
    except UnicodeDecodeError:
        line = data.count(b"\n", 0, first.start) + 1
        raise Invalid(
            f"{name}, line {line}: neither UTF-8 nor GB18030.",
            hint="Save it as CSV UTF-8, or as XLSX.",
        ) from first


def _strict(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Invalid(
            f"{name}, line {line}: it begins as {encoding} and is not.", hint="Save it again."
        ) from error


def delimiter_of(text: str) -> str:
    """What parts the cells: what gives the same number of them, above one, in most rows."""
    best, score = ",", 0.0
    for candidate in DELIMITERS:
        try:
            rows = list(csv.reader(io.StringIO(_whole_lines(text)), delimiter=candidate))
        except csv.Error:
            continue
        widths = Counter(len(row) for row in rows if row)
        if not widths:
            continue
        width, count = max(widths.items(), key=lambda one: (one[1], one[0]))
        if width > 1:
            found = count / widths.total() + width / 1_000
            if found > score:
                best, score = candidate, found
    return best


def _whole_lines(text: str) -> str:
    """The first lines, as far as they are whole."""
    if len(text) <= _LOOK:
        return text
    return text[:_LOOK].rpartition("\n")[0] or text[:_LOOK]


def cells_of(text: str) -> Iterator[tuple[int, list[str], str]]:
    """Each row with its number from 1 and its cells, or a fault that ends the file."""
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text))
    number = 0
    while True:
        number += 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # What follows cannot be told apart from it.
            yield number, [], f"the file cannot be parsed from here on: {error}"
            return
        yield number, [cell.strip() for cell in row], ""
