"""A text as the second opinion sees it: passages, and what stands in them.

A passage is a stretch of a few sentences, folded as the matcher folds. What speaks for or against
it are its runs of one to three characters and, at a hit, what the rules say of it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log, log2
from typing import Protocol

from matchers.likeness import plain_form
from matchers.text import Tables

AROUND = 100
"""Characters on either side of a hit that are its passage."""
LONG, STEP = 240, 160
"""Characters of a passage of a text without hits, and from the beginning of one to the next."""
MOST = 200
"""Passages of one text that are read."""
LONGEST = 3
"""Characters of a run, at most."""


class Found(Protocol):
    """A hit, the matcher's or a kept one."""

    @property
    def claim(self) -> str:
        """The claim."""

    @property
    def start(self) -> int:
        """Its first code point."""

    @property
    def end(self) -> int:
        """The code point behind its last."""

    @property
    def score(self) -> float:
        """How sure the matcher is, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Passage:
    """What stands in one: its runs, and what the rules say of it, by name."""

    runs: frozenset[str]
    rules: Mapping[str, float]


def at_hits(text: str, hits: Sequence[Found], tables: Tables) -> Passage:
    """The passage made of what stands around all hits of a text."""
    around = (text[max(0, hit.start - AROUND) : hit.end + AROUND] for hit in hits)
    runs = frozenset[str]().union(*(runs_of(plain_form(one, tables)) for one in around))
    return Passage(runs, _said(hits))


def around(text: str, spans: Iterable[tuple[int, int]], tables: Tables) -> list[Passage]:
    """The passage around each of these places, by its words alone."""
    return [
        _words(text[max(0, start - AROUND) : end + AROUND], tables)
        for start, end in sorted(set(spans))
    ]


def passages(text: str, tables: Tables) -> Iterator[Passage]:
    """The passages of a text, each by its words alone."""
    last = max(1, len(text) - LONG + STEP)
    for start in range(0, min(last, MOST * STEP), STEP):
        yield _words(text[start : start + LONG], tables)


def runs_of(folded: str) -> frozenset[str]:
    """The different runs of a folded text."""
    return frozenset(
        folded[at : at + size]
        for size in range(1, LONGEST + 1)
        for at in range(len(folded) - size + 1)
    )


def _words(text: str, tables: Tables) -> Passage:
    return Passage(runs_of(plain_form(text, tables)), {})


def _said(hits: Sequence[Found]) -> dict[str, float]:
    """What the rules say: the claims, how many hits, and how sure the matcher is of its best."""
    best = min(max(0.02, *(hit.score for hit in hits)), 0.98)
    said = {f"claim:{hit.claim}": 1.0 for hit in hits}
    return said | {"hits": log2(1 + len(hits)) / 4, "score": log(best / (1 - best)) / 4}
