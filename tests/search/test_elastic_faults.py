"""What becomes of clues and readers when Elasticsearch, or the way to it, fails.

The node is real; a proxy before it puts the faults in.
"""

import contextlib
import dataclasses
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
from elasticsearch import Elasticsearch

from lantian.errors import ConfigError, IndexUnavailable
from lantian.search import elastic_body
from lantian.search.elastic import ElasticIndex
from lantian.search.elastic_client import connect
from lantian.search.entry import IndexEntry
from lantian.search.port import IndexMissing
from lantian.search.query import Query

MakeEntry = Callable[..., IndexEntry]


@dataclasses.dataclass
class Fault:
    """What to do with the next `times` requests whose path has `path` in it."""

    path: str
    times: int = 1
    status: int = 0
    """Answer this without asking the node; 0: ask it."""
    spoil: Callable[[dict[str, Any]], None] | None = None
    """Change the node's answer."""
    swallow: bool = False
    """Let the node do it, and never answer."""
    half: bool = False
    """Send half of the answer."""


class Proxy(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, node: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.node = urlsplit(node)
        self.faults: list[Fault] = []
        self.paths: list[str] = []
        self.ended = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def fault_for(self, path: str) -> Fault | None:
        self.paths.append(path)
        for fault in self.faults:
            if fault.path in path and fault.times:
                fault.times -= 1
                return fault
        return None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        fault = self.server.fault_for(self.path) or Fault("")
        if fault.status:
            self.answer(fault.status, b'{"error":{"type":"fault","reason":"put in"}}')
            return
        status, data = self.ask(body)
        if fault.spoil is not None:
            spoiled = json.loads(data)
            fault.spoil(spoiled)
            data = json.dumps(spoiled).encode()
        if fault.swallow:
            self.server.ended.wait(10)
        elif fault.half:
            self.answer(status, data[: len(data) // 2], announced=len(data))
            self.close_connection = True
        else:
            self.answer(status, data)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET  # noqa: N815  (http.server names them)

    def ask(self, body: bytes) -> tuple[int, bytes]:
        node = self.server.node
        with contextlib.closing(http.client.HTTPConnection(node.netloc)) as connection:
            headers = {
                name: self.headers[name]
                for name in ("content-type", "accept")
                if name in self.headers
            }
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def answer(self, status: int, data: bytes, *, announced: int | None = None) -> None:
        self.send_response(status)
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Type", "application/vnd.elasticsearch+json;compatible-with=8")
        self.send_header("Content-Length", str(len(data) if announced is None else announced))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def proxy(elasticsearch_url: str) -> Iterator[Proxy]:
    with Proxy(elasticsearch_url) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.ended.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def waits() -> list[float]:
    return []


def opened(url: str, alias: str, waits: list[float], timeout: float) -> Iterator[ElasticIndex]:
    with contextlib.closing(connect(url, timeout=timeout)) as client:
        yield ElasticIndex(client, alias=alias, tokeniser_version="words/1", sleep=waits.append)


@pytest.fixture
def index(
    proxy: Proxy, elastic_index: ElasticIndex, alias: str, waits: list[float]
) -> Iterator[ElasticIndex]:
    """The index of `elastic_index`, reached through the proxy."""
    yield from opened(proxy.url, alias, waits, 30)


@pytest.fixture
def hasty_index(
    proxy: Proxy, elastic_index: ElasticIndex, alias: str, waits: list[float]
) -> Iterator[ElasticIndex]:
    """The same, for whom three seconds are too long."""
    yield from opened(proxy.url, alias, waits, 3)


def ids_of(index: ElasticIndex) -> tuple[int, ...]:
    index.refresh()
    return index.search(Query()).clue_ids


@pytest.mark.parametrize("status", [429, 503, 502])
def test_what_is_refused_for_now_is_to_be_tried_again(
    proxy: Proxy, index: ElasticIndex, entry: MakeEntry, status: int
) -> None:
    proxy.faults.append(Fault("_bulk", status=status))
    report = index.put([entry(1), entry(2)])
    assert [failure.clue_id for failure in report.retry] == [1, 2]
    assert str(status) in report.retry[0].reason
    with pytest.raises(IndexUnavailable, match="2 clues wait"):
        report.raise_for_retry()
    assert index.put([entry(1), entry(2)]).written == 2
    assert ids_of(index) == (1, 2)


def test_of_a_partial_failure_only_the_throttled_clue_is_tried_again(
    proxy: Proxy, index: ElasticIndex, entry: MakeEntry
) -> None:
    def throttle(answer: dict[str, Any]) -> None:
        answer["errors"] = True
        error = {"type": "es_rejected_execution_exception", "reason": "queue full"}
        answer["items"][1]["index"] = {"status": 429, "error": error}

    proxy.faults.append(Fault("_bulk", spoil=throttle))
    report = index.put([entry(1), entry(2), entry(3)])
    assert (report.written, report.late, report.dead) == (2, 0, ())
    assert [failure.clue_id for failure in report.retry] == [2]
    assert "queue full" in report.retry[0].reason


def test_a_document_that_the_mapping_refuses_is_dead_and_the_others_live(
    elastic_client: Elasticsearch, alias: str, entry: MakeEntry
) -> None:
    mappings = elastic_body.mappings("words/1")
    fields = {**mappings["properties"], "region": {"type": "long"}}
    elastic_client.indices.create(
        index=f"{alias}-000001", mappings={**mappings, "properties": fields}, aliases={alias: {}}
    )
    index = ElasticIndex(elastic_client, alias=alias, tokeniser_version="words/1")
    report = index.put([entry(1, region="1"), entry(2, region="江苏"), entry(3, region="3")])
    assert (report.written, report.retry) == (2, ())
    assert [failure.clue_id for failure in report.dead] == [2]
    assert "region" in report.dead[0].reason


def test_an_answer_that_never_comes_is_a_time_out_and_putting_again_is_harmless(
    proxy: Proxy, index: ElasticIndex, hasty_index: ElasticIndex, entry: MakeEntry
) -> None:
    proxy.faults.append(Fault("_bulk", swallow=True))
    assert [failure.clue_id for failure in hasty_index.put([entry(1)]).retry] == [1]
    assert index.put([entry(1)]).late == 1
    assert ids_of(index) == (1,)
    proxy.faults.append(Fault("_search", swallow=True))
    with pytest.raises(IndexUnavailable, match="in time"):
        hasty_index.search(Query())


def test_half_an_answer_is_no_answer(proxy: Proxy, index: ElasticIndex, entry: MakeEntry) -> None:
    proxy.faults.append(Fault("_bulk", half=True))
    assert [failure.clue_id for failure in index.put([entry(1)]).retry] == [1]
    assert ids_of(index) == (1,)
    proxy.faults.append(Fault("_search", half=True))
    with pytest.raises(IndexUnavailable):
        index.search(Query())


def test_a_search_that_is_refused_says_so(proxy: Proxy, index: ElasticIndex) -> None:
    proxy.faults.append(Fault("_search", status=503))
    with pytest.raises(IndexUnavailable, match="503"):
        index.facets(Query())


def test_a_node_that_is_not_there_is_named_with_a_hint(free_port: int, entry: MakeEntry) -> None:
    with contextlib.closing(connect(f"http://127.0.0.1:{free_port}")) as client:
        index = ElasticIndex(client, alias="test-none", tokeniser_version="words/1")
        for call in (
            index.ensure,
            index.refresh,
            index.fingerprint,
            lambda: index.search(Query()),
            lambda: index.rebuild([]),
        ):
            with pytest.raises(IndexUnavailable, match="cannot be reached") as caught:
                call()
            assert "LANTIAN_ES_URL" in caught.value.hint
        assert [failure.clue_id for failure in index.put([entry(1)]).retry] == [1]
        assert [failure.clue_id for failure in index.delete([1]).retry] == [1]
        assert index.health().state == "unavailable"


def test_something_else_that_answers_is_not_taken_for_elasticsearch() -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b"{}")

        do_POST = do_GET  # noqa: N815  (as above)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with contextlib.closing(connect(f"http://127.0.0.1:{server.server_port}")) as client:
            index = ElasticIndex(client, alias="test-none", tokeniser_version="words/1")
            with pytest.raises(IndexUnavailable, match="not Elasticsearch"):
                index.search(Query())
        server.shutdown()
        thread.join()


def test_what_is_no_address_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match="no address"):
        connect("elastic")


def test_a_red_index_is_unavailable(elastic_client: Elasticsearch, alias: str) -> None:
    elastic_client.indices.create(
        index=f"{alias}-000001",
        settings={"index.routing.allocation.require._name": "no such node"},
        mappings=elastic_body.mappings("words/1"),
        aliases={alias: {}},
        wait_for_active_shards=0,
    )
    index = ElasticIndex(elastic_client, alias=alias, tokeniser_version="words/1")
    assert index.health().state == "unavailable"
    assert "red" in index.health().detail
    with pytest.raises(IndexUnavailable):
        index.search(Query())


def test_without_an_index_nothing_is_made_up(
    elastic_client: Elasticsearch, alias: str, entry: MakeEntry
) -> None:
    index = ElasticIndex(elastic_client, alias=alias, tokeniser_version="words/1")
    report = index.put([entry(1)])
    assert [failure.clue_id for failure in report.retry] == [1]
    assert "index rebuild" in report.retry[0].reason
    assert not elastic_client.indices.get(index=f"{alias}*")
    with pytest.raises(IndexMissing):
        index.search(Query())
    assert index.health().state == "missing"
    index.rebuild([entry(1)])
    assert index.search(Query()).clue_ids == (1,)


def test_an_index_that_went_away_is_missing_not_empty(
    elastic_client: Elasticsearch, elastic_index: ElasticIndex, alias: str, entry: MakeEntry
) -> None:
    elastic_index.put([entry(1)])
    assert ids_of(elastic_index) == (1,)
    elastic_client.indices.delete(index=f"{alias}-000001")
    with pytest.raises(IndexMissing):
        elastic_index.search(Query())
    assert elastic_index.put([entry(2)]).written == 0
    assert not elastic_client.indices.get(index=f"{alias}*")


def test_an_index_of_another_mapping_is_left_alone_until_it_is_rebuilt(
    elastic_client: Elasticsearch, alias: str, entry: MakeEntry
) -> None:
    elastic_client.indices.create(
        index=f"{alias}-000041", mappings={"_meta": {"mapping_version": 0}}, aliases={alias: {}}
    )
    index = ElasticIndex(elastic_client, alias=alias, tokeniser_version="words/1")
    with pytest.raises(IndexMissing, match="version 0"):
        index.search(Query())
    assert "index rebuild" in index.put([entry(1)]).retry[0].reason

    def entries() -> Iterator[IndexEntry]:
        yield entry(1)
        assert index.put([entry(2)]).written == 1

    index.rebuild(entries())
    assert ids_of(index) == (1, 2)
    assert list(elastic_client.indices.get(index=f"{alias}*")) == [f"{alias}-000042"]


def test_an_index_in_the_place_of_the_alias_is_named(
    elastic_client: Elasticsearch, alias: str
) -> None:
    elastic_client.indices.create(index=alias)
    index = ElasticIndex(elastic_client, alias=alias, tokeniser_version="words/1")
    with pytest.raises(IndexUnavailable, match="stands where its alias belongs"):
        index.search(Query())


def test_a_rebuild_waits_where_it_is_throttled(
    proxy: Proxy, index: ElasticIndex, entry: MakeEntry, waits: list[float]
) -> None:
    proxy.faults.append(Fault("_bulk", times=3, status=429))
    index.rebuild(entry(n) for n in range(1, 1201))
    assert index.count(Query()) == 1200
    assert len(waits) == 3


def test_a_rebuild_gives_up_after_some_tries_and_the_old_index_stays(
    proxy: Proxy,
    index: ElasticIndex,
    elastic_client: Elasticsearch,
    alias: str,
    entry: MakeEntry,
) -> None:
    index.put([entry(1)])
    proxy.faults.append(Fault("_bulk", times=99, status=503))
    with pytest.raises(IndexUnavailable, match="stopped at clue 5"):
        index.rebuild([entry(5)])
    proxy.faults.clear()
    assert ids_of(index) == (1,)
    assert list(elastic_client.indices.get(index=f"{alias}*")) == [f"{alias}-000001"]


def test_a_rebuild_that_lost_a_document_does_not_go_live(
    proxy: Proxy, index: ElasticIndex, entry: MakeEntry
) -> None:
    def lie(answer: dict[str, Any]) -> None:
        answer["errors"] = False

    index.put([entry(1)])
    proxy.faults.append(Fault("_bulk", spoil=lie))
    real = elastic_body.document

    def refused(row: Any, *, streamed: bool) -> str:
        text = real(row, streamed=streamed)
        return text.replace('"region":""', '"no_field":1') if row.clue_id == 7 else text

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(elastic_body, "document", refused)
        with pytest.raises(IndexUnavailable, match=r"holds 9 clues .* instead of 10"):
            index.rebuild(entry(n) for n in range(1, 11))
    assert ids_of(index) == (1,)


def test_a_swap_whose_answer_is_lost_keeps_whichever_index_is_live(
    proxy: Proxy,
    index: ElasticIndex,
    elastic_client: Elasticsearch,
    alias: str,
    entry: MakeEntry,
) -> None:
    index.put([entry(1)])

    def entries() -> Iterator[IndexEntry]:
        yield entry(2)
        proxy.faults.append(Fault("/_aliases", half=True))

    with pytest.raises(IndexUnavailable):
        index.rebuild(entries())
    assert ids_of(index) == (2,)
    assert len(elastic_client.indices.get(index=f"{alias}*")) == 2
    index.rebuild([entry(3)])
    assert ids_of(index) == (3,)
    assert list(elastic_client.indices.get(index=f"{alias}*")) == [f"{alias}-000003"]


def test_what_a_killed_rebuild_left_is_dropped_by_the_next(
    index: ElasticIndex, elastic_client: Elasticsearch, alias: str, entry: MakeEntry
) -> None:
    killed = index._building()
    killed._begin(killed._create())
    index.put([entry(1)])
    assert ids_of(index) == (1,)
    index.rebuild([entry(2)])
    assert ids_of(index) == (2,)
    assert list(elastic_client.indices.get(index=f"{alias}*")) == [f"{alias}-000003"]
