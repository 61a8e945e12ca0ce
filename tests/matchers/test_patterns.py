"""The language of patterns: what it reads, and what it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchers.patterns import MAX_GAP, Link, PatternFault, Slot, links, parse


def test_plain_characters_groups_choices_and_gaps() -> None:
    assert parse("包{grant}~3{一|二}~~5{place}") == (
        Slot("", ("包",)),
        Slot("grant", ()),
        Slot("", ("一", "二"), gap=3),
        Slot("place", (), gap=5, loose=True),
    )


def test_an_optional_part_may_lack_and_hands_on_its_gap() -> None:
    slots = parse("{rate}~4{up}?~2{pct}")
    assert slots == (
        Slot("rate", ()),
        Slot("up", (), gap=4, optional=True),
        Slot("pct", (), gap=2),
    )
    assert links(slots) == (
        (),
        (Link(0, 4, loose=False),),
        (Link(1, 2, loose=False), Link(0, 4, loose=False)),
    )


def test_past_several_optional_parts_the_widest_gap_holds() -> None:
    before = links(parse("甲{一}?~~3{二}?~1乙"))[3]
    assert before == (Link(2, 1, loose=False), Link(1, 3, loose=True), Link(0, 3, loose=True))


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
        ("{grant}?甲", "must be there"),
        ("甲{grant}?", "must be there"),
        ("甲{一|二}甲{一|二}甲{一|二}甲{一|二}甲", "more than"),
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
        slots = parse(pattern)
    except PatternFault:
        return
    assert slots
    assert slots[0].gap == 0
    assert not slots[0].optional
    assert not slots[-1].optional
    assert all(slot.gap <= MAX_GAP for slot in slots)
