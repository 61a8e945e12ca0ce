"""Ray: an environment beside ours, because it is 200 MB that only one test needs."""

from pathlib import Path

from tests.services.source import Installed, Missing, Source

PYTHON = Path(__file__).parents[2] / ".venv-ray" / "bin" / "python"


def find() -> Source:
    """Where the Python with Ray is."""
    if PYTHON.exists():
        return Installed(PYTHON)
    return Missing("no .venv-ray; run `make test` or `scripts/setup.sh ray`")
