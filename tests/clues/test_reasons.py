"""The nine reasons."""

import pytest

from lantian.clues.reasons import REASONS, reason_by_key, reason_of
from lantian.errors import Invalid


def test_each_key_from_one_to_nine_has_a_reason_in_both_languages() -> None:
    assert [reason.key for reason in REASONS] == list(range(1, 10))
    assert len({reason.code for reason in REASONS}) == 9
    assert all(reason.zh and reason.en for reason in REASONS)
    assert [reason_by_key(reason.key) for reason in REASONS] == list(REASONS)
    assert [reason_of(reason.code) for reason in REASONS] == list(REASONS)


def test_an_unknown_reason_is_named() -> None:
    with pytest.raises(Invalid, match="'tired'"):
        reason_of("tired")
    with pytest.raises(Invalid, match="reason 0"):
        reason_by_key(0)
