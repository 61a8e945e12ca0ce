"""The main job, walked by a person and a platform: queue, confirm, notice, answer, re-check."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from demo.pages import MALL_HOST
from tests.walk.conftest import Walk

HOLD_IS_OVER = timedelta(minutes=10, seconds=5)


def log_in(walk: Walk, page: Page) -> None:
    page.goto(walk.login_address())
    page.get_by_role("button", name="登录").click()
    page.get_by_role("link", name="审核队列").click()
    expect(page.locator("ol.rows li.open")).to_be_visible()


def confirm_the_first(page: Page) -> int:
    """The clue that was open, confirmed by a key; the next one stands there."""
    clue_id = int(page.locator("ol.rows li.open").get_attribute("data-id") or 0)
    page.keyboard.press("y")
    expect(page.locator("p.done")).to_contain_text(f"#{clue_id}")
    expect(page.locator("ol.rows li.open")).not_to_have_attribute("data-id", str(clue_id))
    return clue_id


def send_notice(page: Page, clue_id: int) -> None:
    """A notice of this clue alone, sent from its preview; its page is open then."""
    page.get_by_role("link", name="处置通知").click()
    expect(page.locator("main h1")).to_have_text("处置通知")
    for box in page.locator('input[name="clue"]').all():
        box.set_checked(box.get_attribute("value") == str(clue_id))
    page.get_by_role("button", name="核对收件平台").click()
    expect(page.locator("main li")).to_have_count(1)
    page.get_by_role("button", name="发送").click()
    expect(page.locator("#notice-state")).to_have_text("已发送")


@pytest.mark.parametrize(
    "takes_down, busy, shown, told, presence",
    [
        pytest.param(True, False, "已核实删除", "verified_removed", "gone", id="site-removes-it"),
        pytest.param(False, False, "仍然存在", "still_there", "online", id="platform-only-says-so"),
        pytest.param(False, True, "无法查看", "could_not_be_seen", "online", id="site-answers-503"),
    ],
)
def test_a_clue_goes_from_the_queue_to_what_the_re_check_found(
    walk: Walk, page: Page, *, takes_down: bool, busy: bool, shown: str, told: str, presence: str
) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    log_in(walk, page)
    clue_id = confirm_the_first(page)
    walk.pass_time(HOLD_IS_OVER)
    send_notice(page, clue_id)

    platform = walk.platform(takes_down=takes_down)
    assert platform.answer_all() == 1
    page.reload()
    expect(page.locator("#notice-state")).to_have_text("已答复")
    line = page.locator(f'tr[data-clue="{clue_id}"]')
    expect(line.locator(".action")).to_have_text("已删除")
    expect(line.locator(".result")).to_have_text("–")

    walk.sites.shown.change(broken=frozenset({MALL_HOST} if busy else ()))
    assert walk.recheck() == 1
    page.reload()
    expect(line.locator(".result")).to_contain_text(shown)

    (notice,) = [
        one
        for one in platform.notices("answered", "closed")
        if [item["clue_id"] for item in one["items"]] == [clue_id]
    ]
    assert notice["items"][0]["check_result"] == told
    assert walk.presence_of(clue_id) == presence
    assert complaints == []
