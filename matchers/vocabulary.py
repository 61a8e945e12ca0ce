"""The groups of a pack with their terms folded, each under a name of its own."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from matchers.entities import KINDS
from matchers.errors import MatcherError
from matchers.pack import Pack
from matchers.rules import Claim, Group
from matchers.text import Tables

LONGEST_SHAPE = 40
"""Most characters of what is told by its shape."""


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


class Vocabulary:
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
        return self._groups.get(name, ())

    def longest(self, name: str) -> int:
        """Most characters of a term of the group."""
        shape = LONGEST_SHAPE if name in KINDS else 0
        return max(shape, *map(len, self._groups.get(name, ())), 0)

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
