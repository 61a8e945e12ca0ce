"""The figure `cores`: `lantian match --jobs 2` beside two bare processes, and its memory.

Both sides get the same lines of JSON and give the same bytes, on two cores, in turn, from the
start of the first process to the end of the last. A bare process runs `scan_many` over half the
lines, which it need not be handed nor put back in order. Then a stream is matched that is never
whole anywhere, and the memory of its first quarter is held against that of its last.

    python -m bench.cores bare FILE
"""

import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from bench import side
from bench.table import median
from bench.texts import texts

MEGABYTES = 200.0
STREAM = 1_000.0
"""Megabytes of the stream."""
ROUNDS = 3
SHARE = 0.01
"""Share of texts with claims."""
GOAL, GOAL_FLAT = 0.93, 1.1
SEED = 20_261_128
DAY = date(2026, 6, 1)
CORES = 2

Sample = dict[str, float]


def run(
    rounds: int = ROUNDS,
    *,
    quick: bool = False,
    megabytes: float = MEGABYTES,
    stream: float = STREAM,
) -> dict[str, Any]:
    """The figure with its raw samples: seconds, CPU seconds and megabytes of all processes."""
    if quick:
        megabytes, stream = 8.0, 40.0
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lantian-bench-")))
        stack.enter_context(_two_cores())
        environment = os.environ | {
            "LANTIAN_DATA_DIR": str(folder),
            "LANTIAN_CONFIG": str(folder / "no-lantian.toml"),
        }
        size = _write_lines(folder, megabytes)
        sides = {"lantian": _ours(folder), "bare": _bare(folder)}
        samples: dict[str, list[Sample]] = {name: [] for name in sides}
        _once(folder, sides["bare"], environment)  # The compiled pack is kept from here on.
        for _ in range(rounds):
            digests = set()
            for name, command in sides.items():
                samples[name].append(_once(folder, command, environment))
                digests.add(_digest(folder))
            if len(digests) != 1:
                raise AssertionError("the two sides gave different answers")
        return {
            "megabytes": round(size / 1e6, 1),
            "goal": GOAL,
            "goal_flat": GOAL_FLAT,
            "samples": samples,
            "ratio": round(
                median(samples["bare"], "seconds") / median(samples["lantian"], "seconds"), 3
            ),
            "stream": _streamed(folder, stream, environment),
        }


def _write_lines(folder: Path, megabytes: float) -> int:
    """Write all lines, and each half; their bytes."""
    size = 0
    with (
        (folder / "all").open("wb") as whole,
        (folder / "half-0").open("wb") as first,
        (folder / "half-1").open("wb") as second,
    ):
        for number, (text, _) in enumerate(texts(SEED, megabytes, SHARE)):
            line = _line(number, text)
            whole.write(line)
            (first if size < megabytes * 5e5 else second).write(line)
            size += len(line)
    return size


def _line(number: int, text: str) -> bytes:
    return json.dumps({"id": str(number), "text": text}, ensure_ascii=False).encode() + b"\n"


def _ours(folder: Path) -> str:
    return f"exec {_match()} < {folder}/all > {folder}/out-0"


def _match() -> str:
    return f"{sys.executable} -m lantian match --jobs {CORES} --on {DAY}"


def _bare(folder: Path) -> str:
    halves = (
        f"{sys.executable} -m bench.cores bare {folder}/half-{half} > {folder}/out-{half} &"
        for half in range(CORES)
    )
    return " ".join((*halves, "wait"))


def _once(folder: Path, command: str, environment: dict[str, str]) -> Sample:
    for half in range(CORES):
        (folder / f"out-{half}").write_bytes(b"")
    begun = time.time()
    ran = side.run(["sh", "-c", command], environment=environment, log=folder / "log")
    return {
        "seconds": round(ran.ended - begun, 3),
        "cpu_seconds": round(ran.cpu_seconds, 2),
        "memory_mb": round(ran.memory_mb, 1),
    }


def _digest(folder: Path) -> str:
    """The digest of all answers in their order."""
    found = sha256()
    for half in range(CORES):
        with (folder / f"out-{half}").open("rb") as out:
            while block := out.read(1 << 20):
                found.update(block)
    return found.hexdigest()


def _streamed(folder: Path, megabytes: float, environment: dict[str, str]) -> Sample:
    """The highest memory in the first and in the last quarter of a stream through pipes."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            _match().split(),
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
    assert process.stdin is not None  # noqa: S101  (it was asked for)
    sent, ended = [0], threading.Event()
    seen: list[tuple[int, float]] = []
    watch = threading.Thread(target=_watch, args=(process.pid, sent, seen, ended), daemon=True)
    watch.start()
    with process.stdin as into:
        for block in _blocks(megabytes):
            into.write(block)
            sent[0] += len(block)
    status = process.wait()
    ended.set()
    watch.join()
    if status != 0:
        raise side.SideFailed(f"lantian match ended with status {status}")
    quarter = sent[0] / 4
    return {
        "megabytes": round(sent[0] / 1e6, 1),
        "first_mb": round(max(memory for at, memory in seen if at <= quarter), 1),
        "last_mb": round(max(memory for at, memory in seen if at >= 3 * quarter), 1),
    }


def _blocks(megabytes: float) -> Iterator[bytes]:
    """Lines of so many megabytes: the same texts again and again, each time under new names."""
    some = [text for text, _ in texts(SEED + 1, min(megabytes, 10.0), SHARE)]
    numbers = itertools.count()
    left = megabytes * 1e6
    while left > 0:
        for at in range(0, len(some), 100):
            block = b"".join(_line(next(numbers), text) for text in some[at : at + 100])
            yield block
            left -= len(block)
            if left <= 0:
                return


def _watch(
    pid: int, sent: list[int], seen: list[tuple[int, float]], ended: threading.Event
) -> None:
    while not ended.wait(side.LOOK / 5):
        seen.append((sent[0], side.memory_mb(pid)))


@contextlib.contextmanager
def _two_cores() -> Iterator[None]:
    """Hold this process, and those that it starts, to two cores."""
    allowed = os.sched_getaffinity(0)
    if len(allowed) < CORES:
        raise RuntimeError(f"this figure needs {CORES} cores; there are {len(allowed)}")
    os.sched_setaffinity(0, set(sorted(allowed)[:CORES]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def _scan(file: Path) -> None:
    """The bare process: JSON in, `scan_many`, JSON out."""
    from lantian.law import articles_in_force
    from lantian.matching.kept import matcher_of
    from lantian.settings import load_settings

    @cache
    def law(keys: tuple[str, ...]) -> list[str]:
        return [article.label_zh for article in articles_in_force(keys, DAY)]

    encode = json.JSONEncoder(ensure_ascii=False).encode
    fields = ("claim", "rule", "start", "end", "text", "score", "why")
    with file.open(encoding="utf-8") as lines:
        one, other = itertools.tee(map(json.loads, lines))
        results = matcher_of(None, load_settings().cache_dir).scan_many(row["text"] for row in one)
        for row, result in zip(other, results, strict=True):
            hits = [
                {name: getattr(hit, name) for name in fields} | {"law": law(hit.law)}
                for hit in result.hits
            ]
            sys.stdout.write(encode({"id": row["id"], "hits": hits}) + "\n")


if __name__ == "__main__":
    _scan(Path(sys.argv[2]))
