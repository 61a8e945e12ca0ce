"""A shadow pack reads along with the intake; whatever it does, the crawl goes on."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from lantian.access.users import Moment
from lantian.errors import Conflict, NotFound
from lantian.model import AuditEvent, Clue, Document, Hit, RulePack, ShadowHit, ShadowLook
from lantian.rulebook import shadow as shadowing
from lantian.rulebook.content import read_folder
from lantian.rulebook.overlap import Overlap, shadow_report
from lantian.rulebook.packs import Act, make_draft
from lantian.rulebook.shadow import MOST_SECONDS, Shadow
from matchers.pack import load_pack
from matchers.scan import Hit as Found
from matchers.scan import Matcher, ScanResult
from tests.intake.conftest import Site
from tests.packs import FOUR

CHANNEL = "商标走内部绿色通道，加微信咨询。"
URL = "https://shop.example/"


@pytest.fixture(scope="session")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped rules without one claim."""
    folder = tmp_path_factory.mktemp("packs") / "other"
    shutil.copytree(FOUR, folder)
    (folder / "guaranteed_grant.yaml").unlink()
    return folder


@pytest.fixture(scope="session")
def other_matcher(other: Path) -> Matcher:
    return Matcher.compile(load_pack(other))


def act(site: Site) -> Act:
    return Act("process:test", Moment(site.clock.now(), site.clock.now()))


def drafted(site: Site, folder: Path) -> RulePack:
    content = read_folder(folder)
    with site.store.write() as session:
        return make_draft(session, content, note="试用", act=act(site))


def shadowed(site: Site, folder: Path) -> RulePack:
    pack = drafted(site, folder)
    with site.store.write() as session:
        shadowing.start(session, session.get_one(RulePack, pack.id), act=act(site))
    return pack


def crawl(site: Site, shadow: Shadow, *texts: str, end: bool = True) -> None:
    """A crawl of one page with these postings, with the shadow beside it."""
    site.context = replace(site.begin(), shadow=shadow)
    take(site, *texts)
    if end:
        site.finish()


def take(site: Site, *texts: str) -> None:
    documents = [site.document(str(number), text) for number, text in enumerate(texts)]
    site.take(site.visit(URL, site.reading(*documents)))


class Wrapped:
    """A matcher with a fault put in."""

    pack_hash = "sha256:wrapped"

    def __init__(self, scan: Callable[[list[str]], list[ScanResult]]) -> None:
        self._scan = scan

    def scan_many(self, texts: Iterable[str], _pages: Any = None) -> Iterator[ScanResult]:
        yield from self._scan(list(texts))


def test_its_hits_are_kept_apart_and_make_no_clue(
    site: Site, other: Path, other_matcher: Matcher
) -> None:
    pack = shadowed(site, other)
    crawl(site, Shadow(pack.id, other_matcher), site.guarantee, CHANNEL, "今日上新")
    assert {hit.claim for hit in site.rows(ShadowHit)} == {"green_channel"}
    assert pack.hash not in {hit.pack_hash for hit in site.rows(Hit)}
    assert len(site.rows(Clue)) == 2
    assert len(site.rows(Document)) == 3
    with site.store.read() as session:
        report = shadow_report(session)
    assert report.documents == 3
    assert report.claims["green_channel"] == Overlap(both=1)
    assert report.claims["guaranteed_grant"] == Overlap(only_live=1)
    ((_, (read, by_day)),) = report.days.items()
    assert (read, by_day) == (3, Overlap(both=1, only_live=1))
    assert report.only_shadow == []
    assert "【" in report.only_live[0].text


def test_what_only_the_shadow_finds_is_told_with_a_sample(
    site: Site, matcher: Matcher, other: Path, other_matcher: Matcher
) -> None:
    pack = shadowed(site, other)
    site.matcher = other_matcher
    crawl(site, Shadow(pack.id, matcher), site.guarantee)
    assert site.rows(Clue) == []
    with site.store.read() as session:
        (sample,) = [s for s in shadow_report(session).only_shadow if "guaranteed" in s.claim]
    assert "包授权" in sample.text


def test_a_document_that_is_seen_again_counts_once(
    site: Site, other: Path, other_matcher: Matcher
) -> None:
    pack = shadowed(site, other)
    for more in ("", "今日上新"):
        crawl(site, Shadow(pack.id, other_matcher), CHANNEL, more or "改天再来")
    assert len(site.rows(Document)) == 3
    with site.store.read() as session:
        assert shadow_report(session).documents == 3
    hits = [(hit.document_id, hit.rule_id, hit.start, hit.end) for hit in site.rows(ShadowHit)]
    assert len(hits) == len(set(hits))
    assert {document for document, *_ in hits} == {1}


def broken(_texts: list[str]) -> list[ScanResult]:
    raise RuntimeError("it fell over \0\ud800")


def unstorable(texts: list[str]) -> list[ScanResult]:
    hit = Found("x", None, "h", 0, 1, "t", 1.0, "w", (), 1)  # type: ignore[arg-type]
    return [ScanResult((hit,)) for _ in texts]


@pytest.mark.parametrize("fault,told", [(broken, "it fell over"), (unstorable, "IntegrityError")])
def test_one_that_fails_is_ended_with_its_cause_and_the_crawl_goes_on(
    site: Site, other: Path, fault: Callable[[list[str]], list[ScanResult]], told: str
) -> None:
    pack = shadowed(site, other)
    shadow = Shadow(pack.id, Wrapped(fault))  # type: ignore[arg-type]
    crawl(site, shadow, site.guarantee, end=False)
    take(site, site.guarantee, CHANNEL)
    site.finish()
    assert len(site.rows(Clue)) == 2
    (row,) = site.rows(RulePack)
    assert row.state == "draft"
    assert told in row.fault
    assert site.rows(ShadowHit) == []
    with site.store.read() as session:
        ended = select(AuditEvent).where(AuditEvent.action == "rules.shadow_fault")
        assert len(session.scalars(ended).all()) == 1


def test_one_that_takes_too_long_is_ended(site: Site, other: Path, other_matcher: Matcher) -> None:
    pack = shadowed(site, other)
    times = iter([0.0, MOST_SECONDS + 1])
    crawl(site, Shadow(pack.id, other_matcher, lambda: next(times)), site.guarantee)
    (row,) = site.rows(RulePack)
    assert "it took 3.0 s" in row.fault
    assert len(site.rows(Clue)) == 1


def test_it_stops_with_the_next_batch_of_a_crawl_that_runs(
    site: Site, other: Path, other_matcher: Matcher
) -> None:
    pack = shadowed(site, other)
    crawl(site, Shadow(pack.id, other_matcher), CHANNEL, end=False)
    with site.store.write() as session:
        assert shadowing.stop(session, act=act(site)).id == pack.id
    take(site, CHANNEL, CHANNEL)
    site.finish()
    with site.store.read() as session:
        assert shadow_report(session).documents == 1


def test_there_is_one_at_a_time_and_each_begins_with_nothing(
    site: Site, other: Path, other_matcher: Matcher, tmp_path: Path
) -> None:
    with site.store.read() as session, pytest.raises(NotFound, match="no shadow run"):
        shadow_report(session)
    pack = shadowed(site, other)
    crawl(site, Shadow(pack.id, other_matcher), CHANNEL)
    shutil.copytree(other, tmp_path / "third")
    (tmp_path / "third" / "name_hanging.yaml").unlink()
    third = drafted(site, tmp_path / "third")
    with site.store.write() as session:
        row = session.get_one(RulePack, third.id)
        with pytest.raises(Conflict, match="is on"):
            shadowing.start(session, row, act=act(site))
        shadowing.stop(session, act=act(site))
        shadowing.start(session, row, act=act(site))
    with site.store.read() as session:
        assert session.scalars(select(ShadowLook)).all() == []
    with site.store.write() as session:
        shadowing.stop(session, act=act(site))
        with pytest.raises(Conflict, match="no shadow run is on"):
            shadowing.stop(session, act=act(site))
