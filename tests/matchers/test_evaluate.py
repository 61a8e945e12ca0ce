"""What is counted right, wrong and missed, and how far a figure may be off."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchers.errors import LabelError
from matchers.evaluate import Count, Labelled, evaluate, read_row
from matchers.intervals import bootstrap_f1, wilson

MARK = {"claim": "c", "start": 0}
COUNTS = st.integers(0, 400).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole)))


def text(name: str, label: str, *spans: tuple[str, int, int], hard: bool = False) -> Labelled:
    return Labelled(name, name * 20, label, spans, voice="seller", family="plain", hard=hard)


def test_texts_are_counted_once_and_claims_apart() -> None:
    rows = [
        text("a", "hit", ("name_hanging", 0, 4), ("patent_trade", 8, 10)),
        text("b", "hit", ("name_hanging", 0, 4)),
        text("c", "clean", hard=True),
        text("d", "clean", hard=True),
        text("e", "unsure"),
    ]
    found = {
        "a": [("name_hanging", 3, 6), ("green_channel", 3, 6)],
        "c": [("name_hanging", 1, 2)],
        "e": [("name_hanging", 1, 2)],
    }
    report = evaluate(rows, lambda text: found.get(text[0], []))

    counts = report.overall
    assert (counts.right, counts.wrong, counts.missed) == (1, 1, 1)
    assert (counts.precision, counts.recall, counts.f1) == (0.5, 0.5, 0.5)
    hanging = report.claims["name_hanging"]
    assert (hanging.right, hanging.wrong, hanging.missed) == (1, 1, 1)
    assert report.claims["patent_trade"].missed == 1
    assert report.claims["green_channel"].wrong == 1
    assert (report.texts, report.unsure) == (5, 1)
    assert report.with_unsure.wrong == 2
    assert (report.right_claim.part, report.right_claim.whole) == (1, 1)
    assert report.span_touched.part == 1
    assert (report.hard_flagged.part, report.hard_flagged.whole) == (1, 2)
    assert (report.wrong, report.missed) == (("c",), ("b",))


def test_an_unsure_text_that_is_not_flagged_counts_as_a_miss() -> None:
    report = evaluate([text("e", "unsure")], lambda _: [])
    assert (report.with_unsure.missed, report.overall.missed) == (1, 0)


def test_another_claim_is_a_hit_but_not_the_right_one_and_a_span_must_touch() -> None:
    rows = [text("a", "hit", ("name_hanging", 0, 4)), text("b", "hit", ("name_hanging", 0, 4))]
    found = {"a": [("green_channel", 0, 4)], "b": [("name_hanging", 4, 6)]}
    report = evaluate(rows, lambda text: found[text[0]])
    assert report.overall.right == 2
    assert (report.right_claim.part, report.right_claim.whole) == (1, 2)
    assert (report.span_touched.part, report.span_touched.whole) == (0, 1)


def test_texts_are_told_apart_by_length() -> None:
    rows = [Labelled(str(size), "字" * size, "clean", ()) for size in (79, 80, 299, 300)]
    report = evaluate(rows, lambda _: [("name_hanging", 0, 1)])
    assert {name: count.wrong for name, count in report.lengths.items()} == {
        "short": 1,
        "middle": 2,
        "long": 1,
    }


def test_a_claim_that_only_one_person_saw_is_not_counted() -> None:
    row = Labelled(
        "a", "一二三四", "hit", (("name_hanging", 0, 2),), doubtful=frozenset({"green_channel"})
    )
    for found in ([("green_channel", 0, 1), ("name_hanging", 0, 1)], [("name_hanging", 0, 1)]):
        report = evaluate([row], lambda _, found=found: found)  # type: ignore[misc]
        assert report.overall.right == report.claims["name_hanging"].right == 1
        assert "green_channel" not in report.claims


@pytest.mark.parametrize(
    "row,named",
    [
        ({"text": "t", "label": "clean", "hits": []}, "id"),
        ({"id": "1", "text": "t", "label": "maybe", "hits": []}, "maybe"),
        ({"id": "1", "text": "t", "label": "hit", "hits": []}, "0 hits"),
        (
            {
                "id": "1",
                "text": "t",
                "label": "clean",
                "hits": [{"claim": "c", "start": 0, "end": 1}],
            },
            "1 hits",
        ),
        (
            {
                "id": "1",
                "text": "t",
                "label": "hit",
                "hits": [{"claim": "c", "start": 0, "end": 2}],
            },
            "from 0 to 2",
        ),
        ({"id": "1", "text": "t", "label": "hit", "hits": [{"claim": "c"}]}, "start"),
        ({"id": "1", "text": "t", "label": "clean", "hits": 3}, "TypeError"),
    ],
)
def test_a_row_that_cannot_be_right_is_named(row: dict[str, object], named: str) -> None:
    with pytest.raises(LabelError, match=named):
        read_row(row)


def test_wilsons_interval_is_the_published_one() -> None:
    # Newcombe (1998), table I: 81 of 263 and 15 of 148.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)


@given(COUNTS)
def test_wilsons_interval_holds_the_share(counts: tuple[int, int]) -> None:
    part, whole = counts
    low, high = wilson(part, whole)
    assert 0 <= low <= high <= 1
    if whole:
        assert low <= part / whole + 1e-9
        assert high >= part / whole - 1e-9
        assert wilson(whole - part, whole) == pytest.approx((1 - high, 1 - low))


def test_the_bootstrap_interval_narrows_as_texts_grow_and_can_be_drawn_again() -> None:
    outcomes = [(1, 0, 0)] * 8 + [(0, 1, 0)] + [(0, 0, 1)]
    few, many = bootstrap_f1(outcomes), bootstrap_f1(outcomes * 50)
    assert few == bootstrap_f1(outcomes)
    assert few[0] < many[0] < 16 / 18 < many[1] <= few[1]
    assert bootstrap_f1([(1, 0, 0)] * 5) == (1.0, 1.0)


def test_of_nothing_nothing_is_claimed() -> None:
    count = Count()
    assert (count.precision_interval, count.f1_interval) == ((0.0, 1.0), (0.0, 1.0))
    assert not math.isnan(count.f1)
