"""The extraction record in English says what the Chinese one does, of the same data."""

import re
from typing import Any

import pytest

from lantian.evidence.bundle import english, extraction
from lantian.evidence.bundle.printed import printed
from tests.evidence.bundle.conftest import Case

CHINESE = re.compile("[\u4e00-\u9fff]")
FORM = "电子数据提取笔录"


def rows(page: str) -> list[str]:
    """Each value of the record's table, without its name."""
    table = page.partition("<table>")[2].partition("</table>")[0]
    return re.findall(r"</th><td>(.*?)</td>", table)


def test_both_pages_are_of_the_same_data_and_tell_the_same(case: Case) -> None:
    with case.store.read() as session:
        chinese, made = (
            printed(session, case.archive, 2, office="Office", demonstration=False, in_english=one)
            for one in (False, True)
        )
    assert made.data == chinese.data
    page, other = made.page.decode(), chinese.page.decode()
    assert made.digest in page
    assert len(rows(page)) == len(rows(other)) > 25
    assert page.count("<li>") == other.count("<li>") >= 3
    assert page.count("<img") == other.count("<img")
    assert "https://shop.example/goods/1" in rows(page)
    without_data = re.sub(r"</th><td>.*?</td>|<li>.*?</li>", "", page.replace(FORM, ""))
    assert CHINESE.search(without_data) is None
    assert "<h1>Record of electronic data extraction</h1>" in page
    assert "as the browser" in page or "as received" in page


TOLD: dict[str, Any] = {
    "case": {"task": "crawl:shop", "purpose": "evidence"},
    "person": None,
    "target": {
        "url": "https://shop.example/a", "final_url": "https://shop.example/b",
        "remote_ip": "192.0.2.1", "via": "browser", "status": 200,
    },
    "time": {"captured": "2026-11-24T08:30:00+00:00"},
    "obtained": [{"role": role} for role in ("payload", "dom", "pdf", "part", "request")],
    "screenshots": ["x.png"],
    "unreadable": "too deep",
    "hits_stood": True,
}  # fmt: skip


@pytest.mark.parametrize("person", [None, "Li"])
@pytest.mark.parametrize("via", ["http", "browser", "handed"])
@pytest.mark.parametrize("status", [0, 200])
def test_no_step_is_left_out_in_english(person: str | None, via: str, status: int) -> None:
    target = {**TOLD["target"], "via": via, "status": status}
    told = {**TOLD, "person": person, "target": target}
    steps = english.steps_of(told)
    # One sentence more where English takes two for one.
    more = int(person is not None or via == "handed")
    assert len(steps) == len(extraction.steps_of(told)) + more
    assert not any(CHINESE.search(step) for step in steps)
    assert english.beijing(TOLD["time"]["captured"]) == "2026-11-24 16:30:00"
    assert english.ROLES.keys() == extraction.ROLES.keys()
