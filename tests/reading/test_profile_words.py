"""What profiles can say beyond places: JSON in values, record numbers, next pages by parameter."""

from collections.abc import Callable

import pytest

from lantian.errors import ProfileError
from lantian.reading import RawPage, SiteProfile, read_page
from lantian.reading.address import PLAIN_RULES
from lantian.reading.links import with_parameter
from lantian.reading.select import Step
from lantian.reading.values import cleaned, icp_of

Page = Callable[..., RawPage]
Rules = Callable[[str], SiteProfile]


@pytest.mark.parametrize(
    "text, number",
    [
        ("版权所有 粤ICP备19999901号-2 公网安备", "粤ICP备19999901号"),
        ("京icp证 030173 号", "京ICP证030173号"),
        ("沪ICP备１９９９９９０１号", "沪ICP备19999901号"),
        ("ICP备19999901号", ""),
        ("粤ICP备12号", ""),
        ("", ""),
    ],
)
def test_the_icp_number_is_that_of_the_operator(text: str, number: str) -> None:
    assert icp_of(text) == number
    assert cleaned(text, ["icp"], "http://a.example/", PLAIN_RULES) == number


@pytest.mark.parametrize(
    "value, path, found",
    [
        ('{"author":{"user_id":31,"names":["林间"]}}', "$.author.user_id", "31"),
        ('{"author":{"user_id":31,"names":["林间"]}}', "$.author.names[0]", "林间"),
        ('{"a":null}', "$.a", ""),
        ("{broken", "$.a", ""),
        ("[" * 100_000, "$[0]", ""),
        ('"text"', "$.a", ""),
    ],
)
def test_json_in_a_value_gives_what_the_path_finds(value: str, path: str, found: str) -> None:
    step = Step.model_validate({"json": path})
    assert cleaned(value, [step], "http://a.example/", PLAIN_RULES) == found


def test_a_path_that_is_none_is_refused_in_a_step(profile: Rules) -> None:
    with pytest.raises(ProfileError, match="JSONPath"):
        profile("documents: [{kind: page, text: {attr: x, clean: [json: '$[']}}]")


@pytest.mark.parametrize(
    "url, name, value, following",
    [
        ("http://a.example/s?k=%D7%A8&page=1", "page", "2", "http://a.example/s?k=%D7%A8&page=2"),
        ("http://a.example/s", "p", "a b", "http://a.example/s?p=a%20b"),
        ("http://a.example/s?pages=9#x", "page", "2", "http://a.example/s?pages=9&page=2"),
    ],
)
def test_a_parameter_is_set_and_the_others_stay(
    url: str, name: str, value: str, following: str
) -> None:
    assert with_parameter(url, name, value) == following


def test_the_next_page_is_the_own_address_with_the_value_found(page: Page, profile: Rules) -> None:
    rules = profile("links: [{role: next, jsonpath: $.next, parameter: page}]")
    raw = page('{"next": 3, "t": "x"}', url="https://shop.example/api?k=v&page=2",
               content_type="application/json")  # fmt: skip
    assert [link.url for link in read_page(raw, rules).links] == [
        "https://shop.example/api?k=v&page=3"
    ]


def test_template_and_parameter_together_are_refused(profile: Rules) -> None:
    with pytest.raises(ProfileError, match="template or parameter"):
        profile("links: [{role: next, jsonpath: $.n, parameter: p, template: '/x/{}'}]")


def test_pages_that_are_excepted_carry_no_such_document(page: Page, profile: Rules) -> None:
    rules = profile(
        "documents:\n"
        "  - {kind: post, pages: ['/t/*'], except_pages: ['/t/*?p=*'], text: p}\n"
        "  - {kind: reply, pages: ['/t/*?p=*'], text: p}\n"
    )
    first = read_page(page("<p>一", url="https://shop.example/t/1"), rules)
    second = read_page(page("<p>二", url="https://shop.example/t/1?p=2"), rules)
    assert [d.kind for d in (*first.documents, *second.documents)] == ["post", "reply"]
    assert first.absent == second.absent == ()


def test_a_filter_of_the_whole_page_can_ask_for_what_the_document_names(
    page: Page, profile: Rules
) -> None:
    rules = profile(
        "documents:\n"
        "  - kind: post\n"
        "    each: $.posts[*]\n"
        "    key: $.id\n"
        "    text: $.text\n"
        "    seller: {name: {jsonpath: '$.users[?@.id == _.by].name', page: true}}\n"
    )
    body = (
        '{"posts": [{"id": 1, "by": 7, "text": "a"}, {"id": 2, "by": 8, "text": "b"},'
        ' {"id": 3, "by": 9, "text": "c"}],'
        ' "users": [{"id": 8, "name": "乙"}, {"id": 7, "name": "甲"}]}'
    )
    reading = read_page(page(body, content_type="application/json"), rules)
    assert [d.seller_name for d in reading.documents] == ["甲", "乙", ""]


def test_what_stands_as_a_comment_in_code_is_read_where_the_profile_says_so(
    page: Page, profile: Rules
) -> None:
    html = "<p>一</p><!-- 二 --><code id=list><!-- <ul><li class=t>三</li></ul> --></code>"
    rules = "documents: [{kind: page, text: .t}]\n"
    hidden = read_page(page(html), profile(rules))
    shown = read_page(page(html), profile(rules + "uncomment: true"))
    assert [d.text for d in (*hidden.documents, *shown.documents)] == ["三"]
    assert "二" not in read_page(page(html), profile("uncomment: true")).text
