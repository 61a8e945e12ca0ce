"""Manners on live sites: robots.txt and its exceptions, hours, pauses, the log."""

import itertools
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

from lantian.clock import SHANGHAI
from tests.services.loopback import Installation, Page, Site

Sites = Callable[..., Site]
PLAIN = "<h1>商标代理</h1><p>本所办理商标注册、续展和转让，收费见价目表，欢迎来所面谈。</p>"


def linked(*paths: str) -> Page:
    links = "".join(f'<a href="{path}">{path}</a>' for path in paths)
    return Page(f"<title>目录</title><h1>目录</h1>{PLAIN}{links}")


def watch(installation: Installation, place: Site, manners: str = "delay: 0") -> str:
    """A source over the whole site, under a profile of its own."""
    profile = f"""
name: office
kind: site
hosts: [127.0.0.1]
start: ["{place.url("/")}"]
manners: {{{manners}, concurrency: 2}}
links: [{{role: page}}]
documents: [{{kind: page, text: {{css: body}}}}]
"""
    (installation.profiles / "office.yaml").write_text(profile, "utf-8")
    return "office"


def crawl(installation: Installation, place: Site, *arguments: str) -> dict[str, Any]:
    return installation.crawl("office", "--allow", place.place, *arguments)


def refusing(times: int, answer: Page, then: Page) -> Page:
    """A page that is refused so often, and then there."""
    count = itertools.count(1)

    def stream(handler: BaseHTTPRequestHandler) -> None:
        page = answer if next(count) <= times else then
        handler.send_response(page.status)
        for name, value in {"Content-Type": page.media_type, **page.headers}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(page.data)))
        handler.end_headers()
        handler.wfile.write(page.data)

    return Page(stream=stream)


def test_what_robots_forbids_is_opened_under_an_exception_alone_and_its_visit_says_so(
    installation: Installation, site: Sites
) -> None:
    place = site({"/": linked("/open", "/closed/a", "/closed/b"), "/open": Page(PLAIN)})
    place.pages |= {"/closed/a": Page(PLAIN + "a"), "/closed/b": Page(PLAIN + "b")}
    place.pages["/robots.txt"] = Page("User-agent: *\nDisallow: /closed/", media_type="text/plain")
    watch(installation, place)
    crawl(installation, place)

    assert installation.outcomes()["/closed/a"] == ("blocked", "robots")
    assert "/closed/a" not in place.asked

    refused = installation.command("source", "robots", "office", "--except", "/", "--by", "张三")
    assert refused.returncode == 1
    assert "a reason" in refused.stderr
    assert installation.rows("select count(*) from robots_exception") == [(0,)]

    granted = installation.command(
        "source",
        "robots",
        "office",
        "--except",
        "/closed/a",
        "--by",
        "张三",
        "--why",
        "站方同意",
    )
    assert granted.returncode == 0, granted.stderr
    crawl(installation, place)

    outcome, detail = installation.outcomes()["/closed/a"]
    assert outcome == "seen"
    assert detail.startswith("robots.txt forbids it; opened under exception 1 of 张三: 站方同意")
    assert installation.outcomes()["/closed/b"] == ("blocked", "robots")
    listed = json.loads(installation.command("source", "list", "--json").stdout)
    assert listed["robots_exceptions"][0]["granted_by"] == "张三"
    assert ("robots.except",) in installation.rows("select action from audit_event")

    taken_back = installation.command("source", "robots", "office", "--obey")
    assert taken_back.stdout == "office: robots.txt is obeyed, without exception.\n"
    assert installation.rows("select revoked_at is null from robots_exception") == [(0,)]


def test_a_robots_that_the_server_cannot_give_forbids_the_site_and_a_missing_one_does_not(
    installation: Installation, site: Sites
) -> None:
    place = site({"/": Page(PLAIN), "/robots.txt": Page("down", 500, "text/plain")})
    watch(installation, place)
    crawl(installation, place)

    outcome, detail = installation.outcomes()["/"]
    assert outcome == "failed"
    assert detail.startswith("robots.txt cannot be had (status 500)")
    assert "/" not in place.asked

    del place.pages["/robots.txt"]
    crawl(installation, place)
    assert installation.outcomes()["/"][0] == "seen"


def test_a_page_that_is_refused_for_now_is_asked_for_again_after_its_retry_after(
    installation: Installation, site: Sites
) -> None:
    busy = Page("later", 429, headers={"Retry-After": "1"})
    place = site({"/": linked("/a", "/b"), "/b": Page(PLAIN)})
    place.pages["/a"] = refusing(2, busy, Page(PLAIN))
    watch(installation, place)
    summary = crawl(installation, place)

    assert summary["state"] == "finished"
    assert (summary["seen"], summary["blocked"]) == (3, 0)
    assert place.asked.count("/a") == 3
    host, requests, refused, longest = installation.rows(
        "select host, requests, refused, longest_pause from host_day"
    )[0]
    assert (host, requests, refused, longest) == ("127.0.0.1", len(place.asked), 2, 1.0)
    told = json.loads(installation.command("source", "manners", "--json").stdout)
    assert told["host"] == "127.0.0.1"
    assert told["refused"] == 2
    assert told["bytes"] > 0


def test_a_long_pause_puts_the_crawl_off_and_it_goes_on_with_its_frontier(
    installation: Installation, site: Sites
) -> None:
    busy = Page("later", 503, headers={"Retry-After": "3600"})
    paths = [f"/{number}" for number in range(8)]
    place = site({"/": linked(*paths), **{path: Page(PLAIN + path) for path in paths}})
    place.pages["/3"] = refusing(1, busy, Page(PLAIN))
    watch(installation, place)
    summary = crawl(installation, place)

    assert (summary["state"], summary["status"]) == ("paused", 75)
    goes_on = datetime.fromisoformat(summary["goes_on_at"])
    (begun,) = installation.rows("select started_at from crawl")[0]
    begun = datetime.fromisoformat(f"{begun}+00:00")
    assert timedelta(minutes=59) < goes_on - begun < timedelta(minutes=65)
    seen = set(place.asked)
    assert "/3" in seen

    # What the site wants holds also for whoever asks by hand.
    again = crawl(installation, place)
    assert again["state"] == "paused"
    assert set(place.asked) == seen

    store = installation.store()
    with store.write() as session:
        from sqlalchemy import text

        session.execute(text("update job set due = created_at"))
        session.execute(text("update host set rest_until = null"))
    store.close()
    asked = list(place.asked)
    done = installation.command("worker", "--until-idle")
    assert done.returncode == 0, done.stderr
    outcomes = installation.outcomes()
    assert {outcomes[path][0] for path in paths} == {"seen"}
    assert installation.rows(
        "select state, complete, planned from crawl where purpose='crawl'"
    ) == [("finished", 1, 9)]
    # Nothing that was stored is fetched twice.
    assert place.asked[len(asked) :].count("/") == 0


def test_outside_its_hours_a_site_is_not_asked_for_anything(
    installation: Installation, site: Sites
) -> None:
    place = site({"/": Page(PLAIN)})
    begins = datetime.now(SHANGHAI) + timedelta(hours=3)
    watch(installation, place, f'delay: 0, hours: ["{begins:%H}:00-{begins:%H}:30"]')
    summary = crawl(installation, place)

    assert summary["state"] == "paused"
    assert place.asked == []
    goes_on = datetime.fromisoformat(summary["goes_on_at"]).astimezone(SHANGHAI)
    assert (goes_on.hour, goes_on.minute) == (begins.hour, 0)

    watch(installation, place, 'delay: 0, hours: ["00:00-24:00"]')
    store = installation.store()
    with store.write() as session:
        from sqlalchemy import text

        session.execute(text("update job set due = created_at"))
    store.close()
    assert crawl(installation, place)["state"] == "finished"
