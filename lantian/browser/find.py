"""Where Chromium is on this machine."""

import json
import os
import shutil
from importlib import resources
from pathlib import Path

from lantian.errors import BrowserUnavailable

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
MACS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
CACHES = ("~/.cache/ms-playwright", "~/Library/Caches/ms-playwright")
BUILDS = ("chrome-linux*/chrome", "chrome-mac*/*.app/Contents/MacOS/*")
CURE = (
    "Run `playwright install --with-deps chromium`, or `apt-get install chromium`,"
    " or set LANTIAN_CHROMIUM to its path."
)


def find_chromium(setting: str = "") -> Path:
    """The program: the one that the setting names, Playwright's own, else the system's.

    Raises `BrowserUnavailable` with the ways to install one.
    """
    if setting:
        path = Path(setting).expanduser()
        if not os.access(path, os.X_OK) or path.is_dir():
            raise BrowserUnavailable(f"{path} is no program that can be run.", hint=CURE)
        return path
    for own in _of_playwright():
        return own
    for name in NAMES:
        program = shutil.which(name)
        if program is not None and not _is_snap(Path(program)):
            return Path(program)
    for mac in MACS:
        if os.access(mac, os.X_OK):
            return Path(mac)
    raise BrowserUnavailable("no Chromium was found.", hint=CURE)


def _of_playwright() -> list[Path]:
    """What `playwright install chromium` laid down for the Playwright that is installed."""
    described = resources.files("playwright") / "driver" / "package" / "browsers.json"
    entries = json.loads(described.read_text("utf-8"))["browsers"]
    revision = next(entry["revision"] for entry in entries if entry["name"] == "chromium")
    folders = (os.environ.get("PLAYWRIGHT_BROWSERS_PATH", ""), *CACHES)
    return [
        found
        for folder in folders
        if folder
        for build in BUILDS
        for found in sorted((Path(folder).expanduser() / f"chromium-{revision}").glob(build))
        if os.access(found, os.X_OK)
    ]


def _is_snap(program: Path) -> bool:
    """Ubuntu's package is a script that fetches a snap, which sees neither /tmp nor our folders."""
    if "/snap/" in str(program.resolve()):
        return True
    with program.open("rb") as handle:
        return b"/snap/" in handle.read(4000)
