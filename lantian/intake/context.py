"""What intake works with in one crawl, and what it says of each batch."""

from collections.abc import Callable
from dataclasses import dataclass, field

from lantian.clock import Clock
from lantian.evidence.archive import WarcWriter
from lantian.intake.interval import Bounds
from lantian.intake.sellers import ALL
from lantian.intake.visit import Outcome
from lantian.reading import READER_VERSION
from lantian.rulebook.shadow import Shadow
from matchers import words
from matchers.scan import Matcher


@dataclass(frozen=True, kw_only=True)
class IntakeContext:
    """One crawl's intake: who writes, under which lease, and with what.

    `job_id` and `token` are the lease of the crawl's job; without it nothing is written. `warc`
    is this writer's own file. Domain time comes from `clock`; the time of what was seen comes
    with each visit. `shadow` reads along, if a shadow run is on. With `pictures`, those that new
    versions show wait to be fetched and read. `bounds` are those of the time until a page is due
    again. `seller_fields` are kept of sellers beside their key. `told` are the fields of the run
    (operator, tool, source, crawl) with which the metadata record of each capture begins; without
    any, none is written.
    """

    crawl_id: int
    source_id: int
    platform_id: int
    job_id: int
    token: int
    matcher: Matcher
    warc: WarcWriter
    clock: Clock
    profile_version: str
    tool_version: str
    reader_version: str = READER_VERSION
    keep_payload_days: int = 180
    tokenise: Callable[[str], list[str]] = words.tokens_for_index
    shadow: Shadow | None = None
    bounds: Bounds = field(default_factory=Bounds)
    seller_fields: frozenset[str] = ALL
    pictures: bool = False
    told: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What one batch left in the store.

    `outcomes` are the outcomes as stored, by row id; `documents` counts new versions, `hits` new
    hits, `planned` new frontier rows; `clue_ids` are the clues made or brought up to date.
    """

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    captures: int = 0
    documents: int = 0
    hits: int = 0
    planned: int = 0
    clue_ids: tuple[int, ...] = ()
