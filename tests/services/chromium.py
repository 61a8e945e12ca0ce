"""Chromium: the program that the browser tests drive."""

import os
import shutil
from pathlib import Path

from tests.services.source import Given, Installed, Missing, Source, given

VARIABLE = "LANTIAN_TEST_CHROMIUM"
PACKAGES = ("chromium", "fonts-noto-cjk")

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
CACHES = ("~/.cache/ms-playwright", "~/Library/Caches/ms-playwright")
BUILDS = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
)


def find() -> Source:
    """Where Chromium is on this machine."""
    path = given(VARIABLE)
    if path is not None:
        return path
    for name in NAMES:
        program = shutil.which(name)
        if program is not None and not _is_snap(Path(program)):
            return Installed(Path(program))
    for cache in (os.getenv("PLAYWRIGHT_BROWSERS_PATH", ""), *CACHES):
        for build in BUILDS if cache else ():
            found = sorted(Path(cache).expanduser().glob(build))
            if found:
                return Installed(found[-1])
    return Missing(f"no Chromium; run `make test` as root on Debian or set {VARIABLE}")


def path_of(source: Source) -> Path:
    """The program that `source` names."""
    match source:
        case Given(url):
            return Path(url)
        case Installed(home):
            return home
        case _:
            raise RuntimeError(str(source))


def _is_snap(program: Path) -> bool:
    """Ubuntu's package is a script that fetches a snap; a snap sees neither /tmp nor /var/tmp."""
    return b"/snap/" in program.read_bytes()[:4000] or "/snap/" in str(program.resolve())
