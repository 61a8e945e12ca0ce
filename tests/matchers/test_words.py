"""One segmentation, two implementations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchers import words
from matchers.words import Cutter, PlainJieba, RustJieba

TEXTS = [
    "我们在专利局有内部渠道，三个月拿证。",
    "软件包授权协议自安装之日起生效",
    "发明专利包授权😀，加微信abc123",
    "國家知識產權局指定窗口",
    "",
    "   ",
    "第一发明人8000元，第二发明人6000元",
]


@pytest.fixture(scope="module", params=[RustJieba, PlainJieba])
def cutter(request: pytest.FixtureRequest) -> Cutter:
    made: Cutter = request.param()
    return made


@pytest.fixture(scope="module")
def both() -> tuple[Cutter, Cutter]:
    return RustJieba(), PlainJieba()


@pytest.mark.parametrize("text", TEXTS)
def test_words_cover_the_text_without_a_gap(cutter: Cutter, text: str) -> None:
    found = cutter.cut(text)
    assert "".join(word for word, _, _ in found) == text
    at = 0
    for word, start, end in found:
        assert (start, end) == (at, at + len(word))
        assert text[start:end] == word
        at = end


@given(st.text(max_size=60))
def test_any_text_is_cut_into_its_own_slices(text: str) -> None:
    found = words.cut(text)
    assert [start for _, start, _ in found] == [0, *(end for _, _, end in found)][: len(found)]
    assert sum(end - start for _, start, end in found) == len(text)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("guess", [True, False])
def test_both_find_the_same_words(both: tuple[Cutter, Cutter], text: str, guess: bool) -> None:
    rust, plain = (each.cut(text, guess=guess) for each in both)
    assert rust == plain


def test_without_guessing_only_dictionary_words_are_longer_than_a_character() -> None:
    cut = [word for word, _, _ in words.dictionary_words("可包下证发明专利")]
    assert cut == ["可", "包", "下", "证", "发明专利"]


def test_a_lone_surrogate_keeps_its_place() -> None:
    assert [(start, end) for _, start, end in words.cut("专利\ud800")][-1] == (2, 3)


def test_tokens_for_an_index_are_lower_case_words_without_marks() -> None:
    tokens = words.tokens_for_index("PCT 专利，授权！")
    assert tokens == ["pct", "专利", "授权"]


def test_the_version_names_library_and_release() -> None:
    assert words.VERSION.startswith("jieba-words/")
    assert "rjieba" in words.VERSION
