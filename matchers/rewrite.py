r"""What a page's own machinery put into a text, undone, with the way back to the original.

Literal escapes (`\u7f72`, `&#x6743;`, `%u6743`) become their character; pinyin in brackets after
a character, as a broken conversion leaves it (`專(zhuān)利`), is set aside.
"""

import html.entities
import re
import unicodedata
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from matchers.text import Source, units_of

_ESCAPE = re.compile(
    r"\\u\{?([0-9a-fA-F]{4,5})\}?"
    r"|%u([0-9a-fA-F]{4})"
    r"|&#[xX]([0-9a-fA-F]{2,5});?"
    r"|&#([0-9]{2,6});?"
    r"|&([a-zA-Z]{2,8});"
)
_BRACKETED = re.compile(
    r"(?<=[\u3400-\u9fff])[(（\[［【〔]\s{0,2}([a-zA-Zà-öù-üāēěīńňōūǎǐǒǔǖǘǚǜǹḿɡ]{1,6}[1-5]?)\s{0,2}[)）\]］】〕]"
)


_MARK: NDArray[np.bool_] = np.zeros(0x10000, dtype=np.bool_)
_MARK[list(map(ord, "&\\（([［【〔"))] = True
# One of these stands in whatever is undone, or %u, since % alone stands in many a text.


def marked(texts: Sequence[str]) -> set[int]:
    """The numbers of the texts in which something may have to be undone."""
    joined = "\n".join(texts)
    places = np.flatnonzero(_MARK.take(units_of(joined), mode="clip"))
    found: set[int] = set()
    if places.size:
        bounds = list(accumulate((len(text) + 1 for text in texts), initial=0))
        found.update((np.searchsorted(bounds, places, side="right") - 1).tolist())
    if "%u" in joined:
        found.update(number for number, text in enumerate(texts) if "%u" in text)
    return found


def undo(text: str, syllables: frozenset[str]) -> tuple[str, Source] | None:
    """The text without escapes and bracketed pinyin, and where it came from; `None`: unchanged.

    `syllables` are the toneless syllables of the language (v = ü).
    """
    pieces = _escapes(text) if "&" in text or "\\u" in text or "%u" in text else []
    if "（" in text or "(" in text or "[" in text or "［" in text or "【" in text or "〔" in text:
        pieces += _pinyin(text, syllables)
    return _assemble(text, sorted(pieces)) if pieces else None


Piece = tuple[int, int, str]


def _escapes(text: str) -> list[Piece]:
    pieces = []
    for found in _ESCAPE.finditer(text):
        char = _character(found)
        if char is not None:
            pieces.append((found.start(), found.end(), char))
    return pieces


def _character(found: re.Match[str]) -> str | None:
    escape, percent, hexadecimal, decimal, name = found.groups()
    if name is not None:
        point = html.entities.name2codepoint.get(name)
    elif decimal is not None:
        point = int(decimal)
    else:
        point = int(escape or percent or hexadecimal, 16)
    if point is None or point > 0x10FFFF or 0xD800 <= point <= 0xDFFF:
        return None
    return chr(point)


def _pinyin(text: str, syllables: frozenset[str]) -> list[Piece]:
    return [
        (found.start(), found.end(), "")
        for found in _BRACKETED.finditer(text)
        if toneless(found.group(1)) in syllables
    ]


def toneless(spelling: str) -> str:
    """A syllable without tone marks or number, lower case, ü as v."""
    plain = unicodedata.normalize("NFD", spelling.lower().replace("ɡ", "g"))
    plain = plain.replace("u\u0308", "v")
    return re.sub(r"[^a-z]", "", plain)


def _assemble(text: str, pieces: list[Piece]) -> tuple[str, Source]:
    parts: list[str] = []
    starts: list[np.ndarray] = []
    ends: list[np.ndarray] = []
    at = 0
    for start, end, char in pieces:
        if start < at:
            continue
        parts += (text[at:start], char)
        starts += (np.arange(at, start), np.full(len(char), start))
        ends += (np.arange(at + 1, start + 1), np.full(len(char), end))
        at = end
    parts.append(text[at:])
    starts.append(np.arange(at, len(text)))
    ends.append(np.arange(at + 1, len(text) + 1))
    source = Source(np.concatenate(starts).astype(np.int64), np.concatenate(ends).astype(np.int64))
    return "".join(parts), source
