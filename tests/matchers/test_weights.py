"""The file of weights: read as it was written, and refused with the line where it is none."""

import dataclasses

import numpy as np
import pytest

from matchers.weights import (
    Aloud,
    Gate,
    Mix,
    Weights,
    WeightsFault,
    dump,
    dump_parts,
    load_parts,
    parse,
)


def some() -> Weights:
    return Weights(
        runs=("专", "专利", "\n包"),
        page=np.array([0.5, -1.25, 0.0], dtype=np.float32),
        sentence=np.array([0.0, 2.0, -0.75], dtype=np.float32),
        nearby=np.array([0.0, 0.0, 0.25], dtype=np.float32),
        of_claims=np.array([[0, 0.5], [0, 0], [-1, 0]], dtype=np.float32),
        of_pages=np.array([[0, 0], [0.25, 0], [0, 0]], dtype=np.float32),
        claims=("green_channel", "guaranteed_grant"),
        page_bias=-1.5,
        sentence_bias=-2.0,
        claim_biases=(-3.0, -4.5),
        mix=Mix(0.5, 0.6, 0.3, -0.1),
        aloud=Aloud(-1.0, -1.75),
        gate=Gate(("专利",), ("包过", "下证")),
        origin="three texts",
    )


def test_what_is_written_is_read_again() -> None:
    weights = some()
    for again in (parse(dump(weights)), load_parts(dump_parts(weights))):
        assert_same(again, weights)


def assert_same(again: Weights, weights: Weights) -> None:
    for field in dataclasses.fields(Weights):
        read, written = getattr(again, field.name), getattr(weights, field.name)
        if isinstance(written, np.ndarray):
            np.testing.assert_array_equal(read, written)
        else:
            assert read == written
    assert again.digest == weights.digest


def test_the_digest_is_of_every_weight() -> None:
    weights = some()
    changed = dataclasses.replace(weights, page=weights.page + np.float32(0.01))
    assert changed.digest != weights.digest


@pytest.mark.parametrize(
    "old,new,line",
    [
        ('"format": 2', '"format": 9', 1),
        ('{"aloud', "{aloud", 1),
        ("专利\t-125", "专利\tmuch", 3),
        ("\t1:50", "\t7:50", 2),
        ("\n专利\t", "\n专\t", 3),
        ("0:25", "0", 3),
        ("专\t50\t0\t0", "专\t50\t0", 2),
    ],
)
def test_a_fault_names_its_line(old: str, new: str, line: int) -> None:
    text = dump(some())
    assert old in text
    with pytest.raises(WeightsFault) as caught:
        parse(text.replace(old, new, 1))
    assert caught.value.line == line
    assert "lantian rules train" in (caught.value.hint or "")
