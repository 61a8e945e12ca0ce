"""The language of patterns: what it reads, and what it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchers.patterns import MAX_GAP, PatternFault, Slot, parse


def test_plain_characters_groups_choices_and_gaps() -> None:
    assert parse("包{grant}~3{一|二}~~5{place}") == (
        (
            Slot("", ("包",)),
            Slot("grant", ()),
            Slot("", ("一", "二"), gap=3),
            Slot("place", (), gap=5, loose=True),
        ),
    )


def test_an_optional_part_makes_two_sequences_and_hands_on_its_gap() -> None:
    assert parse("{rate}~4{up}?~2{pct}") == (
        (Slot("rate", ()), Slot("up", (), gap=4), Slot("pct", (), gap=2)),
        (Slot("rate", ()), Slot("pct", (), gap=4)),
    )


@pytest.mark.parametrize(
    "pattern,cause",
    [
        ("{a", "cannot be read"),
        ("{}", "cannot be read"),
        ("{grant?}", "write"),
        ("{甲|}", "empty choice"),
        ("~3{grant}", "between two parts"),
        ("{grant}~3", "between two parts"),
        ("{grant}~99{rate}", "at most"),
        ("{grant}?", "must be there"),
        ("甲{一|二}甲{一|二}甲{一|二}甲{一|二}甲", "more than"),
        ("{aa}?{bb}?{cc}?{dd}?{ee}?甲", "optional"),
        ("(包+)+$", "cannot be read"),
        ("包[授权]", "cannot be read"),
        ("包.*授权", "cannot be read"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_cause(pattern: str, cause: str) -> None:
    with pytest.raises(PatternFault, match=cause):
        parse(pattern)


@given(st.text(alphabet="包{}|~?3a ", max_size=25))
def test_any_pattern_is_read_or_refused(pattern: str) -> None:
    try:
        sequences = parse(pattern)
    except PatternFault:
        return
    for sequence in sequences:
        assert sequence
        assert sequence[0].gap == 0
        assert all(slot.gap <= MAX_GAP for slot in sequence)
