"""What strangers write must not stop a batch."""

from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lantian.intake.storable import MOST_KEY_BYTES, clean, key_of, storable
from lantian.model import Capture, Clue, Document, Hit, Seller
from lantian.reading import content_digest

A = "https://shop.example/goods/1"
NASTY = "甲\0乙\ud800丙\udfff"


def test_a_hostile_page_is_stored_with_its_hits_at_their_offsets(site: Any) -> None:
    text = f"{NASTY}{site.guarantee}"
    long_key = "店" * 100_000
    hostile = site.document(
        "1",
        text,
        posting_key="键" * 100_000,
        seller_key=long_key,
        seller_name=NASTY,
        title=NASTY,
        price=NASTY,
        fields={NASTY: NASTY},
        posted_at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=8))),
    )
    site.begin()
    site.take(site.visit(A, site.reading(hostile), detail=NASTY, final_url=f"{A}?{NASTY}"))
    (document,), (seller,) = site.rows(Document), site.rows(Seller)
    assert document.text == clean(text)
    assert len(document.text) == len(text)
    assert document.posted_at is None
    assert site.rows(Capture)[0].content_digest == content_digest(site.reading(hostile))
    assert len(seller.key.encode()) <= MOST_KEY_BYTES
    assert site.rows(Hit)
    assert all(document.text[hit.start : hit.end] == hit.text for hit in site.rows(Hit))
    assert site.rows(Clue)[0].posting_key == document.posting_key
    site.take(site.visit(A, site.reading(hostile)))
    assert len(site.rows(Document)) == 1


def test_a_visit_without_fault_is_left_alone(site: Any) -> None:
    visit = site.visit(A, site.reading(site.document("1")))
    assert storable(visit) is visit


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=2_000))
def test_a_clean_text_is_as_long_and_can_be_encoded(text: str) -> None:
    assert len(clean(text)) == len(text)
    assert clean(text).encode().decode() == clean(text)
    assert "\0" not in clean(text)


@given(st.text(min_size=200, max_size=2_000), st.text(min_size=200, max_size=2_000))
def test_keys_are_short_and_different_keys_stay_different(one: str, other: str) -> None:
    assert len(key_of(one).encode()) <= MOST_KEY_BYTES
    assert (key_of(one) == key_of(other)) == (clean(one) == clean(other))
