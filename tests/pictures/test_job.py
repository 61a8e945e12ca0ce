"""From a shop's pictures to hits: fetched with its manners, read once, found again."""

import pytest
from sqlalchemy import func, select

from lantian.evidence.again import ReadAgain
from lantian.evidence.archive import Archive
from lantian.evidence.bundle.select import Asked, selected
from lantian.evidence.verify import verify
from lantian.model import Capture, Clue, Document, Hit, Job, Page, Picture, PicturePlace
from lantian.pictures.known import lines_at, lines_of
from lantian.store.engine import Store
from lantian.takedowns.content import captures_of
from tests.pictures.drawing import GUARANTEE
from tests.pictures.shop import crawled
from tests.services.loopback import Installation, Site

pytestmark = pytest.mark.ocr


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


def test_a_bundle_and_a_notice_bring_the_picture_along(store: Store) -> None:
    with store.read() as session:
        clue_id, document, capture_id = session.execute(
            select(Clue.id, Document, PicturePlace.capture_id)
            .join(Document, Document.id == Clue.document_id)
            .join(PicturePlace, PicturePlace.document_id == Document.id)
            .where(PicturePlace.start.is_not(None))
            .limit(1)
        ).one()
        assert capture_id in selected(session, Asked(clues=(clue_id,))).captures
        told = [capture.id for capture in captures_of(session, document)]
        assert {document.capture_id, capture_id} <= set(told)
