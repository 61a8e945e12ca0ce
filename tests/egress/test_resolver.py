"""Names to checked addresses."""

from collections.abc import Callable

import pytest

from lantian.egress.deny import Permissions
from lantian.egress.hosts import Endpoint, HostMap
from lantian.egress.resolver import Lookup, Resolver, checked_answers, system_lookup
from lantian.errors import EgressRefused, FetchFailed

Names = Callable[..., Lookup]


def test_a_public_name_gives_its_addresses(names: Names) -> None:
    resolver = Resolver(lookup=names({"shop.example": ["1.1.1.1", "2400:3200::1"]}))
    assert resolver.resolve("shop.example", 443) == (
        Endpoint("1.1.1.1", 443),
        Endpoint("2400:3200::1", 443),
    )


@pytest.mark.parametrize("bad", ["127.0.0.1", "::1", "10.0.0.1", "::ffff:127.0.0.1", "fe80::1%lo"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_refused_address_among_the_answers_refuses_them_all(bad: str, place: int) -> None:
    answers = ["1.1.1.1", "1.0.0.1"]
    answers.insert(place, bad)
    with pytest.raises(EgressRefused, match=r"shop\.example:443 \("):
        checked_answers("shop.example", 443, answers)


def test_a_name_is_looked_up_once_a_question(names: Names) -> None:
    resolver = Resolver(lookup=names({"rebind.example": (["1.1.1.1"], ["127.0.0.1"])}))
    assert resolver.resolve("rebind.example", 80) == (Endpoint("1.1.1.1", 80),)
    with pytest.raises(EgressRefused):
        resolver.resolve("rebind.example", 80)


def test_a_name_without_address_is_named(names: Names) -> None:
    resolver = Resolver(lookup=names({"empty.example": []}))
    for name in ("none.example", "empty.example"):
        with pytest.raises(FetchFailed, match=f"{name} has no address"):
            resolver.resolve(name, 80)


def test_names_of_this_machine_are_refused_by_what_the_machine_answers() -> None:
    with pytest.raises(EgressRefused):
        checked_answers("any.example", 80, system_lookup("localhost", 80))


def test_a_mapped_name_wants_a_permission_and_is_known_to_nobody_else(names: Names) -> None:
    hosts = HostMap.of({"Shop.Demo.Example": ("127.0.0.1", 4123)})
    resolver = Resolver(hosts, names({}))
    with pytest.raises(EgressRefused, match="loopback"):
        resolver.resolve("shop.demo.example", 80)
    permissions = Permissions.of([("shop.demo.example", 80)])
    assert resolver.resolve("shop.demo.example", 80, permissions) == (Endpoint("127.0.0.1", 4123),)
    with pytest.raises(EgressRefused, match="only ports"):
        resolver.resolve("shop.demo.example", 8080, permissions)
    with pytest.raises(FetchFailed, match="has no address"):
        resolver.resolve("shop.demo.example", 443, permissions)


def test_a_closed_map_resolves_no_real_name(names: Names) -> None:
    hosts = HostMap.of({"shop.demo.example": ("127.0.0.1", 4123)}, closed=True)
    resolver = Resolver(hosts, names({"shop.example": ["1.1.1.1"]}))
    with pytest.raises(EgressRefused, match="none of the demonstration's"):
        resolver.resolve("shop.example", 443)
