"""Decisions: confirm or dismiss a clue, or one claim of it, and take that back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lantian.access import audit
from lantian.clues.forming import covered_by, state_of
from lantian.clues.leases import require_free
from lantian.clues.reasons import reason_of
from lantian.clues.revision import changed, locked
from lantian.errors import Conflict, Invalid, LantianError
from lantian.model import Clue, ClueClaim, Decision, Hit, Notice, NoticeItem, User

VERDICTS = ("confirmed", "dismissed")


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What became of a decision on many clues; `failed` says why, by clue id."""

    matched: int
    done: tuple[int, ...] = ()
    failed: Mapping[int, LantianError] = field(default_factory=dict)


def decide(
    session: Session,
    clue_id: int,
    *,
    verdict: str,
    user: User,
    now: datetime,
    real_now: datetime,
    reason: str | None = None,
    claim: str | None = None,
    note: str = "",
    expected_revision: int | None = None,
    batch: str | None = None,
) -> Decision:
    """The decision of `user` on a clue, or on one claim of it.

    A dismissal needs a reason of `lantian.clues.reasons`. Raises `Invalid`, `NotFound`, `Stale`
    for another revision than expected, `Conflict` if another person holds the clue or a notice
    stands on the decision that this would overrule.
    """
    _check(verdict, reason)
    clue = locked(session, clue_id, expected_revision)
    require_free(session, clue, user=user, now=now)
    rows = _decided_rows(clue, claim)
    if any(row.state != "open" for row in rows):
        _require_no_notice(session, clue)
    decision = Decision(
        clue_id=clue.id,
        claim=claim,
        verdict=verdict,
        reason=reason,
        note=note,
        document_id=clue.document_id,
        pack_hash=clue.pack_hash,
        covered=covered_by(_hits(session, clue)),
        previous=_states(clue),
        user_id=user.id,
        batch=batch,
        at=now,
        recorded_at=real_now,
    )
    session.add(decision)
    for row in rows:
        row.state = verdict
    clue.state = state_of(clue)
    clue.decided_at = None if clue.state == "open" else now
    clue.reopened_at = None
    clue.lease_user_id = clue.lease_until = None
    changed(session, clue, now=now)
    _record(session, "clue.decide", decision, user=user, now=now, real_now=real_now)
    return decision


def decide_many(
    session: Session,
    clue_ids: Iterable[int],
    *,
    verdict: str,
    user: User,
    now: datetime,
    real_now: datetime,
    batch: str,
    reason: str | None = None,
    note: str = "",
    expected: int | None = None,
    expected_revisions: Mapping[int, int] | None = None,
) -> BatchOutcome:
    """The same decision on many clues, each on its own: what cannot be decided is told by id.

    `batch` names the act, so that it is undone as one. `expected` is the number of clues that
    the person was shown: raises `Conflict` if there are more by now, and nothing is done.
    """
    _check(verdict, reason)
    ids = sorted(set(clue_ids))
    if expected is not None and len(ids) > expected:
        raise Conflict(
            f"{len(ids)} clues answer the filter by now, not {expected}.",
            hint="Look at the list again, then decide.",
        )
    done: list[int] = []
    failed: dict[int, LantianError] = {}
    for clue_id in ids:
        try:
            decide(
                session,
                clue_id,
                verdict=verdict,
                user=user,
                now=now,
                real_now=real_now,
                reason=reason,
                note=note,
                expected_revision=(expected_revisions or {}).get(clue_id),
                batch=batch,
            )
        except LantianError as error:
            failed[clue_id] = error
        else:
            done.append(clue_id)
    return BatchOutcome(len(ids), tuple(done), failed)


def notice_of(session: Session, decision_ids: Iterable[int]) -> int | None:
    """The notice that stands on one of these decisions; none if none does."""
    statement = (
        select(NoticeItem.notice_id)
        .where(NoticeItem.decision_id.in_(list(decision_ids)))
        .order_by(NoticeItem.id)
        .limit(1)
    )
    return session.scalar(statement)


def standing(session: Session, clue_id: int) -> list[Decision]:
    """The clue's decisions that were not taken back, newest first."""
    statement = (
        select(Decision)
        .where(Decision.clue_id == clue_id, Decision.undone_at.is_(None))
        .order_by(Decision.id.desc())
    )
    return list(session.scalars(statement))


def _check(verdict: str, reason: str | None) -> None:
    if verdict not in VERDICTS:
        raise Invalid(f"verdict {verdict!r} is unknown.", hint=f"Use {' or '.join(VERDICTS)}.")
    if verdict == "dismissed":
        if reason is None:
            raise Invalid("reason is missing.", hint="Say why the clue is dismissed.")
        reason_of(reason)
    elif reason is not None:
        raise Invalid("reason goes with a dismissal only.", hint="Leave it out.")


def _decided_rows(clue: Clue, claim: str | None) -> list[ClueClaim]:
    """The claims that a decision is on: the one named; of an open clue what is open; else all."""
    if claim is None:
        still_open = [row for row in clue.claims if row.state == "open"]
        return still_open if clue.state == "open" and still_open else list(clue.claims)
    rows = [row for row in clue.claims if row.claim == claim]
    if not rows:
        raise Invalid(
            f"clue {clue.id} has no claim {claim!r}.",
            hint=f"It has {', '.join(row.claim for row in clue.claims)}.",
        )
    return rows


def _require_no_notice(session: Session, clue: Clue) -> None:
    statement = (
        select(NoticeItem.notice_id)
        .join(Notice, Notice.id == NoticeItem.notice_id)
        .where(NoticeItem.clue_id == clue.id, Notice.state != "closed")
        .limit(1)
    )
    notice_id = session.scalar(statement)
    if notice_id is not None:
        raise Conflict(
            f"notice {notice_id} stands on the decision on clue {clue.id}.",
            hint="It can be decided again when the notice is closed or something new is found.",
        )


def _hits(session: Session, clue: Clue) -> list[Hit]:
    statement = select(Hit).where(
        Hit.document_id == clue.document_id, Hit.pack_hash == clue.pack_hash
    )
    return list(session.scalars(statement))


def _states(clue: Clue) -> dict[str, Any]:
    return {
        "state": clue.state,
        "decided_at": clue.decided_at.isoformat() if clue.decided_at else None,
        "reopened_at": clue.reopened_at.isoformat() if clue.reopened_at else None,
        "claims": {row.claim: row.state for row in clue.claims},
    }


def _record(
    session: Session,
    action: str,
    decision: Decision,
    *,
    user: User,
    now: datetime,
    real_now: datetime,
) -> None:
    detail = {
        "decision": decision.id,
        "verdict": decision.verdict,
        "claim": decision.claim,
        "reason": decision.reason,
        "batch": decision.batch,
    }
    audit.record(
        session,
        actor=f"user:{user.name}",
        action=action,
        subject=f"clue:{decision.clue_id}",
        detail={key: value for key, value in detail.items() if value is not None},
        now=now,
        real_now=real_now,
    )


STEPS = 20
"""How many of their latest steps people may take back."""


def undo(
    session: Session,
    *,
    user: User,
    now: datetime,
    real_now: datetime | None = None,
    decision_id: int | None = None,
) -> Decision:
    """The decision that was taken back: the one named, else this person's latest step.

    A step is one decision, or all of one batch; the latest 20 can be taken back. Restores what
    was before, but for what was found since. Raises `Conflict` once a notice stands on it, or
    if it was overruled since.
    """
    step = _step(session, user, decision_id)
    # Locked before anything is asked, so that no notice takes the decision meanwhile.
    clue_ids = sorted({decision.clue_id for decision in step})
    clues = {clue_id: locked(session, clue_id) for clue_id in clue_ids}
    notice_id = notice_of(session, [decision.id for decision in step])
    if notice_id is not None:
        raise Conflict(
            f"notice {notice_id} has taken decision {step[0].id}; it can no longer be undone.",
            hint="Withdraw the clue from the notice instead.",
        )
    for decision in step:
        last = standing(session, decision.clue_id)[:1]
        if [one.id for one in last] != [decision.id]:
            raise Conflict(
                f"clue {decision.clue_id} was decided again since.",
                hint="Look at it again; a later decision must be undone first.",
            )
    for decision in step:
        clue = clues[decision.clue_id]
        _restore(clue, decision)
        decision.undone_at = now
        changed(session, clue, now=now)
        _record(session, "clue.undo", decision, user=user, now=now, real_now=real_now or now)
    return step[0]


def _step(session: Session, user: User, decision_id: int | None) -> list[Decision]:
    """The decisions of one step of this person, newest first, none undone."""
    step = func.coalesce(Decision.batch, func.cast(Decision.id, Decision.batch.type))
    latest = (
        select(step)
        .where(Decision.user_id == user.id)
        .group_by(step)
        .order_by(func.max(Decision.id).desc())
        .limit(STEPS)
    )
    statement = (
        select(Decision)
        .where(
            Decision.user_id == user.id,
            Decision.undone_at.is_(None),
            step.in_(latest.scalar_subquery()),
        )
        .order_by(Decision.id.desc())
    )
    if decision_id is not None:
        statement = statement.where(Decision.id == decision_id)
    found = list(session.scalars(statement))
    if not found:
        what = "nothing" if decision_id is None else f"no decision {decision_id} of yours"
        raise Conflict(
            f"there is {what} to undo.", hint=f"The latest {STEPS} steps can be taken back."
        )
    newest = found[0]
    if newest.batch is None or decision_id is not None:
        return [newest]
    return [decision for decision in found if decision.batch == newest.batch]


def _restore(clue: Clue, decision: Decision) -> None:
    before = decision.previous
    for row in list(clue.claims):
        # A claim that something new has opened since stays open.
        if row.state == decision.verdict and decision.claim in {None, row.claim}:
            row.state = before["claims"].get(row.claim, "open")
        if row.state == "open" and not row.hit_count:
            clue.claims.remove(row)
    if clue.reopened_at is not None:
        return  # A decision clears it, so the clue was opened again since.
    clue.state = before["state"]
    clue.decided_at = _instant(before["decided_at"])
    clue.reopened_at = _instant(before["reopened_at"])


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
