"""The first pass, over many texts at once: which of them can concern any rule."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from matchers.alphabet import Codes
from matchers.compile import Compiled
from matchers.text import Ints

PIECE = 1 << 19
"""Codes of one text that are searched at once: what a search finds is kept in memory."""
_OVERLAP = 128
_BETWEEN = "。"


@dataclass(frozen=True, slots=True)
class Shown:
    """What each of some texts shows: a bit for each need that it meets, and one for evasions."""

    bits: dict[int, int]
    """By the number of the text; those that show nothing are left out."""
    kept: Codes
    """The codes of all texts without those set aside, each with a stop behind it."""
    origins: Ints
    """For each of these its place in all texts put together."""
    bounds: Ints
    """Where the texts begin in `kept`, and its length."""
    starts: Ints
    """Where the texts begin in all texts put together."""

    def kept_of(self, numbers: Sequence[int]) -> tuple[Codes, Ints, Ints]:
        """Of some texts put together the codes, their places in their text, and the bounds."""
        if len(numbers) == len(self.starts):
            places = self.origins - np.repeat(self.starts, np.diff(self.bounds))
            return self.kept, places, self.bounds
        some = np.asarray(numbers, dtype=np.int64)
        firsts, lasts = self.bounds[some], self.bounds[some + 1]
        parts = [slice(*own) for own in zip(firsts.tolist(), lasts.tolist(), strict=True)]
        codes = np.concatenate([self.kept[part] for part in parts])
        places = np.concatenate([self.origins[part] for part in parts])
        places -= np.repeat(self.starts[some], lasts - firsts)
        return codes, places, np.append(0, np.cumsum(lasts - firsts))


def shown(compiled: Compiled, texts: Sequence[str]) -> Shown:
    """What `texts`, at least one, show."""
    kept, origins = compiled.alphabet.kept(_BETWEEN.join((*texts, "")))
    starts = np.cumsum([0, *(len(text) + 1 for text in texts)])
    bounds = np.searchsorted(origins, starts)
    bits = _alone(compiled, kept) if len(texts) == 1 else _each(compiled, kept, bounds)
    return Shown(bits, kept, origins, bounds, starts[:-1])


def _each(compiled: Compiled, codes: Codes, starts: Ints) -> dict[int, int]:
    """The bits of each of many texts that begin at `starts`."""
    literals, places, _ = compiled.gate.find(codes).T
    if not literals.size:
        return {}
    # What was found comes by its place, so that of one text together.
    texts = np.searchsorted(starts, places, side="right") - 1
    firsts = np.flatnonzero(np.diff(texts, prepend=-1))
    words = np.bitwise_or.reduceat(compiled.gate_words.take(literals, axis=0), firsts)
    return {
        number: int.from_bytes(row.tobytes(), "little")
        for number, row in zip(texts[firsts].tolist(), words, strict=True)
    }


def _alone(compiled: Compiled, codes: Codes) -> dict[int, int]:
    """The bits of one text of any length."""
    bits = 0
    for piece in _pieces(codes):
        for literal in np.unique(compiled.gate.find(piece)[:, 0]).tolist():
            bits |= compiled.gate_bits[literal]
    return {0: bits} if bits else {}


def _pieces(codes: Codes) -> Iterator[Codes]:
    """`codes` in pieces that overlap by more than any literal."""
    for left in range(0, max(len(codes), 1), PIECE):
        yield codes[max(0, left - _OVERLAP) : left + PIECE]
