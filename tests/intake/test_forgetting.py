"""What carries no claim is forgotten after its time; what does, or is held, never is."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from lantian.evidence.hold import place_hold
from lantian.intake.forgetting import Forgotten, forget_some
from lantian.intake.take import take_batch
from lantian.model import Document, HandedRow, Handover, Page, Seller, Tip

A = "https://shop.example/goods/1"
B = "https://shop.example/goods/2"
C = "https://shop.example/goods/3"
DAY = timedelta(days=1)
KEPT = 180 * DAY


def forget(site: Any) -> Forgotten:
    """What goes now, all of it."""
    now, done = site.clock.now(), Forgotten()
    while True:
        with site.store.write() as session:
            some = forget_some(session, before=now - KEPT, now=now)
        if not some.total:
            return done
        done += some


def page(site: Any, key: str, text: str, seller: str) -> Any:
    document = site.document(
        key,
        text,
        seller_key=seller,
        seller_name=f"{seller}的店",
        seller_url=f"https://shop.example/s/{seller}",
        fields={"phone": "13800000000"},
    )
    return site.reading(document)


def three(site: Any) -> None:
    """A page with a claim, one without, and one without that is held."""
    site.crawl(
        site.visit(A, page(site, "1", site.guarantee, "甲")),
        site.visit(B, page(site, "2", "联系人张三，电话13800000000。", "乙")),
        site.visit(C, page(site, "3", "联系人李四，电话13900000000。", "丙")),
    )
    with site.store.write() as session:
        held = session.scalars(select(Page.id).where(Page.url == C)).one()
        now = site.clock.now()
        place_hold(session, "page", held, reason="案件1", by="t", now=now, real_now=now)


def texts(site: Any) -> dict[str, str]:
    with site.store.read() as session:
        return {one.posting_key: one.text for one in session.scalars(select(Document))}


def test_what_has_no_claim_and_no_hold_is_forgotten_after_its_time_and_not_before(
    site: Any,
) -> None:
    three(site)
    before = texts(site)
    site.clock.advance(KEPT)
    assert forget(site) == Forgotten()
    assert texts(site) == before

    site.clock.advance(DAY)
    assert forget(site) == Forgotten(documents=1, sellers=1)
    assert texts(site) == {**before, "listing:2": ""}
    with site.store.read() as session:
        gone = session.scalars(select(Document).where(Document.posting_key == "listing:2")).one()
        assert (gone.title, gone.fields, gone.seller_id) == ("", {}, None)
        assert gone.forgotten_at == site.clock.now()
        sellers = {one.name: (one.key, one.url) for one in session.scalars(select(Seller))}
        assert sorted(sellers) == ["", "丙的店", "甲的店"]
        assert sellers[""][0].startswith("forgotten:")
        assert sellers[""][1] == ""
        everything = repr([vars(one) for one in session.scalars(select(Document))])
        assert "13800000000。" not in everything
    assert forget(site) == Forgotten()


def test_what_is_still_there_is_kept_and_what_comes_back_is_read_anew(site: Any) -> None:
    three(site)
    same = page(site, "2", "联系人张三，电话13800000000。", "乙")
    site.clock.advance(KEPT + DAY)
    site.crawl(site.visit(B, same))
    assert forget(site).documents == 0

    site.clock.advance(KEPT + DAY)
    assert forget(site).documents == 1
    site.crawl(site.visit(B, same))
    with site.store.read() as session:
        versions = session.scalars(
            select(Document).where(Document.posting_key == "listing:2").order_by(Document.version)
        ).all()
        assert [one.text for one in versions] == ["", "联系人张三，电话13800000000。"]
        assert versions[1].current
        names = session.scalars(select(Seller.name).where(Seller.id == versions[1].seller_id))
        assert names.one() == "乙的店"


def test_tips_and_notes_of_lists_are_forgotten_too(site: Any) -> None:
    site.begin()
    now = site.clock.now()
    with site.store.write() as session:
        told = {"content": {"text": "张三卖证"}, "note": "我是邻居", "at": now, "recorded_at": now}
        session.add(Tip(receipt="R1", key_id="k", state="known", page_url=A, **told))
        session.add(Tip(receipt="R2", key_id="k", state="waiting", page_url=A, **told))
        handover = Handover(
            collection="c",
            name="f",
            digest="sha256:0",
            size=1,
            format="csv",
            handed_by="",
            actor="t",
            job_key="j",
            at=now,
            recorded_at=now,
        )
        session.add(handover)
        session.flush()
        session.add(
            HandedRow(
                collection="c", digest="sha256:1", handover_id=handover.id, number=1, note="备注"
            )
        )
    site.clock.advance(KEPT + DAY)
    assert forget(site) == Forgotten(tips=1, notes=1)
    with site.store.read() as session:
        tips = {tip.receipt: tip for tip in session.scalars(select(Tip))}
        assert (tips["R1"].content, tips["R1"].note, tips["R1"].page_url) == ({}, "", "")
        assert tips["R2"].content == {"text": "张三卖证"}
        assert session.scalars(select(HandedRow.note)).one() == ""


def test_of_sellers_only_what_the_settings_say_is_kept(site: Any) -> None:
    context = replace(site.begin(), seller_fields=frozenset())
    site.plan(A)
    with context.warc.batch(), site.store.write() as session:
        take_batch(session, [site.visit(A, page(site, "1", "商标查询", "甲"))], context)
    with site.store.read() as session:
        seller = session.scalars(select(Seller)).one()
        assert (seller.key, seller.name, seller.url) == ("甲", "甲", "")
