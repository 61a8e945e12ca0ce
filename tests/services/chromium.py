"""Chromium: the program that the browser tests drive."""

from pathlib import Path

from lantian.browser.find import find_chromium
from lantian.errors import BrowserUnavailable
from tests.services.source import Given, Installed, Missing, Source, given

VARIABLE = "LANTIAN_TEST_CHROMIUM"
PACKAGES = ("chromium", "fonts-noto-cjk")


def find() -> Source:
    """Where Chromium is on this machine."""
    path = given(VARIABLE)
    if path is not None:
        return path
    try:
        return Installed(find_chromium())
    except BrowserUnavailable:
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
