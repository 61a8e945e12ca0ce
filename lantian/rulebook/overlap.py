"""What a shadow run saw beside the pack that ran: claim by claim, day by day, with samples."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from heapq import nsmallest
from typing import TypeVar

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from lantian.errors import NotFound
from lantian.model import Document, Hit, RulePack, ShadowHit, ShadowLook
from lantian.rulebook.samples import Sample, chance, sample

Hits = Select[int, str, str, int, int, date]
"""Document, claim, rule, start, end and day of each hit."""
Found = dict[tuple[int, str], tuple[date, str, int, int]]
"""Document and claim -> day, rule, start and end of the first hit."""

Name = TypeVar("Name", str, date)


@dataclass(frozen=True, slots=True)
class Overlap:
    """Documents in which both found the claim, only the shadow did, only the pack that ran."""

    both: int = 0
    only_shadow: int = 0
    only_live: int = 0


@dataclass(frozen=True)
class ShadowReport:
    """What the last shadow run saw; `days` holds the documents read, and those with hits."""

    pack: RulePack
    claims: dict[str, Overlap]
    days: dict[date, tuple[int, Overlap]]
    only_shadow: list[Sample] = field(repr=False)
    only_live: list[Sample] = field(repr=False)

    @property
    def documents(self) -> int:
        """Documents that both packs read."""
        return sum(read for read, _ in self.days.values())


def shadow_report(session: Session, *, most: int = 3) -> ShadowReport:
    """What the last shadow run saw, with `most` samples of each claim; raises `NotFound`."""
    last = select(ShadowLook.pack_id).limit(1).scalar_subquery()
    pack = session.scalar(select(RulePack).where(RulePack.id == last))
    if pack is None:
        raise NotFound(
            "no shadow run has seen a document yet.",
            hint="It sees those of the crawls that begin after it; `lantian rules list` tells "
            "whether one is on.",
        )
    shadow, live = _found(session, _shadow_hits(pack)), _found(session, _live_hits(pack))
    read = (
        select(ShadowLook.day, func.count())
        .where(ShadowLook.pack_id == pack.id)
        .group_by(ShadowLook.day)
        .order_by(ShadowLook.day)
    )
    days = _overlaps(_by_day(shadow), _by_day(live))
    return ShadowReport(
        pack,
        _overlaps({(c, one) for one, c in shadow}, {(c, one) for one, c in live}),
        {day: (number, days.get(day, Overlap())) for day, number in session.execute(read)},
        _samples(session, {key: shadow[key] for key in shadow.keys() - live.keys()}, most),
        _samples(session, {key: live[key] for key in live.keys() - shadow.keys()}, most),
    )


def _shadow_hits(pack: RulePack) -> Hits:
    return (
        select(
            ShadowHit.document_id,
            ShadowHit.claim,
            ShadowHit.rule_id,
            ShadowHit.start,
            ShadowHit.end,
            ShadowLook.day,
        )
        .join(
            ShadowLook,
            and_(
                ShadowLook.pack_id == ShadowHit.pack_id,
                ShadowLook.document_id == ShadowHit.document_id,
            ),
        )
        .where(ShadowHit.pack_id == pack.id)
        .order_by(ShadowHit.id)
    )


def _live_hits(pack: RulePack) -> Hits:
    return (
        select(Hit.document_id, Hit.claim, Hit.rule_id, Hit.start, Hit.end, ShadowLook.day)
        .join(
            ShadowLook,
            and_(ShadowLook.document_id == Hit.document_id, ShadowLook.live_hash == Hit.pack_hash),
        )
        .where(ShadowLook.pack_id == pack.id)
        .order_by(Hit.id)
    )


def _found(session: Session, hits: Hits) -> Found:
    found: Found = {}
    for document, claim, rule, start, end, day in session.execute(hits):
        found.setdefault((document, claim), (day, rule, start, end))
    return found


def _by_day(found: Found) -> set[tuple[date, int]]:
    return {(day, document) for (document, _), (day, *_more) in found.items()}


def _overlaps(shadow: set[tuple[Name, int]], live: set[tuple[Name, int]]) -> dict[Name, Overlap]:
    """For each claim or day, in how many documents either side, or both, found something."""
    both, only_shadow, only_live = (
        Counter(name for name, _ in some) for some in (shadow & live, shadow - live, live - shadow)
    )
    return {
        name: Overlap(both[name], only_shadow[name], only_live[name])
        for name in sorted(both.keys() | only_shadow.keys() | only_live.keys())
    }


def _samples(session: Session, found: Found, most: int) -> list[Sample]:
    by_claim: dict[str, list[int]] = {}
    for document_id, claim in found:
        by_claim.setdefault(claim, []).append(document_id)
    told = []
    for claim, ids in sorted(by_claim.items()):
        for document_id in nsmallest(most, ids, key=partial(chance, claim=claim)):
            _, rule, start, end = found[document_id, claim]
            document = session.get_one(Document, document_id)
            told.append(sample(document, claim, rule, range(start, end)))
    return told
