"""Proofs that go into a bundle: that its records and events are leaves of sealed days.

They hold nothing of the time of the export: a day that is stamped later makes another bundle.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.evidence.bundle import layout
from lantian.evidence.day import statement_of
from lantian.evidence.daylog import DayLog, key_told
from lantian.evidence.spelling import date_of
from lantian.evidence.statement import EVENT, RECORD, hash_of_leaf
from lantian.evidence.tree import Tree
from lantian.model import SealedDay, SealedLeaf, TimeStamp

_AT_ONCE = 500


@dataclass
class Proofs:
    """The leaves of what a bundle holds, by their subjects."""

    session: Session
    records: dict[int, SealedLeaf] = field(default_factory=dict)
    events: dict[int, SealedLeaf] = field(default_factory=dict)
    _days: dict[int, SealedDay] = field(default_factory=dict)

    def find_records(self, artifact_ids: Iterable[int]) -> None:
        """Look up the leaves of these artifacts."""
        self.records |= _leaves(self.session, RECORD, artifact_ids)

    def find_events(self, event_ids: Iterable[int]) -> None:
        """Look up the leaves of these events of the audit chain."""
        self.events |= _leaves(self.session, EVENT, event_ids)

    def sm3(self, artifact_id: int) -> str | None:
        """The SM3 that was sealed with a record, if any was."""
        leaf = self.records.get(artifact_id)
        return None if leaf is None else leaf.sm3

    def time_stamp(self, artifact_id: int) -> dict[str, Any] | None:
        """When a record was there, as its extraction record tells; none if it is not sealed yet."""
        leaf = self.records.get(artifact_id)
        if leaf is None:
            return None
        day = self._day(leaf.day_number)
        return {
            "day": day.day,
            "proof": layout.proof(day.day),
            "statement": day.digest,
            "sealed": date_of(day.sealed_at),
            "stamps": [_stamp_told(one) for one in self._stamps(day)],
        }

    def members(self) -> Iterator[tuple[SealedDay, list[tuple[str, bytes]]]]:
        """The files about each day, in order."""
        by_day: dict[int, list[SealedLeaf]] = defaultdict(list)
        for leaf in (*self.records.values(), *self.events.values()):
            by_day[leaf.day_number].append(leaf)
        for number, leaves in sorted(by_day.items()):
            day = self._day(number)
            stamps = self._stamps(day)
            told = {
                "format": layout.PROOF_FORMAT,
                "day": day.day,
                "statement": day.digest,
                "leaves": list(self._proved(number, leaves)),
                "stamps": [_stamp_told(one) for one in stamps],
            }
            files = [
                (layout.proof(day.day), layout.readable(told)),
                (layout.statement(day.day), statement_of(day).text),
            ]
            for one in stamps:
                files.append((layout.stamp(day.day, one.authority), one.reply))
                files.append((layout.roots(day.day, one.authority), one.roots.encode()))
            yield day, files

    def checkpoints(self) -> tuple[list[dict[str, Any]], list[tuple[str, bytes]]]:
        """What is told of the checkpoint of each of these days, and the files; call it last.

        Of none after them: what is sealed later does not make another bundle.
        """
        signed = [day for _, day in sorted(self._days.items()) if day.checkpoint]
        log = DayLog(self.session) if signed else None
        told: list[dict[str, Any]] = []
        files = []
        before = 0
        for day in signed:
            assert log is not None  # noqa: S101
            told.append(
                {
                    "day": day.day,
                    "key": key_told(self.session, day.day),
                    "path": log.path_of(day.number),
                    "grown": log.grown(before, day.number) if before else [],
                }
            )
            files.append((layout.checkpoint(day.day), (day.checkpoint or "").encode()))
            before = day.number
        return told, files

    def _proved(self, number: int, leaves: list[SealedLeaf]) -> Iterator[dict[str, Any]]:
        columns = select(SealedLeaf.kind, SealedLeaf.digest, SealedLeaf.sm3)
        rows = self.session.execute(
            columns.where(SealedLeaf.day_number == number)
            .order_by(SealedLeaf.position)
            .execution_options(yield_per=1000)
        )
        tree = Tree(hash_of_leaf(*row) for row in rows)
        for leaf in sorted(leaves, key=lambda one: one.position):
            # A leaf that was lost leaves a path that leads nowhere: the check of the bundle tells.
            known = leaf.position < tree.size
            path = tree.inclusion(leaf.position) if known else []
            yield {
                "position": leaf.position,
                "kind": leaf.kind,
                "digest": leaf.digest,
                "sm3": leaf.sm3,
                "path": [one.hex() for one in path],
            }

    def _day(self, number: int) -> SealedDay:
        if number not in self._days:
            self._days[number] = self.session.get_one(SealedDay, number)
        return self._days[number]

    def _stamps(self, day: SealedDay) -> list[TimeStamp]:
        rows = select(TimeStamp).where(TimeStamp.day_number == day.number)
        return list(self.session.scalars(rows.order_by(TimeStamp.authority)))


def _stamp_told(stamp: TimeStamp) -> Mapping[str, Any]:
    return {
        "authority": stamp.authority,
        "time": date_of(stamp.stamped_at),
        "serial": stamp.serial,
        "policy": stamp.policy,
    }


def _leaves(session: Session, kind: str, ids: Iterable[int]) -> dict[int, SealedLeaf]:
    wanted = sorted(ids)
    found: dict[int, SealedLeaf] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        rows = select(SealedLeaf).where(
            SealedLeaf.kind == kind,
            SealedLeaf.subject_id.in_(wanted[start : start + _AT_ONCE]),
            SealedLeaf.day_number.in_(select(SealedDay.number)),
        )
        found |= {leaf.subject_id: leaf for leaf in session.scalars(rows)}
    return found
