"""The same request again: the same answer, the work once. On both stores."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from api.idempotency import Once
from api.problems import RequestRunning
from lantian.access.keys import Principal
from lantian.model import IdempotencyRecord, Notice
from lantian.wiring import Parts
from tests.api.conftest import Asker, Hosted
from tests.takedowns.market import Market

OFFICE = Principal("abcdefgh", "office", None, "", frozenset({"notices:write"}))


def test_a_repeated_request_gets_the_same_bytes_and_does_nothing(
    office: Asker, platform: Hosted, market: Market
) -> None:
    body = {"clue_ids": [market.confirmed(platform.id)]}
    first = office.post("/notices", body, Idempotency_Key="k1")
    market.clock.advance(timedelta(days=29))
    again = office.post("/notices", body, Idempotency_Key="k1")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    with market.store.read() as session:
        assert session.query(Notice).count() == 1


def test_a_key_that_comes_with_another_body_is_422(
    office: Asker, platform: Hosted, market: Market
) -> None:
    first, second = market.confirmed(platform.id), market.confirmed(platform.id)
    office.post("/notices", {"clue_ids": [first]}, Idempotency_Key="k1")
    other = office.post("/notices", {"clue_ids": [second]}, Idempotency_Key="k1")
    assert (other.status_code, other.json()["code"]) == (422, "key-reused")
    with market.store.read() as session:
        assert session.query(Notice).count() == 1


def test_a_refused_request_is_not_kept_and_may_succeed_later(
    office: Asker, platform: Hosted, market: Market
) -> None:
    clue = market.posting(platform.id)
    market.confirm(clue)
    body = {"clue_ids": [clue]}
    assert office.post("/notices", body, Idempotency_Key="k1").status_code == 409
    with market.store.read() as session:
        assert session.query(IdempotencyRecord).count() == 0
    market.clock.advance(timedelta(minutes=10))
    assert office.post("/notices", body, Idempotency_Key="k1").status_code == 201


def test_keys_of_two_offices_do_not_meet(
    office: Asker, platform: Hosted, rival: Hosted, market: Market
) -> None:
    clue = market.confirmed(platform.id)
    notice_id = office.issue(clue).json()["notices"][0]["id"]
    other = office.issue(market.confirmed(rival.id)).json()["notices"][0]["id"]
    mine = platform.asker.post(
        f"/notices/{notice_id}/acknowledge", If_Match="*", Idempotency_Key="k1"
    )
    theirs = rival.asker.post(f"/notices/{other}/acknowledge", If_Match="*", Idempotency_Key="k1")
    assert (mine.status_code, theirs.status_code) == (200, 200)
    assert mine.json()["id"] != theirs.json()["id"]


def test_a_retry_succeeds_though_the_entity_tag_has_moved_on(
    office: Asker, platform: Hosted, market: Market
) -> None:
    notice_id = office.issue(market.confirmed(platform.id)).json()["notices"][0]["id"]
    path, body = f"/notices/{notice_id}/actions", {"actions": [{"action": "removed"}]}
    first = platform.asker.post(path, body, If_Match='"1"', Idempotency_Key="k1")
    again = platform.asker.post(path, body, If_Match='"1"', Idempotency_Key="k1")
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert again.headers["ETag"] == first.headers["ETag"]


def test_notices_cannot_be_issued_without_a_key(
    office: Asker, platform: Hosted, market: Market
) -> None:
    answer = office.post("/notices", {"clue_ids": [market.confirmed(platform.id)]})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert "Idempotency-Key" in answer.json()["detail_en"]


@pytest.mark.parametrize("key", ["", "a" * 256, "a b", "\xe4"])
def test_a_key_that_is_no_word_is_refused(office: Asker, key: str) -> None:
    headers = [*office.headers.items(), ("Content-Type", "application/json")]
    named = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    answer = office.client.post(
        "/api/v1/notices",
        content=b'{"clue_ids": [1]}',
        headers=[*named, (b"Idempotency-Key", key.encode("latin-1"))],
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_answers_are_kept_for_thirty_days(office: Asker, platform: Hosted, market: Market) -> None:
    body = {"clue_ids": [market.confirmed(platform.id)]}
    office.post("/notices", body, Idempotency_Key="k1")
    market.clock.advance(timedelta(days=31))
    again = office.post("/notices", body, Idempotency_Key="k1")
    assert (again.status_code, again.json()["code"]) == (409, "clues-not-ready")


def test_a_hundred_parallel_requests_make_one_notice(
    office: Asker, platform: Hosted, market: Market
) -> None:
    body = {"clue_ids": [market.confirmed(platform.id)]}

    def post(_number: int) -> tuple[int, str]:
        answer = office.post("/notices", body, Idempotency_Key="once")
        return answer.status_code, answer.json().get("code") or answer.text

    with ThreadPoolExecutor(20) as threads:
        answers = Counter(threads.map(post, range(100)))
    good = [text for status, text in answers if status == 201]
    assert len(good) == 1
    assert {status for status, _ in answers} <= {201, 409}
    assert {text for status, text in answers if status == 409} <= {"request-running"}
    with market.store.read() as session:
        assert session.query(Notice).count() == 1
        assert session.query(IdempotencyRecord).count() == 1


def test_a_hundred_parallel_requests_with_keys_of_their_own_make_one_notice(
    office: Asker, platform: Hosted, market: Market
) -> None:
    clue = market.confirmed(platform.id)

    def post(number: int) -> int:
        body = {"clue_ids": [clue]}
        status: int = office.post("/notices", body, Idempotency_Key=f"k{number}").status_code
        return status

    with ThreadPoolExecutor(20) as threads:
        answers = Counter(threads.map(post, range(100)))
    assert answers == {201: 1, 409: 99}
    with market.store.read() as session:
        assert session.query(Notice).count() == 1


def test_while_the_first_request_runs_the_second_is_told_so(parts: Parts) -> None:
    started, go_on = threading.Event(), threading.Event()
    from api.idempotency import Answer

    def slow(_session: object) -> Answer:
        started.set()
        assert go_on.wait(30)
        return Answer(200, b"{}")

    once = Once("k1", "sha256:1")
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(once.do, parts, OFFICE, slow)
        assert started.wait(30)
        with pytest.raises(RequestRunning, match="'k1' has not ended yet"):
            once.do(parts, OFFICE, slow)
        go_on.set()
        assert first.result(30).status_code == 200
    assert once.do(parts, OFFICE, slow).headers["Idempotency-Replayed"] == "true"


@pytest.mark.postgres
def test_another_process_that_runs_the_same_request_is_noticed(
    parts: Parts, postgres_store_url: str
) -> None:
    from api.idempotency import _lock
    from lantian.store.engine import Store

    one, other = Store(postgres_store_url), Store(postgres_store_url)
    with one.write() as session:
        _lock(session, ("key:a", "k1"))
        with other.write() as second, pytest.raises(RequestRunning):
            _lock(second, ("key:a", "k1"))
    one.close()
    other.close()
