"""The groups of a pack as bits of whole numbers, so that one `&` asks after many groups."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from matchers.entities import KINDS
from matchers.places import Members
from matchers.rules import Boost, Spare
from matchers.text import TABLE_SIZE
from matchers.vocabulary import GroupIndex

STOPS = frozenset("。！？；\n")
COMMAS = frozenset("，：")
STOP, COMMA = 1, 2
"""What `GroupBits.special` says of marks; from `SINGLE` on it numbers terms of one character."""
SINGLE = 3
_FAR = ("around", "text")


@dataclass(frozen=True, slots=True)
class RuleBits:
    """The groups that spare or boost the matches of a rule, as bits.

    With each spare whether it reaches farther than the sentences near a match.
    """

    near_sparing: int
    far_sparing: int
    spares: tuple[tuple[int, bool, Spare], ...]
    boosts: tuple[tuple[int, bool, Boost], ...]


class GroupBits:
    """A bit for each group, and the bits of each term."""

    def __init__(
        self, groups_of: Sequence[tuple[str, ...]], indices: Mapping[str, GroupIndex]
    ) -> None:
        named = (*KINDS, *(name for own in groups_of for name in own), *indices)
        # The groups of one claim come last: without them the numbers are short, and quick.
        self.names = tuple(sorted(dict.fromkeys(named), key=_of_one_claim))
        self.number = {name: number for number, name in enumerate(self.names)}
        """The exceptions of a group have a number and a bit of their own, under `!name`."""
        self.bit = {name: 1 << number for name, number in self.number.items()}
        self._of: dict[tuple[str, ...] | frozenset[str], int] = {}
        self._of_rule: dict[str, RuleBits] = {}
        self.kinds = self.of(KINDS)
        """What is told by its shape; of these a text is always taken to have some."""
        self.excepted = {
            name: self.of((f"!{name}",)) for name, index in indices.items() if index.excepted
        }
        self.singles = {name: index.pattern for name, index in indices.items() if index.singles}
        """What finds the terms of one character of a group."""
        self.plain = [name not in KINDS and name not in indices for name in self.names]
        """Of each group by its number whether it has words only."""
        chars: dict[str, tuple[str, ...]] = {}
        for name, index in indices.items():
            for char in index.singles:
                chars[char] = (*chars.get(char, ()), name)
        self.of_char = {char: self.of(own) for char, own in chars.items()}
        """The bits of each term of one character."""
        self.singly = frozenset(chars)
        of_term = (*groups_of, *chars.values())
        self.of_term = list(map(self.of, of_term))
        """The bits of each term, those of one character behind the others."""
        self.words = len(groups_of)
        """How many terms have two characters and more."""
        self.members = Members.of(
            {term: [self.number[name] for name in own] for term, own in enumerate(groups_of)},
            len(groups_of),
        )
        """The numbers of the groups of each term of two characters and more."""
        self.special = np.zeros(TABLE_SIZE, dtype=np.uint16)
        """For each code point 0, `STOP`, `COMMA`, or `SINGLE` and the number of a term."""
        self.special[list(map(ord, STOPS))] = STOP
        self.special[list(map(ord, COMMAS))] = COMMA
        self.special[list(map(ord, chars))] = np.arange(len(chars)) + SINGLE

    def of(self, names: tuple[str, ...] | frozenset[str]) -> int:
        """The bits of some groups; a group without terms has none."""
        bits = self._of.get(names)
        if bits is None:
            bits = self._of[names] = _union(self.bit.get(name, 0) for name in names)
        return bits

    def of_rule(self, key: str, spares: Iterable[Spare], boosts: Iterable[Boost]) -> RuleBits:
        """The bits of the rule of that id."""
        found = self._of_rule.get(key)
        if found is None:
            spared = tuple((self.of(each.any), each.where in _FAR, each) for each in spares)
            boosted = tuple((self.of(each.any), each.within in _FAR, each) for each in boosts)
            found = self._of_rule[key] = RuleBits(
                _union(bits for bits, far, _ in spared if not far),
                _union(bits for bits, far, _ in spared if far),
                spared,
                boosted,
            )
        return found


def _of_one_claim(name: str) -> bool:
    return "/" in name or name[0] in "=!"


def _union(bits: Iterable[int]) -> int:
    union = 0
    for each in bits:
        union |= each
    return union
