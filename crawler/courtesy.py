"""How this crawl treats each host: when it may be asked again, and what it was asked so far.

A host that answers 429 or 503 is left alone: as long as its Retry-After says (RFC 9110, 10.2.3),
else for longer and longer. A short pause is kept within the crawl; for a long one the crawl is put
off, and goes on later as the same job. What each host was asked is counted for the log.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from weakref import WeakKeyDictionary

from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Headers, Response

from lantian.reading.address import host_of

REFUSALS = frozenset({429, 503})
FIRST, HELD, LONGEST = 2.0, 60.0, 86_400.0
"""Seconds of a first pause without Retry-After; up to which one is kept within the crawl; and the
most that a Retry-After is believed."""
LATER = 600.0
"""Seconds for which a crawl is put off where its pauses have grown too long without an answer."""
LONGEST_CRAWL_DELAY = 60.0
LOOK = 0.5
"""Seconds between two looks, while a request waits, at whether the crawl is to end."""


class PutOff(IgnoreRequest):
    """The crawl pauses: this address stays in its frontier and is asked for when it goes on."""


@dataclass
class Counted:
    """What a host was asked since this was last written down."""

    requests: int = 0
    bytes: int = 0
    refused: int = 0
    longest_pause: float = 0.0


@dataclass
class _Host:
    until: float = 0.0
    """Nobody asks before, by the monotonic clock."""
    refusals: int = 0
    """One after the other, without another answer between."""
    apart: float = 0.0
    """Seconds between two requests that its robots.txt asks for."""
    last: float = float("-inf")


@dataclass
class Courtesy:
    """The pauses of all hosts of one crawl. `ended` says whether the crawl is to end.

    `unasked` is the most of a pause that no Retry-After asks for.
    """

    unasked: float = LATER
    ended: Callable[[], bool] = lambda: False
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    counted: dict[str, Counted] = field(default_factory=dict)
    _hosts: dict[str, _Host] = field(default_factory=dict)

    async def turn(self, url: str) -> None:
        """Return when the host of the address may be asked; raises `PutOff` if the crawl ends."""
        host = self._of(url)
        while True:
            if self.ended():
                raise PutOff("the crawl pauses")
            now = time.monotonic()
            wait = max(host.until, host.last + host.apart) - now
            if wait <= 0:
                break
            await asyncio.sleep(min(wait, LOOK))
        host.last = time.monotonic()
        self._count(url).requests += 1

    def heard(self, response: Response) -> float:
        """Seconds for which the host is left alone after this answer: 0 unless it refused."""
        host, counted = self._of(response.url), self._count(response.url)
        counted.bytes += len(response.body)
        if response.status not in REFUSALS:
            host.refusals = 0
            return 0.0
        host.refusals += 1
        asked = retry_after(response.headers, self.now())
        pause = asked if asked is not None else FIRST * 2.0 ** (host.refusals - 1)
        if asked is None and pause > HELD:
            pause = LATER
        pause = min(pause, LONGEST if asked is not None else self.unasked)
        counted.refused += 1
        counted.longest_pause = max(counted.longest_pause, pause)
        host.until = max(host.until, time.monotonic() + pause)
        return pause

    def keep_apart(self, url: str, seconds: float) -> None:
        """Let requests to the host of the address be so many seconds apart, at most a minute."""
        self._of(url).apart = min(max(0.0, seconds), LONGEST_CRAWL_DELAY)

    def take_counted(self) -> dict[str, Counted]:
        """What was counted since the last time, by host."""
        counted, self.counted = self.counted, {}
        return counted

    def put_back(self, counted: dict[str, Counted]) -> None:
        """Count again what could not be written down."""
        for name, one in counted.items():
            there = self.counted.setdefault(name, Counted())
            there.requests += one.requests
            there.bytes += one.bytes
            there.refused += one.refused
            there.longest_pause = max(there.longest_pause, one.longest_pause)

    def _of(self, url: str) -> _Host:
        return self._hosts.setdefault(host_of(url), _Host())

    def _count(self, url: str) -> Counted:
        return self.counted.setdefault(host_of(url), Counted())


def retry_after(headers: Headers, now: datetime) -> float | None:
    """Seconds for which a Retry-After asks: a number, or until a date; none where it says neither.

    A date counts from that of the answer, so that a server whose clock is wrong is understood.
    """
    value = (headers.get(b"Retry-After") or b"").decode("latin-1").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), LONGEST)
    until = _date(value)
    if until is None:
        return None
    said = _date((headers.get(b"Date") or b"").decode("latin-1").strip())
    return min(max(0.0, (until - (said or now)).total_seconds()), LONGEST)


def _date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, IndexError, TypeError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


_OF: WeakKeyDictionary[Crawler, Courtesy] = WeakKeyDictionary()


def courtesy_of(crawler: Crawler) -> Courtesy:
    """The pauses of a crawler, which all its handlers keep."""
    if crawler not in _OF:
        _OF[crawler] = Courtesy()
    return _OF[crawler]
