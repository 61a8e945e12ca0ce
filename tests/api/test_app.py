"""The application around the routes: headers, hosts, the self-hosted documentation."""

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import sync_playwright
from starlette.testclient import TestClient

from lantian import app as application
from lantian.settings import Settings
from lantian.store.engine import Store
from lantian.store.migrate import upgrade
from lantian.wiring import Parts
from tests.api.conftest import Asker

VENDOR = Path(__file__).parents[2] / "api" / "static" / "vendor"


@pytest.fixture
def store_url(sqlite_store_url: str) -> str:
    return sqlite_store_url


def test_every_answer_carries_the_policy_and_its_company(client: TestClient, office: Asker) -> None:
    answers = [
        client.get("/healthz"),
        client.get("/docs"),
        client.get("/openapi.json"),
        client.get("/nothing"),
        client.get("/healthz", headers={"Host": "evil.example"}),
        client.get("/static/api/docs.js"),
        office.get("/notices"),
        client.post("/api/v1/notices", content=b"x" * (2 << 20)),
    ]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
    assert answers[6].headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "host", ["evil.example", "", "lantian.example.evil.example", "lantian.example@evil", "[::1"]
)
def test_a_host_that_is_not_ours_is_refused(client: TestClient, host: str) -> None:
    answer = client.get("/healthz", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (400, "wrong-host")


@pytest.mark.parametrize(
    "host", ["lantian.example", "LANTIAN.example:8443", "127.0.0.1:8000", "localhost"]
)
def test_our_hosts_are_answered_on_any_port(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_the_documentation_page_names_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs").text
    assert not re.search(r"https?://", page)
    assert "<script>" not in page
    for address in re.findall(r'(?:src|href)="(/[^"]+)"', page):
        assert client.get(address).status_code == 200, address


def test_vendored_files_are_those_that_their_list_says() -> None:
    (listed,) = json.loads((VENDOR / "VENDOR.json").read_text())
    found = {
        path.relative_to(VENDOR).as_posix(): "sha256:"
        + hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "VENDOR.json"
    }
    assert found == listed["files"]
    assert listed["licence"] == "Apache-2.0"


def test_the_description_documents_problems_and_the_key(app: FastAPI) -> None:
    described = app.openapi()
    assert "Problem" in described["components"]["schemas"]
    assert "HTTPValidationError" not in described["components"]["schemas"]
    assert described["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert operation["security"] == [{"key": []}], (path, method)
            for status, response in operation["responses"].items():
                if not status.startswith("2"):
                    assert list(response["content"]) == ["application/problem+json"]
    references = re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(described))
    assert set(references) <= set(described["components"]["schemas"])


def test_large_answers_are_compressed(client: TestClient) -> None:
    answer = client.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"


def test_the_app_for_uvicorn_is_made_when_it_is_asked_for(data_dir: Path) -> None:
    made = application.app
    try:
        assert isinstance(made, FastAPI)
        assert application.app is made
        assert (data_dir / "lantian.sqlite3").exists()
    finally:
        made.state.parts.close()
        del application.__dict__["app"]


def test_a_name_that_the_module_has_not_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        _ = application.nothing


@pytest.fixture
def address(sqlite_store_url: str, data_dir: Path, free_port: int) -> Iterator[str]:
    """A real server, as a browser sees it."""
    from lantian.clock import SystemClock

    settings = Settings(data_dir=data_dir, base_url=f"http://127.0.0.1:{free_port}")
    store = Store(sqlite_store_url)
    upgrade(store)
    app = application.create_app(Parts(settings=settings, store=store, clock=SystemClock()))
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=free_port, log_level="warning")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    yield settings.base_url
    server.should_exit = True
    thread.join()


@pytest.mark.chromium
def test_the_documentation_shows_under_the_policy_and_asks_nobody_else(
    address: str, chromium_path: Path
) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(chromium_path), args=["--no-sandbox"]
        )
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.add_init_script(
            "window.violations = [];"
            "addEventListener('securitypolicyviolation',"
            " event => violations.push(event.violatedDirective + ' ' + event.blockedURI));"
        )
        page.goto(f"{address}/docs")
        page.get_by_text("/api/v1/notices/{notice_id}/actions").wait_for()
        page.get_by_text("/api/v1/notices/{notice_id}/actions").click()
        page.get_by_role("button", name="Try it out").wait_for()
        violations = page.evaluate("window.violations")
        browser.close()
    assert violations == []
    assert {url.split("/")[2] for url in asked if url.startswith("http")} == {address.split("/")[2]}
