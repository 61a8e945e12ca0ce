"""Texts cut into plain and marked pieces, for display. Pure.

Marks come from places in the original text, never from an engine's analyser. Places are
half-open code points.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a text and what is claimed there (a claim, or a searched word)."""

    start: int
    end: int
    claim: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a text; `claims` are those marked on all of it, sorted, none for plain text."""

    text: str
    start: int
    end: int
    claims: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Snippet:
    """An excerpt; `cut_before` and `cut_after` say whether the text goes on there."""

    segments: tuple[Segment, ...]
    cut_before: bool
    cut_after: bool


def segments(
    text: str, marks: Iterable[Mark], window: tuple[int, int] | None = None
) -> list[Segment]:
    """The text, or what of it lies in `window`, in pieces that are marked alike throughout.

    The pieces together are the text again. Where marks overlap, the piece has the claims of all
    of them. Raises `ValueError` for a place outside the text.
    """
    first, last = window if window is not None else (0, len(text))
    if not 0 <= first <= last <= len(text):
        raise ValueError(f"window {first}..{last} lies outside the text of {len(text)}")
    kept = []
    for mark in marks:
        if not 0 <= mark.start <= mark.end <= len(text):
            raise ValueError(f"{mark} lies outside the text of {len(text)}")
        start, end = max(mark.start, first), min(mark.end, last)
        if start < end:
            kept.append(Mark(start, end, mark.claim))
    return _pieces(text, kept, first, last)


def _pieces(text: str, marks: list[Mark], first: int, last: int) -> list[Segment]:
    steps = sorted(
        [(mark.start, 1, mark.claim) for mark in marks]
        + [(mark.end, -1, mark.claim) for mark in marks]
    )
    pieces: list[Segment] = []
    depth: dict[str, int] = {}
    at = first
    for place, step, claim in [*steps, (last, 0, "")]:
        if place > at:
            claims = tuple(sorted(name for name, count in depth.items() if count))
            if pieces and pieces[-1].claims == claims:
                at = pieces.pop().start
            pieces.append(Segment(text[at:place], at, place, claims))
            at = place
        depth[claim] = depth.get(claim, 0) + step
    return pieces


def snippets(text: str, marks: Iterable[Mark], *, around: int = 30, most: int = 3) -> list[Snippet]:
    """Excerpts of at most `most` places with marks, `around` code points on each side.

    Places whose surroundings touch share one excerpt. Without marks, the beginning of the text.
    """
    places = sorted(
        (mark for mark in marks if mark.start < mark.end), key=lambda mark: (mark.start, mark.end)
    )
    windows: list[tuple[int, int]] = []
    for mark in places:
        start, end = max(mark.start - around, 0), min(mark.end + around, len(text))
        if windows and start <= windows[-1][1]:
            windows[-1] = windows[-1][0], max(end, windows[-1][1])
        elif len(windows) < most:
            windows.append((start, end))
        else:
            break
    if not windows and text and around:
        windows = [(0, min(2 * around, len(text)))]
    return [
        Snippet(tuple(segments(text, places, window)), window[0] > 0, window[1] < len(text))
        for window in windows
    ]


def marks_of_words(
    text: str,
    phrases: Iterable[Sequence[str]],
    words_of: Callable[[str], Iterable[tuple[str, int, int]]],
) -> list[Mark]:
    """Where the words of a search stand in the text, each marked with itself.

    `words_of` gives the words of a text as they are indexed, with their places
    (`matchers.words.index_words`); a phrase is marked word by word.
    """
    sought = {word for phrase in phrases for word in phrase}
    return [Mark(start, end, word) for word, start, end in words_of(text) if word in sought]
