"""The end of a crawl: coverage, alarms, and what is gone."""

from datetime import timedelta
from typing import Any

import pytest

from lantian.errors import NotFound
from lantian.intake.finish import finish_crawl
from lantian.model import Clue, Document, Job, Source
from lantian.reading import parse_profile

A = "https://shop.example/goods/1"
B = "https://shop.example/goods/2"
HOME = "https://shop.example/"


def _pages(site: Any, *keys: str) -> list[Any]:
    """Visits of the home page and of the goods with these keys, each with a claim."""
    home = site.visit(HOME, site.reading())
    goods = [
        site.visit(
            f"https://shop.example/goods/{key}",
            site.reading(site.document(key, site.guarantee)),
        )
        for key in keys
    ]
    return [home, *goods]


def test_every_planned_page_is_counted_once(site: Any) -> None:
    site.begin()
    site.take(
        *_pages(site, "1"),
        site.visit(B, None, outcome="gone", status=404),
        site.visit(f"{B}a", None, outcome="blocked", status=403),
        site.visit(f"{B}b", None, outcome="logged_out", status=401),
        site.visit(f"{B}c", None, outcome="failed"),
    )
    site.plan(f"{B}d", f"{B}e")
    crawl = site.finish().crawl
    assert (crawl.seen, crawl.unchanged, crawl.gone, crawl.blocked) == (2, 0, 1, 1)
    assert (crawl.logged_out, crawl.failed, crawl.unreached, crawl.unknown) == (1, 1, 2, 3)
    assert crawl.planned == 8
    assert not crawl.complete
    assert (crawl.documents, crawl.state, crawl.ended_at) == (1, "finished", site.clock.now())
    assert site.rows(Source)[0].last_crawl_at == site.clock.now()


def test_a_posting_is_gone_after_two_complete_crawls_without_it(site: Any) -> None:
    site.crawl(*_pages(site, "1", "2"))
    first = site.crawl(*_pages(site, "1"))
    assert (first.crawl.complete, first.gone) == (True, 0)
    assert [one.missed_crawls for one in site.rows(Document)] == [0, 1]
    second = site.crawl(*_pages(site, "1"))
    assert (second.gone, second.clue_ids) == (1, (site.rows(Clue)[1].id,))
    assert [one.presence for one in site.rows(Document)] == ["online", "gone"]
    clue = site.rows(Clue)[1]
    assert clue.presence == "gone"
    assert f"index:{clue.id}:{clue.revision}" in {job.key for job in site.rows(Job)}


def test_a_posting_that_comes_back_is_online_and_counted_from_nothing(site: Any) -> None:
    site.crawl(*_pages(site, "1", "2"))
    for _ in range(2):
        site.crawl(*_pages(site, "1"))
    site.crawl(*_pages(site, "1", "2"))
    back = site.rows(Document)[1]
    assert (back.presence, back.missed_crawls) == ("online", 0)
    assert site.rows(Clue)[1].presence == "online"
    site.crawl(*_pages(site, "1"))
    assert site.rows(Document)[1].presence == "online"


@pytest.mark.parametrize("how", ["one page blocked", "cut short", "failed", "alarmed"])
def test_a_crawl_that_did_not_see_everything_says_nothing_of_absence(site: Any, how: str) -> None:
    site.crawl(*_pages(site, "1", "2"))
    wanting = parse_profile("name: t\nkind: site\nhealthy:\n  documents: 10\n")
    endings: dict[str, dict[str, Any]] = {
        "one page blocked": {},
        "cut short": {"whole": False},
        "failed": {"state": "failed", "reason": "writer_lost"},
        "alarmed": {"profile": wanting},
    }
    for _ in range(3):
        visits = _pages(site, "1")
        if how == "one page blocked":
            visits.append(site.visit(f"{B}x", None, outcome="blocked", status=403))
        site.crawl(*visits, **endings[how])
    assert [one.missed_crawls for one in site.rows(Document)] == [0, 0]


def test_a_posting_seen_by_an_evidence_visit_in_between_was_not_missed(site: Any) -> None:
    site.crawl(*_pages(site, "1"))
    site.begin()
    crawl, claim = site.context, site.claim
    site.take(*_pages(site, "1"))
    site.begin("evidence")
    page = site.reading(site.document("1", site.guarantee))
    site.take(site.visit(A, page, purpose="evidence", via="browser"))
    site.finish()
    site.context, site.claim = crawl, claim
    site.finish()
    assert [one.missed_crawls for one in site.rows(Document)] == [0]


def test_evidence_visits_and_rechecks_end_without_absences_or_alarms(site: Any) -> None:
    site.crawl(*_pages(site, "1", "2"))
    last = site.rows(Source)[0].last_crawl_at
    site.clock.advance(timedelta(days=1))
    for _ in range(2):
        site.begin("recheck")
        page = site.reading(site.document("1", site.guarantee))
        site.take(site.visit(A, page, purpose="recheck"))
        wanting = parse_profile("name: t\nkind: site\nhealthy:\n  documents: 10\n")
        crawl = site.finish(profile=wanting).crawl
        assert (crawl.complete, crawl.alarms) == (False, [])
    assert [one.missed_crawls for one in site.rows(Document)] == [0, 0]
    assert site.rows(Source)[0].last_crawl_at == last


def test_a_crawl_that_found_less_than_a_healthy_one_raises_alarms(site: Any) -> None:
    profile = parse_profile(
        "name: t\nkind: site\nhealthy:\n  pages: 5\n  documents: 3\n  unreadable: 0\n"
    )
    broken = site.document("3", missing=("price",))
    crawl = site.crawl(
        site.visit(A, site.reading(broken, absent=("listing",))),
        site.visit(B, site.reading(unreadable="empty: nothing")),
        profile=profile,
    ).crawl
    assert (crawl.documents, crawl.expected, crawl.broken, crawl.unreadable) == (1, 2, 2, 1)
    assert len(crawl.alarms) == 4


def test_a_crawl_that_is_not_there_is_named(site: Any) -> None:
    with site.store.write() as session, pytest.raises(NotFound, match="no crawl 99"):
        finish_crawl(session, 99, now=site.clock.now())
