"""`python -m bench [NAMES…] [--quick]`: measures, then writes results.json and the table.

Names are those of the figures; none given: all. A figure that is not measured keeps its last
results. `--quick` makes a small run that only shows that everything works.
"""

import argparse
import importlib
import inspect
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from bench import table

QUICK: dict[str, dict[str, Any]] = {"index": {"clues": 5_000}}
"""What a quick run gives to figures that know no `quick` themselves."""


def main() -> int:
    """Measure what was named."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(table.ROWS))
    parser.add_argument("--quick", action="store_true", help="small runs; nothing is written")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    unknown = set(asked.names) - set(table.ROWS)
    if unknown:
        parser.error(f"no figure {', '.join(sorted(unknown))}; there are {', '.join(table.ROWS)}")
    results = table.read_results()
    failed = []
    for name in asked.names or table.ROWS:
        print(f"bench: {name} …", file=sys.stderr, flush=True)
        try:
            figure = measured(name, rounds=asked.rounds, quick=asked.quick)
        except Exception as error:  # noqa: BLE001  (one figure's fault leaves the others theirs)
            print(f"bench: {name} failed: {type(error).__name__}: {error}", file=sys.stderr)
            failed.append(name)
            continue
        results["figures"][name] = figure
        results |= {"commit": figure["commit"], "date": figure["date"], "machine": machine()}
        if not asked.quick:
            write(results)
    if results["figures"] and "machine" in results:
        print(table.render(results))
    return 1 if failed else 0


def measured(name: str, *, rounds: int, quick: bool) -> dict[str, Any]:
    """The figure with its raw samples, when and at which commit it was taken, under which load."""
    run = importlib.import_module(f"bench.{name}").run
    takes = inspect.signature(run).parameters
    wanted: dict[str, Any] = {"rounds": 1 if quick else rounds, "quick": quick}
    arguments = {key: value for key, value in wanted.items() if key in takes}
    if quick:
        arguments |= {key: value for key, value in QUICK.get(name, {}).items() if key in takes}
    date = datetime.now(UTC).isoformat(timespec="seconds")
    before = os.getloadavg()[0]
    figure: dict[str, Any] = run(**arguments)
    return {
        "commit": commit(),
        "date": date,
        "rounds": wanted["rounds"],
        "quick": quick,
        "load": [round(before, 1), round(os.getloadavg()[0], 1)],
        **figure,
    }


def write(results: dict[str, Any]) -> None:
    """Write results.json and the table of README.md."""
    text = json.dumps(results, indent=1, ensure_ascii=False, sort_keys=True)
    table.RESULTS.write_text(text + "\n", "utf-8")
    readme = table.README.read_text("utf-8")
    table.README.write_text(table.written(readme, table.render(table.read_results())), "utf-8")


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    cpu = platform.processor() or platform.machine()
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        names = (line for line in facts.read_text().splitlines() if line.startswith("model name"))
        cpu = next(names, f": {cpu}").partition(":")[2].strip()
    return {
        "cpu": cpu,
        "cores": os.cpu_count() or 0,
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "python": platform.python_version(),
    }


def commit() -> str:
    """The commit that was measured, with a + if files differ from it."""
    root = Path(__file__).resolve().parents[1]

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=root, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    changed = git(
        "status",
        "--porcelain",
        "--untracked-files=no",
        "--",
        ".",
        ":!bench/results.json",
        ":!bench/README.md",
    )
    return git("rev-parse", "--short=10", "HEAD") + ("+" if changed else "")


if __name__ == "__main__":
    sys.exit(main())
