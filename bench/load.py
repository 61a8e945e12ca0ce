"""How long a pack of 5,000 rules takes to load: from its files, and compiled before.

    python -m bench.load [RULES]

Rules are made from the seed: terms of two to four characters, in patterns of two or three, and a
tenth that ask for two groups near each other, in files of 500; the shipped lexicon beside them,
without weights. Prints CPU seconds, which do not grow with what else the machine does, and
megabytes; best of three.
"""

import gc
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from matchers.pack import Pack, load_pack
from matchers.scan import Matcher

RULES, A_FILE, ROUNDS = 5_000, 500, 3
SEED = 20_261_128
GOAL, GOAL_KEPT = 2.0, 0.2
"""Seconds from files to a matcher, and from kept bytes."""
SIGNS = "".join(chr(0x4E00 + 7 * number) for number in range(2_000))

Made = TypeVar("Made")


def write_pack(folder: Path, rules: int = RULES) -> None:
    """Write claims of so many rules in all."""
    rng = random.Random(SEED)
    for number in range(0, rules, A_FILE):
        name = f"made_{number // A_FILE}"
        file = folder / f"{name}.yaml"
        count = min(A_FILE, rules - number)
        file.write_text(
            "\n".join([_head(name, rng), *(_rule(name, at, rng) for at in range(count))])
        )


def _head(name: str, rng: random.Random) -> str:
    groups = "\n".join(f"  g{at}: {{terms: [{_terms(rng, 20)}]}}" for at in range(20))
    return (
        f"claim: {name}\nlabel: {{zh: 甲, en: a}}\nseverity: 2\nlaw: [ad-law.false-advertising]\n"
        f"guidance: {{zh: 看, en: look}}\ngroups:\n{groups}\nrules:"
    )


def _rule(name: str, at: int, rng: random.Random) -> str:
    word = _word(rng) + _word(rng)
    if at % 10 == 0:
        first, second = rng.sample(range(20), 2)
        how = f"together: [{{all: [g{first}, g{second}], window: 30}}]"
    else:
        how = f"match: ['{word}', '<g{rng.randrange(20)}>{_word(rng)}']"
    return (
        f"  - id: {name}.r{at}\n    version: 1\n    says: 提到\n    says_en: mentions\n    {how}\n"
        f"    examples: {{hit: [{word}], spared: [{_word(rng)}]}}"
    )


def _terms(rng: random.Random, count: int) -> str:
    return ", ".join(_word(rng) for _ in range(count))


def _word(rng: random.Random) -> str:
    return "".join(rng.choices(SIGNS, k=rng.randint(2, 4)))


def _timed(make: Callable[[], Made]) -> tuple[float, Made]:
    gc.collect()
    begun = time.process_time()
    made = make()
    return time.process_time() - begun, made


def run(rules: int = RULES, rounds: int = ROUNDS) -> dict[str, float]:
    """Seconds of each step, the best of some rounds, and megabytes of the process."""
    with tempfile.TemporaryDirectory(prefix="lantian-bench-") as folder:
        write_pack(Path(folder), rules)
        times: dict[str, list[float]] = {"read": [], "compile": [], "kept": []}
        size = 0
        for _ in range(rounds):
            seconds, pack = _timed(lambda: load_pack(Path(folder)))
            times["read"].append(seconds)
            seconds, matcher = _timed(_compiling(pack))
            times["compile"].append(seconds)
            kept = matcher.to_bytes()
            size = len(kept)
            seconds, _ = _timed(_reading(kept))
            times["kept"].append(seconds)
    found = {name: round(min(some), 3) for name, some in times.items()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found | {"kept_mb": round(size / 1e6, 1), "peak_mb": round(peak, 1)}


def _compiling(pack: Pack) -> Callable[[], Matcher]:
    return lambda: Matcher.compile(pack)


def _reading(kept: bytes) -> Callable[[], Matcher]:
    return lambda: Matcher.from_bytes(kept)


def main() -> None:
    """Print the figures of one run."""
    rules = int(sys.argv[1]) if len(sys.argv) > 1 else RULES
    found = run(rules)
    whole = found["read"] + found["compile"]
    print(f"{rules} rules: {whole:.2f} s (goal {GOAL})")
    print(f"files {found['read']} s, compile {found['compile']} s")
    print(f"kept: {found['kept']} s (goal {GOAL_KEPT}), {found['kept_mb']} MB")
    print(f"peak memory of the process: {found['peak_mb']} MB")


if __name__ == "__main__":
    main()
