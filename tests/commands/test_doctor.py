"""`lantian doctor` finds what is wrong and names the cure."""

import json
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import create_engine
from typer.testing import CliRunner

from lantian.commands import doctor
from lantian.search.sqlite import SqliteIndex
from lantian.store import migrate
from lantian.store.engine import Store
from matchers import words
from tests.services.mail import Inbox

ROOT = Path(__file__).parents[2]


def examined() -> tuple[int, dict[str, list[dict[str, str]]]]:
    """The exit status of `lantian doctor --json`, and its findings by what was looked at."""
    app = typer.Typer()
    app.callback()(lambda: None)
    doctor.register(app)
    done = CliRunner().invoke(app, ["doctor", "--json"])
    findings: dict[str, list[dict[str, str]]] = {}
    for found in json.loads(done.stdout):
        findings.setdefault(found["check"], []).append(found)
    return done.exit_code, findings


def states(findings: dict[str, list[dict[str, str]]], check: str) -> list[str]:
    return [found["state"] for found in findings[check]]


@pytest.fixture(autouse=True)
def _in_an_empty_place(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test starts with an empty data folder, and with no browser: it takes long to start."""
    monkeypatch.setenv("LANTIAN_CHROMIUM", str(data_dir / "no-chromium"))


def test_a_store_that_is_not_there_yet_is_no_fault() -> None:
    _, findings = examined()
    assert states(findings, "store") == ["warn"]
    assert findings["store"][0]["cure"] == "Run `lantian upgrade`."


def test_looking_makes_nothing(data_dir: Path) -> None:
    examined()
    assert list(data_dir.iterdir()) == []


def test_a_store_at_the_newest_version_is_well(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANTIAN_STORE_URL", store_url)
    store = Store(store_url)
    migrate.upgrade(store)
    store.close()
    _, findings = examined()
    assert states(findings, "store") == ["ok"]
    assert "up to date" in findings["store"][0]["text"]


@pytest.mark.empty_store
def test_a_store_of_another_version_fails(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANTIAN_STORE_URL", store_url)
    engine = create_engine(store_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE something (id INTEGER)")
    engine.dispose()
    status, findings = examined()
    assert states(findings, "store") == ["fail"]
    assert "stands at version none" in findings["store"][0]["text"]
    assert findings["store"][0]["cure"]
    assert status == 1


def test_a_store_that_does_not_answer_fails_and_its_password_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    url = f"postgresql+psycopg://lantian:hushhush@127.0.0.1:{free_port}/lantian"
    monkeypatch.setenv("LANTIAN_STORE_URL", url)
    status, findings = examined()
    assert states(findings, "store") == ["fail"]
    assert "does not answer" in findings["store"][0]["text"]
    assert "hushhush" not in json.dumps(findings)
    assert status == 1


def test_an_embedded_index_that_was_built_is_well(data_dir: Path) -> None:
    index = SqliteIndex(data_dir / "index.sqlite3", tokeniser_version=words.VERSION)
    index.ensure()
    index.close()
    _, findings = examined()
    assert states(findings, "index") == ["ok"]
    assert "0 clues" in findings["index"][0]["text"]


def test_an_index_of_another_tokeniser_is_told(data_dir: Path) -> None:
    index = SqliteIndex(data_dir / "index.sqlite3", tokeniser_version="of long ago")
    index.ensure()
    index.close()
    _, findings = examined()
    assert states(findings, "index") == ["warn"]
    assert "lantian index rebuild" in findings["index"][0]["cure"]


def test_elasticsearch_without_our_index_is_told(
    elasticsearch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANTIAN_ES_URL", elasticsearch_url)
    monkeypatch.setenv("LANTIAN_ES_ALIAS", "not-built")
    _, findings = examined()
    assert states(findings, "index") == ["warn"]
    assert "lantian index rebuild" in findings["index"][0]["cure"]


def test_elasticsearch_that_does_not_answer_fails(
    monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    monkeypatch.setenv("LANTIAN_ES_URL", f"http://127.0.0.1:{free_port}")
    status, findings = examined()
    assert states(findings, "index") == ["fail"]
    assert status == 1


def test_chromium_is_started(chromium_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANTIAN_CHROMIUM", str(chromium_path))
    _, findings = examined()
    assert findings["Chromium"][0]["state"] == "ok"
    assert str(chromium_path) in findings["Chromium"][0]["text"]


def test_a_machine_without_chromium_is_told_how_to_get_one_and_does_not_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANTIAN_CHROMIUM", str(tmp_path / "chromium"))
    _, findings = examined()
    assert states(findings, "Chromium") == ["warn"]
    assert "playwright install" in findings["Chromium"][0]["cure"]


def test_a_chromium_that_does_not_start_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("LANTIAN_CHROMIUM", str(broken))
    _, findings = examined()
    assert states(findings, "Chromium") == ["warn"]
    assert "does not start" in findings["Chromium"][0]["text"]


def test_the_clock_is_compared_with_the_databases(
    postgres_store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANTIAN_STORE_URL", postgres_store_url)
    store = Store(postgres_store_url)
    migrate.upgrade(store)
    store.close()
    _, findings = examined()
    assert any("agrees with the database" in found["text"] for found in findings["clock"])


def test_a_clock_that_differs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    present = time.time()
    monkeypatch.setattr(time, "time", lambda: present - 90)
    _, findings = examined()
    assert states(findings, "clock") == ["warn"]
    assert "differs from the data folder's file system by +9" in findings["clock"][0]["text"]


def test_a_contact_for_sites_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = examined()[1]["contact"]
    assert found["state"] == "warn"
    assert "Set contact" in found["cure"]
    monkeypatch.setenv("LANTIAN_CONTACT", "mailto:crawl@office.example")
    (found,) = examined()[1]["contact"]
    assert (found["state"], found["cure"]) == ("ok", "")


def test_a_mail_server_that_answers_is_well_and_gets_no_mail(
    smtp_server: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANTIAN_SMTP_URL", smtp_server.url)
    _, findings = examined()
    assert states(findings, "mail") == ["ok"]
    assert smtp_server.messages == []


def test_a_mail_server_that_is_not_there_fails(
    monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    monkeypatch.setenv("LANTIAN_SMTP_URL", f"smtp://somebody:hushhush@127.0.0.1:{free_port}")
    status, findings = examined()
    assert states(findings, "mail") == ["fail"]
    assert "127.0.0.1 does not serve us" in findings["mail"][0]["text"]
    assert "hushhush" not in json.dumps(findings)
    assert status == 1


def test_a_mail_server_that_takes_no_log_in_fails(
    smtp_server: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = smtp_server.url.replace("//", "//somebody:hushhush@")
    monkeypatch.setenv("LANTIAN_SMTP_URL", url)
    _, findings = examined()
    assert states(findings, "mail") == ["fail"]


def test_wrong_settings_are_the_one_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANTIAN_HOLD_SECONDS", "soon")
    status, findings = examined()
    assert list(findings) == ["settings"]
    assert "hold_seconds" in findings["settings"][0]["text"]
    assert status == 1


def test_a_data_folder_under_a_file_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LANTIAN_DATA_DIR", str(tmp_path / "file" / "data"))
    status, findings = examined()
    assert states(findings, "data folder") == ["fail"]
    assert status == 1


def test_little_room_on_the_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "DISK_WARN", 1 << 60)
    assert states(examined()[1], "disk") == ["warn"]
    monkeypatch.setattr(doctor, "DISK_FAIL", 1 << 60)
    assert states(examined()[1], "disk") == ["fail"]


def test_an_old_sqlite_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "SQLITE_FLOOR", (99, 0, 0))
    _, findings = examined()
    assert states(findings, "SQLite") == ["warn"]
    assert "older than 99.0.0" in findings["SQLite"][0]["text"]


def test_the_floor_of_sqlite_is_the_one_of_the_security_floor() -> None:
    floor = tomllib.loads((ROOT / "security-floor.toml").read_text())["sqlite"]["least"]
    assert ".".join(map(str, doctor.SQLITE_FLOOR)) == floor


def test_a_machine_without_chinese_fonts_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(doctor, "FONT_FOLDERS", (str(tmp_path),))
    status, findings = examined()
    assert states(findings, "Chinese font") == ["fail"]
    assert "fonts-noto-cjk" in findings["Chinese font"][0]["cure"]
    assert status == 1


def test_a_chinese_font_is_found_without_fontconfig(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "noto").mkdir()
    (tmp_path / "noto" / "NotoSansCJK-Regular.ttc").write_bytes(b"")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(doctor, "FONT_FOLDERS", (str(tmp_path),))
    assert states(examined()[1], "Chinese font") == ["ok"]


def test_one_broken_check_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_settings: Any) -> Any:
        raise ZeroDivisionError("broken on purpose")

    monkeypatch.setitem(doctor.CHECKS, "SQLite", broken)
    status, findings = examined()
    assert "ZeroDivisionError: broken on purpose" in findings["SQLite"][0]["text"]
    assert states(findings, "clock") == ["ok"]
    assert status == 1


def test_the_table_for_people_names_state_and_cure() -> None:
    app = typer.Typer()
    app.callback()(lambda: None)
    doctor.register(app)
    done = CliRunner().invoke(app, ["doctor"])
    assert "warn  store" in done.stdout
    assert "Run `lantian upgrade`." in done.stdout
