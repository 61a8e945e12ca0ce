"""The queue as a reviewer has it: keys, input methods, hostile text, in a real browser."""

import gzip
from collections.abc import Callable

import pytest

from dashboards.rendering import STATIC
from lantian.model import Clue
from tests.dashboards.conftest import Office, Watched

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<img src=http://track.example/p.gif>",
    "</mark><svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{7*7}}",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<link rel=stylesheet href=//track.example/a.css>",
    "' onmouseover='alert(1)",
    "<base href=//track.example/>",
)


def state_of(office: Office, clue_id: int) -> str:
    with office.parts.store.read() as session:
        return session.get_one(Clue, clue_id).state


def fill(office: Office, number: int) -> list[int]:
    ids = [office.market.posting(office.platform_id) for _ in range(number)]
    office.index_all()
    return ids


def test_the_queue_is_worked_off_by_keys_alone(
    served: Office, watched: Callable[..., Watched]
) -> None:
    ids = fill(served, 5)
    seen = watched()
    seen.go("/clues")
    seen.page.evaluate("window.stayed = true")
    assert seen.clue_shown() == ids[0]

    def press(key: str, then: int) -> None:
        seen.page.keyboard.press(key)
        seen.page.wait_for_selector(f'li.open[data-id="{then}"]')

    press("j", ids[1])
    press("k", ids[0])
    press("y", ids[1])
    assert state_of(served, ids[0]) == "confirmed"
    seen.page.keyboard.press("n")
    press("3", ids[2])
    assert state_of(served, ids[1]) == "dismissed"
    press("u", ids[1])
    assert state_of(served, ids[1]) == "open"
    seen.page.keyboard.press("x")
    assert seen.page.inner_text("#ticked") == "1"
    seen.page.keyboard.press("?")
    assert seen.page.locator("#keys").get_attribute("open") is not None
    seen.page.keyboard.press("Escape")
    seen.page.keyboard.press("/")
    assert seen.page.evaluate("document.activeElement.id") == "search"
    assert seen.page.evaluate("window.stayed"), "no step loaded the page anew"
    assert seen.complaints == []


def test_a_digit_without_n_does_nothing(served: Office, watched: Callable[..., Watched]) -> None:
    (clue_id,) = fill(served, 1)
    seen = watched()
    seen.go("/clues")
    seen.page.keyboard.press("3")
    seen.page.keyboard.press("j")
    assert state_of(served, clue_id) == "open"


def test_keys_are_dead_in_fields_and_while_composing(
    served: Office, watched: Callable[..., Watched]
) -> None:
    (clue_id,) = fill(served, 1)
    seen = watched()
    seen.go("/clues")
    seen.page.focus("#search")
    seen.page.keyboard.type("yn3")
    assert seen.page.input_value("#search") == "yn3"
    seen.page.evaluate("document.activeElement.blur()")
    for options in (
        "{key:'y', isComposing:true, bubbles:true}",
        "{key:'y', keyCode:229, bubbles:true}",
    ):
        seen.page.evaluate(f"document.body.dispatchEvent(new KeyboardEvent('keydown', {options}))")
    seen.page.keyboard.press("Control+y")
    seen.go("/clues")
    assert state_of(served, clue_id) == "open"


def test_letter_keys_can_be_switched_off(served: Office, watched: Callable[..., Watched]) -> None:
    (clue_id,) = fill(served, 1)
    seen = watched()
    seen.go("/clues")
    seen.page.click('button[name="shortcuts"]')
    seen.page.wait_for_selector('#page[data-shortcuts="off"]')
    seen.page.keyboard.press("y")
    seen.go("/clues")
    assert state_of(served, clue_id) == "open"


def test_the_facets_arrive_by_themselves_and_narrow(
    served: Office, watched: Callable[..., Watched]
) -> None:
    fill(served, 2)
    seen = watched()
    seen.go("/clues")
    seen.page.click("details.facets summary")
    seen.page.click("#facet-lists a[href*='claim=guaranteed_grant']")
    seen.page.wait_for_url("**claim=guaranteed_grant**")
    assert seen.page.locator("ol.rows li").count() == 2
    assert seen.complaints == []


@pytest.mark.parametrize("payload", HOSTILE)
def test_crawled_text_is_text_and_nothing_else(
    served: Office, watched: Callable[..., Watched], payload: str
) -> None:
    text = f"专利代理，发明专利包授权，不成功退款，加微信。{payload}"
    clue_id = served.market.posting(served.platform_id, text, title=payload)
    served.index_all()
    seen = watched("administrator")
    for path in (f"/clues/{clue_id}", f"/clues?q={payload}", "/notices", "/", "/admin"):
        seen.go(path)
    seen.go(f"/clues/{clue_id}")
    assert payload in seen.page.inner_text(".text")
    assert payload in seen.page.inner_text("article h1")
    assert seen.complaints == []
    assert seen.foreign == []


def test_the_first_load_is_small(served: Office, watched: Callable[..., Watched]) -> None:
    fill(served, 50)
    seen = watched()
    sizes: list[int] = []
    seen.page.on("response", lambda answer: sizes.append(len(answer.body())))
    seen.go("/clues")
    assert seen.page.locator("ol.rows li").count() == 50
    assert seen.page.evaluate("document.querySelectorAll('*').length") <= 1500
    scripts = [*(STATIC / "vendor").glob("*.js"), *STATIC.glob("*.js")]
    assert sum(len(gzip.compress(path.read_bytes())) for path in scripts) <= 25_000
    assert sum(len(gzip.compress(path.read_bytes())) for path in STATIC.glob("*.css")) <= 12_000
    assert len(gzip.compress(seen.page.content().encode())) <= 30_000


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_every_page_stands_in_both_languages(
    served: Office, watched: Callable[..., Watched], locale: str
) -> None:
    clue_id = served.market.confirmed(served.platform_id)
    served.index_all()
    seen = watched("administrator", locale)
    titles = set()
    for path in ("/", "/clues?state=all", f"/clues/{clue_id}?state=all", "/notices", "/admin"):
        seen.go(path)
        titles.add(seen.page.title())
        assert seen.page.evaluate("document.body.scrollWidth <= innerWidth"), path
    assert ("审核队列 · 蓝天" in titles) == (locale == "zh-CN")
    assert seen.complaints == []


def test_the_tour_goes_on_after_a_decision_and_can_be_skipped(
    served: Office, watched: Callable[..., Watched]
) -> None:
    ids = fill(served, 2)
    seen = watched()
    seen.go("/clues")
    tour, steps = seen.page.locator("#tour"), seen.page.locator("#tour li")
    assert tour.is_hidden(), "in a real installation it waits to be asked for"
    seen.page.click("[data-tour=again]")
    for number in range(steps.count()):
        assert steps.nth(number).is_visible()
        place = steps.nth(number).get_attribute("data-at")
        assert seen.page.locator(f".toured:is({place})").count() == 1
        if number == 2:
            seen.page.keyboard.press("y")
            seen.page.wait_for_selector(f'li.open[data-id="{ids[1]}"]')
            assert steps.nth(number).is_visible()
        seen.page.click("[data-tour=next]")
    assert tour.is_hidden()
    seen.page.click("[data-tour=again]")
    seen.page.click("[data-tour=skip]")
    seen.page.reload()
    assert tour.is_hidden()
    assert seen.complaints == []
