"""A crawl that found less than a healthy one is an alarm."""

from collections.abc import Callable

from lantian.reading import RawPage, SiteProfile, Tally, alarms, read_page

Page = Callable[..., RawPage]
Rules = Callable[[str], SiteProfile]

RULES = """
documents:
  - {kind: listing, pages: ['/item/*'], text: .body, price: .price, required: [text, price]}
healthy: {pages: 3, documents: 2, required: 0.9, unreadable: 0.1}
"""
GOOD = "<p class=body>正文</p><b class=price>7</b>"


def tally(page: Page, profile: Rules, *pages: str) -> Tally:
    counts = Tally()
    for number, html in enumerate(pages):
        url = f"https://shop.example/item/{number}"
        counts.add(read_page(page(html, url=url), profile(RULES)))
    return counts


def test_a_healthy_crawl_raises_no_alarm(page: Page, profile: Rules) -> None:
    assert alarms(profile(RULES), tally(page, profile, GOOD, GOOD, GOOD)) == []


def test_an_empty_crawl_is_an_alarm(page: Page, profile: Rules) -> None:
    pages, documents = alarms(profile(RULES), tally(page, profile))
    assert pages == "0 pages seen; a healthy crawl sees at least 3."
    assert documents == "0 documents read; a healthy crawl reads at least 2."


def test_a_changed_layout_is_an_alarm_even_when_pages_answer(page: Page, profile: Rules) -> None:
    counts = tally(page, profile, GOOD, GOOD, "<section>新版</section>", "<p class=body>无价</p>")
    (broken,) = alarms(profile(RULES), counts)
    assert broken.startswith("Only 2 of 4 documents have all required fields")


def test_unreadable_pages_are_an_alarm(page: Page, profile: Rules) -> None:
    found = alarms(profile(RULES), tally(page, profile, GOOD, GOOD, GOOD, ""))
    assert "1 of 4 pages were unreadable; at most 10% may be." in found
