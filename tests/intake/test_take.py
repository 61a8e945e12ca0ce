"""What a batch of visits leaves in the store, on SQLite and on PostgreSQL."""

from datetime import timedelta
from typing import Any

import pytest

from lantian.errors import LeaseLost
from lantian.intake.take import take_batch
from lantian.intake.visit import Visit
from lantian.model import (
    Artifact,
    Capture,
    Clue,
    Crawl,
    Document,
    FrontierRow,
    Hit,
    Job,
    Observation,
    Page,
    Seller,
)
from lantian.store import jobs
from lantian.store.frontier import Planned

A = "https://shop.example/goods/1"
B = "https://shop.example/goods/2"


def test_a_page_with_a_claim_becomes_capture_document_hit_clue_and_jobs(site: Any) -> None:
    context = site.begin()
    text = site.guarantee
    result = site.take(site.visit(A, site.reading(site.document("1", text))))

    (page,), (capture,), (document,) = site.rows(Page), site.rows(Capture), site.rows(Document)
    assert page.last_capture_id == capture.id
    assert (capture.purpose, capture.status, capture.expires_at) == ("crawl", 200, None)
    assert (document.text, document.version, document.current) == (text, 1, True)
    hits = site.rows(Hit)
    assert capture.hit_count == len(hits) == result.hits > 0
    assert all(text[hit.start : hit.end] == hit.text for hit in hits)
    (clue,) = site.rows(Clue)
    assert (clue.document_id, clue.state, clue.revision) == (document.id, "open", 1)
    assert clue.severity == max(hit.severity for hit in hits)
    assert "授权" in clue.tokens
    jobs_left = {job.key: job for job in site.rows(Job) if job.kind != "crawl"}
    assert set(jobs_left) == {f"evidence:{capture.id}", f"index:{clue.id}:1"}
    visit = jobs_left[f"evidence:{capture.id}"]
    assert (visit.lane, visit.priority) == (f"source:{context.source_id}", 20)
    assert visit.payload["capture_ids"] == [capture.id]


def test_the_bytes_are_on_the_disk_before_the_row_that_names_them(site: Any) -> None:
    site.begin()
    site.take(site.visit(A, site.reading(site.document("1")), body=b"<p>bytes</p>"))
    (artifact,) = site.rows(Artifact)
    assert (artifact.role, artifact.media_type) == ("payload", "text/html; charset=utf-8")
    assert site.archive.read(artifact) == b"<p>bytes</p>"
    assert artifact.digest == site.rows(Capture)[0].payload_digest


def test_a_page_without_a_claim_is_kept_for_a_set_time_and_makes_no_clue(site: Any) -> None:
    site.begin()
    site.take(site.visit(A, site.reading(site.document("1"))))
    (capture,) = site.rows(Capture)
    assert capture.hit_count == 0
    assert capture.expires_at == capture.at + timedelta(days=180)
    assert not site.rows(Clue)
    assert [job.kind for job in site.rows(Job)] == ["crawl"]


def test_a_page_that_says_the_same_adds_an_observation_and_no_capture(site: Any) -> None:
    page = site.reading(site.document("1", site.guarantee))
    site.crawl(site.visit(A, page))
    site.clock.advance(timedelta(days=1))
    ending = site.crawl(site.visit(A, page, body=b"other markup, same words"))
    assert len(site.rows(Capture)) == 1
    first, second = site.rows(Observation)
    assert (first.outcome, second.outcome) == ("seen", "unchanged")
    assert first.capture_id == second.capture_id
    (document,) = site.rows(Document)
    assert document.last_seen_at == site.clock.now()
    assert document.last_crawl_id == ending.crawl.id
    (clue,) = site.rows(Clue)
    assert (clue.last_seen_at, clue.revision) == (site.clock.now(), 2)


def test_within_a_day_a_clue_seen_again_keeps_its_revision(site: Any) -> None:
    page = site.reading(site.document("1", site.guarantee))
    site.crawl(site.visit(A, page))
    site.clock.advance(timedelta(hours=1))
    site.crawl(site.visit(A, page))
    (clue,) = site.rows(Clue)
    assert (clue.last_seen_at, clue.revision) == (site.clock.now(), 1)


def test_a_page_that_answers_not_modified_refreshes_what_it_showed(site: Any) -> None:
    site.crawl(site.visit(A, site.reading(site.document("1", site.guarantee))))
    site.clock.advance(timedelta(days=1))
    ending = site.crawl(site.visit(A, None, outcome="unchanged", status=304, body=b""))
    (document,) = site.rows(Document)
    assert document.last_crawl_id == ending.crawl.id
    assert ending.crawl.documents == 1
    assert site.rows(Clue)[0].last_seen_at == site.clock.now()


def test_a_changed_text_is_a_new_version_and_the_old_one_stays(site: Any) -> None:
    site.crawl(site.visit(A, site.reading(site.document("1", "旧的文字，没有什么。"))))
    site.crawl(site.visit(A, site.reading(site.document("1", "新的文字，没有什么。"))))
    old, new = site.rows(Document)
    assert (old.version, old.current, new.version, new.current) == (1, False, 2, True)
    assert len(site.rows(Capture)) == 2


def test_fields_that_change_by_themselves_make_no_version(site: Any) -> None:
    for views in ("1", "2"):
        listing = site.document("1", fields={"views": views, "area": "上海"})
        other = site.document(f"new-{views}")
        site.crawl(site.visit(A, site.reading(listing, other, volatile=("views",))))
    versions = [one.version for one in site.rows(Document) if one.posting_key == "listing:1"]
    assert versions == [1]


def test_a_posting_without_its_claim_keeps_its_clue_marked_as_changed(site: Any) -> None:
    site.crawl(site.visit(A, site.reading(site.document("1", site.guarantee))))
    site.crawl(site.visit(A, site.reading(site.document("1"))))
    (clue,) = site.rows(Clue)
    assert clue.presence == "changed"
    assert clue.document_id == site.rows(Document)[0].id
    site.crawl(site.visit(A, site.reading(site.document("1", site.guarantee))))
    (clue,) = site.rows(Clue)
    assert (clue.presence, clue.document_id) == ("online", site.rows(Document)[2].id)


def test_a_page_that_is_gone_takes_its_posting_off_line_and_a_return_brings_it_back(
    site: Any,
) -> None:
    page = site.reading(site.document("1", site.guarantee))
    site.crawl(site.visit(A, page))
    gone = site.reading(outcome_hint="gone")
    site.crawl(site.visit(A, gone, outcome="gone", status=404))
    assert site.rows(Document)[0].presence == "gone"
    assert site.rows(Clue)[0].presence == "gone"
    assert len(site.rows(Capture)) == 2
    site.crawl(site.visit(A, page))
    assert [one.presence for one in site.rows(Document)] == ["online"]
    assert site.rows(Clue)[0].presence == "online"


@pytest.mark.parametrize(
    "outcome,status", [("blocked", 403), ("failed", 503), ("failed", None), ("logged_out", 401)]
)
def test_a_refused_or_failed_visit_is_never_taken_for_gone(
    site: Any, outcome: str, status: int | None
) -> None:
    site.crawl(site.visit(A, site.reading(site.document("1", site.guarantee))))
    site.crawl(site.visit(A, None, outcome=outcome, status=status, detail="why", body=b""))
    assert site.rows(Document)[0].presence == "online"
    assert site.rows(Clue)[0].presence == "online"
    assert len(site.rows(Capture)) == 1
    assert site.rows(Observation)[1].detail == "why"


def test_an_unreadable_page_has_failed_is_captured_and_is_never_clean(site: Any) -> None:
    broken = site.reading(unreadable="charset: no character set gives sensible text")
    site.crawl(site.visit(A, broken, body=b"\xff\xfe\xff"))
    ending = site.crawl(site.visit(A, broken, body=b"\xff\xfe\xff"))
    assert [one.outcome for one in site.rows(Observation)] == ["failed", "failed"]
    assert site.rows(Observation)[0].detail.startswith("unreadable: charset")
    (capture,) = site.rows(Capture)
    assert capture.unreadable == broken.unreadable
    assert (ending.crawl.failed, ending.crawl.complete) == (1, False)


def test_an_evidence_visit_always_makes_a_capture_and_says_whether_the_claim_stood(
    site: Any,
) -> None:
    page = site.reading(site.document("1", site.guarantee))
    site.crawl(site.visit(A, page))
    site.begin("evidence")
    shot = site.visit(
        A, page, purpose="evidence", via="browser", dom=b"<html>", screenshot=b"\x89PNG"
    )
    site.take(shot)
    site.finish()
    evidence = site.rows(Capture)[1]
    assert (evidence.purpose, evidence.hits_stood, evidence.expires_at) == ("evidence", True, None)
    roles = [one.role for one in site.rows(Artifact) if one.capture_id == evidence.id]
    assert roles == ["payload", "dom", "screenshot"]
    keys = {job.key for job in site.rows(Job) if job.kind == "evidence" and job.priority}
    assert keys == {f"evidence:{site.rows(Capture)[0].id}"}


def test_an_evidence_visit_that_reads_a_little_otherwise_changes_no_version(site: Any) -> None:
    page = site.reading(site.document("1", site.guarantee))
    site.crawl(site.visit(A, page))
    site.begin("evidence")
    other = site.reading(site.document("1", site.guarantee + "（浏览器）"))
    site.take(site.visit(A, other, purpose="evidence", via="browser"))
    site.finish()
    assert len(site.rows(Document)) == 1
    assert site.rows(Capture)[1].hits_stood is True
    site.crawl(site.visit(A, page))
    assert site.rows(Observation)[2].outcome == "unchanged"


@pytest.mark.parametrize(
    "outcome,status,stood", [("seen", 200, False), ("gone", 404, False), ("blocked", 403, None)]
)
def test_a_recheck_says_whether_the_claim_still_stands(
    site: Any, outcome: str, status: int, stood: bool | None
) -> None:
    site.crawl(site.visit(A, site.reading(site.document("1", site.guarantee))))
    site.begin("recheck")
    page = site.reading(site.document("1")) if outcome == "seen" else None
    site.take(site.visit(A, page, purpose="recheck", outcome=outcome, status=status))
    site.finish()
    assert site.rows(Capture)[1].hits_stood is stood


def test_links_become_rows_of_the_frontier_and_the_visit_closes_its_own(site: Any) -> None:
    site.begin()
    links = (Planned(B, B, "listing", 1, {"x": 1}), Planned(A, A, "listing", 1))
    result = site.take(site.visit(A, site.reading(site.document("1")), links=links))
    assert result.planned == 1
    own, linked = site.rows(FrontierRow)
    assert (own.state, own.outcome) == ("done", "seen")
    assert (linked.state, linked.role, linked.depth, linked.meta) == (
        "open",
        "listing",
        1,
        {"x": 1},
    )


def test_without_the_lease_nothing_is_written(site: Any) -> None:
    site.begin()
    with site.store.write() as session:
        jobs.finish(session, site.claim, now=site.clock.now())
    with pytest.raises(LeaseLost):
        site.take(site.visit(A, site.reading(site.document("1"))))
    assert not site.rows(Page)
    assert not site.rows(Observation)


def test_one_posting_on_two_pages_of_a_batch_is_one_document(site: Any) -> None:
    site.begin()
    page = site.reading(site.document("1", site.guarantee))
    site.take(site.visit(A, page), site.visit(B, page))
    assert len(site.rows(Document)) == len(site.rows(Clue)) == 1
    assert len(site.rows(Capture)) == 2


def test_two_pages_that_show_a_posting_otherwise_do_not_pile_up_versions(site: Any) -> None:
    for _ in range(3):
        site.crawl(
            site.visit(A, site.reading(site.document("1", "甲页的文字"))),
            site.visit(B, site.reading(site.document("1", "乙页的文字"))),
        )
    assert [one.version for one in site.rows(Document)] == [1, 2]
    assert [one.current for one in site.rows(Document)] == [False, True]


def test_sellers_are_known_by_the_platforms_key_and_renamed_when_it_renames_them(
    site: Any,
) -> None:
    site.crawl(site.visit(A, site.reading(site.document("1"))))
    site.crawl(site.visit(A, site.reading(site.document("1", seller_name="二号店"))))
    (seller,) = site.rows(Seller)
    assert (seller.key, seller.name) == ("s1", "二号店")


def _take_and_die(site: Any, visit: Visit) -> None:
    with site.warc.batch(), site.store.write() as session:
        take_batch(session, [visit], site.context)
        raise RuntimeError


def test_a_batch_taken_twice_after_a_kill_counts_once(site: Any) -> None:
    site.begin()
    visit = site.visit(A, site.reading(site.document("1", site.guarantee)))
    with pytest.raises(RuntimeError):
        _take_and_die(site, visit)
    assert not site.rows(Page)
    site.take(visit)
    assert len(site.rows(Capture)) == len(site.rows(Document)) == len(site.rows(Clue)) == 1
    assert site.rows(Crawl)[0].documents == 1


def test_a_batch_of_more_than_fifty_visits_is_refused(site: Any) -> None:
    site.begin()
    visits = [site.visit(f"https://shop.example/{n}") for n in range(51)]
    with pytest.raises(ValueError, match="51 visits"):
        site.take(*visits)
