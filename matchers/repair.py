"""A folded text put back together: evaded terms spelt plainly, broken words and lines joined."""

import re
from bisect import bisect_left
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from matchers.clauses import COMMAS, STOPS, Place
from matchers.text import Folded, Ints, Kind
from matchers.words import dictionary_words

WIDEST_WRAP = 60
NARROWEST_WRAP = 12
_BREAKS = frozenset("\n，、：")
_STOP = re.compile("[" + "".join(STOPS) + "]")
_LIST_MARKS = "一二三四五六七八九十"


@dataclass(frozen=True, slots=True)
class Edit:
    """What to make of the folded characters that came from `start` to `end` of the text.

    They become `plain`; an empty `plain` keeps them and drops the breaks between them.
    """

    start: int
    end: int
    plain: str = ""


def repair(folded: Folded, edits: Sequence[Edit]) -> list[Place]:
    """Apply `edits` to `folded` in place; the places that hold a term in plain spelling now."""
    chosen = _chosen(folded, edits) if edits else []
    if not chosen:
        return []
    size = len(folded.chars)
    chars: list[str] = []
    starts: list[Ints] = []
    ends: list[Ints] = []
    gaps = bytearray()
    plain_places: list[Place] = []
    moved = np.arange(size + 1)
    at = 0
    for first, last, plain in [*chosen, (size, size, "")]:
        shift = len(gaps) - at
        chars += (folded.chars[at:first], plain)
        starts += (folded.starts[at:first], np.repeat(folded.starts[first:last][:1], len(plain)))
        ends += (folded.ends[at:first], np.repeat(folded.ends[first:last][-1:], len(plain)))
        gaps += folded.gaps[at:first]
        moved[at:first] += shift
        moved[first:last] = len(gaps)
        if plain:
            plain_places.append((len(gaps), len(gaps) + len(plain)))
            gaps += bytes([folded.gaps[first], *bytes(len(plain) - 1)])
        at = last
    moved[size] = len(gaps)
    folded.chars = "".join(chars)
    folded.starts, folded.ends, folded.gaps = np.concatenate(starts), np.concatenate(ends), gaps
    folded.quotes = [(int(moved[index]), mark) for index, mark in folded.quotes]
    folded.spelt = True
    return plain_places


def _chosen(folded: Folded, edits: Iterable[Edit]) -> list[tuple[int, int, str]]:
    """The edits in places of `folded.chars`, none overlapping, the longer first.

    Those that only drop breaks are turned into what is left.
    """
    taken = bytearray(len(folded.chars))
    chosen: list[tuple[int, int, str]] = []
    for edit in sorted(edits, key=lambda edit: (edit.start - edit.end, edit.start, edit.plain)):
        first = int(folded.starts.searchsorted(edit.start))
        last = int(folded.ends.searchsorted(edit.end, "right"))
        if last <= first or any(taken[first:last]):
            continue
        if folded.starts[first] != edit.start or folded.ends[last - 1] != edit.end:
            continue
        if edit.plain and not _stands_alone(folded, first, last):
            continue
        plain = edit.plain or _without_breaks(folded.chars[first:last])
        if plain:
            taken[first:last] = b"\x01" * (last - first)
            chosen.append((first, last, plain))
    return sorted(chosen)


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


def _without_breaks(chars: str) -> str:
    """A word that one line end, or a mark between all of its characters, breaks; else nothing."""
    breaks = [char for char in chars if char in _BREAKS]
    letters = len(chars) - len(breaks)
    if breaks == ["\n"] or (letters > 2 and len(breaks) == letters - 1):
        return "".join(char for char in chars if char not in _BREAKS)
    return ""


_SPELT = re.compile(
    r"(?<![\u4e00-\u9fff])[\u4e00-\u9fff](?:[，、：][\u4e00-\u9fff]){2,}(?![\u4e00-\u9fff])"
)


def unspell(folded: Folded) -> None:
    """Join single characters that stand apart by marks: 保.过.审."""
    if not folded.spelt:
        return
    _remove(
        folded,
        [
            at
            for found in _SPELT.finditer(folded.chars)
            for at in range(found.start() + 1, found.end(), 2)
        ],
        Kind.SYMBOL,
    )


def unwrap(folded: Folded) -> None:
    """Join lines that were only wrapped: what is left of one asks for the next.

    Only the unfinished sentence before a line end and the beginning of the one after it are
    looked at, so that a text means the same wherever it stands.
    """
    lines = folded.chars.split("\n")
    if len(lines) == 1:
        return
    places = []
    at = 0
    for line, following in pairwise(lines):
        at += len(line)
        if _wrapped(line, following):
            places.append(at)
        at += 1
    _remove(folded, places, Kind.INVISIBLE)


def _wrapped(line: str, following: str) -> bool:
    if not line or not following or following[0].isascii() or line[-1].isascii():
        return False
    if following[0] in STOPS or (following[0] in _LIST_MARKS and following[1:2] in "、，"):
        return False
    if line[-1] in "，、":
        return True
    if line[-1] in STOPS or line[-1] in COMMAS:
        return False
    *sentences, rest = _STOP.split(line)
    if sentences:  # Prose, of which a sentence goes on.
        return len(rest) <= WIDEST_WRAP
    first = len(_STOP.split(following, maxsplit=1)[0])
    return max(NARROWEST_WRAP, 0.85 * first) <= len(line) <= WIDEST_WRAP


def _remove(folded: Folded, places: list[int], gap: Kind) -> None:
    """Take the characters at `places` (in order) out of `folded`."""
    if not places:
        return
    for at in places:
        if at + 1 < len(folded.gaps):
            folded.gaps[at + 1] = max(folded.gaps[at + 1], gap)
    following = [0, *(at + 1 for at in places)]
    kept = [slice(*own) for own in zip(following, [*places, None], strict=True)]
    folded.chars = "".join([folded.chars[some] for some in kept])
    folded.starts = np.delete(folded.starts, places)
    folded.ends = np.delete(folded.ends, places)
    folded.gaps = bytearray().join([folded.gaps[some] for some in kept])
    folded.quotes = [(at - bisect_left(places, at), mark) for at, mark in folded.quotes]
