"""A profile of one's own from a family's."""

import pytest
import yaml

from lantian.errors import NotFound
from lantian.reading import parse_profile
from lantian.reading.filling import Filling, families, fill, hosts_of, keyed, name_for

ALL = (*families(), "site")


@pytest.mark.parametrize("family", ALL)
def test_a_family_becomes_a_profile_of_the_site_and_of_nothing_else(family: str) -> None:
    filling = Filling(
        name="new-one", url="https://www.real.example:8443/x", title="某“站”: #1", made="Made so."
    )
    text, profile = fill(family, filling)
    assert profile.name == "new-one"
    assert profile.title == "某“站”: #1"
    assert profile.hosts == ("www.real.example", "real.example")
    assert text.startswith("# Made so.\n#")
    urls = [*profile.starts(), *(p for rule in profile.links for p in rule.pages)]
    assert all("real.example:8443" in url for url in urls if url.startswith("http"))
    model = yaml.safe_load(text)
    assert model["name"] == "new-one"
    assert not [host for one in families() for host in _example(one) if host in text]


def _example(family: str) -> list[str]:
    from lantian.reading import find_profile

    return [host for host in find_profile(family).hosts if host != "real.example"]


@pytest.mark.parametrize("family", ALL)
def test_start_addresses_of_ones_own_are_put_in(family: str) -> None:
    _, profile = fill(
        family, Filling(name="a", url="http://b.example/", start=("http://b.example/c",))
    )
    assert profile.start == ("http://b.example/c",)


def test_the_search_of_the_site_is_put_in_and_left_out_where_there_is_none() -> None:
    with_search = Filling(
        name="a",
        url="http://b.example/",
        search="http://b.example/so?k={words}",
        words=("商标",),
        charset="gbk",
    )
    _, profile = fill("family-shop", with_search)
    assert profile.starts()[1:] == ("http://b.example/so?k=%C9%CC%B1%EA",)
    _, without = fill("family-shop", Filling(name="a", url="http://b.example/"))
    assert without.searches is None
    _, engine = fill("family-search", Filling(name="a", url="http://b.example/"))
    assert engine.starts()[0].startswith("http://b.example/s?wd=")


def test_the_shape_of_listings_comes_first_and_gives_their_key() -> None:
    filling = Filling(name="a", url="http://b.example/", shape="/buy/*.htm")
    _, profile = fill("family-shop", filling)
    assert profile.links[0].allow[0] == profile.documents[0].pages[0] == "/buy/*.htm"
    assert profile.documents[0].key[0].url == "/buy/{id}.htm"
    text, _ = fill("family-shop", Filling(name="a", url="http://b.example/", shape="/item/*"))
    assert text.count('"/item/*"') == 1


def test_hosts_go_with_and_without_www_unless_they_are_numbers() -> None:
    assert hosts_of("http://shop.example/") == ("shop.example", "www.shop.example")
    assert hosts_of("http://www.shop.example/") == ("www.shop.example", "shop.example")
    assert hosts_of("http://127.0.0.1:8000/") == ("127.0.0.1",)
    assert hosts_of("http://localhost/") == ("localhost",)


def test_a_name_is_made_from_the_host_and_is_free() -> None:
    assert name_for("https://www.Some-Shop.example/x", []) == "some-shop-example"
    assert name_for("http://127.0.0.1:80/", ["127-0-0-1"]) == "127-0-0-1-2"
    assert name_for("http://site/", []) == "site-2"
    parse_profile(f"name: {name_for('http://' + 'a' * 60 + '.example/', [])}\nkind: site")


def test_the_last_wildcard_of_a_shape_is_the_id() -> None:
    assert keyed("/c/*/item-*.html") == "/c/*/item-{id}.html"
    assert keyed("/about") == ""


def test_an_unknown_family_is_refused_by_name() -> None:
    with pytest.raises(NotFound, match="no family 'family-x'"):
        fill("family-x", Filling(name="a", url="http://b.example/"))
