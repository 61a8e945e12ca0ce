"""Weights may doubt a rule, unless it is firm or of a claim that they do not know."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchers.doubt import SURE, Doubt, together
from matchers.pack import load_pack
from matchers.scan import Matcher
from matchers.weights import FILE, Aloud, Gate, Mix, Weights, dump
from tests.matchers.test_learned import CLAIM

RULE = """
  - id: {name}.said
    version: 1
    says: 出售位置
    says_en: sells a place
    weight: 1.0
    match: ["{{甲乙丙}}{{丁戊己}}"]
    word: false
    {more}
    examples: {{hit: ["甲乙丙丁戊己"], spared: ["丁戊己"]}}
"""
TEXT = "甲乙丙丁戊己，今天。明天。"


def weights(bias: float) -> Weights:
    """Weights to which every sentence is as likely an offer as `bias` says, in log-odds."""
    runs = ("名",)
    none = np.zeros(1, dtype=np.float32)
    table = np.zeros((1, 1), dtype=np.float32)
    return Weights(
        runs=runs,
        sentence=none,
        nearby=none,
        page=none,
        of_claims=table,
        of_pages=table,
        claims=("seats",),
        sentence_bias=0.0,
        page_bias=0.0,
        claim_biases=(-9.0,),
        mix=Mix(sentence=1.0, page=0.0, claim=0.0, bias=bias),
        aloud=Aloud(heard=0.0, own=0.0),
        gate=Gate(("丁戊己",), ()),
        origin="a test",
    )


def matcher(folder: Path, bias: float, *, name: str = "seats", more: str = "") -> Matcher:
    """A pack with one rule, and weights of the claim `seats`."""
    (folder / "seats.yaml").write_text(
        CLAIM.format(name="seats", hit="名字甲乙丙"), encoding="utf-8"
    )
    file = folder / f"{name}.yaml"
    rule = RULE.format(name=name, more=more)
    head = CLAIM.format(name=name, hit="名字甲乙丙").partition("  - id:")[0]
    text = CLAIM.format(name=name, hit="名字甲乙丙") + rule if name == "seats" else head + rule
    file.write_text(text, encoding="utf-8")
    (folder / FILE).write_text(dump(weights(bias)), encoding="utf-8")
    return Matcher.compile(load_pack(folder))


def test_a_doubted_rule_is_less_sure_and_says_so(tmp_path: Path) -> None:
    (hit,) = matcher(tmp_path, -0.5).scan(TEXT).hits
    assert [(factor.kind, factor.by) for factor in hit.factors] == [("doubt", -0.5)]
    assert "但所在语句不像招揽" in hit.why
    assert hit.score == pytest.approx(1 / (1 + np.exp(-0.5)), abs=0.001)


def test_a_rule_that_is_outweighed_does_not_hit(tmp_path: Path) -> None:
    assert matcher(tmp_path, -1.5).scan(TEXT).hits == ()
    assert matcher(tmp_path, -SURE - 1).scan(TEXT).hits == ()


def test_a_firm_rule_is_not_doubted(tmp_path: Path) -> None:
    (hit,) = matcher(tmp_path, -SURE - 1, more="firm: true").scan(TEXT).hits
    assert (hit.rule, hit.factors) == ("seats.said", ())


def test_a_rule_of_a_claim_that_the_weights_do_not_know_is_not_doubted(tmp_path: Path) -> None:
    (hit,) = matcher(tmp_path, -SURE - 1, name="other").scan(TEXT).hits
    assert (hit.rule, hit.factors) == ("other.said", ())


@given(
    st.lists(st.floats(-9, 9), min_size=1, max_size=9),
    st.integers(0, 99),
    st.integers(1, 30),
)
def test_the_likeliest_sentence_of_a_place_speaks(odds: list[float], start: int, size: int) -> None:
    starts = [10 * number for number in range(len(odds))]
    doubt = Doubt(np.array(starts), np.array(odds))
    touched = [
        own
        for own, first in zip(odds, starts, strict=True)
        if first < start + size and (start < first + 10 or first == starts[-1])
    ]
    assert doubt.at(start, start + size) == min(0.0, max(touched))
    assert doubt.is_sure() == (max(odds) < -SURE)


def test_the_parts_of_a_text_are_put_together_in_order() -> None:
    whole = together(
        [Doubt(np.array([0, 4]), np.array([-1.0, -2.0])), Doubt(np.array([9]), np.array([-4.0]))]
    )
    assert (whole.at(0, 2), whole.at(5, 7), whole.at(9, 12)) == (-1.0, -2.0, -4.0)
