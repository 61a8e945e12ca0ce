"""The words of a text for a search index."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchers.words import PlainJieba, RustJieba, index_words, tokens_for_index


@pytest.mark.parametrize(
    "text, tokens",
    [
        ("走绿色通道", ["走", "绿色", "通道", "绿色通道"]),
        ("ＶＩＰ,１００％", ["vip", "100%"]),
        ("a\u3000b！", ["a", "b"]),
        ("", []),
    ],
)
def test_words_are_plain_and_hold_the_shorter_words_within(text: str, tokens: list[str]) -> None:
    assert tokens_for_index(text) == tokens


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_word_stands_where_its_place_says(text: str) -> None:
    for word, start, end in index_words(text):
        assert 0 <= start < end <= len(text)
        assert word in "".join(
            unicodedata.normalize("NFKC", char).lower() for char in text[start:end]
        )


@pytest.fixture(scope="module")
def segmenters() -> tuple[PlainJieba, RustJieba]:
    return PlainJieba(), RustJieba()


@given(text=st.text("包授权绿色通道国家知识产权局商标局内部渠道挂名专利代理,。"))
def test_both_segmenters_find_the_same_words_to_search_by(
    text: str, segmenters: tuple[PlainJieba, RustJieba]
) -> None:
    plain, rust = segmenters
    assert plain.search(text) == rust.search(text)
