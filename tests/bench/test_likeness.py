"""The curve goes down with the threshold, and what folds away is always found."""

import random
from pathlib import Path

import pytest

from bench import grouping, likeness, pictures
from lantian.store.engine import Store
from lantian.store.migrate import upgrade
from matchers.pack import load_pack
from matchers.text import build_tables


def test_the_curve_falls_and_finds_all_that_folds_away() -> None:
    figure = likeness.run(1, quick=True)
    (sample,) = figure["samples"]["lantian"]
    assert set(sample["found"]) == set(likeness.EDITS)
    for shares in [*sample["found"].values(), *sample["wrong"].values()]:
        falling = list(shares.values())
        assert falling == sorted(falling, reverse=True)
    assert set(sample["found"]["disguised (folds away)"].values()) == {1.0}
    assert sample["wrong"]["unrelated"][f"{figure['threshold']}"] == 0
    told = likeness.curve(sample)
    assert all(f"| {name} |" in told for name in (*likeness.EDITS, *pictures.EDITS))


def test_an_edit_changes_as_much_as_it_says() -> None:
    text = "商标注册代理服务提供查询申请和驳回复审" * 50
    changed = likeness.EDITS["10 % rewritten in stretches"](text, random.Random(1))
    assert len(changed) == len(text)
    share = sum(one != two for one, two in zip(text, changed, strict=True)) / len(text)
    assert 0.06 < share <= 0.1
    assert len(likeness.EDITS["first half"](text, random.Random(1))) == len(text) // 2


@pytest.mark.parametrize("kind, groups", [("many", 64), ("template", 1)])
def test_grouping_is_measured_on_a_store(tmp_path: Path, kind: str, groups: int) -> None:
    store = Store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    upgrade(store)
    tables = build_tables(load_pack().characters.pairs)
    cells = grouping.measured(store, kind, 64, tables).split(" | ")
    store.close()
    assert cells[0] == f"| {kind}"
    assert (cells[4], cells[6]) == ("64", str(groups))
