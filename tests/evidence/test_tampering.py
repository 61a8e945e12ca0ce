"""Each kind of tampering, with the store and with a bundle: found, named, and no traceback.

Whoever tampers makes every digest right again that can be made right without the keys of an
authority and without what others hold.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from lantian.access import audit
from lantian.clock import legal_day
from lantian.evidence.authority import Authority
from lantian.evidence.bundle import layout
from lantian.evidence.day import statement_of
from lantian.evidence.finding import Finding
from lantian.evidence.receiving import look_at
from lantian.evidence.record import compressed_member, parsed, plain, unpacked
from lantian.evidence.sealing import Sealing
from lantian.evidence.stamp import stamp_day
from lantian.evidence.statement import hash_of_leaf, told_root
from lantian.evidence.tree import Tree
from lantian.model import Artifact, AuditEvent, SealedDay, SealedLeaf, TimeStamp
from tests.evidence.authorities import Office
from tests.evidence.bundle.conftest import BOTH, Case, build, content, forge
from tests.evidence.conftest import AT, Kept

NEXT = AT + timedelta(days=1)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office(tmp_path_factory.mktemp("office") / "one", "one")


@pytest.fixture
def trusted(office: Office) -> Authority:
    return Authority("one", "http://tsa.example/", office.root)


@pytest.fixture
def case(kept: Kept, office: Office, trusted: Authority) -> Case:
    """A case in two sealed days, each stamped."""
    made = build(kept)
    with made.store.write() as session:
        audit.record(
            session, actor="user:li", action="clue.note", subject="clue:1", now=NEXT, real_now=NEXT
        )
    list(Sealing(made.store, made.archive).through(legal_day(NEXT), now=now(), real_now=now()))
    for at in (AT, NEXT):
        day = legal_day(at).isoformat()

        def ask(_: Authority, query: bytes) -> bytes:
            return office.reply(query)

        assert stamp_day(made.store, day, trusted, ask, now=now, real_now=now)
    return made


# The store.


def flip_a_bit(case: Case) -> None:
    """In a record, whose rows then tell the digests of what is there now."""
    with case.store.write() as session:
        one = session.scalars(select(Artifact).where(Artifact.capture_id == 1)).one()
        path = case.archive.path(one.file)
        data = bytearray(path.read_bytes())
        place = data.index(b"\x1f\x8b", one.offset) + 20
        data[place] ^= 1
        path.write_bytes(data)


def remove_a_record(case: Case) -> None:
    """With its row and its leaf; the tree, root and chain of days are made anew."""
    with case.store.write() as session:
        one = session.scalars(select(Artifact).where(Artifact.capture_id == 1)).one()
        leaf = session.scalars(
            select(SealedLeaf).where(SealedLeaf.kind == "record", SealedLeaf.subject_id == one.id)
        ).one()
        number, gone = leaf.day_number, leaf.position
        session.delete(leaf)
        session.delete(one)
        session.flush()
        later = select(SealedLeaf).where(
            SealedLeaf.day_number == number, SealedLeaf.position > gone
        )
        for row in session.scalars(later.order_by(SealedLeaf.position)):
            row.position -= 1
            session.flush()
    make_days_anew(case)


def replace_the_root(case: Case) -> None:
    """By that of other leaves, with statement and chain made anew."""
    with case.store.write() as session:
        leaf = session.scalars(select(SealedLeaf).where(SealedLeaf.position == 0)).first()
        assert leaf is not None
        leaf.digest = "sha256:" + "1" * 64
        one = session.get_one(Artifact, leaf.subject_id)
        one.record_digest = leaf.digest
    make_days_anew(case)


def swap_the_stamps(case: Case) -> None:
    """Of the two days, with everything that the rows tell of them, and of the audit chain."""
    with case.store.write() as session:
        one, other = session.scalars(select(TimeStamp).order_by(TimeStamp.day_number))
        for name in ("reply", "reply_digest", "stamped_at", "serial", "policy"):
            mine, theirs = getattr(one, name), getattr(other, name)
            setattr(one, name, theirs)
            setattr(other, name, mine)
        events = session.scalars(
            select(AuditEvent).where(AuditEvent.action == "evidence.stamp").order_by("id")
        ).all()
        details = [event.detail for event in events]
        for event, detail in zip(events, reversed(details), strict=True):
            event.detail = detail
    make_audit_anew(case)


def make_days_anew(case: Case) -> None:
    with case.store.write() as session:
        previous = None
        for day in session.scalars(select(SealedDay).order_by(SealedDay.number)):
            leaves = session.scalars(
                select(SealedLeaf)
                .where(SealedLeaf.day_number == day.number)
                .order_by(SealedLeaf.position)
            ).all()
            day.leaves = len(leaves)
            day.root = told_root(
                Tree(hash_of_leaf(one.kind, one.digest, one.sm3) for one in leaves).root
            )
            day.previous_digest = previous or day.previous_digest
            day.digest = previous = statement_of(day).digest
            event = session.scalars(
                select(AuditEvent).where(
                    AuditEvent.action == "evidence.seal", AuditEvent.subject == f"day:{day.day}"
                )
            ).one()
            event.detail = {"digest": day.digest, "leaves": day.leaves}
    make_audit_anew(case)


def make_audit_anew(case: Case) -> None:
    """The chain of events from end to end, and the leaves of those that are sealed."""
    with case.store.write() as session:
        previous = audit.FIRST
        for event in session.scalars(select(AuditEvent).order_by(AuditEvent.id)):
            event.previous_digest = previous
            event.digest = previous = audit.digest_of(event)


@pytest.mark.parametrize(
    "tamper, named",
    [
        (flip_a_bit, "its bytes were changed"),
        (remove_a_record, "stamp of one: it is over something else"),
        (replace_the_root, "stamp of one: it is over something else"),
        (swap_the_stamps, "stamp of one: it is over something else"),
    ],
)
def test_the_store_tells_what_was_done_to_it(
    case: Case, trusted: Authority, tamper: Callable[[Case], None], named: str
) -> None:
    assert case.findings(authorities=(trusted,)) == []
    tamper(case)
    told = [str(finding) for finding in case.findings(authorities=(trusted,))]
    assert any(named in one for one in told), told


# A bundle.

WARC = "archive/2026-11-crawl-1.warc.gz"
DAY, AFTER = legal_day(AT).isoformat(), legal_day(NEXT).isoformat()
Members = dict[str, bytes]


def flip_a_bit_in(members: Members) -> None:
    data = bytearray(members[WARC])
    data[-40] ^= 1
    members[WARC] = bytes(data)


def remove_a_record_from(members: Members) -> None:
    """A capture with all that tells of it, and its leaf in the proof."""
    told = json.loads(members["evidence/capture-5.json"])
    (one,) = told["obtained"]
    for name in ("json", "html"):
        del members[f"evidence/capture-5.{name}"]
    data = members[one["warc"]]
    members[one["warc"]] = data[: one["offset"]] + data[one["offset"] + one["length"] :]
    bundle = json.loads(members[layout.BUNDLE])
    bundle["captures"].remove(5)
    bundle["records"] -= 1
    members[layout.BUNDLE] = layout.readable(bundle)
    lines = members[layout.INDEX].splitlines(keepends=True)
    members[layout.INDEX] = b"".join(
        line for line in lines if f'"{one["offset"]}"'.encode() not in line or b"404" not in line
    )


def replace_the_root_in(members: Members) -> None:
    """By one that the proof does not lead to; the proof names the new statement."""
    name = layout.statement(DAY)
    members[name] = re.sub(rb"root sha256:..", b"root sha256:00", members[name])
    proof = json.loads(members[layout.proof(DAY)])
    proof["statement"] = audit_digest(members[name])
    members[layout.proof(DAY)] = layout.readable(proof)


def audit_digest(data: bytes) -> str:
    from lantian.evidence.seal import digest_of

    return digest_of(data)


def swap_the_stamps_in(members: Members) -> None:
    one, other = layout.stamp(DAY, "one"), layout.stamp(AFTER, "one")
    members[one], members[other] = members[other], members[one]
    proofs = {day: json.loads(members[layout.proof(day)]) for day in (DAY, AFTER)}
    proofs[DAY]["stamps"], proofs[AFTER]["stamps"] = (
        proofs[AFTER]["stamps"],
        proofs[DAY]["stamps"],
    )
    for day, proof in proofs.items():
        members[layout.proof(day)] = layout.readable(proof)


def forge_a_record_in(members: Members) -> None:
    """Another page under the same leaf, with the digests that it claims of itself."""
    data = members[WARC]
    first = unpacked(data, 1 << 20)[1]
    body, length = unpacked(data[first:], 1 << 20)
    fields = {**parsed(body).fields}
    head = parsed(body).head
    del fields["Content-Length"]
    block = head + b"<p>forged"
    fields["WARC-Block-Digest"] = audit_digest(block)
    fields["WARC-Payload-Digest"] = audit_digest(b"<p>forged")
    member = compressed_member(plain(tuple(fields.items()), block))
    members[WARC] = data[:first] + member + data[first + length :]


@pytest.mark.parametrize(
    "tamper, file, named",
    [
        (flip_a_bit_in, WARC, "it"),
        (forge_a_record_in, "evidence/capture-2.json", "the record has another"),
        (remove_a_record_from, layout.proof(DAY), "there is nothing of it in the bundle"),
        (replace_the_root_in, layout.proof(DAY), "its path does not lead to the root of the day"),
        (replace_the_root_in, layout.stamp(DAY, "one"), "it is not over the statement of its day"),
        (swap_the_stamps_in, layout.stamp(DAY, "one"), "it is not over the statement of its day"),
    ],
)
def test_a_bundle_tells_what_was_done_to_it(  # noqa: PLR0917  (pytest gives them by name)
    case: Case,
    office: Office,
    tmp_path: Path,
    tamper: Callable[[Members], None],
    file: str,
    named: str,
) -> None:
    path = case.export(tmp_path / "x.wacz", BOTH).path
    assert look_at(path, roots=office.root).findings == ()
    assert content(path)[layout.stamp(DAY, "one")]
    forge(path, tamper)
    found: tuple[Finding, ...] = look_at(path, roots=office.root).findings
    assert any(one.file == file and named in one.reason for one in found), found


def test_a_record_removed_from_the_store_stops_its_export(case: Case, tmp_path: Path) -> None:
    from lantian.errors import LantianError

    with case.store.write() as session:
        session.execute(delete(Artifact).where(Artifact.capture_id == 2))
    with pytest.raises(LantianError):
        case.export(tmp_path / "x.wacz", BOTH)
    assert not (tmp_path / "x.wacz").exists()
