"""Bulk requests to Elasticsearch, each line with its own outcome."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, cast

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from lantian.search.elastic_client import RETRY_STATUSES, cause_of, reason

MOST_LINES = 500
MOST_CHARACTERS = 4_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """One document on its way: what to do with it, and itself."""

    clue_id: int
    action: str
    document: str


class Outcome(Enum):
    """What became of a line."""

    WRITTEN = "written"
    LATE = "late"
    """The index had a revision at least as high."""
    ABSENT = "absent"
    """There is no such alias."""
    RETRY = "retry"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a line; `why` is empty where nothing failed."""

    outcome: Outcome
    why: str = ""


_WRITTEN, _LATE = Result(Outcome.WRITTEN), Result(Outcome.LATE)


def chunks(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """The lines in lists that fit one request each."""
    chunk: list[Line] = []
    size = 0
    for line in lines:
        if chunk and (len(chunk) == MOST_LINES or size + len(line.document) > MOST_CHARACTERS):
            yield chunk
            chunk, size = [], 0
        chunk.append(line)
        size += len(line.document)
    if chunk:
        yield chunk


def deliver(client: Elasticsearch, alias: str, lines: Sequence[Line]) -> list[Result]:
    """The results of one bulk request to an alias, line by line; nothing is raised.

    A name without an alias is refused: Elasticsearch would make an index without our mapping.
    """
    operations = [part for line in lines for part in (line.action, line.document)]
    try:
        answer = client.bulk(
            index=alias,
            operations=cast("Sequence[dict[str, Any]]", operations),  # lines are sent as they are
            require_alias=True,
            filter_path=["errors", "items.*.status", "items.*.error"],
        )
    except ApiError as error:
        outcome = Outcome.RETRY if error.meta.status in RETRY_STATUSES else Outcome.DEAD
        return [Result(outcome, f"{error.meta.status} {cause_of(error)}")] * len(lines)
    except TransportError as error:
        return [Result(Outcome.RETRY, f"no connection: {error.message}")] * len(lines)
    if not answer["errors"]:
        return [_WRITTEN] * len(lines)
    return [_result(item) for each in answer["items"] for item in each.values()]


def _result(item: dict[str, Any]) -> Result:
    status = item["status"]
    if "error" not in item:
        return _WRITTEN
    if status == 409:
        return _LATE
    why = f"{status} {reason(item['error'])}"
    if status == 404:
        return Result(Outcome.ABSENT, why)
    return Result(Outcome.RETRY if status in RETRY_STATUSES else Outcome.DEAD, why)
