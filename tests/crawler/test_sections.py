"""A very large site in sections: each a source and a job of its own, together one site."""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import select

from crawler.sections import sections_of
from crawler.sources import grant, source_of_profile
from lantian.clock import SystemClock
from lantian.errors import ProfileError
from lantian.model import Crawl, Job, Source
from lantian.reading import find_profile, parse_profile
from lantian.store.engine import Store
from lantian.store.migrate import upgrade
from lantian.worker.schedule import make_due_jobs
from tests.services.loopback import Installation, Page, Site

PROFILE = """
name: forum
title: 大论坛
kind: forum
hosts: [127.0.0.1]
start: ["http://PLACE/"]
schedule: "* * * * *"
manners: {delay: 0, concurrency: 2}
sections:
  - name: patents
    title: 专利
    start: ["http://PLACE/board/1"]
    pages: ["/board/1", "/board/1/*"]
  - name: brands
    start: ["http://PLACE/board/2"]
    pages: ["/board/2", "/board/2/*"]
links:
  - {role: page, css: a.board}
  - {role: thread, css: a.thread}
documents:
  - {kind: post, pages: ["/t/*"], key: main::attr(data-id), text: main}
"""
PLAIN = "专利申请代理服务，费用与周期以合同为准"


def forum() -> dict[str, Page]:
    boards = "".join(f"<a class=board href=/board/{one}>board</a>" for one in (1, 2))
    pages = {"/": Page(boards)}
    for board in (1, 2):
        threads = [f"/t/{board}{number}" for number in range(4)]
        links = "".join(f"<a class=thread href={path}>thread</a>" for path in threads)
        more = f"<a class=board href=/board/{board}/2>2</a>"
        pages[f"/board/{board}"] = Page(f"{boards}{links}{more}")
        pages[f"/board/{board}/2"] = Page(boards + links)
        for path in threads:
            text = f"<main data-id={path[3:]}>{PLAIN}，第{path[3:]}号</main>{boards}"
            pages[path] = Page(text)
    return pages


@pytest.fixture
def office(installation: Installation, site: Callable[..., Site]) -> tuple[Installation, Site]:
    served = site(forum())
    text = PROFILE.replace("PLACE", served.place)
    (installation.profiles / "forum.yaml").write_text(text)
    return installation, served


def test_sections_are_crawled_one_by_one_and_no_page_twice(
    office: tuple[Installation, Site],
) -> None:
    installation, site = office
    summary = installation.crawl("forum", "--allow", site.place, "-s", "ROBOTSTXT_OBEY=False")
    assert summary["state"] == "finished", summary
    assert summary["sections"] == {"forum:patents": "finished", "forum:brands": "finished"}
    # Each board of two pages with its four threads; the rest of the site is nobody's.
    assert (summary["planned"], summary["seen"], summary["documents"]) == (12, 12, 8)

    paths = sorted(path for path in forum() if path != "/")
    boards = [path for path in site.asked if path.startswith("/board/")]
    assert sorted(set(site.asked)) == paths
    assert len(boards) == len(set(boards)), "what is another section's is left to it"
    rows = installation.rows(
        "select source.name, source.title, crawl.seen, crawl.complete from crawl"
        " join source on source.id = source_id where purpose = 'crawl' order by crawl.id"
    )
    assert [tuple(row) for row in rows] == [
        ("forum:patents", "大论坛（专利）", 6, True),
        ("forum:brands", "大论坛（brands）", 6, True),
    ]
    permitted = "select source_id, host, port from permission order by source_id"
    assert len({row[1:] for row in installation.rows(permitted)}) == 1
    assert len(installation.rows(permitted)) == 3


def test_a_scheduled_crawl_of_the_whole_is_one_job_for_each_section(
    office: tuple[Installation, Site],
) -> None:
    installation, site = office
    (installation.folder / "data").mkdir(parents=True, exist_ok=True)
    with closing(installation.store()) as store:
        upgrade(store)
        now = SystemClock().now()
        with store.write() as session:
            profile = find_profile("forum", [installation.profiles])
            whole = source_of_profile(session, profile, now=now)
            grant(session, whole, [site.place], by="test", reason="test", now=now)
            made = make_due_jobs(session, now=now + timedelta(minutes=2), report_cron="0 8 * * 1")
            (key,) = [key for key in made if key.startswith("crawl:")]
            session.scalars(select(Job).where(Job.key == key)).one().due = now
        done = installation.command("worker", "--once")
        assert done.returncode == 0, done.stderr
        assert site.asked == []
        assert waiting(store) == {f"{key}:patents", f"{key}:brands"}
        with store.read() as session:
            payloads = session.scalars(select(Job.payload).where(Job.state == "ready"))
            assert all(payload["due"] for payload in payloads)
            (whole,) = session.scalars(select(Source).where(Source.part_of_id.is_(None)))
            assert whole.last_crawl_at is not None
            lanes = {f"source:{one.id}" for one in sections_of(session, whole)}
            asked = session.scalars(
                select(Job.lane).where(Job.state == "ready", Job.kind == "crawl")
            )
            assert set(asked) == lanes
            assert session.scalars(select(Crawl)).all() == []


def waiting(store: Store) -> set[str]:
    with store.read() as session:
        ready = select(Job.key).where(Job.kind == "crawl", Job.state == "ready")
        return set(session.scalars(ready))


@pytest.mark.parametrize(
    "section, fault",
    [
        ("{name: a, start: ['http://x.example/']}", "two sections have one name"),
        ("{name: b}", "give `start`, or `words` of `searches`"),
        ("{name: b, words: [专利]}", "a section with `words` needs `searches`"),
    ],
)
def test_a_section_that_cannot_be_crawled_is_refused(section: str, fault: str) -> None:
    text = (
        "name: forum\nkind: site\nsections:\n  - {name: a, start: ['http://x.example/']}\n"
        f"  - {section}\n"
    )
    with pytest.raises(ProfileError, match=fault):
        parse_profile(text)


def test_a_section_of_a_search_engine_has_words_of_its_own() -> None:
    profile = parse_profile(
        "name: engine\nkind: search\nhosts: [so.example]\n"
        "searches: {template: 'http://so.example/s?q={words}', words: [x], charset: gbk}\n"
        "sections: [{name: a, words: [商标加急]}]\n"
    )
    assert profile.starts_of(profile.sections[0]) == (
        "http://so.example/s?q=%C9%CC%B1%EA%BC%D3%BC%B1",
    )
    whole = profile.model_copy(update={"sections": ()})
    assert (
        parse_profile(
            "name: engine\nkind: search\nhosts: [so.example]\n"
            "searches: {template: 'http://so.example/s?q={words}', words: [x], charset: gbk}\n"
        ).version
        == whole.version
        == profile.version
    )
