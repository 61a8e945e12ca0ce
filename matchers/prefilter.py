"""The first pass, over many texts at once: which of them can concern any rule."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain

import numpy as np

from matchers.alphabet import Codes
from matchers.compile import Compiled
from matchers.text import units_of

PIECE = 1 << 20
"""Bytes of one text that are searched at once: what a search finds is kept in memory."""
_OVERLAP = 256
_BETWEEN = "。"


@dataclass(frozen=True, slots=True)
class Shown:
    """What each of some texts shows: a bit for each need that it meets, and one for evasions."""

    bits: dict[int, int]
    """By the number of the text; those that show nothing are left out."""
    codes: Codes
    starts: list[int]
    kept: Codes
    kept_starts: list[int]

    def codes_of(self, number: int) -> Codes:
        """One code for each character of a text, 0 for those that are set aside."""
        return self.codes[self.starts[number] : self.starts[number + 1] - 1]

    def kept_of(self, number: int) -> Codes:
        """The codes of a text without those set aside, and that of a stop behind it."""
        return self.kept[self.kept_starts[number] : self.kept_starts[number + 1]]


def shown(compiled: Compiled, texts: Sequence[str]) -> Shown:
    """What `texts`, at least one, show."""
    codes = compiled.alphabet.raw[units_of(_BETWEEN.join((*texts, "")))]
    is_kept = codes != 0
    kept = codes[is_kept]
    starts = [0, *accumulate(len(text) + 1 for text in texts)]
    kept_starts = [0, *np.cumsum(np.add.reduceat(is_kept, starts[:-1], dtype=np.int64)).tolist()]
    data = kept.tobytes()
    bits = _alone(compiled, data) if len(texts) == 1 else _each(compiled, data, kept_starts)
    return Shown(bits, codes, starts, kept, kept_starts)


def _each(compiled: Compiled, data: bytes, starts: list[int]) -> dict[int, int]:
    """The bits of each of many texts that begin at `starts`."""
    found = compiled.gate.find(data)
    if not found:
        return {}
    table = np.fromiter(chain.from_iterable(found), dtype=np.int64, count=3 * len(found))
    literals, places, _ = table.reshape(-1, 3).T
    size = len(compiled.gate_bits)
    shown = (np.searchsorted(starts, places // 2, side="right") - 1) * size + literals
    bits_of = compiled.gate_bits
    bits: dict[int, int] = {}
    # Each literal of a text once, however often it stands there.
    for each in np.unique(shown).tolist():
        number, literal = divmod(each, size)
        bits[number] = bits.get(number, 0) | bits_of[literal]
    return bits


def _alone(compiled: Compiled, data: bytes) -> dict[int, int]:
    """The bits of one text of any length."""
    bits = 0
    for piece in _pieces(data):
        for literal, _, _ in compiled.gate.find(piece):
            bits |= compiled.gate_bits[literal]
    return {0: bits} if bits else {}


def _pieces(data: bytes) -> Iterator[bytes]:
    """`data` in pieces that overlap by more than any literal."""
    for left in range(0, max(len(data), 1), PIECE):
        yield data[max(0, left - _OVERLAP) : left + PIECE]
