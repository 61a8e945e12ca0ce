"""The small language of patterns: `{promise}~3{result}`.

A pattern is read from left to right: plain characters stand for themselves, `{name}` for a term
of that group, `{one|two}` for one of these terms; `?` after a brace makes it optional; `~3` lets
up to 3 other characters stand between, within the clause, `~~3` within the sentence. Nothing
repeats, so that no pattern can take more than linear time; a regular expression is refused.
"""

import re
from dataclasses import dataclass
from itertools import product

MAX_GAP = 30
MAX_PARTS = 8
MAX_OPTIONAL = 4


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of a pattern: a term of a group, or one of the terms that it names itself.

    Up to `gap` characters may stand before it, across a comma if `loose`.
    """

    group: str
    terms: tuple[str, ...]
    gap: int = 0
    loose: bool = False


Sequence = tuple[Slot, ...]

_TOKEN = re.compile(
    r"(?P<gap>~~?\d+)|\{(?P<body>[^{}~]+)\}(?P<optional>\?)?|(?P<plain>[^{}~?\s()\[\]*\\^$|]+)|(?P<space>\s+)"
)
_GROUP_NAME = re.compile(r"[a-z][a-z0-9_]{1,40}")


class PatternFault(ValueError):
    """A pattern that cannot be read; the message says what is wrong with it."""


def parse(pattern: str) -> tuple[Sequence, ...]:
    """The sequences that `pattern` stands for: one for each choice of its optional parts.

    Raises `PatternFault`.
    """
    slots = _slots(pattern)
    if not any(not optional for _, optional in slots):
        raise PatternFault(f"pattern {pattern!r} has no part that must be there")
    if len(slots) > MAX_PARTS:
        raise PatternFault(f"pattern {pattern!r} has more than {MAX_PARTS} parts")
    optional = [index for index, (_, may_lack) in enumerate(slots) if may_lack]
    if len(optional) > MAX_OPTIONAL:
        raise PatternFault(f"pattern {pattern!r} has more than {MAX_OPTIONAL} optional parts")
    sequences = []
    for kept in product((True, False), repeat=len(optional)):
        dropped = {index for index, keep in zip(optional, kept, strict=True) if not keep}
        sequences.append(_without(slots, dropped))
    return tuple(dict.fromkeys(sequences))


def _without(slots: list[tuple[Slot, bool]], dropped: set[int]) -> Sequence:
    """The slots that stay; a dropped one hands its gap on to the next."""
    kept: list[Slot] = []
    gap, loose = 0, False
    for index, (slot, _) in enumerate(slots):
        gap, loose = max(gap, slot.gap), loose or slot.loose
        if index in dropped:
            continue
        first = not kept
        kept.append(Slot(slot.group, slot.terms, 0 if first else gap, False if first else loose))
        gap, loose = 0, False
    return tuple(kept)


def _slots(pattern: str) -> list[tuple[Slot, bool]]:
    slots: list[tuple[Slot, bool]] = []
    at, gap, loose = 0, 0, False
    while at < len(pattern):
        found = _TOKEN.match(pattern, at)
        if found is None:
            raise PatternFault(f"pattern {pattern!r} cannot be read from {pattern[at:]!r} on")
        at = found.end()
        if found["space"]:
            continue
        if found["gap"]:
            loose = found["gap"].startswith("~~")
            gap = int(found["gap"].lstrip("~"))
            if not slots or gap > MAX_GAP or at == len(pattern):
                raise PatternFault(
                    f"pattern {pattern!r}: a gap stands between two parts, at most {MAX_GAP}"
                )
            continue
        group, terms = _meaning(found, pattern)
        slots.append((Slot(group, terms, gap, loose), bool(found["optional"])))
        gap, loose = 0, False
    return slots


def _meaning(found: re.Match[str], pattern: str) -> tuple[str, tuple[str, ...]]:
    if found["plain"]:
        return "", (found["plain"],)
    body = found["body"].strip()
    if _GROUP_NAME.fullmatch(body):
        return body, ()
    terms = tuple(term.strip() for term in body.split("|"))
    if "?" in body:
        raise PatternFault(f"pattern {pattern!r}: write {{name}}?, not {{name?}}")
    if not all(terms):
        raise PatternFault(f"pattern {pattern!r}: an empty choice in {{{body}}}")
    return "", terms
