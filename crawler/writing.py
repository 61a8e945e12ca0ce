"""The writing end of a crawl: batches in, one transaction each."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version

from lantian.evidence.archive import WarcWriter
from lantian.evidence.conditions import BROWSER_PROMISE, PROMISE, PROMISED
from lantian.evidence.making import tell_file
from lantian.evidence.tails import cut_tails
from lantian.intake.context import BatchResult, IntakeContext
from lantian.intake.finish import finish_crawl
from lantian.intake.interval import Bounds
from lantian.intake.take import take_batch
from lantian.intake.visit import Visit
from lantian.model import Source
from lantian.pictures.engine import available
from lantian.reading import READER_VERSION, SiteProfile
from lantian.store import jobs
from lantian.wiring import Parts

LENGTH = struct.Struct(">Q")
"""What stands before each message between spider and writer: its length in bytes."""


@dataclass(frozen=True, slots=True)
class Opening:
    """The first message to a writer: for which crawl it writes, and under which lease."""

    crawl_id: int
    source_id: int
    platform_id: int
    job_id: int
    token: int
    profile: SiteProfile


@dataclass(frozen=True, slots=True)
class Finish:
    """The last message to a writer: `whole` if no address was left out.

    `rested` known pages were not due; `spent` if the budget of the day was used up.
    """

    whole: bool
    reason: str = ""
    rested: int = 0
    spent: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """The acknowledgement of one batch, after its commit."""

    visits: int
    documents: int
    hits: int


class Writing:
    """Stores the visits of one crawl, under its lease, into WARC files of its own.

    A file that is full (`warc_max_bytes`) is complete from then on, and another is begun with the
    next batch: a capture is in one file. After a kill only the newest can have a tail that no row
    names; one that was begun and got no row is none of the evidence.
    """

    def __init__(self, parts: Parts, opening: Opening) -> None:
        self._parts = parts
        self._opening = opening
        self._cut_tails()
        self._warc = self._begin_file()
        self._told = False
        self._context = IntakeContext(
            crawl_id=opening.crawl_id,
            source_id=opening.source_id,
            platform_id=opening.platform_id,
            job_id=opening.job_id,
            token=opening.token,
            matcher=parts.matcher,
            warc=self._warc,
            clock=parts.clock,
            profile_version=opening.profile.version,
            tool_version=tool_version(),
            keep_payload_days=parts.settings.keep_payload_days,
            shadow=parts.shadow(),
            seller_fields=frozenset(parts.settings.seller_fields),
            bounds=Bounds(opening.profile.revisit.least, opening.profile.revisit.most),
            pictures=parts.settings.read_pictures and available(),
            told=self._run_told(),
        )

    def _begin_file(self) -> WarcWriter:
        parts, opening = self._parts, self._opening
        return parts.archive.writer(
            f"crawl-{opening.crawl_id}-{opening.token}",
            at=parts.real_clock.now(),
            software=tool_version(),
            about={**parts.conditions(), PROMISE: PROMISED, BROWSER_PROMISE: PROMISED},
        )

    def _run_told(self) -> tuple[tuple[str, str], ...]:
        """What the metadata record of each capture tells of this run."""
        parts, opening = self._parts, self._opening
        with parts.store.read() as session:
            source = session.get_one(Source, opening.source_id).name
        return (
            ("operator", "；".join(parts.settings.operators)),
            ("software", tool_version()),
            ("reader-version", READER_VERSION),
            ("source", source),
            ("profile", opening.profile.name),
            ("profile-version", opening.profile.version),
            ("crawl", str(opening.crawl_id)),
        )

    def _turn(self) -> None:
        """Go on in another file if this one is full; raises `StoreError` if there is no room."""
        if self._warc.position < self._parts.settings.warc_max_bytes or self._warc.empty:
            return
        self._warc.close()
        self._warc = self._begin_file()
        self._context = replace(self._context, warc=self._warc)
        self._told = False

    def _cut_tails(self) -> None:
        """Cut off what an earlier writer of this crawl left behind when it was killed."""
        opening = self._opening
        if opening.token == 1:
            return
        with self._parts.store.write() as session:
            jobs.require(session, opening.job_id, opening.token)
            cut_tails(session, self._parts.archive, f"crawl-{opening.crawl_id}-")

    def take(self, visits: Sequence[Visit]) -> BatchResult:
        """Store one batch; raises `LeaseLost`."""
        parts = self._parts
        self._turn()
        with self._warc.batch(), parts.store.write() as session:
            result = take_batch(session, visits, self._context)
            tells = not (self._warc.empty or self._told)
            if tells:
                now, real_now = parts.clock.now(), parts.real_clock.now()
                tell_file(session, self._warc, now=now, real_now=real_now)
        self._told = self._told or tells
        return result

    def finish(self, finish: Finish) -> None:
        """End the crawl: its coverage, its alarms, what is gone; raises `LeaseLost`."""
        opening = self._opening
        with self._parts.store.write() as session:
            jobs.require(session, opening.job_id, opening.token)
            finish_crawl(
                session,
                opening.crawl_id,
                now=self._parts.clock.now(),
                profile=opening.profile,
                reason=finish.reason,
                whole=finish.whole,
                rested=finish.rested,
                spent=finish.spent,
            )

    def close(self) -> None:
        """Close the WARC file."""
        self._warc.close()


def tool_version() -> str:
    """Name and version of this program, as captures keep it."""
    try:
        return f"lantian {version('lantian')}"
    except PackageNotFoundError:
        return "lantian 0"
