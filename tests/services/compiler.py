"""A C compiler: what builds the matcher's inner loops."""

from pathlib import Path

from matchers.build import compiler
from tests.services.source import Installed, Missing, Source

PACKAGES = ("gcc", "libc6-dev")


def find() -> Source:
    """Where a compiler is on this machine."""
    path = compiler()
    if path is None:
        return Missing("no C compiler; run `make test` as root on Debian or install gcc, libc6-dev")
    return Installed(Path(path))
