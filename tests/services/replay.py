"""pywb: an environment beside ours, because its pins contradict Playwright's and Scrapy's."""

from pathlib import Path

from tests.services.source import Installed, Missing, Source

PYTHON = Path(__file__).parents[2] / ".venv-pywb" / "bin" / "python"


def find() -> Source:
    """Where the Python with pywb is."""
    if PYTHON.exists():
        return Installed(PYTHON)
    return Missing("no .venv-pywb; run `make test` or `scripts/setup.sh pywb`")
