"""A replay tells what another pack would change, and changes nothing itself."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from lantian.model import Document, Entity
from lantian.rulebook.compiled import compiled
from lantian.rulebook.content import read_folder
from lantian.rulebook.replay import Replay, replay
from tests.rulebook.conftest import Office

GUARANTEE = "专利代理十年老店，发明专利包授权，不成功全额退款。加微信咨询。"
CHANNEL = "商标走内部绿色通道，加微信咨询。"


def last(office: Office, folder: Path, **options: Any) -> Replay:
    other = compiled(read_folder(folder).pack, office.cache)
    rounds = replay(office.store, office.market.matcher, other, now=office.clock.now(), **options)
    return list(rounds)[-1]


def counts(office: Office) -> dict[str, int]:
    with office.store.read() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Entity.metadata.tables.items()
        }


def test_what_appears_and_what_vanishes_is_told_by_claim_and_rule(office: Office) -> None:
    platform = office.market.platform()
    for text in (GUARANTEE, CHANNEL, GUARANTEE + CHANNEL):
        office.market.posting(platform, text=text)
    before = counts(office)
    found = last(office, office.pack("mine", without="green_channel"))
    assert counts(office) == before
    assert (found.documents, found.total, found.same) == (3, 3, 2)
    assert found.appears.claims.total() == 0
    assert dict(found.vanishes.claims) == {"green_channel": 2}
    assert {claim for claim, _rule in found.vanishes.rules} == {"green_channel"}
    assert all("【" in one.text and "绿色通道" in one.text for one in found.vanishes.samples)
    assert {one.document_id for one in found.vanishes.samples} == {2, 3}


def test_the_other_way_round_it_appears(office: Office) -> None:
    office.market.posting(office.market.platform(), text=CHANNEL)
    old = compiled(read_folder(office.pack("old", without="green_channel")).pack, office.cache)
    rounds = replay(office.store, old, office.market.matcher, now=office.clock.now())
    found = list(rounds)[-1]
    assert dict(found.appears.claims) == {"green_channel": 1}
    assert (found.per_day(found.live_by_day), found.per_day(found.other_by_day)) == (0, 1)


def test_the_queue_is_told_by_the_day_of_chinese_time_and_old_postings_can_be_left_out(
    office: Office,
) -> None:
    platform = office.market.platform()
    office.market.posting(platform, text=CHANNEL)
    office.clock.advance(timedelta(days=3))
    for _ in range(3):
        office.market.posting(platform, text=GUARANTEE)
    folder = office.pack("mine", without="green_channel")
    found = last(office, folder)
    assert found.span == 4
    assert found.per_day(found.live_by_day) == 1
    assert found.per_day(found.other_by_day) == 0.75
    recent = last(office, folder, days=2)
    assert (recent.documents, recent.span) == (3, 1)
    assert recent.vanishes.claims.total() == 0


def test_only_the_newest_version_counts(office: Office) -> None:
    office.market.posting(office.market.platform(), text=CHANNEL)
    with office.store.write() as session:
        session.get_one(Document, 1).current = False
    assert last(office, office.pack("mine", without="green_channel")).documents == 0


def test_there_are_no_more_samples_than_asked_for_and_they_are_the_same_each_time(
    office: Office,
) -> None:
    platform = office.market.platform()
    for number in range(9):
        office.market.posting(platform, text=f"{CHANNEL}编号{number}")
    folder = office.pack("mine", without="green_channel")
    first, second = (last(office, folder, most=4) for _ in range(2))
    assert len(first.vanishes.samples) == 4
    assert first.vanishes.samples == second.vanishes.samples
    assert last(office, folder, most=0).vanishes.samples == []
