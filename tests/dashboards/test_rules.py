"""Administrators propose, release and bring back rule packs on the administration page."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from dashboards.people import cookie_name
from lantian.access import sessions, users
from lantian.access.users import Moment
from lantian.model import RulePack
from lantian.rulebook.content import read_folder
from lantian.rulebook.packs import Act, make_draft
from tests.dashboards.conftest import Office
from tests.dashboards.test_pages import token_of
from tests.packs import FOUR


@pytest.fixture
def draft(office: Office, tmp_path: Path) -> RulePack:
    folder = tmp_path / "pack"
    shutil.copytree(FOUR, folder)
    (folder / "green_channel.yaml").unlink()
    content = read_folder(folder)
    with office.parts.store.write() as session:
        act = Act("process:test", office.parts.moment())
        return make_draft(session, content, note="少一类宣称", act=act)


def second_administrator(office: Office) -> TestClient:
    at = Moment(office.clock.now(), datetime.now(UTC))
    limits = office.parts.session_limits
    with office.parts.store.write() as session:
        user = users.add_user(
            session, name="wang", display_name="王", role="administrator", actor="t", at=at
        )
        cookie, _ = sessions.start_session(session, user, limits=limits, at=at)
    client = office.client(None)
    client.cookies.set(cookie_name(office.parts), cookie)
    return client


def press(client: TestClient, path: str) -> int:
    token = token_of(client.get("/admin").text)
    return client.post(path, data={"token": token}).status_code


def test_one_proposes_another_releases_and_either_rolls_back(
    office: Office, draft: RulePack
) -> None:
    one, other = office.client("administrator"), second_administrator(office)
    path = f"/admin/rules/{draft.id}/release"
    assert "green_channel" in office.parts.claims()
    page = one.get("/admin").text
    assert "Propose for release" in page
    assert "少一类宣称" in page
    assert press(one, path) == 303
    page = one.get("/admin").text
    assert "proposed by the-administrator" in page
    assert path not in page
    assert press(one, path) == 403
    assert "Release</button>" in other.get("/admin").text
    assert press(other, path) == 303
    assert office.parts.matcher.pack_hash == draft.hash
    assert "green_channel" not in office.parts.claims()
    page = one.get("/admin").text
    assert "Roll back" in page
    assert "ran before the first release" in page
    assert press(one, "/admin/rules/rollback") == 303
    assert office.parts.matcher.pack_hash != draft.hash
    assert "green_channel" in office.parts.claims()


def test_a_pack_that_is_not_there_is_not_found(office: Office) -> None:
    assert press(office.client("administrator"), "/admin/rules/7/release") == 404


def test_a_pack_whose_examples_fail_is_told_so(office: Office, tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    shutil.copytree(FOUR, folder)
    file = folder / "green_channel.yaml"
    text = file.read_text("utf-8")
    file.write_text(
        text.replace("      hit:\n", "      hit:\n        - 今天天气很好\n", 1), "utf-8"
    )
    content = read_folder(folder)
    with office.parts.store.write() as session:
        act = Act("process:test", office.parts.moment())
        pack = make_draft(session, content, note="错例", act=act)
    client = office.client("administrator")
    token = token_of(client.get("/admin").text)
    answer = client.post(f"/admin/rules/{pack.id}/release", data={"token": token})
    assert answer.status_code == 409
    assert "green_channel.yaml" in answer.text
    assert "今天天气很好" in answer.text
