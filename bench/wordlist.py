"""What a plain list of 500 words finds in labelled texts: the peer of the matcher's quality.

The list is a good one: its words are learnt from the same labelled texts as the weights, each the
one that tells most offers that no word before it told, and fewest innocent texts. It is looked up
in folded text anywhere (what platforms do), and among the words that `jieba.cut` gives.

    python -m bench.wordlist FILE [--learn FILES…]

Without `--learn` all labelled texts are learnt that are not frozen.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import heapify, heappop, heappush
from pathlib import Path

import jieba

from lantian.commands.labelled import frozen_digest, read_labelled
from matchers.evaluate import Labelled
from matchers.intervals import wilson
from matchers.pack import load_pack
from matchers.scan import Matcher
from matchers.text import fold_many

WORDS = 500
SHORTEST, LONGEST = 2, 6
"""Characters of a word."""
TOLD = 5
"""Offers in which a word must stand."""
INNOCENT = 0.5
"""What a wrongly flagged text costs, in offers that are found."""
LABELLED = Path(__file__).resolve().parents[1] / "tests" / "matchers" / "labelled"


def learn(offers: Sequence[str], innocent: Sequence[str], words: int = WORDS) -> list[str]:
    """The words of a list, the best first; fewer where no further one does more good than harm.

    `offers` are the clauses that make them, or whole texts; all are folded.
    """
    standing = _standing(offers)
    standing = {word: some for word, some in standing.items() if len(some) >= TOLD}
    wrong = Counter[str]()
    for text in innocent:
        wrong.update(set(_pieces(text)) & standing.keys())
    chosen: list[str] = []
    # What a word is worth only falls while others are chosen, so the old worth is a ceiling.
    worth = {word: len(some) - INNOCENT * wrong[word] for word, some in standing.items()}
    found: set[int] = set()
    queue = [(-value, word) for word, value in worth.items() if value > 0]
    heapify(queue)
    while queue and len(chosen) < words:
        was, word = heappop(queue)
        now = len(standing[word] - found) - INNOCENT * wrong[word]
        if now < -was:
            if now > 0:
                heappush(queue, (-now, word))
            continue
        chosen.append(word)
        found |= standing[word]
    return chosen


def _standing(texts: Iterable[str]) -> dict[str, set[int]]:
    """For each word the numbers of the texts that show it."""
    standing: dict[str, set[int]] = {}
    for number, text in enumerate(texts):
        for word in set(_pieces(text)):
            standing.setdefault(word, set()).add(number)
    return standing


def _pieces(text: str) -> Iterator[str]:
    for size in range(SHORTEST, LONGEST + 1):
        for at in range(len(text) - size + 1):
            piece = text[at : at + size]
            if piece.isalnum():
                yield piece


def shares(rows: Sequence[Labelled], flagged: Sequence[bool]) -> dict[str, tuple[int, int]]:
    """Precision, recall, and the share of hard negatives that are flagged: so many of so many."""
    told = list(zip(rows, flagged, strict=True))
    hits = [flag for row, flag in told if row.label == "hit"]
    hard = [flag for row, flag in told if row.label == "clean" and row.hard]
    return {
        "precision": (sum(hits), sum(flagged)),
        "recall": (sum(hits), len(hits)),
        "hard negatives flagged": (sum(hard), len(hard)),
    }


def main() -> None:
    """Print the figures of both ways to use the list."""
    parser = argparse.ArgumentParser(prog="python -m bench.wordlist", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--learn", type=Path, nargs="+", default=_to_learn_from())
    asked = parser.parse_args()
    tables = Matcher.compile(load_pack()).tables

    def folded(texts: Iterable[str]) -> list[str]:
        return [each.chars for each in fold_many(list(texts), tables)]

    learnt = [row for file in asked.learn for row in read_labelled(file)]
    offers = [row.text[start:end] for row in learnt for _, start, end in row.spans]
    innocent = [row.text for row in learnt if row.label == "clean"]
    words = learn(folded(offers), folded(innocent))
    rows = [row for row in read_labelled(asked.file) if row.label != "unsure"]
    texts = folded(row.text for row in rows)
    ways: dict[str, Callable[[str], bool]] = {
        "anywhere in folded text": lambda text: any(word in text for word in words),
        "among the words of jieba.cut": lambda text: not set(words).isdisjoint(jieba.cut(text)),
    }
    for name, finds in ways.items():
        print(f"{len(words)} words {name}:")
        for what, (part, whole) in shares(rows, [finds(text) for text in texts]).items():
            low, high = wilson(part, whole)
            print(f"  {what} {part / max(whole, 1):.3f} ({low:.3f}-{high:.3f})")


def _to_learn_from() -> list[Path]:
    return [file for file in sorted(LABELLED.glob("*.jsonl")) if frozen_digest(file) is None]


if __name__ == "__main__":
    main()
