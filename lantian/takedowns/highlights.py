"""Passages of a text with its claims marked, cut here so that no reader counts offsets."""

from collections.abc import Iterable
from itertools import pairwise
from typing import TypedDict

CONTEXT = 60
"""Characters that are shown on either side of a hit."""


class Segment(TypedDict):
    """A piece of text, and the claims that stand in it (none for the text between)."""

    text: str
    claims: list[str]


Mark = tuple[int, int, str]
"""Start, end (half-open code points of the text) and claim of a hit."""


def passages(text: str, marks: Iterable[Mark], *, context: int = CONTEXT) -> list[list[Segment]]:
    """The passages around the marks, in order, each cut where its marks begin and end.

    Joined, the segments of a passage are a slice of `text`; marks outside it are left out.
    """
    kept = sorted({mark for mark in marks if 0 <= mark[0] < mark[1] <= len(text)})
    return [_segments(text, start, end, kept) for start, end in _spans(kept, len(text), context)]


def _spans(marks: list[Mark], length: int, context: int) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for start, end, _ in marks:
        first, last = max(0, start - context), min(length, end + context)
        if spans and first <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], last))
        else:
            spans.append((first, last))
    return spans


def _segments(text: str, first: int, last: int, marks: list[Mark]) -> list[Segment]:
    inside = [mark for mark in marks if first <= mark[0] and mark[1] <= last]
    edges = sorted({first, last, *(mark[0] for mark in inside), *(mark[1] for mark in inside)})
    return [
        Segment(
            text=text[start:end],
            claims=sorted({claim for a, b, claim in inside if a <= start and end <= b}),
        )
        for start, end in pairwise(edges)
    ]
