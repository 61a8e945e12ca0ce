"""The examples of a pack, run: each rule's hits, and the near misses that all rules spare."""

from collections.abc import Iterator
from dataclasses import dataclass

from lantian.errors import PackError
from matchers.pack import Pack
from matchers.scan import Matcher

TOLD = 3
"""Failures that an error names; `lantian rules test` tells all."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An example that is not read as its rule says: `fault` says how."""

    file: str
    rule: str
    example: str
    fault: str

    def __str__(self) -> str:
        return f"{self.file}: {self.rule}: {self.fault}: {self.example!r}"


def failures(pack: Pack, matcher: Matcher) -> Iterator[Failure]:
    """The examples that fail, in the order of the files."""
    for claim, rule in pack.rules():
        file = pack.files[claim.claim]
        for example in rule.examples.hit:
            if claim.claim not in {hit.claim for hit in matcher.scan(example).hits}:
                yield Failure(file, rule.id, example, f"does not hit {claim.claim}")
        for example in rule.examples.spared:
            hits = matcher.scan(example).hits
            if hits:
                rules = ", ".join(sorted({hit.rule for hit in hits}))
                yield Failure(file, rule.id, example, f"should be spared, but {rules} hits")


def examples(pack: Pack) -> int:
    """How many examples the pack has."""
    return sum(len(rule.examples.hit) + len(rule.examples.spared) for _claim, rule in pack.rules())


def require_passing(pack: Pack, matcher: Matcher) -> None:
    """Nothing, if every example passes; raises `PackError` naming the first that do not."""
    found = list(failures(pack, matcher))
    if found:
        told = "; ".join(map(str, found[:TOLD]))
        raise PackError(
            f"{len(found)} of {examples(pack)} examples fail: {told}.",
            hint="`lantian rules test --pack HASH` names them all; correct and draft again.",
        )
