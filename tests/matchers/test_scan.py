"""The matcher as its callers meet it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from matchers.errors import DamagedMatcher
from matchers.pack import Pack, load_pack
from matchers.reading import SHORT
from matchers.scan import MAX_HITS, Matcher, PageContext
from tests.packs import FOUR

OFFER = "发明专利包授权，三个月下证，加微信详谈"
CLEAN = "今天天气很好，我们去公园散步。"


def test_a_hit_says_what_where_why_and_under_which_rule(matcher: Matcher) -> None:
    text = f"😀前言：\n{OFFER}"
    (hit,) = matcher.scan(text).hits
    assert hit.claim == "guaranteed_grant"
    assert hit.rule == "guaranteed_grant.slogan"
    assert hit.rule_hash.startswith("sha256:")
    assert text[hit.start : hit.end] == hit.text == "包授权"
    assert 0.5 <= hit.score <= 1
    assert hit.severity == 3
    assert "ad-law.false-advertising" in hit.law
    assert "包授权" in hit.why
    assert "专利" in hit.why
    assert "联系方式" in hit.why
    assert hit.why.endswith("。")
    with pytest.raises(AttributeError):
        hit.score = 1.0  # type: ignore[misc]


def test_a_text_without_claims_gives_no_hits(matcher: Matcher) -> None:
    for text in ("", " ", "\n", CLEAN, "patent", "专利", "\x00", "\ud800"):
        assert matcher.scan(text).hits == ()
        assert not matcher.scan(text).truncated


def test_hits_come_by_their_start_and_those_of_one_claim_do_not_overlap(matcher: Matcher) -> None:
    text = "商标绿色通道，专利包授权，可挂名第一发明人8000元，加微信。" * 3
    hits = matcher.scan(text).hits
    assert [hit.start for hit in hits] == sorted(hit.start for hit in hits)
    assert {hit.claim for hit in hits} >= {"guaranteed_grant", "green_channel", "name_hanging"}
    for one in hits:
        for other in hits:
            if one is not other and one.claim == other.claim:
                assert one.end <= other.start or other.end <= one.start


def test_the_page_gives_the_field_where_the_text_does_not(matcher: Matcher) -> None:
    text = "包授权，名额有限，扫码咨询"
    assert matcher.scan(text).hits == ()
    page = PageContext(title="专利代理 - 某某服务商城")
    assert [hit.claim for hit in matcher.scan(text, page=page).hits] == ["guaranteed_grant"]
    assert matcher.scan(text, page=PageContext(title="品牌女装旗舰店")).hits == ()


def test_the_offer_at_the_end_of_a_long_text_is_found_at_its_place(matcher: Matcher) -> None:
    text = CLEAN * 2_000 + OFFER + CLEAN * 500
    assert len(text) > SHORT
    (hit,) = matcher.scan(text).hits
    assert hit.start == text.index("包授权")


def test_a_matcher_is_bytes_and_back(matcher: Matcher) -> None:
    again = Matcher.from_bytes(matcher.to_bytes())
    assert again.pack_hash == matcher.pack_hash
    assert again.scan(OFFER) == matcher.scan(OFFER)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"",
        lambda data: b"nonsense",
        lambda data: data[:200],
        lambda data: data[:-1],
        lambda data: data[:60] + bytes([data[60] ^ 1]) + data[61:],
    ],
)
def test_bytes_that_are_no_matcher_are_refused(matcher: Matcher, spoil: object) -> None:
    data = spoil(matcher.to_bytes())  # type: ignore[operator]
    with pytest.raises(DamagedMatcher, match="Compile the pack again"):
        Matcher.from_bytes(data)


def test_both_engines_give_the_same_hits(pack: Pack, labelled: list[dict[str, str]]) -> None:
    fast = Matcher.compile(pack, engine="hyperscan")
    portable = Matcher.compile(pack, engine="ahocorasick_rs")
    for row in labelled:
        assert fast.scan(row["text"]) == portable.scan(row["text"]), row["id"]
    assert Matcher.from_bytes(portable.to_bytes()).scan(OFFER) == fast.scan(OFFER)


def test_a_second_compilation_gives_the_same(
    matcher: Matcher, labelled: list[dict[str, str]]
) -> None:
    again = Matcher.compile(load_pack(FOUR))
    assert again.pack_hash == matcher.pack_hash
    for row in labelled[:50]:
        assert again.scan(row["text"]) == matcher.scan(row["text"])


def test_threads_may_share_a_matcher(matcher: Matcher, labelled: list[dict[str, str]]) -> None:
    texts = [row["text"] for row in labelled]
    alone = [matcher.scan(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            assert list(pool.map(matcher.scan, texts)) == alone


PIECES = st.sampled_from(
    [
        *("专利", "包授权", "授", "权", "包", "不", "加微信", "，", "。", "？", "\n", " ", "★"),
        *("(quán)", "😀", "bao", "\\u6388", "&#26435;", "“", "”", "第一发明人", "8000元"),
        *("挂名", "我们", "\u200b", "\ud800", "x"),
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_whatever_the_text_each_hit_is_a_slice_of_it(matcher: Matcher, text: str) -> None:
    for hit in matcher.scan(text).hits:
        assert 0 <= hit.start < hit.end <= len(text)
        assert text[hit.start : hit.end] == hit.text


@given(
    st.lists(PIECES, max_size=20).map("".join),
    st.one_of(st.integers(0, 30), st.just(SHORT // 4)),
)
@example("专利包\n包授权", 2)
def test_clean_text_before_and_after_moves_a_hit_and_no_more(
    matcher: Matcher, text: str, count: int
) -> None:
    alone = matcher.scan("。" + text + "。").hits
    lead = "天气很好。" * count
    moved = matcher.scan(lead + "。" + text + "。" + "散步。" * count).hits
    assert [(hit.claim, hit.start, hit.end) for hit in alone] == [
        (hit.claim, hit.start - len(lead), hit.end - len(lead)) for hit in moved
    ]


@pytest.mark.parametrize(
    "text",
    [
        "包" * 1_000_000,
        "专利" * 500_000,
        "(" * 500_000 + ")" * 500_000,
        "“" * 200_000,
        "\\u" * 300_000,
        "&" * 500_000,
        "\x00" * 500_000,
        "\ud800" * 300_000,
        "包\u200b" * 300_000,
        "专利包" + " " * 1_000_000 + "授权",
        "第一" * 300_000,
        "专利，包，授，权" * 50_000,
    ],
    ids=lambda text: text[:6].encode("unicode_escape").decode(),
)
def test_hostile_texts_are_answered(matcher: Matcher, text: str) -> None:
    result = matcher.scan(text)
    for hit in result.hits:
        assert text[hit.start : hit.end] == hit.text


def test_more_hits_than_the_limit_are_said_to_be_cut_off(matcher: Matcher) -> None:
    result = matcher.scan("专利包授权，加微信。" * (MAX_HITS + 10))
    assert len(result.hits) == MAX_HITS
    assert result.truncated


def test_a_text_over_the_limit_is_said_to_be_cut_off(
    matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matchers.scan.MAX_CHARACTERS", 100)
    result = matcher.scan(CLEAN * 20 + OFFER)
    assert result.hits == ()
    assert result.truncated
    assert not matcher.scan(CLEAN).truncated
