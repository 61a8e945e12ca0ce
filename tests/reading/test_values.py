"""Cleaning of prices, times and other values."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.reading.address import PLAIN_RULES
from lantian.reading.select import Step
from lantian.reading.values import cleaned, html_text, price_of, time_of

BASE = "https://a.example/dir/"


@pytest.mark.parametrize(
    "text, price",
    [
        ("¥1,980.00", "1980"),
        ("¥1980.50起", "1980.5"),
        ("1.98万元", "19800"),
        ("3 千/件", "3000"),
        ("价格:680-980元", "680"),
        ("0", "0"),
        ("面议", None),
        ("", None),
    ],
)
def test_prices_become_plain_decimals(text: str, price: str | None) -> None:
    assert price_of(text) == price


@pytest.mark.parametrize(
    "text, at",
    [
        ("2026-11-05 08:30", datetime(2026, 11, 5, 0, 30, tzinfo=UTC)),
        ("发表于 2026年11月5日 下午3:05", datetime(2026, 11, 5, 7, 5, tzinfo=UTC)),
        ("2026/1/2", datetime(2026, 1, 1, 16, 0, tzinfo=UTC)),
        ("2026-10-12T09:30:00+08:00", datetime(2026, 10, 12, 1, 30, tzinfo=UTC)),
        ("2026-10-12T09:30:00.123Z", datetime(2026, 10, 12, 9, 30, tzinfo=UTC)),
        ("2026-10-12T09:30:15-0530", datetime(2026, 10, 12, 15, 0, 15, tzinfo=UTC)),
        ("1767225600", datetime(2026, 1, 1, tzinfo=UTC)),
        ("1767225600000", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-02-30 08:30", None),
        ("3天前", None),
        ("11-05 08:30", None),
        ("0001-01-01 00:00", None),
        ("", None),
    ],
)
def test_absolute_times_are_read_as_of_shanghai(text: str, at: datetime | None) -> None:
    assert time_of(text) == at


@given(st.text(max_size=60))
def test_no_text_raises_as_price_or_time(text: str) -> None:
    assert price_of(text) is None or price_of(text)
    at = time_of(text)
    assert at is None or at.tzinfo is UTC


def test_html_in_a_value_stalls_nobody() -> None:
    assert html_text("<b>" * 300_000 + "包授权&amp;") == "包授权&"


@pytest.mark.parametrize(
    "value, step, result",
    [
        (" 编号:T12 ", "digits", "12"),
        ("销量1,234件", "number", "1234"),
        ("无", "number", ""),
        ("ABC", "lower", "abc"),
        ("<p>包<b>授</b>权</p><p>二</p>", "html", "包授权\n二"),
        ("../x?spm=1#y", "address", "https://a.example/x"),
        ("javascript:x", "address", ""),
        ("店铺:青松", Step(after=":"), "青松"),
        ("没有记号", Step(after=":"), "没有记号"),
        ("10元起", Step(before="元"), "10"),
        ("a-b-c", Step(drop="-"), "abc"),
        ("7", Step(prefix="/item/"), "/item/7"),
        ("", Step(prefix="/item/"), ""),
        ("/a?id=7&x=8", Step(query="id"), "7"),
        ("/a?x=8", Step(query="id"), ""),
        ("https://a.example/shop/S7/", Step(segment=-1), "S7"),
        ("/shop", Step(segment=3), ""),
    ],
)
def test_each_step_of_cleaning(value: str, step: str, result: str) -> None:
    assert cleaned(value, (step,), BASE, PLAIN_RULES) == result  # type: ignore[arg-type]
