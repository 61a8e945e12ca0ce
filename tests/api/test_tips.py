"""Tips: taken down with a receipt, taken in by the worker, the contact apart and for a time."""

import json
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from starlette.testclient import TestClient

from lantian.access.keys import add_key
from lantian.access.users import Moment
from lantian.clock import FixedClock
from lantian.commands.worker import worker_of
from lantian.errors import NotFound
from lantian.evidence.again import ReadAgain
from lantian.evidence.verify import verify
from lantian.intake.handover.origin import Origin, origin_of
from lantian.intake.handover.tips import OLDER, contact_of
from lantian.model import (
    Artifact,
    AuditEvent,
    Capture,
    Clue,
    Document,
    Job,
    Source,
    Tip,
    TipContact,
)
from lantian.wiring import Parts
from tests.api.conftest import Asker, Hosted
from tests.takedowns.market import Market

CLAIM = "商标注册包授权，不授权全额退款，联系微信办理。"
URL = "https://shop.example/goods/1001"
KINDS = ("tip", "forget_contacts")


@pytest.fixture
def hotline(client: TestClient, market: Market) -> Asker:
    """Somebody whose key may send tips and nothing else."""
    at = Moment(market.now, market.now)
    with market.store.write() as session:
        key, _ = add_key(session, owner="tips", label="12345", actor="process:test", at=at)
    return Asker(client, key)


def tell(asker: Asker, **body: Any) -> Any:
    key = f"tip-{next(asker.numbers)}"
    return asker.post("/tips", {"url": URL, **body}, Idempotency_Key=key)


def work(parts: Parts) -> None:
    worker_of(parts).run_until_idle(kinds=KINDS)


def rows(parts: Parts, entity: Any) -> list[Any]:
    with parts.store.read() as session:
        return list(session.scalars(select(entity)))


def test_a_tip_gets_a_receipt_and_becomes_a_clue(hotline: Asker, parts: Parts) -> None:
    answer = tell(hotline, title="商标注册", text=CLAIM, seller="甲店", note="用户投诉")
    assert answer.status_code == 202
    told = answer.json()
    assert (told["state"], told["reason"]) == ("waiting", None)
    assert answer.headers["Location"].endswith(f"/api/v1/tips/{told['receipt']}")
    work(parts)
    assert hotline.get(f"/tips/{told['receipt']}").json()["state"] == "taken"
    (clue,) = rows(parts, Clue)
    (document,) = rows(parts, Document)
    assert (clue.document_id, document.url, document.text) == (document.id, URL, CLAIM)
    assert [source.name for source in rows(parts, Source)] == ["tips@shop.example"]
    assert [job.kind for job in rows(parts, Job) if job.state == "ready"].count("evidence") == 1
    with parts.store.read() as session:
        origin = origin_of(session, session.scalars(select(Capture)).one())
        assert origin == Origin(by="tip 1", note="用户投诉")
        assert list(verify(session, parts.archive, again=ReadAgain())) == []


def test_many_tips_are_taken_together_and_the_same_one_adds_nothing(
    hotline: Asker, parts: Parts
) -> None:
    first = tell(hotline, text=CLAIM).json()["receipt"]
    same = tell(hotline, text=CLAIM).json()["receipt"]
    other = tell(hotline, text="费用以合同为准").json()["receipt"]
    bare = tell(hotline).json()["receipt"]
    work(parts)
    states = [hotline.get(f"/tips/{one}").json()["state"] for one in (first, same, other, bare)]
    assert states == ["taken", "known", "taken", "requested"]
    assert len(rows(parts, Capture)) == 2
    (clue,) = rows(parts, Clue)
    assert clue.presence == "online", "another wording of the same address hides nothing"
    assert len({artifact.file for artifact in rows(parts, Artifact)}) == 1
    assert {job.state for job in rows(parts, Job) if job.kind == "tip"} == {"done"}
    (crawl,) = [job for job in rows(parts, Job) if job.kind == "crawl"]
    assert crawl.payload["urls"] == [URL]


def test_a_tip_about_what_was_seen_later_is_known(hotline: Asker, parts: Parts) -> None:
    tell(hotline, text=CLAIM, seen_at="2026-11-20T10:00:00+08:00")
    work(parts)
    late = tell(hotline, text=CLAIM, seen_at="2026-11-10T10:00:00+08:00").json()["receipt"]
    work(parts)
    assert hotline.get(f"/tips/{late}").json()["state"] == "known"
    with parts.store.write() as session:
        session.scalars(select(Capture)).one().via = "http"
    own = tell(hotline, text="费用以合同为准").json()["receipt"]
    work(parts)
    told = hotline.get(f"/tips/{own}").json()
    assert (told["state"], told["reason"]) == ("known", OLDER)


def test_a_repeated_request_is_one_tip(hotline: Asker, parts: Parts) -> None:
    body = {"url": URL, "text": CLAIM}
    first = hotline.post("/tips", body, Idempotency_Key="one")
    again = hotline.post("/tips", body, Idempotency_Key="one")
    other = hotline.post("/tips", {"url": URL}, Idempotency_Key="one")
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "key-reused")
    assert hotline.post("/tips", body).json()["code"] == "invalid"
    assert len(rows(parts, Tip)) == 1


@pytest.mark.parametrize(
    "body, told",
    [
        ({"url": "javascript:alert(1)"}, "no address of a page"),
        ({"url": "https://a:b@shop.example/"}, "name or password"),
        ({"seen_at": "2027-03-01T00:00:00+08:00"}, "not come yet"),
        ({"seen_at": "2026-11-20T10:00:00"}, "#/seen_at"),
        ({"url": ""}, "#/url"),
        ({"text": "x" * 20_001}, "#/text"),
        ({"colour": "red"}, "#/colour"),
        ({"text": 5}, "#/text"),
    ],
)
def test_a_wrong_tip_is_a_problem_that_names_the_field(
    hotline: Asker, parts: Parts, body: dict[str, Any], told: str
) -> None:
    answer = tell(hotline, **body)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert told in answer.text
    assert rows(parts, Tip) == []


def test_a_contact_is_apart_from_everything_and_goes_in_time(
    hotline: Asker, parts: Parts, clock: FixedClock
) -> None:
    contact = "sender@hotline.example"
    receipt = tell(hotline, text=CLAIM, contact=contact).json()["receipt"]
    work(parts)
    assert [one.contact for one in rows(parts, TipContact)] == [contact]
    assert contact not in hotline.get(f"/tips/{receipt}").text
    for artifact in rows(parts, Artifact):
        assert contact.encode() not in parts.archive.read(artifact)
    for tip in rows(parts, Tip):
        assert contact not in str(tip.content) + tip.note
    for job in rows(parts, Job):
        assert contact not in str(job.payload)

    at = parts.moment()
    with parts.store.write() as session:
        found = contact_of(
            session, receipt, actor="user:li", why="核实线索", now=at.now, real_now=at.real
        )
    assert found == contact
    events = {event.action: event for event in rows(parts, AuditEvent)}
    assert events["tip.contact"].detail == {"why": "核实线索"}
    assert not any(contact in str(event.detail) for event in rows(parts, AuditEvent))

    clock.set(clock.now() + timedelta(days=parts.settings.keep_contact_days - 1))
    work(parts)
    assert len(rows(parts, TipContact)) == 1
    clock.set(clock.now() + timedelta(days=1))
    work(parts)
    assert rows(parts, TipContact) == []
    at = parts.moment()
    with parts.store.write() as session, pytest.raises(NotFound, match="no contact"):
        contact_of(session, receipt, actor="user:li", why="", now=at.now, real_now=at.real)


def test_a_platform_may_tell_and_sees_its_own_tips_only(
    platform: Hosted, rival: Hosted, hotline: Asker
) -> None:
    receipt = tell(platform.asker, text=CLAIM).json()["receipt"]
    assert platform.asker.get(f"/tips/{receipt}").status_code == 200
    for stranger in (rival.asker, hotline):
        assert stranger.get(f"/tips/{receipt}").status_code == 404


def test_a_key_of_tips_opens_nothing_else(hotline: Asker) -> None:
    for path in ("/clues", "/notices", "/notices/1"):
        assert hotline.get(path).status_code == 403


def test_a_tip_with_hostile_text_is_kept_as_text(hotline: Asker, parts: Parts) -> None:
    text = f"{chr(0)}{chr(0x202E)}<script>alert(1)</script>{CLAIM}"
    assert tell(hotline, text=text).status_code == 202
    half = json.dumps({"url": URL, "text": "\ud800" + CLAIM}).encode()
    headers = {**hotline.headers, "Content-Type": "application/json", "Idempotency-Key": "half"}
    answer = hotline.client.post("/api/v1/tips", content=half, headers=headers)
    assert answer.status_code in {202, 400, 422}
    work(parts)
    assert all("\0" not in document.text for document in rows(parts, Document))


def test_the_description_shows_how_to_send_one(app: FastAPI, hotline: Asker) -> None:
    post = app.openapi()["paths"]["/api/v1/tips"]["post"]
    examples = post["requestBody"]["content"]["application/json"]["examples"]
    assert set(examples) == {"address", "content", "contact"}
    for name, example in examples.items():
        answer = hotline.post("/tips", example["value"], Idempotency_Key=name)
        assert answer.status_code == 202, answer.text
    assert "202" in post["responses"]
