"""What runs weigh: one contract for the loops in C and for numpy, and against plain counting."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matchers import native
from matchers.build import NotBuilt, build
from matchers.looked import STRETCH, Joined
from matchers.runs import LONGEST
from matchers.sums import CUES, RunWeights, Sums
from matchers.sums_native import NativeSums, Tables
from matchers.sums_numpy import NumpySums, Sparse
from matchers.weights import Aloud, Gate, Mix, Weights

pytestmark = pytest.mark.compiler
LETTERS = "专利商标授权，\n"
CLAIMS = 3
texts = st.lists(st.text(alphabet=LETTERS + "外𠮶", max_size=90), min_size=1, max_size=4)
runs = st.lists(
    st.text(alphabet=LETTERS, min_size=1, max_size=LONGEST), min_size=1, max_size=30, unique=True
)


def weights_of(known: list[str], seed: int) -> Weights:
    some = np.random.default_rng(seed)

    def table(*shape: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
        return (some.integers(-300, 300, shape) / 100).astype(np.float32)

    size = len(known)
    return Weights(
        runs=tuple(known),
        page=table(size),
        sentence=table(size),
        nearby=table(size),
        of_claims=table(size, CLAIMS),
        of_pages=table(size, CLAIMS),
        claims=("a", "b", "c"),
        page_bias=0.0,
        sentence_bias=0.0,
        claim_biases=(0.0,) * CLAIMS,
        mix=Mix(1.0, 1.0, 1.0, 0.0),
        aloud=Aloud(0.0, 0.0),
        gate=Gate((), ()),
    )


def both(weights: RunWeights, joined: Joined) -> tuple[Sums, Sums]:
    loops = native.library()
    assert loops is not None
    return NativeSums(loops, Tables(weights), joined), NumpySums(Sparse(weights), joined)


def windows_of(joined: Joined) -> tuple["np.ndarray[tuple[int], np.dtype[np.int64]]", ...]:
    own = joined.sentences
    return own.starts, own.ends


@given(runs, texts, st.integers(0, 99))
@settings(max_examples=150)
def test_loops_in_c_and_numpy_give_the_same(known: list[str], some: list[str], seed: int) -> None:
    joined = Joined.of(some)
    first, second = both(RunWeights.of(weights_of(known, seed)), joined)
    for name in ("sentence", "nearby", "page", "told"):
        assert getattr(first, name).tolist() == getattr(second, name).tolist()
    starts, ends = windows_of(joined)
    assert first.claims(starts, ends).tolist() == second.claims(starts, ends).tolist()
    assert first.pages(starts, ends).tolist() == second.pages(starts, ends).tolist()
    if not starts.size:
        return
    which, claims = map(np.array, zip(*product(range(len(starts)), range(CLAIMS)), strict=True))
    shrunk = 1 / (100 * np.sqrt(ends - starts))
    asked = starts[which], ends[which], claims, shrunk[which]
    one, two = first.spoken(*asked), second.spoken(*asked)
    assert one.spans.tolist() == two.spans.tolist()
    assert [list(map(tuple, own)) for own in one.cues] == [
        list(map(tuple, own)) for own in two.cues
    ]


@given(runs, texts, st.integers(0, 99))
@settings(max_examples=60)
def test_sums_are_those_of_the_runs_that_stand_there(
    known: list[str], some: list[str], seed: int
) -> None:
    weights = RunWeights.of(weights_of(known, seed))
    joined = Joined.of(some)
    chars = joined.chars
    starts, ends = windows_of(joined)
    for sums in both(weights, joined):
        said = sums.claims(starts, ends)
        for row, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            text = int(np.searchsorted(joined.bounds, start, side="right")) - 1
            numbers = [
                weights.table.number(chars[place : place + size])
                for place in range(start, end)
                for size in range(1, LONGEST + 1)
                if place + size <= joined.bounds[text + 1]
            ]
            standing = [number for number in numbers if number is not None]
            total = sum((weights.of_claims[number].astype(int) for number in standing), 0)
            assert said[row].tolist() == (np.zeros(CLAIMS, dtype=int) + total).tolist()
            own = sums.sentence[end] - sums.sentence[start]
            assert own == sum(int(weights.sentence[number]) for number in standing)
            beside = sums.nearby[end] - sums.nearby[start]
            assert beside == sum(int(weights.nearby[number]) for number in standing)


def test_a_run_that_is_said_again_counts_once_in_a_stretch() -> None:
    weights = RunWeights.of(weights_of(["专"], 1))
    joined = Joined.of(["专" * (2 * STRETCH + 10), "专"])
    for sums in both(weights, joined):
        assert sums.told[-1] == 4
        assert sums.page[-1] == 4 * int(weights.page[0])
        assert sums.sentence[-1] == (2 * STRETCH + 11) * int(weights.sentence[0])


def test_a_text_of_one_character_a_hundred_thousand_times_has_few_cues() -> None:
    weights = RunWeights.of(weights_of(["专", "专专"], 4))
    joined = Joined.of(["专" * 100_000])
    starts, ends = windows_of(joined)
    for sums in both(weights, joined):
        spoken = sums.spoken(starts, ends, np.zeros(len(starts), dtype=np.int64), np.ones(1))
        assert all(len(own) <= CUES for own in spoken.cues)


def test_threads_do_not_share_what_they_have_seen() -> None:
    from concurrent.futures import ThreadPoolExecutor

    weights = RunWeights.of(weights_of(["专", "利", "专利"], 7))
    loops = native.library()
    assert loops is not None
    tables = Tables(weights)
    joined = Joined.of(["专利" * 3_000] * 4)

    def told(_: int) -> list[int]:
        return list(map(int, NativeSums(loops, tables, joined).page))

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(told, range(40)))
    assert results.count(results[0]) == 40


def test_a_failing_compiler_is_told_with_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "FLAGS", ("-std=c99", "-no-such-flag"))
    with pytest.raises(NotBuilt, match="no-such-flag"):
        build()


def test_without_a_compiler_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NotBuilt, match="no C compiler") as caught:
        build()
    assert "apt-get install gcc" in caught.value.hint
