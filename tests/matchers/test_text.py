"""Folding keeps the way back to the original exact, whatever the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchers import native
from matchers.pack import Pack
from matchers.rewrite import undo
from matchers.text import Tables, build_tables, fold, fold_many
from matchers.variants import syllables

HOSTILE = (
    st.sampled_from(
        "包授权專證１％％a.·★️\u200b\u200d\u202e\u2060🉐😀𝐛①㊣(（)）；。\n\r\t \x00\ud800\U000e0041"
    )
    | st.characters()
)


@pytest.fixture(scope="module")
def tables(pack: Pack) -> Tables:
    return build_tables(pack.characters.pairs)


@pytest.fixture(scope="module")
def known(pack: Pack) -> frozenset[str]:
    return syllables(pack.characters)


def folded_alone(char: str, tables: Tables) -> str:
    return fold(char, tables).chars


@given(text=st.lists(HOSTILE, max_size=80).map("".join))
def test_each_folded_character_is_the_fold_of_its_place(tables: Tables, text: str) -> None:
    folded = fold(text, tables)
    assert len(folded.chars) == len(folded.starts) == len(folded.ends) == len(folded.gaps)
    assert folded.starts.tolist() == sorted(folded.starts.tolist())
    for char, start, end in zip(folded.chars, folded.starts, folded.ends, strict=True):
        assert end == start + 1
        assert 0 <= start < len(text)
        if char != ".":
            assert folded_alone(text[start], tables) == char
    for index, mark in folded.quotes:
        assert 0 <= index <= len(folded.chars)
        assert mark in text


@pytest.mark.compiler
@given(texts=st.lists(st.lists(HOSTILE, max_size=40).map("".join), max_size=4))
def test_loops_in_c_and_numpy_fold_the_same(tables: Tables, texts: list[str]) -> None:
    by_loops = fold_many(texts, tables)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(native, "library", lambda: None)
        for first, second in zip(by_loops, fold_many(texts, tables), strict=True):
            assert (first.chars, first.gaps, first.quotes) == (
                second.chars,
                second.gaps,
                second.quotes,
            )
            assert first.starts.tolist() == second.starts.tolist()
            assert first.ends.tolist() == second.ends.tolist()


@given(text=st.lists(HOSTILE, max_size=60).map("".join))
def test_folding_what_is_folded_changes_nothing(tables: Tables, text: str) -> None:
    once = fold(text, tables).chars
    assert fold(once, tables).chars == once


@pytest.mark.parametrize(
    "written,plain",
    [
        ("ＡＢｃ１２％", "abc12%"),
        ("❶⓷➇⓿①𝟖", "138018"),
        ("🅥🆇ⓑ🄰𝒄", "vxbac"),
        ("專利證書授權", "专利证书授权"),
        ("第壹發明人", "第一发明人"),
        ("権利", "权利"),
        ("包\u200b授\u202e权", "包授权"),
        ("包★授~权", "包授权"),
        ("包🉐授😀权", "包授权"),
        ("𝐁𝐚𝐨①", "bao1"),
        ("㊣版", "正版"),
        ("99.8%", "99.8%"),
        ("ｖ信：аbс", "v信：abc"),
        ("好!真的?", "好！真的？"),
        ("专\ufe0f利", "专利"),
    ],
)
def test_what_means_the_same_becomes_the_same(tables: Tables, written: str, plain: str) -> None:
    assert fold(written, tables).chars == plain


def test_a_gap_remembers_what_was_set_aside(tables: Tables) -> None:
    folded = fold("包 授★权", tables)
    assert list(folded.gaps) == [0, 2, 3]


PIECES = st.sampled_from(
    [
        *("专", "利", "(lì)", "（zhuān）", "\\u4e13", "&#19987;", "&#x5229;", "&amp;"),
        *("&nbsp;", "%u5229", "(PCT)", "\\u12", "&;", "a", "（", "x)"),
    ]
)


@given(text=st.lists(PIECES, max_size=30).map("".join))
def test_undoing_a_page_keeps_the_way_back(known: frozenset[str], text: str) -> None:
    undone = undo(text, known)
    if undone is None:
        return
    plain, source = undone
    assert len(plain) == len(source.starts) == len(source.ends)
    for at, char in enumerate(plain):
        start, end = source.original(at, at + 1)
        piece = text[start:end]
        assert piece == char or len(piece) > 1
        assert at == 0 or source.starts[at - 1] < start


@pytest.mark.parametrize(
    "written,plain",
    [
        ("申請(qǐng)專(zhuān)利", "申請專利"),
        ("授權(quán)", "授權"),
        ("专利（zhuan li）", None),
        ("专利(PCT)申请", None),
        ("\\u4e13\\u5229", "专利"),
        ("&#x4e13;&#21033;", "专利"),
        ("a&nbsp;b", "a\xa0b"),
        ("100&200", None),
        ("\\ud800", None),
        ("%u4e13", "专"),
    ],
)
def test_escapes_and_bracketed_pinyin_are_undone(
    known: frozenset[str], written: str, plain: str | None
) -> None:
    undone = undo(written, known)
    assert (undone[0] if undone else None) == plain
