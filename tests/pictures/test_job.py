"""From a shop's pictures to hits: fetched with its manners, read once, found again."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from lantian.evidence.again import ReadAgain
from lantian.evidence.archive import Archive
from lantian.evidence.verify import verify
from lantian.model import Capture, Clue, Document, Hit, Job, Page, Picture, PicturePlace
from lantian.pictures.known import lines_at, lines_of
from lantian.store.engine import Store
from tests.pictures.drawing import GUARANTEE, drawn
from tests.services.loopback import Installation, Site, serving
from tests.services.loopback import Page as Served

pytestmark = pytest.mark.ocr

PROFILE = """\
name: pictured
kind: shop
hosts: ["127.0.0.1"]
start: ["http://127.0.0.1/"]
manners: {delay: 0, concurrency: 4}
links:
  - {role: listing, css: "a.goods"}
documents:
  - kind: listing
    pages: ["/goods/{id}.html"]
    key: [{url: "/goods/{id}.html"}]
    title: h1
    text: [.detail]
    seller: {key: {const: "s1"}, name: {const: "一号店"}}
healthy: {pages: 0, documents: 0}
"""


def goods(number: int, *pictures: str) -> Served:
    images = "".join(f'<img data-src="{src}" src="/blank.gif">' for src in pictures)
    return Served(
        f"<html><body><h1>代理服务{number}</h1><div class=detail>图文详情见下。{images}</div>"
        "<img src='/logo.png'></body></html>"
    )


@pytest.fixture(scope="module")
def shop() -> Iterator[Site]:
    red = drawn([GUARANTEE])
    pages = {
        "/": Served("".join(f'<a class=goods href="/goods/{n}.html">{n}</a>' for n in range(1, 6))),
        "/robots.txt": Served("User-agent: *\nDisallow: /private/\n", media_type="text/plain"),
        "/goods/1.html": goods(1, "/img/red.png", "/img/tiny.png"),
        "/goods/2.html": goods(2, "/img/the-same.png?v=2"),
        "/goods/3.html": goods(3, "/img/page.png", "/img/cut.png", "/private/red.png"),
        "/goods/4.html": goods(4, "/img/clean.png"),
        "/goods/5.html": goods(5),
        "/img/red.png": Served(red, media_type="image/png"),
        "/img/the-same.png?v=2": Served(red, media_type="image/png"),
        "/img/tiny.png": Served(drawn([], size=(60, 60)), media_type="image/png"),
        "/img/page.png": Served("<html><script>alert(1)</script></html>", media_type="image/png"),
        "/img/cut.png": Served(red[: len(red) // 2], media_type="image/png"),
        "/private/red.png": Served(red, media_type="image/png"),
        "/img/clean.png": Served(drawn(["专利查询服务"]), media_type="image/png"),
    }
    with serving(pages) as served:
        yield served


@pytest.fixture(scope="module")
def installed(shop: Site, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation that has crawled the shop, with all that followed."""
    installation = Installation(tmp_path_factory.mktemp("pictures"))
    installation.profiles.mkdir(parents=True, exist_ok=True)
    profile = PROFILE.replace("127.0.0.1/", f"{shop.place}/")
    (installation.profiles / "pictured.yaml").write_text(profile)
    summary = crawled(installation, shop)
    assert summary["state"] == "finished", summary["said"]
    return installation


def crawled(installation: Installation, shop: Site) -> dict[str, Any]:
    """The summary of a crawl with all that followed it."""
    return installation.crawl("pictured", "--allow", shop.place, "--why", "a test")


@pytest.fixture
def store(installed: Installation) -> Iterator[Store]:
    opened = installed.store()
    yield opened
    opened.close()


def test_what_is_written_in_pictures_is_found_like_any_other_text(store: Store) -> None:
    with store.read() as session:
        found = session.execute(
            select(Document, Hit, PicturePlace, Picture, Capture)
            .join(Hit, Hit.document_id == Document.id)
            .join(PicturePlace, PicturePlace.document_id == Document.id)
            .join(Picture, Picture.id == PicturePlace.picture_id)
            .join(Capture, Capture.id == PicturePlace.capture_id)
            .where(PicturePlace.start <= Hit.start, Hit.end <= PicturePlace.end)
        ).all()
        assert {document.title for document, *_ in found} == {"代理服务1", "代理服务2"}
        for document, hit, place, picture, capture in found:
            assert document.current
            assert document.version == 2
            assert document.text[hit.start : hit.end] == hit.text
            assert place.start is not None
            numbers = lines_at(lines_of(picture), hit.start - place.start, hit.end - place.start)
            assert [lines_of(picture)[number].text for number in numbers] == [GUARANTEE]
            assert capture.payload_digest == picture.digest
            assert (capture.hit_count > 0, capture.expires_at) == (True, None)
        clues = session.scalars(select(Clue)).all()
        assert {clue.document_id for clue in clues} == {document.id for document, *_ in found}


def test_the_same_picture_is_read_once_and_each_says_what_became_of_it(
    store: Store, shop: Site
) -> None:
    with store.read() as session:
        states = sorted(
            (picture.state, picture.why.partition(":")[0])
            for picture in session.scalars(select(Picture))
        )
        assert states == [
            ("read", ""),
            ("read", ""),
            ("small", ""),
            ("unreadable", "broken"),
            ("unreadable", "type"),
        ]
        outcomes = {
            page.url.replace(shop.url(), "/"): page.last_outcome
            for page in session.scalars(select(Page).where(Page.role == "picture"))
        }
        # Only what is inside the text of a listing was asked for.
        assert outcomes == {
            "/img/red.png": "seen",
            "/img/the-same.png?v=2": "seen",
            "/img/tiny.png": "seen",
            "/img/page.png": "seen",
            "/img/cut.png": "seen",
            "/img/clean.png": "seen",
            "/private/red.png": "blocked",
        }
    assert shop.asked.count("/img/red.png") == 1
    assert "/private/red.png" not in shop.asked


def test_a_second_crawl_finds_the_same_and_reads_nothing_again(
    installed: Installation, store: Store, shop: Site
) -> None:
    def counted() -> tuple[int, ...]:
        with store.read() as session:
            counts = (
                session.scalar(select(func.count()).select_from(entity)) or 0
                for entity in (Document, Hit, Clue, Picture, PicturePlace)
            )
            return tuple(counts)

    before = counted()
    asked = shop.asked.count("/img/red.png")
    assert crawled(installed, shop)["state"] == "finished"
    assert counted() == before
    assert shop.asked.count("/img/red.png") == asked
    with store.read() as session:
        assert session.scalar(select(func.count()).where(Job.state == "dead")) == 0


def test_verifying_reads_the_pictures_again_and_finds_their_hits(
    installed: Installation, store: Store
) -> None:
    archive = Archive(installed.folder / "data" / "evidence")
    again = ReadAgain((installed.profiles,))
    with store.read() as session:
        assert list(map(str, verify(session, archive, again=again))) == []
    with store.write() as session:
        picture = session.scalars(
            select(Picture).join(PicturePlace).where(PicturePlace.start.is_not(None)).limit(1)
        ).one()
        place = session.scalars(
            select(PicturePlace).where(PicturePlace.picture_id == picture.id).limit(1)
        ).one()
        document = session.get_one(Document, place.document_id)
        hit = session.scalars(select(Hit).where(Hit.document_id == document.id)).first()
        assert hit is not None
        hit_id, text = hit.id, document.text
        document.text = text.replace("授权", "登记")
        hit.text = hit.text.replace("授权", "登记")
    try:
        with store.read() as session:
            told = list(map(str, verify(session, archive, again=again)))
        assert any(f"hit {hit_id}" in one and "is not found" in one for one in told), told
    finally:
        with store.write() as session:
            document = session.get_one(Document, place.document_id)
            document.text = text
            changed = session.get_one(Hit, hit_id)
            changed.text = changed.text.replace("登记", "授权")
