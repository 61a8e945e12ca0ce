"""A file in: its rows taken once each, the addresses asked for, the faults told."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lantian.access import audit
from lantian.errors import Conflict, Invalid
from lantian.intake.handover.opened import File
from lantian.intake.handover.pages import Profiles, Saved, batches
from lantian.intake.handover.pages import arrival_of as page_arrival_of
from lantian.intake.handover.requests import ask_for_crawls
from lantian.intake.handover.rows import Fault, Row
from lantian.intake.handover.taking import PROFILE, ROW_TYPE, Arrival, Desk, Taking
from lantian.model import HandedRow, Handover, Job
from lantian.reading import RawPage, SiteProfile, find_profile, needs_child, read_guarded, read_page
from lantian.reading.address import host_of
from lantian.store import jobs

BATCH = 40
WINDOW = 2_000
"""Rows that are put in order of their hosts before they are taken."""
PAGES, PAGES_SIZE = 20, 4 << 20
"""Saved pages of one batch, and their bytes."""
KIND = "import"
FORMAT = "lantian.row/1"
T = TypeVar("T")
_COLLECTION = 60
_JSON = ((b"content-type", ROW_TYPE.encode()),)
KEPT = (
    "this posting is kept already as our own visit or a later list saw it, with another text; "
    "the row is not taken over it"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Giving:
    """Whose file it is: the collection, the office that handed it over, and who takes it in."""

    collection: str
    handed_by: str
    actor: str


@dataclass(slots=True)
class Tally:
    """What became of a file's rows."""

    taken: int = 0
    requested: int = 0
    known: int = 0
    faulty: int = 0
    hits: int = 0
    clues: int = 0


def collection_name(text: str) -> str:
    """The name of a collection; raises `Invalid` for one that cannot name sources."""
    name = " ".join(text.split())
    if not name or len(name) > _COLLECTION or not name.isprintable() or "@" in name:
        raise Invalid(
            f"{text[:80]!r} is no name of a source.",
            hint=f"Give 1 to {_COLLECTION} printable characters without @.",
        )
    return name


def begin(desk: Desk, file: File, giving: Giving) -> tuple[int, jobs.Claim]:
    """The id of the file's hand-over, and its job, claimed.

    A hand-over of the same file that was broken off is gone on with. Raises `Conflict` while
    another process has it in hand.
    """
    now = desk.clock.now()
    with desk.store.write() as session:
        handover = session.scalar(
            select(Handover)
            .where(
                Handover.collection == giving.collection,
                Handover.digest == file.digest,
                Handover.state == "running",
            )
            .order_by(Handover.id.desc())
        )
        if handover is None:
            handover = _new(session, desk, file, giving, now=now)
        handover_id, key = handover.id, handover.job_key
        jobs.enqueue(session, kind=KIND, key=key, payload={}, due=now, now=now)
        due = session.scalars(select(Job.due).where(Job.key == key)).one()
    claim = jobs.claim(desk.store, now=max(now, due), keys=(key,))
    if claim is None:
        raise Conflict(
            f"{file.name} is being taken in by another process.",
            hint="Wait until it has ended; one that was killed is free after a minute.",
        )
    return handover_id, claim


def _new(session: Session, desk: Desk, file: File, giving: Giving, *, now: datetime) -> Handover:
    real_now = desk.real_clock.now()
    same = (Handover.collection == giving.collection, Handover.digest == file.digest)
    before = session.scalar(select(func.count()).select_from(Handover).where(*same)) or 0
    handover = Handover(
        collection=giving.collection,
        name=file.name,
        digest=file.digest,
        size=file.size,
        format=file.format,
        handed_by=giving.handed_by,
        actor=giving.actor,
        job_key=f"{KIND}:{file.digest}:{giving.collection}:{before + 1}",
        at=now,
        recorded_at=real_now,
    )
    session.add(handover)
    session.flush()
    audit.record(
        session,
        actor=giving.actor,
        action="handover.begin",
        subject=f"handover:{handover.id}",
        detail={"digest": file.digest, "size": file.size, "format": file.format},
        now=now,
        real_now=real_now,
    )
    return handover


class Importing:
    """Takes the rows of one file; call `rows` once, under the lease that `begin` gave."""

    def __init__(
        self, desk: Desk, file: File, giving: Giving, handover_id: int, taking: Taking
    ) -> None:
        self.desk = desk
        self.file = file
        self.giving = giving
        self.handover_id = handover_id
        self.taking = taking
        self.tally = Tally()
        self._profile = find_profile(PROFILE, desk.folders)
        self._texts: dict[str, str] = {}

    def rows(
        self,
        found: Iterable[Row | list[Fault]],
        *,
        fault: Callable[[Fault], None],
        progress: Callable[[Tally], None] = lambda _: None,
    ) -> Tally:
        """Take every good row, tell each fault; batch by batch, each in its transaction."""
        window: list[tuple[Row, str]] = []
        for one in _to_the_end(found, lambda fault: [fault]):
            if isinstance(one, list):
                self.tally.faulty += 1
                for each in one:
                    fault(each)
                continue
            window.append((one, self._key(one)))
            if len(window) == WINDOW:
                self._take_all(window, fault, progress)
                window.clear()
        self._take_all(window, fault, progress)
        self.finish()
        progress(self.tally)
        return self.tally

    def pages(
        self,
        found: Iterable[Saved | Fault],
        *,
        fault: Callable[[Fault], None],
        progress: Callable[[Tally], None] = lambda _: None,
    ) -> Tally:
        """Take every saved page that can be read, tell each fault; batch by batch."""
        profiles = Profiles(self.desk.folders)
        numbers: dict[str, int] = {}

        def arriving() -> Iterator[Arrival]:
            for one in _to_the_end(found, lambda fault: fault):
                try:
                    if isinstance(one, Fault):
                        raise Invalid(one.cause)
                    arrival = page_arrival_of(one, profiles, self._origin(one.number))
                except Invalid as error:
                    self.tally.faulty += 1
                    value = one.value if isinstance(one, Fault) else one.url[:200]
                    fault(Fault(one.number, "", error.message.rstrip("."), value))
                    continue
                numbers[arrival.row_id] = one.number
                yield arrival

        for batch in batches(arriving(), most=PAGES, size=PAGES_SIZE):
            for each in self._in_transaction(
                partial(self._pages_in_one, batch=batch, numbers=numbers)
            ):
                fault(each)
            numbers.clear()
            progress(self.tally)
        self.finish()
        progress(self.tally)
        return self.tally

    def _pages_in_one(
        self, session: Session, *, batch: Sequence[Arrival], numbers: Mapping[str, int]
    ) -> list[Fault]:
        known = self._known_digests(session, [one.row_id for one in batch])
        new = {one.row_id: one for one in batch if one.row_id not in known}
        outcomes = self.taking.take(session, list(new.values()))
        for digest in new:
            self._remember(session, digest, numbers[digest])
        older = [digest for digest in new if outcomes.get(digest) == "older"]
        self.tally.taken += sum(outcome == "taken" for outcome in outcomes.values())
        self.tally.known += len(batch) - len(new)
        self.tally.known += sum(one in {"known", "unchanged"} for one in outcomes.values())
        self.tally.faulty += len(older)
        self._count(session)
        return [Fault(numbers[digest], "", KEPT, new[digest].url[:200]) for digest in older]

    def finish(self) -> None:
        """End the job, its crawls and the hand-over."""
        with self.desk.store.write() as session:
            self.taking.finish(session)
            handover = session.get_one(Handover, self.handover_id)
            handover.state = "finished"
            handover.faulty = self.tally.faulty
        self.tally.hits = self.taking.hits
        self.tally.clues = len(self.taking.clue_ids)

    def _key(self, row: Row) -> str:
        """What tells the row from others of its address in this file; nothing for the first."""
        if not row.url or not row.has_content:
            return ""
        content = json.dumps([row.title, row.text], ensure_ascii=False)
        if self._texts.setdefault(row.url, content) == content:
            return ""
        return replace(row, number=0, reference="", note="").digest.removeprefix("sha256:")[:16]

    def _take_all(
        self,
        window: Sequence[tuple[Row, str]],
        fault: Callable[[Fault], None],
        progress: Callable[[Tally], None],
    ) -> None:
        """Take the rows host by host: a batch of one platform costs a fraction of one of twenty."""
        ordered = sorted(window, key=lambda one: host_of(one[0].url) if one[0].url else "")
        for start in range(0, len(ordered), BATCH):
            self._take(ordered[start : start + BATCH], fault)
            progress(self.tally)

    def _take(self, batch: Sequence[tuple[Row, str]], fault: Callable[[Fault], None]) -> None:
        if not batch:
            return
        now = self.desk.clock.now()
        for each in self._in_transaction(lambda session: self._in_one(session, batch, now)):
            fault(each)

    def _in_transaction(self, work: Callable[[Session], list[Fault]]) -> list[Fault]:
        self.taking.turn()
        try:
            with self.taking.warc.batch(), self.desk.store.write() as session:
                jobs.require(session, self.taking.claim.id, self.taking.claim.token)
                return work(session)
        except BaseException:
            self.taking.forget()
            raise

    def _in_one(
        self, session: Session, batch: Sequence[tuple[Row, str]], now: datetime
    ) -> list[Fault]:
        new = self._not_known(session, batch)
        arrivals = {
            row.digest: arrival_of(
                row, key, self._origin(row.number), profile=self._profile, now=row.seen_at or now
            )
            for row, key in new
            if row.has_content
        }
        outcomes = self.taking.take(session, list(arrivals.values()))
        wanted = [row.url for row, _ in new if row.only_address and row.url]
        ask_for_crawls(session, self.giving.collection, wanted, now=now)
        older = [row for row, _ in new if outcomes.get(row.digest) == "older"]
        for row, _ in new:
            self._remember(session, row.digest, row.number, row.reference, row.note)
        tally = self.tally
        tally.taken += sum(outcome == "taken" for outcome in outcomes.values())
        tally.requested += len(wanted)
        tally.faulty += len(older)
        tally.known += len(batch) - len(new)
        tally.known += sum(outcome in {"known", "unchanged"} for outcome in outcomes.values())
        self._count(session)
        return [Fault(row.number, "", KEPT) for row in older]

    def _count(self, session: Session) -> None:
        handover = session.get_one(Handover, self.handover_id)
        handover.taken, handover.requested = self.tally.taken, self.tally.requested
        handover.known, handover.faulty = self.tally.known, self.tally.faulty

    def _not_known(
        self, session: Session, batch: Sequence[tuple[Row, str]]
    ) -> list[tuple[Row, str]]:
        """The rows that this collection has not had yet, each once."""
        known = self._known_digests(session, [row.digest for row, _ in batch])
        new = []
        for row, key in batch:
            if row.digest not in known:
                known.add(row.digest)
                new.append((row, key))
        return new

    def _known_digests(self, session: Session, digests: Sequence[str]) -> set[str]:
        statement = select(HandedRow.digest).where(
            HandedRow.collection == self.giving.collection, HandedRow.digest.in_(digests)
        )
        return set(session.scalars(statement))

    def _remember(
        self, session: Session, digest: str, number: int, reference: str = "", note: str = ""
    ) -> None:
        session.add(
            HandedRow(
                collection=self.giving.collection,
                digest=digest,
                handover_id=self.handover_id,
                number=number,
                reference=reference,
                note=note,
            )
        )

    def _origin(self, number: int) -> dict[str, Any]:
        return {
            "by": self.giving.handed_by,
            "file": self.file.digest,
            "name": self.file.name,
            "row": number,
        }


def _to_the_end(found: Iterable[T], told: Callable[[Fault], T]) -> Iterator[T]:
    """What can be read of a file; where it ends to be readable, why: what came before counts."""
    try:
        yield from found
    except Invalid as error:
        yield told(Fault(0, "", error.message.rstrip(".")))


def arrival_of(
    row: Row,
    key: str,
    origin: Mapping[str, Any],
    *,
    profile: SiteProfile,
    now: datetime,
    row_id: str = "",
) -> Arrival:
    """The row as it arrives: its JSON is the payload, and what was read is read from that."""
    told: dict[str, Any] = {"format": FORMAT, "handed_in": dict(origin), "taken": row.taken}
    if key:
        told["key"] = key
    body = json.dumps(told, ensure_ascii=False, sort_keys=True, indent=1).encode("utf-8", "replace")
    url = row.url or f"urn:lantian:row:{row.digest.removeprefix('sha256:')[:32]}"
    page = RawPage(url, 200, _JSON, body)
    reading = read_guarded(page, profile) if needs_child(page) else read_page(page, profile)
    return Arrival(
        row_id=row_id or row.digest,
        url=url,
        at=now,
        body=body,
        reading=reading,
        profile=profile,
        platform=row.platform,
        notes={"handed_in": dict(origin)},
    )
