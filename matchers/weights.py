"""What each run of characters says for or against an offer: learnt once, kept as data.

A pack may have one file `weights.tsv` beside its claims: a head line of JSON, then a line a run
with what it weighs on its page, in its sentence, and for which claim. It is written by
`matchers.training` and read like any other part of a pack: it has a digest, stands in the pack's
hash, and nothing in it can run code.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matchers.errors import MatcherError

FILE = "weights.tsv"
FORMAT = 1
_SCALE = 1000
_BREAK, _ESCAPED = "\n", "\\n"
Floats = NDArray[np.float32]


class WeightsFault(MatcherError):
    """A file of weights that is none; `line` counts from 1."""

    def __init__(self, line: int, cause: str) -> None:
        super().__init__(f"line {line}: {cause}", hint="Write it anew: `lantian rules train`.")
        self.line = line
        self.cause = cause


class Mix(NamedTuple):
    """How the log-odds that a sentence makes an offer are made: a share of each, and a bias."""

    sentence: float
    page: float
    claim: float
    """The share of the likeliest claim's."""
    bias: float


class Gate(NamedTuple):
    """Folded terms for which a text is read: any of `alone`, or two of `two`."""

    alone: tuple[str, ...]
    two: tuple[str, ...]


@dataclass(frozen=True)
class Weights:
    """The weights of a pack.

    A window of n characters whose runs weigh w in sum scores w / sqrt(max(n, 8)) + bias.
    """

    runs: tuple[str, ...]
    page: Floats = field(repr=False)
    """For each run what it says of the page on which it stands."""
    sentence: Floats = field(repr=False)
    """For each run what it says of its sentence."""
    of_claims: Floats = field(repr=False)
    """For each run and claim what it says for that claim, in its sentence."""
    claims: tuple[str, ...]
    page_bias: float
    sentence_bias: float
    claim_biases: tuple[float, ...]
    mix: Mix
    gate: Gate
    origin: str = ""
    """What they were learnt from, for people."""

    @cached_property
    def digest(self) -> str:
        """`sha256:…` of the file's content."""
        return "sha256:" + hashlib.sha256(dump(self).encode()).hexdigest()


def dump(weights: Weights) -> str:
    """`weights` as the text of their file."""
    head = {
        "format": FORMAT,
        "claims": weights.claims,
        "page_bias": round(weights.page_bias, 4),
        "sentence_bias": round(weights.sentence_bias, 4),
        "claim_biases": [round(bias, 4) for bias in weights.claim_biases],
        "mix": [round(part, 4) for part in weights.mix],
        "gate": weights.gate._asdict(),
        "origin": weights.origin,
    }
    lines = [json.dumps(head, ensure_ascii=False, sort_keys=True)]
    page, sentence = _thousandths(weights.page), _thousandths(weights.sentence)
    of_claims = _thousandths(weights.of_claims)
    for number, run in enumerate(weights.runs):
        row = of_claims[number]
        named = " ".join(f"{claim}:{row[claim]}" for claim in np.flatnonzero(row).tolist())
        shown = run.replace(_BREAK, _ESCAPED)
        lines.append(f"{shown}\t{page[number]}\t{sentence[number]}\t{named}")
    return "\n".join(lines) + "\n"


def _thousandths(values: Floats) -> NDArray[np.int64]:
    return np.rint(values.astype(np.float64) * _SCALE).astype(np.int64)


def parse(text: str) -> Weights:
    """The weights of a file's text; raises `WeightsFault` naming the line."""
    first, _, rest = text.partition("\n")
    try:
        head = json.loads(first)
        claims = tuple(str(claim) for claim in head["claims"])
        biases = tuple(float(bias) for bias in head["claim_biases"])
        mix = Mix(*(float(part) for part in head["mix"]))
        page_bias, sentence_bias = float(head["page_bias"]), float(head["sentence_bias"])
        gate = Gate(*(tuple(map(str, head["gate"][kind])) for kind in Gate._fields))
        known = head["format"] == FORMAT and len(biases) == len(claims)
    except (ValueError, TypeError, LookupError) as error:
        raise WeightsFault(1, f"no head of weights: {error}.") from error
    if not known:
        raise WeightsFault(1, "another format, or not one bias a claim.")
    rows = rest.splitlines()
    runs, page, sentence, of_claims = _rows(rows, len(claims))
    return Weights(
        runs=runs,
        page=page,
        sentence=sentence,
        of_claims=of_claims,
        claims=claims,
        page_bias=page_bias,
        sentence_bias=sentence_bias,
        claim_biases=biases,
        mix=mix,
        gate=gate,
        origin=str(head.get("origin", "")),
    )


def _rows(rows: Sequence[str], claims: int) -> tuple[tuple[str, ...], Floats, Floats, Floats]:
    runs = []
    values = np.zeros((len(rows), 2), dtype=np.float32)
    of_claims = np.zeros((len(rows), claims), dtype=np.float32)
    for number, row in enumerate(rows):
        try:
            run, page, sentence, named = row.split("\t")
            runs.append(run.replace(_ESCAPED, _BREAK))
            values[number] = int(page), int(sentence)
            for part in named.split():
                claim, value = part.split(":")
                of_claims[number, int(claim)] = int(value)
        except (ValueError, IndexError) as error:
            raise WeightsFault(number + 2, f"no weights of a run: {error}.") from error
    values /= _SCALE
    of_claims /= _SCALE
    return tuple(runs), values[:, 0].copy(), values[:, 1].copy(), of_claims
