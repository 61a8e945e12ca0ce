"""The small language of patterns: `{promise}~3{result}`.

A pattern is read from left to right: plain characters stand for themselves, `{name}` for a term
of that group, `{one|two}` for one of these terms; `?` after a brace makes it optional; `~3` lets
up to 3 other characters stand between, within the clause, `~~3` within the sentence. Nothing
repeats, so that no pattern can take more than linear time; a regular expression is refused.
"""

import re
from dataclasses import dataclass

MAX_GAP = 30
MAX_PARTS = 8


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of a pattern: a term of a group, or one of the terms that it names itself.

    Up to `gap` characters may stand before it, across a comma if `loose`; an `optional` one may
    be lacking, and hands its gap on to the next.
    """

    group: str
    terms: tuple[str, ...]
    gap: int = 0
    loose: bool = False
    optional: bool = False


Sequence = tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """That slot `before` may be the one that stands before a slot, and how far from it."""

    before: int
    gap: int
    loose: bool


_TOKEN = re.compile(
    r"(?P<gap>~~?\d+)|\{(?P<body>[^{}~]+)\}(?P<optional>\?)?|(?P<plain>[^{}~?\s()\[\]*\\^$|]+)|(?P<space>\s+)"
)
_GROUP_NAME = re.compile(r"[a-z][a-z0-9_]{1,40}")


class PatternFault(ValueError):
    """A pattern that cannot be read; the message says what is wrong with it."""


def parse(pattern: str) -> Sequence:
    """The slots that `pattern` stands for; raises `PatternFault`."""
    slots = _slots(pattern)
    if not slots or slots[0].optional or slots[-1].optional:
        raise PatternFault(f"pattern {pattern!r}: the first and the last part must be there")
    if len(slots) > MAX_PARTS:
        raise PatternFault(f"pattern {pattern!r} has more than {MAX_PARTS} parts")
    return slots


def links(slots: Sequence) -> tuple[tuple[Link, ...], ...]:
    """For each slot those that may stand before it: the one before, and past what may lack."""
    found = []
    for at, slot in enumerate(slots):
        gap, loose = slot.gap, slot.loose
        before = at - 1
        own = [Link(before, gap, loose)] if at else []
        while before > 0 and slots[before].optional:
            gap, loose = max(gap, slots[before].gap), loose or slots[before].loose
            before -= 1
            own.append(Link(before, gap, loose))
        found.append(tuple(own))
    return tuple(found)


def _slots(pattern: str) -> Sequence:
    slots: list[Slot] = []
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
        slots.append(Slot(group, terms, gap, loose, bool(found["optional"])))
        gap, loose = 0, False
    return tuple(slots)


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
