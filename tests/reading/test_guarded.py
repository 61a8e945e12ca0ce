"""Reading in a child process that can be killed."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lantian.reading import RawPage, Reading, SiteProfile, find_profile, needs_child, read_guarded
from lantian.reading.guarded import Guard

Page = Callable[..., RawPage]
Rules = Callable[[str], SiteProfile]

RULES = "documents: [{kind: page, text: body}]"
SLOW = ("<div>" * 60_000 + "包授权").encode()
"""Minutes of work for the parser."""


@pytest.fixture
def guard() -> Iterator[Guard]:
    guard = Guard()
    yield guard
    guard.close()


def code(reading: Reading) -> str:
    return (reading.unreadable or "").partition(":")[0]


def test_text_behind_5000_levels_is_found(page: Page, profile: Rules) -> None:
    raw = page("<div>" * 5000 + "包授权,不成退款" + "</div>" * 5000)
    assert needs_child(raw)
    reading = read_guarded(raw, profile(RULES), seconds=60)
    assert reading.unreadable is None
    assert [d.text for d in reading.documents] == ["包授权,不成退款"]


def test_a_large_page_is_read_whole(page: Page, profile: Rules) -> None:
    raw = page("<p>一些正文</p>" * 120_000 + "<p>包授权</p>")
    assert needs_child(raw)
    assert read_guarded(raw, profile(RULES), seconds=60).text.endswith("包授权")


def test_a_page_over_its_time_is_unreadable_and_the_next_one_is_read(
    page: Page, profile: Rules, guard: Guard
) -> None:
    reading = guard.read(page(SLOW), profile(RULES), seconds=0.3)
    assert code(reading) == "time"
    assert "not read within 0.3 s (300009 bytes)" in str(reading.unreadable)
    assert guard.child is None
    assert guard.read(page("<p>包授权"), profile(RULES), seconds=60).text == "包授权"


def test_a_page_that_takes_too_much_memory_is_unreadable(page: Page, profile: Rules) -> None:
    guard = Guard(memory=400 << 20)
    amplified = (
        "<div>" + "".join(f"<b id={n}>" for n in range(450)) + "</div>" + "<p>x</p>" * 60_000
    )
    reading = guard.read(page(amplified), profile(RULES), seconds=120)
    assert code(reading) in {"memory", "crash"}
    assert guard.read(page("<p>包授权"), profile(RULES), seconds=60).text == "包授权"
    guard.close()


def test_a_killed_child_is_an_unreadable_page_and_a_new_child(
    page: Page, profile: Rules, guard: Guard
) -> None:
    rules = profile(RULES)
    guard.read(page("<p>一"), rules, seconds=60)
    child = guard.child
    assert child is not None
    results: list[Reading] = []
    waiting = threading.Thread(
        target=lambda: results.append(guard.read(page(SLOW), rules, seconds=120))
    )
    waiting.start()
    while not guard.busy:
        waiting.join(0.01)
    os.kill(child, signal.SIGKILL)
    waiting.join()
    assert code(results[0]) == "crash"
    assert guard.read(page("<p>包授权"), rules, seconds=60).text == "包授权"
    assert guard.child != child


def test_a_child_that_died_between_two_pages_is_replaced(
    page: Page, profile: Rules, guard: Guard
) -> None:
    guard.read(page("<p>一"), profile(RULES), seconds=60)
    child = guard.child
    assert child is not None
    os.kill(child, signal.SIGKILL)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert guard.read(page("<p>包授权"), profile(RULES), seconds=60).text == "包授权"


def test_one_child_serves_many_pages_and_profiles(page: Page, profile: Rules, guard: Guard) -> None:
    children = set()
    for number in range(3):
        rules = profile(f"documents: [{{kind: page, text: .x{number}}}]")
        for _ in range(2):
            reading = guard.read(page(f"<p class=x{number}>包授权"), rules, seconds=60)
            assert reading.text == "包授权"
            children.add(guard.child)
    assert len(children) == 1


def test_threads_wait_for_each_other(page: Page, profile: Rules, guard: Guard) -> None:
    results: dict[int, str] = {}

    def read(number: int) -> None:
        raw = page(f"<p>第{number}页")
        results[number] = guard.read(raw, profile(RULES), seconds=60).text

    threads = [threading.Thread(target=read, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {n: f"第{n}页" for n in range(8)}


def test_where_the_first_finds_little_the_second_reads_what_is_not_shown(
    page: Page, profile: Rules
) -> None:
    hidden = "<p>好</p>" + "<div></div>" * 1000 + "<noscript><p>包授权,不成退款</p>"
    hidden += "<p>" + "很长的正文。" * 60 + "</noscript>"
    reading = read_guarded(page(hidden), profile(RULES), seconds=60)
    assert (reading.unreadable, reading.second_look) == (None, False)
    assert reading.documents[0].text.startswith("好\n包授权,不成退款\n很长的正文")


def test_where_the_first_finds_enough_what_is_not_shown_stays_out(
    page: Page, profile: Rules
) -> None:
    html = "<p>" + "正文" * 200 + "<noscript><p>" + "请启用脚本" * 200 + "</noscript>"
    reading = read_guarded(page(html), profile(RULES), seconds=60, second=True)
    assert reading.text == "正文" * 200


def test_the_second_reader_sees_into_shadow_roots(page: Page, profile: Rules) -> None:
    html = (
        "<x-card><template shadowrootmode=open><p>"
        + "包授权,不成退款。" * 20
        + "</template></x-card>"
    )
    reading = read_guarded(page(html), profile(RULES), seconds=60, second=True)
    assert reading.text == "包授权,不成退款。" * 20


def test_a_page_without_text_stays_empty_for_both(page: Page, profile: Rules) -> None:
    reading = read_guarded(page("<div></div>" * 2000), profile(RULES), seconds=60)
    assert code(reading) == "empty"


def test_a_saved_page_is_read_by_both(page: Page, profile: Rules) -> None:
    reading = read_guarded(page("<p>包<b>授</b>权"), profile(RULES), seconds=60, second=True)
    assert (reading.text, reading.second_look) == ("包授权", False)


def test_the_child_knows_no_spider_and_no_store() -> None:
    script = (
        "import sys, lantian.reading.child, lantian.reading.soup;"
        "print([m for m in sys.modules if m.split('.')[0] in ('scrapy', 'twisted', 'sqlalchemy')])"
    )
    root = Path(__file__).resolve().parents[2]
    out = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == "[]"


def test_the_child_ends_with_its_parent() -> None:
    script = (
        "import os; from lantian.reading import RawPage, find_profile;"
        "from lantian.reading.guarded import Guard; g = Guard();"
        "page = RawPage('https://a.example/', 200, (), b'<p>x');"
        "g.read(page, find_profile('site'), seconds=60); print(g.child, flush=True); os._exit(1)"
    )
    root = Path(__file__).resolve().parents[2]
    out = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False
    )
    child = int(out.stdout)
    with contextlib.suppress(ProcessLookupError):
        descriptor = os.pidfd_open(child)
        ended, _, _ = select.select([descriptor], [], [], 30)
        os.close(descriptor)
        assert ended


def test_a_shipped_profile_crosses_to_the_child(page: Page) -> None:
    raw = page("<main class=goods data-goods-id=T1><h1 class=goods-name>包授权</h1></main>",
               url="https://mall.tongye.example/goods/T1.html")  # fmt: skip
    reading = read_guarded(raw, find_profile("demo-shop"), seconds=60)
    assert reading.documents[0].posting_key == "listing:T1"
