"""From confirmed clues to notices, on both stores."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from lantian.access.chain import broken_links
from lantian.errors import Conflict, Invalid, NotFound
from lantian.model import AuditEvent, Clue, Job, Notice, Platform
from lantian.settings import Settings
from lantian.store.engine import Store
from lantian.takedowns.channel import open_channel, platform_named
from lantian.takedowns.issue import NotReady, issue_notices
from lantian.takedowns.view import list_notices, notice_view
from tests.takedowns.market import Market


def issue(market: Market, settings: Settings, clue_ids: Sequence[int]) -> list[Notice]:
    with market.store.write() as session:
        return issue_notices(
            session,
            clue_ids,
            actor="key:office00",
            now=market.now,
            real_now=market.now,
            settings=settings,
        )


def test_confirmed_clues_become_one_notice_a_platform(market: Market, settings: Settings) -> None:
    first, second = market.platform("甲平台"), market.platform("乙平台")
    clues = [market.confirmed(first), market.confirmed(second), market.confirmed(first)]
    notices = issue(market, settings, clues)
    assert [notice.platform_id for notice in notices] == [first, second]
    assert [[item.clue_id for item in notice.items] for notice in notices] == [
        [clues[0], clues[2]],
        [clues[1]],
    ]
    assert {notice.state for notice in notices} == {"sent"}
    assert notices[0].acknowledge_by == market.now + timedelta(hours=24)


def test_what_is_sent_is_frozen_under_its_digest(market: Market, settings: Settings) -> None:
    clue = market.confirmed(market.platform())
    (notice,) = issue(market, settings, [clue])
    content = notice.content
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert notice.content_digest == "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()
    told = content["clues"][0]
    assert {claim["claim"] for claim in told["claims"]} == {"guaranteed_grant", "green_channel"}
    marked = [
        segment["text"]
        for passage in told["passages"]
        for segment in passage
        if "guaranteed_grant" in segment["claims"]
    ]
    assert marked == ["包授权"]
    assert told["evidence"][0]["payload_digest"].startswith("sha256:")
    assert content["office"]["name"] == "某市市场监督管理局"
    assert content["terms"]["act_by_day"] == "2026-11-27"


def test_the_basis_is_the_platforms_duty_and_never_the_rights_holders_notice(
    market: Market, settings: Settings
) -> None:
    (notice,) = issue(market, settings, [market.confirmed(market.platform())])
    basis = [article["label"] for article in notice.content["basis"]]
    assert any("《广告法》第四十五条" in label for label in basis)
    assert any("《广告法》第六十三条" in label for label in basis)
    assert any("《互联网广告管理办法》第十六条" in label for label in basis)
    printed = json.dumps(notice.content, ensure_ascii=False)
    assert "电子商务法" not in printed
    assert "涉嫌" in notice.content["statement"]["zh"]


def test_the_law_told_is_that_of_the_days_on_which_the_posting_was_seen(
    market: Market, settings: Settings
) -> None:
    (notice,) = issue(market, settings, [market.confirmed(market.platform())])
    labels = [article["label"] for article in notice.content["clues"][0]["law"]]
    assert any("2019年修正" in label and "商标法" in label for label in labels)
    assert not any("2027年施行" in label for label in labels)
    assert not any("待确认" in label for label in labels)


def test_a_decision_younger_than_the_hold_is_refused_with_the_time(
    market: Market, settings: Settings
) -> None:
    clue = market.posting(market.platform())
    market.confirm(clue)
    decided = market.now
    market.clock.advance(timedelta(minutes=9))
    with pytest.raises(NotReady) as caught:
        issue(market, settings, [clue])
    assert caught.value.retry_at == decided + timedelta(seconds=settings.hold_seconds)
    assert caught.value.faults[0].kind == "decision_too_young"
    market.clock.advance(timedelta(minutes=1))
    assert len(issue(market, settings, [clue])) == 1


def test_one_clue_that_is_not_ready_keeps_all_of_them_back_and_each_is_named(
    market: Market, settings: Settings
) -> None:
    platform = market.platform()
    good, dismissed, undecided = (market.posting(platform) for _ in range(3))
    market.confirm(good)
    market.confirm(dismissed, verdict="dismissed")
    market.clock.advance(timedelta(hours=1))
    with pytest.raises(NotReady) as caught:
        issue(market, settings, [good, dismissed, undecided, 9_999])
    assert {fault.clue_id: fault.kind for fault in caught.value.faults} == {
        dismissed: "not_confirmed",
        undecided: "not_confirmed",
        9_999: "unknown_clue",
    }
    assert caught.value.retry_at is None
    with market.store.read() as session:
        assert session.query(Notice).count() == 0


def test_a_clue_is_in_one_open_notice_at_most(market: Market, settings: Settings) -> None:
    clue = market.confirmed(market.platform())
    (notice,) = issue(market, settings, [clue])
    with pytest.raises(Conflict, match=f"clue {clue} is in notice {notice.id}, which is open"):
        issue(market, settings, [clue])


def test_processes_that_issue_at_once_make_one_notice(
    market: Market, settings: Settings, store_url: str
) -> None:
    clues = [market.confirmed(market.platform())]
    stores = [Store(store_url) for _ in range(4)]

    def attempt(store: Store) -> int | str:
        try:
            with store.write() as session:
                notices = issue_notices(
                    session,
                    clues,
                    actor="key:office00",
                    now=market.now,
                    real_now=market.now,
                    settings=settings,
                )
        except NotReady as error:
            return error.faults[0].kind
        return len(notices)

    with ThreadPoolExecutor(len(stores)) as threads:
        made = list(threads.map(attempt, stores))
    for store in stores:
        store.close()
    assert Counter(made) == {1: 1, "already_notified": 3}


def test_unknown_clues_and_empty_lists_are_named(market: Market, settings: Settings) -> None:
    with pytest.raises(NotFound, match="there is no clue 7"):
        issue(market, settings, [7])
    with pytest.raises(Invalid, match="clue_ids holds 0 clues"):
        issue(market, settings, [])
    with pytest.raises(Invalid, match="clue_ids holds 101 clues"):
        issue(market, settings, range(1, 102))


def test_a_notice_to_a_platform_without_channel_waits_until_it_has_one(
    market: Market, settings: Settings
) -> None:
    platform_id = market.platform("丙平台", channel="none")
    clue = market.confirmed(platform_id)
    (notice,) = issue(market, settings, [clue])
    assert (notice.state, notice.sent_at, notice.act_by) == ("waiting", None, None)
    assert notice.content["terms"] is None
    with market.store.read() as session:
        assert list_notices(session, platform_id=platform_id).notices == ()
    market.clock.advance(timedelta(days=2))
    with market.store.write() as session:
        (sent,) = open_channel(
            session,
            session.get_one(Platform, platform_id),
            actor="process:cli",
            now=market.now,
            real_now=market.now,
            settings=settings,
        )
    assert (sent.state, sent.sent_at) == ("sent", market.now)
    assert sent.content["terms"]["acknowledge_by"] == "2026-11-27T09:11:00+08:00"
    with market.store.read() as session:
        events = [event.kind for event in notice_view(session, sent.id).events]
    assert events == ["issued", "sent"]


def test_an_unknown_platform_is_named_with_those_that_are_known(market: Market) -> None:
    market.platform("甲平台")
    with market.store.read() as session, pytest.raises(NotFound, match="no platform '丁'") as told:
        platform_named(session, "丁")
    assert "甲平台" in told.value.hint


def test_the_index_learns_that_a_clue_was_notified(market: Market, settings: Settings) -> None:
    clue = market.confirmed(market.platform())
    before = market.entries()[0]
    issue(market, settings, [clue])
    after = market.entries()[0]
    assert (before.notice_state, after.notice_state) == ("none", "sent")
    assert after.revision == before.revision + 1
    with market.store.read() as session:
        assert session.query(Job).filter_by(key=f"index:{clue}:{after.revision}").count() == 1
        assert session.get_one(Clue, clue).revision == after.revision


def test_every_step_is_an_event_with_its_number_and_an_audit_record(
    market: Market, settings: Settings
) -> None:
    (notice,) = issue(market, settings, [market.confirmed(market.platform())])
    with market.store.read() as session:
        events = notice_view(session, notice.id).events
        acts = [
            event.action
            for event in session.query(AuditEvent).filter_by(subject=f"notice:{notice.id}")
        ]
        assert list(broken_links(session)) == []
    assert [(event.seq, event.kind) for event in events] == [(1, "issued"), (2, "sent")]
    assert acts == ["notice.issued", "notice.sent"]
