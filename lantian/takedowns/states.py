"""The states of a notice and of its items, as pure functions of what has happened.

A notice's state is never set by hand: it follows from whether it was sent, whether the platform
acknowledged it, and from each item's action and re-check.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from lantian.errors import Conflict, Invalid


class State(StrEnum):
    """The states of a notice."""

    WAITING = "waiting"
    """The platform has no channel."""
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    ANSWERED = "answered"
    """Every clue has an action."""
    CLOSED = "closed"
    """Every clue is verified gone, changed or refused."""


class Action(StrEnum):
    """What a platform says that it did."""

    REMOVED = "removed"
    SHOP_CLOSED = "shop_closed"
    EDITED = "edited"
    REFUSED = "refused"


class Look(StrEnum):
    """What a re-check saw of one posting."""

    GONE = "gone"
    CHANGED = "changed"
    """It is there, and the notified claims no longer hit under the notice's own rules."""
    HITS = "hits"
    UNSEEN = "unseen"
    """The fetch was blocked or failed: nothing is known."""


class Result(StrEnum):
    """What a re-check proves."""

    VERIFIED_REMOVED = "verified_removed"
    CHANGED = "changed"
    STILL_THERE = "still_there"
    BACK_AGAIN = "back_again"
    COULD_NOT_BE_SEEN = "could_not_be_seen"


SETTLING = frozenset({Result.VERIFIED_REMOVED, Result.CHANGED})


@dataclass(frozen=True, slots=True)
class ItemState:
    """The state of one clue in a notice."""

    action: Action | None = None
    result: Result | None = None

    @property
    def settled(self) -> bool:
        """Whether nothing more is asked of the platform."""
        if self.action is Action.REFUSED:
            return True
        return self.action is not None and self.result in SETTLING


def state_of(*, sent: bool, acknowledged: bool, items: Iterable[ItemState]) -> State:
    """The state that follows from what has happened."""
    if not sent:
        return State.WAITING
    known = list(items)
    if all(item.settled for item in known):
        return State.CLOSED
    if all(item.action is not None for item in known):
        return State.ANSWERED
    return State.ACKNOWLEDGED if acknowledged else State.SENT


def require_acknowledgeable(state: State) -> None:
    """Nothing, if the notice waits for its acknowledgement; raises `Conflict` otherwise."""
    if state is State.WAITING:
        raise Conflict(
            "the notice has not been sent yet.", hint="It is sent when the platform has a key."
        )
    if state is not State.SENT:
        raise Conflict(
            f"the notice is {state} already.",
            hint="Read it again; there is nothing to acknowledge.",
        )


def require_answerable(state: State) -> None:
    """Nothing, if the platform may act on the notice; raises `Conflict` otherwise."""
    if state is State.WAITING:
        raise Conflict(
            "the notice has not been sent yet.", hint="It is sent when the platform has a key."
        )


def acted(item: ItemState, action: Action) -> ItemState:
    """The item after the platform's answer.

    What re-checks proved stays until another look, except that a refusal taken back is a new
    beginning. Raises `Conflict` where the posting is proved gone and the platform refuses.
    """
    if action is Action.REFUSED and item.result in SETTLING:
        raise Conflict(
            f"the posting is {item.result} already: there is nothing to refuse.",
            hint="Read the notice again.",
        )
    if item.action is Action.REFUSED and action is not Action.REFUSED:
        return ItemState(action, None)
    return ItemState(action, item.result)


def result_of(look: Look, *, was_removed: bool) -> Result:
    """What a look proves; `was_removed`: an earlier re-check verified the removal."""
    if look is Look.GONE:
        return Result.VERIFIED_REMOVED
    if look is Look.CHANGED:
        return Result.CHANGED
    if look is Look.HITS:
        return Result.BACK_AGAIN if was_removed else Result.STILL_THERE
    return Result.COULD_NOT_BE_SEEN


def checked(item: ItemState, result: Result) -> ItemState:
    """The item after a re-check: a look that saw nothing changes nothing that is known."""
    if result is Result.COULD_NOT_BE_SEEN and item.result is not None:
        return item
    return ItemState(item.action, result)


def action_named(word: str, *, where: str) -> Action:
    """The action of that name; raises `Invalid` naming `where` it stood."""
    try:
        return Action(word)
    except ValueError:
        raise Invalid(
            f"{where}: action {word!r} is unknown.", hint=f"Use one of {', '.join(Action)}."
        ) from None
