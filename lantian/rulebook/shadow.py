"""A shadow run: another pack reads what crawls bring, beside the pack that runs.

Its hits are kept apart and make no clue. It never fails a crawl: whatever goes wrong with it ends
the run, with its cause kept.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from lantian.access import audit
from lantian.clock import legal_day
from lantian.errors import Conflict
from lantian.model import RulePack, ShadowHit, ShadowLook
from lantian.rulebook.packs import Act, one_at_a_time, short
from matchers.scan import Matcher, PageContext, ScanResult

logger = logging.getLogger(__name__)

MOST_SECONDS = 2.0
"""Seconds that a shadow pack may take for the texts of one batch before its run is stopped."""
MOST_TOLD = 500
"""Characters of a fault that are kept."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """A document that the pack that runs has just read."""

    document_id: int
    text: str
    page: PageContext


@dataclass
class Shadow:
    """The shadow pack as one crawl's intake holds it."""

    pack_id: int
    matcher: Matcher
    seconds: Callable[[], float] = time.monotonic
    ended: bool = field(default=False, init=False)

    def look(
        self, session: Session, texts: Sequence[Scanned], *, live_hash: str, now: datetime
    ) -> None:
        """Read the texts of a batch and keep the hits, in the caller's transaction.

        Raises nothing on its own account: a fault ends the run.
        """
        if self.ended or not texts:
            return
        session.flush()  # What is not ours must not fail in our name.
        try:
            with session.begin_nested():
                self._look(session, texts, live_hash, now)
        except Exception as error:  # noqa: BLE001  (the edge to a crawl that must go on)
            self.ended = True
            end_by_fault(session, self.pack_id, error, now=now)

    def _look(
        self, session: Session, texts: Sequence[Scanned], live_hash: str, now: datetime
    ) -> None:
        state = session.scalar(select(RulePack.state).where(RulePack.id == self.pack_id))
        if state != "shadow":
            self.ended = True
            return
        begun = self.seconds()
        scans = list(
            self.matcher.scan_many([one.text for one in texts], [one.page for one in texts])
        )
        taken = self.seconds() - begun
        if taken > MOST_SECONDS:
            raise TimeoutError(f"it took {taken:.1f} s for {len(texts)} documents")
        new = self._note(session, texts, live_hash, now)
        hits = [
            row
            for one, scan in zip(texts, scans, strict=True)
            if one.document_id in new
            for row in self._rows(one.document_id, scan)
        ]
        if hits:
            session.execute(insert(ShadowHit), hits)

    def _note(
        self, session: Session, texts: Sequence[Scanned], live_hash: str, now: datetime
    ) -> set[int]:
        """The documents that it reads for the first time."""
        on_postgresql = session.get_bind().dialect.name == "postgresql"
        dialect = postgresql if on_postgresql else sqlite
        statement = (
            dialect.insert(ShadowLook)
            .on_conflict_do_nothing(index_elements=["pack_id", "document_id"])
            .returning(ShadowLook.document_id)
        )
        day = legal_day(now)
        rows = [
            {"pack_id": self.pack_id, "document_id": key, "live_hash": live_hash, "day": day}
            for key in sorted({one.document_id for one in texts})
        ]
        return set(session.scalars(statement, rows))

    def _rows(self, document_id: int, scan: ScanResult) -> list[dict[str, object]]:
        return [
            {
                "pack_id": self.pack_id,
                "document_id": document_id,
                "claim": hit.claim,
                "rule_id": hit.rule,
                "start": hit.start,
                "end": hit.end,
                "score": hit.score,
            }
            for hit in scan.hits
        ]


def shadowed(session: Session) -> RulePack | None:
    """The pack whose shadow run is on."""
    return session.scalar(select(RulePack).where(RulePack.state == "shadow"))


def start(session: Session, pack: RulePack, *, act: Act) -> None:
    """Begin the pack's shadow run, with the crawls that start from now on.

    What the run before it saw goes. Raises `Conflict` unless the pack is a draft and no other
    shadow run is on.
    """
    one_at_a_time(session)
    session.refresh(pack)
    other = shadowed(session)
    if other is not None:
        raise Conflict(
            f"the shadow run of pack {short(other.hash)} is on.",
            hint="`lantian rules shadow --stop` ends it.",
        )
    if pack.state != "draft":
        raise Conflict(f"this pack is {pack.state}.", hint="Only a draft runs as a shadow.")
    session.execute(delete(ShadowHit), execution_options={"synchronize_session": False})
    session.execute(delete(ShadowLook), execution_options={"synchronize_session": False})
    pack.state, pack.fault = "shadow", ""
    pack.changed_by, pack.changed_at = act.actor, act.at.now
    act.record(session, "shadow_start", pack)


def stop(session: Session, *, act: Act) -> RulePack:
    """The pack whose shadow run is over; what it saw stays until the next one begins."""
    one_at_a_time(session)
    pack = shadowed(session)
    if pack is None:
        raise Conflict("no shadow run is on.", hint="`lantian rules shadow HASH` begins one.")
    pack.state = "draft"
    pack.changed_by, pack.changed_at = act.actor, act.at.now
    act.record(session, "shadow_stop", pack)
    return pack


def end_by_fault(session: Session, pack_id: int, error: Exception, *, now: datetime) -> None:
    """End a shadow run that failed and keep why; raises nothing on its own account."""
    # One line of plain text: the store takes no NUL and no lone surrogate.
    told = f"{type(error).__name__}: {error}".split("\n", 1)[0].replace("\0", "")[:MOST_TOLD]
    fault = told.encode("utf-8", "replace").decode()
    try:
        with session.begin_nested():
            row = (
                select(RulePack)
                .where(RulePack.id == pack_id, RulePack.state == "shadow")
                # Another crawl may be ending it at this moment: nobody waits for it.
                .with_for_update(skip_locked=True)
            )
            pack = session.scalar(row)
            if pack is None:
                return
            logger.warning("the shadow run of pack %s was stopped: %s", short(pack.hash), fault)
            pack.state, pack.fault = "draft", fault
            pack.changed_by, pack.changed_at = "process:intake", now
            audit.record(
                session,
                actor="process:intake",
                action="rules.shadow_fault",
                subject=f"pack:{short(pack.hash)}",
                detail={"hash": pack.hash},
                now=now,
                real_now=now,
            )
    except Exception:
        logger.exception("the shadow run could not be ended")
