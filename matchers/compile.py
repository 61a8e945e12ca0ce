"""A pack made ready for scanning: alphabet, literals, and rules that know their literals."""

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from matchers import patterns, variants
from matchers.engine import LiteralEngine, make_engine
from matchers.entities import KINDS
from matchers.errors import MatcherError
from matchers.pack import Pack, rule_hash
from matchers.rules import Boost, Claim, Group, Nearby, Rule, Spare, Together
from matchers.text import Kind, Tables, build_tables

_FIRST, _SECOND = range(0x01, 0x40), range(0x40, 0x100)
CAPACITY = len(_FIRST) * len(_SECOND) - 1
OTHER = 0x4001
"""The code of a character that no literal holds."""
MAX_PRODUCTS = 6_000

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


@dataclass(frozen=True)
class CompiledRule:
    """A rule with all that was worked out for it before the first text."""

    rule: Rule
    claim: Claim
    hash: str
    sequences: tuple[tuple[patterns.Slot, ...], ...]
    together: tuple[Together, ...]
    needs: tuple[Nearby, ...]
    spares: tuple[Spare, ...]
    anchors: frozenset[str]
    """Literals of which each match holds at least one."""
    context: tuple[frozenset[str], ...]
    """For each need the literals of which the text (or its page) holds at least one."""


@dataclass(frozen=True)
class Prepared:
    """What takes long to make of a pack, and is kept with a compiled matcher."""

    tables: Tables
    evasions: dict[str, str]
    engine: str
    first: bytes | None = field(repr=False)
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
    anchor_bits: tuple[int, ...]
    """For each literal of the first pass a bit for each rule whose anchor it is."""
    need_bits: tuple[int, ...]
    evaded: tuple[str, ...]
    """For each literal of the first pass the term that it evades, or an empty string."""
    rule_needs: tuple[tuple[int, ...], ...]
    """For each rule the bits of which the text must show one each."""
    alphabet: Alphabet
    syllables: frozenset[str]
    prepared: Prepared = field(repr=False)
    first: LiteralEngine = field(repr=False)
    tagger: LiteralEngine = field(repr=False)

    @cached_property
    def known(self) -> frozenset[str]:
        """Terms that belong to a group in their own right, not only as an exception."""
        pairs = zip(self.terms, self.groups_of, strict=True)
        return frozenset(term for term, groups in pairs if any(g[0] != "!" for g in groups))

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
    rules = tuple(_compile_rule(pack, claim, rule, folder) for claim, rule in pack.rules())
    terms, groups_of = folder.vocabulary()
    anchors, needs, rule_needs = _bits(rules)
    literals = tuple(sorted({*anchors, *needs, *evasions}))
    alphabet = make_alphabet((*terms, *literals), tables)
    first_dump, tagger_dump = (prepared.first, prepared.tagger) if prepared else (None, None)
    first = make_engine([alphabet.encode(text) for text in literals], engine, first_dump)
    tagger = make_engine([alphabet.encode(text) for text in terms], engine, tagger_dump)
    return Compiled(
        pack_hash=pack_hash,
        rules=rules,
        terms=terms,
        groups_of=groups_of,
        literals=literals,
        anchor_bits=tuple(anchors.get(literal, 0) for literal in literals),
        need_bits=tuple(needs.get(literal, 0) for literal in literals),
        evaded=tuple(
            "" if literal in anchors or literal in needs else evasions.get(literal, "")
            for literal in literals
        ),
        rule_needs=rule_needs,
        alphabet=alphabet,
        syllables=variants.syllables(pack.characters),
        prepared=Prepared(tables, evasions, first.name, first.dump(), tagger.dump()),
        first=first,
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
        return self._groups.get(name, ())

    def vocabulary(self) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
        """All terms, and for each the groups that hold it."""
        groups_of: dict[str, list[str]] = {}
        for name, terms in self._groups.items():
            for term in terms:
                groups_of.setdefault(term, []).append(name)
        return tuple(groups_of), tuple(tuple(names) for names in groups_of.values())


def _compile_rule(pack: Pack, claim: Claim, rule: Rule, folder: _Folder) -> CompiledRule:
    sequences: list[tuple[patterns.Slot, ...]] = []
    for pattern in rule.match:
        for sequence in patterns.parse(pattern):
            sequences.append(tuple(_slot(slot, claim, folder) for slot in sequence))
    together = tuple(
        part.model_copy(update={"all": tuple(folder.name(claim, name) for name in part.all)})
        for part in rule.together
    )
    needs = tuple(_renamed(part, claim, folder) for part in rule.needs)
    spares = tuple(_renamed(part, claim, folder) for part in (*rule.spares, *claim.spares))
    renamed = rule.model_copy(
        update={"boosts": tuple(_renamed(part, claim, folder) for part in rule.boosts)}
    )
    anchors: set[str] = set()
    for sequence in sequences:
        anchors |= _anchors(sequence, folder)
    for part in together:
        named = (set(folder.terms_of(name)) for name in part.all if name not in KINDS)
        anchors |= min(named, key=_cost)
    return CompiledRule(
        rule=renamed,
        claim=claim,
        hash=rule_hash(pack, claim, rule),
        sequences=tuple(dict.fromkeys(sequences)),
        together=together,
        needs=needs,
        spares=spares,
        anchors=frozenset(anchors),
        context=tuple(
            frozenset(term for name in need.any for term in folder.terms_of(name)) for need in needs
        ),
    )


def _slot(slot: patterns.Slot, claim: Claim, folder: _Folder) -> patterns.Slot:
    name = folder.name(claim, slot.group) if slot.group else folder.inline(slot.terms)
    return patterns.Slot(name, (), slot.gap, slot.loose)


def _renamed(part: Near, claim: Claim, folder: _Folder) -> Near:
    return part.model_copy(update={"any": tuple(folder.name(claim, name) for name in part.any)})


def _cost(literals: Set[str]) -> tuple[float, int]:
    """How often some text will show one of `literals`: the shortest one decides."""
    shortest = min(len(literal) for literal in literals)
    return 1 / shortest**3, len(literals)


def _anchors(sequence: Sequence[patterns.Slot], folder: _Folder) -> set[str]:
    """The rarest set of literals of which each match of `sequence` must show one."""
    runs: list[list[tuple[str, ...]]] = []
    for slot in sequence:
        terms = folder.terms_of(slot.group)
        if slot.group in KINDS:
            runs.append([])
        elif slot.gap or not runs:
            runs.append([terms])
        else:
            runs[-1].append(terms)
    choices: list[set[str]] = []
    for run in filter(None, runs):
        size = 1
        for terms in run:
            size *= len(terms)
        if size <= MAX_PRODUCTS:
            choices.append({"".join(parts) for parts in product(*run)})
        else:
            choices += [set(terms) for terms in run]
    return min(choices, key=_cost)


def _bits(
    rules: tuple[CompiledRule, ...],
) -> tuple[dict[str, int], dict[str, int], tuple[tuple[int, ...], ...]]:
    anchors: dict[str, int] = {}
    needs: dict[str, int] = {}
    number_of: dict[frozenset[str], int] = {}
    rule_needs = []
    for index, rule in enumerate(rules):
        for literal in rule.anchors:
            anchors[literal] = anchors.get(literal, 0) | 1 << index
        bits = []
        for literals in rule.context:
            number = number_of.setdefault(literals, len(number_of))
            bits.append(1 << number)
        rule_needs.append(tuple(bits))
    for literals, number in number_of.items():
        for literal in literals:
            needs[literal] = needs.get(literal, 0) | 1 << number
    return anchors, needs, tuple(rule_needs)
