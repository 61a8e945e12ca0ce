"""What is asked of a text before it is read: it never costs a hit, and saves most reading."""

from collections.abc import Iterator
from itertools import cycle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchers import scan
from matchers.openings import Openings, openings
from matchers.prefilter import shown
from matchers.scan import Matcher, PageContext

PIECES = st.sampled_from(
    [
        *(
            "专利",
            "商标",
            "包授权",
            "授",
            "权",
            "包",
            "稳",
            "下证",
            "不",
            "加微信",
            "，",
            "。",
            "\n",
        ),
        *(
            "第一发明人",
            "第二",
            "名额",
            "8000元",
            "挂名",
            "我们",
            "专利局",
            "有熟人",
            "绿色通道",
            "走",
        ),
        *(
            "扌受",
            "bao",
            "★",
            "专li",
            "国家知识产权局",
            "指定",
            "代办",
            "99%",
            "成功率",
            "可",
            "写您",
        ),
    ]
)


@pytest.fixture(scope="session")
def everything(matcher: Matcher) -> Any:
    """Openings that open every way of every text."""
    every = frozenset(range(len(matcher._compiled.ways)))

    def open_all(compiled: Any, texts: Any, seen: Any, met: Any) -> dict[int, Openings]:
        found = openings(compiled, texts, seen, met)
        edits = {number: found[number].edits if number in found else () for number in met}
        return {
            number: Openings(every, ((0, len(texts[number])),), edits[number]) for number in met
        }

    return open_all


def same(matcher: Matcher, everything: Any, text: str) -> None:
    asked = matcher.scan(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "openings", everything)
        assert asked == matcher.scan(text)


@given(st.lists(PIECES, max_size=25).map("".join))
def test_what_is_not_opened_would_not_have_been_a_hit(
    matcher: Matcher, everything: Any, text: str
) -> None:
    same(matcher, everything, text)


def test_nor_in_any_labelled_text(
    matcher: Matcher, everything: Any, labelled: list[dict[str, str]]
) -> None:
    for row in labelled:
        same(matcher, everything, row["text"])


def test_many_at_once_are_the_same_as_one_by_one(
    matcher: Matcher, labelled: list[dict[str, str]]
) -> None:
    texts = ["", *(row["text"] for row in labelled), "。", "专利" * 3, "包授权" * 2_000, "\ud800"]
    pages = [None, PageContext(), PageContext(title="专利代理"), PageContext(seller="女装店")]
    given_pages = [page for _, page in zip(texts, cycle(pages), strict=False)]
    alone = [matcher.scan(text, page=page) for text, page in zip(texts, given_pages, strict=True)]
    assert list(matcher.scan_many(texts, given_pages)) == alone
    some = [
        result
        for at in range(0, len(texts), 7)
        for result in matcher.scan_many(texts[at : at + 7], given_pages[at : at + 7])
    ]
    assert some == alone
    assert list(matcher.scan_many(texts)) == [matcher.scan(text) for text in texts]
    assert list(matcher.scan_many([])) == []


def test_texts_are_taken_as_they_are_asked_for(matcher: Matcher) -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield "今天天气很好，我们去公园散步。"

    results = matcher.scan_many(endless())
    assert next(results) == scan.NOTHING
    assert taken * 15 < 2 * scan.BATCH


@given(st.lists(st.lists(PIECES, max_size=8).map("".join), max_size=8))
def test_the_first_pass_shows_of_each_text_what_it_shows_alone(
    matcher: Matcher, texts: list[str]
) -> None:
    compiled = matcher._compiled
    together = shown(compiled, texts) if texts else None
    for number, text in enumerate(texts):
        alone = shown(compiled, [text])
        assert together is not None
        assert together.bits.get(number, 0) == alone.bits.get(0, 0)
        some, one = together.kept_of([number]), alone.kept_of([0])
        assert [each.tolist() for each in some] == [each.tolist() for each in one]
