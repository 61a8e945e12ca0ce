"""Search texts, cursors, and what a query refuses."""

import base64
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.errors import Invalid
from lantian.search.query import Place, Query, Sort, Span, parse, read_cursor, write_cursor


@pytest.mark.parametrize(
    "text, phrases",
    [
        ("包 授权", (("包",), ("授权",))),
        ('"包 授权"', (("包", "授权"),)),
        ("“包 授权” 挂名", (("包", "授权"), ("挂名",))),
        ("「绿色 通道」『内部 渠道』", (("绿色", "通道"), ("内部", "渠道"))),
        ('挂名 "包 授权', (("包", "授权"), ("挂名",))),
        ("包 包 包", (("包",),)),
        ('""', ()),
        ("！", ()),
        ("", None),
        (" \u3000\n", None),
    ],
)
def test_a_search_text_becomes_words_and_phrases(
    text: str, phrases: tuple[tuple[str, ...], ...] | None
) -> None:
    found = parse(text, lambda part: part.replace("！", "").split())
    assert found == phrases


@given(st.text())
def test_any_text_can_be_searched_for(text: str) -> None:
    phrases = parse(text, str.split)
    words = [word for phrase in phrases or () for word in phrase]
    assert all(word in text for word in words)
    assert (phrases is None) == (not text.strip())


whole = st.integers(0, 2**44 - 1)
places = {
    Sort.URGENT: st.tuples(st.integers(0, 255), whole, st.integers(0, 2**62 - 1)),
    Sort.NEWEST: st.tuples(whole, st.integers(0, 2**62 - 1)),
    Sort.SCORE: st.tuples(
        st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 2**62 - 1)
    ),
}


@given(st.sampled_from(Sort).flatmap(lambda sort: st.tuples(st.just(sort), places[sort])))
def test_a_cursor_leads_back_to_its_place(pair: tuple[Sort, Place]) -> None:
    sort, place = pair
    assert read_cursor(sort, write_cursor(sort, place)) == place


def cursor_of(words: str) -> str:
    return base64.urlsafe_b64encode(words.encode()).decode()


@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize(
    "cursor",
    ["x", "%%%", "ä", "bnVsbA", "W10"]
    + [cursor_of(words) for words in ('["urgent",1,2,-3]', '["urgent",true,2,3]', '["urgent"]')]
    + [cursor_of(words) for words in ('["newest",1,9e99]', '["newest",1,{}]', '["score",NaN,1]')]
    + [cursor_of(words) for words in ('["score",Infinity,1]', '["score",1.5,1e3]', "[" * 9999)]
    + [cursor_of('["urgent",300,2,3]'), cursor_of('["urgent",1,99999999999999999999,3]')],
)
def test_what_is_no_cursor_is_refused(sort: Sort, cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        Query(sort=sort, after=cursor)


@given(st.text(), st.sampled_from(Sort))
def test_any_text_as_cursor_is_read_or_refused(text: str, sort: Sort) -> None:
    try:
        place = read_cursor(sort, text)
    except Invalid:
        return
    assert read_cursor(sort, write_cursor(sort, place)) == place


def test_a_query_refuses_what_no_engine_could_answer() -> None:
    with pytest.raises(Invalid, match="limit"):
        Query(limit=0)
    with pytest.raises(Invalid, match="limit"):
        Query(limit=1001)
    with pytest.raises(Invalid, match="words"):
        Query(words=(("包",) * 65,))
    with pytest.raises(Invalid, match="min_score"):
        Query(min_score=float("nan"))


@pytest.mark.parametrize(
    "conditions",
    [
        {"severities": frozenset({256})},
        {"platforms": frozenset({-1})},
        {"sellers": frozenset({2**62})},
        {"states": frozenset({"open\0"})},
        {"claims": frozenset({"x" * 201})},
        {"regions": frozenset({"\ud800"})},
    ],
)
def test_a_value_that_cannot_be_is_refused(conditions: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="cannot be"):
        Query(**conditions)


def test_a_naive_time_is_refused() -> None:
    query = Query(first_seen=Span(start=datetime(2026, 11, 2)))  # noqa: DTZ001  (on purpose)
    with pytest.raises(ValueError, match="naive"):
        query.spans()
