"""Weights laid on texts: which sentences make an offer, of which claim, and what speaks for it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matchers.groups import COMMAS
from matchers.runs import Found, Ints, RunTable
from matchers.sentences import Sentences, sentences
from matchers.weights import Weights

LEAST = 8
"""Characters that a window counts at least."""
PAGE = 500
"""Characters to either side of a sentence that are its page, in a text of more than twice that."""
CLAIMS_MAY_LIFT = 2.0
"""Log-odds below zero from which a sentence is looked at for single claims."""
CUES = 3
"""Runs that are named as the reason."""
Doubles = NDArray[np.float64]


class Cue(NamedTuple):
    """Words of a text that speak for a claim, and their share of the log-odds."""

    text: str
    by: float


class Finding(NamedTuple):
    """A claim in a clause of a text, in places of its folded characters."""

    text: int
    claim: int
    start: int
    end: int
    score: float
    """The probability that it is one, 0.5 to 1."""
    cues: tuple[Cue, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """Some folded texts put together, each with a line end behind it, and the runs in them."""

    chars: str
    points: Ints
    bounds: Ints
    """Where the texts begin, and the whole length."""
    found: list[Found]

    @classmethod
    def at(cls, table: RunTable, texts: Sequence[str]) -> "Looked":
        """The runs in `texts`."""
        chars = "\n".join((*texts, ""))
        raw = np.frombuffer(chars.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        points = raw.astype(np.int64)
        bounds = np.cumsum([0, *(len(text) + 1 for text in texts)])
        return cls(chars, points, bounds, table.find(table.codes(points)))


class Scorer:
    """Weights made ready for texts."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.table = RunTable(weights.runs)
        number = {run: at for at, run in enumerate(weights.runs)}
        taken = np.array([number[run] for run in self.table.runs], dtype=np.int64)
        self._page = weights.page[taken].astype(np.float64)
        self._sentence = weights.sentence[taken].astype(np.float64)
        self._of_claims = weights.of_claims[taken].astype(np.float64)
        self._biases = np.array(weights.claim_biases)

    def find(self, texts: Sequence[str]) -> list[Finding]:
        """The claims that `texts` (folded) make, by text and place."""
        if not texts:
            return []
        looked = Looked.at(self.table, texts)
        own = sentences(looked.points, looked.bounds)
        if not own.starts.size:
            return []
        mix = self.weights.mix
        sentence, page = self.odds(looked, own)
        odds = mix.sentence * sentence + mix.page * page + mix.bias
        plausible = np.flatnonzero(odds > -CLAIMS_MAY_LIFT)
        findings = []
        for at in plausible.tolist():
            findings += self._findings(looked, own, at, float(odds[at]))
        return findings

    def odds(self, looked: Looked, own: Sentences) -> tuple[Doubles, Doubles]:
        """For each sentence its own log-odds and those of its page, before they are mixed."""
        sentence = _summed(looked, self._sentence)
        page = _summed(looked, self._page)
        lefts, rights = pages(looked.bounds, own)
        return (
            _scored(sentence, own.starts, own.ends) + self.weights.sentence_bias,
            _scored(page, lefts, rights) + self.weights.page_bias,
        )

    def _findings(self, looked: Looked, own: Sentences, at: int, odds: float) -> list[Finding]:
        """The claims of one sentence that may make an offer."""
        start, end, text = int(own.starts[at]), int(own.ends[at]), int(own.texts[at])
        places, numbers = runs_within(looked.found, start, end)
        shrink = 1 / math.sqrt(max(end - start, LEAST))
        rows = self._of_claims.take(numbers, axis=0)
        named = rows.sum(axis=0) * shrink + self._biases
        best = int(named.argmax())
        odds += self.weights.mix.claim * float(named[best])
        if odds <= 0:
            return []
        chosen = [best, *(each for each in np.flatnonzero(named > 0).tolist() if each != best)]
        score = 1 / (1 + math.exp(-odds))
        general = self._sentence.take(numbers)
        findings = []
        for claim in chosen:
            speaks = (general + rows[:, claim]) * shrink
            left, right = _clause(looked, places, speaks, start, end)
            cues = self._cues(looked.chars, places, numbers, speaks)
            first = int(looked.bounds[text])
            findings.append(Finding(text, claim, left - first, right - first, score, cues))
        return findings

    def _cues(self, chars: str, places: Ints, numbers: Ints, speaks: Doubles) -> tuple[Cue, ...]:
        """The runs that speak loudest for a claim, none of them overlapping."""
        cues: list[Cue] = []
        taken: list[tuple[int, int]] = []
        for index in np.argsort(-speaks)[: 4 * CUES].tolist():
            by = float(speaks[index])
            if by <= 0 or len(cues) == CUES:
                break
            run = self.table.runs[int(numbers[index])]
            start = int(places[index])
            end = start + len(run)
            if "\n" in run or any(start < last and first < end for first, last in taken):
                continue
            taken.append((start, end))
            cues.append(Cue(chars[start:end], round(by, 2)))
        return tuple(cues)


def pages(bounds: Ints, own: Sentences) -> tuple[Ints, Ints]:
    """For each sentence where its page begins and ends."""
    first, last = bounds[own.texts], bounds[own.texts + 1] - 1
    middle = (own.starts + own.ends) // 2
    short = last - first <= 2 * PAGE
    left = np.where(short, first, np.maximum(first, np.minimum(middle - PAGE, own.starts)))
    right = np.where(short, last, np.minimum(last, np.maximum(middle + PAGE, own.ends)))
    return left, right


def runs_within(found: Sequence[Found], start: int, end: int) -> tuple[Ints, Ints]:
    """The places and numbers of the runs that begin in `start:end`."""
    places, numbers = [], []
    for starts, some in found:
        first, last = np.searchsorted(starts, (start, end))
        places.append(starts[first:last])
        numbers.append(some[first:last])
    return np.concatenate(places), np.concatenate(numbers)


def _summed(looked: Looked, weights: Doubles) -> Doubles:
    """For each place what all runs that begin before it weigh."""
    values = np.zeros(len(looked.points) + 1)
    for starts, numbers in looked.found:
        values[1:][starts] += weights.take(numbers)
    return values.cumsum()


def _scored(summed: Doubles, starts: Ints, ends: Ints) -> Doubles:
    scored: Doubles = (summed[ends] - summed[starts]) / np.sqrt(np.maximum(ends - starts, LEAST))
    return scored


def _clause(looked: Looked, places: Ints, speaks: Doubles, start: int, end: int) -> tuple[int, int]:
    """The part of a sentence, between commas, in which most is said for a claim."""
    if end - start <= 1:
        return start, end
    inner = [at + 1 for at in range(start, end - 1) if looked.chars[at] in COMMAS]
    cuts = [start, *inner, end]
    sums = np.zeros(len(cuts) - 1)
    np.add.at(sums, np.searchsorted(cuts, places, side="right") - 1, speaks)
    best = int(sums.argmax())
    return cuts[best], cuts[best + 1]
