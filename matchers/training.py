"""Weights learnt from labelled texts: three logistic regressions on runs of characters.

One says of a whole page whether it makes an offer, one of a sentence and what stands beside it,
and one, among sentences that make one, which claim it is. How they are mixed is learnt from texts
that none had seen. Needs scikit-learn (the extra `train`); reading texts with the result does not.
"""

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matchers.compile import Compiled
from matchers.evaluate import Span
from matchers.learned import plainly
from matchers.looked import Joined, Looked
from matchers.pack import Pack
from matchers.runs import LONGEST, SHORTEST, Found, Ints, RunTable
from matchers.scoring import LEAST, beside, pages, size_and_place
from matchers.sums_numpy import runs_in
from matchers.weights import Aloud, Gate, Mix, Weights

FOLDS = 3
PAGE_C, SENTENCE_C, CLAIM_C = 30.0, 10.0, 10.0
"""How far the regressions may trust single runs; chosen by cross-validation on the dev half."""
ALONE, IN_TWOS = 0.08, 0.12
"""Shares of ordinary texts that may be read in vain."""
ALONE_TOLD, TWO_TOLD = 10, 6
"""Offers in which a term must stand that opens a text alone, or with another."""
FAINT = 0.7
"""A run's weight for a claim below which it is left out."""
FAINTEST = 0.1
"""A run that weighs less everywhere is left out."""
RARE = 4
"""Texts in which a run must stand to be learnt."""
HEARD = 20
"""Sentences beside which a run must stand to be learnt for that."""
HEARD_LESS = 0.7
"""How far a run beside a sentence may be trusted, measured by one in it."""
TO_MIX = 4
"""Of so many pages with a line told again one counts in the mix."""
Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]
QUIET = 0.13
"""Share of the offering sentences that do not speak for themselves: so the claims of texts of other
hands, before they were learnt, were named best."""
_NEVER = -20.0
_AT_ONCE = 20_000
"""Windows whose runs are counted at once."""


class LeftOut(NamedTuple):
    """What those say of texts who had not seen them."""

    texts: Doubles
    """For each text its best sentence, its page, its best claim."""
    sentences: Doubles
    """For each sentence its log-odds with what stands beside it, and by its own words only."""


class Taught(NamedTuple):
    """A folded text with the claims that it makes and where: nothing, if it makes none.

    `whole` says that it is a page as it stood, not one line written to learn from.
    """

    chars: str
    claims: tuple[tuple[str, int, int], ...]
    whole: bool = True
    ordinary: bool = False
    """Its own runs are not learnt, only that those of the others mean nothing, or the same here."""
    host: int | None = None
    """The number of the text, among those that are learnt, inside which it is told again."""


@dataclass(frozen=True, slots=True)
class _Windows:
    """Windows of some texts that do not overlap, and the runs in them as a sparse table."""

    runs: Any
    labels: Flags
    texts: Ints


def examples(pack: Pack, compiled: Compiled) -> Iterator[Taught]:
    """The examples of a pack's learned rules, those that hit and those that are spared."""
    for claim, rule in pack.rules():
        for text in rule.examples.hit:
            yield taught(compiled, text, [(claim.claim, 0, len(text))], whole=False)
        for text in rule.examples.spared:
            yield taught(compiled, text, [], whole=False)


def taught(compiled: Compiled, text: str, spans: Iterable[Span], *, whole: bool = True) -> Taught:
    """`text` as the matcher reads it, with the labelled claims at their places in that."""
    folded, source = plainly(compiled, text)
    starts, ends = folded.starts.tolist(), folded.ends.tolist()
    if source is not None:
        places = [source.original(*place) for place in zip(starts, ends, strict=True)]
        starts, ends = [start for start, _ in places], [end for _, end in places]
    claims = []
    for claim, start, end in spans:
        first, last = bisect_right(ends, start), bisect_left(starts, end)
        if first < last:
            claims.append((claim, first, last))
    return Taught(folded.chars, tuple(claims), whole)


class Trainer:
    """Labelled texts made ready to learn from."""

    def __init__(self, texts: Sequence[Taught], claims: Sequence[str]) -> None:
        self.texts = texts
        self.claims = tuple(claims)
        self.table = RunTable(common_runs(text.chars for text in texts if not text.ordinary))
        self.joined = Joined.of([text.chars for text in texts])
        self.looked = Looked.at(self.table, self.joined)
        self.sentences = self.joined.sentences
        self.pages = self._pages()
        self.own = self._sentences()
        heard, self.heard = self._heard()
        """The runs that are learnt beside a sentence."""
        self.said = _beside_each_other(self.own.runs, heard)
        """For each sentence the runs in it, and then those of `heard` beside it."""

    def _pages(self) -> _Windows:
        bounds = self.joined.bounds
        labels: Flags = np.array([bool(text.claims) for text in self.texts], dtype=np.bool_)
        numbers = np.arange(len(self.texts))
        sizes = self.looked.told[bounds[1:] - 1] - self.looked.told[bounds[:-1]]
        runs = self._table(self.looked.fresh, bounds[:-1], bounds[1:] - 1, sizes)
        return _Windows(runs, labels, numbers)

    def _sentences(self) -> _Windows:
        own = self.sentences
        labels: Flags = np.asarray(self.claim_labels.any(axis=1))
        runs = self._table(self.looked.found, own.starts, own.ends, own.ends - own.starts)
        return _Windows(runs, labels, own.texts)

    def _heard(self) -> tuple[Any, Ints]:
        own = self.sentences
        before, behind = beside(self.joined.bounds, own)
        sizes = behind - own.ends + own.starts - before
        runs = self._table(self.looked.found, before, own.starts, sizes)
        runs = runs + self._table(self.looked.found, own.ends, behind, sizes)
        learnt = np.flatnonzero(runs.getnnz(axis=0) >= HEARD)
        return runs[:, learnt] * HEARD_LESS, learnt

    @cached_property
    def claim_labels(self) -> Flags:
        """For each sentence the claims whose labelled place it touches."""
        own = self.sentences
        labels = np.zeros((len(own.starts), len(self.claims)), dtype=np.bool_)
        number = {claim: at for at, claim in enumerate(self.claims)}
        for text, taught in enumerate(self.texts):
            shift = int(self.joined.bounds[text])
            for claim, start, end in taught.claims:
                first = np.searchsorted(own.ends, start + shift, side="right")
                last = np.searchsorted(own.starts, end + shift, side="left")
                labels[first:last, number[claim]] = True
        return labels

    def _table(self, found: Sequence[Found], starts: Ints, ends: Ints, sizes: Ints) -> Any:
        """For each window how often each run begins in it, shrunk by the size of the window."""
        from scipy import sparse

        shrink = 1 / np.sqrt(np.maximum(sizes, LEAST))
        parts = []
        for first in range(0, len(starts), _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            rows, _, numbers = runs_in(found, starts[some], ends[some])
            shape = (len(starts[some]), len(self.table))
            parts.append(sparse.csr_matrix((shrink[some][rows], (rows, numbers)), shape=shape))
        return sparse.vstack(parts, format="csr")

    def fit(self, gate: Gate, *, lean: float = 0.0, origin: str = "") -> Weights:
        """The weights learnt from all texts.

        `lean` is taken off the log-odds: the higher, the surer a hit must be.
        """
        left_out = self.left_out()
        mix = self._mix(left_out)
        all_texts = np.ones(len(self.texts), dtype=np.bool_)
        page, page_bias = self._page(all_texts)
        said, sentence_bias = self._sentence(all_texts)
        sentence, nearby = said[: len(self.table)], np.zeros(len(self.table))
        nearby[self.heard] = said[len(self.table) :]
        of_claims, biases = self._of_claims(all_texts)
        of_pages, page_biases = self._of_pages(all_texts)
        for table in (of_claims, of_pages):
            table[np.abs(table) < FAINT] = 0
        kept = self._worth(page, sentence, nearby, of_claims, of_pages)
        return Weights(
            runs=tuple(self.table.runs[number] for number in kept.tolist()),
            page=page[kept].astype(np.float32),
            sentence=sentence[kept].astype(np.float32),
            nearby=nearby[kept].astype(np.float32),
            of_claims=of_claims[kept].astype(np.float32),
            of_pages=of_pages[kept].astype(np.float32),
            claims=self.claims,
            page_bias=page_bias,
            sentence_bias=sentence_bias,
            claim_biases=tuple((biases + page_biases).tolist()),
            mix=mix._replace(bias=mix.bias - lean),
            aloud=self._aloud(left_out.sentences),
            gate=gate,
            origin=origin,
        )

    def _worth(self, *tables: Doubles) -> Ints:
        """The runs that weigh anything, and the beginnings of theirs."""
        weighs = np.zeros(len(self.table), dtype=np.bool_)
        for table in tables:
            flat = np.abs(table) >= FAINTEST
            weighs |= flat.any(axis=1) if flat.ndim > 1 else flat
        for number in np.flatnonzero(weighs).tolist():
            run = self.table.runs[number]
            for size in range(2, len(run)):
                before = self.table.number(run[:size])
                if before is not None:
                    weighs[before] = True
        return np.flatnonzero(weighs)

    def _page(self, of_texts: Flags) -> tuple[Doubles, float]:
        return _regress(self.pages.runs[of_texts], self.pages.labels[of_texts], PAGE_C)

    def _sentence(self, of_texts: Flags) -> tuple[Doubles, float]:
        """Of sentences without a label in a text with one nobody knows what they are."""
        labels = self.own.labels
        doubtful = self.pages.labels[self.own.texts] & ~labels
        kept = of_texts[self.own.texts] & ~doubtful
        return _regress(self.said[kept], labels[kept], SENTENCE_C)

    def _of_claims(self, of_texts: Flags) -> tuple[Doubles, Doubles]:
        tasks = []
        for own in self.claim_labels.T:
            doubtful = self._texts_with(own)[self.own.texts] & ~own
            tasks.append((own, of_texts[self.own.texts] & ~doubtful))
        return _regress_each(self.own.runs, tasks, CLAIM_C)

    def _of_pages(self, of_texts: Flags) -> tuple[Doubles, Doubles]:
        tasks = [(self._texts_with(own), of_texts) for own in self.claim_labels.T]
        return _regress_each(self.pages.runs, tasks, PAGE_C)

    def _texts_with(self, labels: Flags) -> Flags:
        """The texts that have a sentence of these."""
        having = np.zeros(len(self.texts), dtype=np.bool_)
        having[self.own.texts[labels]] = True
        return having

    def _aloud(self, sentences: Doubles) -> Aloud:
        """What nearly all sentences that make an offer reach, left out while learning."""
        whole = np.array([text.whole for text in self.texts])
        offering = self.own.labels & whole[self.own.texts]
        told = sentences[offering if offering.any() else self.own.labels]
        return Aloud(*np.quantile(told, QUIET, axis=0).tolist()) if len(told) else Aloud(0.0, 0.0)

    def _mix(self, left_out: LeftOut) -> Mix:
        """How much each part counts, from texts left out while learning.

        Some pages in which a line is told again are among them: so dull pages do not hide an offer.
        """
        told: Flags = np.array([text.whole for text in self.texts])
        told[[at for at, text in enumerate(self.texts) if text.host is not None][::TO_MIX]] = True
        best = _likeliest(left_out.sentences[:, 0], self.sentences.texts, len(self.texts))
        told[best < 0] = False
        size, place = size_and_place(self.sentences, pages(self.joined.bounds, self.sentences))
        beside_it = (left_out.sentences[best, 1], size[best], place[best])
        parts = np.column_stack((left_out.texts, *beside_it))[told]
        weights, bias = _regress(parts, self.pages.labels[told], 100.0)
        sentence, page, claim, own, size_, place_ = (float(weight) for weight in weights)
        return Mix(sentence, page, claim, bias, own, size_, place_)

    def left_out(self) -> LeftOut:
        """What those say of each text and sentence who had not seen them.

        Texts that stand next to each other were often written as a pair; they stay together.
        """
        scored = np.full((len(self.texts), 3), _NEVER)
        spoken = np.full((len(self.own.texts), 2), _NEVER)
        fold = _folds(self.texts)
        for number in range(FOLDS):
            learnt, held = fold != number, fold == number
            own = held[self.own.texts]
            weights, bias = self._sentence(learnt)
            of_claims, biases = self._of_claims(learnt)
            of_pages, page_biases = self._of_pages(learnt)
            runs, texts = self.own.runs[own], self.own.texts[own]
            spoken[own, 0] = self.said[own] @ weights + bias
            spoken[own, 1] = runs @ weights[: len(self.table)] + bias
            np.maximum.at(scored[:, 0], texts, spoken[own, 0])
            of_page = np.zeros((len(self.texts), len(self.claims)))
            of_page[held] = self.pages.runs[held] @ of_pages + page_biases
            named = runs @ of_claims + biases + of_page[texts]
            np.maximum.at(scored[:, 2], texts, named.max(axis=1))
            weights, bias = self._page(learnt)
            scored[held, 1] = self.pages.runs[held] @ weights + bias
        return LeftOut(scored, spoken)


def _folds(texts: Sequence[Taught]) -> Ints:
    """The fold of each text: neighbours in one, whole pages and single lines spread alike.

    What is told inside a page is left out together with that page.
    """
    folds = np.zeros(len(texts), dtype=np.int64)
    whole = np.array([text.whole for text in texts])
    for kind in (True, False):
        places = np.flatnonzero(whole == kind)
        folds[places] = np.arange(len(places)) * FOLDS // max(len(places), 1)
    hosts = [(number, text.host) for number, text in enumerate(texts) if text.host is not None]
    for number, host in hosts:
        folds[number] = folds[host]
    return folds


def _likeliest(odds: Doubles, texts: Ints, number: int) -> Ints:
    """For each of so many texts its sentence of the highest odds; -1 where it has none."""
    order = np.lexsort((odds, texts))
    best = np.full(number, -1, dtype=np.int64)
    best[texts[order]] = order
    return best


def _beside_each_other(first: Any, second: Any) -> Any:
    from scipy import sparse

    return sparse.hstack((first, second), format="csr")


def common_runs(texts: Iterable[str]) -> list[str]:
    """The runs that stand in at least `RARE` texts, the commonest first."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(
            {
                text[at : at + size]
                for size in range(SHORTEST, LONGEST + 1)
                for at in range(len(text) - size + 1)
            }
        )
    common = [(-count, run) for run, count in counts.items() if count >= RARE]
    return [run for _, run in sorted(common)]


def gate_of(offers: Sequence[str], ordinary: Sequence[str]) -> Gate:
    """The terms for which a text is read, from folded offers and ordinary texts of other fields.

    The terms that tell offers best come first: as many alone as open `ALONE` of the ordinary
    texts, then as many in twos as open `IN_TWOS` of them more.
    """
    innocent = _texts_with_terms(ordinary)
    opened: set[int] = set()
    alone: list[str] = []
    for term in _telling(offers, innocent, len(ordinary), ALONE_TOLD):
        opened |= innocent.get(term, set())
        if len(opened) > ALONE * len(ordinary):
            break
        alone.append(term)
    # A term inside which another opens the text says nothing new.
    alone = [term for term in alone if not _holds(term, alone)]
    shown = Counter(dict.fromkeys(opened, 2))
    two: list[str] = []
    left = [text for text in offers if not any(term in text for term in alone)]
    for term in _telling(left, innocent, len(ordinary), TWO_TOLD):
        if _holds(term, alone):
            continue
        shown.update(innocent.get(term, ()))
        if sum(count > 1 for count in shown.values()) > (ALONE + IN_TWOS) * len(ordinary):
            break
        two.append(term)
    return Gate(tuple(alone), tuple(two))


def _telling(
    offers: Sequence[str], innocent: Mapping[str, set[int]], ordinary: int, told: int
) -> list[str]:
    """The terms that stand in at least `told` offers, those first that are rarest elsewhere."""
    tell = {
        term: math.log((len(some) + 0.5) / len(offers))
        - math.log((len(innocent.get(term, ())) + 1) / ordinary)
        for term, some in _texts_with_terms(offers).items()
        if len(some) >= told
    }
    return sorted(tell, key=lambda term: (-tell[term], len(term), term))


def _holds(term: str, others: Sequence[str]) -> bool:
    return any(other in term and other != term for other in others)


def opens(gate: Gate, chars: str) -> bool:
    """Whether a folded text is read with the weights at all."""
    return any(term in chars for term in gate.alone) or (
        sum(term in chars for term in gate.two) > 1
    )


def _texts_with_terms(texts: Iterable[str]) -> dict[str, set[int]]:
    """For each run of two or three characters, no mark among them, the texts that show it."""
    having: dict[str, set[int]] = {}
    for number, text in enumerate(texts):
        for size in (2, 3):
            for at in range(len(text) - size + 1):
                term = text[at : at + size]
                if term.isalnum():
                    having.setdefault(term, set()).add(number)
    return having


def _regress_each(
    runs: Any, tasks: Sequence[tuple[Flags, Flags]], strength: float
) -> tuple[Doubles, Doubles]:
    """Weights and biases, a column a task: labels, and the windows that count for it."""
    from joblib import Parallel, delayed

    weights = np.zeros((runs.shape[1], len(tasks)))
    biases = np.full(len(tasks), _NEVER)
    told = [at for at, (labels, kept) in enumerate(tasks) if labels[kept].any()]
    learnt = Parallel(n_jobs=-1)(
        delayed(_regress)(runs[tasks[at][1]], tasks[at][0][tasks[at][1]], strength) for at in told
    )
    for at, (own, bias) in zip(told, learnt, strict=True):
        weights[:, at], biases[at] = own, bias
    return weights, biases


def _regress(runs: Any, labels: Flags, strength: float) -> tuple[Doubles, float]:
    """Weights and bias of a logistic regression; runs that many windows show count for less."""
    from scipy import sparse
    from sklearn.linear_model import LogisticRegression

    if sparse.issparse(runs):
        shown = np.asarray((runs > 0).sum(axis=0)).ravel()
        scale = (np.log((1 + runs.shape[0]) / (1 + shown)) + 1) / 4
        scale[shown == 0] = 0
        runs = runs @ sparse.diags(scale)
    else:
        scale = np.ones(runs.shape[1])
    model = LogisticRegression(C=strength, solver="liblinear", max_iter=300)
    model.fit(runs, labels)
    bias = float(model.intercept_[0])
    return model.coef_[0] * scale, bias if math.isfinite(bias) else 0.0
