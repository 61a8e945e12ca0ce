"""The figure `match`: text through the whole matcher, beside word lists.

One core, CPU seconds of one process, all sides in turn, fresh strings each time. The lists: words
of the pack in a set that `jieba.cut` is looked up in, its core terms as one regular expression, and
as a bare Aho-Corasick automaton. They get the first part of the same texts, since jieba would take
minutes for all. The matcher gives whole hits with their reasons.

    python -m bench.match [MEGABYTES]
"""

import contextlib
import json
import logging
import os
import re
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import psutil

from bench.texts import texts
from matchers import native
from matchers.pack import load_pack
from matchers.scan import Matcher

MEGABYTES = 20.0
BESIDE = 1.5
"""Megabytes of the same texts that jieba gets."""
ROUNDS = 3
SHARES = (0.01, 0.20)
GOALS = {"jieba": 20.0, "re": 1.0, "aho_corasick": None}
PEERS = {
    "jieba": "jieba.cut and a set",
    "re": "its core terms as one compiled re",
    "aho_corasick": "a bare Aho-Corasick pass of them",
}
SEED = 20_251_124

Side = Callable[[list[str]], int]


def run(
    rounds: int = ROUNDS, *, quick: bool = False, megabytes: float = MEGABYTES
) -> dict[str, Any]:
    """The figure with its raw samples: MB/s of UTF-8, texts, hits, memory in MB."""
    megabytes, beside = (1.0, 0.2) if quick else (megabytes, BESIDE)
    begun = time.perf_counter()
    pack = load_pack()
    matcher = Matcher.compile(pack)
    compiled = time.perf_counter() - begun
    core = sorted({term for part in pack.core.core for term in part.terms})
    sides = {
        "lantian": _matched(matcher),
        "jieba": _jieba(matcher),
        "re": _expression(core),
        "aho_corasick": _automaton(core),
    }
    rows, samples = [], {}
    with _one_core():
        for share in SHARES:
            made = list(texts(SEED + int(share * 100), megabytes, share))
            taken = _measured([text for text, _ in made], beside, rounds, sides)
            found = _flagged(matcher, made)
            samples[f"{share:.0%}"] = taken | found
            rows += [_row(share, peer, taken, found) for peer in PEERS]
    return {
        "rows": rows,
        "samples": samples,
        "compile_seconds": round(compiled, 2),
        "core_terms": len(core),
        "loops": "C" if native.library() else "Python and numpy",
        "memory_mb": round(psutil.Process().memory_info().rss / 1e6),
        "megabytes": megabytes,
    }


def _measured(
    made: list[str], beside: float, rounds: int, sides: dict[str, Side]
) -> dict[str, Any]:
    """Speeds of all sides in turn, and what they counted (the same in every round)."""
    whole = [text.encode() for text in made]
    part: list[bytes] = []
    size = 0
    for data in whole:
        if size >= beside * 1e6:
            break
        part.append(data)
        size += len(data)
    taken: dict[str, Any] = {name: [] for name in sides}
    counts: dict[str, set[int]] = {name: set() for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            corpus = whole if name == "lantian" else part
            fresh = [text.decode() for text in corpus]
            begun = time.process_time()
            counts[name].add(side(fresh))
            seconds = time.process_time() - begun
            taken[name].append(round(sum(map(len, corpus)) / 1e6 / seconds, 3))
    for name, found in counts.items():
        if len(found) != 1:
            raise AssertionError(f"{name} counted {sorted(found)} in rounds over the same texts")
        taken[f"{name}_counted"] = found.pop()
    return taken | {"texts": len(made), "megabytes": round(sum(map(len, whole)) / 1e6, 1)}


def _flagged(matcher: Matcher, made: list[tuple[str, bool]]) -> dict[str, int]:
    """How many texts with claims were found, and how many without were flagged."""
    results = matcher.scan_many(text for text, _ in made)
    flags = [(bool(result.hits), claims) for result, (_, claims) in zip(results, made, strict=True)]
    return {
        "with_claims": sum(claims for _, claims in flags),
        "found": sum(hit and claims for hit, claims in flags),
        "flagged_without": sum(hit and not claims for hit, claims in flags),
    }


def _row(share: float, peer: str, taken: dict[str, Any], found: dict[str, int]) -> dict[str, Any]:
    ours, beside = statistics.median(taken["lantian"]), statistics.median(taken[peer])
    row = {
        "what": f"MB/s at {share:.0%} of texts with claims; {PEERS[peer]}",
        "ours": ours,
        "beside": beside,
        "ratio": ours / beside,
    }
    # Goals beside the list as an expression are for few texts with claims.
    if GOALS[peer] is not None and (peer == "jieba" or share == min(SHARES)):
        row["goal"] = GOALS[peer]
    if peer == "jieba":
        row["cost"] = f"{taken['texts']:,} texts; {found['found']} of {found['with_claims']} found"
    return row


def _matched(matcher: Matcher) -> Side:
    def side(some: list[str]) -> int:
        return sum(len(result.hits) for result in matcher.scan_many(some))

    return side


def _jieba(matcher: Matcher) -> Side:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba

    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    words = set(matcher.literals)
    for word in words:
        tokenizer.add_word(word)

    def side(some: list[str]) -> int:
        return sum(word in words for text in some for word in tokenizer.cut(text))

    return side


def _expression(terms: list[str]) -> Side:
    find = re.compile("|".join(map(re.escape, terms))).findall

    def side(some: list[str]) -> int:
        return sum(len(find(text)) for text in some)

    return side


def _automaton(terms: list[str]) -> Side:
    from ahocorasick_rs import AhoCorasick

    find = AhoCorasick(terms).find_matches_as_indexes

    def side(some: list[str]) -> int:
        return sum(len(find(text)) for text in some)

    return side


@contextlib.contextmanager
def _one_core() -> Iterator[None]:
    """The process on one core, where the system lets it choose."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


if __name__ == "__main__":
    figure = run(megabytes=float(sys.argv[1]) if len(sys.argv) > 1 else MEGABYTES)
    print(json.dumps(figure, indent=1, ensure_ascii=False))
