"""What is written in pictures becomes part of what documents say, on either store."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from lantian.clock import legal_day
from lantian.evidence.retention import Retention
from lantian.evidence.sealing import Sealing
from lantian.evidence.verify import verify
from lantian.intake.again import rematch
from lantian.intake.forgetting import forget_some
from lantian.intake.pictures import (
    ask_for_pictures,
    ask_to_read,
    documents_to_join,
    join_pictures,
    note_read,
    pictures_due,
    waiting_pictures,
)
from lantian.model import Artifact, Capture, Clue, Document, Hit, Job, Page, Picture, PicturePlace
from lantian.pictures.known import known_pictures
from lantian.pictures.lines import Line, ReadPicture
from lantian.reading import Reading
from tests.intake.conftest import GUARANTEE, START, Site

A, B = "https://img.example/a.png", "https://img.example/b.png?t=1"
GOODS = "https://shop.example/goods/1"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n"


def shop_page(site: Site, *pictures: str, text: str = "图文详情见下。") -> Reading:
    return site.reading(site.document("1", text, pictures=pictures))


def crawl(site: Site, page: Reading) -> None:
    site.begin()
    assert site.context is not None
    site.context = replace(site.context, pictures=True)
    site.take(site.visit(GOODS, page, body=repr(page).encode()))
    site.finish()


def due(site: Site) -> list[str]:
    with site.store.read() as session:
        return sorted(one.url for one in session.scalars(pictures_due(1, site.clock.now())))


def fetch(site: Site, **bodies: str) -> int:
    """A run over these pictures; its crawl."""
    context = site.begin("pictures")
    urls = {"a": A, "b": B}
    site.take(
        *(
            site.visit(
                urls[name],
                body=body.encode(),
                raw_head=HEAD,
                purpose="pictures",
                role="picture",
                outcome="seen" if body else "failed",
                status=200 if body else None,
            )
            for name, body in bodies.items()
        )
    )
    site.finish()
    return context.crawl_id


def read(site: Site, crawl_id: int) -> tuple[int, int]:
    """Read what is written in each picture, which is its payload; how many were read and joined."""
    now = site.clock.now()
    with site.store.write() as session:
        waiting = session.execute(waiting_pictures(crawl_id)).all()
        for picture_id, capture_id in waiting:
            capture = session.get_one(Capture, capture_id)
            written = site.archive.read(capture.artifacts[0]).decode()
            box = (0, 0, 100, 0, 100, 20, 0, 20)
            lines = tuple(Line(one, 0.9, box) for one in written.split("|") if one != "nothing")
            note_read(
                session,
                picture_id,
                ReadPicture("read", "image/png", 100, 20, lines),
                reader="test",
                now=now,
            )
        ids = list(session.scalars(documents_to_join(crawl_id)))
        made = join_pictures(session, ids, site.matcher, now=now)
        return len(waiting), made.versions


def texts(site: Site) -> list[str]:
    return [one.text for one in site.rows(Document)]


def test_a_picture_is_fetched_read_and_matched_with_the_document(site: Site) -> None:
    crawl(site, shop_page(site, A, B))
    assert due(site) == [A, B]
    with site.store.write() as session:
        assert ask_for_pictures(session, 1, "first", now=site.clock.now())
    assert site.rows(Hit) == []
    crawl_id = fetch(site, a=f"三十年老店|{GUARANTEE}", b="nothing")
    assert due(site) == []
    with site.store.write() as session:
        assert ask_to_read(session, crawl_id, now=site.clock.now())
    assert read(site, crawl_id) == (2, 1)
    own = "图文详情见下。"
    first, second = site.rows(Document)
    assert (first.text, first.current) == (own, False)
    assert (second.text, second.current, second.version) == (
        f"{own}\n三十年老店\n{GUARANTEE}",
        True,
        2,
    )
    places = [one for one in site.rows(PicturePlace) if one.document_id == second.id]
    assert [second.text[one.start : one.end] for one in places if one.start is not None] == [
        f"三十年老店\n{GUARANTEE}"
    ]
    hits = site.rows(Hit)
    assert hits
    assert {hit.document_id for hit in hits} == {second.id}
    for hit in hits:
        assert second.text[hit.start : hit.end] == hit.text
        assert places[0].start <= hit.start < hit.end <= places[0].end
    (clue,) = site.rows(Clue)
    assert clue.document_id == second.id
    captures = {one.url: one for one in site.rows(Capture)}
    assert captures[A].payload_digest in {picture.digest for picture in site.rows(Picture)}
    assert (captures[A].hit_count, captures[A].expires_at) == (len(hits), None)
    assert (captures[GOODS].hit_count, captures[GOODS].expires_at) == (len(hits), None)
    assert captures[B].expires_at is not None
    kinds = [job.kind for job in site.rows(Job)]
    assert kinds.count("evidence") == 1


def test_what_is_known_of_a_picture_holds_for_the_next_version_at_once(site: Site) -> None:
    crawl(site, shop_page(site, A, B))
    read(site, fetch(site, a=GUARANTEE, b="nothing"))
    before = len(site.rows(Document)), len(site.rows(Hit))
    site.clock.advance(timedelta(hours=2))
    crawl(site, shop_page(site, A, B))
    # A picture under another query is the same as long as its page says nothing else.
    crawl(site, shop_page(site, A, B.replace("t=1", "t=2")))
    assert (len(site.rows(Document)), len(site.rows(Hit))) == before
    crawl(site, shop_page(site, A, B, text="图文详情见下，欢迎咨询。"))
    assert texts(site)[-1] == f"图文详情见下，欢迎咨询。\n{GUARANTEE}"
    newest = site.rows(Document)[-1]
    assert [one.text for one in site.rows(Hit) if one.document_id == newest.id]
    (clue,) = site.rows(Clue)
    assert (clue.document_id, clue.presence) == (newest.id, "online")
    # The picture is gone from the page, and with it what it said.
    crawl(site, shop_page(site, B, text="图文详情见下，欢迎咨询。"))
    assert texts(site)[-1] == "图文详情见下，欢迎咨询。"
    assert site.rows(Clue)[0].presence == "changed"


def test_other_bytes_under_the_same_address_are_read_and_the_same_are_not(site: Site) -> None:
    crawl(site, shop_page(site, A, B))
    read(site, fetch(site, a=GUARANTEE, b="nothing"))
    site.clock.advance(timedelta(days=8))
    # Only what stands in a document is looked at again.
    assert due(site) == [A]
    crawl_id = fetch(site, a=GUARANTEE)
    assert read(site, crawl_id) == (0, 0)
    site.clock.advance(timedelta(days=15))
    assert read(site, fetch(site, a="代理查询服务")) == (1, 1)
    assert texts(site)[-1] == "图文详情见下。\n代理查询服务"
    assert site.rows(Clue)[0].presence == "changed"


def test_the_same_picture_of_two_listings_is_read_once_and_stands_in_both(site: Site) -> None:
    crawl(site, shop_page(site, A))
    site.begin()
    assert site.context is not None
    site.context = replace(site.context, pictures=True)
    other = site.reading(site.document("2", "另一个商品。", pictures=(B,)))
    site.take(site.visit("https://shop.example/goods/2", other))
    site.finish()
    crawl_id = fetch(site, a=GUARANTEE, b=GUARANTEE)
    assert read(site, crawl_id) == (1, 2)
    assert len(site.rows(Picture)) == 1
    assert len({hit.document_id for hit in site.rows(Hit)}) == 2


def test_a_picture_that_cannot_be_had_is_asked_for_again_later(site: Site) -> None:
    crawl(site, shop_page(site, A))
    crawl_id = fetch(site, a="")
    with site.store.read() as session:
        assert session.execute(waiting_pictures(crawl_id)).all() == []
        assert session.scalars(select(Page.last_outcome).where(Page.url == A)).one() == "failed"
    assert due(site) == []
    site.clock.advance(timedelta(hours=2))
    assert due(site) == [A]


def test_a_hit_that_a_new_pack_finds_in_a_picture_keeps_its_capture(site: Site) -> None:
    crawl(site, shop_page(site, A))
    read(site, fetch(site, a=GUARANTEE))
    with site.store.write() as session:
        for hit in session.scalars(select(Hit)):
            session.delete(hit)
        for capture in session.scalars(select(Capture)):
            capture.hit_count, capture.expires_at = 0, site.clock.now()
        session.flush()
        rematch(session, site.matcher, now=site.clock.now())
    kept = {one.url: (one.hit_count > 0, one.expires_at) for one in site.rows(Capture)}
    assert kept == {A: (True, None), GOODS: (True, None)}


def test_what_is_written_in_a_picture_is_forgotten_with_its_document(site: Site) -> None:
    crawl(site, shop_page(site, A, B))
    read(site, fetch(site, a="专利查询服务", b="nothing"))
    site.clock.advance(timedelta(days=400))
    with site.store.write() as session:
        before = site.clock.now() - timedelta(days=365)
        assert forget_some(session, before=before, now=site.clock.now()).documents == 2
    assert [(one.state, one.lines) for one in site.rows(Picture)] == [("waiting", [])] * 2
    assert {(one.picture_id, one.start) for one in site.rows(PicturePlace)} == {(None, None)}
    # Nobody shows them any more; when somebody does, they are fetched and read again.
    assert due(site) == []
    crawl(site, shop_page(site, A, B))
    assert due(site) == [A, B]
    assert read(site, fetch(site, a="专利查询服务", b="nothing")) == (2, 1)
    assert texts(site)[-1].endswith("\n专利查询服务")


def test_a_clean_picture_goes_when_its_time_is_over_and_one_that_hit_stays(site: Site) -> None:
    crawl(site, shop_page(site, A, B))
    read(site, fetch(site, a=GUARANTEE, b="nothing"))
    site.warc.close()
    later = START + timedelta(days=400)
    day = legal_day(START + timedelta(days=1))
    list(Sealing(site.store, site.archive).through(day, now=later, real_now=later))
    keeping = Retention(site.store, site.archive, timedelta(0))
    list(keeping.expire(now=lambda: later, real_now=lambda: later))
    with site.store.read() as session:
        gone = session.scalars(
            select(Capture.url)
            .join(Artifact, Artifact.capture_id == Capture.id)
            .where(Artifact.deletion_id.is_not(None))
        )
        assert set(gone) == {B}
        assert list(map(str, verify(session, site.archive))) == []
        # What is gone says nothing any more: a hit cannot stand without its capture.
        assert {
            url: one.capture_id is not None
            for url, one in known_pictures(session, 1, [A, B]).items()
        } == {A: True, B: False}


@pytest.mark.parametrize("pictures", [(), (A,)])
def test_without_the_extra_nothing_waits(site: Site, pictures: tuple[str, ...]) -> None:
    site.crawl(site.visit(GOODS, shop_page(site, *pictures)))
    assert due(site) == []
    assert site.rows(PicturePlace) == []
    assert site.rows(Document)[0].pictures == list(pictures)
