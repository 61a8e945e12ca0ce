"""Sites that are crawled again: conditional requests, what is due, the day's budget, sitemaps."""

import gzip
from collections.abc import Callable
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from sqlalchemy import update

from lantian.model import Page as PageRow
from tests.services.loopback import Installation, Page, Site

CLAIM = "专利申请包授权，不授权全额退款，三个月下证"
KINDS = {
    "shop": "links: [{role: listing, css: a}]",
    "forum": "links: [{role: thread, css: a}]",
    "search": (
        'searches: {template: "http://PLACE/?q={words}", words: [a]}\nlinks: [{role: next, css: a}]'
    ),
    "site": "links: [{role: page, css: a}]",
}


def profile(kind: str, site: Site, more: str = "") -> str:
    start = "" if kind == "search" else 'start: ["http://PLACE/?q=a"]\n'
    text = (
        f"name: under-test\nkind: {kind}\nhosts: [127.0.0.1]\n{start}"
        f"manners: {{delay: 0, concurrency: 4}}\n{KINDS[kind]}\n"
        "documents: [{kind: page, text: main, required: [text]}]\n"
        f"healthy: {{pages: 0, documents: 0, required: 0}}\n{more}\n"
    )
    return text.replace("PLACE", site.place)


def page(text: str, *links: str, tag: str = "") -> Page:
    anchors = "".join(f"<a href='{link}'>{link}</a>" for link in links)
    headers = {"ETag": f'"{tag}"'} if tag else {}
    return Page(f"<main>{text}</main>{anchors}", headers=headers)


@pytest.fixture
def installed(tmp_path: Path, store_url: str) -> Installation:
    """An installation on either store, without a browser."""
    return Installation(
        tmp_path,
        store_url=store_url,
        more={"LANTIAN_WRITER": "inline", "LANTIAN_CHROMIUM": "/nowhere/chromium"},
    )


def ready(installation: Installation, text: str) -> None:
    (installation.profiles / "under-test.yaml").write_text(text, "utf-8")


def crawl(installation: Installation, site: Site, *more: str) -> dict[str, object]:
    site.asked.clear()
    summary = installation.crawl("under-test", "--allow", site.place, *more)
    assert summary["state"] == "finished", summary
    return summary


def set_due(installation: Installation, path: str, at: datetime) -> None:
    store = installation.store()
    with store.write() as session:
        session.execute(update(PageRow).where(PageRow.url.endswith(path)).values(due_at=at))
    store.close()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_spider_asks_whether_pages_changed_and_keeps_the_answer(
    kind: str, installation: Installation, site: Callable[..., Site]
) -> None:
    shop = site(
        {
            "/?q=a": page(f"正文 {CLAIM}", "/1", tag="home"),
            "/1": page("专利申请代理服务", tag="one"),
            "/robots.txt": Page("", media_type="text/plain"),
        }
    )
    installation.more["LANTIAN_CHROMIUM"] = "/nowhere/chromium"
    ready(installation, profile(kind, shop))
    crawl(installation, shop)

    summary = crawl(installation, shop)

    assert (summary["seen"], summary["unchanged"], summary["planned"]) == (0, 2, 2)
    assert summary["documents"] == 2
    observed = installation.rows(
        "select outcome, status from observation join crawl on crawl.id = crawl_id"
        " where purpose = 'crawl' order by observation.id desc limit 2"
    )
    assert observed == [("unchanged", 304), ("unchanged", 304)]
    roles = dict(
        installation.rows(
            "select role, count(*) from artifact join capture on capture.id = capture_id"
            " where purpose = 'crawl' group by role"
        )
    )
    assert roles == {"payload": 2, "metadata": 2, "revisit": 2, "request": 4}
    assert installation.command("evidence", "verify", "--deep").returncode == 0


def test_the_date_of_the_last_change_is_a_condition_too(
    installed: Installation, site: Callable[..., Site]
) -> None:
    changed = "Sat, 28 Nov 2026 08:00:00 GMT"
    body = b"<main>agency</main>"

    def stream(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("If-Modified-Since") == changed:
            handler.send_response(304)
            handler.end_headers()
            return
        handler.send_response(200)
        for name, value in (
            ("Content-Type", "text/html; charset=utf-8"),
            ("Last-Modified", changed),
            ("Content-Length", str(len(body))),
        ):
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    shop = site({"/?q=a": Page(stream=stream)})
    ready(installed, profile("site", shop))
    crawl(installed, shop)
    summary = crawl(installed, shop)
    assert (summary["unchanged"], summary["documents"]) == (1, 1)
    assert installed.rows("select role from artifact order by id") == [
        ("payload",),
        ("request",),
        ("metadata",),
        ("revisit",),
        ("request",),
    ]


def test_a_scheduled_crawl_takes_what_is_due_and_what_is_new(
    installed: Installation, site: Callable[..., Site]
) -> None:
    pages = {
        "/?q=a": page("目录", "/1", "/2", "/3"),
        "/1": page("一", "/4"),
        "/2": page("二"),
        "/3": page("三"),
        "/4": page("四"),
    }
    shop = site(pages)
    ready(installed, profile("site", shop))
    crawl(installed, shop)

    set_due(installed, "/4", datetime.fromisoformat("2020-01-01T00:00:00+00:00"))
    shop.pages["/?q=a"] = page("目录", "/1", "/2", "/3", "/5")
    shop.pages["/5"] = page("五")
    summary = crawl(installed, shop, "--due")

    assert sorted(shop.asked) == ["/4", "/5", "/?q=a", "/robots.txt"]
    assert (summary["planned"], summary["seen"], summary["unchanged"]) == (3, 1, 2)
    assert summary["rested"] == 3
    assert summary["alarms"] == []
    ((complete,),) = installed.rows("select complete from crawl order by id desc limit 1")
    assert not complete

    whole = crawl(installed, shop)
    assert (whole["planned"], whole["rested"]) == (6, 0)
    assert installed.rows("select count(*) from page where due_at is null") == [(0,)]


def test_the_budget_of_a_day_is_shared_by_its_crawls_and_what_it_left_out_is_counted(
    installed: Installation, site: Callable[..., Site]
) -> None:
    names = [f"/{number}" for number in range(1, 7)]
    shop = site({"/?q=a": page("目录", *names), **{name: page(name) for name in names}})
    ready(installed, profile("site", shop, "budget: {day_pages: 9}"))

    first = crawl(installed, shop)
    assert (first["planned"], first["seen"], first["left_out"]) == (7, 7, 0)
    second = crawl(installed, shop)

    assert len([path for path in shop.asked if path != "/robots.txt"]) == 2
    assert (second["planned"], second["unchanged"], second["left_out"]) == (7, 2, 5)
    assert second["unknown"] == 5
    assert second["reason"] == "the budget of the day was used up"
    third = crawl(installed, shop)
    assert [path for path in shop.asked if path != "/robots.txt"] == []
    assert (third["planned"], third["left_out"]) == (1, 1)
    assert installed.rows("select pages from source_day") == [(9,)]
    assert installed.rows("select distinct outcome from frontier_row order by 1") == [
        ("left_out",),
        ("seen",),
        ("unchanged",),
    ]


def test_a_budget_of_bytes_ends_a_crawl_as_well(
    installed: Installation, site: Callable[..., Site]
) -> None:
    names = [f"/{number}" for number in range(1, 9)]
    shop = site(
        {
            "/?q=a": page("目录", *names),
            **{name: page(name + "字" * 10_000) for name in names},
        }
    )
    ready(installed, profile("site", shop, "budget: {day_mb: 0.1}"))
    summary = crawl(installed, shop)
    ((spent,),) = installed.rows("select bytes from source_day")
    assert 90_000 <= spent < 150_000
    assert summary["left_out"] == 9 - summary["seen"] > 0  # type: ignore[operator]


def urls(site: Site, *paths: str, lastmod: str = "") -> str:
    told = f"<lastmod>{lastmod}</lastmod>" if lastmod else ""
    return "".join(f"<url><loc>{site.url(path)}</loc>{told}</url>" for path in paths)


def index(site: Site, path: str) -> str:
    return f"<sitemapindex><sitemap><loc>{site.url(path)}</loc></sitemap></sitemapindex>"


def test_sitemaps_and_feeds_lead_to_pages_that_nothing_links_to(
    installed: Installation, site: Callable[..., Site]
) -> None:
    shop = site({"/?q=a": page("目录")})
    packed = gzip.compress(f"<urlset>{urls(shop, '/1', '/2', '/404')}</urlset>".encode())
    feed = (
        f"<rss version='2.0'><channel><item><link>{shop.url('/3')}</link></item>"
        "<item><link>http://other.example/x</link></item></channel></rss>"
    )
    lines = f"User-agent: *\nDisallow: /2\nSitemap: {shop.url('/index.xml')}\n"
    shop.pages |= {
        "/robots.txt": Page(lines, media_type="text/plain"),
        "/index.xml": Page(index(shop, "/s.xml.gz"), media_type="application/xml"),
        "/s.xml.gz": Page(packed, media_type="application/gzip"),
        "/rss": Page(feed, media_type="application/rss+xml"),
        **{f"/{number}": page(f"{number} {CLAIM}") for number in (1, 2, 3)},
    }
    found = f'discovery: {{robots: true, feeds: ["{shop.url("/rss")}"]}}\nbudget: {{depth: 1}}'
    ready(installed, profile("site", shop, found))

    crawl(installed, shop)

    outcomes = {path: outcome for path, (outcome, _) in installed.outcomes().items()}
    assert outcomes == {
        "/?q=a": "seen",
        "/robots.txt": "seen",
        "/index.xml": "seen",
        "/s.xml.gz": "seen",
        "/rss": "seen",
        "/1": "unchanged",  # the evidence visit
        "/2": "blocked",
        "/3": "unchanged",
        "/404": "gone",
    }
    assert installed.rows("select count(*) from clue") == [(2,)]
    assert installed.command("evidence", "verify", "--deep").returncode == 0

    # A date in the sitemap wakes a page that rests.
    shop.pages["/s.xml.gz"] = Page(
        gzip.compress(f"<urlset>{urls(shop, '/1', lastmod='2199-01-01')}</urlset>".encode())
    )
    assert crawl(installed, shop, "--due")["rested"] == 3
    assert "/1" not in shop.asked  # a date of the future wakes nobody
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    shop.pages["/s.xml.gz"] = Page(
        gzip.compress(f"<urlset>{urls(shop, '/1', lastmod=now)}</urlset>".encode())
    )
    crawl(installed, shop, "--due")
    assert "/1" in shop.asked
    assert "/3" not in shop.asked


def test_a_hostile_sitemap_is_a_failed_page_and_the_crawl_goes_on(
    installed: Installation, site: Callable[..., Site]
) -> None:
    shop = site({"/?q=a": page("目录", "/1"), "/1": page("一")})
    shop.pages |= {
        "/bomb": Page(gzip.compress(b"<urlset>" + b" " * 60_000_000)),
        "/laughs": Page('<!DOCTYPE u [<!ENTITY a "b">]><urlset><url><loc>&a;</loc></url></urlset>'),
        **{f"/n{number}": Page(index(shop, f"/n{number + 1}")) for number in range(9)},
    }
    names = ", ".join(f'"{shop.url(path)}"' for path in ("/bomb", "/laughs", "/n0"))
    ready(installed, profile("site", shop, f"discovery: {{sitemaps: [{names}]}}"))

    summary = crawl(installed, shop)

    outcomes = installed.outcomes()
    assert outcomes["/bomb"][0] == outcomes["/laughs"][0] == "failed"
    assert "unpacks to more" in outcomes["/bomb"][1]
    assert "DTD or entities" in outcomes["/laughs"][1]
    assert outcomes["/1"] == ("seen", "")
    assert "/n3" in outcomes
    assert "/n4" not in outcomes
    assert summary["reason"] == "the budget of the site was used up"
