"""A few places in texts, chosen at random but the same ones each time, with what stands around."""

import hashlib
from bisect import insort
from dataclasses import dataclass, field

from lantian.model import Document

AROUND = 30
"""Characters shown on either side of a hit."""


@dataclass(frozen=True, slots=True, order=True)
class Sample:
    """One hit of one document, with its surroundings; ordered by chance."""

    chance: str
    document_id: int
    claim: str
    rule: str
    url: str
    text: str
    """The hit between 【 and 】."""


def chance(document_id: int, claim: str) -> str:
    """What orders the hits of a claim: by chance, but the same way each time."""
    return hashlib.sha256(f"{document_id}:{claim}".encode()).hexdigest()


def sample(document: Document, claim: str, rule: str, at: range) -> Sample:
    """The sample of a hit at these code points of the document's text."""
    text = document.text
    begin, end = max(0, at.start - AROUND), at.stop + AROUND
    shown = (
        ("…" if begin else "")
        + text[begin : at.start]
        + f"【{text[at.start : at.stop]}】"
        + text[at.stop : end]
        + ("…" if end < len(text) else "")
    )
    return Sample(
        chance(document.id, claim), document.id, claim, rule, document.url, " ".join(shown.split())
    )


@dataclass
class Few:
    """At most `most` samples of each claim, whatever number is offered."""

    most: int
    by_claim: dict[str, list[Sample]] = field(default_factory=dict)

    def offer(self, one: Sample) -> None:
        """Take the sample, if chance has it."""
        kept = self.by_claim.setdefault(one.claim, [])
        insort(kept, one)
        del kept[self.most :]

    def all(self) -> list[Sample]:
        """The samples, by claim."""
        return [one for _claim, some in sorted(self.by_claim.items()) for one in some]
