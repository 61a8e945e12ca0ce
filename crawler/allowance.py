"""What may still be asked of a source today: the budget of its profile, less what its site gave.

The sources of one site, such as its sections and the searches of campaigns, share the budget of a
day: it is allotted to them in parts, by the row of the host (`lantian.store.hosts.allot`).
"""

import time
from dataclasses import dataclass, field
from datetime import date

from lantian.clock import legal_day
from lantian.intake.day import Spent, spent_on
from lantian.store import hosts
from lantian.store.hosts import Allotment
from lantian.wiring import Parts

MB = 1_000_000
USUAL = 65_536
"""Bytes that an answer is taken to have while none was larger."""
AGAIN = 2.0
"""Seconds between two questions while others have what is left."""


@dataclass
class Allowance:
    """Pages and bytes of the day, as the store has them and as this run adds to them.

    One run at a time is over a source, so that what it counts itself is exact; evidence visits,
    re-checks and addresses that were handed in count, and are never refused. Near the end of the
    bytes it goes on only while the largest answer yet would fit for each page that is under way:
    with the last page alone more may come than is allowed. `home` is the host whose row has the
    budget, `holder` this crawl's name there.
    """

    parts: Parts
    source_id: int
    pages: int
    bytes: float
    home: str
    holder: str
    used_up: bool = False
    """Whether an address had to wait for another day."""
    _day: date = date.min
    _spent: Spent = Spent()  # noqa: RUF009  (frozen)
    _allotted: Allotment = Allotment(0, 0.0)  # noqa: RUF009  (frozen)
    _ask_at: float = 0.0
    _counted: set[str] = field(default_factory=set)
    _under_way: set[str] = field(default_factory=set)
    _largest: int = USUAL

    def take(self, fingerprint: str) -> bool:
        """Whether this row may be asked for now; asking twice for one row counts once.

        If it may not and nothing is `used_up`, it is to wait for what is under way, or for what
        was allotted to others and may come back.
        """
        if fingerprint in self._counted:
            return True
        self._look_at_day()
        if not self._has_room() and time.monotonic() >= self._ask_at:
            self._ask()
        if self._is_over():
            self.used_up = not self._allotted.others
            return False
        if not self._has_room():
            return False
        self._counted.add(fingerprint)
        self._under_way.add(fingerprint)
        self._spent = Spent(self._spent.pages + 1, self._spent.bytes)
        return True

    def received(self, fingerprint: str, size: int = 0) -> None:
        """Count the bytes of a row's answer, if there was one."""
        self._under_way.discard(fingerprint)
        self._largest = max(self._largest, size)
        self._spent = Spent(self._spent.pages, self._spent.bytes + size)

    @property
    def _expected(self) -> int:
        """Bytes of what is under way, and of one page more."""
        return (len(self._under_way) + 1) * self._largest

    def _is_over(self) -> bool:
        spent, allotted = self._spent, self._allotted
        return spent.pages >= allotted.pages or spent.bytes >= allotted.bytes

    def _has_room(self) -> bool:
        if self._is_over():
            return False
        return not self._under_way or self._spent.bytes + self._expected <= self._allotted.bytes

    def _ask(self) -> None:
        before = self._allotted
        with self.parts.store.write() as session:
            self._allotted = hosts.allot(
                session,
                self.home,
                holder=self.holder,
                source_id=self.source_id,
                day=self._day,
                most=(self.pages, self.bytes),
                counted=(self._spent.pages, self._spent.bytes),
                wanted=(1, self._expected),
            )
        same = (before.pages, before.bytes) == (self._allotted.pages, self._allotted.bytes)
        self._ask_at = time.monotonic() + AGAIN if same else 0.0

    def _look_at_day(self) -> None:
        day = legal_day(self.parts.clock.now())
        if day != self._day:
            with self.parts.store.read() as session:
                self._spent = spent_on(session, self.source_id, day)
            self._day, self._allotted, self._ask_at = day, Allotment(0, 0.0), 0.0
