"""A pack made ready for scanning: alphabet, literals, and rules that know their literals."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from matchers import patterns, variants
from matchers.engine import LiteralEngine, make_engine
from matchers.entities import KINDS, SIGNS
from matchers.errors import MatcherError
from matchers.pack import Pack, rule_hash
from matchers.rules import Boost, Claim, Group, Nearby, Rule, Spare, Together
from matchers.text import Kind, Tables, build_tables

_FIRST, _SECOND = range(0x01, 0x40), range(0x40, 0x100)
CAPACITY = len(_FIRST) * len(_SECOND) - 1
OTHER = 0x4001
"""The code of a character that no literal holds."""

Codes = NDArray[np.uint16]
Near = TypeVar("Near", Nearby, Spare, Boost)


@dataclass(frozen=True)
class Alphabet:
    """Two-byte codes of the characters that stand in literals; see `matchers.engine`.

    `raw` codes original characters (0: set aside), `plain` codes folded ones.
    """

    raw: Codes
    plain: Codes
    code_of: dict[str, bytes]

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


Literals = frozenset[str]


@dataclass(frozen=True)
class Way:
    """One way in which a rule matches: a phrase in order, or a company of groups in any order."""

    phrase: tuple[patterns.Slot, ...] = ()
    company: Together | None = None
    signs: tuple[Literals, ...] = ()
    """Sets of literals; each match shows one of each, the rarest set first."""
    bits: int = 0
    """One bit for each of `signs`."""
    rarest: int = 0
    """The bit of the first of them."""


@dataclass(frozen=True)
class CompiledRule:
    """A rule with all that was worked out for it before the first text."""

    rule: Rule
    claim: Claim
    hash: str
    ways: tuple[Way, ...]
    needs: tuple[Nearby, ...]
    spares: tuple[Spare, ...]
    context: tuple[Literals, ...]
    """For each need the literals of which the text, or its page, shows one.

    Empty where the need can be met by what is no word, such as a price.
    """
    context_bits: tuple[int, ...] = ()


@dataclass(frozen=True)
class Prepared:
    """What takes long to make of a pack, and is kept with a compiled matcher."""

    tables: Tables
    evasions: dict[str, str]
    engine: str
    first: bytes | None = field(repr=False)
    places: bytes | None = field(repr=False)
    tagger: bytes | None = field(repr=False)


@dataclass
class Compiled:
    """Everything that a scan reads."""

    pack_hash: str
    rules: tuple[CompiledRule, ...]
    terms: tuple[str, ...]
    groups_of: tuple[tuple[str, ...], ...]
    """For each term the groups that it belongs to."""
    literals: tuple[str, ...]
    bits: tuple[int, ...]
    """For each literal of the first pass a bit for each set of signs that holds it."""
    evaded: tuple[str, ...]
    """For each literal of the first pass the term that it evades, or an empty string."""
    alphabet: Alphabet
    known: frozenset[str]
    """Words inside which a match may begin or end."""
    syllables: frozenset[str]
    prepared: Prepared = field(repr=False)
    first: LiteralEngine = field(repr=False)
    """Says which literals a text holds."""
    places: LiteralEngine = field(repr=False)
    """Says where it holds them."""
    tagger: LiteralEngine = field(repr=False)

    @cached_property
    def term_sizes(self) -> tuple[int, ...]:
        """Characters of each term."""
        return tuple(len(term) for term in self.terms)

    @cached_property
    def literal_sizes(self) -> tuple[int, ...]:
        """Characters of each literal of the first pass."""
        return tuple(len(literal) for literal in self.literals)


def compile_pack(
    pack: Pack, pack_hash: str, engine: str | None = None, prepared: Prepared | None = None
) -> Compiled:
    """`pack` made ready; takes about a second without what was `prepared` before."""
    if prepared is None:
        tables = build_tables(pack.characters.pairs)
        evasions = variants.evasions(pack.core, pack.characters, tables)
    else:
        tables, evasions, engine = prepared.tables, prepared.evasions, prepared.engine
    folder = _Folder(pack, tables)
    plain_rules = tuple(_compile_rule(pack, claim, rule, folder) for claim, rule in pack.rules())
    terms, groups_of = folder.vocabulary()
    rules, bit_of = _numbered(plain_rules)
    literals = tuple(sorted({*bit_of, *evasions}))
    alphabet = make_alphabet((*terms, *literals), tables)
    coded = [alphabet.encode(text) for text in literals]
    dumps = (prepared.first, prepared.places, prepared.tagger) if prepared else (None, None, None)
    first = make_engine(coded, engine, dumps[0], once=True)
    places = make_engine(coded, engine, dumps[1])
    tagger = make_engine([alphabet.encode(text) for text in terms], engine, dumps[2])
    return Compiled(
        pack_hash=pack_hash,
        rules=rules,
        terms=terms,
        groups_of=groups_of,
        literals=literals,
        bits=tuple(bit_of.get(literal, 0) for literal in literals),
        evaded=tuple(
            "" if literal in bit_of else evasions.get(literal, "") for literal in literals
        ),
        alphabet=alphabet,
        known=folder.open_terms(),
        syllables=variants.syllables(pack.characters),
        prepared=Prepared(
            tables, evasions, first.name, first.dump(), places.dump(), tagger.dump()
        ),
        first=first,
        places=places,
        tagger=tagger,
    )


class _Folder:
    """Folded terms of the groups, each group's under a name of its own."""

    def __init__(self, pack: Pack, tables: Tables) -> None:
        self._pack = pack
        self._fold: Callable[[str], str] = tables.fold_term
        self._groups: dict[str, tuple[str, ...]] = {}
        for name, group in pack.groups.items():
            self._add(name, group)

    def _add(self, name: str, group: Group) -> None:
        self._groups[name] = self._terms(group.terms)
        if group.but:
            self._groups[f"!{name}"] = self._terms(group.but)
            both = set(self._groups[name]) & set(self._groups[f"!{name}"])
            if both:
                raise MatcherError(
                    f"group {name!r}: {', '.join(sorted(both))} is a term and its own exception.",
                    hint="Marks do not count; an exception must be longer than the term.",
                )

    def _terms(self, terms: Iterable[str]) -> tuple[str, ...]:
        folded = (self._fold(term) for term in terms)
        return tuple(dict.fromkeys(term for term in folded if term))

    def name(self, claim: Claim, group: str) -> str:
        """The name under which `group` of `claim` is kept."""
        if group not in claim.groups:
            return group
        name = f"{claim.claim}/{group}"
        if name not in self._groups:
            self._add(name, claim.groups[group])
        return name

    def inline(self, terms: tuple[str, ...]) -> str:
        """The name of a group of terms that a pattern names itself."""
        folded = self._terms(terms)
        name = "=" + "|".join(folded)
        self._groups[name] = folded
        return name

    def terms_of(self, name: str) -> tuple[str, ...]:
        """The folded terms of a kept group."""
        return self._groups.get(name, ()) or SIGNS.get(name, ())

    def open_terms(self) -> frozenset[str]:
        """The terms of the open groups."""
        groups = self._pack.groups.items()
        return frozenset(
            term for name, group in groups if group.open for term in self._groups[name]
        )

    def vocabulary(self) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
        """All terms, and for each the groups that hold it."""
        groups_of: dict[str, list[str]] = {}
        for name, terms in self._groups.items():
            for term in terms:
                groups_of.setdefault(term, []).append(name)
        return tuple(groups_of), tuple(tuple(names) for names in groups_of.values())


def _compile_rule(pack: Pack, claim: Claim, rule: Rule, folder: _Folder) -> CompiledRule:
    ways: dict[Way, None] = {}
    for pattern in rule.match:
        for sequence in patterns.parse(pattern):
            phrase = tuple(_slot(slot, claim, folder) for slot in sequence)
            ways[Way(phrase=phrase, signs=_phrase_signs(phrase, folder))] = None
    for part in rule.together:
        names = tuple(folder.name(claim, name) for name in part.all)
        company = part.model_copy(update={"all": names})
        ways[Way(company=company, signs=_company_signs(names, folder))] = None
    needs = tuple(_renamed(part, claim, folder) for part in rule.needs)
    spares = tuple(_renamed(part, claim, folder) for part in (*rule.spares, *claim.spares))
    renamed = rule.model_copy(
        update={"boosts": tuple(_renamed(part, claim, folder) for part in rule.boosts)}
    )
    return CompiledRule(
        rule=renamed,
        claim=claim,
        hash=rule_hash(pack, claim, rule),
        ways=tuple(ways),
        needs=needs,
        spares=spares,
        context=tuple(_context(need, folder) for need in needs),
    )


def _slot(slot: patterns.Slot, claim: Claim, folder: _Folder) -> patterns.Slot:
    name = folder.name(claim, slot.group) if slot.group else folder.inline(slot.terms)
    return patterns.Slot(name, (), slot.gap, slot.loose)


def _renamed(part: Near, claim: Claim, folder: _Folder) -> Near:
    return part.model_copy(update={"any": tuple(folder.name(claim, name) for name in part.any)})


def _context(need: Nearby, folder: _Folder) -> Literals:
    if set(need.any) & set(KINDS):
        return frozenset()
    return frozenset(term for name in need.any for term in folder.terms_of(name))


def _cost(literals: Literals) -> tuple[float, int, str]:
    """How often some text will show one of `literals`: the shortest one decides."""
    shortest = min(len(literal) for literal in literals)
    return 1 / shortest**3, len(literals), min(literals)


def _ordered(signs: Iterable[Literals]) -> tuple[Literals, ...]:
    """The sets that are worth asking for, the rarest first; single characters tell nothing."""
    known = sorted({literals for literals in signs if literals}, key=_cost)
    telling = [literals for literals in known if min(map(len, literals)) > 1]
    return tuple(telling or known[:1])


def _company_signs(names: Iterable[str], folder: _Folder) -> tuple[Literals, ...]:
    return _ordered(frozenset(folder.terms_of(name)) for name in names)


def _phrase_signs(phrase: Sequence[patterns.Slot], folder: _Folder) -> tuple[Literals, ...]:
    """For each place of a phrase its terms, single characters joined with what adjoins them."""
    terms = [() if slot.group in KINDS else folder.terms_of(slot.group) for slot in phrase]
    signs = []
    for at, slot in enumerate(phrase):
        if slot.group in KINDS:
            signs.append(frozenset(folder.terms_of(slot.group)))
            continue
        before = terms[at - 1] if at and not slot.gap else ()
        after = terms[at + 1] if at + 1 < len(phrase) and not phrase[at + 1].gap else ()
        signs.append(_lengthened(terms[at], before, after))
    return _ordered(signs)


def _lengthened(
    terms: Sequence[str], before: Sequence[str], after: Sequence[str]
) -> Literals:
    long = {term for term in terms if len(term) > 1}
    short = [term for term in terms if len(term) == 1]
    if short and after:
        long |= {first + second for first, second in product(short, after)}
    elif short and before:
        long |= {first + second for first, second in product(before, short)}
    else:
        long |= set(short)
    return frozenset(long)


def _numbered(
    rules: Iterable[CompiledRule],
) -> tuple[tuple[CompiledRule, ...], dict[str, int]]:
    """The rules with a bit for each set of literals, and each literal's bits."""
    bit_of: dict[str, int] = {}
    number_of: dict[Literals, int] = {}

    def bit(literals: Literals) -> int:
        if literals not in number_of:
            number_of[literals] = 1 << len(number_of)
            for literal in literals:
                bit_of[literal] = bit_of.get(literal, 0) | number_of[literals]
        return number_of[literals]

    numbered = []
    for rule in rules:
        ways = []
        for way in rule.ways:
            bits = [bit(literals) for literals in way.signs]
            ways.append(replace(way, bits=sum(bits), rarest=bits[0]))
        context = tuple(bit(literals) if literals else 0 for literals in rule.context)
        numbered.append(replace(rule, ways=tuple(ways), context_bits=context))
    return tuple(numbered), bit_of
