"""What the tests of matching share: a pack of rules, compiled once, and where it is kept."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from lantian.matching.setup import Setup
from matchers.scan import Matcher
from tests.packs import FOUR

OFFER = "发明专利包授权，三个月下证，加微信详谈"
DAY = date(2026, 6, 1)


@pytest.fixture(scope="session")
def setup(tmp_path_factory: pytest.TempPathFactory) -> Setup:
    """A pack of rules alone, kept compiled in a folder of these tests."""
    return Setup(FOUR, tmp_path_factory.mktemp("cache"), DAY)


@pytest.fixture(scope="session")
def matcher(setup: Setup) -> Matcher:
    return setup.matcher()


@pytest.fixture(scope="session")
def line() -> Callable[[str, str], bytes]:
    """A line of input."""
    return lambda name, text: (
        json.dumps({"id": name, "text": text}, ensure_ascii=False).encode() + b"\n"
    )


@pytest.fixture(scope="session")
def many(line: Callable[[str, str], bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of some batches: texts with claims and without, and lines that are wrong."""
    file = tmp_path_factory.mktemp("many") / "many.jsonl"
    with file.open("wb") as out:
        for number in range(3_000):
            text = f"第{number}条，今天天气很好，我们去公园散步。" * (1 + number % 40)
            out.write(line(str(number), text + (OFFER if number % 7 == 0 else "")))
            if number % 500 == 250:
                out.write(b"not json\n\n" + b'{"id": "\xff"}\n')
        out.write(line("no end", OFFER).rstrip(b"\n"))
    return file
