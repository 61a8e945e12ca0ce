"""Sentences of texts that are put together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchers import native
from matchers.sentences import LONG, sentences

folded = st.text(alphabet="包授权商标，、：。！\n", max_size=200)


def cut(texts: list[str]) -> list[tuple[int, str]]:
    """The sentences with the number of their text."""
    chars = "\n".join((*texts, ""))
    bounds = np.cumsum([0, *(len(text) + 1 for text in texts)])
    found = sentences(np.array([ord(char) for char in chars], dtype=np.int64), bounds)
    return [
        (text, chars[start:end])
        for start, end, text in zip(
            found.starts.tolist(), found.ends.tolist(), found.texts.tolist(), strict=True
        )
    ]


def test_a_sentence_ends_with_its_marks_or_its_line() -> None:
    assert cut(["包过！！授权\n商标。", "，"]) == [
        (0, "包过！！"),
        (0, "授权\n"),
        (0, "商标。"),
        (1, "，"),
    ]


def test_a_long_sentence_is_cut_at_commas() -> None:
    text = "，".join(["商标注册" * 5] * 9)
    parts = [part for _, part in cut([text])]
    assert "".join(parts) == text
    assert len(parts) > 1
    assert all(part.endswith("，") for part in parts[:-1])
    assert max(map(len, parts)) <= 2 * LONG


@given(st.lists(folded, min_size=1, max_size=4))
def test_the_sentences_of_a_text_are_all_of_it(texts: list[str]) -> None:
    parts = cut(texts)
    assert [number for number, _ in parts] == sorted(number for number, _ in parts)
    for number, text in enumerate(texts):
        assert "".join(part for own, part in parts if own == number) == text


@pytest.mark.compiler
@given(st.lists(folded, min_size=1, max_size=4))
def test_loops_in_c_and_numpy_cut_the_same(texts: list[str]) -> None:
    by_loops = cut(texts)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(native, "library", lambda: None)
        assert cut(texts) == by_loops


@given(st.lists(folded, min_size=1, max_size=4))
def test_a_text_is_cut_the_same_beside_others(texts: list[str]) -> None:
    alone = [(number, part) for number, text in enumerate(texts) for _, part in cut([text])]
    assert cut(texts) == alone
