"""Settings come from a file and from variables, and a wrong one is named."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from lantian.errors import ConfigError
from lantian.settings import Settings, load_settings


def test_variables_win_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "lantian.toml"
    file.write_text('hold_seconds = 30\norganisation = "某局"\n')
    monkeypatch.setenv("LANTIAN_CONFIG", str(file))
    monkeypatch.setenv("LANTIAN_HOLD_SECONDS", "40")
    settings = load_settings()
    assert (settings.hold_seconds, settings.organisation) == (40, "某局")


def test_lists_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANTIAN_REPORT_TO", "a@b.example, c@d.example")
    monkeypatch.setenv("LANTIAN_RECHECK_AFTER_HOURS", "0.5,24")
    monkeypatch.setenv("LANTIAN_OWN_NETWORKS", "1.2.3.0/24, 2a00:1::/32")
    settings = load_settings()
    assert settings.report_to == ("a@b.example", "c@d.example")
    assert settings.recheck_after_hours == (0.5, 24.0)
    assert settings.own_networks == (ip_network("1.2.3.0/24"), ip_network("2a00:1::/32"))


@pytest.mark.parametrize(
    "name, value",
    [
        ("HOLD_SECONDS", "soon"),
        ("LOCALE", "fr"),
        ("ACT_WORKING_DAYS", "0"),
        ("WRITER", "thread"),
        ("OWN_NETWORKS", "1.2.3.4/24"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"LANTIAN_{name}", value)
    with pytest.raises(ConfigError, match=name.lower()):
        load_settings()


def test_a_setting_that_is_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "lantian.toml"
    file.write_text("hold_second = 30\n")
    monkeypatch.setenv("LANTIAN_CONFIG", str(file))
    with pytest.raises(ConfigError, match="hold_second"):
        load_settings()


def test_a_secret_shows_in_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANTIAN_SMTP_URL", "smtp://u:pa55@mail.example")
    assert "pa55" not in repr(load_settings())


def test_cookies_go_over_https_where_the_address_does() -> None:
    assert Settings(base_url="https://lantian.example").cookies_over_https
    assert not Settings(base_url="http://127.0.0.1:8000").cookies_over_https
    assert Settings(base_url="http://127.0.0.1:8000", secure_cookies=True).cookies_over_https


def test_profiles_of_ones_own_lie_in_the_data_folder_unless_set_elsewhere(tmp_path: Path) -> None:
    assert Settings(data_dir=tmp_path).profiles_dir == tmp_path / "profiles"
    assert Settings(data_dir=tmp_path, profiles_dir=Path("other")).profiles_dir == Path("other")
