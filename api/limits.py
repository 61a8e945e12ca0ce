"""How much one key may ask: a fixed number of requests in each minute, counted by this process."""

import threading
from datetime import datetime, timedelta

from api.problems import TooManyRequests

MOST = 600
WINDOW = timedelta(minutes=1)


class RateLimit:
    """Counts requests by key; safe to share between threads."""

    def __init__(self, most: int = MOST, window: timedelta = WINDOW) -> None:
        self.most = most
        self.window = window
        self._guard = threading.Lock()
        self._began: datetime | None = None
        self._counts: dict[str, int] = {}

    def admit(self, who: str, *, now: datetime) -> None:
        """Nothing, if this request is within the limit; raises `TooManyRequests` otherwise."""
        with self._guard:
            if self._began is None or not timedelta(0) <= now - self._began < self.window:
                self._began, self._counts = now, {}
            count = self._counts[who] = self._counts.get(who, 0) + 1
            left = self._began + self.window - now
        if count > self.most:
            raise TooManyRequests(
                f"more than {self.most} requests in {self.window.total_seconds():.0f} s.", left=left
            )
