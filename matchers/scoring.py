"""Weights laid on texts: which sentences make an offer, of which claim, and what speaks for it."""

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
"""Characters, or runs, that a window counts at least."""
PAGE = 500
"""Characters to either side of a sentence that are its page, in a text of more than twice that."""
CLAIMS_MAY_LIFT = 0.0
"""Log-odds below zero from which a sentence is looked at for single claims."""
STRETCH = 500
"""Characters in which a run counts once for its page."""
AUDIBLE = 0.15
"""Log-odds from which a run can be named as the reason."""
CUES = 3
"""Runs that are named as the reason."""
_PLACE_BITS = 24
Doubles = NDArray[np.float64]
_COMMA = np.zeros(0x10000, dtype=np.bool_)
_COMMA[[ord(mark) for mark in COMMAS]] = True


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

    points: Ints
    bounds: Ints
    """Where the texts begin, and the whole length."""
    own: Sentences
    found: list[Found]
    fresh: list[Found]
    """Each run once in a stretch of `STRETCH` characters: what is said again says no more."""
    told: Ints
    """For each place how many of those begin before it."""

    @classmethod
    def at(cls, table: RunTable, texts: Sequence[str]) -> "Looked":
        """The runs in `texts`."""
        chars = "\n".join((*texts, ""))
        raw = np.frombuffer(chars.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        points = raw.astype(np.int64)
        bounds = np.cumsum([0, *(len(text) + 1 for text in texts)])
        found = table.find(table.codes(points))
        fresh = _once(found, _stretches(bounds), len(table))
        told = np.zeros(len(points) + 1, dtype=np.int64)
        for starts, _ in fresh:
            told[1:][starts] += 1
        return cls(points, bounds, sentences(points, bounds), found, fresh, told.cumsum())


def _stretches(bounds: Ints) -> Ints:
    """For each place the number of its stretch; those of one text follow one another."""
    sizes = np.diff(bounds)
    numbers = -(-sizes // STRETCH)
    firsts = np.cumsum(numbers) - numbers
    places = np.arange(int(bounds[-1])) - np.repeat(bounds[:-1], sizes)
    return np.repeat(firsts, sizes) + places // STRETCH


def _once(found: Sequence[Found], stretches: Ints, runs: int) -> list[Found]:
    """Of each run in a stretch the first."""
    once = []
    for starts, numbers in found:
        keys = stretches.take(starts) * runs + numbers
        # Sorted with their place behind them, which costs a third of a stable sort.
        packed = np.sort(keys << _PLACE_BITS | np.arange(len(keys)))
        own = packed >> _PLACE_BITS
        kept = np.sort(packed[np.diff(own, prepend=-1) != 0] & (1 << _PLACE_BITS) - 1)
        once.append((starts.take(kept), numbers.take(kept)))
    return once


class Scorer:
    """Weights made ready for texts."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.table = RunTable(weights.runs)
        taken = np.array(self.table.given, dtype=np.int64)
        self._page = weights.page[taken].astype(np.float64)
        self._sentence = weights.sentence[taken].astype(np.float64)
        self._of_claims = _Rows(weights.of_claims[taken])
        self._of_pages = _Rows(weights.of_pages[taken])
        self._biases = np.array(weights.claim_biases)

    def find(self, texts: Sequence[str]) -> list[Finding]:
        """The claims that `texts` (folded) make, by text and place."""
        if not texts:
            return []
        looked = Looked.at(self.table, texts)
        own = looked.own
        if not own.starts.size:
            return []
        mix = self.weights.mix
        alone, page = self.odds(looked)
        odds = mix.sentence * alone + mix.page * page + mix.bias
        likely = np.flatnonzero(odds > -CLAIMS_MAY_LIFT)
        if not likely.size:
            return []
        named = self._named(looked, likely)
        lifted = odds[likely] + mix.claim * named.max(axis=1)
        told = Told(
            own,
            likely[lifted > 0],
            odds=lifted[lifted > 0],
            alone=alone[likely[lifted > 0]],
            named=named[lifted > 0],
        )
        return self._findings(looked, told.standing())

    def odds(self, looked: Looked) -> tuple[Doubles, Doubles]:
        """For each sentence its own log-odds and those of its page, before they are mixed."""
        own, size = looked.own, len(looked.points)
        lefts, rights = pages(looked.bounds, own)
        sentence = _summed(looked.found, size, self._sentence)
        page = _summed(looked.fresh, size, self._page)
        return (
            (sentence[own.ends] - sentence[own.starts]) * _shrink(own.ends - own.starts)
            + self.weights.sentence_bias,
            (page[rights] - page[lefts]) * _shrink(looked.told[rights] - looked.told[lefts])
            + self.weights.page_bias,
        )

    def _named(self, looked: Looked, likely: Ints) -> Doubles:
        """For each of some sentences the log-odds of each claim, its page heard too."""
        own, told = looked.own, looked.told
        lefts, rights = (each[likely] for each in pages(looked.bounds, own))
        starts, ends = own.starts[likely], own.ends[likely]
        key, which = np.unique(lefts * (len(looked.points) + 1) + rights, return_inverse=True)
        lefts, rights = np.divmod(key, len(looked.points) + 1)
        of_page = self._of_pages.summed(looked.fresh, lefts, rights)
        of_page *= _shrink(told[rights] - told[lefts])[:, None]
        of_sentence = self._of_claims.summed(looked.found, starts, ends)
        of_sentence *= _shrink(ends - starts)[:, None]
        named: Doubles = of_sentence + of_page[which] + self._biases
        return named

    def _findings(self, looked: Looked, told: "Told") -> list[Finding]:
        """The claims of sentences that make an offer: the likeliest, and each that is likely."""
        which, claims = told.claims()
        if not which.size:
            return []
        starts, ends = told.starts[which], told.ends[which]
        owner, places, numbers = _runs_of(looked.found, starts, ends)
        speaks = self._sentence.take(numbers) + self._of_claims.of(numbers, claims[owner])
        speaks *= _shrink(ends - starts)[owner]
        spans = _clauses(looked, (starts, ends), places, speaks)
        cues = self._cues(owner, places, numbers, speaks, len(which))
        texts, scores = told.texts[which], 1 / (1 + np.exp(-told.odds[which]))
        firsts = looked.bounds[texts]
        return [
            Finding(text, claim, left - first, right - first, score, reasons)
            for text, claim, (left, right), first, score, reasons in zip(
                texts.tolist(),
                claims.tolist(),
                spans,
                firsts.tolist(),
                scores.tolist(),
                cues,
                strict=True,
            )
        ]

    def _cues(
        self,
        owner: Ints,
        places: Ints,
        numbers: Ints,
        speaks: Doubles,
        windows: int,
    ) -> list[tuple[Cue, ...]]:
        """For each window the runs that speak loudest for its claim, none of them overlapping."""
        cues: list[list[Cue]] = [[] for _ in range(windows)]
        taken: list[list[tuple[int, int]]] = [[] for _ in range(windows)]
        loud = np.flatnonzero(speaks > AUDIBLE)
        order = loud[np.argsort(-speaks[loud], kind="stable")]
        runs = self.table.runs
        for window, start, number, by in zip(
            owner[order].tolist(),
            places[order].tolist(),
            numbers[order].tolist(),
            speaks[order].tolist(),
            strict=True,
        ):
            own = cues[window]
            if len(own) == CUES:
                continue
            run = runs[number]
            end = start + len(run)
            for first, last in taken[window]:
                if start < last and first < end:
                    break
            else:
                if "\n" not in run:
                    taken[window].append((start, end))
                    own.append(Cue(run, round(by, 2)))
        return [tuple(own) for own in cues]


@dataclass(frozen=True, slots=True)
class Told:
    """Sentences that make an offer, in places of the texts put together."""

    own: Sentences
    at: Ints
    """Their numbers among all sentences."""
    odds: Doubles
    alone: Doubles
    """The log-odds of the sentence without its page."""
    named: Doubles
    """The log-odds of each claim."""

    @property
    def starts(self) -> Ints:
        """Where they begin."""
        return self.own.starts[self.at]

    @property
    def ends(self) -> Ints:
        """Where they end."""
        return self.own.ends[self.at]

    @property
    def texts(self) -> Ints:
        """The texts in which they stand."""
        return self.own.texts[self.at]

    def standing(self) -> "Told":
        """Those that are told of: what speaks for itself, and the best of each page.

        A page that makes an offer lifts its innocent sentences too; of those that say little
        alone only the likeliest is told.
        """
        speaks = self.alone > 0
        if speaks.all():
            return self
        starts, texts = self.starts.tolist(), self.texts.tolist()
        kept = np.flatnonzero(speaks).tolist()
        seen: dict[int, list[int]] = {}
        for index in kept:
            seen.setdefault(texts[index], []).append(starts[index])
        for index in np.argsort(-self.odds, kind="stable").tolist():
            if speaks[index]:
                continue
            near = seen.setdefault(texts[index], [])
            if all(abs(start - starts[index]) > 2 * PAGE for start in near):
                near.append(starts[index])
                kept.append(index)
        kept.sort()
        return Told(self.own, self.at[kept], self.odds[kept], self.alone[kept], self.named[kept])

    def claims(self) -> tuple[Ints, Ints]:
        """The claims of each: its number here and the claim's, the likeliest first."""
        best = self.named.argmax(axis=1) if len(self.at) else np.zeros(0, dtype=np.int64)
        more = (self.named > 0) & (self.alone > 0)[:, None]
        more[np.arange(len(best)), best] = False
        others, claims = np.nonzero(more)
        which = np.concatenate((np.arange(len(best)), others))
        return which, np.concatenate((best, claims))


def pages(bounds: Ints, own: Sentences) -> tuple[Ints, Ints]:
    """For each sentence where its page begins and ends."""
    first, last = bounds[own.texts], bounds[own.texts + 1] - 1
    middle = (own.starts + own.ends) // 2
    short = last - first <= 2 * PAGE
    left = np.where(short, first, np.maximum(first, np.minimum(middle - PAGE, own.starts)))
    right = np.where(short, last, np.minimum(last, np.maximum(middle + PAGE, own.ends)))
    return left, right


def _runs_of(found: Sequence[Found], starts: Ints, ends: Ints) -> tuple[Ints, Ints, Ints]:
    """The runs that begin in each of some windows: the window's number, place and number."""
    owners, places, numbers = [], [], []
    for begins, some in found:
        firsts, lasts = np.searchsorted(begins, starts), np.searchsorted(begins, ends)
        owner, index = _ranges(firsts, lasts)
        owners.append(owner)
        places.append(begins.take(index))
        numbers.append(some.take(index))
    return np.concatenate(owners), np.concatenate(places), np.concatenate(numbers)


def _ranges(firsts: Ints, lasts: Ints) -> tuple[Ints, Ints]:
    """All numbers from each of `firsts` to before each of `lasts`, and which of them it is."""
    sizes = lasts - firsts
    owner = np.repeat(np.arange(len(sizes)), sizes)
    heads = np.cumsum(sizes) - sizes
    return owner, np.arange(len(owner)) + (firsts - heads)[owner]


def _summed(found: Sequence[Found], size: int, weights: Doubles) -> Doubles:
    """For each of `size` places, and their end, what all runs that begin before it weigh."""
    values = np.zeros(size + 1)
    for starts, numbers in found:
        values[1:][starts] += weights.take(numbers)
    return values.cumsum()


def _shrink(sizes: Ints) -> Doubles:
    """What sums over windows of so many characters, or runs, are multiplied with."""
    shrunk: Doubles = 1 / np.sqrt(np.maximum(sizes, LEAST))
    return shrunk


class _Rows:
    """Weights of runs for claims; most runs have none or few, so they are kept without zeros."""

    def __init__(self, table: NDArray[np.float32]) -> None:
        runs, self._claims = np.nonzero(table)
        self._values = table[runs, self._claims].astype(np.float64)
        self._bounds = np.searchsorted(runs, np.arange(len(table) + 1))
        self._table = table

    def of(self, numbers: Ints, claims: Ints) -> NDArray[np.float32]:
        """What each run says for one claim."""
        values: NDArray[np.float32] = self._table[numbers, claims]
        return values

    def summed(self, found: Sequence[Found], starts: Ints, ends: Ints) -> Doubles:
        """For each window the sum over the runs that begin in it, of each claim."""
        owner, _, numbers = _runs_of(found, starts, ends)
        run, index = _ranges(self._bounds.take(numbers), self._bounds.take(numbers + 1))
        claims = self._table.shape[1]
        sums = np.bincount(
            owner.take(run) * claims + self._claims.take(index),
            weights=self._values.take(index),
            minlength=len(starts) * claims,
        )
        return sums.astype(np.float64).reshape(len(starts), claims)


def _clauses(
    looked: Looked, windows: tuple[Ints, Ints], places: Ints, speaks: Doubles
) -> list[tuple[int, int]]:
    """For each window the part of it, between commas, in which most is said for its claim."""
    starts, ends = windows
    commas = np.flatnonzero(_COMMA.take(looked.points, mode="clip")) + 1
    cuts = np.unique(np.concatenate((commas, starts, ends)))
    sums = np.bincount(
        np.searchsorted(cuts, places, side="right") - 1, weights=speaks, minlength=len(cuts)
    )
    firsts, lasts = np.searchsorted(cuts, starts), np.searchsorted(cuts, ends)
    spans = []
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        own = sums[first:last].tolist()
        left = right = own.index(max(own))
        while left > 0 and own[left - 1] > 0:
            left -= 1
        while right + 1 < len(own) and own[right + 1] > 0:
            right += 1
        spans.append((int(cuts[first + left]), int(cuts[first + right + 1])))
    return spans
