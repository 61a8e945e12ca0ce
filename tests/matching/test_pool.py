"""Several processes answer as one does, in the order of the lines, and may be lost."""

import json
import os
import re
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from lantian.errors import LantianError, PackError
from lantian.matching import pool as module
from lantian.matching import worker as workers
from lantian.matching.answer import Answer
from lantian.matching.answering import answer_lines
from lantian.matching.batches import Lines
from lantian.matching.pool import Pool
from lantian.matching.setup import Setup
from tests.matching.conftest import OFFER

Line = Callable[[str, str], bytes]


def answered(setup: Setup, jobs: int, source: Path, folder: Path) -> tuple[bool, bytes, bytes]:
    """Whether all was answered, the answers, and the faults."""
    out, faults = folder / f"out-{jobs}", folder / f"faults-{jobs}"
    with source.open("rb") as lines, out.open("wb") as told, faults.open("wb") as wrong:
        whole = answer_lines(
            setup, jobs, source=lines.fileno(), out=told.fileno(), faults=wrong.fileno()
        )
    return whole, out.read_bytes(), faults.read_bytes()


def test_the_answers_do_not_depend_on_the_number_of_processes(
    setup: Setup, many: Path, tmp_path: Path
) -> None:
    alone = answered(setup, 1, many, tmp_path)
    assert alone == answered(setup, 3, many, tmp_path)
    whole, out, faults = alone
    assert not whole
    names = [json.loads(line)["id"] for line in out.splitlines()]
    assert names == [*map(str, range(3_000)), "no end"]
    numbers = [int(fault.split(b":")[0].split()[1]) for fault in faults.splitlines()]
    assert len(numbers) == 6 * 3
    assert numbers == sorted(numbers)


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_empty_input_is_answered_with_nothing(setup: Setup, jobs: int, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    assert answered(setup, jobs, empty, tmp_path) == (True, b"", b"")


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_pack_that_is_wrong_is_named_even_without_a_line(
    setup: Setup, jobs: int, tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text("claim: mine\nlabel: 3\n", encoding="utf-8")
    with pytest.raises(PackError, match=r"mine\.yaml:2: label"):
        answered(replace(setup, pack_dir=tmp_path), jobs, Path(os.devnull), tmp_path)


def test_a_line_over_the_limit_stands_in_its_place_among_the_faults(
    setup: Setup, line: Line, tmp_path: Path
) -> None:
    source = tmp_path / "long"
    source.write_bytes(line("1", OFFER) + b"?\n" + b"x" * 2_000_000 + b"\n?\n" + line("5", ""))
    told: list[Answer] = []
    with source.open("rb") as file, Pool(setup, 2) as pool:
        pool.answer(Lines(file.fileno(), most=1_000_000), told.append)
    faults = b"".join(answer.faults for answer in told).decode().splitlines()
    assert [fault.split(":")[0] for fault in faults] == ["line 2", "line 3", "line 4"]
    rows = b"".join(answer.out for answer in told).splitlines()
    assert [json.loads(row)["id"] for row in rows] == ["1", "5"]


HEAVY = "包\n授\n权\n专\n利" * 60_000
"""A text over which a process sits for a while."""


def test_the_lines_of_a_process_that_dies_are_named_and_no_others_are_lost(
    setup: Setup, line: Line, tmp_path: Path
) -> None:
    source = tmp_path / "heavy"
    light = [line(str(number), "今天天气很好。" * 20) for number in range(6_000)]
    source.write_bytes(b"".join([*light[:3_000], line("heavy", HEAVY), *light[3_000:]]))
    told: list[Answer] = []
    with source.open("rb") as file, Pool(setup, 2) as pool:
        lines = Lines(file.fileno())
        while not (
            victims := [
                worker
                for worker in pool._workers
                if worker.loaded and worker.has and b"heavy" in worker.has[0].batch.lines
            ]
        ):
            pool._give(lines)
            pool._step(lines)
        os.kill(victims[0].pid, signal.SIGKILL)
        pool.answer(lines, told.append)
    faults = b"".join(answer.faults for answer in told).decode()
    named = re.fullmatch(
        r"lines (\d+)-(\d+): not answered, the process that had them ended \(signal 9\)\n", faults
    )
    assert named is not None
    first, last = map(int, named.groups())
    assert first <= 3_001 <= last
    names = [
        "heavy" if number == 3_001 else str(number - 1 - (number > 3_001))
        for number in range(1, 6_002)
    ]
    rows = b"".join(answer.out for answer in told).splitlines()
    assert [json.loads(row)["id"] for row in rows] == names[: first - 1] + names[last:]


def test_a_process_that_cannot_start_is_told(
    setup: Setup, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(workers, "ROOT", tmp_path)
    (tmp_path / "lantian").mkdir()
    (tmp_path / "lantian" / "__init__.py").write_text("raise SystemExit(7)")
    with pytest.raises(LantianError, match=r"ended at its start \(status 7\)"):
        answered(setup, 2, Path(os.devnull), tmp_path)


def test_no_more_is_read_while_much_is_in_hand(
    setup: Setup, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IN_HAND", 1 << 20)
    size = many.stat().st_size
    told: list[Answer] = []
    with many.open("rb") as file, Pool(setup, 2) as pool:
        lines = Lines(file.fileno())
        while not lines.ended and (len(pool._places) < 2 or not pool._places[1].answer):
            pool._give(lines)
            pool._step(lines)
        assert file.tell() < size  # The answers were not taken: much of the file is unread.
        pool.answer(lines, told.append)
    assert sum(answer.out.count(b"\n") for answer in told) == 3_001


def test_the_processes_end_with_the_block(setup: Setup, many: Path) -> None:
    with many.open("rb") as file, Pool(setup, 2) as pool:
        lines = Lines(file.fileno())
        while len(pool._workers) < 2:
            pool._give(lines)
            pool._step(lines)
        processes = [psutil.Process(worker.pid) for worker in pool._workers]
    assert not any(process.is_running() for process in processes)
