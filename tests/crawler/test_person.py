"""Walls become tasks for a person, and what the person captures lives on as any other page."""

import asyncio
import json
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from lantian.browser.find import find_chromium
from lantian.commands.capture_window import require_display, show
from lantian.egress.deny import Permission, Permissions
from lantian.egress.resolver import Resolver
from lantian.errors import BrowserUnavailable
from lantian.settings import Settings
from tests.services.loopback import Installation, Page, Site

Sites = Callable[..., Site]
FORM = '<form><input name="u"><input type="password" name="p"><button>登录</button></form>'
LOG_IN = f"<title>会员登录</title><h1>会员登录</h1>{FORM}"
CLAIM = "<title>速达商标</title><h1>速达商标</h1><p>专利申请包授权，不授权退款，三个月下证。</p>"
QUIET = "<p>本所办理商标注册、续展和转让，收费见价目表，欢迎来所面谈。</p>"


def walled(site: Sites) -> Site:
    links = "".join(f'<a href="{path}">{path}</a>' for path in ("/a", "/b", "/c", "/open"))
    place = site({"/": Page(f"<title>目录</title>{QUIET}{links}"), "/open": Page(QUIET)})
    place.pages["/a"] = Page(LOG_IN)
    place.pages["/b"] = Page('<p>访问异常，请完成拼图</p><div class="geetest_box"></div>')
    place.pages["/c"] = Page("no", 403, "text/plain")
    place.pages["/robots.txt"] = Page("User-agent: *\nDisallow: /closed", media_type="text/plain")
    return place


def tasks(installation: Installation) -> list[dict[str, Any]]:
    done = installation.command("source", "tasks", "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def saved_as_mhtml(path: Path, url: str, html: str) -> Path:
    page = EmailMessage()
    page["Snapshot-Content-Location"] = url
    page["Date"] = "Sat, 28 Nov 2026 08:00:00 +0800"
    page["Content-Location"] = url
    page.set_content(html, subtype="html")
    message = EmailMessage()
    message["From"] = "<Saved by Blink>"
    message["Snapshot-Content-Location"] = url
    message["Date"] = "Sat, 28 Nov 2026 08:00:00 +0800"
    message.make_related()
    message.attach(page)
    path.write_bytes(message.as_bytes())
    return path


def test_walls_become_tasks_and_a_saved_page_ends_its_task_with_its_claims_found(
    installation: Installation, site: Sites, tmp_path: Path
) -> None:
    place = walled(site)
    summary = installation.crawl(place.url("/"), "--allow", place.place)
    assert (summary["logged_out"], summary["blocked"], summary["seen"]) == (1, 2, 2)
    found = {task["url"].removeprefix(place.url("/")): task for task in tasks(installation)}
    assert {path: task["kind"] for path, task in found.items()} == {
        "a": "login",
        "b": "captcha",
        "c": "refused",
    }
    assert found["b"]["detail"] == "a check for robots: Geetest"
    # The program does not try again what a person is to see.
    asked = len(place.asked)

    wall = saved_as_mhtml(tmp_path / "wall.mhtml", place.url("/a"), LOG_IN)
    refused = installation.command("capture", place.url("/a"), "--file", str(wall))
    assert refused.returncode == 1
    assert "wants a log-in itself" in refused.stderr

    saved = saved_as_mhtml(tmp_path / "saved.mhtml", place.url("/a"), CLAIM)
    done = installation.command(
        *("capture", place.url("/a"), "--file", str(saved), "--by", "李四", "--json")
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["outcome"] == "seen"
    assert told["hits"] >= 1
    assert len(told["clues"]) == 1
    assert len(place.asked) == asked

    assert {task["kind"] for task in tasks(installation)} == {"captcha", "refused"}
    state, by, capture = installation.rows(
        "select state, how, capture_id from person_task where kind = 'login'"
    )[0]
    assert (state, capture) == ("done", told["capture"])
    assert by.startswith("李四: saved by hand, file saved.mhtml (sha256:")
    assert installation.rows("select count(*) from job where kind = 'evidence'") == [(0,)]
    assert ("capture.by_hand",) in installation.rows("select action from audit_event")
    sheet = tmp_path / "record.html"
    record = installation.command("evidence", "record", str(capture), str(sheet))
    assert record.returncode == 0, record.stderr
    assert "由人工取证：captured by 李四: saved by hand" in sheet.read_text("utf-8")
    verified = installation.command("evidence", "verify", "--deep")
    assert verified.returncode == 0, verified.stdout + verified.stderr

    # The same wall is no new task as long as the page need not be looked at again.
    installation.crawl(place.url("/"))
    assert {task["kind"] for task in tasks(installation)} == {"captcha", "refused"}

    # What a crawl sees after all needs nobody any more; what nobody needs is dropped with a reason.
    place.pages["/b"] = Page(QUIET + "b")
    installation.crawl(place.url("/"))
    (left,) = tasks(installation)
    assert left["kind"] == "refused"
    number = str(left["id"])
    assert installation.command("source", "tasks", "--drop", number).returncode == 1
    assert (
        installation.command("source", "tasks", "--drop", number, "--why", "无关").returncode == 0
    )
    assert tasks(installation) == []


def test_without_a_display_it_is_said_what_to_do_instead(
    installation: Installation, site: Sites
) -> None:
    place = site({"/": Page(QUIET)})
    done = installation.command("capture", place.url("/"))

    if require_display_fails():
        assert done.returncode == 1
        assert "this machine has no display" in done.stderr
        assert "--file saved.mhtml" in done.stderr
    assert place.asked == []


def require_display_fails() -> bool:
    try:
        require_display()
    except BrowserUnavailable:
        return True
    return False


def test_no_display_is_told_by_the_variables() -> None:
    require_display({"DISPLAY": ":0"})
    require_display({"WAYLAND_DISPLAY": "wayland-0"})
    with pytest.raises(BrowserUnavailable, match="no display"):
        require_display({})


def test_a_window_gives_what_it_shows_when_the_person_says_so(site: Sites) -> None:
    try:
        find_chromium("")
    except BrowserUnavailable as error:
        pytest.skip(str(error))
    place = site({"/a": Page(LOG_IN, headers={"Set-Cookie": "secret=1"})})
    host, _, port = place.place.partition(":")

    async def person() -> None:
        # Stands for who logs in: from now on the page is there.
        place.pages["/a"] = Page(CLAIM, headers={"Set-Cookie": "secret=2"})

    shown = asyncio.run(
        show(
            place.url("/a"),
            settings=Settings(),
            resolver=Resolver(),
            permissions=Permissions.of([Permission(host, int(port))]),
            ready=person,
            headless=True,
        )
    )

    assert shown.status == 200
    assert "会员登录" in shown.dom.decode()
    assert shown.screenshot is not None
    assert shown.screenshot.startswith(b"\x89PNG")
    assert b"secret" not in shown.raw_head
    assert b"HTTP/1.1 200" in shown.raw_head
