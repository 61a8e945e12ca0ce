"""From hits to clues, and what opens a decided clue again."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from lantian.clues.decide import decide
from lantian.clues.forming import wording
from lantian.model import Clue, Document, Job


def _decide(desk: Any, clue_id: int, verdict: str = "confirmed", **more: Any) -> None:
    if verdict == "dismissed":
        more.setdefault("reason", "denial")
    with desk.store.write() as session:
        decide(session, clue_id, verdict=verdict, user=desk.users["lin"], **desk.times, **more)


def test_a_clue_takes_the_highest_of_its_claims(desk: Any) -> None:
    with desk.store.write() as session:
        clue = desk.post(session, "a", {"name_hanging": ["挂名"], "guaranteed_grant": ["包过"]})
    assert (clue.severity, clue.score, clue.state) == (3, 0.8, "open")
    assert [(row.claim, row.hit_count) for row in clue.claims] == [
        ("guaranteed_grant", 1),
        ("name_hanging", 1),
    ]
    assert [job.key for job in desk.rows(Job)] == [f"index:{clue.id}:1"]


def test_a_posting_without_a_hit_makes_no_clue(desk: Any) -> None:
    with desk.store.write() as session:
        assert desk.post(session, "a", {}) is None


def test_a_newer_version_is_shown_and_told_to_the_index(desk: Any) -> None:
    with desk.store.write() as session:
        desk.post(session, "a", {"guaranteed_grant": ["包授权"]})
        clue = desk.post(session, "a", {"guaranteed_grant": ["包授权", "包过"]})
    assert clue.revision == 2
    assert clue.document_id == desk.rows(Document)[1].id
    assert "过" in clue.tokens
    assert [job.key for job in desk.rows(Job)] == [f"index:{clue.id}:1", f"index:{clue.id}:2"]


def test_an_open_claim_that_hits_no_more_is_no_longer_shown(desk: Any) -> None:
    with desk.store.write() as session:
        desk.post(session, "a", {"guaranteed_grant": ["包授权"], "name_hanging": ["挂名"]})
        clue = desk.post(session, "a", {"name_hanging": ["挂名"]})
    assert [row.claim for row in clue.claims] == ["name_hanging"]
    assert clue.severity == 1


def test_the_same_wording_in_a_later_version_leaves_a_decision_standing(desk: Any) -> None:
    with desk.store.write() as session:
        clue = desk.post(session, "a", {"guaranteed_grant": ["包授权"]})
    _decide(desk, clue.id, "dismissed")
    with desk.store.write() as session:
        desk.post(session, "a", {"guaranteed_grant": ["包 授权"]})
    assert desk.look(clue.id)["state"] == "dismissed"


def test_a_new_wording_opens_a_decided_clue_again(desk: Any) -> None:
    with desk.store.write() as session:
        clue = desk.post(session, "a", {"guaranteed_grant": ["包授权"]})
    _decide(desk, clue.id, "dismissed")
    desk.clock.advance(timedelta(days=1))
    with desk.store.write() as session:
        again = desk.post(session, "a", {"guaranteed_grant": ["百分百下证"]})
    assert (again.state, again.reopened_at) == ("open", desk.clock.now())
    assert desk.look(clue.id)["claims"] == {"guaranteed_grant": "open"}


def test_a_new_claim_opens_the_clue_and_leaves_the_decided_claim_as_it_is(desk: Any) -> None:
    with desk.store.write() as session:
        clue = desk.post(session, "a", {"guaranteed_grant": ["包授权"]})
    _decide(desk, clue.id)
    with desk.store.write() as session:
        desk.post(session, "a", {"guaranteed_grant": ["包授权"], "name_hanging": ["挂名"]})
    look = desk.look(clue.id)
    assert look["state"] == "open"
    assert look["claims"] == {"guaranteed_grant": "confirmed", "name_hanging": "open"}
    _decide(desk, clue.id, "dismissed")
    look = desk.look(clue.id)
    assert look["state"] == "confirmed"
    assert look["claims"] == {"guaranteed_grant": "confirmed", "name_hanging": "dismissed"}


def test_a_clue_whose_news_went_away_again_is_decided_as_before(desk: Any) -> None:
    with desk.store.write() as session:
        clue = desk.post(session, "a", {"guaranteed_grant": ["包授权"]})
    _decide(desk, clue.id)
    decided = desk.look(clue.id)["decided_at"]
    desk.clock.advance(timedelta(days=1))
    with desk.store.write() as session:
        desk.post(session, "a", {"guaranteed_grant": ["包授权"], "name_hanging": ["挂名"]})
        desk.post(session, "a", {"guaranteed_grant": ["包授权"]})
    look = desk.look(clue.id)
    assert (look["state"], look["decided_at"]) == ("confirmed", decided)


def test_a_claim_that_was_seen_and_left_open_does_not_open_the_clue_again(desk: Any) -> None:
    both = {"guaranteed_grant": ["包授权"], "name_hanging": ["挂名"]}
    with desk.store.write() as session:
        clue = desk.post(session, "a", both)
    _decide(desk, clue.id, claim="guaranteed_grant")
    with desk.store.write() as session:
        desk.post(session, "a", both)
    assert desk.look(clue.id)["state"] == "confirmed"


def test_a_posting_that_hits_no_more_is_marked_as_changed_and_keeps_its_decision(
    desk: Any,
) -> None:
    with desk.store.write() as session:
        clue = desk.post(session, "a", {"guaranteed_grant": ["包授权"]})
    _decide(desk, clue.id)
    with desk.store.write() as session:
        desk.post(session, "a", {})
    look = desk.look(clue.id)
    assert (look["presence"], look["state"]) == ("changed", "confirmed")


def test_a_new_pack_shows_its_own_hits_on_an_open_clue(desk: Any) -> None:
    with desk.store.write() as session:
        desk.post(session, "a", {"guaranteed_grant": ["包授权"]})
        document = session.scalars(select(Document)).one()
        words = [("guaranteed_grant", "包授权"), ("name_hanging", "授权")]
        clue = desk.find(session, document, words, pack="sha256:pack-2")
    assert clue.pack_hash == "sha256:pack-2"
    assert [row.claim for row in clue.claims] == ["guaranteed_grant", "name_hanging"]
    assert len(desk.rows(Clue)) == 1


def test_width_case_and_spaces_make_no_other_wording() -> None:
    assert wording("包 授权 VIP") == wording("包授权ｖｉｐ")
    assert wording("包授权") != wording("包过")
