"""Building an index in Elasticsearch beside the live one, and putting it in its place."""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Any

from elasticsearch import BadRequestError, Elasticsearch, NotFoundError

from lantian.errors import Conflict, IndexUnavailable
from lantian.search import elastic_body as body
from lantian.search.elastic_bulk import Line, Outcome, chunks, deliver
from lantian.search.elastic_client import WAITING, answering
from lantian.search.entry import Fingerprint, Row
from lantian.search.tally import Tally

IN_FLIGHT = 2
"""Bulk requests on their way while the next is prepared."""

WAITS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before the tries of lines that Elasticsearch throttled."""

_PAGE = 10_000
_TIMEOUT = 60.0


class Building:
    """One run of a rebuild."""

    def __init__(
        self,
        client: Elasticsearch,
        alias: str,
        tokeniser_version: str,
        sleep: Callable[[float], None],
    ) -> None:
        self._client = client.options(request_timeout=_TIMEOUT)
        self._alias = alias
        self._building_alias = f"{alias}-building"
        self._tokeniser_version = tokeniser_version
        self._sleep = sleep

    def make_live_empty(self) -> None:
        """Make an empty index and name it by the alias."""
        name = self._create()
        self._client.indices.put_settings(index=name, settings=body.LIVE_SETTINGS)
        self._move([{"add": {"index": name, "alias": self._alias}}])

    def run(self, rows: Iterable[Row], progress: Callable[[int], None] | None) -> Fingerprint:
        """The fingerprint of the new live index; see `SearchIndex.rebuild`."""
        with ExitStack() as undo:
            with answering():
                name = self._create()
                undo.callback(self._remove, name)
                self._begin(name)
            tally = self._stream(rows, progress)
            with answering():
                fingerprint = self._compare(name, tally)
                self._client.indices.put_settings(index=name, settings=body.LIVE_SETTINGS)
                former = [old for old in self._named_by(self._alias) if old != name]
            # From here on the index may be live, even if no answer says so: it is kept, and the
            # next rebuild drops what no alias names.
            undo.pop_all()
        with answering():
            self._swap(name, former)
            self._client.indices.refresh(index=name)
            self._drop(former)
        return fingerprint

    def _create(self) -> str:
        """The name of a new index, one above the highest there is."""
        numbers = [int(name[-6:]) for name in self._indices()]
        name = f"{self._alias}-{max(numbers, default=0) + 1:06}"
        try:
            self._client.indices.create(
                index=name,
                settings=body.SETTINGS,
                mappings=body.mappings(self._tokeniser_version),
            )
        except BadRequestError as error:
            if error.error == "resource_already_exists_exception":
                raise _taken_over() from error
            raise
        return name

    def _indices(self) -> dict[str, list[str]]:
        """All our indices, each with its aliases."""
        pattern = re.compile(rf"{re.escape(self._alias)}-\d{{6}}")
        found = self._client.indices.get(index=f"{self._alias}-*", features=["aliases"])
        return {
            name: list(facts["aliases"]) for name, facts in found.items() if pattern.fullmatch(name)
        }

    def _begin(self, name: str) -> None:
        """Let the building alias name this index; what was left unfinished is dropped."""
        indices = self._indices()
        former = [old for old, aliases in indices.items() if self._building_alias in aliases]
        orphans = [old for old, aliases in indices.items() if not aliases and old != name]
        self._move(
            [
                *({"remove": {"index": old, "alias": self._building_alias}} for old in former),
                {"add": {"index": name, "alias": self._building_alias}},
            ]
        )
        self._drop(former + orphans)

    def _stream(self, rows: Iterable[Row], progress: Callable[[int], None] | None) -> Tally:
        tally = Tally()
        delivered = 0
        pending: deque[Future[int]] = deque()

        def wait_for_one() -> None:
            nonlocal delivered
            delivered += pending.popleft().result()
            if progress is not None:
                progress(delivered)

        with ThreadPoolExecutor(IN_FLIGHT, "index-rebuild") as senders:
            try:
                for chunk in chunks(self._lines(rows, tally)):
                    pending.append(senders.submit(self._send, chunk))
                    if len(pending) > IN_FLIGHT:
                        wait_for_one()
                while pending:
                    wait_for_one()
            finally:
                for future in pending:
                    future.cancel()
        return tally

    def _lines(self, rows: Iterable[Row], tally: Tally) -> Iterator[Line]:
        for row in rows:
            tally.add((row,))
            yield Line(
                row.clue_id,
                body.index_action(row.clue_id, row.revision),
                body.document(row, streamed=True),
            )

    def _send(self, chunk: list[Line]) -> int:
        """The number of lines, all delivered, if need be in several tries."""
        lines = chunk
        for wait in (*WAITS, None):
            results = deliver(self._client, self._building_alias, lines)
            failed = [
                (line, result)
                for line, result in zip(lines, results, strict=True)
                if result.outcome not in (Outcome.WRITTEN, Outcome.LATE)
            ]
            if not failed:
                return len(chunk)
            for line, result in failed:
                if result.outcome is Outcome.ABSENT:
                    raise _taken_over()
                if result.outcome is Outcome.DEAD or wait is None:
                    raise IndexUnavailable(
                        f"the rebuild stopped at clue {line.clue_id}: {result.why}; the old "
                        "index stays.",
                        hint=WAITING,
                    )
            lines = [line for line, _ in failed]
            if wait is not None:
                self._sleep(wait)
        raise AssertionError

    def _compare(self, name: str, tally: Tally) -> Fingerprint:
        """The fingerprint of the index, compared with what was put into it."""
        # Nothing but this refreshes the index, so that all that follows sees one state of it.
        self._client.indices.refresh(index=name)
        streamed = self._sum(name, {"term": {"streamed": True}})
        tally.compare(streamed, self._touched(name))
        return self._sum(name, {"term": {"gone": False}})

    def _sum(self, name: str, condition: body.Body) -> Fingerprint:
        return body.read_sum(self._client.search(index=name, body=body.sum_body(condition)))

    def _touched(self, name: str) -> Iterator[int]:
        """The clues that someone else than the rebuild put or deleted last."""
        after: list[Any] | None = None
        while True:
            answer = self._client.search(
                index=name,
                query={"term": {"streamed": False}},
                sort=[{"clue_id": "asc"}],
                size=_PAGE,
                source=False,
                search_after=after,
            )
            hits = answer["hits"]["hits"]
            if not hits:
                return
            yield from (hit["sort"][0] for hit in hits)
            after = hits[-1]["sort"]

    def _swap(self, name: str, former: list[str]) -> None:
        """Move the alias in one step."""
        building = {"index": name, "alias": self._building_alias, "must_exist": True}
        self._move(
            [
                {"remove": building},
                *({"remove": {"index": old, "alias": self._alias}} for old in former),
                {"add": {"index": name, "alias": self._alias}},
            ]
        )

    def _named_by(self, alias: str) -> list[str]:
        found = self._client.indices.get(index=alias, features=["aliases"], ignore_unavailable=True)
        return list(found)

    def _move(self, actions: list[body.Body]) -> None:
        try:
            self._client.indices.update_aliases(actions=actions)
        except NotFoundError as error:
            raise _taken_over() from error

    def _remove(self, name: str) -> None:
        with suppress(IndexUnavailable), answering():
            self._drop([name])

    def _drop(self, names: list[str]) -> None:
        for name in names:
            with suppress(NotFoundError):
                self._client.indices.delete(index=name)


def _taken_over() -> Conflict:
    return Conflict(
        "another rebuild of the search index took over.", hint="Wait until that one is done."
    )
