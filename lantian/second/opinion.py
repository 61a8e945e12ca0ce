"""A second opinion as data: what was learnt from an office's decisions, and how it is asked.

Two questions, each answered by weights of its own: would people confirm this clue (`clue`), and
does a text in which the matcher found nothing make an offer all the same (`missed`)? It is JSON
with its versions and its digest; reading it runs nothing, and asking it needs no library.
"""

import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from math import exp, sqrt
from typing import Any

from lantian.errors import Invalid
from lantian.second.passages import Passage

FORMAT = 1
FEWEST = 8
"""A passage with fewer known runs than this is weighed as if it had so many."""
TOLD = 6
"""Reasons that are told of one opinion, at most."""

Reason = tuple[str, float]
"""What speaks for (above zero) or against: a run or what a rule says, and its log-odds."""


@dataclass(frozen=True, slots=True)
class Curve:
    """How the sum of weights becomes a probability: straight between points, flat beyond them."""

    at: tuple[float, ...]
    probability: tuple[float, ...]
    kind: str
    """sigmoid or isotonic: how it was found."""

    def of(self, total: float) -> float:
        """The probability of a sum."""
        right = bisect_right(self.at, total)
        if right == 0:
            return self.probability[0]
        if right == len(self.at):
            return self.probability[-1]
        left = right - 1
        share = (total - self.at[left]) / (self.at[right] - self.at[left])
        low, high = self.probability[left], self.probability[right]
        return low + share * (high - low)


def sigmoid(slope: float, bias: float) -> Curve:
    """The curve of a logistic function, in 161 points."""
    at = tuple(step / 10 for step in range(-80, 81))
    return Curve(at, tuple(round(1 / (1 + exp(-(slope * x + bias))), 6) for x in at), "sigmoid")


@dataclass(frozen=True, slots=True)
class Head:
    """The weights that answer one question."""

    bias: float
    runs: Mapping[str, float] = field(repr=False)
    rules: Mapping[str, float] = field(repr=False)
    curve: Curve = field(repr=False)
    figures: Mapping[str, Any] = field(repr=False)
    """How well it answered for texts that it had not seen."""

    def total(self, passage: Passage) -> float:
        """The sum of the weights of a passage."""
        return self.bias + sum(by for _, by in self._parts(passage))

    def probability(self, passages: Iterable[Passage]) -> tuple[float, list[Reason]]:
        """The probability of the passage that speaks loudest, and what weighed most in it."""
        best = max(passages, key=self.total)
        return self.curve.of(self.total(best)), reasons(self._parts(best))

    def _parts(self, passage: Passage) -> list[Reason]:
        known = [run for run in passage.runs if run in self.runs]
        shrink = sqrt(max(len(known), FEWEST))
        parts = [(run, self.runs[run] / shrink) for run in known]
        parts += [
            (name, value * self.rules[name])
            for name, value in passage.rules.items()
            if name in self.rules
        ]
        return parts


def reasons(parts: Iterable[Reason]) -> list[Reason]:
    """The parts that weigh most, each word once: a run inside another that is told is left out."""
    told: list[Reason] = []
    for name, by in sorted(parts, key=lambda part: (-abs(part[1]), part[0])):
        if len(told) == TOLD or not round(by, 2):
            break
        single = len(name) == 1
        if not single and not any(name in other or other in name for other, _ in told):
            told.append((name, round(by, 2)))
    return told


@dataclass(frozen=True, slots=True)
class Opinion:
    """What was learnt; a question for which there were too few examples has no answer."""

    clue: Head | None
    missed: Head | None
    origin: Mapping[str, Any]
    """From what it was learnt, and by which versions."""

    @property
    def digest(self) -> str:
        """`sha256:…` of all that it is."""
        text = json.dumps(self._content(), ensure_ascii=False, sort_keys=True)
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()

    def to_json(self) -> str:
        """Itself as text, with its digest."""
        content = self._content() | {"digest": self.digest}
        return json.dumps(content, ensure_ascii=False, sort_keys=True)

    def _content(self) -> dict[str, Any]:
        content: dict[str, Any] = {"format": FORMAT, "origin": dict(self.origin)}
        for name in ("clue", "missed"):
            head: Head | None = getattr(self, name)
            # Tuples become lists here, so that the digest is that of what is read again.
            content[name] = json.loads(json.dumps(asdict(head))) if head else None
        return content


def read_opinion(text: str) -> Opinion:
    """The opinion that `to_json` wrote; raises `Invalid` for anything else."""
    hint = "Learn it anew: `lantian rules second train`."
    try:
        content = json.loads(text)
        if content["format"] != FORMAT:
            raise Invalid(f"the second opinion is of format {content['format']!r}.", hint=hint)
        found = Opinion(_head(content["clue"]), _head(content["missed"]), content["origin"])
        wanted = content["digest"]
    except (ValueError, TypeError, LookupError) as error:
        raise Invalid(f"this is no second opinion: {error!r}.", hint=hint) from error
    if found.digest != wanted:
        raise Invalid("the second opinion is not what its digest says.", hint=hint)
    return found


def _head(content: dict[str, Any] | None) -> Head | None:
    if content is None:
        return None
    curve = content["curve"]
    return Head(
        bias=float(content["bias"]),
        runs={str(run): float(weight) for run, weight in content["runs"].items()},
        rules={str(name): float(weight) for name, weight in content["rules"].items()},
        curve=Curve(tuple(curve["at"]), tuple(curve["probability"]), str(curve["kind"])),
        figures=content["figures"],
    )
