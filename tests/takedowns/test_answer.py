"""What platforms answer, on both stores."""

from datetime import timedelta

import pytest

from lantian.errors import Conflict, Invalid, NotFound, Stale
from lantian.model import Notice, NoticeEvent, Recheck
from lantian.settings import Settings
from lantian.takedowns.answer import Answer, acknowledge, act
from lantian.takedowns.issue import issue_notices
from tests.takedowns.market import Market


def issued(market: Market, settings: Settings, clues: int = 2) -> Notice:
    platform = market.platform(f"平台{market.next('name')}")
    ids = [market.confirmed(platform) for _ in range(clues)]
    with market.store.write() as session:
        (notice,) = issue_notices(
            session,
            ids,
            actor="key:office00",
            now=market.now,
            real_now=market.now,
            settings=settings,
        )
        return notice


def answer(
    market: Market,
    settings: Settings,
    notice: Notice,
    *answers: Answer,
    platform_id: int | None = None,
    revision: int | None = None,
) -> Notice:
    with market.store.write() as session:
        return act(
            session,
            notice.id,
            answers,
            platform_id=platform_id or notice.platform_id,
            actor="key:platform",
            expected_revision=revision,
            now=market.now,
            real_now=market.now,
            settings=settings,
        )


def test_a_platform_acknowledges_once(market: Market, settings: Settings) -> None:
    notice = issued(market, settings)
    market.clock.advance(timedelta(hours=1))

    def again() -> Notice:
        with market.store.write() as session:
            return acknowledge(
                session,
                notice.id,
                platform_id=notice.platform_id,
                actor="key:platform",
                expected_revision=None,
                now=market.now,
                real_now=market.now,
            )

    done = again()
    assert (done.state, done.acknowledged_at, done.revision) == ("acknowledged", market.now, 2)
    with pytest.raises(Conflict, match="acknowledged already"):
        again()


def test_an_answer_to_every_clue_makes_the_notice_answered(
    market: Market, settings: Settings
) -> None:
    notice = issued(market, settings)
    first, second = (item.clue_id for item in notice.items)
    partly = answer(market, settings, notice, Answer("removed", clue_ids=(first,)))
    assert (partly.state, partly.acknowledged_at) == ("acknowledged", market.now)
    whole = answer(market, settings, notice, Answer("shop_closed", clue_ids=(second,)))
    assert (whole.state, whole.answered_at) == ("answered", market.now)


def test_refusals_close_the_notice_and_can_be_taken_back(
    market: Market, settings: Settings
) -> None:
    notice = issued(market, settings)
    closed = answer(market, settings, notice, Answer("refused", "广告已备案"))
    assert (closed.state, closed.closed_at) == ("closed", market.now)
    assert market.job_of() == []
    reopened = answer(market, settings, notice, Answer("removed"))
    assert (reopened.state, reopened.closed_at) == ("answered", None)
    with market.store.read() as session:
        kinds = [
            event.kind
            for event in session.query(NoticeEvent)
            .filter_by(notice_id=notice.id)
            .order_by(NoticeEvent.seq)
        ]
    assert kinds == ["issued", "sent", "acknowledged", "acted", "closed", "acted", "reopened"]


def test_after_an_answer_looks_are_planned_one_job_a_source_and_time(
    market: Market, settings: Settings
) -> None:
    notice = issued(market, settings)
    answer(market, settings, notice, Answer("removed"))
    jobs = market.job_of()
    assert [job.due - market.now for job in jobs] == [
        timedelta(hours=hours) for hours in settings.recheck_after_hours
    ]
    assert {len(job.payload["recheck_ids"]) for job in jobs} == {2}
    assert {job.priority for job in jobs} == {10}
    assert {job.lane for job in jobs} == {f"source:{jobs[0].payload['source_id']}"}


def test_a_second_answer_begins_a_new_series_of_looks(market: Market, settings: Settings) -> None:
    notice = issued(market, settings, clues=1)
    answer(market, settings, notice, Answer("edited"))
    market.clock.advance(timedelta(minutes=5))
    answer(market, settings, notice, Answer("removed"))
    with market.store.read() as session:
        rows = session.query(Recheck).order_by(Recheck.id).all()
    assert [(row.series, row.number, row.done_at is None) for row in rows] == [
        *((1, number, False) for number in (1, 2, 3)),
        *((2, number, True) for number in (1, 2, 3)),
    ]
    assert {row.result for row in rows} == {None}


@pytest.mark.parametrize(
    "answers, fault",
    [
        ((), "actions is empty"),
        ((Answer("deleted"),), r"actions\[0\]: action 'deleted' is unknown"),
        ((Answer("refused"),), r"actions\[0\]: a refusal needs a reason"),
        ((Answer("refused", "  "),), r"actions\[0\]: a refusal needs a reason"),
        ((Answer("removed", clue_ids=()),), r"actions\[0\]: clue_ids is empty"),
        ((Answer("removed", clue_ids=(9_999,)),), r"actions\[0\]: clue 9999 is not in notice"),
        ((Answer("removed"), Answer("edited")), r"actions\[1\]: clue \d+ was answered for before"),
        ((Answer("removed", "因" * 2_001),), r"actions\[0\]: reason has more than 2000"),
        ((Answer("removed", "a\x00b"),), r"actions\[0\]: reason holds characters"),
        ((Answer("removed", "a\ud800b"),), r"actions\[0\]: reason holds characters"),
    ],
)
def test_a_wrong_answer_is_named_and_nothing_of_it_is_taken(
    market: Market, settings: Settings, answers: tuple[Answer, ...], fault: str
) -> None:
    notice = issued(market, settings)
    with pytest.raises(Invalid, match=fault):
        answer(market, settings, notice, *answers)
    with market.store.read() as session:
        kept = session.get_one(Notice, notice.id)
        assert (kept.state, kept.revision) == ("sent", 1)
        assert {item.action for item in kept.items} == {None}


def test_another_platforms_notice_is_not_there(market: Market, settings: Settings) -> None:
    notice, other = issued(market, settings), issued(market, settings)
    with pytest.raises(NotFound, match=f"there is no notice {notice.id}"):
        answer(market, settings, notice, Answer("removed"), platform_id=other.platform_id)


def test_a_writer_that_saw_an_older_version_is_told_so(market: Market, settings: Settings) -> None:
    notice = issued(market, settings)
    answer(market, settings, notice, Answer("removed"), revision=1)
    with pytest.raises(Stale, match="stands at version 2, you have seen 1"):
        answer(market, settings, notice, Answer("edited"), revision=1)


def test_a_notice_that_waits_cannot_be_answered(market: Market, settings: Settings) -> None:
    platform = market.platform("无通道", channel="none")
    clue = market.confirmed(platform)
    with market.store.write() as session:
        (notice,) = issue_notices(
            session, [clue], actor="user:a", now=market.now, real_now=market.now, settings=settings
        )
    with market.store.write() as session, pytest.raises(Conflict, match="has not been sent"):
        act(
            session,
            notice.id,
            [Answer("removed")],
            platform_id=None,
            actor="user:a",
            expected_revision=None,
            now=market.now,
            real_now=market.now,
            settings=settings,
        )
