"""The labelled texts of this folder: what the shipped pack makes of them.

They were seen while the rules were written, so these floors guard against losing ground and say
nothing of unseen texts; see `data/README.md`.
"""

from typing import Any

import pytest

from matchers.scan import Matcher

PRECISION, RECALL, TOUCHING = 0.98, 0.95, 0.93
CLAIMS = ["guaranteed_grant", "green_channel", "name_hanging", "official_impersonation"]


def judged(
    matcher: Matcher, rows: list[dict[str, Any]]
) -> list[tuple[dict[str, Any], set[str], set[str]]]:
    return [
        (
            row,
            {hit["claim"] for hit in row["hits"]},
            {hit.claim for hit in matcher.scan(row["text"]).hits},
        )
        for row in rows
    ]


def test_labels_are_slices_of_their_texts(labelled: list[dict[str, Any]]) -> None:
    assert len(labelled) >= 600
    assert len({row["id"] for row in labelled}) == len(labelled)
    assert len({row["text"] for row in labelled}) == len(labelled)
    for row in labelled:
        assert (row["label"] == "hit") == bool(row["hits"])
        for hit in row["hits"]:
            assert hit["claim"] in CLAIMS
            assert 0 <= hit["start"] < hit["end"] <= len(row["text"])


def test_at_least_as_many_texts_are_clean_as_are_hits(labelled: list[dict[str, Any]]) -> None:
    clean = sum(row["label"] == "clean" for row in labelled)
    assert clean >= 0.45 * len(labelled)


def test_precision_and_recall_per_text_hold(
    matcher: Matcher, labelled: list[dict[str, Any]]
) -> None:
    rows = judged(matcher, labelled)
    hit = sum(bool(want and have) for _, want, have in rows)
    false = [row["id"] for row, want, have in rows if have and not want]
    missed = [row["id"] for row, want, have in rows if want and not have]
    assert hit / (hit + len(false)) >= PRECISION, f"false alarms: {false}"
    assert hit / (hit + len(missed)) >= RECALL, f"missed: {missed}"


@pytest.mark.parametrize("claim", CLAIMS)
def test_precision_and_recall_per_claim_hold(
    matcher: Matcher, labelled: list[dict[str, Any]], claim: str
) -> None:
    rows = judged(matcher, labelled)
    hit = sum(claim in want and claim in have for _, want, have in rows)
    false = sum(claim in have and claim not in want for _, want, have in rows)
    missed = sum(claim in want and claim not in have for _, want, have in rows)
    assert hit >= 40
    assert hit / (hit + false) >= 0.95
    assert hit / (hit + missed) >= 0.92


def test_the_found_span_touches_the_labelled_one(
    matcher: Matcher, labelled: list[dict[str, Any]]
) -> None:
    touching = total = 0
    for row in labelled:
        found = matcher.scan(row["text"]).hits
        for label in row["hits"]:
            same = [hit for hit in found if hit.claim == label["claim"]]
            total += bool(same)
            touching += any(hit.start < label["end"] and label["start"] < hit.end for hit in same)
    assert touching / total >= TOUCHING
