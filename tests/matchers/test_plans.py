"""Official texts speak of every claim and make none."""

import hashlib
import os
import re
from pathlib import Path

import pytest

from matchers.scan import Matcher

PLANS = Path(__file__).parent / "plans"
FILES = sorted(PLANS.glob("*.txt"))


def test_the_plans_are_the_documents_that_the_list_names() -> None:
    listed = set(re.findall(r"[0-9a-f]{64}", (PLANS / "SOURCES.md").read_text(encoding="utf-8")))
    assert {hashlib.sha256(file.read_bytes()).hexdigest() for file in FILES} == listed


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_plan_gives_no_hit(shipped: Matcher, file: Path) -> None:
    assert shipped.scan(file.read_text(encoding="utf-8")).hits == ()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_paragraph_of_a_plan_gives_a_hit_by_itself(shipped: Matcher, file: Path) -> None:
    for paragraph in file.read_text(encoding="utf-8").splitlines():
        assert shipped.scan(paragraph).hits == (), paragraph


def test_further_official_texts_give_no_hit(shipped: Matcher) -> None:
    folder = os.environ.get("LANTIAN_PLANS")
    for file in sorted(Path(folder).glob("*.txt")) if folder else FILES:
        assert shipped.scan(file.read_text(encoding="utf-8")).hits == (), file.name
