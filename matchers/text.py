"""Folded text with the way back to the original.

Folding makes one character of each that means the same (width, case, traditional, variants) and
sets aside what stands between characters without meaning (zero-width marks, emoji, stars,
spaces). Every folded character knows the half-open place in the original from which it came.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matchers import native

TABLE_SIZE = 0x40000
_BMP = 0x10000

Ints = NDArray[np.int64]
Points = NDArray[np.uint32]


class Kind(IntEnum):
    """What a character is to the matcher; the order is the strength of a gap it leaves."""

    KEEP = 0
    INVISIBLE = 1
    SPACE = 2
    SYMBOL = 3
    NEWLINE = 4
    COMMA = 5
    STOP = 6


# Commas end a clause, stops a sentence (the colon only a clause; it is kept as itself).
_COMMAS = dict.fromkeys("，,、､﹐﹑،", "，") | {
    "、": "、",
    "､": "、",
    "﹑": "、",
    "：": "：",
    ":": "：",
}
_COMMAS |= {".": "，", "﹒": "，", "．": "，", "﹕": "：", "︰": "："}
_STOPS = {
    "。": "。", "｡": "。", "！": "！", "!": "！", "？": "？", "?": "？", "；": "；", ";": "；",
    "…": "。", "﹔": "；", "﹖": "？", "﹗": "！", "⁉": "？", "‼": "！", "❓": "？", "❔": "？",
    "❗": "！", "❕": "！",
}  # fmt: skip
_NEWLINES = "\n\r\v\f\x85\u2028\u2029"
_KEPT_SYMBOLS = {
    "%": "%",
    "％": "%",
    "﹪": "%",
    "+": "+",
    "＋": "+",
    "➕": "+",
    "¥": "¥",
    "￥": "¥",
}
# Letters that stand in for Latin ones (Cyrillic, Greek): contact names are written with them.
_LATIN_TWINS = dict(
    zip(
        "аеорсухіјѕԁԛԝвнкмтνοραικΑΒΕΗΙΚΜΝΟΡΤΧΥΖ",
        "aeopcyxijsdqwbhkmtvopaikabehikmnoptxyz",
        strict=True,
    )
)


@dataclass(frozen=True)
class Tables:
    """The character tables: what each code point folds to and which kind it is."""

    folds: NDArray[np.uint32]
    kinds: NDArray[np.uint8]

    def fold_term(self, term: str) -> str:
        """`term` of a pack as it stands in folded text."""
        points = _points(term)
        kept = self.kinds[points] == Kind.KEEP
        return string_of(self.folds[points][kept])

    def fold_term_keeping(self, spelling: str) -> str:
        """`spelling` folded, a question mark kept as itself (a character lost)."""
        return "?".join(self.fold_term(part) for part in spelling.split("?"))


def build_tables(pairs: dict[str, str]) -> Tables:
    """The tables for `pairs` (character -> simplified or plain form) over Unicode's own forms."""
    folds = np.arange(TABLE_SIZE, dtype=np.uint32)
    kinds = np.full(TABLE_SIZE, Kind.KEEP, dtype=np.uint8)
    for point in range(0x20000):
        char = chr(point)
        kind = _kind(char)
        kinds[point] = kind
        if kind is Kind.KEEP:
            folds[point] = ord(_fold_char(char, pairs))
        elif kind in (Kind.COMMA, Kind.STOP):
            folds[point] = ord(_COMMAS.get(char) or _STOPS[char])
    kinds[0x30000:] = Kind.SYMBOL
    return Tables(folds, kinds)


def _fold_char(char: str, pairs: dict[str, str]) -> str:
    if char in _KEPT_SYMBOLS:
        return _KEPT_SYMBOLS[char]
    plain = _styled(char) or unicodedata.normalize("NFKC", char)
    plain = plain if len(plain) == 1 else _inner_letter(char, plain)
    lower = plain.lower()
    plain = lower if len(lower) == 1 else plain
    plain = _LATIN_TWINS.get(plain, plain)
    return pairs.get(plain, plain)


def _inner_letter(char: str, plain: str) -> str:
    """The letter or digit inside a compatibility form such as ⒜ or ⑴; else the form itself."""
    inner = plain.strip("().,")
    return inner if len(inner) == 1 and inner.isalnum() else char


_WHITE_ON_BLACK = (range(0x1F150, 0x1F16A), range(0x1F170, 0x1F18A))
"""Letters in black circles and squares, of which Unicode knows no plain form."""


def _styled(char: str) -> str:
    """The plain letter or digit of a styled one (🅐, ❶, ⓵); empty if it is none."""
    for letters in _WHITE_ON_BLACK:
        if ord(char) in letters:
            return chr(ord("a") + letters.index(ord(char)))
    digit = unicodedata.digit(char, None)
    return "" if digit is None else str(digit)


def _kind(char: str) -> Kind:  # noqa: PLR0911  (a list of cases, each its own answer)
    point = ord(char)
    if char in _KEPT_SYMBOLS:
        return Kind.KEEP
    if char in _COMMAS:
        return Kind.COMMA
    if char in _STOPS:
        return Kind.STOP
    if char in _NEWLINES:
        return Kind.NEWLINE
    category = unicodedata.category(char)
    if category in ("Cc", "Cf", "Mn", "Me", "Cs", "Cn", "Co"):
        return Kind.SPACE if char == "\t" else Kind.INVISIBLE
    if category == "Zs":
        return Kind.SPACE
    # Squared ideographs such as 🉐 are ornaments between characters, never part of a word.
    if 0x1F200 <= point <= 0x1F2FF or char == "ㅤ":
        return Kind.SYMBOL
    if category[0] in "LN" or char in "⺀⺁" or _styled(char):
        return Kind.KEEP
    if 0x2E80 <= point <= 0x2FDF or 0x1F130 <= point <= 0x1F149:
        return Kind.KEEP
    folded = unicodedata.normalize("NFKC", char)
    if len(folded) == 1 and unicodedata.category(folded)[0] in "LN":
        return Kind.KEEP
    return Kind.SYMBOL


class Span(NamedTuple):
    """A half-open place in a text, in code points."""

    start: int
    end: int


@dataclass(slots=True)
class Folded:
    """A folded text.

    `chars[i]` came from `original[starts[i]:ends[i]]`; `gaps[i]` is the strongest kind of what
    was set aside just before it. Commas, stops and line ends are kept as characters (，、：。！？；
    and a newline). `quotes` are the marks of quotation: (index in `chars`, mark).
    """

    chars: str
    starts: Ints
    ends: Ints
    gaps: bytearray
    quotes: list[tuple[int, str]] = field(default_factory=list)
    spelt: bool = True
    """Whether marks stand one character apart, as in words that are spelt with marks between."""

    def original(self, start: int, end: int) -> Span:
        """The place in the original of `chars[start:end]` (not empty)."""
        return Span(int(self.starts[start]), int(self.ends[end - 1]))


def points_of(text: str) -> NDArray[np.uint32]:
    """The code points of `text` as a table index: those beyond the table become its last."""
    points = _points(text)
    return np.minimum(points, TABLE_SIZE - 1, dtype=np.uint32) if points.size else points


def _points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def string_of(points: NDArray[np.uint32]) -> str:
    """The text of code points."""
    return points.astype("<u4", copy=False).tobytes().decode("utf-32-le", "surrogatepass")


def units_of(text: str) -> NDArray[np.uint16] | NDArray[np.uint32]:
    """One number a character, the cheapest that fits: a table index."""
    units = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), dtype=np.uint16)
    return units if units.size == len(text) else points_of(text)


_QUOTE: NDArray[np.bool_] = np.zeros(_BMP, dtype=np.bool_)
_QUOTE[list(map(ord, '“”"「」『』‘’＂〝〞«»'))] = True


def fold(text: str, tables: Tables) -> Folded:
    """`text` folded."""
    return fold_many([text], tables)[0]


def fold_many(texts: Sequence[str], tables: Tables) -> list[Folded]:
    """Each of `texts` folded, at less cost than one by one."""
    joined = "\n".join((*texts, ""))
    points, loops = _points(joined), native.library()
    kept, where, gaps = _kept_by(loops, points, tables) if loops else _kept(joined, tables)
    chars = string_of(kept)
    quotes = _quotes(joined, points, where)
    bounds = np.cumsum([0, *(len(text) + 1 for text in texts)])
    firsts = np.searchsorted(where, bounds).tolist()
    starts = where - np.repeat(bounds[:-1], np.diff(firsts))
    ends = starts + 1
    spelt = set(np.searchsorted(firsts, _marks_apart(kept), side="right").tolist())
    parts = []
    for number, (first, following) in enumerate(pairwise(firsts), 1):
        last = following - 1  # Without the line end that was put between.
        own = slice(first, last)
        inside = quotes[bisect_left(quotes, (first,)) : bisect_left(quotes, (following,))]
        marks = [(index - first, mark) for index, mark in inside]
        whether = number in spelt
        parts.append(Folded(chars[own], starts[own], ends[own], gaps[own], marks, whether))
    return parts


_MARK: NDArray[np.bool_] = np.zeros(_BMP, dtype=np.bool_)
_MARK[list(map(ord, "，、："))] = True


def _marks_apart(kept: Points) -> Ints:
    """Where a comma stands with another behind the next character, in folded characters."""
    marks = _MARK.take(kept, mode="clip")
    return np.flatnonzero(marks[:-2] & marks[2:])


def _kept(text: str, tables: Tables) -> tuple[Points, Ints, bytearray]:
    """The folded characters of a text that are kept, where each stood, and the gaps before."""
    points = points_of(text)
    kinds = tables.kinds[points]
    dotted = _inside_numbers(text)
    if dotted:
        kinds[dotted] = Kind.KEEP
    kept = (kinds == Kind.KEEP) | (kinds >= Kind.NEWLINE)
    where = np.flatnonzero(kept)
    folded = tables.folds[points[where]]
    folded[kinds[where] == Kind.NEWLINE] = ord("\n")
    folded[np.searchsorted(where, dotted)] = ord(".")
    return folded, where, _gaps(kinds, where)


def _kept_by(
    loops: native.Loops, points: NDArray[np.uint32], tables: Tables
) -> tuple[Points, Ints, bytearray]:
    """The same by the loops in C, from the code points of the text."""
    chars = np.empty(len(points), dtype=np.uint32)
    where = np.empty(len(points), dtype=np.int64)
    gaps = np.empty(len(points), dtype=np.uint8)
    count = loops.text_fold(
        native.address(points),
        native.whole(len(points)),
        native.address(tables.folds),
        native.address(tables.kinds),
        native.whole(TABLE_SIZE),
        native.address(chars),
        native.address(where),
        native.address(gaps),
    )
    return chars[:count], where[:count], bytearray(gaps[:count].tobytes())


_NUMBER_MARK = re.compile(r"(?<=[0-9０-９])[.．](?=[0-9０-９])")


def _inside_numbers(text: str) -> list[int]:
    if "." not in text and "．" not in text:
        return []
    return [found.start() for found in _NUMBER_MARK.finditer(text)]


def _gaps(kinds: NDArray[np.uint8], where: Ints) -> bytearray:
    """For each kept character the strongest kind set aside since the one before it."""
    gaps = bytearray(len(where))
    if not len(where):
        return gaps
    before = np.diff(where, prepend=-1)
    indices = np.flatnonzero(before > 1)
    if indices.size:
        ends = where[indices]
        starts = ends - before[indices] + 1
        # Reduced from each start to its end, and from there to the next start, which is dropped.
        strongest = np.maximum.reduceat(kinds, np.column_stack((starts, ends)).ravel())[::2]
        found = np.zeros(len(where), dtype=np.uint8)
        found[indices] = strongest
        gaps[:] = found.tobytes()
    return gaps


def _quotes(text: str, points: NDArray[np.uint32], where: Ints) -> list[tuple[int, str]]:
    places = np.flatnonzero(_QUOTE.take(points, mode="clip"))
    indices = np.searchsorted(where, places).tolist()
    return [(index, text[at]) for index, at in zip(indices, places.tolist(), strict=True)]


@dataclass(frozen=True)
class Source:
    """Where each character of a rewritten text came from in the original."""

    starts: Ints
    ends: Ints

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The place in the original of `start:end` (not empty) of the rewritten text."""
        return int(self.starts[start]), int(self.ends[end - 1])
