"""The port of the search index: what Lantian asks of it, whatever engine answers.

The store is the truth; an index can always be rebuilt from it. Adapters: `lantian.search.sqlite`
(embedded) and `lantian.search.elastic`; one contract test runs over both.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from lantian.errors import IndexUnavailable
from lantian.search.entry import Fingerprint, IndexEntry
from lantian.search.query import FACETS, Query

MAPPING_VERSION = 1
"""Grows when the fields of the index change; an index of another version must be rebuilt."""

REBUILD = "Run `lantian index rebuild`."


class IndexMissing(IndexUnavailable):
    """There is no index yet, or none that this version of the program can use."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a result: clue ids in order, how many there are in all, and the way on."""

    clue_ids: tuple[int, ...]
    total: int
    next: str
    """Cursor of the next page; empty on the last."""


@dataclass(frozen=True, slots=True)
class FacetCount:
    """A value of a facet and the number of clues that have it."""

    value: str | int
    count: int


@dataclass(frozen=True, slots=True)
class Failure:
    """A clue that the index did not take, and why."""

    clue_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class PutReport:
    """What became of the entries of one call.

    `late` entries lost to a revision that the index had already: nothing to do. `retry` may
    succeed later (throttled, unavailable, no connection); `dead` never will (refused by the
    mapping).
    """

    written: int = 0
    late: int = 0
    retry: tuple[Failure, ...] = ()
    dead: tuple[Failure, ...] = ()

    def raise_for_retry(self) -> None:
        """Raise `IndexUnavailable` if anything is to be tried again."""
        if self.retry:
            first = self.retry[0]
            raise IndexUnavailable(
                f"{len(self.retry)} clues wait for the index, first clue {first.clue_id}: "
                f"{first.reason}.",
                hint="They are tried again; `lantian doctor` tells what is wrong.",
            )


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the index can be used.

    `ready`; `stale`: it answers, but its tokens are of another version and it should be rebuilt;
    `missing`: it was never built, or has other fields; `unavailable`: it does not answer or is
    damaged.
    """

    engine: Literal["sqlite", "elasticsearch"]
    state: Literal["ready", "stale", "missing", "unavailable"]
    detail: str = ""
    hint: str = ""
    count: int = 0
    tokeniser_version: str = ""
    mapping_version: int = 0


class SearchIndex(Protocol):
    """Finds clues.

    Raises `IndexUnavailable` if the engine does not answer, `IndexMissing` if there is no index
    of this program's version (`ensure` and `rebuild` make one); `put`, `delete` and `health`
    report instead.
    """

    def ensure(self) -> None:
        """Make an empty index if there is none: for a store that has no clues yet."""
        ...

    def put(self, entries: Iterable[IndexEntry]) -> PutReport:
        """Take entries in; of each clue the highest revision stays, in whatever order they come.

        Failures are in the report, those of the connection too.
        """
        ...

    def delete(self, clue_ids: Iterable[int]) -> PutReport:
        """Take clues out for good: no later `put` brings them back, only a rebuild."""
        ...

    def refresh(self) -> None:
        """Make all that was put or deleted show up in searches now, not within a second."""
        ...

    def search(self, query: Query) -> Page:
        """One page of the clues that answer the query, in its order."""
        ...

    def count(self, query: Query) -> int:
        """How many clues answer the query."""
        ...

    def facets(
        self, query: Query, names: Iterable[str] = FACETS, top: int = 20
    ) -> dict[str, tuple[FacetCount, ...]]:
        """For each facet its values with their counts, most frequent first, then by value.

        A facet is counted under all conditions of the query but its own, so that a person sees
        what another choice would give. At most `top` values each.
        """
        ...

    def rebuild(
        self, entries: Iterable[IndexEntry], *, progress: Callable[[int], None] | None = None
    ) -> Fingerprint:
        """Build a new index from `entries`, compare it, and put it in place of the old one.

        `entries` must be read from the store lazily, after this call began: changes that are put
        while it runs go into both. Readers see the whole old index, then the whole new one.
        `progress` gets the number of entries taken so far. Raises `Conflict` if another rebuild
        took over, `IndexUnavailable` if the new index is not what was put into it (the old one
        stays).
        """
        ...

    def fingerprint(self) -> Fingerprint:
        """Count and checksum of what the index holds, to compare with `fingerprint_of`."""
        ...

    def health(self) -> Health:
        """Whether the index can be used."""
        ...

    def close(self) -> None:
        """Let go of files and connections; the next call opens them again."""
        ...
