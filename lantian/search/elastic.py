"""The search index in Elasticsearch 8 or 9: an alias over versioned indices.

Under the alias `A` stands the live index `A-000007`; while a rebuild fills `A-000008`, the alias
`A-building` names it, and whoever puts or deletes writes into both. No plugin, no script and no
`_reindex` is needed.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from elasticsearch import ApiError, Elasticsearch

from lantian.errors import IndexUnavailable
from lantian.search import elastic_body as body
from lantian.search.elastic_bulk import Line, Outcome, Result, chunks, deliver
from lantian.search.elastic_client import WAITING, answering
from lantian.search.elastic_rebuild import Building
from lantian.search.entry import FINAL_REVISION, Fingerprint, IndexEntry, row_of
from lantian.search.port import (
    MAPPING_VERSION,
    REBUILD,
    FacetCount,
    Failure,
    Health,
    IndexMissing,
    Page,
    PutReport,
)
from lantian.search.query import FACETS, Query, Sort, write_cursor

NOT_FOUND, UNAVAILABLE = 404, 503

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class _Index:
    """An index that one of our aliases names."""

    name: str
    mapping_version: int
    tokeniser_version: str


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the aliases name at a moment."""

    live: _Index | None
    building: _Index | None


class ElasticIndex:
    """A `SearchIndex` under the alias `alias`; threads may share it."""

    def __init__(
        self,
        client: Elasticsearch,
        *,
        alias: str,
        tokeniser_version: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._alias = alias
        self._building_alias = f"{alias}-building"
        self._tokeniser_version = tokeniser_version
        self._sleep = sleep
        self._checked = False

    def ensure(self) -> None:
        """Make an empty index if there is none."""
        with answering():
            if self._layout().live is None:
                self._building().make_live_empty()

    def put(self, entries: Iterable[IndexEntry]) -> PutReport:
        """Take entries in; see `SearchIndex.put`."""
        rows = map(row_of, entries)
        return self._deliver(
            Line(
                row.clue_id,
                body.index_action(row.clue_id, row.revision),
                body.document(row, streamed=False),
            )
            for row in rows
        )

    def delete(self, clue_ids: Iterable[int]) -> PutReport:
        """Take clues out for good; see `SearchIndex.delete`."""
        return self._deliver(
            Line(clue_id, body.index_action(clue_id, FINAL_REVISION), body.gravestone(clue_id))
            for clue_id in clue_ids
        )

    def refresh(self) -> None:
        """Make all that was put or deleted show up in searches now."""
        self._ask(lambda: self._client.indices.refresh(index=self._alias))

    def search(self, query: Query) -> Page:
        """One page of the clues that answer the query."""
        hits = self._search(body.search_body(query))["hits"]
        rows = [hit["sort"] for hit in hits["hits"]]
        page, more = rows[: query.limit], len(rows) > query.limit
        cursor = ""
        if more:
            last = page[-1]
            place = (float(last[0]), *last[1:]) if query.sort is Sort.SCORE else tuple(last)
            cursor = write_cursor(query.sort, place)
        return Page(tuple(row[-1] for row in page), hits["total"]["value"], cursor)

    def count(self, query: Query) -> int:
        """How many clues answer the query."""
        condition = body.whole(query)
        answer = self._ask(lambda: self._client.count(index=self._alias, query=condition))
        count: int = answer["count"]
        return count

    def facets(
        self, query: Query, names: Iterable[str] = FACETS, top: int = 20
    ) -> dict[str, tuple[FacetCount, ...]]:
        """The counts of each facet; see `SearchIndex.facets`."""
        answer = self._search(body.facets_body(query, names, top))
        return {
            name: tuple(
                FacetCount(bucket["key"], bucket["doc_count"])
                for bucket in found["values"]["buckets"]
            )
            for name, found in answer["aggregations"].items()
        }

    def rebuild(
        self, entries: Iterable[IndexEntry], *, progress: Callable[[int], None] | None = None
    ) -> Fingerprint:
        """Build a new index and move the alias to it; see `SearchIndex.rebuild`."""
        fingerprint = self._building().run(map(row_of, entries), progress)
        self._checked = False
        return fingerprint

    def fingerprint(self) -> Fingerprint:
        """Count and checksum of what the index holds, as far as it is refreshed."""
        answer = self._search(body.sum_body({"term": {"gone": False}}))
        return body.read_sum(answer)

    def health(self) -> Health:
        """Whether the index can be used."""
        client = self._client.options(request_timeout=5)
        try:
            live = self._require_live()
            with answering():
                state = client.cluster.health(index=self._alias)["status"]
            if state == "red":
                raise IndexUnavailable("the index in Elasticsearch is red.", hint=WAITING)
            count = self.count(Query())
        except IndexUnavailable as error:
            kind: Literal["missing", "unavailable"] = "unavailable"
            if isinstance(error, IndexMissing):
                kind = "missing"
            return Health("elasticsearch", kind, error.message, error.hint)
        stale = live.tokeniser_version != self._tokeniser_version
        return Health(
            "elasticsearch",
            "stale" if stale else "ready",
            f"tokens are of {live.tokeniser_version}" if stale else f"status {state}",
            REBUILD if stale else "",
            count,
            live.tokeniser_version,
            live.mapping_version,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _building(self) -> Building:
        return Building(self._client, self._alias, self._tokeniser_version, self._sleep)

    def _layout(self) -> _Layout:
        found = self._client.indices.get(
            index=f"{self._alias},{self._building_alias}",
            features=["aliases", "mappings"],
            ignore_unavailable=True,
        )
        roles: dict[str, _Index] = {}
        for name, facts in found.items():
            meta = facts["mappings"].get("_meta", {})
            index = _Index(name, meta.get("mapping_version", 0), meta.get("tokeniser_version", ""))
            roles |= dict.fromkeys(facts["aliases"], index)
            if name == self._alias:
                raise IndexUnavailable(
                    f"an index called {name} stands where its alias belongs.",
                    hint="Delete that index, or set LANTIAN_ES_ALIAS.",
                )
        return _Layout(roles.get(self._alias), roles.get(self._building_alias))

    def _require_live(self) -> _Index:
        with answering():
            live = self._layout().live
        if live is None:
            raise IndexMissing(f"Elasticsearch has no index {self._alias}.", hint=REBUILD)
        if live.mapping_version != MAPPING_VERSION:
            raise IndexMissing(
                f"the search index has fields of version {live.mapping_version}, this program "
                f"needs {MAPPING_VERSION}.",
                hint=REBUILD,
            )
        return live

    def _search(self, request: body.Body) -> Any:
        return self._ask(
            lambda: self._client.search(
                index=self._alias, body=request, allow_partial_search_results=False
            )
        )

    def _ask(self, call: Callable[[], _Answer]) -> _Answer:
        """The answer; asked twice if the index went away just then, because a rebuild ended."""
        if not self._checked:
            self._require_live()
            self._checked = True
        with answering():
            try:
                return call()
            except ApiError as error:
                if not _went_away(error):
                    raise
                self._checked = False
                self._require_live()
                return call()

    def _deliver(self, lines: Iterable[Line]) -> PutReport:
        written = late = 0
        retry: list[Failure] = []
        dead: list[Failure] = []
        for chunk in chunks(lines):
            for line, result in zip(chunk, self._deliver_everywhere(chunk), strict=True):
                if result.outcome is Outcome.WRITTEN:
                    written += 1
                elif result.outcome is Outcome.LATE:
                    late += 1
                else:
                    failures = dead if result.outcome is Outcome.DEAD else retry
                    failures.append(Failure(line.clue_id, result.why))
        return PutReport(written, late, tuple(retry), tuple(dead))

    def _deliver_everywhere(self, chunk: list[Line]) -> list[Result]:
        """Write into what is live and into what is being built.

        The aliases are looked at after the entries were read from the store. A rebuild that
        begins later than this reads the store later still, and finds these entries there.
        """
        try:
            with answering():
                layout = self._layout()
        except IndexUnavailable as error:
            return [Result(Outcome.RETRY, str(error))] * len(chunk)
        aliases = [
            alias
            for alias, index in (
                (self._alias, layout.live),
                (self._building_alias, layout.building),
            )
            if index is not None and index.mapping_version == MAPPING_VERSION
        ]
        if not aliases:
            why = f"Elasticsearch has no index {self._alias} for this program. {REBUILD}"
            return [Result(Outcome.RETRY, why)] * len(chunk)
        results = deliver(self._client, aliases[0], chunk)
        for alias in aliases[1:]:
            also = deliver(self._client, alias, chunk)
            results = [_both(*pair) for pair in zip(results, also, strict=True)]
        return results


def _both(live: Result, building: Result) -> Result:
    """What became of a line that went into both indices.

    The alias of the building one is gone when that rebuild ended or failed in between.
    """
    failed = (Outcome.RETRY, Outcome.DEAD)
    if live.outcome in failed or building.outcome not in failed:
        return live
    return building


def _went_away(error: ApiError) -> bool:
    """Whether the index was removed just then; one whose search had begun says it by its shards."""
    status = error.meta.status
    return status == NOT_FOUND or (
        status == UNAVAILABLE and "no_shard_available" in str(error.body)
    )
