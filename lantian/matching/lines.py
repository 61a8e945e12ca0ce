"""Lines of JSON with texts in, lines of JSON with their hits out."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from typing import Any

from lantian.law import articles_in_force
from lantian.matching.answer import MOST_OF_A_LINE, Answer, fault, told, too_long
from matchers.scan import Hit, Matcher, ScanResult


@dataclass(frozen=True, slots=True)
class Text:
    """A text under the name that its sender gave it; `number` is that of its line, from 1."""

    number: int
    name: str
    text: str


def answer(
    matcher: Matcher, day: date, first: int, lines: bytes, *, entities: bool = False
) -> Answer:
    """The answer to whole lines, of which the first has the number `first`.

    One line for each text, in their order; the law is that of `day`. The last line need not be
    ended. A line without an answer is named among the faults. With `entities` those of each text
    with hits are told too.
    """
    faults: list[str] = []
    texts = list(_texts(first, lines, faults))
    results = _scanned(matcher, texts, faults)
    out = b"".join(
        _encoded(
            text.name, result, day, _entities(matcher, text.text, result) if entities else None
        )
        for text, result in zip(texts, results, strict=True)
        if result is not None
    )
    if len(faults) > 1:
        faults.sort(key=_line_of)
    return Answer(out, told(*faults).faults)


def _line_of(fault: str) -> int:
    return int(fault.split(":", 1)[0].removeprefix("line "))


def _texts(first: int, lines: bytes, faults: list[str]) -> Iterator[Text]:
    """The texts of the lines that can be read; what the others lack goes to `faults`."""
    rows = lines.split(b"\n")
    if not rows[-1]:
        rows.pop()
    for number, row in enumerate(rows, start=first):
        if len(row) > MOST_OF_A_LINE:
            faults.append(too_long(number))
            continue
        try:
            name, text = _read(row)
        except _BadLine as error:
            faults.append(fault(number, str(error)))
        else:
            yield Text(number, name, text)


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
    except ValueError as error:  # A number of more digits than Python reads.
        raise _BadLine(f"no JSON that can be read: {error}") from error
    if not isinstance(row, dict):
        raise _BadLine('no object: expected {"id": …, "text": …}')
    name, text = row.get("id"), row.get("text")
    if not isinstance(name, str):
        raise _BadLine("`id` is missing or no string")
    if not isinstance(text, str):
        raise _BadLine("`text` is missing or no string")
    return name, text


def _scanned(matcher: Matcher, texts: list[Text], faults: list[str]) -> list[ScanResult | None]:
    """The result of each text; `None`, and a fault, where the matcher failed over it."""
    try:
        return list(matcher.scan_many(text.text for text in texts))
    except Exception:  # noqa: BLE001  (one text's fault leaves the others theirs)
        return [_alone(matcher, text, faults) for text in texts]


def _alone(matcher: Matcher, text: Text, faults: list[str]) -> ScanResult | None:
    try:
        return matcher.scan(text.text)
    except Exception as error:  # noqa: BLE001  (told with its line; the next text is not touched)
        faults.append(fault(text.number, f"the matcher failed: {type(error).__name__}: {error}"))
        return None


_ENCODE: Callable[[Any], str] = json.JSONEncoder(ensure_ascii=False).encode


def _encoded(
    name: str, result: ScanResult, day: date, entities: list[dict[str, Any]] | None
) -> bytes:
    row: dict[str, Any] = {"id": name, "hits": [_row(hit, day) for hit in result.hits]}
    if entities is not None:
        row["entities"] = entities
    if result.truncated:
        row["truncated"] = True
    try:
        return _ENCODE(row).encode() + b"\n"
    except UnicodeEncodeError:
        # A lone surrogate came in as an escape, and goes out as one.
        return json.dumps(row).encode() + b"\n"


def _entities(matcher: Matcher, text: str, result: ScanResult) -> list[dict[str, Any]]:
    return [asdict(entity) for entity in matcher.entities(text)] if result.hits else []


def _row(hit: Hit, day: date) -> dict[str, Any]:
    return {
        "claim": hit.claim,
        "rule": hit.rule,
        "start": hit.start,
        "end": hit.end,
        "text": hit.text,
        "score": hit.score,
        "why": hit.why,
        "law": _labels(hit.law, day),
    }


@cache
def _labels(keys: tuple[str, ...], day: date) -> list[str]:
    """The articles behind some keys, as they are cited; there are few such lists in a pack."""
    return [article.label_zh for article in articles_in_force(keys, day)]
