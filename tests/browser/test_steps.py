"""Steps on a page before it is read."""

from dataclasses import replace
from typing import TYPE_CHECKING

from lantian.browser.visit import Step, Steps
from tests.browser.conftest import LIMITS

if TYPE_CHECKING:
    from tests.browser.conftest import Browsing

PATIENT = replace(LIMITS, patience=1.5)


def items(dom: bytes) -> int:
    """How many goods stand in the page."""
    return dom.count(b'class="goods"')


def taken(browser: "Browsing", path: str, *steps: Step, pause: float = 0.0) -> tuple[int, str]:
    """How many goods there are after the steps, and what could not be done."""
    visit = browser.visit(path, steps=Steps(steps, pause), limits=PATIENT)
    return items(visit.dom), "; ".join(visit.missing)


def test_a_button_is_clicked_until_it_is_gone(browser: "Browsing") -> None:
    before = browser.site.paths().count("/more?page=3")
    assert taken(browser, "/load-more", Step(click=".more", items=".goods")) == (9, "")
    assert browser.site.paths().count("/more?page=3") == before + 1


def test_a_page_is_scrolled_until_nothing_more_comes(browser: "Browsing") -> None:
    assert taken(browser, "/scroll", Step(scroll="page", items=".goods")) == (12, "")


def test_without_items_the_height_tells_whether_more_came(browser: "Browsing") -> None:
    assert taken(browser, "/scroll", Step(scroll="page")) == (12, "")


def test_a_list_within_the_page_is_scrolled(browser: "Browsing") -> None:
    assert taken(browser, "/scroll-within", Step(scroll=".list", items=".goods")) == (12, "")


def test_it_ends_with_as_many_as_are_wanted(browser: "Browsing") -> None:
    found, missing = taken(browser, "/scroll", Step(scroll="page", items=".goods", until=6))
    assert (found, missing) == (6, "")


def test_an_endless_list_ends_and_says_so(browser: "Browsing") -> None:
    step = Step(scroll="page", items=".goods", times=4)
    found, missing = taken(browser, "/scroll-for-ever", step)
    assert found == 3 + 4 * 3
    assert missing == "there was more after 4 times of page"


def test_a_step_waits_for_what_comes_late(browser: "Browsing") -> None:
    found, missing = taken(browser, "/load-more", Step(wait=".late"), Step(click=".late button"))
    assert (found, missing) == (3 + 1, "")


def test_what_is_not_there_is_told_and_the_page_is_taken(browser: "Browsing") -> None:
    found, missing = taken(browser, "/load-more", Step(wait=".nowhere"), Step(click=".nobody"))
    assert (found, missing) == (3, "it has no .nowhere; it has no .nobody")


def test_steps_that_take_too_long_are_broken_off_and_told(browser: "Browsing") -> None:
    limits = replace(PATIENT, steps_seconds=2)
    step = Step(scroll="page", items=".goods", times=10_000)
    visit = browser.visit("/scroll-for-ever", steps=Steps((step,)), limits=limits)
    assert items(visit.dom) >= 3
    assert visit.missing == ("its steps were broken off after 2 s",)


def test_a_click_that_leads_to_another_page_gives_that_page(browser: "Browsing") -> None:
    visit = browser.visit("/leads-on", steps=Steps((Step(click="a"),)), limits=PATIENT)
    assert visit.final_url == f"{browser.site.url}/plain"
    assert "商标注册代理" in visit.dom.decode()


def test_a_button_in_a_shadow_root_is_found(browser: "Browsing") -> None:
    found, missing = taken(browser, "/shadow-more", Step(click=".more", items=".goods"))
    assert (found, missing) == (9, "")


def test_dialogs_and_new_windows_of_a_click_stop_nothing(browser: "Browsing") -> None:
    visit = browser.visit("/rude-more", steps=Steps((Step(click=".more", items=".goods"),)))
    assert items(visit.dom) == 9
    assert visit.dialogs == 2
