"""Captures read again, and old documents under a new pack."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from lantian.intake.again import read_again, rematch
from lantian.model import Capture, Clue, Document, Hit, Job
from lantian.reading import RawPage, parse_profile
from matchers.scan import PageContext, ScanResult
from matchers.text import Tables

A = "https://shop.example/goods/1"
PROFILE = """
name: t
kind: site
documents:
  - kind: listing
    title: {css: h1}
    text: {css: p}
"""


@dataclass
class NewerPack:
    """The matcher under another pack hash; it may know nothing at all."""

    matcher: Any
    knows: bool = True
    pack_hash: str = "sha256:newer"

    @property
    def tables(self) -> Tables:
        """Those of the shipped pack."""
        tables: Tables = self.matcher.tables
        return tables

    def scan(self, text: str, *, page: PageContext | None = None) -> ScanResult:
        """What the shipped pack finds, or nothing."""
        return self.matcher.scan(text, page=page) if self.knows else ScanResult(())

    def scan_many(
        self, texts: Iterable[str], pages: Iterable[PageContext | None] = repeat(None)
    ) -> Iterator[ScanResult]:
        """The same of many texts."""
        for text, page in zip(texts, pages, strict=False):
            yield self.scan(text, page=page)


def _rematch(site: Any, matcher: Any) -> None:
    last: int | None = 0
    while last is not None:
        with site.store.write() as session:
            last = rematch(session, matcher, now=site.clock.now(), after_id=last, limit=1)


def test_a_capture_read_again_gives_its_documents_with_their_hits(site: Any) -> None:
    body = f"<h1>商品</h1><p>{site.guarantee}</p>".encode()
    raw = RawPage(A, 200, ((b"Content-Type", b"text/html; charset=utf-8"),), body)
    found = list(read_again(raw, parse_profile(PROFILE), site.matcher))
    ((document, hits),) = found
    assert hits
    assert all(document.text[hit.start : hit.end] == hit.text for hit in hits)


def test_a_new_pack_adds_hits_under_its_own_hash_and_open_clues_show_them(site: Any) -> None:
    site.crawl(site.visit(A, site.reading(site.document("1", site.guarantee), site.document("2"))))
    before = len(site.rows(Hit))
    _rematch(site, NewerPack(site.matcher))
    _rematch(site, NewerPack(site.matcher))
    assert len(site.rows(Hit)) == 2 * before
    (clue,) = site.rows(Clue)
    assert (clue.pack_hash, clue.revision) == ("sha256:newer", 2)


def test_a_pack_that_comes_back_shows_its_kept_hits_again(site: Any) -> None:
    site.crawl(site.visit(A, site.reading(site.document("1", site.guarantee))))
    _rematch(site, NewerPack(site.matcher))
    hits = len(site.rows(Hit))
    for _ in range(2):
        _rematch(site, site.matcher)
    assert len(site.rows(Hit)) == hits
    (clue,) = site.rows(Clue)
    assert (clue.pack_hash, clue.revision) == (site.matcher.pack_hash, 3)


def test_a_new_pack_that_finds_nothing_leaves_the_clue_to_a_person(site: Any) -> None:
    site.crawl(site.visit(A, site.reading(site.document("1", site.guarantee))))
    _rematch(site, NewerPack(site.matcher, knows=False))
    (clue,) = site.rows(Clue)
    assert (clue.state, clue.presence, clue.revision) == ("open", "online", 1)
    assert clue.pack_hash == site.matcher.pack_hash


def test_a_capture_that_a_new_pack_hits_is_kept_and_asks_for_an_evidence_visit(site: Any) -> None:
    knowing, site.matcher = site.matcher, NewerPack(site.matcher, knows=False)
    site.crawl(site.visit(A, site.reading(site.document("1", site.guarantee))))
    assert site.rows(Capture)[0].expires_at is not None
    _rematch(site, knowing)
    (capture,) = site.rows(Capture)
    assert (capture.expires_at, capture.hit_count) == (None, len(site.rows(Hit)))
    assert f"evidence:{capture.id}" in {job.key for job in site.rows(Job)}
    assert len(site.rows(Clue)) == 1


def test_only_the_newest_version_is_matched_again(site: Any) -> None:
    site.crawl(site.visit(A, site.reading(site.document("1", site.guarantee))))
    site.crawl(site.visit(A, site.reading(site.document("1", site.guarantee + "加急。"))))
    _rematch(site, NewerPack(site.matcher))
    old, new = site.rows(Document)
    newer = {hit.document_id for hit in site.rows(Hit) if hit.pack_hash == "sha256:newer"}
    assert (old.current, newer) == (False, {new.id})
