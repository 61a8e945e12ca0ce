"""All tests in two processes at once: one begins at the front, one at the back, until they meet.

Each process collects everything and claims one file of tests after the other, by a file of that
name in a folder that both know; so both end at the same time, however long a test takes. What one
folder of tests makes for itself is made once, but for the folder in which they meet.

This module is the plugin that both load, and what starts them. A run of some tests is one process.
"""

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

import pytest

from tests.services.install import say

SIDES = ("front", "back")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which side this process begins at, and where files are claimed."""
    group = parser.getgroup("halves")
    group.addoption("--half", choices=SIDES, required=True)
    group.addoption("--claims", type=Path, required=True)


def pytest_runtestloop(session: pytest.Session) -> bool:
    """Run every test that this process could claim; as pytest's own loop otherwise."""
    config = session.config
    if config.option.collectonly:
        return True
    if session.testsfailed and not config.option.continue_on_collection_errors:
        raise session.Interrupted(f"{session.testsfailed} errors during collection")
    side, claims = config.option.half, config.option.claims
    count = 0
    ours = _claimed(_by_file(session.items, backwards=side == "back"), claims)
    item = next(ours, None)
    while item is not None:
        following = next(ours, None)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        count += 1
        item = following
    (claims / f"{side}.count").write_text(f"{len(session.items)} {count}")
    return True


def _by_file(items: Sequence[pytest.Item], *, backwards: bool) -> list[list[pytest.Item]]:
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    return list(reversed(files.values()) if backwards else files.values())


def _claimed(files: Sequence[Sequence[pytest.Item]], claims: Path) -> Iterator[pytest.Item]:
    """The tests of the files that nobody had claimed before us."""
    for tests in files:
        name = tests[0].nodeid.partition("::")[0].replace("/", "+")
        try:
            (claims / name).touch(exist_ok=False)
        except FileExistsError:
            continue
        yield from tests


def run(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> int:
    """The exit status of both processes, pytest's `words` given to each; `folder` is empty.

    What the front does is seen as it happens, what the back did is shown afterwards.
    """
    log = folder / "back.log"
    processes: list[subprocess.Popen[bytes]] = []
    with log.open("w+b") as out:
        try:
            for side, told in zip(SIDES, (None, out), strict=True):
                command = [*_command(side, folder), *words]
                processes.append(subprocess.Popen(command, env=environment, stdout=told))
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both; they end by it.
            signal.signal(signal.SIGTERM, _end)
            statuses = [process.wait() for process in processes]
        finally:
            for process in processes:
                process.terminate()
                process.wait()
            sys.stdout.flush()
            sys.stdout.buffer.write(log.read_bytes())
    return next(filter(None, statuses), 0) or _check_that_all_were_run(folder)


def _command(side: str, claims: Path) -> list[str]:
    command = [sys.executable, "-m", "pytest", "-p", __name__]
    command += [f"--half={side}", f"--claims={claims}"]
    # Each runs a part of what it collected: no per cent, and what failed last is not known.
    return [*command, "--override-ini=console_output_style=classic", "-p", "no:cacheprovider"]


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + signal.SIGTERM)


def _check_that_all_were_run(folder: Path) -> int:
    """0 if each test was run by one of both; a process that ended early is a failure."""
    files = [folder / f"{side}.count" for side in SIDES]
    counts = [file.read_text().split() if file.exists() else ("0", "0") for file in files]
    collected, done = {int(whole) for whole, _ in counts}, sum(int(part) for _, part in counts)
    say(f"{done} tests were run, of {' or '.join(map(str, sorted(collected)))}")
    return 0 if collected == {done} else 1
