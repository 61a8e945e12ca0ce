"""How long a host is left alone after it refused, and who waits."""

import asyncio
from datetime import UTC, datetime

import pytest
from scrapy.http import Headers, Response

from crawler.courtesy import LATER, LONGEST, Courtesy, PutOff, retry_after

NOW = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)
URL = "http://a.example/x"


def refused(status: int = 503, **fields: str) -> Response:
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    return Response(URL, status=status, headers=headers, body=b"later")


@pytest.mark.parametrize(
    "fields, seconds",
    [
        ({"Retry-After": "120"}, 120.0),
        ({"Retry-After": " 0 "}, 0.0),
        ({"Retry-After": "9" * 40}, LONGEST),
        ({"Retry-After": "Sat, 28 Nov 2026 04:10:00 GMT"}, 600.0),
        ({"Retry-After": "Sat, 28 Nov 2026 03:00:00 GMT"}, 0.0),
        ({"Retry-After": "Sat, 28 Nov 2037 03:00:00 GMT"}, LONGEST),
        # A server whose clock is an hour fast means the same ten minutes.
        (
            {
                "Retry-After": "Sat, 28 Nov 2026 05:10:00 GMT",
                "Date": "Sat, 28 Nov 2026 05:00:00 GMT",
            },
            600.0,
        ),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "1.5"}, None),
        ({"Retry-After": "١٢"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_is_believed_for_a_day(
    fields: dict[str, str], seconds: float | None
) -> None:
    assert retry_after(Headers(fields), NOW) == seconds


def test_without_retry_after_pauses_grow_and_end_with_the_next_answer() -> None:
    courtesy = Courtesy(now=lambda: NOW)

    assert [courtesy.heard(refused()) for _ in range(7)] == [2, 4, 8, 16, 32, LATER, LATER]
    assert courtesy.heard(refused(200)) == 0
    assert courtesy.heard(refused(429)) == 2
    assert courtesy.heard(refused(404)) == 0


def test_a_run_of_few_pages_pauses_briefly_unless_it_is_asked_for_more() -> None:
    courtesy = Courtesy(unasked=20.0, now=lambda: NOW)
    pauses = [courtesy.heard(refused()) for _ in range(6)]
    assert pauses[-1] == 20
    assert courtesy.heard(refused(Retry_After="90")) == 90


def test_what_was_asked_is_counted_once_and_put_back_if_it_could_not_be_written() -> None:
    courtesy = Courtesy(now=lambda: NOW)
    asyncio.run(courtesy.turn(URL))
    courtesy.heard(refused(Retry_After="7"))
    courtesy.heard(refused(200))

    counted = courtesy.take_counted()
    one = counted["a.example"]
    assert (one.requests, one.bytes, one.refused, one.longest_pause) == (1, 10, 1, 7.0)
    assert courtesy.take_counted() == {}
    courtesy.put_back(counted)
    assert courtesy.take_counted() == counted


def test_nobody_waits_for_a_host_once_the_crawl_is_to_end() -> None:
    ends: list[bool] = []
    courtesy = Courtesy(ended=lambda: bool(ends), now=lambda: NOW)
    courtesy.heard(refused(Retry_After="3600"))

    async def wait() -> None:
        waiting = asyncio.ensure_future(courtesy.turn(URL))
        await asyncio.sleep(0)
        assert not waiting.done()
        # Another host is none of its concern.
        await courtesy.turn("http://b.example/")
        ends.append(True)
        await waiting

    with pytest.raises(PutOff):
        asyncio.run(wait())
