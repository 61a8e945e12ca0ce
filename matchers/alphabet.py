"""Two-byte codes for the characters that stand in literals; see `matchers.engine`."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matchers import native
from matchers.errors import MatcherError
from matchers.text import Kind, Tables, units_of

_FIRST, _SECOND = range(0x01, 0x40), range(0x40, 0x100)
CAPACITY = len(_FIRST) * len(_SECOND) - 1
OTHER = 0x4001
"""The code of a character that no literal holds."""

Codes = NDArray[np.uint16]


@dataclass(frozen=True)
class Alphabet:
    """Two-byte codes of the characters that stand in literals; see `matchers.engine`.

    `raw` codes original characters (0: set aside), `plain` codes folded ones.
    """

    raw: Codes
    plain: Codes
    code_of: dict[str, bytes]

    def kept(self, text: str) -> tuple[Codes, NDArray[np.int64]]:
        """The codes of an original text without those that are set aside, and their places."""
        units = units_of(text)
        loops = native.library()
        if loops is None:
            codes = self.raw.take(units)
            places = np.flatnonzero(codes)
            return codes.take(places), places
        codes = np.empty(len(units) + 1, dtype=np.uint16)
        places = np.empty(len(units) + 1, dtype=np.int64)
        count = loops.text_codes(
            native.address(units),
            native.whole(len(units)),
            native.whole(units.itemsize > codes.itemsize),
            native.address(self.raw),
            native.whole(len(self.raw)),
            native.address(codes),
            native.address(places),
        )
        return codes[:count], places[:count]

    def encode(self, literal: str) -> bytes:
        """The bytes of a folded literal."""
        return b"".join(self.code_of[char] for char in literal)


def make_alphabet(literals: Iterable[str], tables: Tables) -> Alphabet:
    """An alphabet in which each of `literals` (folded) can be written."""
    chars = sorted(set("".join(literals)))
    if len(chars) > CAPACITY:
        raise MatcherError(
            f"the pack's terms use {len(chars)} characters, at most {CAPACITY} can be told apart.",
            hint="Switch homophones off for some of its core terms.",
        )
    numbers = [first | second << 8 for second in _SECOND for first in _FIRST]
    numbers.remove(OTHER)
    of_fold = np.full(tables.folds.size, OTHER, dtype=np.uint16)
    code_of = {}
    for char, number in zip(chars, numbers, strict=False):
        of_fold[ord(char)] = number
        code_of[char] = number.to_bytes(2, "little")
    raw = of_fold[tables.folds]
    kinds = tables.kinds
    raw[(kinds != Kind.KEEP) & (kinds != Kind.STOP)] = 0
    raw[kinds == Kind.STOP] = OTHER
    if "?" in code_of:
        raw[ord("?")] = raw[ord("？")] = int.from_bytes(code_of["?"], "little")
    return Alphabet(raw, of_fold, code_of)
