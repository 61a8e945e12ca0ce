"""From one answer to what it says."""

import pickle
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.reading import RawPage, Reading, SiteProfile, find_profile, read_page

Page = Callable[..., RawPage]
Rules = Callable[[str], SiteProfile]

CARDS = """
documents:
  - kind: listing
    each: .card
    key: {attr: data-id}
    title: .name
    text: .name
"""


def code(reading: Reading) -> str:
    return (reading.unreadable or "").partition(":")[0]


@pytest.mark.parametrize(
    "body", ["", " \n", "<html></html>", "<p>&nbsp;</p>", "<script>x</script>"]
)
def test_an_empty_page_is_unreadable_not_clean(page: Page, profile: Rules, body: str) -> None:
    reading = read_page(page(body), profile("documents: [{kind: page, text: body}]"))
    assert code(reading) == "empty"
    assert not reading.documents


@pytest.mark.parametrize("body", ["<<<>>>包授权", "</div></div>包授权<p", "包授权", "<!-- >包授权"])
def test_invalid_html_is_still_read(page: Page, profile: Rules, body: str) -> None:
    reading = read_page(page(body), profile("documents: [{kind: page, text: body}]"))
    assert "包授权" in reading.text or code(reading) == "empty"


@pytest.mark.parametrize("body", ["", "{", '{"a": ', "[1,]", "nonsense", "[" * 100_000])
def test_invalid_json_is_unreadable_not_clean(page: Page, profile: Rules, body: str) -> None:
    reading = read_page(page(body, content_type="application/json"), profile(""))
    assert code(reading) == "json"


def test_json_without_rules_gives_all_its_texts(page: Page, profile: Rules) -> None:
    body = '{"a": ["包授权", {"b": "不成\\ud800退款\\u0000"}], "n": 3}'
    reading = read_page(page(body, content_type="application/problem+json"), profile(""))
    assert reading.text == "包授权\n不成\ufffd退款"


@pytest.mark.parametrize(
    "status, hint",
    [(404, "gone"), (410, "gone"), (403, "blocked"), (429, "blocked"), (401, "logged_out")],
)
def test_a_status_hints_at_the_outcome(page: Page, profile: Rules, status: int, hint: str) -> None:
    reading = read_page(page("<p>包授权", status=status), profile(CARDS))
    assert (reading.outcome_hint, reading.documents, reading.links) == (hint, (), ())


def test_an_error_of_the_server_is_neither_gone_nor_read(page: Page, profile: Rules) -> None:
    reading = read_page(page("<p class=card data-id=1>包授权", status=503), profile(CARDS))
    assert (reading.outcome_hint, reading.documents) == (None, ())


def test_markers_tell_special_pages_and_spare_long_ones(page: Page, profile: Rules) -> None:
    rules = profile("markers: {logged_out: [{text: 请先登录, below: 100}], blocked: ['{a}']}")
    assert read_page(page("<p>请<b>先</b>登录"), rules).outcome_hint is None
    assert read_page(page("<p>请先登录"), rules).outcome_hint == "logged_out"
    assert read_page(page("<script>'请先登录'</script><p>好"), rules).outcome_hint is None
    assert read_page(page("<p>请先登录" + "长" * 100), rules).outcome_hint is None


def test_an_address_may_be_a_marker(page: Page, profile: Rules) -> None:
    rules = profile("markers: {logged_out: [{url: /login**}]}")
    assert read_page(page("<p>x", url="https://a.example/login?next=/x"), rules).outcome_hint == (
        "logged_out"
    )


def test_each_card_is_a_document_under_its_own_key_in_any_order(page: Page, profile: Rules) -> None:
    cards = [f"<div class=card data-id={n}><b class=name>商品{n}</b></div>" for n in "312"]
    forward = read_page(page("".join(cards)), profile(CARDS))
    backward = read_page(page("".join(reversed(cards))), profile(CARDS))
    assert [d.posting_key for d in forward.documents] == ["listing:3", "listing:1", "listing:2"]
    assert set(map(str, forward.documents)) == set(map(str, backward.documents))


def test_a_card_without_its_key_is_kept_under_its_text(page: Page, profile: Rules) -> None:
    body = (
        "<div class=card><b class=name>包授权</b></div><div class=card><b class=name>挂名</b></div>"
    )
    keys = [d.posting_key for d in read_page(page(body), profile(CARDS)).documents]
    assert len(set(keys)) == 2
    assert all(key.startswith("https://shop.example/#~") for key in keys)
    reordered = body[body.index("</div>") + 6 :] + body[: body.index("</div>") + 6]
    again = [d.posting_key for d in read_page(page(reordered), profile(CARDS)).documents]
    assert again == list(reversed(keys))


def test_a_key_in_the_page_goes_with_the_address(page: Page, profile: Rules) -> None:
    rules = profile("documents: [{kind: reply, each: .r, key_in_page: {attr: id}, text: p}]")
    url = "https://a.example/t?x=1&utm_source=2"
    reading = read_page(page("<div class=r id=f7><p>包授权</div>", url=url), rules)
    assert [d.posting_key for d in reading.documents] == ["https://a.example/t?x=1#f7"]


def test_cards_may_be_found_by_xpath(page: Page, profile: Rules) -> None:
    rules = profile(
        "documents:\n"
        "  - kind: listing\n"
        "    each: //li[b]\n"
        "    key: ./@id\n"
        "    title: ./b\n"
        "    text: {xpath: './*', all: true}\n"
        "    url: .//a/@href\n"
        "    fields: {count: {xpath: count(./*)}, site: {css: title, page: true}}\n"
    )
    html = (
        "<title>店</title><ul><li>空<li id=7><b>挂<i>名</i></b><div>一<br>二</div>"
        "<a href=/x?spm=1>看</a></ul>"
    )
    (document,) = read_page(page(html), rules).documents
    assert document.posting_key == "listing:7"
    assert document.text == "挂名\n一\n二\n看"
    assert document.url == "https://shop.example/x"
    assert document.fields == {"count": "3", "site": "店"}


def test_a_page_of_too_many_documents_says_so(page: Page, profile: Rules) -> None:
    html = "".join(f"<p class=card data-id={n}><b class=name>第{n}</b></p>" for n in range(1_200))
    reading = read_page(page(html), profile(CARDS))
    assert len(reading.documents) == 1_000
    assert reading.absent == ("listing",)


def test_documents_in_documents_are_read_to_a_depth(page: Page, profile: Rules) -> None:
    html = "".join(f"<div class=card data-id={n}><b class=name>第{n}</b>" for n in range(100))
    reading = read_page(page(html), profile(CARDS))
    assert [d.title for d in reading.documents] == [f"第{n}" for n in range(21)]
    assert reading.absent == ("listing",)


def test_a_key_that_no_index_takes_is_kept_short(page: Page, profile: Rules) -> None:
    html = f"<div class=card data-id={'x' * 5000}><b class=name>甲</b></div>"
    (document,) = read_page(page(html), profile(CARDS)).documents
    assert len(document.posting_key) < 200


def test_what_is_required_and_absent_is_named(page: Page, profile: Rules) -> None:
    rules = profile(
        CARDS + "    price: .p\n    url: a::attr(href)\n    required: [key, title, price, url]\n"
    )
    (document,) = read_page(page("<i class=card><b class=name>甲</b></i>"), rules).documents
    assert document.missing == ("key", "price", "url")


def test_a_page_that_should_carry_a_document_and_does_not_says_so(
    page: Page, profile: Rules
) -> None:
    rules = profile("documents: [{kind: listing, pages: ['/item/*'], text: .gone-from-the-page}]")
    assert read_page(page("<p>x", url="https://a.example/item/3"), rules).absent == ("listing",)
    assert read_page(page("<p>x", url="https://a.example/list"), rules).absent == ()


def test_the_title_stands_in_the_text(page: Page, profile: Rules) -> None:
    rules = profile("documents: [{kind: page, title: h1, text: .b}]")
    (document,) = read_page(page("<h1>包授权</h1><p class=b>正文"), rules).documents
    assert document.text == "包授权\n正文"
    rules = profile("documents: [{kind: page, title: h1, text: body}]")
    (document,) = read_page(page("<h1>包授权</h1><p class=b>正文"), rules).documents
    assert document.text == "包授权\n正文"


def test_where_the_browser_is_due(page: Page, profile: Rules) -> None:
    shell = "<div id=app>请稍候</div><script src=/a.js></script>"
    full = "<a href=/x>x</a><p>" + "正文" * 200
    rules = "documents: [{kind: page, text: body}]\nlinks: [{role: page}]\n"
    if_missing = profile(rules + "browser: if-missing")
    assert read_page(page(shell), if_missing).needs_browser
    assert not read_page(page(full), if_missing).needs_browser
    assert not read_page(page(shell, via="browser"), if_missing).needs_browser
    assert read_page(page(full), profile(rules + "browser: 'yes'")).needs_browser
    assert not read_page(page(shell), profile(rules)).needs_browser


def test_much_markup_with_little_text_asks_for_the_second_reader(
    page: Page, profile: Rules
) -> None:
    rules = profile("documents: [{kind: page, text: body}]")
    assert read_page(page("<div class=x></div>" * 1000 + "好"), rules).second_look
    assert not read_page(
        page("<p>好" + "<script>" + "x();" * 5000 + "</script>"), rules
    ).second_look
    assert not read_page(page("<p>" + "好" * 5000), rules).second_look


def test_what_a_browser_gave_is_utf_8_whatever_the_page_says(page: Page, profile: Rules) -> None:
    raw = page("<meta charset=gbk><p>包授权", via="browser", content_type="text/html; charset=big5")
    assert read_page(raw, profile("")).text == "包授权"


@pytest.mark.parametrize("content_type", ["image/png", "application/pdf", "video/mp4"])
def test_what_is_no_text_by_its_type_is_unreadable(
    page: Page, profile: Rules, content_type: str
) -> None:
    reading = read_page(page("x", content_type=content_type), profile(""))
    assert code(reading) == "binary"
    assert content_type in str(reading.unreadable)


NAMES = ["site", "demo-shop", "demo-forum", "demo-search", "example-json-api", "example-embedded"]
MARKUP = st.lists(
    st.sampled_from(
        [
            "<div class=floor id=p1>",
            "<a href='http://[x'>",
            "</div>",
            "<main class=goods>",
            "<p>",
            "&#0;",
            "<script id=__STATE__>{",
            '{"items": [',
            "]}",
            "<script type='application/ld+json'>[[",
            "</script>",
            "<i itemscope itemprop=offers>",
            "包授权",
            "\0",
            "<base href='//['>",
            "<table>",
            "<!--",
            "{}",
            '"',
            "<meta property='og:title' content='x'>",
            "<div class=result><a class=hit href=//>",
            "<svg>",
            "﻿",
        ]
    ),
    max_size=25,
).map("".join)


@given(
    st.one_of(
        st.binary(max_size=200),
        MARKUP.map(str.encode),
        MARKUP.map(lambda t: t.encode("gbk", "ignore")),
    ),
    st.sampled_from(NAMES),
    st.sampled_from(
        ["text/html", "application/json", "", "text/html; charset=utf-16", ";;", "a\xff"]
    ),
    st.sampled_from(
        [
            "https://mall.tongye.example/goods/T1.html",
            "https://goods.example/list/1",
            "",
            "x:/",
            "http://[",
        ]
    ),
)
def test_no_answer_raises_and_every_reading_crosses_a_pipe(
    body: bytes, name: str, content_type: str, url: str
) -> None:
    raw = RawPage(url, 200, ((b"content-type", content_type.encode("latin-1")),), body)
    reading = read_page(raw, find_profile(name))
    assert pickle.loads(pickle.dumps(reading)) == reading  # noqa: S301 - our own
    for document in reading.documents:
        assert document.text
        assert document.posting_key
        for text in (
            document.text,
            document.title,
            document.seller_name,
            *document.fields.values(),
        ):
            assert "\0" not in text
            text.encode()


@given(st.text(st.sampled_from("包授权不成退款专利代理,。")))
def test_a_text_is_the_same_in_every_character_set(text: str) -> None:
    html = f"<p>{text}本店专利代理服务,欢迎咨询</p>"
    rules = find_profile("site")
    readings = [
        read_page(RawPage("https://a.example/", 200, (), html.encode(charset)), rules)
        for charset in ("utf-8", "gbk", "gb18030", "utf-16")
    ]
    assert {r.documents[0].text for r in readings} == {f"{text}本店专利代理服务,欢迎咨询"}
