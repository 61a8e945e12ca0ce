"""Days are sealed once, with all that was recorded, whatever comes late or in between."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lantian.access import audit
from lantian.evidence.archive import Archive, WarcWriter
from lantian.evidence.day import statement_of
from lantian.evidence.sealing import Sealing, unsealed_count
from lantian.evidence.statement import FIRST, leaf_text
from lantian.evidence.tree import Tree, leaf_hash
from lantian.model import Artifact, AuditEvent, Job, SealedDay, SealedLeaf
from lantian.store.engine import Store
from tests.evidence.conftest import Kept

MONDAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
"""Monday noon in Shanghai."""
LATER = NOON + timedelta(days=30)


@pytest.fixture
def kept_anywhere(store_url: str, archive: Archive) -> Iterator[Kept]:
    """An archive beside a store with one source, on SQLite and on PostgreSQL."""
    store = Store(store_url)
    found = Kept(store, archive)
    found.begin()
    yield found
    store.close()


@pytest.fixture
def writer(archive: Archive) -> Iterator[WarcWriter]:
    with archive.writer("crawl-1", at=NOON) as found:
        yield found


def add(kept: Kept, writer: WarcWriter, at: datetime) -> None:
    """A capture that was recorded at that time."""
    number = len(kept.captures)
    kept.capture(writer, f"https://shop.example/{number}", b"<p>%d" % number, at=at, recorded_at=at)


def seal(kept: Kept, last: date, **options: object) -> list[str]:
    """The days that are sealed now, each with its number of leaves."""
    sealing = Sealing(kept.store, kept.archive, **options)  # type: ignore[arg-type]
    made = sealing.through(last, now=LATER, real_now=LATER)
    return [f"{statement.day} {count}" for statement, count in made]


def days(kept: Kept) -> list[SealedDay]:
    with kept.store.read() as session:
        return list(session.scalars(select(SealedDay).order_by(SealedDay.number)))


def leaves(kept: Kept, number: int) -> list[SealedLeaf]:
    rows = select(SealedLeaf).where(SealedLeaf.day_number == number)
    with kept.store.read() as session:
        return list(session.scalars(rows.order_by(SealedLeaf.position)))


def test_each_day_has_the_tree_of_what_was_recorded_in_it(
    kept_anywhere: Kept, writer: WarcWriter
) -> None:
    kept = kept_anywhere
    for hours in (0, 1, 11.99, 12, 60):
        add(kept, writer, NOON + timedelta(hours=hours))
    assert seal(kept, MONDAY + timedelta(days=9)) == [
        "2026-11-23 3",
        "2026-11-24 1",
        "2026-11-26 1",
    ]
    first, second, third = days(kept)
    assert first.previous_digest == FIRST
    assert (second.previous_digest, third.previous_digest) == (first.digest, second.digest)
    assert [day.number for day in (first, second, third)] == [1, 2, 3]
    for day in (first, second, third):
        texts = [leaf_text(one.kind, one.digest, one.sm3) for one in leaves(kept, day.number)]
        tree = Tree(leaf_hash(one.encode()) for one in texts)
        assert (day.root, day.leaves) == (f"sha256:{tree.root.hex()}", tree.size)
        assert statement_of(day).digest == day.digest
    with kept.store.read() as session:
        digests = dict(session.execute(select(Artifact.id, Artifact.record_digest)).all())
        assert unsealed_count(session) == 0
    assert [one.digest for one in leaves(kept, 1)] == [digests[1], digests[2], digests[3]]


def test_a_day_that_is_not_over_waits(kept: Kept, writer: WarcWriter) -> None:
    add(kept, writer, NOON)
    assert seal(kept, MONDAY - timedelta(days=1)) == []
    assert days(kept) == []
    assert seal(kept, MONDAY) == ["2026-11-23 1"]


def test_sealing_again_changes_nothing(kept_anywhere: Kept, writer: WarcWriter) -> None:
    kept = kept_anywhere
    add(kept, writer, NOON)
    seal(kept, MONDAY)
    before = days(kept)[0].digest
    assert seal(kept, MONDAY) == []
    assert [day.digest for day in days(kept)] == [before]


def test_what_comes_late_is_in_the_next_tree(kept: Kept, writer: WarcWriter) -> None:
    add(kept, writer, NOON)
    seal(kept, MONDAY)
    add(kept, writer, NOON + timedelta(minutes=1))
    add(kept, writer, NOON - timedelta(days=3))
    assert seal(kept, MONDAY) == []
    assert seal(kept, MONDAY + timedelta(days=1)) == ["2026-11-24 2"]
    add(kept, writer, NOON + timedelta(days=2))
    assert seal(kept, MONDAY + timedelta(days=2)) == ["2026-11-25 1"]


def test_the_acts_of_the_audit_chain_are_leaves_and_sealing_is_one_of_them(
    kept: Kept, writer: WarcWriter
) -> None:
    add(kept, writer, NOON)
    with kept.store.write() as session:
        event = audit.record(
            session, actor="user:li", action="x", subject="clue:1", now=NOON, real_now=NOON
        )
    assert seal(kept, MONDAY) == ["2026-11-23 2"]
    last = leaves(kept, 1)[-1]
    assert (last.kind, last.subject_id, last.digest) == ("event", event.id, event.digest)
    with kept.store.read() as session:
        done = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert (done.action, done.subject) == ("evidence.seal", "day:2026-11-23")
    assert done.detail == {"digest": days(kept)[0].digest, "leaves": 2}
    assert seal(kept, LATER.date()) == [f"{LATER.date()} 1"]


def test_sm3_is_sealed_beside_sha_256_if_asked_for(kept: Kept, writer: WarcWriter) -> None:
    add(kept, writer, NOON)
    add(kept, writer, NOON)
    with kept.store.read() as session:
        artifact, damaged = session.scalars(select(Artifact).order_by(Artifact.id))
    path = kept.archive.path(artifact.file)
    whole = bytearray(path.read_bytes())
    member = bytes(whole[artifact.offset :][: artifact.length])
    whole[damaged.offset + 30] ^= 1
    path.write_bytes(whole)
    seal(kept, MONDAY, sm3=True)
    found, without = leaves(kept, 1)
    # Of "abc" by GB/T 32905-2016, A.1; the record's by the same function.
    from lantian.evidence.sm3 import sm3_of

    assert sm3_of(b"abc") == "sm3:66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert found.sm3 == sm3_of(member)
    assert without.sm3 is None
    tree = Tree([leaf_hash(f"record {found.digest} {found.sm3}".encode()),
                 leaf_hash(f"record {without.digest}".encode())])  # fmt: skip
    assert days(kept)[0].root == f"sha256:{tree.root.hex()}"


def test_each_authority_is_asked_once_for_each_day(kept: Kept, writer: WarcWriter) -> None:
    add(kept, writer, NOON)
    add(kept, writer, NOON + timedelta(days=1))
    for _ in range(2):
        seal(kept, MONDAY + timedelta(days=1), authorities=("one", "two"))
    with kept.store.read() as session:
        keys = set(session.scalars(select(Job.key)))
    assert keys == {
        f"stamp:{name}:{day}" for name in ("one", "two") for day in ("2026-11-23", "2026-11-24")
    }


def test_those_who_seal_at_once_make_one_chain(kept_anywhere: Kept, writer: WarcWriter) -> None:
    kept = kept_anywhere
    for number in range(12):
        add(kept, writer, NOON + timedelta(days=number // 2))
    faults: list[BaseException] = []

    def run() -> None:
        store = Store(str(kept.store.engine.url.render_as_string(hide_password=False)))
        try:
            made = Sealing(store, kept.archive).through(
                LATER.date() - timedelta(days=1), now=LATER, real_now=LATER
            )
            list(made)
        except BaseException as error:  # noqa: BLE001
            faults.append(error)
        finally:
            store.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert [(day.number, day.leaves) for day in days(kept)] == [(n, 2) for n in range(1, 7)]
    with kept.store.read() as session:
        assert session.scalar(select(func.count()).select_from(SealedLeaf)) == 12


def test_others_write_while_a_day_is_sealed(kept_anywhere: Kept, writer: WarcWriter) -> None:
    kept = kept_anywhere
    add(kept, writer, NOON)
    with kept.store.write() as session:
        for number in range(4 * 2000):
            audit_event(session, number)
    counts: set[int] = set()
    ended = threading.Event()
    other = Store(kept.store.url)

    def look() -> None:
        while not ended.is_set():
            with other.write() as session:
                counts.add(session.scalar(select(func.count()).select_from(SealedLeaf)) or 0)

    looker = threading.Thread(target=look)
    looker.start()
    try:
        assert seal(kept, MONDAY) == [f"2026-11-23 {4 * 2000 + 1}"]
    finally:
        ended.set()
        looker.join()
        other.close()
    assert len(counts - {0, 4 * 2000 + 1}) > 0, "leaves were there before their day, some at a time"
    assert len(leaves(kept, 1)) == 4 * 2000 + 1


def audit_event(session: Session, number: int) -> None:
    """An event that is in no chain: sealing looks at its digest alone."""
    session.add(
        AuditEvent(
            at=NOON,
            recorded_at=NOON,
            actor="test",
            action="test",
            subject=f"test:{number}",
            previous_digest="",
            digest=f"sha256:{number:064x}",
        )
    )


def test_leaves_of_a_day_that_was_begun_are_forgotten(
    kept_anywhere: Kept, writer: WarcWriter
) -> None:
    kept = kept_anywhere
    add(kept, writer, NOON)
    with kept.store.write() as session:
        session.add(
            SealedLeaf(day_number=1, position=7, kind="record", subject_id=1, digest="sha256:x")
        )
    assert kept.findings() == [], "somebody is sealing at this moment"
    assert seal(kept, MONDAY) == ["2026-11-23 1"]
    assert [leaf.position for leaf in leaves(kept, 1)] == [0]
    assert kept.findings() == []
