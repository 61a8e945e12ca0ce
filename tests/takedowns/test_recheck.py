"""What a look at a notified posting proves, on both stores."""

from datetime import timedelta
from typing import Any

import pytest

from lantian.errors import NotFound
from lantian.model import Clue, Document, Notice, NoticeEvent, Recheck
from lantian.settings import Settings
from lantian.takedowns.answer import Answer, act
from lantian.takedowns.issue import issue_notices
from lantian.takedowns.recheck import (
    MatcherOf,
    give_up_rechecks,
    note_returns,
    record_rechecks,
)
from lantian.takedowns.view import notice_view
from matchers.scan import Matcher
from tests.takedowns.market import MILD, Market


class Case:
    """One clue whose platform says that it removed the posting."""

    def __init__(self, market: Market, settings: Settings, matcher_of: MatcherOf | None = None):
        self.market, self.matcher_of = market, matcher_of
        self.clue = market.confirmed(market.platform())
        with market.store.write() as session:
            (notice,) = issue_notices(
                session,
                [self.clue],
                actor="user:reviewer",
                now=market.now,
                real_now=market.now,
                settings=settings,
            )
        self.notice_id = notice.id
        with market.store.write() as session:
            act(
                session,
                notice.id,
                [Answer("removed")],
                platform_id=notice.platform_id,
                actor="key:platform",
                expected_revision=None,
                now=market.now,
                real_now=market.now,
                settings=settings,
            )
        self.jobs = [job.key for job in market.job_of()]

    def look(self, **visit: Any) -> str | None:
        """The result of the next planned re-check, whose crawl made this visit."""
        self.market.clock.advance(timedelta(hours=1))
        crawl = self.market.visit(self.clue, job_key=self.jobs.pop(0), **visit)
        with self.market.store.write() as session:
            done = record_rechecks(
                session,
                crawl,
                now=self.market.now,
                real_now=self.market.now,
                matcher_of=self.matcher_of,
            )
        assert len(done) == 1
        return done[0].result

    def crawl(self, **visit: Any) -> int:
        """How many postings an ordinary crawl saw come back."""
        self.market.clock.advance(timedelta(hours=1))
        crawl = self.market.visit(self.clue, job_key="crawl:x", purpose="crawl", **visit)
        with self.market.store.write() as session:
            now = self.market.now
            return len(note_returns(session, crawl, now=now, real_now=now))

    def notice(self) -> Notice:
        with self.market.store.read() as session:
            return notice_view(session, self.notice_id).notice


@pytest.fixture
def case(market: Market, settings: Settings) -> Case:
    return Case(market, settings)


def test_a_posting_that_is_gone_is_verified_removed_and_the_notice_closes(case: Case) -> None:
    assert case.look(outcome="gone", status=404) == "verified_removed"
    assert case.notice().state == "closed"
    with case.market.store.read() as session:
        event = session.query(NoticeEvent).filter_by(kind="checked").one()
    assert event.detail["result"] == "verified_removed"
    assert event.detail["clue_id"] == case.clue


def test_a_posting_that_only_the_platform_says_is_gone_is_still_there(case: Case) -> None:
    assert case.look() == "still_there"
    assert case.notice().state == "answered"


@pytest.mark.parametrize("outcome", ["blocked", "failed", "logged_out"])
def test_a_look_that_failed_is_never_taken_for_gone(case: Case, outcome: str) -> None:
    assert case.look(outcome=outcome, status=503) == "could_not_be_seen"
    assert case.notice().state == "answered"


def test_a_page_that_could_not_be_read_could_not_be_seen(case: Case) -> None:
    assert case.look(unreadable="nested too deep") == "could_not_be_seen"


def test_a_posting_without_the_notified_claims_is_changed(case: Case, matcher: Matcher) -> None:
    assert case.look(text=MILD) == "changed"
    assert case.notice().state == "closed"


def test_a_claim_in_a_picture_is_not_gone_while_a_new_picture_is_unread(case: Case) -> None:
    market = case.market
    with market.store.write() as session:
        told = session.get_one(Document, session.get_one(Clue, case.clue).document_id)
        market.picture(session, told, "read", (0, len(told.text)))
    assert case.look(text=MILD, picture="waiting") == "could_not_be_seen"
    assert case.look(text=f"{MILD}。", picture="read") == "changed"


def test_one_of_the_notified_claims_that_still_stands_is_enough(case: Case) -> None:
    assert case.look(text="专利代理老店，商标走内部绿色通道，加微信咨询。") == "still_there"


def test_a_posting_that_was_removed_and_stands_there_again_is_back(case: Case) -> None:
    assert case.look(outcome="gone", status=410) == "verified_removed"
    assert case.look() == "back_again"
    assert case.notice().state == "answered"


def test_a_failed_look_leaves_a_proved_removal_standing(case: Case) -> None:
    assert case.look(outcome="gone", status=404) == "verified_removed"
    assert case.look(outcome="blocked", status=403) == "could_not_be_seen"
    notice = case.notice()
    assert (notice.state, notice.items[0].check_result) == ("closed", "verified_removed")


def test_a_page_without_the_posting_proves_removal_only_the_second_time(case: Case) -> None:
    assert case.look(absent=True) == "could_not_be_seen"
    assert case.look(absent=True) == "verified_removed"


def test_an_unchanged_page_still_shows_what_it_showed(case: Case) -> None:
    assert case.look(outcome="unchanged", status=304) == "still_there"


def test_a_page_that_the_crawl_never_reached_could_not_be_seen(
    case: Case, market: Market, settings: Settings
) -> None:
    other = market.posting(market.platform("乙平台"))
    crawl = market.visit(other, job_key=case.jobs[0])
    with market.store.write() as session:
        (done,) = record_rechecks(session, crawl, now=market.now, real_now=market.now)
    assert (done.result, done.detail) == ("could_not_be_seen", "the page was not reached")


def test_recording_twice_changes_nothing_the_second_time(case: Case, market: Market) -> None:
    crawl = market.visit(case.clue, job_key=case.jobs[0])
    with market.store.write() as session:
        assert len(record_rechecks(session, crawl, now=market.now, real_now=market.now)) == 1
    before = case.notice().revision
    with market.store.write() as session:
        assert record_rechecks(session, crawl, now=market.now, real_now=market.now) == []
    assert case.notice().revision == before


def test_the_claims_are_judged_by_the_rules_of_the_notice_not_by_todays(
    market: Market, settings: Settings, matcher: Matcher
) -> None:
    asked: list[str] = []

    def matcher_of(pack_hash: str) -> Matcher | None:
        asked.append(pack_hash)
        return matcher

    case = Case(market, settings, matcher_of)
    changed = "专利代理老店，发明专利包授权，加微信咨询！"
    market.clock.advance(timedelta(hours=1))
    crawl = market.visit(case.clue, text=changed, job_key=case.jobs[0])
    market.drop_hits_of_newest(case.clue)
    with market.store.write() as session:
        (done,) = record_rechecks(
            session, crawl, now=market.now, real_now=market.now, matcher_of=matcher_of
        )
    assert done.result == "still_there"
    assert len(asked) == 1


def test_an_ordinary_crawl_that_sees_a_removed_posting_again_opens_its_notice(case: Case) -> None:
    assert case.look(outcome="gone", status=404) == "verified_removed"
    assert case.crawl() == 1
    notice = case.notice()
    assert (notice.state, notice.items[0].check_result) == ("answered", "back_again")
    assert case.crawl() == 0


def test_an_ordinary_crawl_concludes_nothing_else(case: Case) -> None:
    assert case.crawl() == 0
    assert case.notice().items[0].check_result is None


def test_a_crawl_of_another_kind_records_no_look(case: Case, market: Market) -> None:
    crawl = market.visit(case.clue, job_key="crawl:1", purpose="crawl")
    with market.store.write() as session:
        assert record_rechecks(session, crawl, now=market.now, real_now=market.now) == []
        assert session.query(Recheck).filter(Recheck.done_at.is_not(None)).count() == 0


def test_an_unknown_crawl_is_named(market: Market) -> None:
    with market.store.write() as session, pytest.raises(NotFound, match="no crawl 77"):
        record_rechecks(session, 77, now=market.now, real_now=market.now)


def test_a_look_whose_job_died_could_not_be_seen_and_says_why(case: Case, market: Market) -> None:
    ids = market.job_of()[0].payload["recheck_ids"]
    with market.store.write() as session:
        (given_up,) = give_up_rechecks(
            session, ids, why="the crawl never ended", now=market.now, real_now=market.now
        )
    assert (given_up.result, given_up.detail) == ("could_not_be_seen", "the crawl never ended")
    assert case.notice().items[0].check_result == "could_not_be_seen"


def test_an_edit_that_was_taken_back_is_seen_though_the_page_looks_unchanged(case: Case) -> None:
    assert case.look(text=MILD) == "changed"
    assert case.look(outcome="unchanged", status=200) == "still_there"
    assert case.notice().state == "answered"
