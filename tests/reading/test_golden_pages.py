"""Saved pages of every site with what is read from them.

`tests/crawler/pages/<profile>/<case>/` holds the page's bytes and `expected.json`: how it came in,
and what it says.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from lantian.reading import (
    RawPage,
    Reading,
    find_profile,
    needs_child,
    profile_names,
    read_guarded,
    read_page,
)

PAGES = Path(__file__).resolve().parents[1] / "crawler" / "pages"
CASES = sorted(path.parent for path in PAGES.glob("*/*/expected.json"))


def as_expected(reading: Reading) -> dict[str, Any]:
    """A reading in the form of `expected.json`."""
    documents = []
    for document in reading.documents:
        fields = asdict(document)
        fields["posted_at"] = document.posted_at.isoformat() if document.posted_at else None
        fields["missing"] = list(document.missing)
        fields["pictures"] = list(document.pictures)
        documents.append({k: v for k, v in fields.items() if v not in ("", None, {}, [])})
    return {
        "kind": reading.kind,
        "title": reading.title,
        "charset": reading.charset,
        "outcome_hint": reading.outcome_hint,
        "unreadable": (reading.unreadable or "").partition(":")[0] or None,
        "needs_browser": reading.needs_browser,
        "absent": list(reading.absent),
        "text": None if reading.documents else reading.text,
        "documents": documents,
        "links": [[link.role, link.url, link.text] for link in reading.links],
    }


def load(case: Path) -> tuple[RawPage, dict[str, Any]]:
    saved = json.loads((case / "expected.json").read_text())
    (body,) = case.glob("page.*")
    headers = tuple((name.encode(), value.encode()) for name, value in saved["headers"])
    raw = RawPage(saved["url"], saved["status"], headers, body.read_bytes(), saved["via"])
    return raw, saved["expected"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_a_saved_page_says_what_it_said_when_it_was_saved(case: Path) -> None:
    raw, expected = load(case)
    reading = read_page(raw, find_profile(case.parent.name))
    assert as_expected(reading) == expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_a_saved_page_is_read_in_place_and_the_same_in_the_child(case: Path) -> None:
    raw, expected = load(case)
    assert not needs_child(raw)
    reading = read_guarded(raw, find_profile(case.parent.name), seconds=30, second=True)
    assert as_expected(reading) == expected


def test_every_profile_has_saved_pages() -> None:
    assert {case.parent.name for case in CASES} == set(profile_names())
