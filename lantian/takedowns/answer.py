"""What a platform answers: that it has the notice, and what it did about each clue."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from lantian.errors import Invalid
from lantian.model import Notice, NoticeItem
from lantian.settings import Settings
from lantian.takedowns.life import Step, held_notice, item_state, settle, tell
from lantian.takedowns.recheck import plan_rechecks
from lantian.takedowns.states import (
    Action,
    State,
    acted,
    action_named,
    require_acknowledgeable,
    require_answerable,
)

LONGEST_REASON = 2_000
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Answer:
    """What was done about some clues of a notice; without `clue_ids`, about all of them."""

    action: str
    reason: str = ""
    clue_ids: tuple[int, ...] | None = None


def acknowledge(
    session: Session,
    notice_id: int,
    *,
    platform_id: int | None,
    actor: str,
    expected_revision: int | None,
    now: datetime,
    real_now: datetime,
) -> Notice:
    """The notice, which its platform now says that it has.

    Raises `NotFound`, `Stale`, `Conflict` if it was acknowledged before.
    """
    notice = held_notice(
        session, notice_id, platform_id=platform_id, expected_revision=expected_revision
    )
    require_acknowledgeable(State(notice.state))
    step = Step(actor, now, real_now)
    notice.acknowledged_at = now
    tell(session, notice, "acknowledged", step)
    settle(session, notice, step)
    return notice


def act(
    session: Session,
    notice_id: int,
    answers: Sequence[Answer],
    *,
    platform_id: int | None,
    actor: str,
    expected_revision: int | None,
    now: datetime,
    real_now: datetime,
    settings: Settings,
) -> Notice:
    """The notice with the platform's answers; re-checks of what it acted on are planned.

    An answer acknowledges, too. Raises `NotFound`, `Stale`, `Conflict`, and `Invalid` naming the
    answer at fault; then nothing of it is taken.
    """
    notice = held_notice(
        session, notice_id, platform_id=platform_id, expected_revision=expected_revision
    )
    require_answerable(State(notice.state))
    step = Step(actor, now, real_now)
    chosen = _chosen(notice, answers)
    if notice.acknowledged_at is None:
        notice.acknowledged_at = now
        tell(session, notice, "acknowledged", step)
    for item, action, reason in chosen:
        after = acted(item_state(item), action)
        item.action, item.check_result = after.action, after.result
        item.action_reason, item.action_at = reason, now
    for answer in answers:
        ids = (
            [item.clue_id for item in notice.items]
            if answer.clue_ids is None
            else list(answer.clue_ids)
        )
        detail = {"action": answer.action, "clue_ids": ids, "reason": answer.reason}
        tell(session, notice, "acted", step, detail)
    looked_at = [item for item, action, _ in chosen if action is not Action.REFUSED]
    plan_rechecks(session, looked_at, now=now, settings=settings)
    settle(session, notice, step)
    return notice


def _chosen(notice: Notice, answers: Sequence[Answer]) -> list[tuple[NoticeItem, Action, str]]:
    """Each item that is answered for, with its action and reason."""
    if not answers:
        raise Invalid("actions is empty.", hint="Name at least one action.")
    items = {item.clue_id: item for item in notice.items}
    chosen: dict[int, tuple[NoticeItem, Action, str]] = {}
    for number, answer in enumerate(answers):
        where = f"actions[{number}]"
        action = action_named(answer.action, where=where)
        if len(answer.reason) > LONGEST_REASON:
            raise Invalid(f"{where}: reason has more than {LONGEST_REASON} characters.")
        if _UNSTORABLE.search(answer.reason):
            raise Invalid(
                f"{where}: reason holds characters that no text has.",
                hint="Leave out control characters and lone surrogates.",
            )
        if action is Action.REFUSED and not answer.reason.strip():
            raise Invalid(f"{where}: a refusal needs a reason.", hint="Say why, in `reason`.")
        if answer.clue_ids is not None and not answer.clue_ids:
            raise Invalid(f"{where}: clue_ids is empty.", hint="Leave it out to mean all clues.")
        for clue_id in items if answer.clue_ids is None else answer.clue_ids:
            if clue_id not in items:
                raise Invalid(f"{where}: clue {clue_id} is not in notice {notice.id}.")
            if clue_id in chosen:
                raise Invalid(f"{where}: clue {clue_id} was answered for before.")
            chosen[clue_id] = (items[clue_id], action, answer.reason)
    return list(chosen.values())
