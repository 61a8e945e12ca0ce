"""The links of a page, each with its role."""

from collections.abc import Callable

import pytest

from lantian.reading import RawPage, SiteProfile, read_page

Page = Callable[..., RawPage]
Rules = Callable[[str], SiteProfile]


def links(
    page: Page, rules: SiteProfile, html: str, url: str = "https://shop.example/list"
) -> list[tuple[str, str]]:
    return [(link.role, link.url) for link in read_page(page(html, url=url), rules).links]


def test_the_first_rule_that_takes_an_address_gives_its_role(page: Page, profile: Rules) -> None:
    rules = profile(
        "links:\n"
        "  - {role: next, css: .pager a}\n"
        "  - {role: listing, allow: ['/item/*'], deny: ['/item/new']}\n"
        "  - {role: page, allow: ['/about**']}\n"
    )
    html = (
        "<a href=/item/1>一</a><a href=/item/1#x>再</a><a href=/item/new>新</a>"
        "<a href=/about/us?x=1>关于</a><a href=/other>其他</a>"
        "<p class=pager><a href=/item/9>下一页</a>"
    )
    assert links(page, rules, html) == [
        ("next", "https://shop.example/item/9"),
        ("listing", "https://shop.example/item/1"),
        ("page", "https://shop.example/about/us?x=1"),
    ]


def test_other_hosts_are_left_out_unless_a_rule_takes_them(page: Page, profile: Rules) -> None:
    html = (
        "<a href=//b.example/>外</a><a href=http://www.shop.example/>内</a>"
        "<a href=mailto:x@y.example>信</a>"
    )
    inside = profile("links: [{role: page}]")
    assert links(page, inside, html) == [("page", "http://www.shop.example/")]
    outside = profile("links: [{role: result, off_site: true}]")
    assert len(links(page, outside, html)) == 2


def test_the_hosts_of_a_profile_decide_what_belongs_to_the_site(page: Page, profile: Rules) -> None:
    rules = profile("hosts: [shop.example, '*.cdn.example']\nlinks: [{role: page}]")
    html = "<a href=https://a.cdn.example/x>1</a><a href=https://cdn.example/x>2</a>"
    assert links(page, rules, html) == [("page", "https://a.cdn.example/x")]


def test_addresses_are_relative_to_the_base(page: Page, profile: Rules) -> None:
    rules = profile("links: [{role: page}]")
    html = "<base href=/deep/><a href=x>一</a><a href='?p=2'>二</a>"
    assert links(page, rules, html) == [
        ("page", "https://shop.example/deep/x"),
        ("page", "https://shop.example/deep/?p=2"),
    ]


@pytest.mark.parametrize(
    "rule",
    [
        "css: '[data-to]', attr: data-to",
        "xpath: //*/@data-to",
        "xpath: '//*[@data-to]', attr: data-to",
    ],
)
def test_addresses_may_stand_in_any_attribute(page: Page, profile: Rules, rule: str) -> None:
    rules = profile(f"links: [{{role: page, {rule}}}]")
    assert links(page, rules, "<li data-to=/x>一") == [("page", "https://shop.example/x")]


def test_ids_become_addresses_by_a_template(page: Page, profile: Rules) -> None:
    rules = profile("links: [{role: listing, css: '[data-id]', attr: data-id, template: '/i/{}'}]")
    assert links(page, rules, "<li data-id=7>") == [("listing", "https://shop.example/i/7")]


def test_a_rule_may_look_on_some_pages_only(page: Page, profile: Rules) -> None:
    rules = profile("links: [{role: page, pages: ['/list**']}]")
    assert links(page, rules, "<a href=/x>一")
    assert not links(page, rules, "<a href=/x>一", url="https://shop.example/item/1")


def test_a_page_full_of_links_gives_no_more_than_the_limit(page: Page, profile: Rules) -> None:
    from lantian.reading.links import MOST_LINKS

    html = "".join(f"<a href=/x/{n}>x</a>" for n in range(MOST_LINKS + 50))
    assert len(links(page, profile("links: [{role: page}]"), html)) == MOST_LINKS


def test_overlong_addresses_are_left_out(page: Page, profile: Rules) -> None:
    html = f"<a href=/{'x' * 3000}>x</a><a href=/y>y</a>"
    rules = profile("links: [{role: page}]")
    assert links(page, rules, html) == [("page", "https://shop.example/y")]
