"""A pack made ready for scanning: alphabet, literals, and rules that know their literals."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import TypeVar

from matchers import patterns, variants
from matchers.alphabet import Alphabet, make_alphabet
from matchers.engine import LiteralEngine, make_engine
from matchers.entities import KINDS, SIGNS
from matchers.errors import MatcherError
from matchers.pack import Pack, digest, rule_hash
from matchers.rules import Boost, Claim, Group, Nearby, Rule, Spare, Together
from matchers.text import Tables, build_tables

Near = TypeVar("Near", Nearby, Spare, Boost)

Literals = frozenset[str]
MAX_SIGNS = 2
"""Sets of signs of a way that are asked for before a text is read."""


@dataclass(frozen=True)
class Way:
    """One way in which a rule matches: a phrase in order, or a company of groups in any order."""

    phrase: tuple[patterns.Slot, ...] = ()
    links: tuple[tuple[patterns.Link, ...], ...] = ()
    """For each slot of a phrase those that may stand before it."""
    company: Together | None = None
    signs: tuple[Literals, ...] = ()
    """Sets of literals; each match shows one of each, the rarest set first."""
    bits: int = 0
    """One bit for each of `signs`."""
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
    engine: str
    literals: str
    """A digest of the literals of all engines."""
    engines: tuple[bytes | None, ...] = field(repr=False)


@dataclass(frozen=True)
class Context:
    """Rules that ask for the same things of a text: one bit for each need, 0 for none."""

    bits: tuple[int, ...]
    needs: tuple[Nearby, ...]
    rules: tuple[CompiledRule, ...]


@dataclass(frozen=True)
class GroupIndex:
    """What a group has beside its words."""

    singles: str
    """Its terms of one character."""
    excepted: bool
    """Whether it has exceptions, so that no term counts before what is around it was seen."""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds its terms of one character."""
        return re.compile(f"[{re.escape(self.singles)}]")


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
    """For each literal of the gate a bit for each need that it meets; 0: an evasion."""
    sites: tuple[str, ...]
    """The literals of the second pass: signs and evasions."""
    site_bits: tuple[int, ...]
    """For each of them a bit for each set of signs that holds it."""
    evaded: tuple[str, ...]
    """For each site the term that it evades, or an empty string."""
    alphabet: Alphabet
    known: frozenset[str]
    """Words inside which a match may begin or end."""
    syllables: frozenset[str]
    prepared: Prepared = field(repr=False)
    gate: LiteralEngine = field(repr=False)
    """Says whether a text can concern any rule: contexts and evasions."""
    places: LiteralEngine = field(repr=False)
    """Says which signs of rules a text shows, and where."""
    tagger: LiteralEngine = field(repr=False)

    @cached_property
    def term_sizes(self) -> tuple[int, ...]:
        """Characters of each term."""
        return tuple(len(term) for term in self.terms)

    @cached_property
    def ways(self) -> tuple[tuple[int, Context, CompiledRule, Way], ...]:
        """Every way with its bits, in the order of the rules."""
        return tuple(
            (way.bits, context, rule, way)
            for context in self.contexts
            for rule in context.rules
            for way in rule.ways
        )

    @cached_property
    def ways_of(self) -> tuple[tuple[int, ...], ...]:
        """For each site the numbers of the ways whose rarest sign it is one of."""
        holders: dict[str, list[int]] = {}
        for number, (_, _, _, way) in enumerate(self.ways):
            for literal in way.signs[0]:
                holders.setdefault(literal, []).append(number)
        return tuple(tuple(holders.get(site, ())) for site in self.sites)

    @cached_property
    def site_sizes(self) -> tuple[int, ...]:
        """Characters of each site."""
        return tuple(len(site) for site in self.sites)


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
    rules, signs = _numbered(rules)
    contexts, needs = _contexts(rules)
    evasions = {
        spelling: term
        for spelling, term in evasions.items()
        if spelling not in signs and spelling not in needs
    }
    gate = tuple(sorted({*needs, *evasions}))
    sites = tuple(sorted({*signs, *evasions}))
    alphabet = make_alphabet((*terms, *gate, *sites), tables)
    coded = [[alphabet.encode(text) for text in texts] for texts in (gate, sites, terms)]
    literals = digest([[each.hex() for each in some] for some in coded])
    if prepared and prepared.literals != literals:
        raise MatcherError("what was prepared belongs to another pack.")
    engines = [
        make_engine(some, engine, prepared.engines[at] if prepared else None, once=at == 0)
        for at, some in enumerate(coded)
    ]
    return Compiled(
        pack_hash=pack_hash,
        contexts=contexts,
        terms=terms,
        groups=folder.indices(),
        groups_of=groups_of,
        gate_bits=tuple(needs.get(literal, 0) for literal in gate),
        sites=sites,
        site_bits=tuple(signs.get(literal, 0) for literal in sites),
        evaded=tuple(evasions.get(literal, "") for literal in sites),
        alphabet=alphabet,
        known=folder.open_terms(),
        syllables=variants.syllables(pack.characters),
        prepared=Prepared(
            tables, evasions, engines[0].name, literals, tuple(each.dump() for each in engines)
        ),
        gate=engines[0],
        places=engines[1],
        tagger=engines[2],
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

    def needs_word(self, name: str) -> bool:
        """Whether a term of the group is always a word of two characters and more."""
        return name not in KINDS and all(len(term) > 1 for term in self._groups[name])

    def tells_by_character(self, name: str) -> bool:
        """Whether a character alone tells that it is a term of the group."""
        terms = self._groups.get(name, ())
        return any(len(term) == 1 for term in terms) and f"!{name}" not in self._groups

    def open_terms(self) -> frozenset[str]:
        """The terms of the open groups."""
        groups = self._pack.groups.items()
        return frozenset(
            term for name, group in groups if group.open for term in self._groups[name]
        )

    def vocabulary(self) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
        """All terms of two characters and more, and for each the groups that hold it."""
        groups_of: dict[str, list[str]] = {}
        for name, terms in self._groups.items():
            for term in terms:
                if len(term) > 1:
                    groups_of.setdefault(term, []).append(name)
        return tuple(groups_of), tuple(tuple(names) for names in groups_of.values())

    def indices(self) -> dict[str, GroupIndex]:
        """Groups that have more than words: single characters or exceptions."""
        indices = {}
        for name, terms in self._groups.items():
            singles = "".join(term for term in terms if len(term) == 1)
            excepted = f"!{name}" in self._groups
            if name[0] != "!" and (singles or excepted):
                indices[name] = GroupIndex(singles, excepted)
        return indices


def _compile_rule(pack: Pack, claim: Claim, rule: Rule, folder: _Folder) -> CompiledRule:
    ways: dict[Way, None] = {}
    for pattern in rule.match:
        phrase = tuple(_slot(slot, claim, folder) for slot in patterns.parse(pattern))
        ways[_phrase_way(phrase, folder)] = None
    for part in rule.together:
        names = tuple(folder.name(claim, name) for name in part.all)
        company = part.model_copy(update={"all": names})
        sure = frozenset(name for name in names if folder.needs_word(name))
        ways[Way(company=company, signs=_company_signs(names, folder), groups=sure)] = None
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


def _phrase_way(phrase: tuple[patterns.Slot, ...], folder: _Folder) -> Way:
    must = [at for at, slot in enumerate(phrase) if not slot.optional]
    pivot = next((at for at in must if not folder.tells_by_character(phrase[at].group)), must[0])
    groups = [phrase[at].group for at in must]
    sure = frozenset(group for group in groups if folder.needs_word(group))
    signs, links = _phrase_signs(phrase, folder), patterns.links(phrase)
    return Way(phrase=phrase, links=links, signs=signs, pivot=pivot, groups=sure)


def _slot(slot: patterns.Slot, claim: Claim, folder: _Folder) -> patterns.Slot:
    name = folder.name(claim, slot.group) if slot.group else folder.inline(slot.terms)
    return patterns.Slot(name, (), slot.gap, slot.loose, slot.optional)


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
    return tuple(telling[:MAX_SIGNS] or known[:1])


def _company_signs(names: Iterable[str], folder: _Folder) -> tuple[Literals, ...]:
    return _ordered(frozenset(folder.terms_of(name)) for name in names)


def _phrase_signs(phrase: Sequence[patterns.Slot], folder: _Folder) -> tuple[Literals, ...]:
    """For each place of a phrase its terms, single characters joined with what adjoins them."""
    signs = []
    for at, slot in enumerate(phrase):
        if slot.optional:
            continue
        terms = folder.terms_of(slot.group)
        if slot.group in KINDS:
            signs.append(frozenset(terms))
            continue
        before = phrase[at - 1] if at and not slot.gap else None
        after = phrase[at + 1] if at + 1 < len(phrase) and not phrase[at + 1].gap else None
        signs.append(_lengthened(terms, _adjoining(before, folder), _adjoining(after, folder)))
    return _ordered(signs)


def _adjoining(slot: patterns.Slot | None, folder: _Folder) -> tuple[str, ...]:
    """The terms that must adjoin, if it is sure that one does."""
    if slot is None or slot.optional or slot.group in KINDS:
        return ()
    return folder.terms_of(slot.group)


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


def _numbered(
    rules: Iterable[CompiledRule],
) -> tuple[tuple[CompiledRule, ...], dict[str, int]]:
    """The rules with a bit for each set of signs, and each literal's bits."""
    bits = _Bits()
    numbered = []
    for rule in rules:
        ways = []
        for way in rule.ways:
            own = [bits.of(literals) for literals in way.signs]
            ways.append(replace(way, bits=sum(own)))
        numbered.append(replace(rule, ways=tuple(ways)))
    return tuple(numbered), bits.of_literal


def _contexts(
    rules: Iterable[CompiledRule],
) -> tuple[tuple[Context, ...], dict[str, int]]:
    """The rules by what they need, and each literal's bits of needs."""
    bits = _Bits()
    together: dict[tuple[tuple[int, ...], tuple[Nearby, ...]], list[CompiledRule]] = {}
    for rule in rules:
        own = tuple(bits.of(literals) if literals else 0 for literals in rule.context)
        together.setdefault((own, rule.needs), []).append(rule)
    contexts = tuple(Context(own, needs, tuple(some)) for (own, needs), some in together.items())
    return contexts, bits.of_literal


class _Bits:
    """A bit for each set of literals, in the order in which the sets came."""

    def __init__(self) -> None:
        self._of_set: dict[Literals, int] = {}
        self.of_literal: dict[str, int] = {}

    def of(self, literals: Literals) -> int:
        """The bit of a set."""
        if literals not in self._of_set:
            bit = self._of_set[literals] = 1 << len(self._of_set)
            for literal in literals:
                self.of_literal[literal] = self.of_literal.get(literal, 0) | bit
        return self._of_set[literals]
