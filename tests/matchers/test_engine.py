"""One contract for the literal engines: all places of all literals, overlapping ones too."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchers.engine import Hyperscan, available, make_engine

CODES = [bytes([first, second]) for first in (1, 2, 0x3F) for second in (0x40, 0x41, 0xFF)]
literals = st.lists(
    st.lists(st.sampled_from(CODES), min_size=1, max_size=4).map(b"".join),
    min_size=1,
    max_size=8,
    unique=True,
)
texts = st.lists(st.sampled_from(CODES), max_size=40).map(b"".join)


def brute(some: list[bytes], data: bytes) -> list[tuple[int, int, int]]:
    return sorted(
        (number, at, at + len(literal))
        for number, literal in enumerate(some)
        for at in range(len(data) - len(literal) + 1)
        if data.startswith(literal, at)
    )


def test_both_engines_are_installed_here() -> None:
    assert available() == ("hyperscan", "ahocorasick_rs")


@pytest.mark.parametrize("name", ["hyperscan", "ahocorasick_rs"])
@given(some=literals, data=texts)
def test_every_occurrence_is_found_and_none_else(name: str, some: list[bytes], data: bytes) -> None:
    engine = make_engine(some, name)
    found = engine.find(data)
    assert sorted(found) == brute(some, data)
    assert [end for _, _, end in found] == sorted(end for _, _, end in found)
    for _, start, _ in found:
        assert start % 2 == 0, "a literal matched from the middle of a character"


def test_a_compiled_engine_is_made_again_from_its_bytes() -> None:
    parts = [CODES[0], CODES[1] + CODES[2]]
    engine = Hyperscan(parts)
    again = Hyperscan(parts, engine.dump())
    data = b"".join(CODES)
    assert sorted(again.find(data)) == sorted(engine.find(data))
