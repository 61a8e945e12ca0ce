"""What is over its time goes, with a trace; what has a hit, a hold or no seal stays."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update
from warcio.archiveiterator import ArchiveIterator

from lantian.clock import FixedClock, legal_day
from lantian.errors import Conflict, EvidenceDeleted, Invalid, NotFound
from lantian.evidence.hold import holds, lift_hold, place_hold
from lantian.evidence.indexing import index_archive
from lantian.evidence.retention import Deleted, Retention, unused_files
from lantian.evidence.sealing import Sealing
from lantian.evidence.statement import RECORD, hash_of_leaf, told_root
from lantian.evidence.tree import Tree, root_by_inclusion
from lantian.model import (
    Artifact,
    AuditEvent,
    Capture,
    Deletion,
    Document,
    Hit,
    SealedDay,
    SealedLeaf,
)
from tests.evidence.conftest import AT, PNG, Kept, reasons

OVER = AT + timedelta(days=180)
LATER = OVER + timedelta(days=1)
RULE: dict[str, Any] = {"expires_at": OVER, "hit_count": 0}
GONE = (1, 3, 5, 6)
"""Captures of `aged` whose time is over by `LATER`."""


def seal(kept: Kept, at: datetime = AT + timedelta(days=1)) -> None:
    last = legal_day(at)
    list(Sealing(kept.store, kept.archive).through(last, now=at, real_now=at))


@pytest.fixture
def aged(kept: Kept) -> Kept:
    """Six captures in two files, in sealed days; the second file holds nothing that stays."""
    with kept.archive.writer("crawl-1", at=AT) as writer:
        for number in range(1, 5):
            stays: dict[str, Any] = {"hit_count": 1} if number % 2 == 0 else RULE
            more: dict[str, Any] = (
                {"via": "browser", "dom": b"<p>dom", "screenshot": PNG} if number < 3 else {}
            )
            url = f"https://shop.example/{number}"
            kept.capture(writer, url, b"<p>%d" % number * 100, **more, **stays)
    with kept.archive.writer("crawl-2", at=AT) as writer:
        for number in (5, 6):
            kept.capture(writer, f"https://shop.example/{number}", b"<p>%d" % number, **RULE)
    seal(kept)
    return kept


def expire(
    kept: Kept, at: datetime = LATER, *, grace: timedelta = timedelta(0)
) -> tuple[list[Deleted], list[str]]:
    keeping = Retention(kept.store, kept.archive, grace)
    done = list(keeping.expire(now=lambda: at, real_now=lambda: at))
    return done, keeping.remove(now=at, real_now=at)


def rows(kept: Kept, statement: Any) -> Sequence[Any]:
    with kept.store.read() as session:
        return session.scalars(statement).all()


def deleted_captures(kept: Kept) -> set[int]:
    return set(rows(kept, select(Artifact.capture_id).where(Artifact.deletion_id.is_not(None))))


def warc_files(kept: Kept) -> list[str]:
    return [file for file in kept.archive.files() if file.endswith(".warc.gz")]


def test_nothing_goes_before_its_time(aged: Kept) -> None:
    before = [path.read_bytes() for path in aged.files()]
    assert expire(aged, OVER - timedelta(seconds=1)) == ([], [])
    assert [path.read_bytes() for path in aged.files()] == before
    assert rows(aged, select(Deletion)) == []


def test_what_is_over_its_time_goes_and_the_rest_stays_byte_by_byte(aged: Kept) -> None:
    stay = {
        one.id: aged.archive.member(one)[0]
        for one in rows(aged, select(Artifact).where(Artifact.capture_id.in_([2, 4])))
    }
    done, gone = expire(aged)
    assert [(one.file, one.records) for one in done] == [
        ("warc/2026/11/crawl-1.warc.gz", 4),
        ("warc/2026/11/crawl-2.warc.gz", 2),
    ]
    assert done[1].replaced_by is None
    assert gone == [one.file for one in done]
    assert warc_files(aged) == [done[0].replaced_by]
    assert deleted_captures(aged) == set(GONE)
    for one in rows(aged, select(Artifact).where(Artifact.deletion_id.is_(None))):
        assert one.file == done[0].replaced_by
        assert aged.archive.member(one)[0] == stay.pop(one.id)
    assert stay == {}
    with aged.archive.path(str(done[0].replaced_by)).open("rb") as handle:
        kinds = [record.rec_type for record in ArchiveIterator(handle, check_digests="raise")]
    assert kinds == ["warcinfo", "response", "resource", "resource", "response"]
    assert rows(aged, select(Capture.id).where(Capture.expires_at.is_not(None))) == []


def test_verifying_finds_nothing_wrong_before_during_and_after(aged: Kept) -> None:
    assert aged.findings() == []
    expire(aged, grace=timedelta(days=1))
    assert len(warc_files(aged)) == 3, "the old files stay for those who are reading them"
    assert aged.findings() == []
    _, gone = expire(aged, LATER + timedelta(days=1), grace=timedelta(days=1))
    assert len(gone) == 2
    assert aged.findings() == []
    seal(aged, LATER + timedelta(days=2))
    assert aged.findings() == []


def test_the_address_of_what_went_says_when_and_never_damaged(aged: Kept) -> None:
    expire(aged)
    for one in rows(aged, select(Artifact).where(Artifact.capture_id.in_(GONE))):
        with pytest.raises(EvidenceDeleted, match="deleted by retention on 2027-05-24") as caught:
            aged.archive.read(one)
        assert "damaged" not in str(caught.value)


def test_the_leaf_of_what_went_stays_provable(aged: Kept) -> None:
    expire(aged)
    with aged.store.read() as session:
        leaf = session.scalars(
            select(SealedLeaf)
            .join(Artifact, Artifact.id == SealedLeaf.subject_id)
            .where(SealedLeaf.kind == RECORD, Artifact.capture_id == 1)
            .limit(1)
        ).one()
        day = session.get_one(SealedDay, leaf.day_number)
        leaves = session.scalars(
            select(SealedLeaf)
            .where(SealedLeaf.day_number == day.number)
            .order_by(SealedLeaf.position)
        )
        tree = Tree(hash_of_leaf(one.kind, one.digest, one.sm3) for one in leaves)
        artifact = session.get_one(Artifact, leaf.subject_id)
    assert artifact.deleted_at == LATER
    hashed = hash_of_leaf(RECORD, artifact.record_digest, None)
    path = tree.inclusion(leaf.position)
    assert told_root(root_by_inclusion(leaf.position, day.leaves, hashed, path)) == day.root


def test_a_second_run_finds_nothing_to_do(aged: Kept) -> None:
    expire(aged)
    assert expire(aged) == ([], [])
    assert len(rows(aged, select(Deletion))) == 2


def test_what_is_in_no_sealed_day_waits(kept: Kept) -> None:
    with kept.archive.writer("crawl-1", at=AT) as writer:
        kept.capture(writer, "https://shop.example/1", b"<p>1", **RULE)
    assert expire(kept) == ([], [])
    seal(kept)
    assert [one.records for one in expire(kept)[0]] == [1]


def test_a_file_that_is_being_written_is_left_alone(kept: Kept) -> None:
    with kept.archive.writer("crawl-1", at=AT) as writer:
        kept.capture(writer, "https://shop.example/1", b"<p>1", **RULE)
        seal(kept)
        assert expire(kept) == ([], [])
    assert len(expire(kept)[0]) == 1


@pytest.mark.parametrize("kind", ["capture", "page", "source", "everything"])
def test_a_hold_keeps_what_is_over_its_time_until_it_is_lifted(aged: Kept, kind: Any) -> None:
    page = rows(aged, select(Capture.page_id).where(Capture.id == 3))[0]
    subject = {"capture": 3, "page": page, "source": 1, "everything": None}[kind]
    stays = {3} if kind in {"capture", "page"} else set(GONE)
    told: dict[str, Any] = {"by": "user:li", "now": AT, "real_now": AT}
    with aged.store.write() as session:
        hold = place_hold(session, kind, subject, reason="某案", **told)
    expire(aged)
    assert deleted_captures(aged) == set(GONE) - stays
    assert aged.findings() == []
    with aged.store.write() as session:
        lift_hold(session, hold.id, reason="结案", **told)
    expire(aged, LATER + timedelta(days=1))
    assert deleted_captures(aged) == set(GONE)
    assert aged.findings() == []
    acts = rows(aged, select(AuditEvent.action).where(AuditEvent.subject == f"hold:{hold.id}"))
    assert acts == ["evidence.hold", "evidence.release"]


def test_holds_are_asked_for_properly(aged: Kept) -> None:
    told: dict[str, Any] = {"by": "user:li", "now": AT, "real_now": AT}
    with aged.store.write() as session:
        with pytest.raises(Invalid, match="needs a reason"):
            place_hold(session, "capture", 3, reason=" ", **told)
        with pytest.raises(NotFound, match="no capture 99"):
            place_hold(session, "capture", 99, reason="x", **told)
        with pytest.raises(Invalid, match="cannot be held"):
            place_hold(session, "everything", 3, reason="x", **told)
        made = place_hold(session, "capture", 3, reason="x", **told)
        lift_hold(session, made.id, reason="y", **told)
        with pytest.raises(Conflict, match="lifted already"):
            lift_hold(session, made.id, reason="y", **told)
        assert holds(session) == []
        assert [one.id for one in holds(session, lifted=True)] == [made.id]


def test_a_hit_that_was_found_later_keeps_the_capture(aged: Kept) -> None:
    with aged.store.write() as session:
        page_id = session.scalar(select(Capture.page_id).where(Capture.id == 5))
        document = Document(
            source_id=1, platform_id=1, posting_key="5", version=1, kind="page", page_id=page_id,
            capture_id=5, url="https://shop.example/5", title="", text="包授权", text_digest="",
            reader_version="1", profile_version="1", first_seen_at=AT, last_seen_at=AT,
            last_crawl_id=aged.crawl_id,
        )  # fmt: skip
        session.add(document)
        session.flush()
        hit: dict[str, Any] = {"rule_id": "r", "rule_hash": "h", "pack_hash": "p", "text": "包授权"}
        told: dict[str, Any] = {"score": 1.0, "severity": 3, "why": "", "law": [], "found_at": AT}
        place: dict[str, Any] = {"claim": "guaranteed_grant", "start": 0, "end": 3}
        session.add(Hit(document_id=document.id, **hit, **told, **place))
    expire(aged)
    assert deleted_captures(aged) == set(GONE) - {5}
    assert aged.findings() == []


def test_a_damaged_file_stays_as_it_is_and_is_named(aged: Kept) -> None:
    path = aged.archive.path("warc/2026/11/crawl-1.warc.gz")
    place = rows(aged, select(Artifact.offset).where(Artifact.capture_id == 4))[0]
    data = bytearray(path.read_bytes())
    data[place + 30] ^= 1
    path.write_bytes(data)
    expire(aged)
    assert path.read_bytes() == data
    assert deleted_captures(aged) == {5, 6}
    assert "its bytes were changed" in reasons(aged.findings())
    assert warc_files(aged) == ["warc/2026/11/crawl-1.warc.gz"]


def test_the_index_forgets_what_is_out_of_use(aged: Kept) -> None:
    list(index_archive(aged.archive))
    expire(aged, grace=timedelta(days=1))
    with aged.store.read() as session:
        unused = unused_files(session)
    made = list(index_archive(aged.archive, unused))
    assert [(one.lines, one.damage) for one in made] == [(4, "")]
    (index,) = (aged.archive.folder / "indexes").iterdir()
    assert "-kept-1." in index.name
    assert "shop.example/3" not in index.read_text()
    assert aged.findings() == []


def test_a_kept_file_is_thinned_again_and_again(aged: Kept) -> None:
    expire(aged)
    with aged.store.write() as session:
        session.execute(
            update(Capture).where(Capture.id == 2).values(hit_count=0, expires_at=LATER)
        )
    done, _ = expire(aged, LATER + timedelta(days=1))
    assert [(one.file, one.replaced_by) for one in done] == [
        ("warc/2026/11/crawl-1-kept-1.warc.gz", "warc/2026/11/crawl-1-kept-3.warc.gz")
    ]
    assert aged.findings() == []
    assert len(rows(aged, select(Artifact).where(Artifact.deletion_id.is_(None)))) == 1


# What somebody could do to have evidence pass as deleted.


def mark(kept: Kept, **values: Any) -> None:
    with kept.store.write() as session:
        session.execute(update(Artifact).where(Artifact.capture_id == 2).values(**values))


def test_a_mark_without_a_deletion_is_found(aged: Kept) -> None:
    mark(aged, deleted_at=LATER)
    assert "marked as deleted, and by no deletion of that time" in reasons(aged.findings())


def test_a_record_that_is_slipped_into_a_deletion_is_found(aged: Kept) -> None:
    expire(aged)
    mark(aged, deletion_id=1, deleted_at=LATER)
    assert "7 records are marked" in reasons(aged.findings())


def test_a_deletion_that_was_made_up_is_found(aged: Kept) -> None:
    with aged.store.write() as session:
        session.add(
            Deletion(
                file="warc/2026/11/x.warc.gz", records=3, digest="sha256:0", rule="", at=LATER,
                recorded_at=LATER,
            )
        )  # fmt: skip
    mark(aged, deletion_id=1, deleted_at=LATER)
    assert "the audit chain does not tell of it" in reasons(aged.findings())


def test_a_deletion_that_was_changed_or_removed_is_found(aged: Kept) -> None:
    expire(aged)
    with aged.store.write() as session:
        session.execute(update(Deletion).where(Deletion.id == 2).values(records=1))
    assert "is not the one of which the audit chain tells" in reasons(aged.findings())
    with aged.store.write() as session:
        session.execute(
            update(Artifact)
            .where(Artifact.deletion_id == 2)
            .values(deletion_id=None, deleted_at=None)
        )
        session.execute(delete(Deletion).where(Deletion.id == 2))
    told = reasons(aged.findings())
    assert "tells of a deletion that the store does not" in told
    assert "the file is missing, and with it 2 records" in told


def test_a_row_removed_after_its_deletion_is_found(aged: Kept) -> None:
    expire(aged)
    with aged.store.write() as session:
        session.execute(delete(Artifact).where(Artifact.capture_id == 5))
    told = reasons(aged.findings())
    assert "seals artifact" in told
    assert "which is not there any more" in told


def test_an_evidence_visit_that_was_deleted_is_found(aged: Kept) -> None:
    expire(aged)
    with aged.store.write() as session:
        session.execute(update(Capture).where(Capture.id == 3).values(purpose="evidence"))
    assert "whose evidence is never deleted" in reasons(aged.findings())


def test_another_making_of_a_file_is_found(aged: Kept) -> None:
    expire(aged)
    with aged.store.write() as session:
        event = session.scalars(
            select(AuditEvent).where(AuditEvent.action == "evidence.file")
        ).one()
        event.detail = {"warcinfo": "sha256:" + "0" * 64}
    assert "its first record is not the one of which event" in reasons(aged.findings())


# kill -9.

KILLED = """
import os, signal, sys
from datetime import datetime, timedelta
from pathlib import Path
from lantian.evidence import retention
from lantian.evidence.archive import Archive
from lantian.store.engine import Store

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

url, folder, at, where = sys.argv[1:]
owner = {"copied": retention.Retention, "committed": Archive}[where]
setattr(owner, {"copied": "_commit", "committed": "remove"}[where], die)
keeping = retention.Retention(Store(url), Archive(Path(folder)), timedelta(0))
at = datetime.fromisoformat(at)
list(keeping.expire(now=lambda: at, real_now=lambda: at))
keeping.remove(now=at, real_now=at)
"""


@pytest.mark.parametrize("where", ["copied", "committed"])
def test_a_run_that_was_killed_is_made_up_for(aged: Kept, where: str) -> None:
    command = [sys.executable, "-c", KILLED, aged.store.url, str(aged.archive.folder)]
    done = subprocess.run([*command, LATER.isoformat(), where], check=False, env=os.environ)
    assert done.returncode == -signal.SIGKILL
    assert len(warc_files(aged)) == 3
    expire(aged)
    assert deleted_captures(aged) == set(GONE)
    assert len(warc_files(aged)) == 1
    assert aged.findings() == []
    with aged.store.read() as session:
        assert session.scalar(select(func.count()).select_from(Deletion)) == 2


def test_the_clock_of_the_domain_decides(aged: Kept) -> None:
    clock = FixedClock(OVER - timedelta(days=1))
    keeping = Retention(aged.store, aged.archive)
    assert list(keeping.expire(now=clock.now, real_now=lambda: LATER)) == []
    clock.advance(timedelta(days=1))
    assert len(list(keeping.expire(now=clock.now, real_now=lambda: LATER))) == 2
