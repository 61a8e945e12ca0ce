"""Finding Chromium, and deciding on its sandbox."""

import asyncio
import json
from importlib import resources
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from lantian.browser import find
from lantian.browser.find import find_chromium
from lantian.browser.launch import is_local, launch, sandbox_for
from lantian.egress.hosts import NO_HOSTS, HostMap
from lantian.errors import BrowserUnavailable


def program(path: Path, text: str = "#!/bin/sh\nexit 0\n") -> Path:
    """A file that can be run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any browser; programs laid into the folder are found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(find, "MACS", ())
    monkeypatch.delenv("PLAYWRIGHT_BROWSERS_PATH", raising=False)
    return folder


def test_the_setting_comes_first(bare_machine: Path, tmp_path: Path) -> None:
    program(bare_machine / "chromium")
    own = program(tmp_path / "my-chromium")
    assert find_chromium(str(own)) == own


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_a_setting_that_is_no_program_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(BrowserUnavailable, match="is no program that can be run"):
        find_chromium(str(tmp_path / name))


def test_playwrights_own_comes_before_the_systems(
    bare_machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = resources.files("playwright") / "driver" / "package" / "browsers.json"
    entries = json.loads(described.read_text("utf-8"))["browsers"]
    revision = next(entry["revision"] for entry in entries if entry["name"] == "chromium")
    system = program(bare_machine / "chromium")
    assert find_chromium() == system
    old = program(tmp_path / "cache" / "chromium-1" / "chrome-linux" / "chrome")
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "cache"))
    assert find_chromium() == system, old
    own = program(tmp_path / "cache" / f"chromium-{revision}" / "chrome-linux64" / "chrome")
    assert find_chromium() == own


def test_a_snap_is_passed_over(bare_machine: Path) -> None:
    program(bare_machine / "chromium-browser", "#!/bin/sh\nexec /snap/bin/chromium\n")
    chrome = program(bare_machine / "google-chrome")
    assert find_chromium() == chrome


def test_without_a_browser_the_ways_to_one_are_told(bare_machine: Path) -> None:
    with pytest.raises(BrowserUnavailable) as missing:
        find_chromium()
    assert "playwright install" in missing.value.hint
    assert "LANTIAN_CHROMIUM" in missing.value.hint


@pytest.mark.parametrize(
    "urls, local",
    [
        (["http://127.0.0.1:8000/"], True),
        (["http://[::1]:8000/", "http://127.1/"], True),
        (["http://shop.demo.example/"], True),
        (["http://shop.demo.example/", "https://real.example/"], False),
        (["https://real.example/"], False),
        (["http://10.0.0.1/"], False),
        ([], False),
    ],
)
def test_a_site_is_local_if_all_of_it_is_on_this_machine(urls: list[str], local: bool) -> None:
    hosts = HostMap.of({"shop.demo.example": ("127.0.0.1", 4123)})
    assert is_local(urls, hosts) is local
    assert not is_local(["http://shop.demo.example/"], NO_HOSTS)


def test_only_local_sites_run_without_the_sandbox() -> None:
    assert sandbox_for(local=False, root_allowed=False, uid=1000)
    assert sandbox_for(local=False, root_allowed=True, uid=1000)
    assert not sandbox_for(local=True, root_allowed=False, uid=1000)
    assert not sandbox_for(local=True, root_allowed=False, uid=0)


def test_as_root_a_real_site_gets_no_browser_unless_a_setting_says_so() -> None:
    with pytest.raises(BrowserUnavailable, match="no real site as root") as refused:
        sandbox_for(local=False, root_allowed=False, uid=0)
    assert "LANTIAN_BROWSER_AS_ROOT" in refused.value.hint
    assert not sandbox_for(local=False, root_allowed=True, uid=0)


def test_a_browser_that_does_not_start_is_named(tmp_path: Path) -> None:
    broken = program(tmp_path / "chromium", "#!/bin/sh\necho 'no library' >&2\nexit 127\n")

    async def start() -> None:
        async with async_playwright() as playwright:
            await launch(playwright, broken, proxy=None, sandbox=False)

    with pytest.raises(BrowserUnavailable, match="chromium does not start"):
        asyncio.run(start())
