"""The served pages, read by the profiles that are shipped for them."""

import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from demo import pages
from demo.market import WEEKS
from demo.sites import ShownFile, Sites
from lantian.reading import RawPage, Reading, find_profile, read_page

END = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
Read = Callable[[str, str], Reading]


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[Sites]:
    sites = Sites(ShownFile(tmp_path / "sites.json"), END)
    sites.start()
    yield sites
    sites.stop()


@pytest.fixture
def fetch(sites: Sites) -> Callable[[str, str], tuple[int, list[tuple[str, str]], bytes]]:
    ip, port = sites.address

    def fetch(host: str, path: str) -> tuple[int, list[tuple[str, str]], bytes]:
        request = urllib.request.Request(f"http://{ip}:{port}{path}", headers={"Host": host})
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.headers.items(), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers.items(), error.read()

    return fetch


@pytest.fixture
def read(fetch: Callable[[str, str], tuple[int, list[tuple[str, str]], bytes]]) -> Read:
    """Reads an address of a site by the profile of that name."""

    def read(profile_name: str, url: str) -> Reading:
        host, _, path = url.removeprefix("http://").partition("/")
        status, headers, body = fetch(host, f"/{path}")
        raw = RawPage(
            url=url,
            status=status,
            headers=tuple((name.encode(), value.encode()) for name, value in headers),
            body=body,
            via="http",
        )
        return read_page(raw, find_profile(profile_name))

    return read


def missing(profile_name: str, reading: Reading) -> set[tuple[str, str]]:
    """Documents and required fields of theirs that were not found."""
    rules = {rule.kind: rule.required for rule in find_profile(profile_name).documents}
    return {
        (document.posting_key, name)
        for document in reading.documents
        for name in rules[document.kind]
        if name != "key" and not getattr(document, name)
    }


@pytest.mark.parametrize("week", [0, WEEKS - 1])
def test_every_goods_of_the_mall_is_linked_and_read_whole(
    sites: Sites, read: Read, week: int
) -> None:
    sites.shown.change(week=week)
    base = f"http://{pages.MALL_HOST}"
    linked, page = set(), f"{base}/c/patent"
    while page:
        reading = read("demo-shop", page)
        linked |= {link.url for link in reading.links if link.role == "listing"}
        page = next((link.url for link in reading.links if link.role == "next"), "")
    goods = sites.market.listings("mall", week)
    assert linked == {f"{base}/goods/{item.id}.html" for item in goods}
    for item in goods:
        reading = read("demo-shop", f"{base}/goods/{item.id}.html")
        (document,) = reading.documents
        assert document.title == item.title
        assert document.seller_key == item.seller_id
        assert item.body.split("。")[0] in document.text
        assert missing("demo-shop", reading) == set()


def test_every_post_of_the_forum_is_read_whole_over_its_pages(sites: Sites, read: Read) -> None:
    base = f"http://{pages.FORUM_HOST}"
    found: dict[str, str] = {}
    for thread in sites.market.forum(WEEKS - 1):
        page = f"{base}/thread/{thread.id}-1.html"
        while page:
            reading = read("demo-forum", page)
            assert missing("demo-forum", reading) == set()
            found |= {
                one.posting_key.split(":")[-1]: one.text.split("\n")[-1]
                for one in reading.documents
            }
            page = next((link.url for link in reading.links if link.role == "next"), "")
    posts = [post for thread in sites.market.forum(WEEKS - 1) for post in thread.posts]
    assert found == {str(post.id): post.text for post in posts}


def test_a_search_gives_results_that_lead_to_the_mall(read: Read) -> None:
    reading = read("demo-search", pages.search_address("专利 包授权"))
    assert len(reading.documents) >= 5
    assert missing("demo-search", reading) == set()
    assert {link.url.split("/")[2] for link in reading.links} == {pages.MALL_HOST}


def test_the_scripted_shop_is_read_whole_after_its_script_ran(
    sites: Sites, read: Read, chromium_path: Path
) -> None:
    base, profile = f"http://{pages.SCRIPTED_HOST}", find_profile("demo-shop-js")
    item = sites.market.listings("scripted", WEEKS - 1)[0]
    assert not read("demo-shop-js", f"{base}/item?id={item.id}").documents
    ip, port = sites.address
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(chromium_path),
            args=["--no-sandbox", f"--host-resolver-rules=MAP {pages.SCRIPTED_HOST} {ip}:{port}"],
        )
        page = browser.new_page()

        def drawn(path: str) -> Reading:
            page.goto(base + path)
            page.wait_for_selector('body[data-ready="1"]')
            raw = RawPage(
                url=base + path, status=200, headers=(), body=page.content().encode(), via="browser"
            )
            return read_page(raw, profile)

        listed = drawn("/list")
        assert f"{base}/item?id={item.id}" in {link.url for link in listed.links}
        (document,) = drawn(f"/item?id={item.id}").documents
        assert (document.title, document.seller_name) == (item.title, item.seller)
        sites.shown.remove(frozenset({item.id}))
        assert drawn(f"/item?id={item.id}").outcome_hint == "gone"
        browser.close()


def test_what_another_process_removes_is_gone_at_the_next_request(
    sites: Sites, read: Read, tmp_path: Path
) -> None:
    item = sites.market.listings("mall", WEEKS - 1)[0]
    thread = sites.market.forum(WEEKS - 1)[0]
    goods = f"http://{pages.MALL_HOST}/goods/{item.id}.html"
    address = f"http://{pages.FORUM_HOST}/thread/{thread.id}-1.html"
    assert read("demo-shop", goods).outcome_hint is None
    code = (
        "import sys; from pathlib import Path; from demo.sites import ShownFile;"
        "ShownFile(Path(sys.argv[1])).remove(frozenset(sys.argv[2:]))"
    )
    arguments = [str(tmp_path / "sites.json"), item.id, str(thread.posts[0].id)]
    removing = [
        subprocess.Popen([sys.executable, "-c", code, arguments[0], one]) for one in arguments[1:]
    ]
    assert [process.wait() for process in removing] == [0, 0]
    assert read("demo-shop", goods).outcome_hint == "gone"
    assert read("demo-forum", address).outcome_hint == "gone"
    sites.shown.change(week=0)
    assert sites.shown.read().removed == {item.id, str(thread.posts[0].id)}


def test_a_host_out_of_order_answers_503_until_it_is_put_right(
    sites: Sites, fetch: Callable[[str, str], tuple[int, list[tuple[str, str]], bytes]]
) -> None:
    sites.shown.change(broken=frozenset({pages.MALL_HOST}))
    assert fetch(pages.MALL_HOST, "/")[0] == 503
    assert fetch(pages.FORUM_HOST, "/")[0] == 200
    sites.shown.change(broken=frozenset())
    assert fetch(pages.MALL_HOST, "/")[0] == 200


@pytest.mark.parametrize(
    "host, path", [(pages.MALL_HOST, "/goods/T9.html"), ("other.example", "/")]
)
def test_what_there_is_not_is_a_404(
    fetch: Callable[[str, str], tuple[int, list[tuple[str, str]], bytes]], host: str, path: str
) -> None:
    assert fetch(host, path)[0] == 404
