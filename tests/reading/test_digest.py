"""The content digest: noise is no change, a changed claim is."""

from collections.abc import Callable

import pytest

from lantian.reading import RawPage, SiteProfile, content_digest, read_page

Page = Callable[..., RawPage]
Rules = Callable[[str], SiteProfile]

RULES = """
links: [{role: listing, allow: ['/item/*']}]
documents:
  - {kind: listing, pages: ['/item/*'], title: h1, text: .body,
     fields: {sales: .sales}, volatile: [sales]}
"""
PAGE = "<h1>商标注册</h1><div class=body>正文</div><i class=sales>37</i><p class=ad>甲</p><!--1-->"
ITEM = "https://shop.example/item/1"


def digest(page: Page, profile: Rules, html: str, url: str = ITEM, status: int = 200) -> str:
    return content_digest(read_page(page(html, url=url, status=status), profile(RULES)))


@pytest.mark.parametrize(
    "old, new",
    [
        ("37", "38"),
        ("甲", "乙"),
        ("<!--1-->", "<!--2-->"),
        ("<p class=ad>", "<div id=9>"),
        ("正文", "正<b>文</b>"),
    ],
)
def test_counters_adverts_and_markup_are_no_change(
    page: Page, profile: Rules, old: str, new: str
) -> None:
    assert digest(page, profile, PAGE.replace(old, new)) == digest(page, profile, PAGE)


@pytest.mark.parametrize("old, new", [("正文", "包授权"), ("商标注册", "商标包过")])
def test_other_words_are_a_change(page: Page, profile: Rules, old: str, new: str) -> None:
    assert digest(page, profile, PAGE.replace(old, new)) != digest(page, profile, PAGE)


def test_a_list_changes_with_its_links_not_with_its_counters(page: Page, profile: Rules) -> None:
    html = "<a href=/item/1>一</a><a href=/item/2>二</a><p>共 7 人在看"
    url = "https://shop.example/list"
    same = html.replace("7 人", "8 人").replace("/item/1", "/item/1?spm=x")
    assert digest(page, profile, html, url) == digest(page, profile, same, url)
    assert digest(page, profile, html, url) != digest(page, profile, html[20:], url)


def test_a_page_that_is_gone_is_a_change(page: Page, profile: Rules) -> None:
    assert digest(page, profile, PAGE, status=404) != digest(page, profile, PAGE)


def test_a_digest_names_its_algorithm(page: Page, profile: Rules) -> None:
    assert digest(page, profile, PAGE).startswith("sha256:")
