"""Entries, their plain rows, and tokens as both engines keep them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.errors import Invalid
from lantian.search.entry import IndexEntry, fingerprint_of, millis, row_of
from lantian.search.spelling import LONGEST, spell, spell_token

MakeEntry = Callable[..., IndexEntry]

tokens = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(st.lists(tokens), st.lists(tokens))
def test_two_lists_are_spelled_alike_only_if_they_are_alike(
    one: list[str], other: list[str]
) -> None:
    def cut(tokens: list[str]) -> list[str]:
        return [token[:LONGEST] for token in tokens]

    assert (spell(one) == spell(other)) == (cut(one) == cut(other))


@given(st.lists(st.text()))
def test_a_spelled_list_splits_only_between_its_tokens(listed: list[str]) -> None:
    spelled = spell(listed)
    kept = [token for token in listed if token]
    assert spelled.split() == [spell_token(token) for token in kept]
    assert all(len(part.encode("utf-16-le")) // 2 <= 255 for part in spelled.split())
    ascii_left = {char for char in spelled if char.isascii()}
    assert ascii_left <= set("abcdefghijklmnopqrstuvwxyz0123456789 ")


@pytest.mark.parametrize("listed", [["包", "授权"], ["c", "x1"], ["é", "ａ"]])
def test_ordinary_tokens_stay_readable(listed: list[str]) -> None:
    assert spell(listed) == " ".join(listed)


@pytest.mark.parametrize(
    "fields",
    [
        {"clue_id": 0},
        {"clue_id": -1},
        {"revision": -1},
        {"revision": 2**62},
        {"severity": 256},
        {"score": float("nan")},
        {"score": float("inf")},
        {"platform_id": -1},
        {"claims": ("two words",)},
        {"claims": ("",)},
        {"state": "open\n"},
        {"region": "\ud800"},
        {"region": "x" * 201},
        {"last_seen": datetime(2026, 1, 1)},  # noqa: DTZ001  (on purpose)
        {"decided_at": datetime(1969, 1, 1, tzinfo=UTC)},
        {"first_seen": datetime(9999, 1, 1, tzinfo=UTC)},
    ],
)
def test_an_entry_refuses_what_the_engines_would_take_differently(
    entry: MakeEntry, fields: dict[str, Any]
) -> None:
    with pytest.raises(Invalid, match="cannot be indexed") as caught:
        entry(**({"clue_id": 5} | fields))
    assert caught.value.hint


def test_the_order_of_claims_and_the_zone_of_times_make_no_difference(entry: MakeEntry) -> None:
    assert row_of(entry(1, claims=("b", "a", "b"))) == row_of(entry(1, claims=("a", "b")))


def test_every_field_counts_in_the_checksum(entry: MakeEntry) -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"revision": 2},
        {"tokens": ("别",)},
        {"title_tokens": ("题",)},
        {"platform_id": 1},
        {"source_id": 1},
        {"seller_id": 1},
        {"claims": ("a",)},
        {"severity": 3},
        {"state": "confirmed"},
        {"presence": "gone"},
        {"first_seen": datetime(2026, 1, 1, tzinfo=UTC)},
        {"last_seen": datetime(2026, 1, 1, tzinfo=UTC)},
        {"decided_at": datetime(2026, 1, 1, tzinfo=UTC)},
        {"region": "江苏"},
        {"score": 0.5},
        {"notice_state": "sent"},
    ]
    checksums = {fingerprint_of([entry(1, **change)]).checksum for change in changes}
    assert len(checksums) == len(changes)
    assert all(0 <= checksum < 2**24 for checksum in checksums)


def test_milliseconds_are_rounded_down() -> None:
    assert millis(datetime(1970, 1, 1, 0, 0, 1, 1999, tzinfo=UTC)) == 1001
