"""One contract for the literal engines: all places of all literals, overlapping ones too."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchers.engine import Hyperscan, LiteralEngine, available, make_engine

CODES = [bytes([first, second]) for first in (1, 2, 0x3F) for second in (0x40, 0x41, 0xFF)]
literals = st.lists(
    st.lists(st.sampled_from(CODES), min_size=1, max_size=4).map(b"".join),
    min_size=1,
    max_size=8,
    unique=True,
)
texts = st.lists(st.sampled_from(CODES), max_size=40).map(b"".join)
ENGINES = [pytest.param("native", marks=pytest.mark.compiler), "hyperscan", "ahocorasick_rs"]
Rows = list[tuple[int, int, int]]


def brute(some: list[bytes], data: bytes) -> Rows:
    return sorted(
        (number, at // 2, (at + len(literal)) // 2)
        for number, literal in enumerate(some)
        for at in range(0, len(data) - len(literal) + 1, 2)
        if data.startswith(literal, at)
    )


def found_by(engine: LiteralEngine, data: bytes) -> Rows:
    rows = engine.find(np.frombuffer(data, dtype=np.uint16)).tolist()
    return [(number, start, end) for number, start, end in rows]


def test_all_engines_are_installed_here(loops: str) -> None:
    libraries = ("hyperscan", "ahocorasick_rs")
    assert available() == (("native", *libraries) if loops == "in C" else libraries)


def test_what_is_built_is_taken(loops: str) -> None:
    assert make_engine([CODES[0]]).name == ("native" if loops == "in C" else "hyperscan")


@pytest.mark.parametrize("name", ENGINES)
@given(some=literals, data=texts)
def test_every_occurrence_is_found_and_none_else(name: str, some: list[bytes], data: bytes) -> None:
    found = found_by(make_engine(some, name), data)
    assert sorted(found) == brute(some, data)
    assert [end for _, _, end in found] == sorted(end for _, _, end in found)


@pytest.mark.parametrize("name", ENGINES)
def test_a_text_that_is_nothing_but_literals_is_found_whole(name: str) -> None:
    data = CODES[0] * 5_000
    some = [CODES[0] * size for size in (1, 2, 3)]
    assert sorted(found_by(make_engine(some, name), data)) == brute(some, data)


@pytest.mark.parametrize("name", ENGINES)
def test_a_code_of_zero_ends_every_literal(name: str) -> None:
    data = CODES[0] + b"\0\0" + CODES[1]
    assert found_by(make_engine([CODES[0] + CODES[1], CODES[1]], name), data) == [(1, 2, 3)]


def test_a_compiled_engine_is_made_again_from_its_bytes() -> None:
    parts = [CODES[0], CODES[1] + CODES[2]]
    engine = Hyperscan(parts)
    again = Hyperscan(parts, engine.dump())
    data = b"".join(CODES)
    assert found_by(again, data) == found_by(engine, data) != []
