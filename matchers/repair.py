"""A folded text put back together: evaded terms spelt plainly, broken words and lines joined."""

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass
from itertools import pairwise

from matchers.clauses import COMMAS, STOPS
from matchers.text import Folded, Kind
from matchers.words import dictionary_words

WIDEST_WRAP = 60
NARROWEST_WRAP = 12
_LIST_MARKS = "一二三四五六七八九十"


@dataclass(frozen=True, slots=True)
class Edit:
    """What to make of the folded characters that came from `start` to `end` of the text.

    They become `plain`; an empty `plain` keeps them and drops the breaks between them.
    """

    start: int
    end: int
    plain: str = ""


def repair(folded: Folded, edits: Iterable[Edit]) -> list[tuple[int, int]]:
    """Apply `edits` to `folded` in place; the places that hold a term in plain spelling now."""
    plain_places: list[tuple[int, int]] = []
    for first, last, plain in reversed(_chosen(folded, edits)):
        if not plain:
            _drop_breaks(folded, first, last)
            continue
        start, end = folded.starts[first], max(folded.ends[first:last])
        gap = folded.gaps[first]
        folded.chars = folded.chars[:first] + plain + folded.chars[last:]
        folded.starts[first:last] = [start] * len(plain)
        folded.ends[first:last] = [end] * len(plain)
        folded.gaps[first:last] = bytes([gap]) + bytes(len(plain) - 1)
        shift = len(plain) - (last - first)
        folded.quotes = [
            (at + shift if at >= last else min(at, first), mark) for at, mark in folded.quotes
        ]
        plain_places = [(a + shift, b + shift) for a, b in plain_places]
        plain_places.append((first, first + len(plain)))
    return plain_places[::-1]


def _chosen(folded: Folded, edits: Iterable[Edit]) -> list[tuple[int, int, str]]:
    """The edits in places of `folded.chars`, none overlapping, the longer first."""
    place_of = {start: at for at, start in enumerate(folded.starts)}
    taken: list[tuple[int, int, str]] = []
    for edit in sorted(edits, key=lambda edit: (edit.start - edit.end, edit.start, edit.plain)):
        first = place_of.get(edit.start)
        last = place_of.get(edit.end)
        if last is None:
            inside = [at for at in range(len(folded.ends)) if folded.ends[at] == edit.end]
            last = inside[-1] + 1 if inside else None
        if first is None or last is None or last <= first:
            continue
        if any(first < other_last and other_first < last for other_first, other_last, _ in taken):
            continue
        if edit.plain and not _stands_alone(folded, first, last):
            continue
        taken.append((first, last, edit.plain))
    return sorted(taken)


def _stands_alone(folded: Folded, first: int, last: int) -> bool:
    """Whether no word that the dictionary knows, and no Latin word, is cut by this place."""
    chars = folded.chars
    for outer, inner in ((first - 1, first), (last, last - 1)):
        if 0 <= outer < len(chars) and _latin(chars[outer]) and _latin(chars[inner]):
            return False
    left = max(0, first - 4)
    return not cuts_a_word(chars[left : last + 4], first - left, last - left)


def _latin(char: str) -> bool:
    return "a" <= char <= "z"


def cuts_a_word(text: str, start: int, end: int, known: Container[str] = frozenset()) -> bool:
    """Whether `start` or `end` falls inside a dictionary word of `text` that is not `known`."""
    return any(
        right - left > 1 and (left < start < right or left < end < right) and word not in known
        for word, left, right in dictionary_words(text)
    )


def _drop_breaks(folded: Folded, first: int, last: int) -> None:
    """Join a word that one line end, or a mark between all of its characters, breaks."""
    inside = [at for at in range(first, last) if folded.chars[at] in "\n，、："]
    lines = [at for at in inside if folded.chars[at] == "\n"]
    letters = last - first - len(inside)
    if (len(inside) == 1 and len(lines) == 1) or (len(inside) == letters - 1 and letters > 2):
        for at in reversed(inside):
            _remove(folded, at, Kind.SYMBOL)


_SPELT = re.compile(
    r"(?<![\u4e00-\u9fff])[\u4e00-\u9fff](?:[，、：][\u4e00-\u9fff]){2,}(?![\u4e00-\u9fff])"
)


def unspell(folded: Folded) -> None:
    """Join single characters that stand apart by marks: 保.过.审."""
    for found in reversed(list(_SPELT.finditer(folded.chars))):
        for at in range(found.end() - 2, found.start(), -2):
            _remove(folded, at, Kind.SYMBOL)


def unwrap(folded: Folded) -> None:
    """Join lines that were only wrapped: a full one that ends without a mark, or a comma."""
    lines = folded.chars.split("\n")
    if len(lines) == 1:
        return
    widest = max(len(line) for line in lines)
    places = []
    at = 0
    for line, following in pairwise(lines):
        at += len(line)
        if _wrapped(line, following, widest):
            places.append(at)
        at += 1
    for place in reversed(places):
        _remove(folded, place, Kind.INVISIBLE)


def _wrapped(line: str, following: str, widest: int) -> bool:
    if not line or not following or following[0].isascii() or line[-1].isascii():
        return False
    if following[0] in STOPS or (following[0] in _LIST_MARKS and following[1:2] in "、，"):
        return False
    if line[-1] in "，、":
        return True
    if line[-1] in STOPS or line[-1] in COMMAS:
        return False
    return len(line) >= max(NARROWEST_WRAP, 0.85 * widest) and widest <= WIDEST_WRAP


def _remove(folded: Folded, at: int, gap: Kind) -> None:
    folded.chars = folded.chars[:at] + folded.chars[at + 1 :]
    del folded.starts[at], folded.ends[at], folded.gaps[at]
    if at < len(folded.gaps):
        folded.gaps[at] = max(folded.gaps[at], gap)
    folded.quotes = [(index - 1 if index > at else index, mark) for index, mark in folded.quotes]
