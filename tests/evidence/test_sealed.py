"""Whatever was done to sealed days is found and named: leaves, roots, days, stamps."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from lantian.access import audit
from lantian.clock import legal_day
from lantian.evidence.archive import Archive
from lantian.evidence.authority import Authority
from lantian.evidence.day import statement_of
from lantian.evidence.finding import Finding
from lantian.evidence.parts import Journal, Scope, do_parts
from lantian.evidence.sealing import Sealing
from lantian.evidence.stamp import stamp_day
from lantian.evidence.verify import parts_of, verify
from lantian.model import Artifact, AuditEvent, SealedDay, SealedLeaf, TimeStamp
from lantian.store.engine import Store
from tests.evidence.authorities import Office
from tests.evidence.conftest import Kept, reasons

DAYS = 4
PER_DAY = 5


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory) -> list[Office]:
    folder = tmp_path_factory.mktemp("offices")
    return [Office(folder / name, name) for name in ("one", "two")]


@pytest.fixture(scope="module")
def trusted(offices: list[Office]) -> tuple[Authority, ...]:
    return tuple(Authority(office.name, "http://tsa.example/", office.root) for office in offices)


def fill(kept: Kept, offices: list[Office]) -> None:
    """Four sealed days with records of two files, an event each, and the stamps of two offices."""
    start = now() - timedelta(days=DAYS + 1)
    with kept.archive.writer("crawl-1", at=start) as writer:
        for number in range(DAYS * PER_DAY):
            at = start + timedelta(days=number // PER_DAY)
            kept.capture(
                writer, f"https://shop.example/{number}", b"<p>%d" % number, at=at, recorded_at=at
            )
    with kept.store.write() as session:
        for number in range(DAYS):
            at = start + timedelta(days=number)
            audit.record(
                session, actor="user:li", action="x", subject="clue:1", now=at, real_now=at
            )
    sealing = Sealing(kept.store, kept.archive, sm3=True)
    # Each day is sealed after it, so that its seal is a leaf of the next.
    for number in range(DAYS):
        at = start + timedelta(days=number + 1)
        days = list(sealing.through(legal_day(at) - timedelta(days=1), now=at, real_now=at))
        assert len(days) == 1
        for office in offices:
            stamp(kept, days[0][0].day, office)


def stamp(kept: Kept, day: str, office: Office) -> None:
    authority = Authority(office.name, "http://tsa.example/", office.root)

    def ask(_: Authority, query: bytes) -> bytes:
        return office.reply(query)

    assert stamp_day(kept.store, day, authority, ask, now=now, real_now=now)


@pytest.fixture
def sealed(kept: Kept, offices: list[Office]) -> Kept:
    fill(kept, offices)
    return kept


@pytest.fixture
def sealed_anywhere(store_url: str, archive: Archive, offices: list[Office]) -> Iterator[Kept]:
    found = Kept(Store(store_url), archive)
    found.begin()
    fill(found, offices)
    yield found
    found.store.close()


def findings(kept: Kept, trusted: tuple[Authority, ...]) -> list[Finding]:
    with kept.store.read() as session:
        return list(verify(session, kept.archive, authorities=trusted))


def test_what_was_sealed_and_stamped_has_no_findings(
    sealed_anywhere: Kept, trusted: tuple[Authority, ...]
) -> None:
    assert findings(sealed_anywhere, trusted) == []
    with sealed_anywhere.store.read() as session:
        leaves = [day.leaves for day in session.scalars(select(SealedDay).order_by("number"))]
        assert len(session.scalars(select(TimeStamp)).all()) == 2 * DAYS
    # Five records and an event; from the second on the seal of the day before too.
    assert leaves == [6, 7, 7, 7]


# What somebody does to the store: each takes a session in which nothing is checked.


def days_of(session: Session) -> list[SealedDay]:
    return list(session.scalars(select(SealedDay).order_by(SealedDay.number)))


def change_a_leaf(session: Session) -> None:
    session.execute(
        update(SealedLeaf)
        .where(SealedLeaf.day_number == 2, SealedLeaf.position == 1)
        .values(digest="sha256:" + "1" * 64)
    )


def change_the_record_s_row(session: Session) -> None:
    session.execute(update(Artifact).where(Artifact.id == 7).values(record_digest="sha256:1"))


def change_sm3(session: Session) -> None:
    session.execute(update(SealedLeaf).where(SealedLeaf.day_number == 2).values(sm3="sm3:1"))


def remove_a_leaf(session: Session) -> None:
    session.execute(delete(SealedLeaf).where(SealedLeaf.day_number == 2, SealedLeaf.position == 1))


def remove_the_last_leaf(session: Session) -> None:
    session.execute(delete(SealedLeaf).where(SealedLeaf.day_number == 2, SealedLeaf.position == 6))


def remove_a_record(session: Session) -> None:
    session.execute(delete(Artifact).where(Artifact.id == 7))


def change_an_event(session: Session) -> None:
    session.execute(update(AuditEvent).where(AuditEvent.id == 2).values(actor="user:wang"))


def remove_an_event(session: Session) -> None:
    session.execute(delete(AuditEvent).where(AuditEvent.id == 2))


def replace_the_root(session: Session) -> None:
    day = days_of(session)[1]
    day.root = "sha256:" + "2" * 64


def replace_the_root_and_its_digest(session: Session) -> None:
    replace_the_root(session)
    day = days_of(session)[1]
    day.digest = statement_of(day).digest


def make_the_chain_anew(session: Session) -> None:
    """Another root, and every digest behind it made right."""
    replace_the_root(session)
    previous = ""
    for day in days_of(session):
        day.previous_digest = previous or day.previous_digest
        day.digest = previous = statement_of(day).digest


def move_the_seal_back(session: Session) -> None:
    day = days_of(session)[3]
    day.sealed_at -= timedelta(days=300)
    day.digest = statement_of(day).digest


def remove_a_day(session: Session) -> None:
    _remove(session, 2)


def remove_the_first_day(session: Session) -> None:
    _remove(session, 1)


def remove_the_last_day(session: Session) -> None:
    _remove(session, DAYS)


def _remove(session: Session, number: int) -> None:
    for table, column in (
        (TimeStamp, TimeStamp.day_number),
        (SealedLeaf, SealedLeaf.day_number),
        (SealedDay, SealedDay.number),
    ):
        session.execute(delete(table).where(column == number))


def remove_a_day_and_close_the_gap(session: Session) -> None:
    days = days_of(session)
    _remove(session, 2)
    session.execute(text("PRAGMA defer_foreign_keys=ON"))
    session.execute(text("UPDATE sealed_leaf SET day_number = day_number - 1 WHERE day_number > 2"))
    session.execute(text("UPDATE time_stamp SET day_number = day_number - 1 WHERE day_number > 2"))
    session.expunge_all()
    previous = days[0].digest
    for number, day in enumerate(days[2:], 2):
        session.execute(
            text("UPDATE sealed_day SET number = :n WHERE day = :d"), {"n": number, "d": day.day}
        )
        day.number, day.previous_digest = number, previous
        previous = statement_of(day).digest
        session.execute(
            text("UPDATE sealed_day SET previous_digest = :p, digest = :x WHERE day = :d"),
            {"p": day.previous_digest, "x": previous, "d": day.day},
        )


def swap_days(session: Session) -> None:
    first, second = days_of(session)[1:3]
    session.execute(text("UPDATE sealed_day SET day = 'x' WHERE number = 2"))
    for number, day in ((3, first.day), (2, second.day)):
        session.execute(
            text("UPDATE sealed_day SET day = :d WHERE number = :n"), {"d": day, "n": number}
        )


def _stamps(session: Session) -> dict[tuple[int, str], TimeStamp]:
    rows = session.scalars(select(TimeStamp))
    return {(row.day_number, row.authority): row for row in rows}


def _exchange(one: TimeStamp, other: TimeStamp) -> None:
    for name in ("reply", "reply_digest", "stamped_at", "serial", "policy"):
        first, second = getattr(one, name), getattr(other, name)
        setattr(one, name, second)
        setattr(other, name, first)


def swap_stamps_of_two_days(session: Session) -> None:
    stamps = _stamps(session)
    _exchange(stamps[2, "one"], stamps[3, "one"])


def swap_stamps_of_two_authorities(session: Session) -> None:
    stamps = _stamps(session)
    _exchange(stamps[2, "one"], stamps[2, "two"])


def remove_a_stamp(session: Session) -> None:
    session.execute(
        delete(TimeStamp).where(TimeStamp.day_number == 2, TimeStamp.authority == "two")
    )


def change_a_stamp(session: Session) -> None:
    stamp = _stamps(session)[2, "one"]
    stamp.reply = stamp.reply[:-1] + bytes([stamp.reply[-1] ^ 1])


def tell_another_time_of_a_stamp(session: Session) -> None:
    _stamps(session)[2, "one"].stamped_at -= timedelta(days=30)


def name_another_authority(session: Session) -> None:
    _stamps(session)[2, "one"].authority = "three"


def forget_that_it_was_sealed(session: Session) -> None:
    session.execute(
        delete(AuditEvent).where(AuditEvent.subject == f"day:{days_of(session)[-1].day}")
    )


@pytest.mark.parametrize(
    "tamper, kind, file, reason",
    [
        (change_a_leaf, "changed", "day 2", r"leaf 1: artifact 7 is not the one that was sealed"),
        (change_a_leaf, "changed", "day 2", "its root is not that of its leaves"),
        (change_the_record_s_row, "changed", "day 2", "leaf 1: artifact 7 is not the one"),
        (change_sm3, "changed", "warc", "its SM3 is not the one that was sealed"),
        (change_sm3, "changed", "day 2", "its root is not that of its leaves"),
        (remove_a_leaf, "missing", "day 2", "6 leaves are there, and 7 were sealed"),
        (remove_a_leaf, "missing", "day 2", "leaf 2 stands where leaf 1 should"),
        (remove_the_last_leaf, "missing", "day 2", "6 leaves are there, and 7 were sealed"),
        (remove_a_record, "missing", "day 2", r"leaf 1 seals artifact 7 \(sha256:\w+\), which is"),
        (change_an_event, "changed", "day 2", "leaf 5: audit event 2 is not the one"),
        (change_an_event, "changed", "audit chain", "audit event 2: its content was changed"),
        (remove_an_event, "missing", "day 2", "leaf 5 seals audit event 2"),
        (
            remove_an_event,
            "changed",
            "audit chain",
            "audit event 3: the event before it is",
        ),
        (replace_the_root, "changed", "day 2", "its statement is not the one of its digest"),
        (replace_the_root, "changed", "day 2", "its root is not that of its leaves"),
        (replace_the_root, "changed", "day 2.* stamp of one", "it is over something else"),
        (replace_the_root_and_its_digest, "changed", "day 3", "does not follow the day before"),
        (make_the_chain_anew, "changed", "day 4", "not the one of which the audit chain tells"),
        (make_the_chain_anew, "changed", "day 4.* stamp of two", "it is over something else"),
        (move_the_seal_back, "changed", "day 4", "not the one of which the audit chain tells"),
        (remove_a_day, "missing", "day 3", "before it, a sealed day is missing"),
        (remove_a_day, "missing", "day 2", r"the audit chain tells of it \(event \d+\)"),
        (remove_the_first_day, "missing", "day 2", "before it, a sealed day is missing"),
        (remove_the_last_day, "missing", "day 4", "the audit chain tells of it"),
        (remove_the_last_day, "missing", "day 4.* stamp of one", "the audit chain tells of it"),
        (remove_a_day_and_close_the_gap, "missing", "day 2", "the audit chain tells of it"),
        (remove_a_day_and_close_the_gap, "changed", "day 3", "not the one of which the audit"),
        (swap_days, "changed", "day 2", "its statement is not the one of its digest"),
        (swap_days, "changed", "day 2", "it does not come after the day before it"),
        (swap_stamps_of_two_days, "changed", "day 2.* stamp of one", "it is over something else"),
        (swap_stamps_of_two_days, "changed", "day 3.* stamp of one", "it was replaced"),
        (swap_stamps_of_two_authorities, "changed", "day 2.* stamp of two", "its certificate or"),
        (remove_a_stamp, "missing", "day 2.* stamp of two", "the audit chain tells of it"),
        (change_a_stamp, "changed", "day 2.* stamp of one", "its bytes were changed"),
        (
            tell_another_time_of_a_stamp,
            "changed",
            "day 2.* stamp of one",
            "the row tells otherwise",
        ),
        (name_another_authority, "unproved", "day 2.* stamp of three", "names no such authority"),
        (name_another_authority, "unnamed", "day 2.* stamp of three", "does not tell that it was"),
        (forget_that_it_was_sealed, "unnamed", "day 4", "does not tell that it was sealed"),
    ],
)
def test_what_was_done_is_found_and_named(  # noqa: PLR0917
    tamper: Callable[[Session], None],
    kind: str,
    file: str,
    reason: str,
    sealed: Kept,
    trusted: tuple[Authority, ...],
) -> None:
    with sealed.store.read() as session:
        names = {f"day {day.number}": f"day {day.day}" for day in days_of(session)}
    for short, name in names.items():
        file = re.sub(rf"^{short}\b", name, file)
    with sealed.store.write() as session:
        session.execute(text("PRAGMA defer_foreign_keys=ON"))
        tamper(session)
    found = findings(sealed, trusted)
    assert any(
        one.kind == kind and re.match(file, one.file) and re.search(reason, one.reason)
        for one in found
    ), found


def test_stamps_without_trusted_roots_are_said_not_to_be_judged(sealed: Kept) -> None:
    found = findings(sealed, ())
    assert len(found) == 2 * DAYS
    assert {one.kind for one in found} == {"unproved"}


def test_a_bit_that_flips_in_a_sealed_record_is_named_in_its_file_only(
    sealed: Kept, trusted: tuple[Authority, ...]
) -> None:
    (path,) = sealed.files()
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 4
    path.write_bytes(whole)
    (finding,) = findings(sealed, trusted)
    assert (finding.kind, "its bytes were changed" in finding.reason) == ("changed", True)


# In parts, by several processes, and after a break.


def scope_of(kept: Kept, trusted: tuple[Authority, ...]) -> Scope:
    url = kept.store.engine.url.render_as_string(hide_password=False)
    return Scope(url, kept.archive.folder, trusted)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretches of 2,000 bytes, each worth a process."""
    monkeypatch.setattr("lantian.evidence.verify.STRETCH", 2000)
    monkeypatch.setattr("lantian.evidence.parts.WORTH_A_PROCESS", 1)


def test_several_processes_find_what_one_finds(
    sealed_anywhere: Kept, trusted: tuple[Authority, ...], small_parts: None
) -> None:
    kept = sealed_anywhere
    (path,) = kept.files()
    whole = bytearray(path.read_bytes())
    for place in range(500, len(whole), 3001):
        whole[place] ^= 1
    path.write_bytes(whole)
    with kept.store.write() as session:
        replace_the_root(session)
    with kept.store.read() as session:
        work = parts_of(session, kept.archive)
    assert sum(part.kind == "file" for part in work) > 4
    alone = list(do_parts(scope_of(kept, trusted), work, processes=1))
    together = list(do_parts(scope_of(kept, trusted), work, processes=2))
    assert alone == together
    assert sum(one.records for one in alone) == DAYS * PER_DAY
    found = [finding for one in alone for finding in one.findings]
    assert found == findings(kept, trusted)
    assert len(found) > 6


def test_stretches_of_a_file_find_what_stands_between_their_records(
    sealed: Kept, trusted: tuple[Authority, ...], small_parts: None
) -> None:
    assert findings(sealed, trusted) == []
    with sealed.store.read() as session:
        cuts = [part.stop for part in parts_of(session, sealed.archive) if part.kind == "file"]
        at = session.scalars(select(Artifact).where(Artifact.offset == cuts[1])).one()
        before = session.scalars(
            select(Artifact).where(Artifact.offset < at.offset).order_by(Artifact.offset.desc())
        ).first()
    assert before is not None
    with sealed.store.write() as session:
        session.execute(delete(Artifact).where(Artifact.id == before.id))
    found = [one for one in findings(sealed, trusted) if one.kind == "unnamed"]
    assert ["no row names this response" in one.reason for one in found] == [True]


def test_a_run_that_was_broken_off_goes_on_where_it_was(
    sealed: Kept, trusted: tuple[Authority, ...], small_parts: None, tmp_path: Path
) -> None:
    journal = Journal(tmp_path / "cache" / "journal")
    (path,) = sealed.files()
    whole = bytearray(path.read_bytes())
    whole[900] ^= 1
    path.write_bytes(whole)
    with sealed.store.read() as session:
        work = parts_of(session, sealed.archive)
    run = do_parts(scope_of(sealed, trusted), work, processes=1, journal=journal)
    first = [next(run) for _ in range(3)]
    run.close()
    assert len(first[0].findings) == 1
    with journal.path.open("a") as out:
        out.write('{"part": {"kind": "file", "na')  # a line that was cut by the kill
    # What was done is not done again: this is not seen by the run that goes on, and it is anew.
    whole[900] ^= 1
    path.write_bytes(whole)
    second = list(do_parts(scope_of(sealed, trusted), work, processes=1, journal=journal))
    assert second[:3] == first
    assert [one.part for one in second] == work
    assert not journal.path.exists()
    anew = list(do_parts(scope_of(sealed, trusted), work, processes=1, journal=journal))
    assert [finding for one in anew for finding in one.findings] == []


def test_a_part_that_changed_since_is_done_again(
    sealed: Kept, trusted: tuple[Authority, ...], tmp_path: Path
) -> None:
    journal = Journal(tmp_path / "journal")
    with sealed.store.read() as session:
        work = parts_of(session, sealed.archive)
    run = do_parts(scope_of(sealed, trusted), work, processes=1, journal=journal)
    next(run)
    run.close()
    (path,) = sealed.files()
    path.write_bytes(path.read_bytes() + b"rubbish")
    with sealed.store.read() as session:
        grown = parts_of(session, sealed.archive)
    found = list(do_parts(scope_of(sealed, trusted), grown, processes=1, journal=journal))
    assert "7 bytes that no row names" in str(found[0].findings)


def test_the_processes_end_with_the_one_that_started_them(
    sealed: Kept, trusted: tuple[Authority, ...], tmp_path: Path
) -> None:
    """It is killed in the middle of its work; the next run goes on."""
    url = sealed.store.engine.url.render_as_string(hide_password=False)
    code = f"""if __name__ == "__main__":
    import time
    from pathlib import Path
    from lantian.evidence import parts, verify
    from lantian.evidence.archive import Archive
    from lantian.store.engine import Store
    parts.WORTH_A_PROCESS, verify.STRETCH = 1, 2000
    folder = Path({str(sealed.archive.folder)!r})
    with Store({url!r}).read() as session:
        work = verify.parts_of(session, Archive(folder))
    scope = parts.Scope({url!r}, folder)
    journal = parts.Journal(Path({str(tmp_path / "journal")!r}))
    run = parts.do_parts(scope, work, processes=2, journal=journal)
    print(next(run).part.kind, flush=True)
    time.sleep(60)
"""
    program = tmp_path / "run.py"
    program.write_text(code)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        [sys.executable, str(program)], stdout=subprocess.PIPE, env=environment
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"file\n"
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 2
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []
    journal = Journal(tmp_path / "journal")
    assert [part.kind for part in journal.done()] == ["file"]


def test_stretches_of_the_audit_chain_are_linked_to_each_other(
    sealed: Kept, trusted: tuple[Authority, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lantian.evidence.verify.EVENTS", 3)
    with sealed.store.read() as session:
        work = parts_of(session, sealed.archive)
        last = session.scalars(select(AuditEvent.id).order_by(AuditEvent.id.desc())).first() or 0
    assert len([part for part in work if part.kind == "audit"]) == last // 3 + 1
    assert sealed.findings(authorities=trusted) == []
    with sealed.store.write() as session:
        session.execute(delete(AuditEvent).where(AuditEvent.id == 5))
    told = reasons(sealed.findings(authorities=trusted))
    assert "audit event 6: the event before it is missing or was changed" in told
