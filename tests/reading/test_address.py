"""Canonical addresses."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.errors import Invalid
from lantian.reading import SiteProfile, canonical_url
from lantian.reading.address import host_allowed, join, path_of

Rules = Callable[[str], SiteProfile]


@pytest.mark.parametrize(
    "written, canonical",
    [
        ("https://a.example/x", "https://a.example/x"),
        ("HTTPS://A.Example:443/x#top", "https://a.example/x"),
        ("http://a.example:80", "http://a.example/"),
        ("http://a.example:8080/", "http://a.example:8080/"),
        ("https://a.example/x?b=2&a=1", "https://a.example/x?a=1&b=2"),
        ("https://a.example/x?utm_source=m&id=3&spm=a.b&scm=1&pvid=9&from=top", "https://a.example/x?id=3"),
        ("https://a.example/x;jsessionid=AB12?id=3", "https://a.example/x?id=3"),
        ("https://a.example/a/../b/./c", "https://a.example/b/c"),
        ("https://user:secret@a.example/x", "https://a.example/x"),
        ("https://a.example/搜索?q=专利 代理", "https://a.example/%E6%90%9C%E7%B4%A2?q=%E4%B8%93%E5%88%A9+%E4%BB%A3%E7%90%86"),
        ("  https://a.example/x\n", "https://a.example/x"),
        ("https://中文.example/", "https://xn--fiq228c.example/"),
        ("https://[2001:DB8::1]:443/x", "https://[2001:db8::1]/x"),
    ],
)  # fmt: skip
def test_one_page_has_one_address(written: str, canonical: str) -> None:
    assert canonical_url(written) == canonical


@pytest.mark.parametrize(
    "written",
    ["", "ftp://a.example/x", "javascript:alert(1)", "https://", "a.example/x", "http://a:99999/"],
)
def test_what_is_no_page_is_refused_by_name(written: str) -> None:
    with pytest.raises(Invalid, match="is no address of a page"):
        canonical_url(written)


def test_a_profile_drops_and_keeps_its_own_parameters(profile: Rules) -> None:
    rules = profile("address: {drop: [ref, 'track_*'], keep: [from]}")
    url = "https://a.example/x?ref=1&track_id=2&from=shop&id=3&utm_medium=m"
    assert canonical_url(url, rules) == "https://a.example/x?from=shop&id=3"


def test_a_profile_may_keep_order_and_fragment(profile: Rules) -> None:
    rules = profile("address: {sort: false, fragment: true}")
    assert canonical_url("https://a.example/#!/b?z=1", rules) == "https://a.example/#!/b?z=1"
    assert canonical_url("https://a.example/x?b=2&a=1", rules) == "https://a.example/x?b=2&a=1"


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(text, text, text, st.booleans())
def test_canonical_addresses_stay_as_they_are(
    path: str, query: str, fragment: str, secure: bool
) -> None:
    url = f"http{'s' if secure else ''}://a.example/{path}?{query}#{fragment}"
    try:
        once = canonical_url(url)
    except Invalid:
        return
    assert canonical_url(once) == once


@given(st.text(st.sampled_from("aA1/.?&=;:@#%+ -_~[]{}|^`\\'\"<>一é\t\0"), max_size=60))
def test_addresses_of_odd_characters_stay_as_they_are(rest: str) -> None:
    try:
        once = canonical_url(f"http://a.example{rest}")
    except Invalid:
        return
    assert canonical_url(once) == once


@given(st.dictionaries(st.from_regex(r"[a-z]{2,6}", fullmatch=True), text, max_size=5))
def test_the_order_of_parameters_tells_no_pages_apart(parameters: dict[str, str]) -> None:
    from urllib.parse import urlencode

    forward = urlencode(parameters)
    backward = urlencode(dict(reversed(parameters.items())))
    base = "https://a.example/x?"
    assert canonical_url(base + forward) == canonical_url(base + backward)


@given(text)
def test_no_address_raises_anything_else(url: str) -> None:
    try:
        found = canonical_url(url)
    except Invalid:
        return
    assert found.startswith(("http://", "https://"))


@pytest.mark.parametrize(
    "href, absolute",
    [
        ("/a", "https://x.example/a"),
        ("b", "https://x.example/dir/b"),
        ("//y.example/a", "https://y.example/a"),
        ("http://y.example/", "http://y.example/"),
        ("?p=2", "https://x.example/dir/page?p=2"),
        ("#top", None),
        ("", None),
        ("javascript:void(0)", None),
        ("MAILTO:a@b.example", None),
        ("data:text/html,x", None),
        ("http://[bad", "http://[bad"),
    ],
)
def test_links_become_absolute(href: str, absolute: str | None) -> None:
    assert join("https://x.example/dir/page", "https://x.example", href) == absolute


def test_hosts_below_a_host_belong_to_its_star_pattern() -> None:
    assert host_allowed("a.b.example", ["*.b.example"])
    assert not host_allowed("b.example", ["*.b.example"])
    assert not host_allowed("ab.example", ["*.b.example", "b.example"])


def test_a_path_begins_with_a_slash() -> None:
    assert path_of("https://a.example") == "/"
    assert path_of("https://a.example/x?y=1") == "/x?y=1"
