"""Everything that is not 2xx is a documented problem in both languages, without a stack trace."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.catalogue import BY_STATUS, KINDS
from api.mounting import MAX_BODY
from api.problems import CODES
from lantian import errors
from lantian.store.engine import Store
from tests.api.conftest import Asker, Hosted
from tests.takedowns.market import Market

DOCS = Path(__file__).parents[2] / "docs" / "platform-api.md"


@pytest.fixture
def store_url(sqlite_store_url: str) -> str:
    return sqlite_store_url


def check(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["type"] == f"https://lantian.example/problems/{code}"
    assert re.search("[一-鿿]", body["title"] + body["detail"])
    assert body["title_en"].isascii()
    assert body["detail_en"]
    assert "Traceback" not in answer.text
    return body


def test_addresses_that_are_not_there(client: TestClient, office: Asker) -> None:
    check(client.get("/nothing"), 404, "not-found")
    check(client.get("/api/v1/nothing"), 404, "not-found")
    check(office.get("/notices/1"), 404, "not-found")
    check(client.get("/static/api/../../pyproject.toml"), 404, "not-found")
    check(client.get("/problems/nothing"), 404, "not-found")


def test_methods_that_are_not_taken(office: Asker) -> None:
    answer = office.client.delete("/api/v1/notices", headers=office.headers)
    check(answer, 405, "method-not-allowed")
    assert set(answer.headers["Allow"].split(", ")) <= {"GET", "POST"}


@pytest.mark.parametrize(
    "body, pointer",
    [
        ({}, "#/clue_ids"),
        ({"clue_ids": []}, "#/clue_ids"),
        ({"clue_ids": ["1"]}, "#/clue_ids/0"),
        ({"clue_ids": [1.5]}, "#/clue_ids/0"),
        ({"clue_ids": [0]}, "#/clue_ids/0"),
        ({"clue_ids": [2**70]}, "#/clue_ids/0"),
        ({"clue_ids": [True]}, "#/clue_ids/0"),
        ({"clue_ids": list(range(1, 102))}, "#/clue_ids"),
        ({"clue_ids": [1], "more": 1}, "#/more"),
        ([1], "#"),
        (None, "#"),
        ("x", "#"),
    ],
)
def test_a_wrong_body_is_pointed_to(office: Asker, body: Any, pointer: str) -> None:
    answer = office.client.post(
        "/api/v1/notices",
        content=json.dumps(body),
        headers={
            **office.headers,
            "Idempotency-Key": "k",
            "Content-Type": "application/json",
        },
    )
    problem = check(answer, 422, "invalid")
    assert problem["errors"][0]["pointer"] == pointer


def test_an_unknown_action_is_pointed_to(platform: Hosted) -> None:
    answer = platform.asker.post(
        "/notices/1/actions", {"actions": [{"action": "deleted"}]}, If_Match="*"
    )
    assert check(answer, 422, "invalid")["errors"][0]["pointer"] == "#/actions/0/action"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"clue_ids": [1', b"[" * 100_000])
def test_a_body_that_is_no_json(office: Asker, body: bytes) -> None:
    answer = office.client.post(
        "/api/v1/notices",
        content=body,
        headers={**office.headers, "Idempotency-Key": "k", "Content-Type": "application/json"},
    )
    check(answer, *((422, "invalid") if body == b"" else (400, "malformed")))


def test_a_body_of_another_media_type(office: Asker) -> None:
    answer = office.client.post(
        "/api/v1/notices",
        content=b"clue_ids=1",
        headers={
            **office.headers,
            "Idempotency-Key": "k",
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )
    check(answer, 415, "unsupported-media-type")


def test_a_body_that_is_too_large(office: Asker) -> None:
    answer = office.client.post(
        "/api/v1/notices",
        content=b'{"clue_ids": [' + b" " * MAX_BODY + b"1]}",
        headers={**office.headers, "Idempotency-Key": "k", "Content-Type": "application/json"},
    )
    check(answer, 413, "too-large")

    def in_pieces() -> Iterator[bytes]:
        for _ in range(3):
            yield b" " * (MAX_BODY // 2)

    answer = office.client.post(
        "/api/v1/notices",
        content=in_pieces(),
        headers={**office.headers, "Idempotency-Key": "k", "Content-Type": "application/json"},
    )
    check(answer, 413, "too-large")


def test_an_id_that_no_store_holds(office: Asker) -> None:
    check(office.get(f"/notices/{2**80}"), 422, "invalid")
    check(office.get("/notices/one"), 422, "invalid")


def test_a_reason_that_no_store_holds(office: Asker, platform: Hosted, market: Market) -> None:
    notice_id = office.issue(market.confirmed(platform.id)).json()["notices"][0]["id"]
    for reason in ("a\x00b", "a\ud800b"):
        answer = platform.asker.client.post(
            f"/api/v1/notices/{notice_id}/actions",
            content=json.dumps({"actions": [{"action": "edited", "reason": reason}]}),
            headers={
                **platform.asker.headers,
                "If-Match": "*",
                "Content-Type": "application/json",
            },
        )
        assert answer.status_code in {400, 422}
        check(answer, answer.status_code, BY_STATUS[answer.status_code])


def test_a_fault_of_ours_tells_nothing_of_itself(app: FastAPI, client: TestClient) -> None:
    def broken() -> None:
        raise RuntimeError("the secret is 4711")

    app.add_api_route("/broken", broken)
    answer = client.get("/broken")
    check(answer, 500, "internal")
    assert "4711" not in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_a_store_that_does_not_answer_is_a_503(
    app: FastAPI, client: TestClient, tmp_path: Path
) -> None:
    store: Store = app.state.parts.store
    store.engine.dispose()
    path = Path(store.engine.url.database or "")
    path.rename(tmp_path / "away.sqlite3")
    answer = client.get("/readyz")
    check(answer, 503, "unavailable")
    assert answer.headers["Retry-After"] == "5"
    assert client.get("/healthz").json() == {"status": "ok"}
    seen = client.get("/readyz", headers={"Accept": "text/html"}, follow_redirects=False)
    assert seen.status_code == 503


def test_every_kind_has_its_page(client: TestClient) -> None:
    for code, kind in KINDS.items():
        page = client.get(f"/problems/{code}")
        assert page.status_code == 200
        assert kind.title_zh in page.text


def test_every_kind_is_in_the_documentation() -> None:
    documented = re.findall(r"^\| `([a-z-]+)` \| ([45]\d\d) \|", DOCS.read_text(), re.MULTILINE)
    assert [(code, int(status)) for code, status in documented] == [
        (kind.code, kind.status) for kind in KINDS.values()
    ]


def test_every_error_of_ours_that_a_route_may_raise_has_its_kind() -> None:
    named = {kind for kind, _ in CODES}
    for name in (
        "NotFound",
        "Forbidden",
        "Unauthorised",
        "Invalid",
        "Conflict",
        "Stale",
        "PreconditionMissing",
        "KeyReused",
        "EvidenceDamaged",
        "IndexUnavailable",
        "ServiceUnavailable",
        "StoreError",
    ):
        assert getattr(errors, name) in named
    assert {code for _, code in CODES} | set(BY_STATUS.values()) <= set(KINDS)
