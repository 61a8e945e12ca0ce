"""Packs of tests, so that what they find does not change with the shipped one."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from matchers.scan import Matcher

FOUR = Path(__file__).parent / "matchers" / "packs" / "four"
"""Rules alone, of the four claims with which everything began."""


@cache
def four() -> Matcher:
    """The matcher of `FOUR`, compiled once for all tests of this process."""
    from lantian.rulebook.compiled import load_matcher

    return load_matcher(FOUR, _folder())


def keep_four(data: Path) -> None:
    """Lay the compiled `FOUR` where an installation with this data folder looks for it."""
    four()
    (data / "cache").mkdir(parents=True, exist_ok=True)
    for file in _folder().iterdir():
        place = data / "cache" / file.name
        if not place.exists():
            place.symlink_to(file)


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="lantian-matchers-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
