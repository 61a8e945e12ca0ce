"""The second opinion in the dashboard: an order, reasons on the clue, a list of likely misses."""

import pytest

from lantian.model import Clue, SecondLook, SecondOpinion
from tests.dashboards.conftest import Office
from tests.dashboards.test_pages import token_of

QUIET = "想拿证的看过来，名额有限，先到先得，<b>私聊优惠</b>"


@pytest.fixture
def clues(small_office: Office) -> tuple[int, int]:
    """Two clues of one score."""
    market, platform_id = small_office.market, small_office.platform_id
    first, second = (market.posting(platform_id, title=title) for title in ("甲", "乙"))
    small_office.index_all()
    return first, second


def looked(office: Office, *said: tuple[int, float | None, float | None]) -> None:
    """What a second opinion said of documents."""
    with office.parts.store.write() as session:
        opinion = SecondOpinion(
            digest="sha256:" + "0" * 64,
            content="{}",
            made_by="process:t",
            made_at=office.clock.now(),
        )
        session.add(opinion)
        session.flush()
        for document_id, clue, missed in said:
            look = SecondLook(document_id=document_id, opinion_id=opinion.id, clue=clue)
            look.missed, look.at = missed, office.clock.now()
            look.reasons = [["包授权", 1.25], ["claim:guaranteed_grant", -0.5], ["score", 0.1]]
            session.add(look)


def document_of(office: Office, clue_id: int) -> int:
    with office.parts.store.read() as session:
        return session.get_one(Clue, clue_id).document_id


def test_it_orders_the_queue_and_says_why(small_office: Office, clues: tuple[int, int]) -> None:
    client = small_office.client()
    before = client.get("/clues").text
    assert "sort=second" not in before
    assert 'id="second"' not in before
    documents = [document_of(small_office, clue_id) for clue_id in clues]
    looked(small_office, (documents[0], 0.2, None), (documents[1], 0.9, None))
    page = client.get("/clues?sort=second").text
    assert page.index(f'data-id="{clues[1]}"') < page.index(f'data-id="{clues[0]}"')
    assert "By second opinion" in page
    assert "<b>0.90</b> · “包授权” +1.25" in page
    assert "guaranteed_grant" not in page.split('id="second"')[1].split("</p>")[0]
    assert client.get(f"/clues?sort=second&q={'专利'}").status_code == 200


def test_likely_misses_are_listed_as_text_and_judged(small_office: Office) -> None:
    client = small_office.client()
    assert "lantian rules second train" in client.get("/second").text
    document_id = small_office.market.quiet(small_office.platform_id, QUIET)
    other = small_office.market.quiet(small_office.platform_id, "天气很好")
    looked(small_office, (document_id, None, 0.8), (other, None, 0.1))
    page = client.get("/second").text
    assert f'data-document="{document_id}"' in page
    assert f'data-document="{other}"' not in page
    assert "&lt;b&gt;私聊优惠" in page
    answer = client.post(f"/second/{document_id}/missed", data={"token": token_of(page)})
    assert answer.status_code == 303
    assert f'data-document="{document_id}"' not in client.get("/second").text
    with small_office.parts.store.read() as session:
        look = session.get_one(SecondLook, document_id)
        assert (look.verdict, look.judged_by is not None) == ("missed", True)
