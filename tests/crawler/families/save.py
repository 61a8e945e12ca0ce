"""Writes the saved pages of the families anew: `python -m tests.crawler.families.save`.

Look at what changed before it is committed: the expected readings are what the reader says now.
"""

import json
from importlib import import_module
from pathlib import Path
from types import ModuleType

from lantian.reading import RawPage, find_profile, read_page
from tests.reading.test_golden_pages import PAGES, as_expected
from tests.services.loopback import Page

FAMILIES = {
    "family-agency": "agency",
    "family-articles": "articles",
    "family-discuz": "discuz",
    "family-flarum": "flarum",
    "family-nodebb": "nodebb",
    "family-qa": "qa",
    "family-search": "engine",
    "family-shop": "shop",
    "family-tieba": "tieba",
}
"""The module that serves a site of the family."""


def module_of(family: str) -> ModuleType:
    """The module that serves a site of the family."""
    return import_module(f"tests.crawler.families.{FAMILIES[family]}")


def golden(family: str) -> dict[str, tuple[RawPage, Page]]:
    """The saved cases of a family: how each page came in, and the page that is served."""
    site = module_of(family)
    pages = site.pages()
    cases = {}
    for case, path in site.GOLDEN.items():
        page = pages[path]
        headers = [("content-type", page.media_type), *page.headers.items()]
        pairs = tuple((name.encode(), value.encode()) for name, value in headers)
        cases[case] = (RawPage(f"http://{site.HOST}{path}", page.status, pairs, page.data), page)
    return cases


def save(folder: Path, raw: RawPage, family: str) -> None:
    """Write one case."""
    folder.mkdir(parents=True, exist_ok=True)
    ending = "json" if "json" in raw.header(b"content-type") else "html"
    (folder / f"page.{ending}").write_bytes(raw.body)
    content = {
        "url": raw.url,
        "status": raw.status,
        "headers": [[name.decode(), value.decode()] for name, value in raw.headers],
        "via": raw.via,
        "expected": as_expected(read_page(raw, find_profile(family))),
    }
    text = json.dumps(content, ensure_ascii=False, indent=2)
    (folder / "expected.json").write_text(text + "\n", "utf-8")


def main() -> None:
    """Save every case of every family."""
    for family in FAMILIES:
        for case, (raw, _) in golden(family).items():
            save(PAGES / family / case, raw, family)


if __name__ == "__main__":
    main()
