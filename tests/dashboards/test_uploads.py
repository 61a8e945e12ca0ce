"""Clue lists uploaded in the dashboard: looked at, taken in by the worker, and hostile ones."""

import re
from typing import Any

from lantian.commands.worker import worker_of
from lantian.intake.handover import uploads
from lantian.model import AuditEvent, Clue, Handover
from tests.dashboards.conftest import Office

LIST = """网址,涉嫌违法内容,备注,内部编码
https://shop.example/1,商标注册包授权，不授权全额退款，联系微信办理。,转办,9
https://shop.example/2,<script>alert(1)</script> 商标查询,,
=cmd|' /C calc'!A0,内容,,
"""


def token(html: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', html)
    assert found is not None
    return found[1]


def hidden(html: str) -> dict[str, str]:
    part = html.partition('action="/imports/take"')[2]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', part))


def send(client: Any, data: bytes, name: str = "../清单.csv") -> Any:
    form = {"token": token(client.get("/imports").text), "collection": "某局移送", "by": "某市监局"}
    return client.post("/imports", data=form, files={"file": (name, data)})


def test_a_list_is_shown_then_taken_by_the_worker_and_its_file_is_gone(office: Office) -> None:
    client = office.client()
    shown = send(client, LIST.encode("gb18030"))
    assert shown.status_code == 200
    html = shown.text
    assert "good rows 2 · faulty rows 1" in html
    assert "<b>清单.csv</b>" in html
    assert "<code>text</code>" in html
    assert "内部编码" in html
    assert "<script>alert" not in html
    with office.parts.store.read() as session:
        assert session.query(Handover).count() == 0

    taken = client.post("/imports/take", data=hidden(html))
    assert (taken.status_code, taken.headers["location"]) == (303, "/imports")
    assert "Waiting for the worker" in client.get("/imports").text
    worker_of(office.parts).run_until_idle(kinds=(uploads.KIND,))

    with office.parts.store.read() as session:
        (handover,) = session.query(Handover).all()
        assert (handover.state, handover.taken, handover.faulty) == ("finished", 2, 1)
        assert (handover.name, handover.handed_by) == ("清单.csv", "某市监局")
        assert handover.actor == "user:the-reviewer"
        assert session.query(Clue).count() == 1
        assert session.query(AuditEvent).filter_by(action="handover.upload").count() == 1
    assert list(office.parts.settings.uploads_dir.iterdir()) == []
    after = client.get("/imports").text
    assert "某局移送" in after
    assert "Waiting for the worker" not in after


def test_what_is_no_list_or_too_large_is_refused_and_not_kept(office: Office) -> None:
    client = office.client()
    folder = office.parts.settings.uploads_dir
    for data in (b"<html><p>page</p></html>", b"", b"PK\x03\x04broken", b"a\0b"):
        assert send(client, data).status_code == 422, data[:10]
    assert send(client, b"x" * (uploads.LARGEST + 1)).status_code == 422
    assert send(client, b"x" * (uploads.LARGEST + (2 << 20))).status_code == 413
    assert not folder.exists() or list(folder.iterdir()) == []
    # Other pages take no more than before.
    assert client.post("/tasks/1/drop", content=b"x" * (2 << 20)).status_code == 413


def test_only_a_file_that_is_kept_can_be_taken(office: Office) -> None:
    client = office.client()
    form = {"token": token(client.get("/imports").text)}
    for digest in ("sha256:" + "0" * 64, "sha256:../../lantian.sqlite3", "../x", ""):
        answer = client.post("/imports/take", data={**form, "digest": digest})
        assert answer.status_code in {404, 422}, digest
    other = client.post("/imports", data={"token": "wrong"}, files={"file": ("a.csv", b"a")})
    assert other.status_code == 403
