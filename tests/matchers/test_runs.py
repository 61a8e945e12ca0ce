"""Runs of characters: what is looked up at once is what stands there."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matchers.runs import LONGEST, SHORTEST, RunTable

LETTERS = "专利商标授权包过，\n"
texts = st.text(alphabet=LETTERS + "外", max_size=60)
runs = st.lists(st.text(alphabet=LETTERS, min_size=1, max_size=LONGEST), max_size=40)


def points(text: str) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.array([ord(char) for char in text], dtype=np.int64)


def found(table: RunTable, text: str) -> set[tuple[int, str]]:
    looked = table.find(table.codes(points(text)))
    return {
        (start, table.runs[number])
        for starts, numbers in looked
        for start, number in zip(starts.tolist(), numbers.tolist(), strict=True)
    }


@given(runs, texts)
def test_every_known_run_is_found_wherever_it_stands_and_nothing_else(
    known: list[str], text: str
) -> None:
    table = RunTable(known)
    expected = {
        (at, text[at : at + size])
        for size in range(SHORTEST, LONGEST + 1)
        for at in range(len(text) - size + 1)
        if table.number(text[at : at + size]) is not None
    }
    assert found(table, text) == expected


@given(runs)
def test_a_run_is_known_with_all_its_beginnings_of_two_and_more(known: list[str]) -> None:
    table = RunTable(known)
    assert len(table) == len(table.runs) == len(set(table.runs))
    assert table.runs == [list(dict.fromkeys(known))[place] for place in table.given]
    for run in table.runs:
        for size in range(2, len(run)):
            assert table.number(run[:size]) is not None


def test_runs_that_come_first_keep_their_slot() -> None:
    many = [
        chr(0x4E00 + first) + chr(0x4E00 + second) for first in range(90) for second in range(9)
    ]
    table = RunTable(many)
    assert table.runs[: len(many) // 2] == many[: len(many) // 2]


def test_characters_beyond_the_table_are_no_characters_of_runs() -> None:
    table = RunTable(["专利", "专"])
    assert found(table, "专\U0001f600利专利") == {(0, "专"), (3, "专"), (3, "专利")}


def test_a_run_of_a_character_beyond_the_table_is_left_out() -> None:
    table = RunTable(["𠮶", "专"])
    assert table.runs == ["专"]
    assert found(table, "更专𠮶") == {(1, "专")}
