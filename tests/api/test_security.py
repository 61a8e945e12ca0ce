"""Who may ask what: every route is guarded or listed here, and keys open only what they should."""

from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.routing import Mount
from starlette.testclient import TestClient

from api.limits import RateLimit
from api.security import KeyWith
from lantian.access.keys import SCOPES, checksum, revoke_key
from lantian.access.users import Moment
from lantian.model import ApiKey
from tests.api.conftest import Asker, Hosted
from tests.takedowns.market import Market

PUBLIC = {"/healthz", "/readyz", "/problems/{code}", "/docs", "/openapi.json"}
"""What anybody may ask; nothing of it is about a clue or a person."""
STATIC = {"/static/api", "/static"}


@pytest.fixture
def store_url(sqlite_store_url: str) -> str:
    return sqlite_store_url


def routes_of(app: FastAPI) -> list[RouteContext]:
    return list(iter_route_contexts(app.routes))


def guards(dependant: Dependant) -> list[KeyWith]:
    own = [dependant.call] if isinstance(dependant.call, KeyWith) else []
    return own + [guard for inner in dependant.dependencies for guard in guards(inner)]


def test_every_route_of_the_interface_asks_for_a_key_and_every_other_is_listed(
    app: FastAPI,
) -> None:
    guarded, open_to_all, files = set(), set(), set()
    for route in routes_of(app):
        if isinstance(route.original_route, Mount):
            files.add(route.path)
        elif route.endpoint is not None and route.endpoint.__module__.startswith("dashboards."):
            continue  # their own test lists these
        elif isinstance(route.original_route, APIRoute) and guards(route.dependant):
            guarded.add(route.path)
        else:
            open_to_all.add(route.path)
    assert open_to_all == PUBLIC
    assert files <= STATIC
    assert guarded == {
        "/api/v1/clues",
        "/api/v1/notices",
        "/api/v1/notices/{notice_id}",
        "/api/v1/notices/{notice_id}/evidence",
        "/api/v1/notices/{notice_id}/acknowledge",
        "/api/v1/notices/{notice_id}/actions",
        "/api/v1/tips",
        "/api/v1/tips/{receipt}",
    }


def test_every_path_in_the_description_is_refused_without_a_key(
    app: FastAPI, client: TestClient
) -> None:
    asked = 0
    for path, methods in app.openapi()["paths"].items():
        for method in methods:
            answer = client.request(method, path.replace("{notice_id}", "1"))
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised"), path
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            asked += 1
    assert asked == 9


def test_scopes_are_those_that_routes_ask_for(app: FastAPI) -> None:
    asked = {
        scope
        for route in routes_of(app)
        if isinstance(route.original_route, APIRoute)
        for guard in guards(route.dependant)
        for scope in guard.scopes
    }
    assert asked == {scope for scopes in SCOPES.values() for scope in scopes}


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic YTpi",
        "lt_live_",
        "Bearer " + "lt_live_" + "a" * 57,
        "Bearer " + "lt_live_" + "a" * 51 + checksum("lt_live_" + "a" * 51),
        "Bearer " + "é" * 65,
        "Bearer " + "x" * 9_000,
    ],
)
def test_a_wrong_key_is_a_401(client: TestClient, header: str) -> None:
    answer = client.get("/api/v1/notices", headers=[(b"Authorization", header.encode("latin-1"))])
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="lantian"'


def test_a_platform_cannot_do_what_an_office_does_nor_the_other_way(
    office: Asker, platform: Hosted
) -> None:
    for answer in (
        platform.asker.get("/clues"),
        platform.asker.issue(1),
        office.post("/notices/1/acknowledge", If_Match="*"),
        office.post("/notices/1/actions", {"actions": [{"action": "removed"}]}, If_Match="*"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_a_key_that_asks_too_often_is_told_how_long_to_wait(
    office: Asker, platform: Hosted, market: Market
) -> None:
    office.client.app.state.rate_limit = RateLimit(most=3)  # type: ignore[attr-defined]
    market.clock.advance(timedelta(seconds=1))
    assert [office.get("/notices").status_code for _ in range(3)] == [200] * 3
    market.clock.advance(timedelta(seconds=20))
    refused = office.get("/notices")
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-requests")
    assert refused.headers["Retry-After"] == "40"
    assert platform.asker.get("/notices").status_code == 200
    market.clock.advance(timedelta(seconds=40))
    assert office.get("/notices").status_code == 200


def test_a_revoked_key_is_refused_at_once(office: Asker, market: Market) -> None:
    assert office.get("/notices").status_code == 200
    with market.store.write() as session:
        at = Moment(market.now, market.now)
        revoke_key(session, office.key[8:16], actor="process:cli", at=at)
    assert office.get("/notices").status_code == 401


def test_the_last_use_of_a_key_is_kept(office: Asker, market: Market) -> None:
    office.get("/notices")
    with market.store.read() as session:
        key = session.query(ApiKey).filter_by(key_id=office.key[8:16]).one()
    assert key.last_used_at == market.now
