"""What is sent to Elasticsearch: the mapping, a document, a query, the facets."""

import json
from collections.abc import Iterable
from typing import Any

from lantian.search.entry import FINAL_REVISION, Fingerprint, Row
from lantian.search.port import MAPPING_VERSION
from lantian.search.query import Phrase, Query, Sort, read_cursor
from lantian.search.spelling import spell

Body = dict[str, Any]

SETTINGS: Body = {
    "number_of_shards": 1,
    "number_of_replicas": 0,
    "refresh_interval": -1,
}
"""Settings of an index under construction. One shard makes counts and facets exact."""

LIVE_SETTINGS: Body = {"refresh_interval": None, "auto_expand_replicas": "0-1"}
"""What changes when the index goes live: refreshed by itself, on two nodes where there are."""

_TEXT = {"type": "text", "analyzer": "whitespace", "norms": False}
_TIME = {"type": "date", "format": "epoch_millis"}
_WORD, _NUMBER, _FLAG = {"type": "keyword"}, {"type": "long"}, {"type": "boolean"}
_PROPERTIES: Body = {
    "clue_id": _NUMBER,
    "revision": _NUMBER,
    "severity": {"type": "short"},
    "score": {"type": "double"},
    "first_seen": _TIME,
    "last_seen": _TIME,
    "decided_at": _TIME,
    "platform": _NUMBER,
    "source": _NUMBER,
    "seller": _NUMBER,
    "state": _WORD,
    "presence": _WORD,
    "region": _WORD,
    "notice_state": _WORD,
    "claim": _WORD,
    "title": _TEXT,
    "body": _TEXT,
    "checksum": _NUMBER,
    "gone": _FLAG,
    "streamed": _FLAG,
}

_ORDERS: dict[Sort, list[Body]] = {
    Sort.URGENT: [{"severity": "desc"}, {"first_seen": "asc"}, {"clue_id": "asc"}],
    Sort.NEWEST: [{"first_seen": "desc"}, {"clue_id": "asc"}],
    Sort.SCORE: [{"score": "desc"}, {"clue_id": "asc"}],
}


def mappings(tokeniser_version: str) -> Body:
    """The strict mapping, with the versions it was made by."""
    return {
        "dynamic": "strict",
        "_meta": {"mapping_version": MAPPING_VERSION, "tokeniser_version": tokeniser_version},
        "properties": _PROPERTIES,
    }


def index_action(clue_id: int, revision: int) -> str:
    """The line before a document of a bulk request; lower revisions lose."""
    return f'{{"index":{{"_id":"{clue_id}","version":{revision},"version_type":"external"}}}}'


def document(row: Row, *, streamed: bool) -> str:
    """A clue as a line of a bulk request; `streamed` if a rebuild puts it."""
    body: Body = row._asdict()
    body["claim"] = body.pop("claims")
    del body["words_check"]
    body["gone"], body["streamed"] = False, streamed
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def gravestone(clue_id: int) -> str:
    """What stands for a deleted clue, so that nothing brings it back."""
    body = {"clue_id": clue_id, "revision": FINAL_REVISION, "gone": True, "streamed": False}
    return json.dumps(body, separators=(",", ":"))


def conditions(query: Query) -> list[Body]:
    """Every condition that is no facet."""
    clauses: list[Body] = [{"term": {"gone": False}}]
    if query.words is not None:
        clauses += [_phrase(words) for words in query.words] or [{"match_none": {}}]
    for name, (start, end) in query.spans().items():
        sides = {"gte": start, "lt": end}
        bounds = {side: at for side, at in sides.items() if at is not None}
        clauses.append({"range": {name: {**bounds, "format": "epoch_millis"}}})
    if query.min_score is not None:
        clauses.append({"range": {"score": {"gte": query.min_score}}})
    return clauses


def choices(query: Query) -> dict[str, Body]:
    """The condition of each facet that has one."""
    return {name: {"terms": {name: sorted(values)}} for name, values in query.chosen().items()}


def all_of(clauses: Iterable[Body]) -> Body:
    """All clauses together, without scores."""
    return {"bool": {"filter": list(clauses)}}


def whole(query: Query) -> Body:
    """All conditions of the query."""
    return all_of([*conditions(query), *choices(query).values()])


def search_body(query: Query) -> Body:
    """One page and one row more, which says whether there is a next page."""
    body: Body = {
        "query": whole(query),
        "sort": _ORDERS[query.sort],
        "size": query.limit + 1,
        "track_total_hits": True,
        "_source": False,
    }
    if query.after:
        body["search_after"] = list(read_cursor(query.sort, query.after))
    return body


def facets_body(query: Query, names: Iterable[str], top: int) -> Body:
    """Counts of each facet under all conditions but its own."""
    chosen = choices(query)
    terms = {"size": top, "order": [{"_count": "desc"}, {"_key": "asc"}]}
    aggregations = {
        name: {
            "filter": all_of(clause for other, clause in chosen.items() if other != name),
            "aggs": {"values": {"terms": {"field": name, **terms}}},
        }
        for name in names
    }
    return {"query": all_of(conditions(query)), "size": 0, "aggs": aggregations}


def sum_body(condition: Body) -> Body:
    """Count and checksum of the documents that meet the condition."""
    return {
        "query": condition,
        "size": 0,
        "track_total_hits": True,
        "aggs": {"checksum": {"sum": {"field": "checksum"}}},
    }


def read_sum(answer: Any) -> Fingerprint:
    """The answer to `sum_body`."""
    total = answer["hits"]["total"]["value"]
    return Fingerprint(total, int(answer["aggregations"]["checksum"]["value"]))


def _phrase(words: Phrase) -> Body:
    spelled = spell(words)
    if " " in spelled:
        fields: list[Body] = [{"match_phrase": {name: spelled}} for name in ("title", "body")]
    else:
        fields = [{"term": {name: spelled}} for name in ("title", "body")]
    return {"bool": {"should": fields, "minimum_should_match": 1}}
