"""What may still be asked of a source today: the budget of its profile, less what it gave."""

from dataclasses import dataclass, field
from datetime import date

from lantian.clock import legal_day
from lantian.intake.day import Spent, spent_on
from lantian.wiring import Parts

MB = 1_000_000
USUAL = 65_536
"""Bytes that an answer is taken to have while none was larger."""


@dataclass
class Allowance:
    """Pages and bytes of the day, as the store has them and as this run adds to them.

    One run at a time is over a source, so that what it counts itself is exact; evidence visits,
    re-checks and addresses that were handed in count, and are never refused. Near the end of the
    bytes it goes on only while the largest answer yet would fit for each page that is under way:
    with the last page alone more may come than is allowed.
    """

    parts: Parts
    source_id: int
    pages: int
    bytes: float
    used_up: bool = False
    """Whether an address had to wait for another day."""
    _day: date = date.min
    _spent: Spent = Spent()  # noqa: RUF009  (frozen)
    _counted: set[str] = field(default_factory=set)
    _under_way: set[str] = field(default_factory=set)
    _largest: int = USUAL

    def take(self, fingerprint: str) -> bool:
        """Whether this row may be asked for now; asking twice for one row counts once.

        If it may not and nothing is `used_up`, it is to wait for what is under way.
        """
        if fingerprint in self._counted:
            return True
        self._look_at_day()
        if self._spent.pages >= self.pages or self._spent.bytes >= self.bytes:
            self.used_up = True
            return False
        expected = (len(self._under_way) + 1) * self._largest
        if self._under_way and self._spent.bytes + expected > self.bytes:
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

    def _look_at_day(self) -> None:
        day = legal_day(self.parts.clock.now())
        if day != self._day:
            with self.parts.store.read() as session:
                self._spent = spent_on(session, self.source_id, day)
            self._day = day
