"""The labelled set is what its data card says."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from matchers.evaluate import Labelled, read_row

FOLDER = Path(__file__).parent / "labelled"
HALVES = ("dev", "unseen")


def rows(half: str) -> list[Labelled]:
    lines = (FOLDER / f"{half}.jsonl").read_text("utf-8").splitlines()
    return [read_row(json.loads(line)) for line in lines]


def test_the_frozen_half_is_the_one_that_was_frozen() -> None:
    wanted = (FOLDER / "unseen.jsonl.sha256").read_text("utf-8").split()[0]
    assert hashlib.sha256((FOLDER / "unseen.jsonl").read_bytes()).hexdigest() == wanted


def test_no_more_than_five_runs_on_it_are_written_down() -> None:
    card = (FOLDER / "README.md").read_text("utf-8")
    runs = card.split("| date | commit | why |")[1].splitlines()[2:]
    assert len([run for run in runs if run.startswith("|")]) <= 5


def test_ids_and_texts_stand_once() -> None:
    both = [row for half in HALVES for row in rows(half)]
    assert len(both) >= 3_000
    assert len({row.id for row in both}) == len({row.text for row in both}) == len(both)


@pytest.mark.parametrize("half", HALVES)
def test_the_shares_are_those_asked_for(half: str) -> None:
    found = rows(half)
    whole = len(found)
    assert sum(row.label == "clean" for row in found) >= 0.55 * whole
    assert sum(row.hard for row in found) >= 0.30 * whole
    assert sum(row.label == "unsure" for row in found) <= 0.08 * whole
    assert sum(300 <= len(row.text) <= 900 for row in found) >= 0.33 * whole
    assert len({claim for row in found for claim in row.claims}) == 18


def test_the_halves_share_no_wording() -> None:
    runs: dict[str, set[str]] = {}
    for half in HALVES:
        texts = ("".join(row.text.split()) for row in rows(half))
        runs[half] = {text[at : at + 16] for text in texts for at in range(len(text) - 15)}
    assert runs["dev"].isdisjoint(runs["unseen"])


def test_no_telephone_of_anybody_stands_in_it() -> None:
    for half in HALVES:
        for row in rows(half):
            assert not re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", row.text), row.id
