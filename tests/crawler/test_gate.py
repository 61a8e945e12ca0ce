"""Crawls over one host keep its manners together, and one that is alone is not held up."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from crawler.gate import Gate, place_of
from lantian.store import hosts
from lantian.store.engine import Store
from lantian.store.migrate import upgrade

URL = "http://shop.example/"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = Store(store_url)
    upgrade(opened)
    yield opened
    opened.close()


@dataclass
class Shop:
    """A host that counts who is there at a time, and when requests began."""

    active: int = 0
    most: int = 0
    began: list[float] = field(default_factory=list)
    by: list[str] = field(default_factory=list)

    async def serve(self, gate: Gate, who: str, number: int, delay: float) -> None:
        async def one(after: float) -> None:
            # As Scrapy keeps the delay by itself, before the gate.
            await asyncio.sleep(after)
            async with gate.request(URL):
                self.active += 1
                self.most = max(self.most, self.active)
                self.began.append(asyncio.get_running_loop().time())
                self.by.append(who)
                await asyncio.sleep(0.01)
                self.active -= 1

        async with asyncio.TaskGroup() as group:
            for place in range(number):
                group.create_task(one(place * delay))


async def together(
    store: Store, shop: Shop, crawls: dict[str, int], *, delay: float, concurrency: int
) -> dict[str, Gate]:
    """Crawls that begin at once, each with so many requests that wait."""
    gates = {who: Gate(store, who, lambda _: (delay, concurrency)) for who in crawls}
    try:
        async with asyncio.timeout(120), asyncio.TaskGroup() as group:
            for who, number in crawls.items():
                group.create_task(shop.serve(gates[who], who, number, delay))
    finally:
        for gate in gates.values():
            await gate.close()
    return gates


def test_one_that_is_alone_hardly_asks(store: Store) -> None:
    shop = Shop()
    gates = asyncio.run(together(store, shop, {"1:1": 600}, delay=0, concurrency=16))
    assert (len(shop.began), shop.most) == (600, 16)
    assert gates["1:1"].asked <= 1 + (shop.began[-1] - shop.began[0])


def test_requests_at_a_time_are_those_of_one_crawl(store: Store) -> None:
    shop = Shop()
    asyncio.run(together(store, shop, {"1:1": 60, "2:1": 60, "3:1": 60}, delay=0, concurrency=4))
    assert (len(shop.began), shop.most) == (180, 4)


def test_more_crawls_than_requests_at_a_time_all_come_to_their_end(store: Store) -> None:
    shop = Shop()
    asyncio.run(together(store, shop, {"1:1": 9, "2:1": 9, "3:1": 9}, delay=0, concurrency=1))
    assert (len(shop.began), shop.most) == (27, 1)


def test_the_delay_is_kept_between_the_requests_of_all(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts, "ALONE", 0.4)
    monkeypatch.setattr(hosts, "TURN", 0.3)
    shop = Shop()
    asyncio.run(together(store, shop, {"1:1": 25, "2:1": 25}, delay=0.06, concurrency=2))
    assert len(shop.began) == 50
    # Each for itself would be through in half of that; a late timer may shorten a gap.
    assert shop.began[-1] - shop.began[0] >= 0.8 * 0.06 * 49
    turns = sum(one != other for one, other in pairwise(shop.by))
    assert turns > 3, "neither waits until the other has ended"


def test_who_is_to_end_waits_no_longer(store: Store) -> None:
    class Ended(Exception):
        pass

    def check(_url: str, rest: float) -> None:
        if rest > 60:
            raise Ended

    async def wait() -> None:
        resting = Gate(store, "1:1", lambda _: (0.0, 1))
        await resting.rest(URL, 900)
        await resting.close()
        gate = Gate(store, "2:1", lambda _: (0.0, 1), check)
        with pytest.raises(Ended):
            async with gate.request(URL):
                pytest.fail("the host is left alone")
        await gate.close()

    asyncio.run(wait())


@pytest.mark.parametrize(
    "url, place",
    [
        ("https://Shop.example/a", "shop.example"),
        ("https://shop.example:443/a", "shop.example"),
        ("http://shop.example:8080/", "shop.example:8080"),
        ("//shop.example:8080", "shop.example:8080"),
    ],
)
def test_a_host_is_called_with_its_port_where_that_is_not_the_usual(url: str, place: str) -> None:
    assert place_of(url) == place
