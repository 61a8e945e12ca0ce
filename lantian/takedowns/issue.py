"""From confirmed clues to notices: one to each platform that hosts them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.errors import Conflict, Invalid, NotFound
from lantian.model import Clue, Decision, Document, Hit, Notice, NoticeItem, Platform, Seller
from lantian.settings import Settings
from lantian.store.installation import is_demo
from lantian.takedowns import content as contents
from lantian.takedowns.content import Told
from lantian.takedowns.deadlines import acknowledge_by, act_by
from lantian.takedowns.life import Step, index_again, tell
from lantian.takedowns.states import State

MOST_CLUES = 100
"""Clues of one request."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why one clue cannot go into a notice now; `retry_at` where time alone cures it.

    Kinds: unknown_clue, not_confirmed, decision_too_young, already_notified.
    """

    clue_id: int
    kind: str
    message: str
    retry_at: datetime | None = None


class NotReady(Conflict):
    """Some clues cannot go into a notice; `faults` names each, and nothing was issued."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        times = [fault.retry_at for fault in faults]
        known = [at for at in times if at is not None]
        super().__init__(
            " ".join(fault.message for fault in faults[:5]),
            hint="Leave these clues out, or try again when they are ready.",
            retry_at=max(known) if len(known) == len(faults) else None,
        )
        self.faults = tuple(faults)


def issue_notices(
    session: Session,
    clue_ids: Sequence[int],
    *,
    actor: str,
    now: datetime,
    real_now: datetime,
    settings: Settings,
) -> list[Notice]:
    """The new notices, one a platform, in the caller's transaction: all of them or none.

    A notice to a platform without a channel waits. Raises `NotReady` (a `Conflict`) naming each
    clue that is not confirmed, whose decision is younger than the hold, or that an open notice
    has; `NotFound` if none of the clues is known, `Invalid` for an empty or too long list.
    """
    wanted = sorted(set(clue_ids))
    if not 1 <= len(wanted) <= MOST_CLUES:
        raise Invalid(
            f"clue_ids holds {len(wanted)} clues.", hint=f"Give between 1 and {MOST_CLUES}."
        )
    clues = _locked(session, wanted)
    hold = timedelta(seconds=settings.hold_seconds)
    faults = [
        fault
        for clue_id in wanted
        if (fault := _fault(session, clue_id, clues.get(clue_id), hold=hold, now=now))
    ]
    if not clues:
        raise NotFound(f"there is no clue {', '.join(map(str, wanted))}.", hint="Search them anew.")
    if faults:
        raise NotReady(faults)
    step = Step(actor, now, real_now)
    by_platform = sorted(clues.values(), key=lambda clue: (clue.platform_id, clue.id))
    return [
        _issue(session, platform_id, list(group), step, settings)
        for platform_id, group in groupby(by_platform, key=lambda clue: clue.platform_id)
    ]


def send_waiting(
    session: Session,
    platform: Platform,
    *,
    actor: str,
    now: datetime,
    real_now: datetime,
    settings: Settings,
) -> list[Notice]:
    """The notices that waited for the platform's channel, sent now; their terms begin now."""
    if platform.channel == "none":
        raise Conflict(
            f"platform {platform.name} has no channel.",
            hint=f"`lantian key add platform --platform {platform.name}` gives it one.",
        )
    waiting = select(Notice).where(Notice.platform_id == platform.id, Notice.state == State.WAITING)
    step = Step(actor, now, real_now)
    notices = list(session.scalars(waiting.order_by(Notice.id).with_for_update()))
    for notice in notices:
        _send(session, notice, step, settings)
        notice.revision += 1
        index_again(session, [item.clue_id for item in notice.items], step)
    return notices


def _locked(session: Session, clue_ids: list[int]) -> dict[int, Clue]:
    """The clues, locked in the order of their ids so that two requests cannot block each other."""
    statement = select(Clue).where(Clue.id.in_(clue_ids)).order_by(Clue.id).with_for_update()
    found = session.scalars(statement.execution_options(populate_existing=True))
    return {clue.id: clue for clue in found}


def _fault(
    session: Session, clue_id: int, clue: Clue | None, *, hold: timedelta, now: datetime
) -> Fault | None:
    if clue is None:
        return Fault(clue_id, "unknown_clue", f"there is no clue {clue_id}.")
    if clue.state != "confirmed" or not confirmed_claims(clue):
        return Fault(clue_id, "not_confirmed", f"clue {clue_id} is {clue.state}, not confirmed.")
    open_notice = session.scalar(
        select(Notice.id)
        .join(NoticeItem, NoticeItem.notice_id == Notice.id)
        .where(NoticeItem.clue_id == clue_id, Notice.state != State.CLOSED)
        .limit(1)
    )
    if open_notice is not None:
        text = f"clue {clue_id} is in notice {open_notice}, which is open."
        return Fault(clue_id, "already_notified", text)
    decisions = live_decisions(session, clue_id)
    if not any(decision.verdict == "confirmed" for decision in decisions):
        return Fault(clue_id, "not_confirmed", f"clue {clue_id} has no confirming decision.")
    ready = max(decision.at for decision in decisions) + hold
    if ready > now:
        text = f"clue {clue_id} was decided less than {hold} ago; it is ready at {ready:%FT%TZ}."
        return Fault(clue_id, "decision_too_young", text, retry_at=ready)
    return None


def live_decisions(session: Session, clue_id: int) -> list[Decision]:
    """The decisions on a clue that were not undone, newest first."""
    statement = select(Decision).where(Decision.clue_id == clue_id, Decision.undone_at.is_(None))
    return list(session.scalars(statement.order_by(Decision.at.desc(), Decision.id.desc())))


def confirmed_claims(clue: Clue) -> tuple[str, ...]:
    """The claims of the clue that were confirmed."""
    return tuple(claim.claim for claim in clue.claims if claim.state == "confirmed")


def _issue(
    session: Session, platform_id: int, clues: list[Clue], step: Step, settings: Settings
) -> Notice:
    platform = session.get_one(Platform, platform_id)
    told = [_told(session, clue) for clue in clues]
    content = contents.content_of(
        session,
        platform,
        told,
        settings=settings,
        demonstration=is_demo(session),
        made_at=step.now,
    )
    notice = Notice(
        platform_id=platform_id,
        kind="regulator_lead",
        state=State.WAITING,
        revision=1,
        created_at=step.now,
        updated_at=step.now,
        recorded_at=step.real_now,
        content=content,
        content_digest=contents.content_digest(content),
        created_by=step.actor,
    )
    session.add(notice)
    session.flush()
    notice.items = [_item(session, notice, one) for one in told]
    session.flush()
    tell(session, notice, "issued", step, {"clue_ids": [clue.id for clue in clues]})
    if platform.channel != "none":
        _send(session, notice, step, settings)
    index_again(session, [clue.id for clue in clues], step)
    return notice


def _send(session: Session, notice: Notice, step: Step, settings: Settings) -> None:
    """Freeze the content and let the terms begin."""
    notice.state = State.SENT
    notice.sent_at = notice.updated_at = step.now
    notice.acknowledge_by = acknowledge_by(step.now, settings.acknowledge_hours)
    term = act_by(step.now, settings.act_working_days)
    notice.act_by = term.at
    notice.content = contents.sent(
        notice.content, sent_at=step.now, acknowledge_by=notice.acknowledge_by, term=term
    )
    notice.content_digest = contents.content_digest(notice.content)
    tell(session, notice, "sent", step, {"content_digest": notice.content_digest})


def _told(session: Session, clue: Clue) -> Told:
    claims = confirmed_claims(clue)
    hits = _hits(session, clue.document_id, clue.pack_hash, claims)
    document_id = clue.document_id
    if {hit.claim for hit in hits} != set(claims):
        # The newest version shows fewer claims than were confirmed: tell what was decided on.
        decision = _confirming(session, clue.id)
        document_id = decision.document_id
        hits = _hits(session, document_id, decision.pack_hash, claims)
    if not hits:
        raise NotReady(
            [Fault(clue.id, "not_confirmed", f"clue {clue.id} has no hit of its claims any more.")]
        )
    seller = session.get(Seller, clue.seller_id) if clue.seller_id else None
    shown = tuple(claim for claim in claims if any(hit.claim == claim for hit in hits))
    return Told(clue, session.get_one(Document, document_id), seller, shown, tuple(hits))


def _hits(session: Session, document_id: int, pack_hash: str, claims: Sequence[str]) -> list[Hit]:
    statement = select(Hit).where(
        Hit.document_id == document_id, Hit.pack_hash == pack_hash, Hit.claim.in_(claims)
    )
    return list(session.scalars(statement.order_by(Hit.start, Hit.end, Hit.rule_id)))


def _item(session: Session, notice: Notice, told: Told) -> NoticeItem:
    rules = sorted({(hit.rule_id, hit.rule_hash) for hit in told.hits})
    return NoticeItem(
        notice_id=notice.id,
        clue_id=told.clue.id,
        decision_id=_confirming(session, told.clue.id).id,
        document_id=told.document.id,
        pack_hash=told.hits[0].pack_hash,
        claims=list(told.claims),
        rules=[list(rule) for rule in rules],
    )


def _confirming(session: Session, clue_id: int) -> Decision:
    decisions = live_decisions(session, clue_id)
    return next(decision for decision in decisions if decision.verdict == "confirmed")
