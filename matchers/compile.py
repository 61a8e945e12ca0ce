"""A pack made ready for scanning: alphabet, literals, and rules that know their literals."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import or_
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from matchers import patterns, variants
from matchers.alphabet import Alphabet, make_alphabet
from matchers.engine import LiteralEngine, make_engine
from matchers.entities import KINDS
from matchers.errors import MatcherError
from matchers.groups import GroupBits
from matchers.pack import Pack, digest, rule_hash
from matchers.places import AskedSets, asked_sets
from matchers.rules import Boost, Claim, Nearby, Rule, Spare, Together
from matchers.scoring import Scorer
from matchers.signs import (
    Asked,
    Bits,
    Literals,
    asked_of_company,
    asked_of_phrase,
    literals_asked,
)
from matchers.text import Tables, build_tables
from matchers.vocabulary import GroupIndex, Vocabulary
from matchers.weights import Weights

Near = TypeVar("Near", Nearby, Spare, Boost)

EVADED = 1
"""The bit of an evasion."""
WEIGHED = 2
"""The bit of a term for which a text is read with the pack's weights."""


@dataclass(frozen=True)
class Way:
    """One way in which a rule matches: a phrase in order, or a company of groups in any order."""

    asked: Asked
    phrase: tuple[patterns.Slot, ...] = ()
    links: tuple[tuple[patterns.Link, ...], ...] = ()
    """For each slot of a phrase those that may stand before it."""
    company: Together | None = None
    pivot: int = 0
    """The place of a phrase from which it is looked for: one whose group is never one character."""
    groups: frozenset[str] = frozenset()
    """Groups without which it cannot match, those left out that hold single characters."""


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
    firm: bool
    """Whether the weights may not doubt it."""

    @property
    def opens(self) -> Literals:
        """The literals of which a text shows one wherever the rule matches."""
        return frozenset().union(*(way.asked.opens for way in self.ways))

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The groups whose terms its matches are made of."""
        named = {slot.group for way in self.ways for slot in way.phrase}
        named |= {name for way in self.ways if way.company for name in way.company.all}
        return tuple(sorted(named))


@dataclass(frozen=True)
class Prepared:
    """What takes long to make of a pack, and is kept with a compiled matcher."""

    tables: Tables
    evasions: dict[str, str]
    names: tuple[str, ...]
    """The engines of gate, places and tagger."""
    literals: str
    """A digest of the literals of all engines."""
    engines: tuple[bytes | None, ...] = field(repr=False)


@dataclass(frozen=True)
class Context:
    """Rules that ask for the same things of a text."""

    bits: tuple[int, ...]
    """One for each need, 0 for none; where none has one, that of what opens the rule."""
    needs: tuple[Nearby, ...]
    rules: tuple[CompiledRule, ...]


@dataclass
class Compiled:
    """Everything that a scan reads."""

    pack_hash: str
    contexts: tuple[Context, ...]
    terms: tuple[str, ...]
    """Terms of two characters and more."""
    groups: dict[str, GroupIndex]
    """Groups that have more than words."""
    groups_of: tuple[tuple[str, ...], ...]
    """For each term the groups that hold it; `!name` are the exceptions of a group."""
    gate_bits: tuple[int, ...]
    """For each literal of the gate a bit for each need that it meets, or `EVADED`."""
    sites: tuple[str, ...]
    """The literals of the second pass: signs and evasions."""
    asked: AskedSets
    """What opens each way, and what must be around it."""
    evaded: tuple[str, ...]
    """For each site the term that it evades, or an empty string."""
    alphabet: Alphabet
    known: frozenset[str]
    """Words inside which a match may begin or end."""
    syllables: frozenset[str]
    prepared: Prepared = field(repr=False)
    two: int
    """The bits of the terms of which two together open a text for the weights."""
    scorer: Scorer | None = field(repr=False)
    """The pack's weights, made ready."""
    learned: dict[str, CompiledRule]
    """Claim -> the rule that stands for what its weights find."""
    gate: LiteralEngine = field(repr=False)
    """Says whether a text can concern any rule: contexts and evasions."""
    places: LiteralEngine = field(repr=False)
    """Says which signs of rules a text shows, and where."""
    tagger: LiteralEngine = field(repr=False)

    @cached_property
    def ways(self) -> tuple[tuple[Context, CompiledRule, Way], ...]:
        """Every way with its rule and what that needs, in the order of the rules."""
        return tuple(
            (context, rule, way)
            for context in self.contexts
            for rule in context.rules
            for way in rule.ways
        )

    @cached_property
    def claim_of(self) -> tuple[str, ...]:
        """The claim of each way."""
        return tuple(rule.claim.claim for _, rule, _ in self.ways)

    @cached_property
    def firm_ways(self) -> frozenset[int]:
        """The ways of rules that the weights may not doubt."""
        return frozenset(at for at, (_, rule, _) in enumerate(self.ways) if rule.firm)

    @cached_property
    def bits(self) -> GroupBits:
        """The groups as bits."""
        return GroupBits(self.groups_of, self.groups)

    @cached_property
    def way_groups(self) -> tuple[frozenset[int], ...]:
        """For each way the numbers of the groups that it is made of, and that its rule needs."""
        numbers = self.bits.number
        return tuple(
            frozenset(numbers[name] for name in _asked_for(rule, way) if name in numbers)
            for _, rule, way in self.ways
        )

    @cached_property
    def needed(self) -> frozenset[str]:
        """The groups that can meet a need."""
        return frozenset(
            name for context in self.contexts for need in context.needs for name in need.any
        )

    @cached_property
    def gate_words(self) -> NDArray[np.uint64]:
        """`gate_bits` in words of 64, a row for each literal."""
        size = 8 * (max(self.gate_bits, default=0).bit_length() // 64 + 1)
        data = b"".join(bits.to_bytes(size, "little") for bits in self.gate_bits)
        return np.frombuffer(data, dtype="<u8").reshape(-1, size // 8)

    @cached_property
    def site_evades(self) -> NDArray[np.bool_]:
        """Whether each site evades a term."""
        return np.array([bool(plain) for plain in self.evaded], dtype=np.bool_)


def _asked_for(rule: CompiledRule, way: Way) -> Iterable[str]:
    """The groups of a way and of its rule's needs, each with its exceptions."""
    company = way.company.all if way.company else ()
    needed = (name for need in rule.needs for name in need.any)
    for name in (*(slot.group for slot in way.phrase), *company, *needed):
        yield name
        yield f"!{name}"


def compile_pack(
    pack: Pack, pack_hash: str, engine: str | None = None, prepared: Prepared | None = None
) -> Compiled:
    """`pack` made ready; takes about a second without what was `prepared` before."""
    names: Sequence[str | None] = (engine,) * 3
    dumps: Sequence[bytes | None] = (None,) * 3
    if prepared is None:
        tables = build_tables(pack.characters.pairs)
        evasions = variants.evasions(pack.core, pack.characters, tables)
    else:
        tables, evasions = prepared.tables, prepared.evasions
        names, dumps = prepared.names, prepared.engines
    vocabulary = Vocabulary(pack, tables)
    rules = tuple(_compile_rule(pack, claim, rule, vocabulary) for claim, rule in pack.rules())
    terms, groups_of = vocabulary.vocabulary()
    gated = _gated(pack.weights)
    contexts, needs = _contexts(rules, 1 << max(gated.values(), default=WEIGHED).bit_length())
    asked = [way.asked for context in contexts for rule in context.rules for way in rule.ways]
    signs, characters = literals_asked(asked)
    for term, bit in gated.items():
        needs[term] = needs.get(term, 0) | bit
    evasions = {
        spelling: term
        for spelling, term in evasions.items()
        if spelling not in signs and spelling not in needs
    }
    gate = tuple(sorted({*needs, *evasions}))
    sites = tuple(sorted({*signs, *evasions}))
    alphabet = make_alphabet((*terms, *gate, *sites, *characters), tables)
    coded = [[alphabet.encode(text) for text in texts] for texts in (gate, sites, terms)]
    literals = digest([[each.hex() for each in some] for some in coded])
    if prepared and prepared.literals != literals:
        raise MatcherError("what was prepared belongs to another pack.")
    engines = [
        make_engine(some, name, dump, dense=dense)
        for some, name, dump, dense in zip(coded, names, dumps, (False, True, True), strict=True)
    ]
    return Compiled(
        pack_hash=pack_hash,
        contexts=contexts,
        terms=terms,
        groups=vocabulary.indices(),
        groups_of=groups_of,
        gate_bits=tuple(needs.get(literal, EVADED) for literal in gate),
        sites=sites,
        asked=asked_sets(asked, sites, alphabet),
        evaded=tuple(evasions.get(literal, "") for literal in sites),
        alphabet=alphabet,
        known=vocabulary.open_terms(),
        syllables=variants.syllables(pack.characters),
        prepared=Prepared(
            tables,
            evasions,
            tuple(each.name for each in engines),
            literals,
            tuple(each.dump() for each in engines),
        ),
        two=reduce(or_, gated.values(), 0) & ~WEIGHED,
        scorer=Scorer(pack.weights) if pack.weights else None,
        learned={rule.claim.claim: rule for rule in rules if rule.rule.learned},
        gate=engines[0],
        places=engines[1],
        tagger=engines[2],
    )


def _gated(weights: Weights | None) -> dict[str, int]:
    """For each term of the gate its bit: one for all that open alone, one each for the others."""
    if weights is None:
        return {}
    bits = {term: WEIGHED << 1 + at for at, term in enumerate(weights.gate.two)}
    return bits | dict.fromkeys(weights.gate.alone, WEIGHED)


def _compile_rule(pack: Pack, claim: Claim, rule: Rule, vocabulary: Vocabulary) -> CompiledRule:
    needs = tuple(_renamed(part, claim, vocabulary) for part in rule.needs)
    context = tuple(_context(need, vocabulary) for need in needs)
    expected = frozenset().union(*context)
    ways: dict[Way, None] = {}
    for pattern in rule.match:
        phrase = tuple(_slot(slot, claim, vocabulary) for slot in patterns.parse(pattern))
        ways[_phrase_way(phrase, vocabulary, expected)] = None
    for part in rule.together:
        names = tuple(vocabulary.name(claim, name) for name in part.all)
        company = part.model_copy(update={"all": names})
        sure = frozenset(name for name in names if vocabulary.needs_word(name))
        asked = asked_of_company(company, vocabulary, expected)
        ways[Way(asked=asked, company=company, groups=sure)] = None
    renamed = rule.model_copy(
        update={"boosts": tuple(_renamed(part, claim, vocabulary) for part in rule.boosts)}
    )
    return CompiledRule(
        rule=renamed,
        claim=claim,
        hash=rule_hash(pack, claim, rule),
        ways=tuple(ways),
        needs=needs,
        spares=tuple(_renamed(part, claim, vocabulary) for part in (*rule.spares, *claim.spares)),
        context=context,
        firm=rule.firm or not pack.weights or claim.claim not in pack.weights.claims,
    )


def _phrase_way(
    phrase: tuple[patterns.Slot, ...], vocabulary: Vocabulary, expected: Literals
) -> Way:
    must = [at for at, slot in enumerate(phrase) if not slot.optional]
    pivot = next(
        (at for at in must if not vocabulary.tells_by_character(phrase[at].group)), must[0]
    )
    groups = [phrase[at].group for at in must]
    return Way(
        asked=asked_of_phrase(phrase, vocabulary, expected),
        phrase=phrase,
        links=patterns.links(phrase),
        pivot=pivot,
        groups=frozenset(group for group in groups if vocabulary.needs_word(group)),
    )


def _slot(slot: patterns.Slot, claim: Claim, vocabulary: Vocabulary) -> patterns.Slot:
    name = vocabulary.name(claim, slot.group) if slot.group else vocabulary.inline(slot.terms)
    return patterns.Slot(name, (), slot.gap, slot.loose, slot.optional)


def _renamed(part: Near, claim: Claim, vocabulary: Vocabulary) -> Near:
    return part.model_copy(update={"any": tuple(vocabulary.name(claim, name) for name in part.any)})


def _context(need: Nearby, vocabulary: Vocabulary) -> Literals:
    if set(need.any) & set(KINDS):
        return frozenset()
    return frozenset(term for name in need.any for term in vocabulary.terms_of(name))


def _contexts(
    rules: Iterable[CompiledRule], first: int
) -> tuple[tuple[Context, ...], dict[str, int]]:
    """The rules by what they need, and each literal's bits of needs, from `first` on."""
    bits = Bits(first)
    together: dict[tuple[tuple[int, ...], tuple[Nearby, ...]], list[CompiledRule]] = {}
    for rule in rules:
        own = tuple(bits.of(literals) if literals else 0 for literals in rule.context)
        if not any(own):
            own = (bits.of(rule.opens),)
        together.setdefault((own, rule.needs), []).append(rule)
    contexts = tuple(Context(own, needs, tuple(some)) for (own, needs), some in together.items())
    return contexts, bits.of_literal
