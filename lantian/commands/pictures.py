"""Pictures in the worker: fetched after a crawl, then read, then part of what documents say."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from lantian.errors import EvidenceDamaged, EvidenceDeleted, Unreadable

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lantian.store.jobs import Claim
    from lantian.wiring import Parts
    from lantian.worker.handlers import Task

AT_A_TIME = 300.0
"""Seconds of reading after which other jobs on the archive get their turn."""


def reads_pictures(parts: "Parts") -> bool:
    """Whether pictures are fetched and read here: wanted, and the extra is there."""
    from lantian.pictures.engine import available

    return parts.settings.read_pictures and available()


def ask_for_shown(parts: "Parts", session: "Session", claim: "Claim") -> None:
    """After a crawl: let the pictures be fetched that its pages show."""
    from lantian.intake.pictures import ask_for_pictures

    if reads_pictures(parts):
        source_id = int(claim.payload["source_id"])
        ask_for_pictures(session, source_id, claim.key, now=parts.clock.now())


def after_pictures(parts: "Parts") -> "Callable[[Session, Claim], None]":
    """After pictures were fetched: let them be read."""

    def step(session: "Session", claim: "Claim") -> None:
        from lantian.commands.worker import crawl_of
        from lantian.intake.pictures import ask_to_read

        crawl_id = crawl_of(session, claim)
        if crawl_id is not None:
            ask_to_read(session, crawl_id, now=parts.clock.now())

    return step


def read_captured(parts: "Parts", task: "Task") -> None:
    """Read the pictures of a run, each once, and join what they say to their documents.

    What was read is kept at once: a worker that is killed leaves only what it had in hand.
    """
    from lantian.intake.pictures import note_read, waiting_pictures
    from lantian.pictures.engine import reader_version
    from lantian.pictures.processes import Readers
    from lantian.store import jobs
    from lantian.worker.handlers import Postpone

    claim, settings = task.claim, parts.settings
    crawl_id = int(claim.payload["crawl_id"])
    with parts.store.read() as session:
        waiting = [(one, capture) for one, capture in session.execute(waiting_pictures(crawl_id))]
    until = time.monotonic() + AT_A_TIME
    done = 0
    if waiting:
        with Readers(
            settings.picture_processes,
            least_pixels=settings.picture_least_pixels,
            seconds=settings.picture_seconds,
        ) as readers:
            for picture_id, said in readers.each(_payloads(parts, waiting)):
                with parts.store.write() as session:
                    jobs.require(session, claim.id, claim.token)
                    now = parts.clock.now()
                    note_read(session, picture_id, said, reader=reader_version(), now=now)
                done += 1
                if task.stop.is_set() or (time.monotonic() > until and done < len(waiting)):
                    told = f"{done} of {len(waiting)} pictures read"
                    raise Postpone(told, due=parts.clock.now())
    _join(parts, claim, crawl_id)


def _payloads(parts: "Parts", waiting: Sequence[tuple[int, int]]) -> Iterator[tuple[int, bytes]]:
    """The bytes of each picture, as its capture keeps them; none where they are gone."""
    from lantian.evidence.again import page_of
    from lantian.model import Capture

    for picture_id, capture_id in waiting:
        with parts.store.read() as session:
            capture = session.get_one(Capture, capture_id)
            try:
                data = page_of(parts.archive, capture).body
            except (EvidenceDamaged, EvidenceDeleted, Unreadable):
                # As no picture it is unreadable; verifying names what became of the capture.
                data = b""
        yield picture_id, data


def _join(parts: "Parts", claim: "Claim", crawl_id: int) -> None:
    """Let the documents that show these pictures say what is written in them."""
    from lantian.intake.pictures import MOST_TOGETHER, documents_to_join, join_pictures
    from lantian.store import jobs

    with parts.store.read() as session:
        ids = list(session.scalars(documents_to_join(crawl_id)))
    for start in range(0, len(ids), MOST_TOGETHER):
        with parts.store.write() as session:
            jobs.require(session, claim.id, claim.token)
            part = ids[start : start + MOST_TOGETHER]
            join_pictures(session, part, parts.matcher, now=parts.clock.now())
