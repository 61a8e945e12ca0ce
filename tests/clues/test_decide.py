"""Decisions and taking them back, on SQLite and on PostgreSQL."""

from datetime import timedelta
from typing import Any

import pytest

from lantian.clues.decide import STEPS, decide, decide_many, undo
from lantian.clues.leases import lease
from lantian.errors import Conflict, Invalid, NotFound, Stale
from lantian.model import AuditEvent, Clue, Decision, Job

BOTH = {"guaranteed_grant": ["包授权"], "name_hanging": ["挂名"]}


def _decide(
    desk: Any, clue_id: int, verdict: str = "confirmed", who: str = "lin", **more: Any
) -> Any:
    if verdict == "dismissed":
        more.setdefault("reason", "denial")
    with desk.store.write() as session:
        return decide(session, clue_id, verdict=verdict, user=desk.users[who], **desk.times, **more)


def _undo(desk: Any, who: str = "lin", **more: Any) -> Any:
    with desk.store.write() as session:
        return undo(session, user=desk.users[who], **desk.times, **more)


def test_a_decision_holds_what_was_seen_and_is_told_to_index_and_audit(desk: Any) -> None:
    clue_id = desk.clue(BOTH)
    decision = _decide(desk, clue_id, note="see shop")
    look = desk.look(clue_id)
    assert look["state"] == "confirmed"
    assert set(look["claims"].values()) == {"confirmed"}
    assert (look["decided_at"], look["revision"]) == (desk.clock.now(), 2)
    assert [claim for claim, _ in decision.covered] == ["guaranteed_grant", "name_hanging"]
    assert decision.recorded_at - decision.at == timedelta(days=365)
    assert f"index:{clue_id}:2" in {job.key for job in desk.rows(Job)}
    (event,) = desk.rows(AuditEvent)
    assert (event.actor, event.action, event.subject) == (
        "user:lin",
        "clue.decide",
        f"clue:{clue_id}",
    )
    assert event.detail == {"decision": decision.id, "verdict": "confirmed"}


def test_claims_can_be_decided_one_by_one(desk: Any) -> None:
    clue_id = desk.clue(BOTH)
    _decide(desk, clue_id, "dismissed", claim="name_hanging")
    assert desk.look(clue_id)["state"] == "open"
    _decide(desk, clue_id, claim="guaranteed_grant")
    look = desk.look(clue_id)
    assert look["state"] == "confirmed"
    assert look["claims"] == {"guaranteed_grant": "confirmed", "name_hanging": "dismissed"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"verdict": "perhaps"},
        {"verdict": "dismissed", "reason": None},
        {"verdict": "dismissed", "reason": "tired"},
        {"verdict": "confirmed", "reason": "denial"},
        {"verdict": "confirmed", "claim": "weather"},
    ],
)
def test_a_wrong_decision_is_refused_and_changes_nothing(desk: Any, wrong: dict[str, Any]) -> None:
    clue_id = desk.clue()
    with pytest.raises(Invalid):
        _decide(desk, clue_id, **wrong)
    assert desk.look(clue_id)["revision"] == 1
    assert not desk.rows(AuditEvent)


def test_a_clue_that_is_not_there_is_named(desk: Any) -> None:
    with pytest.raises(NotFound, match="clue 99"):
        _decide(desk, 99)


def test_who_saw_an_older_revision_must_look_again(desk: Any) -> None:
    clue_id = desk.clue()
    _decide(desk, clue_id, expected_revision=1)
    with pytest.raises(Stale, match="revision 2, not 1"):
        _decide(desk, clue_id, expected_revision=1)


def test_a_clue_that_another_holds_cannot_be_decided_until_the_lease_ends(desk: Any) -> None:
    clue_id = desk.clue()
    with desk.store.write() as session:
        lease(session, clue_id, user=desk.users["zhao"], now=desk.clock.now())
    with pytest.raises(Conflict, match="held by 赵") as caught:
        _decide(desk, clue_id)
    assert caught.value.retry_at == desk.clock.now() + timedelta(minutes=10)
    desk.clock.advance(timedelta(minutes=10))
    _decide(desk, clue_id)
    assert desk.look(clue_id)["state"] == "confirmed"


def test_a_decision_ends_the_deciders_lease(desk: Any) -> None:
    clue_id = desk.clue()
    with desk.store.write() as session:
        lease(session, clue_id, user=desk.users["lin"], now=desk.clock.now())
    _decide(desk, clue_id)
    assert desk.rows(Clue)[0].lease_user_id is None


def test_undo_restores_what_was_and_keeps_the_decision_marked(desk: Any) -> None:
    clue_id = desk.clue(BOTH)
    before = desk.look(clue_id)
    decision = _decide(desk, clue_id, "dismissed")
    undone = _undo(desk)
    after = desk.look(clue_id)
    assert undone.id == decision.id
    assert desk.rows(Decision)[0].undone_at == desk.clock.now()
    assert after == before | {"revision": 3}
    assert [event.action for event in desk.rows(AuditEvent)] == ["clue.decide", "clue.undo"]


def test_undo_goes_back_step_by_step_over_changed_minds(desk: Any) -> None:
    clue_id = desk.clue()
    _decide(desk, clue_id, "dismissed")
    first = desk.look(clue_id)["decided_at"]
    desk.clock.advance(timedelta(minutes=1))
    _decide(desk, clue_id)
    _undo(desk)
    look = desk.look(clue_id)
    assert (look["state"], look["decided_at"]) == ("dismissed", first)
    _undo(desk)
    assert desk.look(clue_id)["state"] == "open"


def test_everybody_undoes_their_own_steps_only(desk: Any) -> None:
    mine, other = desk.clue(), desk.clue()
    _decide(desk, mine, who="lin")
    theirs = _decide(desk, other, who="zhao")
    with pytest.raises(Conflict, match="no decision"):
        _undo(desk, who="lin", decision_id=theirs.id)
    assert _undo(desk, who="lin").clue_id == mine
    with pytest.raises(Conflict, match="nothing to undo"):
        _undo(desk, who="lin")


def test_twenty_steps_can_be_taken_back_and_no_more(desk: Any) -> None:
    clues = [desk.clue() for _ in range(STEPS + 1)]
    for clue_id in clues:
        _decide(desk, clue_id)
    undone = [_undo(desk).clue_id for _ in range(STEPS)]
    assert undone == clues[:0:-1]
    with pytest.raises(Conflict, match="nothing to undo"):
        _undo(desk)
    assert desk.look(clues[0])["state"] == "confirmed"


def test_a_decision_overruled_by_another_person_cannot_be_undone_first(desk: Any) -> None:
    clue_id = desk.clue()
    _decide(desk, clue_id, "dismissed", who="lin")
    _decide(desk, clue_id, who="zhao")
    with pytest.raises(Conflict, match="decided again"):
        _undo(desk, who="lin")
    _undo(desk, who="zhao")
    _undo(desk, who="lin")
    assert desk.look(clue_id)["state"] == "open"


def test_once_a_notice_has_taken_it_a_decision_is_neither_undone_nor_overruled(desk: Any) -> None:
    clue_id = desk.clue()
    _decide(desk, clue_id)
    desk.notify(clue_id)
    with pytest.raises(Conflict, match="notice 1"):
        _undo(desk)
    with pytest.raises(Conflict, match="notice 1"):
        _decide(desk, clue_id, "dismissed")
    assert desk.look(clue_id)["state"] == "confirmed"


def test_what_is_new_on_a_notified_clue_can_be_decided(desk: Any) -> None:
    clue_id = desk.clue({"guaranteed_grant": ["包授权"]})
    _decide(desk, clue_id)
    desk.notify(clue_id)
    with desk.store.write() as session:
        desk.post(session, desk.rows(Clue)[0].posting_key, BOTH)
    _decide(desk, clue_id, "dismissed")
    look = desk.look(clue_id)
    assert look["claims"] == {"guaranteed_grant": "confirmed", "name_hanging": "dismissed"}
    _undo(desk)
    assert desk.look(clue_id)["claims"]["name_hanging"] == "open"


def test_undo_leaves_open_what_was_found_since(desk: Any) -> None:
    clue_id = desk.clue({"guaranteed_grant": ["包授权"]})
    _decide(desk, clue_id, "dismissed")
    _decide(desk, clue_id)
    with desk.store.write() as session:
        desk.post(session, desk.rows(Clue)[0].posting_key, BOTH)
    _undo(desk)
    look = desk.look(clue_id)
    assert look["state"] == "open"
    assert look["claims"] == {"guaranteed_grant": "dismissed", "name_hanging": "open"}


def _batch(desk: Any, ids: list[int], **more: Any) -> Any:
    values = {"verdict": "dismissed", "reason": "duplicate", "batch": "batch-1"} | more
    with desk.store.write() as session:
        return decide_many(session, ids, user=desk.users["lin"], **desk.times, **values)


def test_a_batch_tells_by_id_what_could_not_be_decided(desk: Any) -> None:
    free, held = desk.clue(), desk.clue()
    with desk.store.write() as session:
        lease(session, held, user=desk.users["zhao"], now=desk.clock.now())
    outcome = _batch(desk, [free, held, 99])
    assert (outcome.matched, outcome.done) == (3, (free,))
    assert {clue_id: type(why) for clue_id, why in outcome.failed.items()} == {
        held: Conflict,
        99: NotFound,
    }
    assert desk.look(free)["state"] == "dismissed"
    assert desk.look(held)["state"] == "open"


def test_a_batch_is_one_step_of_undo(desk: Any) -> None:
    clues = [desk.clue() for _ in range(3)]
    _decide(desk, clues[0])
    _batch(desk, clues)
    _undo(desk)
    assert [desk.look(clue_id)["state"] for clue_id in clues] == ["confirmed", "open", "open"]
    _undo(desk)
    assert desk.look(clues[0])["state"] == "open"


def test_a_batch_of_which_a_notice_has_taken_one_stays_as_it_is(desk: Any) -> None:
    clues = [desk.clue() for _ in range(2)]
    _batch(desk, clues, verdict="confirmed", reason=None)
    desk.notify(clues[1])
    with pytest.raises(Conflict, match="notice 1"):
        _undo(desk)
    assert [desk.look(clue_id)["state"] for clue_id in clues] == ["confirmed", "confirmed"]


def test_a_set_that_grew_since_it_was_shown_is_refused_as_a_whole(desk: Any) -> None:
    clues = [desk.clue() for _ in range(3)]
    with pytest.raises(Conflict, match="3 clues answer the filter by now, not 2"):
        _batch(desk, clues, expected=2)
    assert {desk.look(clue_id)["state"] for clue_id in clues} == {"open"}
    assert len(_batch(desk, clues[:2], expected=3).done) == 2
