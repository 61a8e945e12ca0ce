"""Texts cut into plain and marked pieces."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.search.highlight import Mark, Segment, marks_of_words, segments, snippets
from lantian.search.query import parse
from matchers.words import index_words, tokens_for_index

TEXT = "商标包授权,走绿色通道"


@st.composite
def marked_texts(draw: st.DrawFn) -> tuple[str, list[Mark]]:
    text = draw(st.text(max_size=40))
    places = st.lists(st.integers(0, len(text)), min_size=2, max_size=2).map(sorted)
    marks = st.builds(
        lambda place, claim: Mark(place[0], place[1], claim), places, st.sampled_from("abc")
    )
    return text, draw(st.lists(marks, max_size=6))


@given(marked_texts())
def test_the_pieces_together_are_the_text(marked: tuple[str, list[Mark]]) -> None:
    text, marks = marked
    pieces = segments(text, marks)
    assert "".join(piece.text for piece in pieces) == text
    assert [piece.start for piece in pieces[1:]] == [piece.end for piece in pieces[:-1]]
    for piece in pieces:
        assert piece.text == text[piece.start : piece.end] != ""
        for at in range(piece.start, piece.end):
            claims = {mark.claim for mark in marks if mark.start <= at < mark.end}
            assert piece.claims == tuple(sorted(claims))
    for before, after in itertools.pairwise(pieces):
        assert before.claims != after.claims


@given(marked_texts(), st.data())
def test_a_window_shows_its_part_of_the_text(
    marked: tuple[str, list[Mark]], data: st.DataObject
) -> None:
    text, marks = marked
    first = data.draw(st.integers(0, len(text)))
    last = data.draw(st.integers(first, len(text)))
    pieces = segments(text, marks, (first, last))
    assert "".join(piece.text for piece in pieces) == text[first:last]


@given(marked_texts(), st.integers(0, 5), st.integers(1, 4))
def test_snippets_are_parts_of_the_text_in_order(
    marked: tuple[str, list[Mark]], around: int, most: int
) -> None:
    text, marks = marked
    shown = snippets(text, marks, around=around, most=most)
    assert len(shown) <= most
    end = 0
    for snippet in shown:
        assert snippet.cut_before == any(text[: snippet.segments[0].start])
        assert snippet.cut_after == any(text[snippet.segments[-1].end :])
        assert snippet.segments[0].start >= end
        end = snippet.segments[-1].end


def test_overlapping_marks_share_a_piece() -> None:
    pieces = segments(TEXT, [Mark(2, 5, "grant"), Mark(3, 8, "channel")])
    assert [(piece.text, piece.claims) for piece in pieces] == [
        ("商标", ()),
        ("包", ("grant",)),
        ("授权", ("channel", "grant")),
        (",走绿", ("channel",)),
        ("色通道", ()),
    ]


def test_marks_of_one_claim_that_touch_are_one_piece() -> None:
    pieces = segments(TEXT, [Mark(2, 4, "grant"), Mark(4, 5, "grant"), Mark(3, 5, "grant")])
    assert pieces[1] == Segment("包授权", 2, 5, ("grant",))


@pytest.mark.parametrize("mark", [Mark(-1, 2, "a"), Mark(3, 2, "a"), Mark(9, 99, "a")])
def test_a_mark_outside_the_text_is_refused(mark: Mark) -> None:
    with pytest.raises(ValueError, match="outside the text"):
        segments(TEXT, [mark])


def test_a_window_outside_the_text_is_refused() -> None:
    with pytest.raises(ValueError, match=r"window 5\.\.99"):
        segments(TEXT, [], (5, 99))


def test_marks_that_are_near_share_a_snippet() -> None:
    text = "前" * 50 + "包授权" + "中" * 10 + "挂名" + "后" * 50 + "挂名" + "尾" * 50
    marks = [Mark(50, 53, "grant"), Mark(63, 65, "hang"), Mark(115, 117, "hang")]
    first, second = snippets(text, marks, around=6)
    assert [piece.text for piece in first.segments if piece.claims] == ["包授权", "挂名"]
    assert first.cut_before
    assert second.segments[1] == Segment("挂名", 115, 117, ("hang",))


def test_without_marks_the_beginning_is_shown() -> None:
    (snippet,) = snippets("字" * 100, [], around=10)
    assert (snippet.segments[0].end, snippet.cut_before, snippet.cut_after) == (20, False, True)
    assert snippets("", []) == []


def test_the_words_of_a_search_are_marked_where_they_stand() -> None:
    text = "㎡商标ＶＩＰ授权有保障,走绿色通道,授权快"
    phrases = parse("vip授权 “通道”", tokens_for_index)
    assert phrases is not None
    marks = marks_of_words(text, phrases, index_words)
    assert [text[mark.start : mark.end] for mark in marks] == ["ＶＩＰ", "授权", "通道", "授权"]
