"""What each run of characters says for or against an offer: learnt once, kept as data.

A pack may have one file `weights.tsv` beside its claims: a head line of JSON, then a line a run
with what it weighs on its page, in its sentence, beside it, and for which claim. It is written by
`matchers.training` and read like any other part of a pack: it has a digest, stands in the pack's
hash, and nothing in it can run code.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matchers.errors import MatcherError

FILE = "weights.tsv"
FORMAT = 2
SCALE = 100
"""What a weight is multiplied with where it is kept: hundredths of log-odds."""
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
    """Of its log-odds with what stands beside it."""
    page: float
    claim: float
    """The share of the likeliest claim's."""
    bias: float
    own: float = 0.0
    """Of its log-odds by its own words alone."""
    size: float = 0.0
    """Of the logarithm of its page's characters: on a long page much is said by chance."""
    place: float = 0.0
    """Of where on its page it stands, from 0 to 1."""


class Aloud(NamedTuple):
    """Log-odds from which a sentence speaks for itself, so that it is told of whatever its page."""

    heard: float
    """With what stands beside it."""
    own: float
    """By its own words only."""


class Gate(NamedTuple):
    """Folded terms for which a text is read: any of `alone`, or two of `two`."""

    alone: tuple[str, ...]
    two: tuple[str, ...]


@dataclass(frozen=True)
class Weights:
    """The weights of a pack.

    A sentence of n characters, what stands beside it, or a page of n different runs, whose runs
    weigh w in sum, scores w / sqrt(max(n, 8)); to sentence and page a bias is added.
    """

    runs: tuple[str, ...]
    page: Floats = field(repr=False)
    """For each run what it says of the page on which it stands."""
    sentence: Floats = field(repr=False)
    """For each run what it says of its sentence."""
    nearby: Floats = field(repr=False)
    """For each run what it says of a sentence beside which it stands."""
    of_claims: Floats = field(repr=False)
    """For each run and claim what it says for that claim, in its sentence."""
    of_pages: Floats = field(repr=False)
    """For each run and claim what it says for that claim, on its page."""
    claims: tuple[str, ...]
    page_bias: float
    sentence_bias: float
    claim_biases: tuple[float, ...]
    """Those of sentence and page together."""
    mix: Mix
    aloud: Aloud
    gate: Gate
    origin: str = ""
    """What they were learnt from, for people."""

    @cached_property
    def digest(self) -> str:
        """`sha256:…` of all that they are."""
        digest = hashlib.sha256()
        for part in dump_parts(self):
            digest.update(len(part).to_bytes(8, "little") + part)
        return f"sha256:{digest.hexdigest()}"


def dump(weights: Weights) -> str:
    """`weights` as the text of their file."""
    lines = [json.dumps(_head(weights), ensure_ascii=False, sort_keys=True)]
    plain = zip(*(_hundredths(table).tolist() for table in _plain(weights)), strict=True)
    of_claims, of_pages = _hundredths(weights.of_claims), _hundredths(weights.of_pages)
    for number, (run, values) in enumerate(zip(weights.runs, plain, strict=True)):
        shown = run.replace(_BREAK, _ESCAPED)
        named = f"{_named(of_claims[number])}\t{_named(of_pages[number])}"
        lines.append("\t".join((shown, *map(str, values), named)))
    return "\n".join(lines) + "\n"


def dump_parts(weights: Weights) -> list[bytes]:
    """`weights` as a few pieces of bytes, which are read sooner than their file."""
    tables = (*_plain(weights), weights.of_claims, weights.of_pages)
    return [
        json.dumps(_head(weights), ensure_ascii=False, sort_keys=True).encode(),
        "\0".join(weights.runs).encode("utf-8", "surrogatepass"),
        *(_hundredths(table).astype("<i2").tobytes() for table in tables),
    ]


def load_parts(parts: Sequence[bytes]) -> Weights:
    """What `dump_parts` wrote; raises `WeightsFault` or `ValueError` where it is something else."""
    head, runs, *tables = parts
    names = tuple(runs.decode("utf-8", "surrogatepass").split("\0")) if runs else ()
    values = [np.frombuffer(table, dtype="<i2") / np.float32(SCALE) for table in tables]
    *plain, of_claims, of_pages = (value.astype(np.float32) for value in values)
    shape = (len(names), -1)
    return _with_head(
        head.decode(), names, plain, of_claims.reshape(shape), of_pages.reshape(shape)
    )


def _plain(weights: Weights) -> tuple[Floats, ...]:
    """The tables that are no claim's, in their order in a file."""
    return weights.page, weights.sentence, weights.nearby


def _head(weights: Weights) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "claims": weights.claims,
        "page_bias": round(weights.page_bias, 4),
        "sentence_bias": round(weights.sentence_bias, 4),
        "claim_biases": [round(bias, 4) for bias in weights.claim_biases],
        "mix": [round(part, 4) for part in weights.mix],
        "aloud": [round(part, 4) for part in weights.aloud],
        "gate": weights.gate._asdict(),
        "origin": weights.origin,
    }


def _named(row: NDArray[np.int64]) -> str:
    return " ".join(f"{claim}:{row[claim]}" for claim in np.flatnonzero(row).tolist())


def _hundredths(values: Floats) -> NDArray[np.int64]:
    return np.rint(values.astype(np.float64) * SCALE).astype(np.int64)


def parse(text: str) -> Weights:
    """The weights of a file's text; raises `WeightsFault` naming the line."""
    first, _, rest = text.partition("\n")
    try:
        claims = len(json.loads(first)["claims"])
    except (ValueError, TypeError, LookupError) as error:
        raise WeightsFault(1, f"no head of weights: {error}.") from error
    rows = rest.removesuffix("\n").split("\n") if rest else []
    runs, values, of_claims, of_pages = _rows(rows, claims)
    if len(set(runs)) != len(runs):
        first_again = next(line for line, run in enumerate(runs, 2) if run in runs[: line - 2])
        raise WeightsFault(first_again, "a run that stands further up already.")
    return _with_head(first, runs, [column.copy() for column in values.T], of_claims, of_pages)


def _with_head(
    first: str, runs: tuple[str, ...], plain: Sequence[Floats], *named: Floats
) -> Weights:
    """Weights of a head and tables."""
    try:
        head = json.loads(first)
        weights = Weights(
            runs=runs,
            page=plain[0],
            sentence=plain[1],
            nearby=plain[2],
            of_claims=named[0],
            of_pages=named[1],
            claims=tuple(str(claim) for claim in head["claims"]),
            page_bias=float(head["page_bias"]),
            sentence_bias=float(head["sentence_bias"]),
            claim_biases=tuple(float(bias) for bias in head["claim_biases"]),
            mix=Mix(*(float(part) for part in head["mix"])),
            aloud=Aloud(*(float(part) for part in head["aloud"])),
            gate=Gate(*(tuple(map(str, head["gate"][kind])) for kind in Gate._fields)),
            origin=str(head.get("origin", "")),
        )
        known = head["format"] == FORMAT and len(weights.claim_biases) == len(weights.claims)
    except (ValueError, TypeError, LookupError) as error:
        raise WeightsFault(1, f"no head of weights: {error}.") from error
    if not known:
        raise WeightsFault(1, "another format, or not one bias a claim.")
    return weights


def _rows(rows: Sequence[str], claims: int) -> tuple[tuple[str, ...], Floats, Floats, Floats]:
    """Runs, what they weigh on page, in sentence and beside it, and for claims in both."""
    runs = []
    values = np.zeros((len(rows), 3), dtype=np.float32)
    of_claims = np.zeros((len(rows), claims), dtype=np.float32)
    of_pages = np.zeros_like(of_claims)
    for number, row in enumerate(rows):
        try:
            run, *plain, in_sentence, on_page = row.split("\t")
            runs.append(run.replace(_ESCAPED, _BREAK))
            if len(plain) != values.shape[1]:
                raise ValueError(f"{len(plain)} weights instead of {values.shape[1]}")
            values[number] = [int(value) for value in plain]
            for table, named in ((of_claims, in_sentence), (of_pages, on_page)):
                for part in named.split():
                    claim, value = part.split(":")
                    table[number, int(claim)] = int(value)
        except (ValueError, IndexError) as error:
            raise WeightsFault(number + 2, f"no weights of a run: {error}.") from error
    scale = np.float32(SCALE)
    return tuple(runs), values / scale, of_claims / scale, of_pages / scale
