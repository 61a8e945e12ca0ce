"""How many processes are used where nobody says."""

import os
from pathlib import Path

import pytest

from lantian.matching.cores import cores


@pytest.mark.parametrize(
    "quota,share", [("100000 100000", 1), ("150000 100000", 2), ("10000 100000", 1)]
)
def test_a_containers_share_is_a_limit(tmp_path: Path, quota: str, share: int) -> None:
    file = tmp_path / "cpu.max"
    file.write_text(quota + "\n")
    assert cores(file) == min(share, cores(tmp_path / "none"))


@pytest.mark.parametrize("quota", ["max 100000", "", "a b"])
def test_without_a_share_it_is_what_the_process_may_use(tmp_path: Path, quota: str) -> None:
    file = tmp_path / "cpu.max"
    file.write_text(quota)
    assert cores(file) == len(os.sched_getaffinity(0))
