"""What stands in frames and shadow roots reaches the reader."""

from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser

if TYPE_CHECKING:
    from tests.browser.conftest import Browsing


def tree(dom: bytes) -> LexborHTMLParser:
    """The page as the reader parses it."""
    return LexborHTMLParser(dom.decode("utf-8"))


def words(page: LexborHTMLParser, css: str = "body") -> list[str]:
    """What stands there for a person to read."""
    found = page.css_first(css)
    assert found is not None
    for unseen in found.css("style, script"):
        unseen.decompose()
    return found.text(separator=" ").split()


def test_text_and_links_of_frames_stand_in_their_places(browser: "Browsing") -> None:
    visit = browser.visit("/frames")
    page = tree(visit.dom)
    inner = f"{browser.site.url}/inner?a=1"
    link = page.css_first(f".detail [data-lantian-frame='{inner}'] a")
    assert link is not None
    assert link.attributes["href"] == f"{browser.site.url}/more.html"
    assert words(page) == (
        ["外面", "框里：包授权", "下一页", "最里面", "，写出来的", "直接写的", "后面"]
    )
    assert visit.missing == ()


def test_a_frame_of_another_site_is_read_and_what_it_loads_is_kept(browser: "Browsing") -> None:
    visit = browser.visit("/foreign", evidence=True)
    assert words(tree(visit.dom)) == ["外面", "别处", "的框"]
    there = browser.other.url
    assert {f"{there}/frame", f"{there}/picture.png"} <= {part.url for part in visit.parts}
    assert browser.visit("/foreign").blocked >= 1


def test_what_the_proxy_says_of_a_refused_frame_is_not_read(browser: "Browsing") -> None:
    visit = browser.visit("/frames-other-port")
    assert visit.refused >= 1
    assert words(tree(visit.dom)) == ["框"]


def test_a_page_of_frames_alone_has_their_text(browser: "Browsing") -> None:
    text = words(tree(browser.visit("/frameset").dom))
    assert "框里：包授权" in text
    assert "商标注册代理" in text


def test_frames_within_frames_end(browser: "Browsing") -> None:
    visit = browser.visit("/frames-for-ever")
    assert words(tree(visit.dom)).count("内") <= 2


def test_shadow_roots_are_read_as_a_person_sees_them(browser: "Browsing") -> None:
    page = tree(browser.visit("/shadow").dom)
    card = page.css_first("offer-card[data-lantian-shadow]")
    assert card is not None
    assert words(page, "offer-card") == (
        ["影子里：包授权", "看", "价", "980元", "默认处", "再里面", "没有放的"]
    )
    assert page.css_first("offer-card a[href='/goods/7']") is not None
    assert page.css_first("offer-card nested-card em") is not None
    assert "关着的" not in words(page)
    assert page.css_first("noscript p") is not None
