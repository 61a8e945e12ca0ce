"""What a text shows wherever a way of a rule matches it, worked out when a pack is compiled.

A way is opened by a literal: one of the rarest set of which each match holds one. Around it every
match shows one of each of some other sets, which are asked for before a text is read closely.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from operator import or_

from matchers import patterns
from matchers.entities import CHARACTERS, KINDS, SIGNS
from matchers.errors import MatcherError
from matchers.pack import common_words
from matchers.rules import Together
from matchers.vocabulary import LONGEST_SHAPE, Vocabulary

Literals = frozenset[str]
MAX_SETS = 2
"""Sets of literals that are asked for beside the one that opens, characters not counted."""


class Bits:
    """A bit for each set of literals, in the order in which the sets came."""

    def __init__(self, first: int = 1) -> None:
        self._next = first
        self._of_set: dict[Literals, int] = {}
        self.of_literal: dict[str, int] = {}

    def of(self, literals: Literals) -> int:
        """The bit of a set."""
        if literals not in self._of_set:
            bit = self._of_set[literals] = self._next
            self._next <<= 1
            for literal in literals:
                self.of_literal[literal] = self.of_literal.get(literal, 0) | bit
        return self._of_set[literals]

    def all_of(self, some: Iterable[Literals]) -> int:
        """The bits of several sets."""
        return reduce(or_, map(self.of, some), 0)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a text for one way: what opens it, and sets on either side of that."""

    opens: Literals
    before: tuple[Literals, ...]
    after: tuple[Literals, ...]
    beside: tuple[Literals, ...]
    """Sets that may stand on either side."""
    back: int
    """Most characters of a match before the literal that opens."""
    ahead: int
    """Most characters of a match behind it."""


def asked_of_phrase(
    phrase: Sequence[patterns.Slot], vocabulary: Vocabulary, expected: Literals
) -> Asked:
    """What a phrase asks for: its slots stand in order. Raises `MatcherError`.

    `expected` are the literals that bring a text to be looked at, and so say little about it.
    """
    sets = {
        at: literals
        for at, slot in enumerate(phrase)
        if not slot.optional and (literals := _of_slot(phrase, at, vocabulary))
    }
    opener = _opener(sets, [slot.group for slot in phrase], expected)
    chosen = _chosen(sets, opener, expected)
    sizes = [vocabulary.longest(slot.group) for slot in phrase]
    shape = LONGEST_SHAPE if phrase[opener].group in KINDS else 0
    return Asked(
        opens=sets[opener],
        before=tuple(chosen[at] for at in chosen if at < opener),
        after=tuple(chosen[at] for at in chosen if at > opener),
        beside=(),
        back=sum(sizes[:opener]) + sum(slot.gap for slot in phrase[: opener + 1]) + shape,
        ahead=sum(sizes[opener + 1 :]) + sum(slot.gap for slot in phrase[opener + 1 :]) + shape,
    )


def asked_of_company(company: Together, vocabulary: Vocabulary, expected: Literals) -> Asked:
    """What a company of groups asks for: they stand in any order. Raises `MatcherError`."""
    names = dict(enumerate(company.all))
    sets = {at: literals for at, name in names.items() if (literals := _of_group(name, vocabulary))}
    opener = _opener(sets, company.all, expected)
    beside = tuple(_chosen(sets, opener, expected).values())
    return Asked(sets[opener], (), (), beside, company.window, company.window)


def _tells(literals: Literals) -> bool:
    """Whether a literal says more than a single character of ordinary text does."""
    return min(map(len, literals)) > 1


def _opener(sets: dict[int, Literals], names: Sequence[str], expected: Literals) -> int:
    """The place of the set that some text will show least often."""
    usable = [at for at in sets if names[at] not in CHARACTERS]
    if not usable:
        raise MatcherError(
            f"{' + '.join(names)}: nothing in it is a word.",
            hint="A rule must hold a term beside what is told by its shape.",
        )
    return min(usable, key=lambda at: _cost(sets[at], expected))


def _cost(literals: Literals, expected: Literals) -> tuple[float, str]:
    """How often some text that is looked at shows one of `literals`."""
    return sum(_frequency(literal, expected) for literal in literals), min(literals)


_UNKNOWN = {1: 300_000, 2: 300, 3: 30}
"""How often a word of so many characters is met that is not common."""
_EXPECTED = 100_000
"""How much oftener a word is met that brings a text to be looked at."""


def _frequency(literal: str, expected: Literals) -> float:
    usual = common_words().get(literal) or _UNKNOWN.get(len(literal), 3)
    return usual + (_EXPECTED if literal in expected else 0)


def _chosen(sets: dict[int, Literals], opener: int, expected: Literals) -> dict[int, Literals]:
    """The sets that are asked for beside the one that opens: the rarest, and all characters."""
    others = sorted((at for at in sets if at != opener), key=lambda at: _cost(sets[at], expected))
    telling = [at for at in others if _tells(sets[at])][:MAX_SETS]
    return {at: sets[at] for at in others if at in telling or not _tells(sets[at])}


def _of_group(name: str, vocabulary: Vocabulary) -> Literals:
    """A group's terms; of a kind also what each of its shapes holds."""
    terms = frozenset(vocabulary.terms_of(name))
    if name not in KINDS:
        return terms
    return terms | (CHARACTERS.get(name) or frozenset(SIGNS[name]))


def _of_slot(phrase: Sequence[patterns.Slot], at: int, vocabulary: Vocabulary) -> Literals:
    """The terms at a place of a phrase, single characters joined with what adjoins them."""
    group = phrase[at].group
    if group in KINDS:
        return _of_group(group, vocabulary)
    before, after = _preceding(phrase, at, vocabulary), _following(phrase, at, vocabulary)
    return _lengthened(vocabulary.terms_of(group), before, after)


def _following(phrase: Sequence[patterns.Slot], at: int, vocabulary: Vocabulary) -> tuple[str, ...]:
    """The terms of which one must adjoin a slot behind it, if it is sure that one does."""
    terms: tuple[str, ...] = ()
    for slot in phrase[at + 1 :]:
        if slot.gap or slot.group in KINDS:
            return ()
        terms += vocabulary.terms_of(slot.group)
        if not slot.optional:
            return terms
    return ()


def _preceding(phrase: Sequence[patterns.Slot], at: int, vocabulary: Vocabulary) -> tuple[str, ...]:
    """The terms of which one must adjoin a slot before it, if it is sure that one does."""
    terms: tuple[str, ...] = ()
    for place in range(at - 1, -1, -1):
        if phrase[place + 1].gap or phrase[place].group in KINDS:
            return ()
        terms += vocabulary.terms_of(phrase[place].group)
        if not phrase[place].optional:
            return terms
    return ()


def _lengthened(terms: Sequence[str], before: Sequence[str], after: Sequence[str]) -> Literals:
    long = {term for term in terms if len(term) > 1}
    short = [term for term in terms if len(term) == 1]
    if short and after:
        long |= {first + second for first, second in product(short, after)}
    elif short and before:
        long |= {first + second for first, second in product(before, short)}
    else:
        long |= set(short)
    return frozenset(long)


def literals_asked(asked: Iterable[Asked]) -> tuple[frozenset[str], frozenset[str]]:
    """The literals that must be looked for, and the single characters."""
    opening = {literal for each in asked for literal in each.opens}
    others = {
        literal
        for each in asked
        for literals in (*each.before, *each.after, *each.beside)
        for literal in literals
    }
    singles = {literal for literal in others if len(literal) == 1}
    return frozenset(opening | (others - singles)), frozenset(singles)
