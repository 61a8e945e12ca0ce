"""What the tests of the matcher share: two packs, compiled once, and labelled texts.

`matcher` has a pack of rules alone, of the four claims with which everything began: what is tested
with it is how rules work. `shipped` is the pack that Lantian ships, with learnt weights.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from matchers import engine, native
from matchers.pack import Pack, load_pack
from matchers.scan import Hit, Matcher

DATA = Path(__file__).parent / "data"
FOUR = Path(__file__).parent / "packs" / "four"


@pytest.fixture(params=[pytest.param("in C", marks=pytest.mark.compiler), "in Python"])
def loops(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Both ways in which the inner loops run, whichever is built here."""
    if request.param == "in Python":
        monkeypatch.setattr(native, "library", lambda: None)
    engine.available.cache_clear()
    yield request.param
    engine.available.cache_clear()


@pytest.fixture(scope="session")
def pack() -> Pack:
    return load_pack(FOUR)


@pytest.fixture(scope="session")
def shipped_pack() -> Pack:
    return load_pack()


@pytest.fixture(scope="session")
def shipped(shipped_pack: Pack) -> Matcher:
    return Matcher.compile(shipped_pack)


@pytest.fixture(scope="session")
def matcher(pack: Pack) -> Matcher:
    return Matcher.compile(pack)


@pytest.fixture(scope="session")
def claims_of(matcher: Matcher) -> Callable[[str], set[str]]:
    """The claims that the rules find in a text."""
    return lambda text: {hit.claim for hit in matcher.scan(text).hits}


@pytest.fixture(scope="session")
def hits_of(matcher: Matcher) -> Callable[[str], tuple[Hit, ...]]:
    """The hits of the rules in a text."""
    return lambda text: matcher.scan(text).hits


@pytest.fixture(scope="session")
def labelled() -> list[dict[str, Any]]:
    """Every labelled text of the folder `data`."""
    rows = []
    for file in sorted(DATA.glob("*.jsonl")):
        lines = file.read_text(encoding="utf-8").splitlines()
        rows += [json.loads(line) for line in lines]
    return rows
