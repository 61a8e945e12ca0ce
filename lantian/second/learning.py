"""A second opinion learnt from examples: a logistic regression a question, and its calibration.

Everything that is said of how good it is comes from examples that the weights in question had not
seen: the examples are cut into folds, what is alike into one, and the curve from sums to
probabilities is measured on folds other than those from which it was drawn. Needs scikit-learn
(the extra `second`).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from math import log, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lantian.second.opinion import FEWEST, Curve, Head, sigmoid
from lantian.second.passages import Passage

FOLDS = 5
ENOUGH = 30
"""Examples of each answer, at least; with fewer nothing is learnt."""
MANY = 1_000
"""Examples from which on a curve of any rising shape may be drawn."""
RARE = 3
"""Examples in which a run must stand."""
MOST_RUNS = 40_000
STRENGTH = 10.0
BINS = 10

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """One text with its answer; `learnt` is what is learnt of it, `asked` what it is judged by."""

    group: str
    """What is alike or belongs together: it is in one fold."""
    answer: bool
    learnt: tuple[Passage, ...]
    asked: tuple[Passage, ...]
    document_id: int | None = None


@dataclass(frozen=True, slots=True)
class Learnt:
    """What was learnt, and of each example the probability by weights that had not seen it."""

    head: Head
    unseen: tuple[float, ...]


def learn(examples: Sequence[Example]) -> Learnt | None:
    """The head that answers as the examples do; none where either answer is too rare."""
    answers = np.array([example.answer for example in examples], dtype=bool)
    if min(answers.sum(), (~answers).sum()) < ENOUGH:
        return None
    folds = folds_of([example.group for example in examples])
    table = _Table(examples)
    sums = np.zeros(len(examples))
    for fold in range(FOLDS):
        held = folds == fold
        sums[held] = table.loudest(*table.fit(~held))[held]
    tried = {kind: _crossed(kind, sums, answers, folds) for kind in _kinds(len(examples))}
    kind = min(tried, key=lambda name: brier(tried[name], answers))
    figures = figures_of(tried[kind], answers) | {
        "calibration": {name: round(brier(found, answers), 4) for name, found in tried.items()},
        "folds": FOLDS,
    }
    weights, bias = table.fit(np.ones(len(examples), dtype=bool))
    runs = len(table.runs)
    head = Head(
        bias=round(bias, 4),
        runs=_named(table.runs, weights[:runs] * table.scale),
        rules=_named(table.rules, weights[runs:]),
        curve=_curve(kind, sums, answers),
        figures=figures,
    )
    return Learnt(head, tuple(float(one) for one in tried[kind]))


def _named(names: Sequence[str], weights: Floats) -> dict[str, float]:
    return {name: round(float(weight), 4) for name, weight in zip(names, weights, strict=True)}


class _Table:
    """The passages of all examples as rows of numbers, a column a run or a word of the rules."""

    def __init__(self, examples: Sequence[Example]) -> None:
        counts: Counter[str] = Counter()
        for one in examples:
            counts.update(frozenset[str]().union(*(part.runs for part in one.learnt)))
        common = sorted((-count, run) for run, count in counts.items() if count >= RARE)
        self.runs = [run for _, run in common[:MOST_RUNS]]
        self.rules = sorted(
            {name for one in examples for part in one.learnt for name in part.rules}
        )
        # What many show tells little, and gets a smaller share of what is learnt.
        self.scale = np.array(
            [(log((1 + len(examples)) / (1 + counts[run])) + 1) / 4 for run in self.runs]
        )
        self._place = {run: at for at, run in enumerate(self.runs)}
        self._place_of_rule = {name: len(self.runs) + at for at, name in enumerate(self.rules)}
        self._learnt = self._rows([one.learnt for one in examples])
        self._asked = self._rows([one.asked for one in examples])
        of = np.repeat(np.arange(len(examples)), [len(one.learnt) for one in examples])
        self._of = of
        self._answers = np.array([one.answer for one in examples])[of]
        self._weights = np.array([1 / len(one.learnt) for one in examples])[of]
        self._starts = np.cumsum([0, *(len(one.asked) for one in examples)])[:-1]

    def fit(self, chosen: NDArray[np.bool_]) -> tuple[Floats, float]:
        """Weights and bias learnt from the chosen examples."""
        from sklearn.linear_model import LogisticRegression

        rows = chosen[self._of]
        model = LogisticRegression(C=STRENGTH, solver="liblinear", max_iter=300)
        model.fit(self._learnt[rows], self._answers[rows], sample_weight=self._weights[rows])
        return model.coef_[0], float(model.intercept_[0])

    def loudest(self, weights: Floats, bias: float) -> Floats:
        """The sum of each example's passage that speaks loudest."""
        found: Floats = np.maximum.reduceat(self._asked @ weights + bias, self._starts)
        return found

    def _rows(self, parts: Iterable[Iterable[Passage]]) -> Any:
        from scipy import sparse

        ends, columns, values = [0], [], []
        for part in chain.from_iterable(parts):
            known = [at for at in map(self._place.get, part.runs) if at is not None]
            shrink = 1 / sqrt(max(len(known), FEWEST))
            columns += known
            values += (self.scale[known] * shrink).tolist()
            for name, value in part.rules.items():
                if name in self._place_of_rule:
                    columns.append(self._place_of_rule[name])
                    values.append(value)
            ends.append(len(columns))
        shape = (len(ends) - 1, len(self.runs) + len(self.rules))
        return sparse.csr_matrix((values, columns, ends), shape=shape)


def folds_of(groups: Sequence[str]) -> NDArray[np.int64]:
    """The fold of each example: large groups first, each into the fold that holds the fewest."""
    sizes = Counter(groups)
    held = [0] * FOLDS
    where: dict[str, int] = {}
    for group, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        where[group] = held.index(min(held))
        held[where[group]] += size
    return np.array([where[group] for group in groups], dtype=np.int64)


def brier(probabilities: Floats, answers: NDArray[np.bool_]) -> float:
    """The mean square by which probabilities miss the answers: 0 is best."""
    return float(np.mean((probabilities - answers) ** 2))


def ranked_right(values: Floats, answers: NDArray[np.bool_]) -> float:
    """The share of pairs of a yes and a no of which the yes has the higher value (AUC)."""
    order = np.argsort(values, kind="stable")
    ranks = np.empty(len(values))
    _, same, counts = np.unique(values[order], return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks[order] = (ends - (counts - 1) / 2)[same]
    yes = int(answers.sum())
    no = len(answers) - yes
    return float((ranks[answers].sum() - yes * (yes + 1) / 2) / (yes * no))


def figures_of(probabilities: Floats, answers: NDArray[np.bool_]) -> dict[str, Any]:
    """How good probabilities are: Brier score, order, and a table of what came true of each."""
    share = float(answers.mean())
    edges = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    table = []
    for place in range(BINS):
        inside = edges == place
        if inside.any():
            said, came = float(probabilities[inside].mean()), float(answers[inside].mean())
            table.append([int(inside.sum()), round(said, 3), round(came, 3)])
    return {
        "examples": len(answers),
        "yes": int(answers.sum()),
        "brier": round(brier(probabilities, answers), 4),
        "brier_of_share": round(share * (1 - share), 4),
        "ranked_right": round(ranked_right(probabilities, answers), 4),
        "reliability": table,
    }


def _kinds(examples: int) -> tuple[str, ...]:
    return ("sigmoid", "isotonic") if examples >= MANY else ("sigmoid",)


def _crossed(
    kind: str, sums: Floats, answers: NDArray[np.bool_], folds: NDArray[np.int64]
) -> Floats:
    """The probabilities of each fold by the curve that was drawn from the others."""
    found = np.zeros(len(sums))
    for fold in range(FOLDS):
        held = folds == fold
        curve = _curve(kind, sums[~held], answers[~held])
        found[held] = [curve.of(one) for one in sums[held]]
    return found


def _curve(kind: str, sums: Floats, answers: NDArray[np.bool_]) -> Curve:
    from sklearn.isotonic import IsotonicRegression
    from sklearn.linear_model import LogisticRegression

    if kind == "sigmoid":
        model = LogisticRegression(C=1e4).fit(sums[:, None], answers)
        return sigmoid(float(model.coef_[0, 0]), float(model.intercept_[0]))
    # Nothing is certain: one in as many as there are examples may be otherwise.
    edge = 1 / (len(sums) + 2)
    model = IsotonicRegression(y_min=edge, y_max=1 - edge).fit(sums, answers)
    at = [float(one) for one in model.X_thresholds_]
    rising = [place for place in range(len(at)) if place == 0 or at[place] > at[place - 1]]
    return Curve(
        tuple(round(at[place], 6) for place in rising),
        tuple(round(float(model.y_thresholds_[place]), 6) for place in rising),
        "isotonic",
    )
