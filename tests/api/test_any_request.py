"""Whatever comes, the answer is a documented status, and a problem wherever it is not 2xx."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.catalogue import KINDS
from tests.api.conftest import Asker, Hosted
from tests.takedowns.market import Market

REUSED = settings(
    max_examples=60,
    deadline=None,
    # One store for all examples: a request must be answered well whatever came before.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

plain = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["removed", "refused", 1, 2])
)
bodies = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["clue_ids", "actions", "action", "reason"]) | st.text(), inner
        )
    ),
    max_leaves=8,
)
actions = st.fixed_dictionaries(
    {"action": st.sampled_from(["removed", "shop_closed", "edited", "refused"])},
    optional={
        "reason": st.text(max_size=20),
        "clue_ids": st.lists(st.integers(1, 4), min_size=1, max_size=3),
    },
)
answers = st.fixed_dictionaries({"actions": st.lists(actions, min_size=1, max_size=3)})
words = st.text(max_size=30) | st.sampled_from(["商标注册包授权", "\0", "=1+1", "\ud800"])
addresses = st.sampled_from(
    ["https://shop.example/1", "shop.example", "http://[::1", "http://x@y/", "javascript:1", "//"]
)
instants = st.datetimes().map(lambda at: at.isoformat() + "+08:00") | words
tips = st.fixed_dictionaries(
    {"url": addresses | words},
    optional={"text": words, "title": words, "seller": words, "seen_at": instants, "note": words},
)
tags = st.sampled_from(["*", '"1"', '"2"', "", "x", '"1", "2"', 'W/"1"', '"99999999999999999999"'])
visible = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40)
values = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["1", "-1", "1e9", "2026-11-24T08:00:00+08:00", "0001-01-01T00:00:00+14:00", "sent", "9" * 40]
)
NAMES = {
    "/notices": ("updated_since", "state", "cursor", "limit"),
    "/clues": (
        "q",
        "claim",
        "state",
        "severity",
        "platform",
        "notice",
        "first_seen_from",
        "first_seen_to",
        "min_score",
        "sort",
        "cursor",
        "limit",
    ),
}


@pytest.fixture
def store_url(sqlite_store_url: str) -> str:
    return sqlite_store_url


@pytest.fixture
def check(app: FastAPI) -> Callable[[Any], None]:
    app.state.rate_limit.most = 10_000_000

    def check(answer: Any) -> None:
        if answer.status_code in {200, 201, 202, 304}:
            return
        assert answer.headers["Content-Type"] == "application/problem+json", answer.text
        kind = KINDS[answer.json()["code"]]
        assert kind.status == answer.status_code
        assert kind.status < 500, answer.text

    return check


@pytest.fixture
def notice_id(office: Asker, platform: Hosted, market: Market) -> int:
    clues = [market.confirmed(platform.id) for _ in range(3)]
    return int(office.issue(*clues).json()["notices"][0]["id"])


@given(body=bodies | answers, tag=tags, key=visible)
@REUSED
def test_any_body_to_any_post(  # noqa: PLR0917  (fixtures and examples)
    office: Asker,
    platform: Hosted,
    notice_id: int,
    check: Callable[[Any], None],
    body: Any,
    tag: str,
    key: str,
) -> None:
    text = json.dumps(body).encode()
    for asker, path in (
        (office, "/notices"),
        (platform.asker, f"/notices/{notice_id}/acknowledge"),
        (platform.asker, f"/notices/{notice_id}/actions"),
    ):
        headers = {
            **asker.headers,
            "If-Match": tag,
            "Idempotency-Key": key,
            "Content-Type": "application/json",
        }
        check(asker.client.post(f"/api/v1{path}", content=text, headers=headers))
    # However it went, the notice can be read.
    assert platform.asker.get(f"/notices/{notice_id}").status_code == 200


@given(body=bodies | tips, key=visible)
@REUSED
def test_any_tip(office: Asker, check: Callable[[Any], None], body: Any, key: str) -> None:
    text = json.dumps(body).encode()
    headers = {**office.headers, "Idempotency-Key": key, "Content-Type": "application/json"}
    check(office.client.post("/api/v1/tips", content=text, headers=headers))


@given(data=st.data())
@REUSED
def test_any_parameter_of_any_list(
    office: Asker, notice_id: int, check: Callable[[Any], None], data: st.DataObject
) -> None:
    index = office.client.app.state.parts.index  # type: ignore[attr-defined]
    index.ensure()
    for path, names in NAMES.items():
        params = data.draw(st.dictionaries(st.sampled_from(names), values, max_size=3))
        check(office.get(path, **params))


@given(identity=values, rest=st.sampled_from(["", "/evidence", "/nothing"]))
@REUSED
def test_any_id(
    office: Asker, notice_id: int, check: Callable[[Any], None], identity: str, rest: str
) -> None:
    from urllib.parse import quote

    check(office.get(f"/notices/{quote(identity, safe='')}{rest}"))
