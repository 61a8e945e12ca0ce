"""The state machine of a notice against a small model that keeps only what happened."""

from dataclasses import dataclass, field

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lantian.errors import Conflict, Invalid
from lantian.takedowns.states import (
    Action,
    ItemState,
    Look,
    Result,
    State,
    acted,
    action_named,
    checked,
    require_acknowledgeable,
    require_answerable,
    result_of,
    state_of,
)

ITEMS = 3
actions = st.sampled_from(list(Action))
looks = st.sampled_from(list(Look))
places = st.integers(0, ITEMS - 1)


@dataclass
class Past:
    """What happened to one clue, in words."""

    answers: list[str] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)
    """Those since the last refusal that was taken back."""
    ever_gone: bool = False


class NoticeLife(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.sent = False
        self.acknowledged = False
        self.items = [ItemState() for _ in range(ITEMS)]
        self.past = [Past() for _ in range(ITEMS)]

    def state(self) -> State:
        return state_of(sent=self.sent, acknowledged=self.acknowledged, items=self.items)

    @precondition(lambda self: not self.sent)
    @rule()
    def it_is_sent(self) -> None:
        with pytest.raises(Conflict):
            require_acknowledgeable(self.state())
        with pytest.raises(Conflict):
            require_answerable(self.state())
        self.sent = True

    @rule()
    def it_is_acknowledged(self) -> None:
        if self.state() is State.SENT:
            require_acknowledgeable(self.state())
            self.acknowledged = True
        else:
            with pytest.raises(Conflict):
                require_acknowledgeable(self.state())

    @precondition(lambda self: self.sent)
    @rule(place=places, action=actions)
    def the_platform_acts(self, place: int, action: Action) -> None:
        require_answerable(self.state())
        past, seen = self.past[place], [one for one in self.past[place].looks if one != "unseen"]
        if action == "refused" and seen and seen[-1] in {"gone", "changed"}:
            with pytest.raises(Conflict):
                acted(self.items[place], action)
            return
        if past.answers and past.answers[-1] == "refused" and action != "refused":
            past.looks.clear()
        self.items[place] = acted(self.items[place], action)
        self.acknowledged = True
        past.answers.append(action.value)

    @precondition(lambda self: self.sent)
    @rule(place=places, look=looks)
    def a_recheck_looks(self, place: int, look: Look) -> None:
        past = self.past[place]
        if not past.answers:
            return
        result = result_of(look, was_removed=past.ever_gone)
        self.items[place] = checked(self.items[place], result)
        past.looks.append(look.value)
        past.ever_gone = past.ever_gone or look is Look.GONE

    @invariant()
    def the_state_is_what_the_past_says(self) -> None:
        answered = [bool(past.answers) for past in self.past]
        done = [self.done(past) for past in self.past]
        if not self.sent:
            expected = "waiting"
        elif all(done):
            expected = "closed"
        elif all(answered):
            expected = "answered"
        else:
            expected = "acknowledged" if self.acknowledged else "sent"
        assert self.state() == expected

    @invariant()
    def unseen_never_counts_as_gone(self) -> None:
        for item, past in zip(self.items, self.past, strict=True):
            if set(past.looks) <= {"unseen"}:
                assert item.result in {None, Result.COULD_NOT_BE_SEEN}

    @invariant()
    def a_posting_that_came_back_is_called_so(self) -> None:
        for item, past in zip(self.items, self.past, strict=True):
            seen = [one for one in past.looks if one != "unseen"]
            if seen and seen[-1] == "hits":
                came_back = past.ever_gone
                assert item.result == ("back_again" if came_back else "still_there")

    @staticmethod
    def done(past: Past) -> bool:
        if not past.answers:
            return False
        seen = [one for one in past.looks if one != "unseen"]
        return past.answers[-1] == "refused" or bool(seen and seen[-1] in {"gone", "changed"})


TestNoticeLife = NoticeLife.TestCase


def test_an_unknown_action_is_refused_by_its_place_and_name() -> None:
    with pytest.raises(Invalid, match=r"actions\[2\]: action 'deleted' is unknown"):
        action_named("deleted", where="actions[2]")


def test_a_look_that_saw_nothing_leaves_a_proved_removal_standing() -> None:
    gone = ItemState(Action.REMOVED, Result.VERIFIED_REMOVED)
    assert checked(gone, Result.COULD_NOT_BE_SEEN) == gone
    assert checked(ItemState(Action.REMOVED), Result.COULD_NOT_BE_SEEN).result == (
        "could_not_be_seen"
    )
