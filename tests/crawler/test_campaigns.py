"""Campaigns: words on platforms between two dates become searches, by the worker."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from crawler.campaigns import (
    add_campaign,
    campaign_named,
    platforms_of,
    state_of,
    stop_campaign,
)
from lantian.clock import FixedClock
from lantian.errors import Conflict, NotFound, ProfileError
from lantian.model import Campaign, Job, Source
from lantian.reading import SiteProfile, parse_profile
from lantian.reading.campaign import FIND, MOST_SEARCHES, CampaignSpec, addresses_of
from lantian.reading.loading import parse_as
from lantian.store.engine import Store
from lantian.store.migrate import upgrade
from lantian.worker.schedule import make_due_jobs
from tests.services.loopback import Installation, Page, Site

BEFORE = datetime(2026, 10, 1, tzinfo=UTC)
GBK = parse_profile("""
name: engine
kind: search
hosts: [so.example]
searches: {template: "http://so.example/s?q={words}", words: [x], charset: gbk}
""")
PLAIN = parse_profile("name: plain\nkind: site\n")
FAIR = """name: fair-2026
title: 广交会
begins: 2026-10-10
ends: 2026-11-04
words: [专利 包授权, 商标加急]
regions: [全国, 广州]
schedule: "0 6 * * *"
platforms:
  - engine
"""


def find(name: str) -> SiteProfile:
    if name not in {"engine", "plain"}:
        raise NotFound(f"There is no profile {name!r}.")
    return GBK if name == "engine" else PLAIN


def spec_of(text: str) -> CampaignSpec:
    return parse_as(
        CampaignSpec, text, where="f.yaml", what="campaign", hint="", context={FIND: find}
    )


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = Store(store_url)
    upgrade(opened)
    yield opened
    opened.close()


def add(store: Store, text: str = FAIR) -> None:
    with store.write() as session:
        add_campaign(session, spec_of(text), find, by="li", now=BEFORE)


def made(store: Store, at: str) -> list[str]:
    """The crawls that time makes at this moment in Shanghai."""
    with store.write() as session:
        now = datetime.fromisoformat(f"{at}+08:00")
        keys = make_due_jobs(session, now=now, report_cron="0 8 * * 1")
        return [key for key in keys if key.startswith("crawl:")]


def test_every_words_with_every_region_is_one_search(store: Store) -> None:
    spec = spec_of(FAIR)
    assert spec.searches(spec.platforms[0]) == (
        "专利 包授权",
        "广州 专利 包授权",
        "商标加急",
        "广州 商标加急",
    )
    add(store)
    with store.read() as session:
        source = session.scalars(select(Source)).one()
    assert (source.name, source.kind, source.profile) == ("fair-2026@engine", "search", "engine")
    # In the character set of the site.
    assert source.start_urls[2] == "http://so.example/s?q=%C9%CC%B1%EA%BC%D3%BC%B1"
    assert source.start_urls == list(addresses_of(GBK, spec.searches(spec.platforms[0])))


def test_searches_are_made_from_the_first_day_to_the_last_in_shanghai(store: Store) -> None:
    add(store)
    assert made(store, "2026-10-09T23:59") == []
    assert made(store, "2026-10-10T05:59") == []
    assert made(store, "2026-10-10T06:00") == ["crawl:fair-2026@engine:2026-10-10T06:00+08:00"]
    with store.write() as session:
        job = session.scalars(select(Job)).one()
        assert job.payload["due"] is True
        job.state = "done"
        session.scalars(select(Source)).one().last_crawl_at = job.due
    assert made(store, "2026-11-04T23:59") == ["crawl:fair-2026@engine:2026-11-04T06:00+08:00"]
    with store.write() as session:
        for job in session.scalars(select(Job)):
            job.state = "done"
    assert made(store, "2026-11-05T00:00") == []
    assert made(store, "2026-12-24T12:00") == []


def test_the_first_search_is_due_the_moment_the_campaign_begins(store: Store) -> None:
    add(store, FAIR.replace("0 6 * * *", "0 0 * * *"))
    assert made(store, "2026-10-10T00:00") == ["crawl:fair-2026@engine:2026-10-10T00:00+08:00"]


def test_a_stopped_campaign_searches_no_more_and_gives_up_what_waits(store: Store) -> None:
    add(store)
    assert len(made(store, "2026-10-11T06:00")) == 1
    with store.write() as session:
        campaign = campaign_named(session, "fair-2026")
        assert stop_campaign(session, campaign, by="li", now=BEFORE) == 1
        assert stop_campaign(session, campaign, by="wang", now=BEFORE) == 0
        assert campaign.stopped_by == "li"
        assert session.scalars(select(Job.state)).one() == "dead"
    assert made(store, "2026-10-12T06:00") == []


def test_the_same_file_again_changes_nothing_and_another_of_its_name_is_refused(
    store: Store,
) -> None:
    for _ in range(2):
        add(store)
    with pytest.raises(Conflict, match="fair-2026"):
        add(store, FAIR.replace("商标加急", "商标免费"))
    with store.read() as session:
        assert len(session.scalars(select(Campaign)).all()) == 1
        assert len(session.scalars(select(Source)).all()) == 1


@pytest.mark.parametrize(
    "day,state",
    [("2026-10-09", "waiting"), ("2026-10-10", "on"), ("2026-11-04", "on"), ("2026-11-05", "over")],
)
def test_a_campaign_tells_where_it_stands(day: str, state: str, store: Store) -> None:
    add(store)
    with store.write() as session:
        campaign = campaign_named(session, "fair-2026")
        at = datetime.fromisoformat(f"{day}T12:00+08:00")
        assert state_of(campaign, at) == state
        (told,) = platforms_of(session, campaign)
        assert (told.crawls, told.last, told.clues) == (0, None, 0)
        stop_campaign(session, campaign, by="li", now=FixedClock(at).now())
        assert state_of(campaign, at) == "stopped"


@pytest.mark.parametrize(
    "old,new,line,why",
    [
        ("begins: 2026-10-10", "begins: 10.10.2026", 3, "is no day"),
        ("ends: 2026-11-04", "ends: 2026-09-01", 1, "before it begins"),
        ("words: [专利 包授权, 商标加急]", "words: []", 5, "at least one line"),
        ('"0 6 * * *"', '"0 61 * * *"', 7, "is no cron line"),
        ("  - engine", "  - engin", 9, "There is no profile 'engin'"),
        ("  - engine", "  - plain", 9, "has no `searches`"),
        ("  - engine", "  - engine\n  - engine", 8, "stands here twice"),
        ("  - engine", "  - {profile: engine, schedule: often}", 9, "is no cron line"),
        ("title:", "titel:", 2, "did you mean 'title'"),
        ("name: fair-2026", "name: Fair 2026", 1, "name"),
        ("words: [", "words: [[], ", 5, "valid string"),
    ],
)
def test_a_wrong_file_is_refused_by_line_and_field(old: str, new: str, line: int, why: str) -> None:
    assert old in FAIR
    with pytest.raises(ProfileError) as caught:
        spec_of(FAIR.replace(old, new))
    assert f"f.yaml, line {line}," in caught.value.message
    assert why in caught.value.message


def test_too_many_searches_are_refused() -> None:
    words = ", ".join(f"w{number}" for number in range(MOST_SEARCHES // 2 + 1))
    with pytest.raises(ProfileError, match="searches on engine; at most"):
        spec_of(FAIR.replace("专利 包授权, 商标加急", words))


ENGINE = """
name: engine-under-test
kind: search
hosts: [127.0.0.1]
manners: {delay: 0, concurrency: 1}
searches: {template: "http://PLACE/s?q={words}", words: [unused]}
links: [{role: next, css: a.next}]
documents:
  - kind: result
    each: .result
    url: a::attr(href)
    key_in_page: {css: "input", attr: value, page: true}
    title: a
    text: p
    required: [url, title, text]
healthy: {documents: 0}
"""
CAMPAIGN = """
name: fair
begins: 2020-01-01
ends: 2199-12-31
words: [a, b]
regions: [全国, gz]
schedule: "* * * * *"
platforms: [engine-under-test]
"""


def test_a_campaign_goes_from_its_file_to_clues_by_command_and_worker(
    tmp_path: Path, store_url: str, site: Callable[..., Site]
) -> None:
    def results(words: str, more: str = "") -> Page:
        hit = "<a href='http://agency.example/1'>某所</a><p>专利申请包授权，不授权全额退款</p>"
        return Page(f"<input value='{words}'><div class=result>{hit}</div>{more}")

    engine = site(
        {
            "/s?q=a": results("a", "<a class=next href='/s?p=2&q=a'>2</a>"),
            "/s?p=2&q=a": Page("<input value=a><p>没有更多</p>"),
            "/s?q=b": Page("<input value=b><p>没有结果</p>"),
            "/s?q=gz+a": results("gz a"),
            "/s?q=gz+b": Page("<input value='gz b'><p>没有结果</p>"),
        }
    )
    installed = Installation(
        tmp_path,
        store_url=store_url,
        more={"LANTIAN_WRITER": "inline", "LANTIAN_CHROMIUM": "/nowhere/chromium"},
    )
    (installed.profiles / "engine-under-test.yaml").write_text(
        ENGINE.replace("PLACE", engine.place), "utf-8"
    )
    file = tmp_path / "fair.yaml"
    file.write_text(CAMPAIGN.replace("engine-under", "engine-uber"), "utf-8")
    wrong = installed.command("campaign", "add", str(file))
    assert wrong.returncode == 1
    assert "fair.yaml, line 8, field platforms.0.profile: There is no profile" in wrong.stderr
    file.write_text(CAMPAIGN, "utf-8")
    checked = installed.command("campaign", "add", str(file), "--check")
    assert "engine-under-test: 4 searches at * * * * *, such as 'a'" in checked.stdout
    assert installed.rows("select count(*) from campaign") == [(0,)]

    added = installed.command("campaign", "add", str(file), "--allow", engine.place)
    assert added.stdout.startswith("campaign fair: added\n"), added.stderr
    # As if it had been added an hour ago.
    store = installed.store()
    with store.write() as session:
        session.scalars(select(Source)).one().created_at = BEFORE
        (key,) = make_due_jobs(session, now=datetime.now(UTC), report_cron="0 8 * * 1")
    store.close()
    assert key.startswith("crawl:fair@engine-under-test:")
    summary = installed.crawl("fair@engine-under-test")

    assert (summary["state"], summary["planned"], summary["seen"]) == ("finished", 5, 5), summary
    assert {path for path in engine.asked if path.startswith("/s")} == set(engine.pages)
    assert installed.rows("select count(*) from clue") == [(2,)]
    shown = installed.command("campaign", "show", "fair").stdout
    assert "1 crawls, 2 clues" in shown
    assert "5 of 5 pages seen" in shown
    listed = installed.command("campaign", "list").stdout
    assert listed == "fair: on, 2020-01-01 to 2199-12-31, 4 searches on 1 platforms, 2 clues\n"
    stopped = installed.command("campaign", "stop", "fair")
    assert stopped.stdout == "campaign fair: stopped\n"
    assert "fair: stopped" in installed.command("campaign", "list").stdout
    assert installed.rows("select action from audit_event where action like 'campaign%'") == [
        ("campaign.add",),
        ("campaign.stop",),
    ]
