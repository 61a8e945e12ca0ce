"""Which article a hit names depends on the days on which the page was seen."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.errors import ConfigError
from lantian.law import articles_in_force, law_keys
from lantian.law.articles import UNSURE, numeral
from matchers.pack import load_pack


def labels(key: str, first: str, last: str | None = None) -> list[str]:
    until = date.fromisoformat(last) if last else None
    return [
        article.label_zh for article in articles_in_force([key], date.fromisoformat(first), until)
    ]


FALSE_PUBLICITY = "unfair-competition.false-publicity"


@pytest.mark.parametrize(
    "key,day,expected",
    [
        (
            FALSE_PUBLICITY,
            "2025-10-14",
            ["《反不正当竞争法》（2019年修正）第八条", "《反不正当竞争法》（2019年修正）第二十条"],
        ),
        (
            FALSE_PUBLICITY,
            "2025-10-15",
            [
                "《反不正当竞争法》（2025年修订）第九条",
                "《反不正当竞争法》（2025年修订）第二十五条",
            ],
        ),
        (
            "trademark-law.soliciting",
            "2026-12-31",
            ["《商标法》（2019年修正）第六十八条第一款第（二）项"],
        ),
        (
            "trademark-law.soliciting",
            "2027-01-01",
            ["《商标法》（2027年施行）第六十七条第一款第（二）项"],
        ),
        (
            "trademark-agency-rules.filing-duty",
            "2026-12-31",
            ["《商标代理监督管理规定》第三十六条"],
        ),
        (
            "trademark-agency-rules.filing-duty",
            "2027-01-01",
            [
                "《商标代理监督管理规定》第三十六条",
                "《商标法》（2027年施行）第六十七条第三款",
            ],
        ),
        (
            "patent-agency-regulation.conflict",
            "2026-11-28",
            [
                "《专利代理条例》第十四条第一款",
                "《专利代理条例》第二十五条第一款第（二）项",
            ],
        ),
        ("gi-products.misuse", "2024-01-31", []),
        ("gi-products.misuse", "2024-02-01", ["《地理标志产品保护办法》第三十条（依据待确认）"]),
        ("trademark-law.filing-duty", "2026-12-31", []),
        ("trademark-law.filing-duty", "2027-01-01", ["《商标法》（2027年施行）第六十七条第三款"]),
        ("trademark-agency-rules.special-access", "2022-11-30", []),
        (
            "trademark-agency-rules.special-access",
            "2022-12-01",
            ["《商标代理监督管理规定》第三十一条第（五）项"],
        ),
        ("filing-conduct.false-inventor", "2024-01-19", []),
        (
            "criminal-law.identity",
            "2026-01-01",
            ["《刑法》第二百五十三条之一", "《刑法》第二百八十条之一"],
        ),
    ],
)
def test_the_article_in_force_on_the_day_is_named(key: str, day: str, expected: list[str]) -> None:
    assert labels(key, day) == expected


def test_a_page_seen_on_both_sides_of_a_change_names_both_versions() -> None:
    both = labels(FALSE_PUBLICITY, "2025-10-01", "2025-11-01")
    assert both == labels(FALSE_PUBLICITY, "2025-10-14") + labels(FALSE_PUBLICITY, "2025-10-15")


def test_an_article_that_nobody_has_read_says_so() -> None:
    articles = articles_in_force(law_keys(), date(2026, 6, 1))
    for article in articles:
        assert article.label_zh.endswith(UNSURE) == (article.confidence == "L")
    assert any(article.confidence == "L" for article in articles)


def test_an_article_stands_once_however_often_its_key_is_named() -> None:
    once = articles_in_force([FALSE_PUBLICITY], date(2026, 1, 1))
    assert articles_in_force([FALSE_PUBLICITY, FALSE_PUBLICITY], date(2026, 1, 1)) == once


def test_an_unknown_key_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="no-such-law"):
        articles_in_force(["no-such-law.1"], date(2026, 1, 1))


def test_days_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValueError, match="before the first"):
        articles_in_force([FALSE_PUBLICITY], date(2026, 1, 2), date(2026, 1, 1))


@pytest.mark.parametrize("day", [date(2026, 11, 23), date(2027, 1, 1)])
def test_every_law_key_of_the_shipped_pack_has_an_article_in_force(day: date) -> None:
    for key in load_pack().law_keys:
        assert articles_in_force([key], day), key


def test_every_claim_has_a_basis_whose_text_was_read() -> None:
    for claim in load_pack().claims:
        articles = articles_in_force(claim.law, date(2026, 11, 23))
        assert any(article.confidence != "L" for article in articles), claim.claim


@given(st.dates(date(2019, 1, 1), date(2035, 1, 1)), st.integers(0, 400))
def test_a_longer_stay_on_line_never_loses_an_article(day: date, days: int) -> None:
    keys = law_keys()
    longer = articles_in_force(keys, day, day + timedelta(days=days))
    assert set(articles_in_force(keys, day)) <= set(longer)


@given(st.dates(date(2019, 11, 1), date(2035, 1, 1)))
def test_two_versions_of_a_law_are_never_in_force_on_one_day(day: date) -> None:
    for key in law_keys():
        versions = {(a.law, a.version) for a in articles_in_force([key], day)}
        assert len({law for law, _ in versions}) == len(versions), key


@pytest.mark.parametrize(
    "number,text",
    [
        (1, "一"),
        (10, "十"),
        (11, "十一"),
        (20, "二十"),
        (28, "二十八"),
        (100, "一百"),
        (105, "一百零五"),
        (110, "一百一十"),
        (266, "二百六十六"),
    ],
)
def test_articles_are_counted_as_lawyers_count_them(number: int, text: str) -> None:
    assert numeral(number) == text
