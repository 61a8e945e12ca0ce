"""The figure `index`: how fast clues get from the store into the search index.

Lantian reads the clues of a store, row by row, and rebuilds the index from them. Beside it
`elasticsearch.helpers.bulk` sends the same bodies, prepared in memory beforehand. Same chunk
size, refresh off, a fresh index each time, both sides in turn; the clock stops when every document
can be found. The embedded index is rebuilt from the same store.

    python -m bench.index http://127.0.0.1:9200 [CLUES]
"""

import contextlib
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import psutil
from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk
from sqlalchemy import create_engine, insert

from lantian.clues.entries import all_entries
from lantian.model import Clue, ClueClaim, Entity
from lantian.search import elastic_body
from lantian.search.elastic import ElasticIndex
from lantian.search.elastic_bulk import MOST_LINES
from lantian.search.elastic_client import connect
from lantian.search.entry import fingerprint_of, row_of
from lantian.search.query import Query
from lantian.search.sqlite import SqliteIndex
from lantian.store.engine import Store, sqlite_module

VARIABLE = "LANTIAN_TEST_ES_URL"
CLUES = 100_000
ROUNDS = 3
GOAL = 0.8
TOKENISER = "bench"

Sample = dict[str, float]
Side = Callable[[], int]
"""Makes an index from nothing and gives the number of documents that can be found in it."""


def run(es_url: str | None = None, *, clues: int = CLUES, rounds: int = ROUNDS) -> dict[str, Any]:
    """The figure with its raw samples; seconds, documents a second, megabytes."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lantian-bench-")))
        url = f"sqlite:///{folder / 'store.sqlite3'}"
        _fill(url, clues)
        store = Store(url)
        stack.callback(store.close)
        client = connect(es_url or os.environ[VARIABLE], timeout=120)
        stack.callback(client.close)
        prefix = f"bench-{os.getpid()}"
        stack.callback(_drop, client, f"{prefix}*")
        ours = ElasticIndex(client, alias=prefix, tokeniser_version=TOKENISER)
        embedded = SqliteIndex(folder / "index.sqlite3", tokeniser_version=TOKENISER)
        stack.callback(embedded.close)
        bodies = _bodies(store)
        sides: dict[str, Side] = {
            "lantian": lambda: _rebuild(ours, store),
            "helpers.bulk": lambda: _helpers(client, f"{prefix}-plain", bodies),
            "embedded": lambda: _rebuild(embedded, store),
        }
        samples: dict[str, list[Sample]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, side in sides.items():
                _drop(client, f"{prefix}*")
                samples[name].append(_measured(side, clues, _node(client)))
        with store.read() as session:
            expected = fingerprint_of(all_entries(session))
        if embedded.fingerprint() != expected:
            raise RuntimeError("the embedded index is not what the store holds")
    return _figure(clues, bodies, samples)


def _figure(
    clues: int, bodies: list[dict[str, Any]], samples: dict[str, list[Sample]]
) -> dict[str, Any]:
    seconds = {
        name: statistics.median(sample["seconds"] for sample in taken)
        for name, taken in samples.items()
    }
    tokens = statistics.fmean(len(body["body"].split()) for body in bodies)
    return {
        "figure": "index",
        "clues": clues,
        "chunk": MOST_LINES,
        "tokens_per_clue": round(tokens, 1),
        "samples": samples,
        "documents_per_second": {name: round(clues / took) for name, took in seconds.items()},
        "ratio": round(seconds["helpers.bulk"] / seconds["lantian"], 3),
        "goal": GOAL,
        "rebuild_seconds": {
            "elasticsearch": round(seconds["lantian"], 2),
            "embedded": round(seconds["embedded"], 2),
        },
    }


def _rebuild(index: ElasticIndex | SqliteIndex, store: Store) -> int:
    with store.read() as session:
        index.rebuild(all_entries(session))
    return index.count(Query())


def _helpers(client: Elasticsearch, name: str, bodies: list[dict[str, Any]]) -> int:
    client.indices.create(
        index=name,
        settings=elastic_body.SETTINGS,
        mappings=elastic_body.mappings(TOKENISER),
    )
    actions = (
        {
            "_index": name,
            "_id": str(body["clue_id"]),
            "version": body["revision"],
            "version_type": "external",
            "_source": body,
        }
        for body in bodies
    )
    bulk(client, actions, chunk_size=MOST_LINES)
    client.indices.refresh(index=name)
    count: int = client.count(index=name)["count"]
    return count


def _bodies(store: Store) -> list[dict[str, Any]]:
    with store.read() as session:
        return [
            json.loads(elastic_body.document(row_of(entry), streamed=True))
            for entry in all_entries(session)
        ]


def _measured(side: Side, expected: int, node: psutil.Process | None) -> Sample:
    processes = [psutil.Process(), *([node] if node is not None else [])]
    before = sum(map(_cpu, processes))
    start = time.perf_counter()
    found = side()
    seconds = time.perf_counter() - start
    if found != expected:
        raise RuntimeError(f"{found} documents are found instead of {expected}")
    return {
        "seconds": round(seconds, 3),
        "cpu_seconds": round(sum(map(_cpu, processes)) - before, 2),
        "memory_mb": round(sum(process.memory_info().rss for process in processes) / 1e6, 1),
    }


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _node(client: Elasticsearch) -> psutil.Process | None:
    """The process of the node, if it is on this machine."""
    (facts,) = client.nodes.info(metric="process")["nodes"].values()
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(facts["process"]["id"])
        if "java" in process.name():
            return process
    return None


def _drop(client: Elasticsearch, pattern: str) -> None:
    for name in client.indices.get(index=pattern):
        client.indices.delete(index=name)


def _fill(url: str, clues: int) -> None:
    """Make a store of clues, without the documents behind them: foreign keys are not looked at."""
    engine = create_engine(url, module=sqlite_module())
    Entity.metadata.create_all(engine)
    rows = _clues(random.Random(4), clues)
    with engine.begin() as connection:
        while batch := list(islice(rows, 5_000)):
            connection.execute(insert(Clue), [clue for clue, _ in batch])
            connection.execute(
                insert(ClueClaim), [claim for _, claims in batch for claim in claims]
            )
    engine.dispose()


CLAIMS = ("guaranteed_grant", "green_channel", "name_hanging", "official_impersonation")


def _clues(rng: random.Random, clues: int) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Rows of clues with their claims; words as frequent as in a language."""
    words = [_word(rng) for _ in range(20_000)]
    weights = [1 / (rank + 5) for rank in range(len(words))]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for clue_id in range(1, clues + 1):
        seen = start + timedelta(seconds=rng.randrange(300 * 86_400))
        severity = rng.randrange(1, 4)
        clue = {
            "id": clue_id,
            "source_id": rng.randrange(1, 200),
            "platform_id": rng.randrange(1, 40),
            "posting_key": str(clue_id),
            "document_id": clue_id,
            "seller_id": rng.randrange(1, 20_000),
            "state": rng.choice(("open", "open", "confirmed", "dismissed")),
            "presence": rng.choice(("online", "online", "gone")),
            "severity": severity,
            "score": rng.random(),
            "pack_hash": "sha256:0",
            "first_seen_at": seen,
            "last_seen_at": seen + timedelta(days=rng.randrange(30)),
            "revision": rng.randrange(1, 9),
            "tokens": rng.choices(words, weights, k=rng.randrange(20, 300)),
            "tokens_version": TOKENISER,
        }
        claims = [
            {
                "clue_id": clue_id,
                "claim": claim,
                "severity": severity,
                "score": 0.9,
                "state": "open",
                "hit_count": 1,
            }
            for claim in rng.sample(CLAIMS, k=rng.choice((1, 1, 1, 2)))
        ]
        yield clue, claims


def _word(rng: random.Random) -> str:
    length = rng.choice((1, 2, 2, 2, 3))
    return "".join(chr(0x4E00 + rng.randrange(5_000)) for _ in range(length))


def main() -> None:
    """Print the figure as JSON."""
    url = sys.argv[1] if len(sys.argv) > 1 else None
    clues = int(sys.argv[2]) if len(sys.argv) > 2 else CLUES
    print(json.dumps(run(url, clues=clues), indent=2))


if __name__ == "__main__":
    main()
