"""What is written in a picture: lines with their boxes, and the text that they make. Picklable."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Box = tuple[int, int, int, int, int, int, int, int]
"""Corners x1, y1 … x4, y4 in pixels of the picture as it is shown, clockwise from upper left."""
State = Literal["read", "small", "unreadable"]

UNREADABLE = {
    "type": "it is no picture of a known format",
    "large": "it is larger than is decoded",
    "broken": "its bytes are cut off or no picture",
    "time": "reading took longer than allowed",
    "memory": "reading took more memory than allowed",
    "crash": "the reader died on it",
}
"""The codes with which `ReadPicture.why` begins."""

_SENTENCE_END = frozenset("。！？；!?;：:…")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of writing: its text, how sure the reader is (0 to 1), and where it stands."""

    text: str
    score: float
    box: Box

    def told(self) -> list[Any]:
        """The line as JSON keeps it."""
        return [self.text, self.score, list(self.box)]

    @classmethod
    def of(cls, told: Sequence[Any]) -> "Line":
        """The line that `told` wrote."""
        text, score, box = told
        a, b, c, d, e, f, g, h = map(int, box)
        return cls(str(text), float(score), (a, b, c, d, e, f, g, h))

    @property
    def left(self) -> int:
        """Its left edge."""
        return min(self.box[::2])

    @property
    def right(self) -> int:
        """Its right edge."""
        return max(self.box[::2])

    @property
    def top(self) -> int:
        """Its upper edge."""
        return min(self.box[1::2])

    @property
    def bottom(self) -> int:
        """Its lower edge."""
        return max(self.box[1::2])

    @property
    def size(self) -> float:
        """About how high its letters are, also where it is turned."""
        left = abs(self.box[7] - self.box[1]) + abs(self.box[6] - self.box[0])
        right = abs(self.box[5] - self.box[3]) + abs(self.box[4] - self.box[2])
        return max(1.0, (left + right) / 2)


@dataclass(frozen=True, slots=True)
class ReadPicture:
    """What one picture says; `why` is a reason ("code: sentence") where it could not be read."""

    state: State
    media_type: str = ""
    width: int = 0
    height: int = 0
    lines: tuple[Line, ...] = ()
    why: str = ""


def unreadable(code: str, detail: str = "", media_type: str = "") -> ReadPicture:
    """A picture that says nothing, for a reason of `UNREADABLE`; never the same as clean."""
    return ReadPicture("unreadable", media_type, why=f"{code}: {detail or UNREADABLE[code]}")


def text_of(lines: Sequence[Line]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The text of the lines, and of each the half-open code points where it stands in it.

    A line that goes on in the next one is joined to it without a break, as a sentence that was
    wrapped is one sentence; all others end with a line feed.
    """
    parts: list[str] = []
    spans = []
    place = 0
    for number, line in enumerate(lines):
        if number and not goes_on(lines[number - 1], line):
            parts.append("\n")
            place += 1
        parts.append(line.text)
        spans.append((place, place + len(line.text)))
        place += len(line.text)
    return "".join(parts), tuple(spans)


def goes_on(line: Line, below: Line) -> bool:
    """Whether a sentence of the line goes on in the one below it: a wrapped paragraph.

    It does where both begin at one edge in letters of one size with no gap between, the upper one
    reaches as far as the lower, and ends with no sentence.
    """
    size = min(line.size, below.size)
    return (
        line.text[-1:] not in _SENTENCE_END
        and max(line.size, below.size) <= 1.3 * size
        and abs(line.left - below.left) <= size
        and line.right >= below.right - size
        and line.top < below.top
        and below.top - line.bottom <= 0.9 * size
    )
