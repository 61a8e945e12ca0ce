"""Passages: slices of the text, cut where claims begin and end."""

from hypothesis import given
from hypothesis import strategies as st

from lantian.takedowns.highlights import passages

texts = st.text(max_size=200)
marks = st.lists(
    st.tuples(st.integers(-5, 205), st.integers(-5, 205), st.sampled_from(["a", "b"])), max_size=6
)


def test_the_claims_of_a_passage_are_marked_and_the_rest_is_not() -> None:
    text = "前文" * 50 + "包授权" + "后文" * 50
    (passage,) = passages(text, [(100, 103, "guaranteed_grant")], context=4)
    assert passage == [
        {"text": "前文前文", "claims": []},
        {"text": "包授权", "claims": ["guaranteed_grant"]},
        {"text": "后文后文", "claims": []},
    ]


def test_overlapping_claims_share_their_piece() -> None:
    (passage,) = passages("abcdef", [(1, 4, "x"), (2, 5, "y")], context=0)
    assert [(one["text"], one["claims"]) for one in passage] == [
        ("b", ["x"]),
        ("cd", ["x", "y"]),
        ("e", ["y"]),
    ]


@given(texts, marks, st.integers(0, 30))
def test_every_mark_is_shown_whole_and_every_passage_is_a_slice(
    text: str, marks: list[tuple[int, int, str]], context: int
) -> None:
    shown = passages(text, marks, context=context)
    joined = ["".join(segment["text"] for segment in passage) for passage in shown]
    assert all(piece in text for piece in joined)
    for start, end, claim in marks:
        if 0 <= start < end <= len(text):
            assert any(text[start:end] in piece for piece in joined)
            assert any(claim in segment["claims"] for passage in shown for segment in passage)
