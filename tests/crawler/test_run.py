"""The seen set with its budget, the queue, and what becomes of an answer."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadTimeoutError, IgnoreRequest
from scrapy.utils.request import RequestFingerprinter

from crawler.answer import Answer
from crawler.frontier import Frontier
from crawler.middlewares.egress import OffSite, Refused
from crawler.middlewares.visits import judge, why
from crawler.run import Seen, fingerprint
from lantian.reading import Reading
from lantian.store.frontier import Planned


def test_an_address_is_planned_once() -> None:
    seen = Seen(pages=10, depth=5, parameters=10)
    row = seen.plan("http://a.example/x", "page", 1)

    assert row == Planned(fingerprint("http://a.example/x"), "http://a.example/x", "page", 1)
    assert seen.plan("http://a.example/x", "listing", 2) is None
    assert not seen.left_out


@pytest.mark.parametrize("pages,depth,parameters", [(1, 5, 10), (10, 0, 10), (10, 5, 1)])
def test_what_is_over_the_budget_is_left_out_and_that_is_told(
    pages: int, depth: int, parameters: int
) -> None:
    seen = Seen(pages, depth, parameters)
    first = seen.plan("http://a.example/calendar?month=1", "page", 0)

    assert first is not None
    assert seen.plan("http://a.example/calendar?month=2", "page", 1) is None
    assert seen.left_out


def test_an_interrupted_crawl_plans_nothing_that_it_had_planned() -> None:
    seen = Seen(pages=10, depth=5, parameters=2)
    seen.load(
        [(fingerprint(url), url, 1) for url in ("http://a.example/", "http://a.example/b?x=1")]
    )

    assert seen.plan("http://a.example/", "page", 1) is None
    assert seen.plan("http://a.example/b?x=2", "page", 1) is not None
    assert seen.plan("http://a.example/b?x=3", "page", 1) is None


def test_an_interrupted_crawl_at_the_edge_of_its_budget_cannot_be_called_whole() -> None:
    seen = Seen(pages=10, depth=1, parameters=10)
    seen.load([(fingerprint("http://a.example/b"), "http://a.example/b", 1)])

    assert seen.left_out


def queue() -> Frontier:
    crawler = SimpleNamespace(request_fingerprinter=RequestFingerprinter())
    return Frontier(cast("Crawler", crawler))


def test_the_queue_gives_by_priority_and_then_in_order() -> None:
    waiting = queue()
    for number, priority in enumerate((0, 2, 0, 2, 1)):
        request = Request(f"http://a.example/{number}", priority=priority)
        assert waiting.enqueue_request(request)

    given = [waiting.next_request() for _ in range(5)]

    assert [request.url[-1] for request in given if request is not None] == list("13402")
    assert waiting.next_request() is None
    assert not waiting.has_pending_requests()


def test_the_queue_drops_repeats_but_never_the_request_of_a_row() -> None:
    waiting = queue()
    row = Planned("f", "http://a.example/", "page")

    assert waiting.enqueue_request(Request("http://a.example/"))
    assert not waiting.enqueue_request(Request("http://a.example/"))
    assert waiting.enqueue_request(Request("http://a.example/", meta={"row": row}))
    assert len(waiting) == 2


def read(hint: Any = None) -> Reading:
    return Reading(kind="page", title="", text="text", charset="utf-8", outcome_hint=hint)


@pytest.mark.parametrize(
    "status,hint,outcome",
    [
        (200, None, "seen"),
        (200, "gone", "gone"),
        (200, "blocked", "blocked"),
        (200, "logged_out", "logged_out"),
        (304, None, "unchanged"),
        (404, "gone", "gone"),
        (500, None, "failed"),
        (400, None, "failed"),
    ],
)
def test_an_answer_has_one_outcome(status: int, hint: Any, outcome: str) -> None:
    answer = Answer(b"HTTP/1.1 200 OK\r\n\r\n", b"", status, reading=read(hint))
    assert judge(answer, status)[0] == outcome


@pytest.mark.parametrize(
    "error,outcome,told",
    [
        (IgnoreRequest("Forbidden by robots.txt"), "blocked", "robots"),
        (IgnoreRequest("max redirections reached"), "failed", "redirected in a circle"),
        (Refused("it is loopback"), "blocked", "refused: it is loopback"),
        (OffSite("redirected to another site"), "failed", "redirected to another site"),
        (DownloadTimeoutError("3 seconds"), "failed", "timed out"),
        (OSError("broken pipe"), "failed", "OSError: broken pipe"),
    ],
)
def test_a_fetch_without_an_answer_has_one_outcome_and_its_cause(
    error: Exception, outcome: str, told: str
) -> None:
    found, detail = why(error)
    assert found == outcome
    assert detail.startswith(told)
