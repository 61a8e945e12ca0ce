"""Weights laid on texts: which sentences make an offer, of which claim, and what speaks for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matchers.looked import Joined
from matchers.runs import Ints
from matchers.sentences import Sentences
from matchers.summing import summing
from matchers.sums import Doubles, RunWeights, Sums
from matchers.weights import SCALE, Weights

LEAST = 8
"""Characters, or runs, that a window counts at least."""
PAGE = 500
"""Characters to either side of a sentence's middle, in a text of more than twice that: its page
are the sentences between."""
NEARBY = 100
"""Characters before and behind a sentence that are heard with it."""
Pages = tuple[Ints, Ints]
"""For each sentence the numbers of the first and the last of its page."""


class Finding(NamedTuple):
    """A claim in a clause of a text, in places of its folded characters."""

    text: int
    claim: int
    start: int
    end: int
    score: float
    """The probability that it is one, 0.5 to 1."""
    cues: tuple[str, ...]
    """The words that speak loudest for it."""


@dataclass(frozen=True, slots=True)
class Odds:
    """The log-odds that each sentence of some texts makes an offer."""

    own: Sentences
    odds: Doubles
    bounds: Ints

    def of(self, text: int) -> tuple[Ints, Doubles]:
        """Where the sentences of one text begin, in its places, and their odds."""
        first, last = self.own.texts.searchsorted([text, text + 1])
        return self.own.starts[first:last] - self.bounds[text], self.odds[first:last]


class Scorer:
    """Weights made ready for texts."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self._sums = summing(RunWeights.of(weights))
        self._biases = np.array(weights.claim_biases)

    def find(self, texts: Sequence[str]) -> tuple[list[Finding], Odds]:
        """The claims that `texts` (folded, at least one) make by text and place, and all odds."""
        joined = Joined.of(texts)
        own = joined.sentences
        if not own.starts.size:
            return [], Odds(own, np.zeros(0), joined.bounds)
        weighed = self._sums(joined)
        mix, aloud = self.weights.mix, self.weights.aloud
        of = pages(joined.bounds, own)
        said, alone = self._said(weighed, joined.bounds, own)
        size, place = size_and_place(own, of)
        odds = mix.sentence * alone + mix.own * said + mix.page * self._page(weighed, own, of)
        odds += mix.size * size + mix.place * place + mix.bias
        all_odds = Odds(own, odds, joined.bounds)
        likely = np.flatnonzero(odds > 0)
        if not likely.size:
            return [], all_odds
        named = self._named(weighed, own, of, likely)
        lifted = odds[likely] + mix.claim * named.max(axis=1)
        told = Told(
            own,
            likely[lifted > 0],
            odds=lifted[lifted > 0],
            speaks=((alone > aloud.heard) & (said > aloud.own))[likely[lifted > 0]],
            named=named[lifted > 0],
        )
        return self._findings(joined, weighed, told.standing()), all_odds

    def _said(self, weighed: Sums, bounds: Ints, own: Sentences) -> tuple[Doubles, Doubles]:
        """For each sentence the log-odds by its own words, and with what stands beside it."""
        sentence, nearby = weighed.sentence, weighed.nearby
        said = (sentence[own.ends] - sentence[own.starts]) * _shrink(own.ends - own.starts)
        before, behind = beside(bounds, own)
        heard = nearby[behind] - nearby[own.ends] + nearby[own.starts] - nearby[before]
        size = behind - own.ends + own.starts - before
        said += self.weights.sentence_bias
        return said, said + heard * _shrink(size)

    def _page(self, weighed: Sums, own: Sentences, of: Pages) -> Doubles:
        """For each sentence the log-odds of its page."""
        lefts, rights = own.starts[of[0]], own.ends[of[1]]
        page, told = weighed.page, weighed.told
        odds: Doubles = (page[rights] - page[lefts]) * _shrink(told[rights] - told[lefts])
        return odds + self.weights.page_bias

    def _named(self, weighed: Sums, own: Sentences, of: Pages, likely: Ints) -> Doubles:
        """For each of some sentences the log-odds of each claim, its page heard too."""
        firsts, lasts = of[0][likely], of[1][likely]
        # What the sentences of all pages say, each once, and from there the sums of each page.
        size = len(own.starts) + 1
        asked = np.bincount(firsts, minlength=size) - np.bincount(lasts + 1, minlength=size)
        inside = asked.cumsum()[:-1] > 0
        before = np.append(0, inside.cumsum())
        said = weighed.pages(own.starts[inside], own.ends[inside])
        totals = np.vstack((np.zeros_like(said[:1]), said.cumsum(axis=0)))
        told = weighed.told[own.ends[lasts]] - weighed.told[own.starts[firsts]]
        of_page = (totals[before[lasts + 1]] - totals[before[firsts]]) * _shrink(told)[:, None]
        starts, ends = own.starts[likely], own.ends[likely]
        of_sentence = weighed.claims(starts, ends) * _shrink(ends - starts)[:, None]
        named: Doubles = of_sentence + of_page + self._biases
        return named

    def _findings(self, joined: Joined, weighed: Sums, told: "Told") -> list[Finding]:
        """The claims of sentences that make an offer: the likeliest, and each that is likely."""
        which, claims = told.claims()
        if not which.size:
            return []
        starts, ends = told.starts[which], told.ends[which]
        spoken = weighed.spoken(starts, ends, claims, _shrink(ends - starts))
        texts, scores = told.texts[which], 1 / (1 + np.exp(-told.odds[which]))
        firsts = joined.bounds[texts]
        chars = joined.chars
        return [
            Finding(
                text,
                claim,
                left,
                right,
                score,
                tuple([chars[at : at + size] for at, size, _ in cues]),
            )
            for text, claim, (left, right), score, cues in zip(
                texts.tolist(),
                claims.tolist(),
                (spoken.spans - firsts[:, None]).tolist(),
                scores.tolist(),
                spoken.cues,
                strict=True,
            )
        ]


@dataclass(frozen=True, slots=True)
class Told:
    """Sentences that make an offer, in places of the texts put together."""

    own: Sentences
    at: Ints
    """Their numbers among all sentences."""
    odds: Doubles
    speaks: NDArray[np.bool_]
    """Whether it says so itself: what stands around it only makes it likelier."""
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
        speaks = self.speaks
        if speaks.all():
            return self
        starts, texts = self.starts.tolist(), self.texts.tolist()
        kept: list[int] = np.flatnonzero(speaks).tolist()
        seen: dict[int, list[int]] = {}
        for index in kept:
            seen.setdefault(texts[index], []).append(starts[index])
        order = np.argsort(-self.odds, kind="stable")
        for index in order[~speaks[order]].tolist():
            near = seen.setdefault(texts[index], [])
            if all(abs(start - starts[index]) > 2 * PAGE for start in near):
                near.append(starts[index])
                kept.append(index)
        kept.sort()
        return Told(self.own, self.at[kept], self.odds[kept], speaks[kept], self.named[kept])

    def claims(self) -> tuple[Ints, Ints]:
        """The claims of each: its number here and the claim's, the likeliest first."""
        best = self.named.argmax(axis=1) if len(self.at) else np.zeros(0, dtype=np.int64)
        more = (self.named > 0) & self.speaks[:, None]
        more[np.arange(len(best)), best] = False
        others, claims = np.nonzero(more)
        which = np.concatenate((np.arange(len(best)), others))
        return which, np.concatenate((best, claims))


def pages(bounds: Ints, own: Sentences) -> Pages:
    """For each sentence the first and the last of its page."""
    first, last = bounds[own.texts], bounds[own.texts + 1] - 1
    middle = (own.starts + own.ends) // 2
    short = last - first <= 2 * PAGE
    left = np.where(short, first, np.maximum(first, middle - PAGE))
    right = np.where(short, last, np.minimum(last, middle + PAGE))
    numbers = np.arange(len(own.starts))
    return (
        np.minimum(np.searchsorted(own.starts, left), numbers),
        np.maximum(np.searchsorted(own.ends, right, side="right") - 1, numbers),
    )


def beside(bounds: Ints, own: Sentences) -> tuple[Ints, Ints]:
    """For each sentence where what stands beside it begins, and ends; never in another text."""
    return (
        np.maximum(bounds[own.texts], own.starts - NEARBY),
        np.minimum(bounds[own.texts + 1] - 1, own.ends + NEARBY),
    )


def size_and_place(own: Sentences, of: Pages) -> tuple[Doubles, Doubles]:
    """For each sentence the logarithm of its page's characters, and where it stands there."""
    lefts, rights = own.starts[of[0]], own.ends[of[1]]
    size = rights - lefts
    place: Doubles = ((own.starts + own.ends) / 2 - lefts) / np.maximum(size, 1)
    return np.log(np.maximum(size, LEAST)), place


def _shrink(sizes: Ints) -> Doubles:
    """What sums of hundredths over so many characters, or runs, are multiplied with."""
    shrunk: Doubles = 1 / (SCALE * np.sqrt(np.maximum(sizes, LEAST)))
    return shrunk
