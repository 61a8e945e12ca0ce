"""Tips (举报): taken down at once, taken in by the worker, their contacts forgotten in time."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from lantian.access import audit
from lantian.errors import Invalid, NotFound
from lantian.intake.handover.importing import arrival_of
from lantian.intake.handover.requests import ask_for_crawls
from lantian.intake.handover.rows import Row, checked
from lantian.intake.handover.taking import PROFILE, Arrival, Desk, Taking
from lantian.intake.storable import clean
from lantian.model import Capture, Document, Job, Tip, TipContact
from lantian.reading import SiteProfile, find_profile
from lantian.store import jobs

COLLECTION = "tips"
KIND, FORGET = "tip", "forget_contacts"
TOGETHER = 40
"""Tips that one job takes in: one batch, one transaction."""
LANE = "tips"
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
OLDER = "this posting is kept already as it was seen later, or by our own visit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What a sender tells: the fields of a row by name, and how they can be reached."""

    fields: Mapping[str, str]
    contact: str = ""


def take_down(
    session: Session,
    telling: Telling,
    *,
    key_id: str,
    keep_contact: timedelta,
    now: datetime,
    real_now: datetime,
) -> Tip:
    """The tip with its receipt, waiting for the worker; raises `Invalid` naming each fault."""
    told = {name: clean(value).strip() for name, value in telling.fields.items()}
    row = checked({name: value for name, value in told.items() if value}, number=0, now=now)
    if isinstance(row, list):
        faults = "; ".join(f"{one.column or 'the tip'}: {one.cause}" for one in row)
        raise Invalid(f"{faults}.", hint="Correct it, and send it again with a new key.")
    tip = Tip(
        receipt=_receipt(),
        key_id=key_id,
        content=row.taken,
        note=row.note,
        at=now,
        recorded_at=real_now,
    )
    session.add(tip)
    session.flush()
    _keep_contact(session, tip, telling.contact, until=now + keep_contact, now=now)
    jobs.enqueue(
        session,
        kind=KIND,
        key=f"{KIND}:{tip.id}",
        payload={"tip_id": tip.id},
        due=now,
        now=now,
        lane=LANE,
    )
    audit.record(
        session,
        actor=f"key:{key_id}",
        action="tip.receive",
        subject=f"tip:{tip.id}",
        now=now,
        real_now=real_now,
    )
    return tip


def tip_of(session: Session, receipt: str, *, key_id: str) -> Tip:
    """The tip of that receipt; raises `NotFound` for one that came with another key."""
    tip = session.scalar(select(Tip).where(Tip.receipt == receipt, Tip.key_id == key_id))
    if tip is None:
        raise NotFound("there is no such tip of this key.", hint="Ask with the key that sent it.")
    return tip


def take_tips(desk: Desk, claim: jobs.Claim) -> list[int]:
    """The other jobs whose tips were taken along, under the lease of one that is held."""
    with desk.store.read() as session:
        waiting = list(
            session.scalars(
                select(Tip).where(Tip.state == "waiting").order_by(Tip.id).limit(TOGETHER)
            )
        )
    if not waiting:
        return []
    profile = find_profile(PROFILE, desk.folders)
    rows = {tip.id: _row(tip) for tip in waiting}
    with (
        Taking(desk, claim, COLLECTION) as taking,
        taking.warc.batch(),
        desk.store.write() as session,
    ):
        jobs.require(session, claim.id, claim.token)
        _take(session, taking, rows, profile)
        taking.end_crawls(session)
        keys = [f"{KIND}:{tip_id}" for tip_id in rows if f"{KIND}:{tip_id}" != claim.key]
        return list(session.scalars(select(Job.id).where(Job.key.in_(keys))))


def _take(session: Session, taking: Taking, rows: Mapping[int, Row], profile: SiteProfile) -> None:
    now = taking.desk.clock.now()
    tips = {tip.id: tip for tip in session.scalars(select(Tip).where(Tip.id.in_(rows)))}
    arrivals: list[Arrival] = []
    said = _said(session, [row.url for row in rows.values()])
    for tip_id, row in rows.items():
        if row.has_content:
            origin = {"by": f"tip {tip_id}"}
            at = row.seen_at or tips[tip_id].at
            key = _key(row, said.setdefault(row.url, row.text or row.title))
            arrival = arrival_of(row, key, origin, profile=profile, now=at, row_id=f"tip-{tip_id}")
            arrivals.append(arrival)
    outcomes = taking.take(session, arrivals)
    wanted = [row.url for row in rows.values() if row.only_address and row.url]
    ask_for_crawls(session, COLLECTION, wanted, now=now)
    for tip_id, row in rows.items():
        tip, outcome = tips[tip_id], outcomes.get(f"tip-{tip_id}")
        tip.page_url = row.url
        if outcome == "older":
            tip.state, tip.reason = "known", OLDER
        elif outcome is not None:
            tip.state = "taken" if outcome == "taken" else "known"
        else:
            tip.state = "requested"


def _said(session: Session, urls: Sequence[str]) -> dict[str, str]:
    """What earlier tips said stands at these addresses: the first of each."""
    statement = (
        select(Document.posting_key, Document.text)
        .join(Capture, Capture.id == Document.capture_id)
        .where(Document.posting_key.in_(urls), Document.current.is_(True), Capture.via == "handed")
        .order_by(Document.id)
    )
    said: dict[str, str] = {}
    for url, text in session.execute(statement):
        said.setdefault(url, text)
    return said


def _key(row: Row, said: str) -> str:
    """Another wording of one address is a posting of its own: one tip must not hide another."""
    if (row.text or row.title) in said:
        return ""
    return replace(row, number=0, note="").digest.removeprefix("sha256:")[:16]


def _row(tip: Tip) -> Row:
    """The row that was checked when the tip came."""
    told: dict[str, Any] = dict(tip.content)
    seen = told.pop("seen_at", "")
    return Row(**told, seen_at=datetime.fromisoformat(seen) if seen else None, note=tip.note)


def _keep_contact(
    session: Session, tip: Tip, contact: str, *, until: datetime, now: datetime
) -> None:
    contact = clean(contact).strip()
    if not contact:
        return
    session.add(TipContact(tip_id=tip.id, contact=contact, expires_at=until))
    jobs.enqueue(session, kind=FORGET, key=f"{FORGET}:{tip.id}", payload={}, due=until, now=now)


def forget_contacts(session: Session, *, now: datetime) -> None:
    """Delete every contact whose time is over."""
    session.execute(delete(TipContact).where(TipContact.expires_at <= now))


def contact_of(
    session: Session, receipt: str, *, actor: str, why: str, now: datetime, real_now: datetime
) -> str:
    """How the sender can be reached; that it was read, by whom and why is in the audit chain.

    Raises `NotFound` where there is no such tip, or no contact (any more).
    """
    found = session.execute(
        select(Tip.id, TipContact.contact)
        .join(TipContact, TipContact.tip_id == Tip.id)
        .where(Tip.receipt == receipt, TipContact.expires_at > now)
    ).first()
    if found is None:
        raise NotFound(
            f"tip {receipt!r} has no contact.", hint="None was given, or its time is over."
        )
    audit.record(
        session,
        actor=actor,
        action="tip.contact",
        subject=f"tip:{found.id}",
        detail={"why": why},
        now=now,
        real_now=real_now,
    )
    return str(found.contact)


def _receipt() -> str:
    """Sixteen characters that can be read out, of 80 random bits."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(16))
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))


def newest(session: Session, limit: int) -> Sequence[Tip]:
    """The newest tips."""
    return list(session.scalars(select(Tip).order_by(Tip.id.desc()).limit(limit)))
