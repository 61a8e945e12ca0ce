"""What the pages answer, on both stores, without a script."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from starlette.routing import Route

from lantian.access import users
from lantian.access.users import Moment
from lantian.clues.decide import standing
from lantian.model import Clue, Notice, User
from tests.dashboards.conftest import MORNING, Office


def token_of(html: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', html)
    assert found is not None
    return found[1]


def clue_of(office: Office, clue_id: int) -> Clue:
    with office.parts.store.read() as session:
        return session.get_one(Clue, clue_id)


def test_a_look_at_the_link_does_not_use_it_up(office: Office) -> None:
    at = Moment(MORNING, office.parts.real_clock.now())
    with office.parts.store.write() as session:
        user = users.add_user(
            session, name="li", display_name="李", role="reviewer", actor="t", at=at
        )
        secret = users.make_link(session, user, actor="t", at=at)
    client = office.client(None)
    for _ in range(2):
        assert client.get(f"/login/{secret}").status_code == 200
    answer = client.post("/login", data={"secret": secret})
    assert answer.status_code == 303
    assert {"HttpOnly", "SameSite=lax"} <= {
        p.strip() for p in answer.headers["set-cookie"].split(";")
    }
    assert answer.headers["location"] == "/clues"
    assert client.get("/clues").status_code == 200
    again = office.client(None).post("/login", data={"secret": secret})
    assert again.status_code != 303 or again.headers["location"] == "/login"
    assert "set-cookie" not in again.headers


def test_a_session_that_ended_opens_nothing(office: Office) -> None:
    client = office.client()
    token = token_of(client.get("/clues").text)
    assert client.post("/logout", data={"token": token}).status_code == 303
    answer = office.client().get("/clues")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


def test_every_page_wants_a_session(office: Office) -> None:
    client = office.client(None)
    public = {"/login", "/login/{secret}"}
    paths = [
        route.path
        for route in _dashboard_routes(office)
        if "GET" in (route.methods or ()) and route.path not in public
    ]
    assert len(paths) > 8
    for path in paths:
        answer = client.get(re.sub(r"{\w+}", "1", path))
        assert (answer.status_code, answer.headers.get("location")) == (303, "/login"), path


def test_every_change_refuses_other_sites_and_missing_tokens(office: Office) -> None:
    client = office.client("administrator")
    paths = [r.path for r in _dashboard_routes(office) if "POST" in (r.methods or ())]
    assert len(paths) > 10
    for path in paths:
        target = re.sub(r"{\w+}", "1", path)
        foreign = client.post(target, headers={"Sec-Fetch-Site": "cross-site"})
        assert foreign.status_code in {403, 422}, path
        origin = client.post(target, headers={"Origin": "https://bad.example"})
        assert origin.status_code in {403, 422}, path
        form: dict[str, Any] = {
            "token": "wrong",
            "secret": "wrong",
            "revision": 1,
            "verdict": "confirmed",
            "name": "x",
            "role": "reviewer",
        }
        assert client.post(target, data=form).status_code in {303, 401, 403}, path
    with office.parts.store.read() as session:
        assert session.query(User).filter_by(name="x").count() == 0


def test_administration_is_for_administrators(office: Office) -> None:
    reviewer = office.client("reviewer")
    for route in _dashboard_routes(office):
        if route.path.startswith("/admin"):
            method = "GET" if "GET" in (route.methods or ()) else "POST"
            form = {"token": "t", "name": "x", "role": "reviewer"} if method == "POST" else None
            answer = reviewer.request(method, re.sub(r"{\w+}", "1", route.path), data=form)
            assert answer.status_code == 403, route.path
    assert office.client("administrator").get("/admin").status_code == 200


def test_one_decision_leads_to_the_next_clue_and_can_be_undone(office: Office) -> None:
    first, second = (office.market.posting(office.platform_id) for _ in range(2))
    office.index_all()
    client = office.client()
    html = client.get(f"/clues/{first}").text
    form = {"token": token_of(html), "revision": clue_of(office, first).revision}
    answer = client.post(f"/clues/{first}/confirm", data=form)
    assert answer.headers["location"] == f"/clues/{second}?done=confirmed-{first}"
    assert clue_of(office, first).state == "confirmed"
    undone = client.post("/undo", data=form)
    assert undone.headers["location"].startswith(f"/clues/{first}")
    assert clue_of(office, first).state == "open"


def test_what_was_just_decided_is_not_listed_as_open(office: Office) -> None:
    first = office.market.posting(office.platform_id)
    office.index_all()
    office.market.confirm(first)
    assert f'data-id="{first}"' not in office.client().get("/clues").text


@pytest.mark.parametrize("key", range(1, 10))
def test_each_digit_dismisses_with_its_reason(office: Office, key: int) -> None:
    from lantian.clues.reasons import reason_by_key

    clue_id = office.market.posting(office.platform_id)
    office.index_all()
    client = office.client()
    form = {
        "token": token_of(client.get("/clues").text),
        "revision": clue_of(office, clue_id).revision,
    }
    assert client.post(f"/clues/{clue_id}/dismiss/{key}", data=form).status_code == 303
    with office.parts.store.read() as session:
        assert standing(session, clue_id)[0].reason == reason_by_key(key).code


def test_a_decision_on_an_old_look_is_refused_in_words(office: Office) -> None:
    clue_id = office.market.posting(office.platform_id)
    office.index_all()
    client = office.client()
    form = {"token": token_of(client.get("/clues").text), "revision": 999}
    answer = client.post(f"/clues/{clue_id}/confirm", data=form)
    assert answer.status_code == 412
    assert "text/html" in answer.headers["content-type"]
    assert clue_of(office, clue_id).state == "open"


def test_a_batch_says_what_was_done_and_is_undone_as_one(office: Office) -> None:
    ids = [office.market.posting(office.platform_id) for _ in range(3)]
    office.index_all()
    client = office.client()
    token = token_of(client.get("/clues").text)
    form = {"token": token, "verdict": "dismissed", "reason": 8, "clue": [str(i) for i in ids[:2]]}
    assert client.post("/clues/batch", data=form).status_code == 200
    assert [clue_of(office, i).state for i in ids] == ["dismissed", "dismissed", "open"]
    client.post("/undo", data={"token": token})
    assert [clue_of(office, i).state for i in ids] == ["open", "open", "open"]


def test_all_of_a_filter_is_refused_if_it_grew_since(office: Office) -> None:
    office.market.posting(office.platform_id)
    office.index_all()
    client = office.client()
    token = token_of(client.get("/clues").text)
    later = office.market.posting(office.platform_id)
    office.index_all()
    form = {"token": token, "verdict": "confirmed", "scope": "all", "expected": 1}
    assert client.post("/clues/batch", data=form).status_code == 409
    assert clue_of(office, later).state == "open"
    form["expected"] = 2
    assert client.post("/clues/batch", data=form).status_code == 200
    assert clue_of(office, later).state == "confirmed"


def test_a_notice_is_previewed_then_sent(office: Office) -> None:
    clue_id = office.market.confirmed(office.platform_id)
    client = office.client()
    html = client.get("/notices").text
    assert f'value="{clue_id}"' in html
    form = {"token": token_of(html), "clue": [str(clue_id)]}
    assert "甲平台" in client.post("/notices/preview", data=form).text
    with office.parts.store.read() as session:
        assert session.query(Notice).count() == 0
    sent = client.post("/notices", data=form)
    assert sent.headers["location"] == "/notices/1"
    page = client.get("/notices/1").text
    assert "Sent" in page
    undo = client.post("/undo", data=form)
    assert undo.status_code == 409


def test_a_young_decision_is_refused_with_the_time(office: Office) -> None:
    clue_id = office.market.posting(office.platform_id)
    office.market.confirm(clue_id)
    client = office.client()
    form = {"token": token_of(client.get("/notices").text), "clue": [str(clue_id)]}
    assert client.post("/notices", data=form).status_code == 409
    office.clock.advance(timedelta(minutes=11))
    assert client.post("/notices", data=form).status_code == 303


def test_while_the_index_is_away_the_store_lists_the_clues(office: Office) -> None:
    clue_id = office.market.posting(office.platform_id)
    html = office.client().get("/clues?q=专利").text
    assert "search index does not answer" in html
    assert f'data-id="{clue_id}"' in html


def test_the_filter_is_the_address(office: Office) -> None:
    office.market.posting(office.platform_id)
    office.index_all()
    client = office.client()
    assert 'class="none"' not in client.get("/clues?claim=guaranteed_grant&q=包授权").text
    assert 'class="none"' in client.get("/clues?claim=name_hanging").text
    assert 'class="none"' in client.get("/clues?platform=unknown").text
    assert client.get("/clues?from=yesterday").status_code == 422


def test_what_is_gone_waits_behind_one_choice(office: Office) -> None:
    here, gone = (office.market.posting(office.platform_id) for _ in range(2))
    with office.parts.store.write() as session:
        session.get_one(Clue, gone).presence = "gone"
    office.index_all()
    client = office.client()
    shown = client.get("/clues").text
    assert f'data-id="{here}"' in shown
    assert f'data-id="{gone}"' not in shown
    facets = client.get("/clues/facets", headers={"HX-Request": "true"}).text
    (address,) = re.findall(r'href="([^"]*presence=gone[^"]*)"', facets)
    both = client.get(html.unescape(address)).text
    assert f'data-id="{here}"' in both
    assert f'data-id="{gone}"' in both
    for address in ("/clues?state=open", "/clues?presence=gone"):
        assert f'data-id="{gone}"' in client.get(address).text


def test_facets_count_what_each_value_would_give(office: Office) -> None:
    for _ in range(3):
        office.market.posting(office.platform_id)
    office.index_all()
    html = office.client().get("/clues/facets", headers={"HX-Request": "true"}).text
    assert re.search(r'claim=guaranteed_grant[^>]*>[^<]*<span class="number">3<', html)


def _dashboard_routes(office: Office) -> list[Route]:
    return [
        route
        for route in _flat(office.app.routes)
        if getattr(route, "endpoint", None) is not None
        and route.endpoint.__module__.startswith("dashboards.")
    ]


def _flat(routes: Any) -> list[Any]:
    found: list[Any] = []
    for route in routes:
        inner = getattr(route, "routes", None)
        original = getattr(route, "original_router", None)
        if inner:
            found += _flat(inner)
        elif original is not None:
            found += _flat(original.routes)
        else:
            found.append(route)
    return found
