"""A clue whose claims are written in a picture, as a person sees it."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import sync_playwright
from sqlalchemy import select

from dashboards.people import cookie_name
from lantian.app import create_app
from lantian.clock import FixedClock
from lantian.model import Capture, Clue, Document, Page, Picture, PicturePlace
from lantian.pictures.known import lines_of
from lantian.settings import Settings
from lantian.store.engine import Store
from lantian.wiring import open_parts
from tests.dashboards.conftest import MORNING, Office
from tests.packs import FOUR
from tests.pictures.drawing import GUARANTEE
from tests.services.loopback import Installation
from tests.services.processes import free_port as find_free_port

pytestmark = pytest.mark.ocr


@pytest.fixture(scope="module")
def office(installed: Installation) -> Iterator[Office]:
    """The dashboards of that installation."""
    base_url = f"http://127.0.0.1:{find_free_port()}"
    folder = installed.folder / "data"
    parts = open_parts(Settings(data_dir=folder, pack_dir=FOUR, base_url=base_url))
    nothing: Any = None
    office = Office(parts, nothing, 1, create_app(parts), base_url, FixedClock(MORNING))
    office.enter("reviewer")
    yield office
    parts.close()


def clue_and_picture(store: Store) -> tuple[int, Picture, int]:
    """A clue, the picture in which it was found, and the capture of that."""
    with store.read() as session:
        row = session.execute(
            select(Clue.id, Picture, PicturePlace.capture_id)
            .join(Document, Document.id == Clue.document_id)
            .join(PicturePlace, PicturePlace.document_id == Document.id)
            .join(Picture, Picture.id == PicturePlace.picture_id)
            .where(PicturePlace.start.is_not(None))
            .order_by(Clue.id)
            .limit(1)
        ).one()
    clue_id, picture, capture_id = row
    assert capture_id is not None
    return clue_id, picture, capture_id


def test_the_line_that_hit_is_marked_at_its_place(office: Office, store: Store) -> None:
    clue_id, picture, capture_id = clue_and_picture(store)
    box = lines_of(picture)[0].box
    points = " ".join(f"{x},{y}" for x, y in zip(box[::2], box[1::2], strict=True))
    with office.client() as client:
        page = client.get(f"/clues/{clue_id}").text
        assert page.count(f'<polygon points="{points}">') == 1
        assert f'<image href="/evidence/pictures/{capture_id}" width="420" height="300"/>' in page
        assert f"<mark>{GUARANTEE}</mark>" in page
        shown = client.get(f"/evidence/pictures/{capture_id}")
    assert shown.content.startswith(b"\x89PNG")
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert shown.headers["x-content-type-options"] == "nosniff"


def test_nothing_but_a_picture_that_was_decoded_is_shown(office: Office, store: Store) -> None:
    with store.read() as session:
        statement = select(Page.url, Capture.id).join(Capture, Capture.page_id == Page.id)
        captures = {url.rpartition("/")[2]: number for url, number in session.execute(statement)}
    with office.client() as client:
        for name in ("page.png", "cut.png", "1.html"):
            assert client.get(f"/evidence/pictures/{captures[name]}").status_code == 404
        red = captures["red.png"]
    with office.client(None) as stranger:
        assert stranger.get(f"/evidence/pictures/{red}").status_code != 200


@pytest.mark.chromium
def test_a_browser_shows_it_under_the_strict_policy_without_complaint(
    office: Office, store: Store, chromium_path: Any
) -> None:
    clue_id, _, capture_id = clue_and_picture(store)
    port = int(office.base_url.rsplit(":", 1)[1])
    server = uvicorn.Server(
        uvicorn.Config(office.app, port=port, log_level="warning", lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(chromium_path), args=["--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context(locale="zh-CN")
        cookie = {"name": cookie_name(office.parts), "value": office.people["reviewer"]}
        context.add_cookies([{**cookie, "url": office.base_url}])  # type: ignore[typeddict-item]
        page = context.new_page()
        page.on("console", lambda one: complaints.append(one.text))
        with page.expect_response(f"**/evidence/pictures/{capture_id}") as answer:
            page.goto(f"{office.base_url}/clues/{clue_id}")
        assert answer.value.ok
        figure = page.locator("figure.picture").first
        assert "图片" in figure.inner_text()
        mark = figure.locator("polygon").bounding_box()
        whole = figure.locator("svg").bounding_box()
        assert mark is not None
        assert whole is not None
        assert whole["x"] < mark["x"]
        assert mark["x"] + mark["width"] < whole["x"] + whole["width"]
        assert mark["width"] > 0.6 * whole["width"]
        browser.close()
    server.should_exit = True
    thread.join(60)
    assert complaints == []
