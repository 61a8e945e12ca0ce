"""`/api/v1/notices` from both sides, on both stores."""

from datetime import timedelta

from lantian.model import AuditEvent
from tests.api.conftest import Asker, Hosted
from tests.takedowns.market import Market


def test_an_office_issues_one_notice_a_platform_and_each_reads_its_own(
    office: Asker, platform: Hosted, rival: Hosted, market: Market
) -> None:
    clues = [market.confirmed(platform.id), market.confirmed(rival.id)]
    answer = office.issue(*clues)
    assert answer.status_code == 201
    told = answer.json()["notices"]
    assert [notice["platform"] for notice in told] == ["甲平台", "乙平台"]
    mine = platform.asker.get("/notices").json()
    assert [notice["id"] for notice in mine["items"]] == [told[0]["id"]]
    assert mine["items"][0]["items"][0]["clue_id"] == clues[0]
    assert mine["next_cursor"] is None


def test_a_platform_reads_acknowledges_and_answers(
    office: Asker, platform: Hosted, market: Market
) -> None:
    clues = [market.confirmed(platform.id), market.confirmed(platform.id)]
    notice_id = office.issue(*clues).json()["notices"][0]["id"]
    read = platform.asker.get(f"/notices/{notice_id}")
    assert read.headers["ETag"] == '"1"'
    content = read.json()["content"]
    assert content["clues"][0]["claims"][0]["label"]["zh"]
    acknowledged = platform.asker.post(f"/notices/{notice_id}/acknowledge", If_Match='"1"')
    assert (acknowledged.status_code, acknowledged.json()["state"]) == (200, "acknowledged")
    answered = platform.asker.post(
        f"/notices/{notice_id}/actions",
        {
            "actions": [
                {"action": "removed", "clue_ids": [clues[0]]},
                {"action": "refused", "reason": "已提供许可", "clue_ids": [clues[1]]},
            ]
        },
        If_Match=acknowledged.headers["ETag"],
    )
    assert answered.status_code == 200
    body = answered.json()
    assert body["state"] == "answered"
    assert [item["action"] for item in body["items"]] == ["removed", "refused"]
    assert [len(item["rechecks"]) for item in body["items"]] == [3, 0]
    assert [event["by"] for event in body["events"]] == ["office", "office", "platform"] + [
        "platform"
    ] * 2
    assert platform.asker.get(f"/notices/{notice_id}").headers["ETag"] == answered.headers["ETag"]


def test_another_platforms_notice_is_a_404_for_every_request(
    office: Asker, platform: Hosted, rival: Hosted, market: Market
) -> None:
    notice_id = office.issue(market.confirmed(platform.id)).json()["notices"][0]["id"]
    body = {"actions": [{"action": "removed"}]}
    answers = [
        rival.asker.get(f"/notices/{notice_id}"),
        rival.asker.get(f"/notices/{notice_id}/evidence"),
        rival.asker.post(f"/notices/{notice_id}/acknowledge", If_Match='"1"'),
        rival.asker.post(f"/notices/{notice_id}/actions", body, If_Match='"1"'),
    ]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert {answer.json()["code"] for answer in answers} == {"not-found"}
    assert rival.asker.get("/notices").json()["items"] == []


def test_a_write_without_if_match_is_428_and_with_an_old_one_412(
    office: Asker, platform: Hosted, market: Market
) -> None:
    notice_id = office.issue(market.confirmed(platform.id)).json()["notices"][0]["id"]
    path = f"/notices/{notice_id}/acknowledge"
    absent = platform.asker.post(path)
    assert (absent.status_code, absent.json()["code"]) == (428, "precondition-missing")
    for tag in ('"9"', 'W/"1"', "1", '"x"'):
        stale = platform.asker.post(path, If_Match=tag)
        assert (stale.status_code, stale.json()["code"]) == (412, "stale"), tag
    assert platform.asker.post(path, If_Match="*").status_code == 200


def test_an_unchanged_notice_is_304_for_who_has_it(
    office: Asker, platform: Hosted, market: Market
) -> None:
    notice_id = office.issue(market.confirmed(platform.id)).json()["notices"][0]["id"]
    asker = platform.asker
    again = asker.client.get(
        f"/api/v1/notices/{notice_id}", headers={**asker.headers, "If-None-Match": '"1"'}
    )
    assert (again.status_code, again.content) == (304, b"")


def test_a_young_decision_is_a_409_that_names_the_time(
    office: Asker, platform: Hosted, market: Market
) -> None:
    clue = market.posting(platform.id)
    market.confirm(clue)
    market.clock.advance(timedelta(minutes=4))
    answer = office.issue(clue)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "decision-too-young")
    assert problem["retry_at"] == "2026-11-24T09:10:00+08:00"
    assert answer.headers["Retry-After"] == "360"
    assert problem["errors"][0]["clue_id"] == clue
    assert "2026-11-24T09:10:00+08:00" in problem["detail"]


def test_each_clue_that_cannot_go_is_named_and_nothing_is_issued(
    office: Asker, platform: Hosted, market: Market
) -> None:
    good, undecided = market.confirmed(platform.id), market.posting(platform.id)
    answer = office.issue(good, undecided, 424_242)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "clues-not-ready")
    assert {fault["clue_id"]: fault["code"] for fault in problem["errors"]} == {
        undecided: "not_confirmed",
        424_242: "unknown_clue",
    }
    assert office.get("/notices").json()["items"] == []


def test_an_unknown_state_change_is_a_409(office: Asker, platform: Hosted, market: Market) -> None:
    notice_id = office.issue(market.confirmed(platform.id)).json()["notices"][0]["id"]
    path = f"/notices/{notice_id}/acknowledge"
    platform.asker.post(path, If_Match="*")
    again = platform.asker.post(path, If_Match="*")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


def test_cursors_walk_through_all_notices_once(
    office: Asker, platform: Hosted, market: Market
) -> None:
    made = [
        office.issue(market.confirmed(platform.id)).json()["notices"][0]["id"] for _ in range(5)
    ]
    seen: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = platform.asker.get("/notices", limit=2, cursor=cursor).json()
        seen += [notice["id"] for notice in page["items"]]
        cursor = page["next_cursor"]
    assert seen == made


def test_a_reader_follows_by_the_last_change(
    office: Asker, platform: Hosted, market: Market
) -> None:
    first = office.issue(market.confirmed(platform.id)).json()["notices"][0]
    office.issue(market.confirmed(platform.id))
    market.clock.advance(timedelta(hours=1))
    since = market.now.isoformat()
    assert platform.asker.get("/notices", updated_since=since).json()["items"] == []
    platform.asker.post(f"/notices/{first['id']}/acknowledge", If_Match="*")
    changed = platform.asker.get("/notices", updated_since=since).json()["items"]
    assert [notice["id"] for notice in changed] == [first["id"]]


def test_lists_refuse_wrong_parameters_by_name(platform: Hosted) -> None:
    for name, value in (
        ("limit", 201),
        ("limit", 0),
        ("cursor", "zzz"),
        ("cursor", "WzEsMl0"),
        ("updated_since", "yesterday"),
        ("updated_since", "2026-11-24T00:00:00"),
        ("updated_since", "0001-01-01T00:00:00+14:00"),
        ("updated_since", "9999-12-31T23:59:59-14:00"),
        ("state", "gone"),
    ):
        answer = platform.asker.get("/notices", **{name: value})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), (name, value)
        assert name in answer.json()["detail_en"]


def test_an_overdue_notice_says_so(office: Asker, platform: Hosted, market: Market) -> None:
    notice_id = office.issue(market.confirmed(platform.id)).json()["notices"][0]["id"]
    assert platform.asker.get(f"/notices/{notice_id}").json()["overdue"] is None
    market.clock.advance(timedelta(hours=25))
    assert platform.asker.get(f"/notices/{notice_id}").json()["overdue"] == "acknowledge"
    platform.asker.post(f"/notices/{notice_id}/acknowledge", If_Match="*")
    assert platform.asker.get(f"/notices/{notice_id}").json()["overdue"] is None
    market.clock.advance(timedelta(days=5))
    assert platform.asker.get(f"/notices/{notice_id}").json()["overdue"] == "act"


def test_no_persons_name_reaches_a_platform(
    office: Asker, platform: Hosted, market: Market
) -> None:
    notice_id = office.issue(market.confirmed(platform.id)).json()["notices"][0]["id"]
    assert "reviewer" not in platform.asker.get(f"/notices/{notice_id}").text


def test_a_key_writes_the_audit_chain_under_its_own_name(
    office: Asker, platform: Hosted, market: Market
) -> None:
    office.issue(market.confirmed(platform.id))
    with market.store.read() as session:
        actors = {
            event.actor for event in session.query(AuditEvent).filter_by(action="notice.issued")
        }
    assert actors == {f"key:{office.key[8:16]}"}
