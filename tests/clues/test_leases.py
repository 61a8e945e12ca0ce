"""Who works on a clue."""

from datetime import timedelta
from typing import Any

import pytest

from lantian.clues.leases import hand_over, hold, holders, lease, release, renew
from lantian.clues.queue import unheld
from lantian.errors import Conflict
from lantian.model import AuditEvent, Clue, Job


def _do(desk: Any, verb: Any, clue_id: int, who: str = "lin", **more: Any) -> Any:
    with desk.store.write() as session:
        return verb(session, clue_id, user=desk.users[who], now=desk.clock.now(), **more)


def test_a_lease_lasts_ten_minutes_and_keeps_others_out(desk: Any) -> None:
    clue_id = desk.clue()
    _do(desk, lease, clue_id)
    with pytest.raises(Conflict, match="held by 林"):
        _do(desk, lease, clue_id, "zhao")
    desk.clock.advance(timedelta(minutes=10))
    assert _do(desk, lease, clue_id, "zhao").lease_user_id == desk.users["zhao"].id


def test_activity_renews_a_lease_and_never_shortens_a_hold(desk: Any) -> None:
    clue_id = desk.clue()
    _do(desk, lease, clue_id)
    desk.clock.advance(timedelta(minutes=9))
    assert _do(desk, renew, clue_id).lease_until == desk.clock.now() + timedelta(minutes=10)
    held = _do(desk, hold, clue_id).lease_until
    assert held == desk.clock.now() + timedelta(hours=24)
    assert _do(desk, renew, clue_id).lease_until == held


def test_a_lease_is_no_change_of_the_clue(desk: Any) -> None:
    clue_id = desk.clue()
    _do(desk, lease, clue_id)
    assert desk.look(clue_id)["revision"] == 1
    assert len(desk.rows(Job)) == 1


def test_a_clue_can_be_let_go_by_its_holder_only(desk: Any) -> None:
    clue_id = desk.clue()
    _do(desk, lease, clue_id)
    with desk.store.write() as session:
        release(session, clue_id, user=desk.users["zhao"])
    assert desk.rows(Clue)[0].lease_user_id == desk.users["lin"].id
    with desk.store.write() as session:
        release(session, clue_id, user=desk.users["lin"])
    assert desk.rows(Clue)[0].lease_user_id is None


def test_handing_over_makes_another_the_holder_and_is_in_the_audit(desk: Any) -> None:
    clue_id = desk.clue()
    real = {"real_now": desk.clock.now()}
    _do(desk, hand_over, clue_id, to=desk.users["zhao"], **real)
    with desk.store.read() as session:
        held = holders(session, [clue_id], now=desk.clock.now())
    assert held[clue_id].name == "赵"
    assert desk.rows(AuditEvent)[0].detail == {"to": "zhao"}
    with pytest.raises(Conflict, match="held by 赵"):
        _do(desk, hand_over, clue_id, to=desk.users["lin"], **real)


def test_the_queue_leaves_out_what_others_hold_while_they_hold_it(desk: Any) -> None:
    clues = [desk.clue() for _ in range(3)]
    _do(desk, lease, clues[0], "lin")
    _do(desk, lease, clues[1], "zhao")
    lin = desk.users["lin"].id
    with desk.store.read() as session:
        now = desk.clock.now()
        assert unheld(session, clues, user_id=lin, now=now) == [clues[0], clues[2]]
        later = now + timedelta(minutes=10)
        assert unheld(session, clues, user_id=lin, now=later) == clues
        assert holders(session, clues, now=later) == {}
