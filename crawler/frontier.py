"""The queue of a crawl: in memory, filled from the frontier's rows when it opens.

After a kill the rows that were open are still open: they are fetched again.
"""

from collections import deque
from heapq import heappop, heappush
from itertools import count
from typing import Self

from scrapy import Request, Spider
from scrapy.core.scheduler import BaseScheduler
from scrapy.crawler import Crawler
from twisted.internet.defer import Deferred

from crawler.allowance import Allowance
from crawler.run import Run
from crawler.walk import SiteSpider
from lantian.store import frontier
from lantian.store.frontier import Planned


class Frontier(BaseScheduler):
    """Requests by priority, then first in, first out.

    When the budget of the day is used up, or the crawl is put off, nothing is given any more; what
    waits stays open in the store, where the end of the crawl counts it, or its going on takes it
    up. Requests of rows are never dropped: their addresses were seen before they were made. Others
    are dropped if an equal one came before, as Scrapy's users expect.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._marks: set[bytes] = set()
        self._lanes: dict[int, deque[Request]] = {}
        self._priorities: list[tuple[int, int]] = []
        self._count = count()
        self._waiting = 0
        self._allowance: Allowance | None = None
        self._run: Run | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The queue of one crawler."""
        return cls(crawler)

    def open(self, spider: Spider) -> Deferred[None] | None:
        """Take up the rows of the crawl that are still to be visited."""
        if isinstance(spider, SiteSpider) and spider.run is not None:
            run = self._run = spider.run
            if run.purpose == "crawl" and "urls" not in run.claim.payload:
                self._allowance = run.allowance
            with run.parts.store.read() as session:
                rows = frontier.open_rows(session, run.crawl_id)
            for row in rows:
                planned = Planned(row.fingerprint, row.url, row.role, row.depth, dict(row.meta))
                self._push(spider.request_for(planned))
        return None

    def close(self, reason: str) -> Deferred[None] | None:  # noqa: ARG002  (Scrapy's interface)
        """Nothing to put away: what was not visited is open in the store."""
        self._lanes.clear()
        self._waiting = 0
        return None

    def has_pending_requests(self) -> bool:
        """Whether anything waits for today."""
        if self._run is not None and self._run.ends:
            return False
        return self._waiting > 0 and not (self._allowance is not None and self._allowance.used_up)

    def enqueue_request(self, request: Request) -> bool:
        """Whether the request was taken."""
        if not request.dont_filter and "row" not in request.meta:
            mark = self._crawler.request_fingerprinter.fingerprint(request)
            if mark in self._marks:
                return False
            self._marks.add(mark)
        self._push(request)
        return True

    def next_request(self) -> Request | None:
        """The next request, if any waits and the budget of the day has room for it."""
        if self._run is not None and self._rests(self._run):
            return None
        while self._priorities:
            lane = self._lanes.get(-self._priorities[0][0])
            if lane:
                if not self._allowed(lane[0]):
                    return None
                self._waiting -= 1
                return lane.popleft()
            heappop(self._priorities)
        return None

    def _rests(self, run: Run) -> bool:
        if run.keeps_hours and not run.ends:
            run.look_at_hours()
        return run.ends

    def _allowed(self, request: Request) -> bool:
        row = request.meta.get("row")
        return self._allowance is None or row is None or self._allowance.take(row.fingerprint)

    def __len__(self) -> int:
        return self._waiting

    def _push(self, request: Request) -> None:
        lane = self._lanes.setdefault(request.priority, deque())
        if not lane:
            heappush(self._priorities, (-request.priority, next(self._count)))
        lane.append(request)
        self._waiting += 1
