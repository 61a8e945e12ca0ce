"""Profiles from YAML: what is wrong is named with file, line and field."""

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.errors import NotFound, ProfileError
from lantian.reading import (
    find_profile,
    load_profile,
    parse_profile,
    profile_names,
    profile_schema,
)

GOOD = """\
name: my-shop
kind: shop
hosts: [shop.example]
start: ["https://shop.example/"]
documents:
  - kind: listing
    title: h1
    text: .body
"""


@pytest.mark.parametrize(
    "change, line, field, message",
    [
        ("name: my-shop|name: My Shop", 1, "name", "should match pattern"),
        ("kind: shop|kind: store", 2, "kind", "Input should be 'shop', 'forum'"),
        ("hosts:|host:", 3, "host", "no such field here; did you mean 'hosts'?"),
        ("https://shop|shop", 4, "start", "must begin with http:// or https://"),
        ("kind: listing|kind: good", 6, "documents.0.kind", "Input should be 'listing'"),
        ("title: h1|titel: h1", 7, "documents.0.titel", "did you mean 'title'?"),
        ("text: .body|text: '.body['", 8, "documents.0.text.0.css", "is no CSS selector"),
        ("text: .body|text: '//p['", 8, "documents.0.text.0.xpath", "is no XPath"),
        ("text: .body|text: '$.a['", 8, "documents.0.text.0.jsonpath", "is no JSONPath"),
        (
            "text: .body|text: {css: p, clean: [tidy]}",
            8,
            "documents.0.text.0.clean.0",
            "is no step",
        ),
        ("text: .body|text: {css: p, xpath: //p}", 8, "documents.0.text.0", "exactly one of css"),
        ("text: .body|pages: [item/*]", 8, "documents.0.pages.0", "must begin with / or *"),
        ("text: .body|required: [titel]", 6, "documents.0", "which is no field"),
        ("text: .body|volatile: [sales]", 6, "documents.0", "not among the fields"),
        ("text: .body|each: .card", 6, "documents.0", "a position on a page is no key"),
        ("text: .body|each: {const: x}", 6, "documents.0", "must be css, xpath or jsonpath"),
        ("kind: shop|kind: search", 1, "profile", "needs `searches`"),
        ("kind: shop|kind: shop\nsteps: [{scroll: page}]", 1, "profile", "give browser: if-miss"),
        *(
            (f"kind: shop|kind: shop\nbrowser: 'yes'\nsteps:\n  - {{wait: p}}\n  - {step}", *rest)
            for step, *rest in (
                ("{click: .m, scroll: page}", 6, "steps.1", "exactly one of wait, click, scroll"),
                ("{items: .x}", 6, "steps.1", "exactly one of wait, click, scroll"),
                ("{click: '.m['}", 6, "steps.1.click", "is no CSS selector"),
                ("{wait: .m, times: 3}", 6, "steps.1", "leave times out"),
                ("{scroll: page, until: 9}", 6, "steps.1", "counts `items`"),
                ("{scroll: page, times: 0}", 6, "steps.1.times", "greater than or equal"),
                ("{scroll: page, pages: [x]}", 6, "steps.1.pages.0", "must begin with / or *"),
                ("{scrol: page}", 6, "steps.1.scrol", "did you mean 'scroll'?"),
            )
        ),
        ("kind: shop|kind: shop\nbrowser: maybe", 3, "browser", "'no', 'yes' or 'if-missing'"),
        ("kind: shop|kind: shop\nschedule: daily", 3, "schedule", "is no cron line"),
        ("kind: shop|kind: shop\ncharset: gb-2", 3, "charset", "is no character set"),
        ("kind: shop|kind: shop\nmanners: {delay: '1'}", 3, "manners.delay", "valid number"),
        ("kind: shop|kind: shop\nbudget: {pages: 0}", 3, "budget.pages", "greater than or equal"),
        ("kind: shop|kind: shop\nkind: forum", 3, "'kind' stands here twice", ""),
        ("kind: shop|kind: [shop", 3, "expected", ""),
        ("kind: shop|links: [{role: next, template: /p}]", 2, "links.0", "exactly one {}"),
        ("kind: shop|markers: {removed: [{below: 5}]}", 2, "markers.removed.0", "css, text, url"),
    ],
)
def test_a_mistake_is_named(
    tmp_path: Path, change: str, line: int, field: str, message: str
) -> None:
    old, new = change.split("|")
    path = tmp_path / "my-shop.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    assert f"{path}, line {line}" in str(caught.value)
    assert field in str(caught.value)
    assert message in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("text", ["", "- a", "just words", "1", "\t", "a: &x [*x]", "x: \0"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(ProfileError):
        parse_profile(text)


@given(st.text(max_size=200))
def test_no_text_raises_anything_else(text: str) -> None:
    with pytest.raises(ProfileError):
        parse_profile(text)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"none\.yaml"):
        load_profile(tmp_path / "none.yaml")


def test_words_of_yaml_mean_what_people_write() -> None:
    profile = parse_profile(
        GOOD + "browser: no\nschedule: 0 3 * * 1\nplatform: 2026-01-01\ntitle: on\n"
    )
    assert (profile.browser, profile.platform, profile.title) == ("no", "2026-01-01", "on")


def test_a_selector_may_be_written_short() -> None:
    profile = parse_profile(
        GOOD
        + "    price: [.p::attr(data-price), //b, $.price]\n"
        + "    key: ::attr(id)\n    url: {const: /x}\n"
    )
    rule = profile.documents[0]
    assert [(s.css, s.xpath, s.jsonpath, s.attr) for s in rule.price] == [
        (".p", None, None, "data-price"),
        (None, "//b", None, None),
        (None, None, "$.price", None),
    ]
    assert rule.key[0].attr == "id"


def test_fields_within_an_element_are_found_by_its_own_parser() -> None:
    text = GOOD + "    each: .card\n    key: ./@id\n"
    with pytest.raises(ProfileError, match="`each` is css, so a field by xpath needs `page: true`"):
        parse_profile(text)


def test_profiles_are_found_by_name_own_ones_first(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("name: site\nkind: site\ntitle: 自己的\n")
    assert find_profile("site", [tmp_path]).title == "自己的"
    assert find_profile("site").title == "任意网站"
    assert "site" in profile_names([tmp_path])


def test_a_changed_profile_is_read_anew(tmp_path: Path) -> None:
    import os

    path = tmp_path / "site.yaml"
    path.write_text("name: site\nkind: site\ntitle: 一\n")
    assert find_profile("site", [tmp_path]).title == "一"
    path.write_text("name: site\nkind: site\ntitle: 二\n")
    os.utime(path, ns=(1, 1))
    assert find_profile("site", [tmp_path]).title == "二"


@pytest.mark.parametrize("name", ["nowhere", "../sites/site", "", "/etc/passwd"])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(NotFound, match="There is no profile"):
        find_profile(name)


def test_a_profile_is_named_as_its_file(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(GOOD)
    with pytest.raises(ProfileError, match=r"other\.yaml: the profile is named 'my-shop'"):
        find_profile("other", [tmp_path])


def test_the_version_covers_how_pages_are_read_and_no_more() -> None:
    profile = parse_profile(GOOD)
    assert profile.version.startswith("sha256:")
    gentler = parse_profile(GOOD + "manners: {delay: 9}\nhealthy: {pages: 9}\n")
    assert gentler.version == profile.version
    assert parse_profile(GOOD.replace(".body", ".text")).version != profile.version
    assert pickle.loads(pickle.dumps(profile)).version == profile.version  # noqa: S301 - our own


def test_searches_become_start_addresses() -> None:
    profile = parse_profile(
        "name: s\nkind: search\nhosts: [s.example]\n"
        "searches: {template: 'https://s.example/s?q={words}', words: [专利 挂名], charset: gbk}\n"
    )
    assert profile.starts() == ("https://s.example/s?q=%D7%A8%C0%FB+%B9%D2%C3%FB",)
    assert profile.platform_key == "s.example"


def test_the_schema_is_one_that_editors_take() -> None:
    schema = profile_schema()
    assert {"name", "kind", "documents", "healthy"} <= schema["properties"].keys()
    assert schema["additionalProperties"] is False
