"""Sentences of other fields, many of them advertisements, written for this test and never learnt.

The goal is that none is flagged. What is allowed here is what was seen; see docs/matching.md.
"""

from pathlib import Path

from matchers.scan import Matcher

SENTENCES = Path(__file__).parent / "ordinary" / "sentences.txt"
FLAGGED_AT_MOST = 0.02


def test_sentences_of_other_fields_are_spared(shipped: Matcher) -> None:
    lines = SENTENCES.read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(set(lines)) >= 2_500
    flagged = [
        line for line, found in zip(lines, shipped.scan_many(lines), strict=True) if found.hits
    ]
    assert len(flagged) <= FLAGGED_AT_MOST * len(lines), flagged
