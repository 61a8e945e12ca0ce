"""What matters of a text, and what changes by itself."""

import string
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.reading import ReadDocument, Reading
from lantian.reading.matter import (
    in_noise,
    matter,
    matter_digest,
    noise,
    text_matter_digest,
)

NUMBERS = st.integers(0, 9_999_999)
COUNTERS = st.sampled_from(
    [
        "浏览({})",
        "阅读：{}",
        "浏览次数 {}",
        "{}次浏览",
        "{}人付款",
        "已售{}件",
        "销量 {}",
        "评论 ({})",
        "点赞数：{}",
        "{} 人已收藏",
        "Views: {}",
        "{} replies",
    ]
)
TIMES = st.sampled_from(
    [
        "{}分钟前",
        "{} 小时前",
        "{}天前",
        "{}个月前",
        "{} minutes ago",
        "发布于 2026-11-{:02d}",
        "昨天 1{:1}:30",
    ]
)
SENTENCES = st.lists(
    st.sampled_from(
        [
            "专利申请包授权，不授权全额退款。",
            "商标注册代理，费用以合同为准。",
            "三个月下证，评论区可以看到成功案例。",
            "我们有20年经验，服务过300家企业。",
            "好评率99%，24小时内回复。",
            "2026年12月31日前签约减500元。",
        ]
    ),
    min_size=1,
    max_size=6,
)
# Numbers that promise something: another number is another promise.
PROMISES = st.sampled_from(
    [
        "{}个月下证",
        "评论 {} 个月下证",
        "阅读{}分钟就懂",
        "通过率{}%",
        "回复 {}小时内",
        "播放 {} 天",
        "只要{}元",
        "{}年经验",
        "拿证只需{}天",
        "关注 {}个工作日出结果",
        "12月{}日前包授权",
        "第{}类商标",
        "退款{}%",
        "点击{}折优惠",
    ]
)


@pytest.mark.parametrize(
    "text,kept",
    [
        ("浏览(1,234) 次", "次"),
        ("1.2万人付款", ""),
        ("刚刚 发布", "发布"),
        ("3个月前 办理", "办理"),
        ("昨天 10:20 更新", "更新"),
        ("发表于 2026-11-28 10:00:59 甲", "甲"),
        ("发布时间：2026年11月28日", ""),
        ("2026-11-28 10:32", ""),
        ("时间：2026/11/28\n正文", "正文"),
        ("2026年11月28日前签约", "2026年11月28日前签约"),
        ("12月31日前包授权", "12月31日前包授权"),
        ("3 个月下证", "3 个月下证"),
        ("热线 400-123", "热线 400-123"),
        ("a\t b\n\nc", "a b c"),
        ("", ""),
    ],
)
def test_counters_and_times_are_left_out_and_promises_stay(text: str, kept: str) -> None:
    assert matter(text) == kept


def test_a_list_of_recommendations_ends_with_its_first_sentence() -> None:
    text = "正文。\n相关推荐：\n某某商标转让\n某某专利\n\n本店承诺如实报价。\n电话"
    assert matter(text) == "正文。 相关推荐： 本店承诺如实报价。 电话"


@given(SENTENCES, COUNTERS, NUMBERS, NUMBERS)
def test_another_count_is_the_same_text(
    sentences: list[str], counter: str, one: int, other: int
) -> None:
    texts = ["\n".join([*sentences, counter.format(count)]) for count in (one, other)]
    assert text_matter_digest(texts[0]) == text_matter_digest(texts[1])


@given(SENTENCES, TIMES, st.integers(1, 9), st.integers(1, 9))
def test_another_time_is_the_same_text(
    sentences: list[str], time: str, one: int, other: int
) -> None:
    texts = ["\n".join([time.format(count), *sentences]) for count in (one, other)]
    assert text_matter_digest(texts[0]) == text_matter_digest(texts[1])


@given(
    SENTENCES,
    st.lists(st.text("甲乙丙专利商标转让0123 ", min_size=1, max_size=30), max_size=8),
    st.lists(st.text("甲乙丙专利商标转让0123 ", min_size=1, max_size=30), max_size=8),
)
def test_other_recommendations_are_the_same_text(
    sentences: list[str], some: list[str], others: list[str]
) -> None:
    texts = ["\n".join([*sentences, "猜你喜欢", *lines]) for lines in (some, others)]
    assert text_matter_digest(texts[0]) == text_matter_digest(texts[1])


@given(SENTENCES, PROMISES, st.integers(1, 28), st.integers(1, 28))
def test_another_promise_is_another_text(
    sentences: list[str], promise: str, one: int, other: int
) -> None:
    texts = ["\n".join([*sentences, promise.format(count)]) for count in (one, other)]
    assert (text_matter_digest(texts[0]) == text_matter_digest(texts[1])) == (one == other)


@given(st.text(string.printable + "浏览阅读评论刚刚前天年月日相关推荐猜你喜欢。\n", max_size=300))
def test_noise_is_in_order_and_within_the_text_and_matter_has_none_of_its_marks(text: str) -> None:
    spans = noise(text)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(one[1] < two[0] for one, two in pairwise(spans))
    inside = {place for start, end in spans for place in range(start, end)}
    for place in range(len(text)):
        assert in_noise(spans, place, place + 1) == (place in inside)


@given(st.text("专利商标，。申请代理", max_size=200))
def test_a_text_without_numbers_times_and_lists_is_all_matter(text: str) -> None:
    assert noise(text) == ()
    assert matter(text) == " ".join(text.split())


def page(text: str, **fields: object) -> Reading:
    values: dict[str, object] = {
        "posting_key": "listing:1",
        "kind": "listing",
        "url": "http://shop.example/1",
        "title": "商标注册",
        "text": text,
        "fields": {"sales": "3", "area": "阅读 5"},
    }
    document = ReadDocument(**(values | fields))  # type: ignore[arg-type]
    return Reading("listing", "", text, "utf-8", documents=(document,), volatile=("sales",))


def test_a_page_matters_by_its_documents() -> None:
    same = matter_digest(page("甲 浏览 1"))
    assert matter_digest(page("甲 浏览 2")) == same
    assert matter_digest(page("甲 浏览 1", fields={"sales": "9", "area": "阅读 77"})) == same
    for changed in (
        page("乙 浏览 1"),
        page("甲 浏览 1", price="9"),
        page("甲 浏览 1", title="专利申请"),
        page("甲 浏览 1", posting_key="listing:2"),
        page("甲 浏览 1", fields={"sales": "3", "area": "广州"}),
    ):
        assert matter_digest(changed) != same
