"""Where the requests of a crawl begin: within the share of their host that the store gave it.

Crawls of other sources, on this machine or another, may be over the same host: a campaign's,
another section's. All of them keep its manners together (`lantian.store.hosts`). A crawl that is
alone asks the store every few seconds and is not held up meanwhile.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from lantian.store import hosts
from lantian.store.engine import Store
from lantian.store.hosts import Share, Wish

logger = logging.getLogger(__name__)

AGAIN = 1.0
"""Seconds after which a store that did not answer is asked again."""
LOOK = 0.5
"""Seconds between two looks, while a request waits, at whether the crawl is to end."""
PORTS = {"http": 80, "https": 443}


def place_of(url: str) -> str:
    """The host of an address as its row is called: with the port where it is not the usual one."""
    parts = urlsplit(url)
    host, port = (parts.hostname or "").rstrip("."), parts.port
    return host if port in {None, PORTS.get(parts.scheme)} else f"{host}:{port}"


@dataclass
class _Door:
    """One host: the share that this crawl has in it, who is inside, and who waits."""

    name: str
    delay: float
    concurrency: int
    share: Share | None = None
    ahead: float = 0.0
    """Monotonic time less time of the database, at the earliest."""
    behind: float = 0.0
    """The same at the latest."""
    moments: deque[float] = field(default_factory=deque)
    active: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    keeper: "asyncio.Task[None] | None" = None

    def take(self, share: Share, before: float, after: float) -> None:
        """Go by a new share, asked for and given at these monotonic times."""
        earliest, latest = before - share.now, after - share.now
        if self.share is not None and latest >= self.ahead and earliest <= self.behind:
            # The quickest answers tell best how the clocks stand to each other.
            earliest, latest = max(earliest, self.ahead), min(latest, self.behind)
        self.share, self.ahead, self.behind = share, earliest, latest
        self.moments.extend(at + latest for at in share.times)

    def opens(self) -> float:
        """Monotonic time from which on a request may begin; infinite if it is not known yet."""
        share, now = self.share, time.monotonic()
        if share is None or now >= share.until + self.ahead:
            return float("inf")
        rest = share.rest_until + self.behind
        if share.delay:
            while self.moments and now > self.moments[0] + share.delay / 2:
                self.moments.popleft()
            if self.moments:
                # A moment is kept room for, whatever the limit has become.
                return max(rest, self.moments[0]) if self.active < max(1, share.limit) else _NEVER
            if not share.free_from < share.free_until:
                return _NEVER
            begins = max(rest, share.free_from + self.behind)
            if max(now, begins) >= share.free_until + self.ahead:
                return _NEVER
            rest = begins
        return rest if self.active < share.limit else _NEVER

    def rests(self) -> float:
        """Seconds for which the host is to be left alone."""
        if self.share is None:
            return 0.0
        return max(0.0, self.share.rest_until + self.behind - time.monotonic())

    def enter(self) -> None:
        """Count a request that begins."""
        if self.moments:
            self.moments.popleft()
        self.active += 1


_NEVER = float("inf")


class Gate:
    """The doors of one crawl to all its hosts.

    `manners` gives delay and requests at a time for an address; `check` is called for as long as a
    request waits, with the seconds for which its host is to be left alone, and ends the waiting by
    an exception.
    """

    def __init__(
        self,
        store: Store,
        holder: str,
        manners: Callable[[str], tuple[float, int]],
        check: Callable[[str, float], None] = lambda _url, _rest: None,
    ) -> None:
        self._store = store
        self._holder = holder
        self._manners = manners
        self._check = check
        self._doors: dict[str, _Door] = {}
        self.asked = 0
        """How often the store was asked."""

    @asynccontextmanager
    async def request(self, url: str) -> AsyncIterator[None]:
        """The time of one request to the host of the address, which begins when it may."""
        door = self._door(url)
        if not door.waiting and door.opens() <= time.monotonic():
            door.enter()
        else:
            await self._wait(door, url)
        self._keep(door)
        try:
            yield
        finally:
            door.active -= 1
            if door.waiting or not door.active:
                door.changed.set()

    async def rest(self, url: str, seconds: float) -> None:
        """Let no crawl begin a request to the host of the address for so many seconds."""
        door = self._door(url)

        def tell() -> None:
            with self._store.write() as session:
                hosts.rest(session, door.name, seconds)

        await asyncio.to_thread(tell)
        await self._ask(door)

    async def close(self) -> None:
        """Give all shares back."""
        for door in self._doors.values():
            if door.keeper is not None:
                door.keeper.cancel()
                await asyncio.gather(door.keeper, return_exceptions=True)
            if door.share is not None:
                await self._give_back(door)

    def _door(self, url: str) -> _Door:
        name = place_of(url)
        door = self._doors.get(name)
        if door is None:
            door = self._doors[name] = _Door(name, *self._manners(url))
        return door

    async def _wait(self, door: _Door, url: str) -> None:
        turn = asyncio.get_running_loop().create_future()
        door.waiting.append(turn)
        door.changed.set()
        self._keep(door)
        try:
            while not (await asyncio.wait([turn], timeout=LOOK))[0]:
                self._check(url, door.rests())
        except BaseException:
            if turn.done():
                door.active -= 1
                door.changed.set()
            else:
                door.waiting.remove(turn)
            raise

    def _keep(self, door: _Door) -> None:
        """Somebody looks after the share for as long as anything is going on."""
        if door.keeper is None or door.keeper.done():
            door.keeper = asyncio.ensure_future(self._look_after(door))

    async def _look_after(self, door: _Door) -> None:
        while True:
            opens = self._let_in(door)
            share, now = door.share, time.monotonic()
            asks = now if share is None else share.ask_at + door.ahead
            if opens == _NEVER and door.waiting and self._wants(door):
                asks = min(asks, now)
            if asks <= now:
                if share is not None and not door.active and not door.waiting:
                    await self._give_back(door)
                    if not door.waiting:
                        return
                await self._ask(door)
                continue
            door.changed.clear()
            try:
                async with asyncio.timeout(max(0.001, min(asks, opens) - now)):
                    await door.changed.wait()
            except TimeoutError:
                continue

    def _let_in(self, door: _Door) -> float:
        """When the next one who waits may begin; all who may have begun."""
        while door.waiting:
            opens = door.opens()
            if opens > time.monotonic():
                return opens
            door.enter()
            door.waiting.popleft().set_result(None)
        return _NEVER

    def _wants(self, door: _Door) -> bool:
        """Whether only another question helps those who wait: they have room, and no moment."""
        share = door.share
        if share is None or not share.delay or door.moments:
            return False
        over = time.monotonic() >= share.free_until + door.ahead
        return over and door.active < share.limit

    async def _ask(self, door: _Door) -> None:
        active = max(door.active, 1 if door.moments else 0)
        delay, most = self._manners(f"//{door.name}")
        waits = bool(door.waiting) and not door.moments
        wish = Wish(self._holder, delay, most, active, waits)

        def question() -> Share:
            with self._store.write() as session:
                return hosts.ask(session, door.name, wish)

        before = time.monotonic()
        try:
            share = await asyncio.to_thread(question)
        except Exception as error:  # noqa: BLE001  (without an answer nothing begins)
            logger.warning("No share of %s: %s", door.name, error)
            await asyncio.sleep(AGAIN)
            return
        self.asked += 1
        door.take(share, before, time.monotonic())

    async def _give_back(self, door: _Door) -> None:
        def tell() -> None:
            with self._store.write() as session:
                hosts.give_back(session, door.name, self._holder)

        door.share = None
        door.moments.clear()
        try:
            await asyncio.to_thread(tell)
        except Exception as error:  # noqa: BLE001  (it lapses by itself)
            logger.warning("The share of %s was not given back: %s", door.name, error)
