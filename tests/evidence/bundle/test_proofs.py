"""Proofs in bundles: what they prove without the system, and every way to bend them is named."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace as replaced
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from lantian.access import audit
from lantian.clock import legal_day
from lantian.errors import EvidenceDamaged
from lantian.evidence.archive import Archive
from lantian.evidence.authority import Authority
from lantian.evidence.bundle import layout
from lantian.evidence.bundle.check import BundleCheck
from lantian.evidence.bundle.verifier import write_verifier
from lantian.evidence.checkpoint import read_checkpoint
from lantian.evidence.note import Verifier, text_of
from lantian.evidence.reply import read_reply
from lantian.evidence.seal import digest_of
from lantian.evidence.sealing import Sealing
from lantian.evidence.spelling import date_of
from lantian.evidence.stamp import query_of, stamp_day
from lantian.model import SealedLeaf, TimeStamp
from lantian.store.engine import Store
from tests.evidence.authorities import Office
from tests.evidence.bundle.conftest import (
    BOTH,
    Case,
    Tamper,
    add,
    build,
    check,
    content,
    forge,
    replace,
    told,
)
from tests.evidence.conftest import AT, Kept
from tests.services.command import lantian

DAY, NEXT = "2026-11-24", "2026-11-25"
PROOF, TEXT = f"proofs/{DAY}.json", f"proofs/{DAY}.txt"
POINT, LATER = f"proofs/{DAY}.checkpoint", f"proofs/{NEXT}.checkpoint"
KEY, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
ONE, TWO = f"proofs/{DAY}.one.tsr", f"proofs/{NEXT}.one.tsr"


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory) -> list[Office]:
    folder = tmp_path_factory.mktemp("offices")
    return [Office(folder / name, name) for name in ("one", "two")]


def act(case: Case, days: int) -> None:
    with case.store.write() as session:
        at = AT + timedelta(days=days)
        audit.record(
            session, actor="user:li", action="clue.note", subject="clue:1", now=at, real_now=at
        )


def stamp(case: Case, day: str, office: Office) -> None:
    authority = Authority(office.name, "http://tsa.example/", office.root)

    def ask(_: Authority, query: bytes) -> bytes:
        return office.reply(query)

    assert stamp_day(case.store, day, authority, ask, now=now, real_now=now)


def seal(case: Case, offices: list[Office]) -> None:
    """Two sealed days, the second with an event only; stamped, the second by one authority."""
    act(case, 1)
    sealing = Sealing(case.store, case.archive, sm3=True, key=lambda: KEY)
    list(sealing.through(legal_day(AT) + timedelta(days=1), now=now(), real_now=now()))
    for office in offices:
        stamp(case, DAY, office)
    stamp(case, NEXT, offices[0])
    act(case, 2)


@pytest.fixture(scope="module")
def made(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, offices: list[Office]
) -> bytes:
    folder = tmp_path_factory.mktemp("sealed")
    shutil.copyfile(sqlite_template, folder / "store.sqlite3")
    kept = Kept(Store(f"sqlite:///{folder / 'store.sqlite3'}"), Archive(folder / "evidence"))
    kept.begin()
    case = build(kept)
    seal(case, offices)
    path = case.export(folder / "case.wacz", BOTH).path
    kept.store.close()
    return path.read_bytes()


@pytest.fixture
def sealed(made: bytes, tmp_path: Path) -> Path:
    """A bundle of which all records and all events but one are in two sealed days."""
    path = tmp_path / "sealed.wacz"
    path.write_bytes(made)
    return path


def test_records_and_events_are_proved_and_stamps_are_there(sealed: Path) -> None:
    checking = BundleCheck(sealed)
    assert list(checking.findings()) == []
    proved = checking.proved
    assert proved.days == [DAY, NEXT]
    assert proved.records == proved.all_records
    assert (len(proved.all_records), len(proved.events), len(proved.all_events)) == (9, 7, 8)
    assert [stamp.name for stamp in proved.stamps] == [
        ONE, f"proofs/{DAY}.two.tsr", TWO,
    ]  # fmt: skip
    days, log, key = checking.told()
    assert days == f"9 of 9 records and 7 of 8 events are in sealed days ({DAY}, {NEXT})."
    assert f"of 2 sealed days up to {NEXT} holds them; checkpoints: 2, each grown" in log
    proofs = told(sealed, layout.BUNDLE)["proofs"]
    assert [one["day"] for one in proofs.pop("checkpoints")] == [DAY, NEXT]
    assert proofs == {"days": [DAY, NEXT], "unsealed_records": 0, "unsealed_events": 1}
    assert proved.log.points[0].key in key
    assert content(sealed)[POINT].decode().endswith("=\n")


def test_the_extraction_record_tells_of_day_stamps_and_sm3(sealed: Path) -> None:
    record = told(sealed, "evidence/capture-2.json")
    about = record["time_stamp"]
    assert (about["day"], about["proof"]) == (DAY, PROOF)
    assert [one["authority"] for one in about["stamps"]] == ["one", "two"]
    sm3 = record["obtained"][0]["record_sm3"]
    assert re.fullmatch("sm3:[0-9a-f]{64}", sm3)
    page = content(sealed)["evidence/capture-2.html"].decode()
    assert f"列入 {DAY} 的默克尔树" in page
    assert sm3 in page
    assert about["statement"] in page
    assert all(f"序列号 {one['serial']}" in page for one in about["stamps"])


def test_a_bundle_of_what_is_not_sealed_says_so(case: Case, tmp_path: Path) -> None:
    path = case.export(tmp_path / "x.wacz", BOTH).path
    checking = BundleCheck(path)
    assert list(checking.findings()) == []
    assert list(checking.told()) == [
        "Nothing in it is in a sealed day yet: nothing proves when it was there."
    ]
    assert told(path, "evidence/capture-2.json")["time_stamp"] is None
    assert not any(name.startswith(layout.PROOFS) for name in content(path))


def test_the_same_content_makes_the_same_bytes_and_a_later_stamp_makes_others(
    case: Case, offices: list[Office], tmp_path: Path
) -> None:
    seal(case, offices)
    first, second = (case.export(tmp_path / f"{n}.wacz", BOTH).digest for n in (1, 2))
    assert first == second
    stamp(case, NEXT, offices[1])
    later = case.export(tmp_path / "3.wacz", BOTH)
    assert later.digest != first
    assert check(later.path) == []


def test_openssl_verifies_a_stamp_as_the_readme_says(
    sealed: Path, offices: list[Office], tmp_path: Path
) -> None:
    for name, data in content(sealed).items():
        if name.startswith(layout.PROOFS):
            (tmp_path / Path(name).name).write_bytes(data)
    (tmp_path / "root.pem").write_text(offices[0].root)
    assert (tmp_path / f"{DAY}.one.pem").read_text() == offices[0].root
    command = ["openssl", "ts", "-verify", "-data", f"{DAY}.txt", "-in", f"{DAY}.one.tsr"]
    done = subprocess.run(
        [*command, "-CAfile", "root.pem"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "Verification: OK" in done.stdout + done.stderr


# What a forger does; every digest that can be computed without the store is made right.


def edit(name: str, change: Callable[[Any], object]) -> Tamper:
    def tamper(members: dict[str, bytes]) -> None:
        said = json.loads(members[name])
        change(said)
        members[name] = layout.readable(said)

    return tamper


def edit_leaf(**values: object) -> Tamper:
    return edit(PROOF, lambda said: said["leaves"][1].update(values))


def bend_path(said: Any) -> None:
    path = said["leaves"][1]["path"]
    path[0] = "00" + path[0][2:]


def shorten_path(said: Any) -> None:
    said["leaves"][1]["path"].pop()


def drop_leaf(said: Any) -> None:
    said["leaves"].pop(1)


def swap(one: str, other: str) -> Tamper:
    def tamper(members: dict[str, bytes]) -> None:
        members[one], members[other] = members[other], members[one]

    return tamper


def remove(*names: str) -> Tamper:
    def tamper(members: dict[str, bytes]) -> None:
        for name in names:
            del members[name]

    return tamper


def replace_root(members: dict[str, bytes]) -> None:
    members[TEXT] = re.sub(rb"root sha256:..", b"root sha256:00", members[TEXT])


def remove_the_proofs_wholly(members: dict[str, bytes]) -> None:
    for name in [name for name in members if name.startswith(layout.PROOFS)]:
        del members[name]
    edit(layout.BUNDLE, lambda said: said["proofs"].update(days=[], checkpoints=[]))(members)


def edit_point(number: int, **values: object) -> Tamper:
    return edit(layout.BUNDLE, lambda said: said["proofs"]["checkpoints"][number].update(values))


def another_root(members: dict[str, bytes]) -> None:
    """Another root of both days, signed by who has the key, as the log of another history."""
    sign_anew(members, KEY, root=b"\1" * 32)


def sign_anew(
    members: dict[str, bytes], key: Ed25519PrivateKey, root: bytes = b"", size: int = 0
) -> None:
    """The later checkpoint signed by `key`, which bundle.json tells then."""
    true = read_checkpoint(text_of(members[LATER].decode()))
    forged = replaced(true, root=root or true.root, size=size or true.size)
    members[LATER] = forged.signed(key).encode()
    told = Verifier(true.origin, key.public_key().public_bytes_raw()).told
    edit_point(1, key=told)(members)


def of_three_days(members: dict[str, bytes]) -> None:
    sign_anew(members, KEY, size=3)


def of_another_log(members: dict[str, bytes]) -> None:
    true = read_checkpoint(text_of(members[LATER].decode()))
    members[LATER] = replaced(true, origin="lantian.log/other").signed(KEY).encode()
    key = Verifier("lantian.log/other", KEY.public_key().public_bytes_raw()).told
    edit_point(1, key=key)(members)


def tell_another_time(said: Any) -> None:
    said["stamps"][0]["time"] = "2020-01-01T00:00:00.000000Z"


def without_sm3(said: Any) -> None:
    said["obtained"][0]["record_sm3"] = None


@pytest.mark.parametrize(
    "tamper, kind, file, reason",
    [
        (edit_leaf(digest="sha256:" + "1" * 64), "unnamed", PROOF, "there is nothing of it in"),
        (edit_leaf(sm3="sm3:" + "1" * 64), "unproved", PROOF, "does not lead to the root"),
        (edit_leaf(sm3=None), "unproved", PROOF, "does not lead to the root of the day"),
        (edit_leaf(position=0), "unproved", PROOF, "does not lead to the root of the day"),
        (edit_leaf(position=4000), "unproved", PROOF, "its path is none: there is no leaf 4000"),
        (edit_leaf(kind="event"), "unnamed", PROOF, "there is nothing of it in the bundle"),
        (edit(PROOF, bend_path), "unproved", PROOF, "does not lead to the root of the day"),
        (edit(PROOF, shorten_path), "unproved", PROOF, "its path is none: it is too short"),
        (edit(PROOF, drop_leaf), "unproved", layout.BUNDLE, "0 records without a proof, and 1"),
        (replace_root, "changed", TEXT, "it is not the statement of which"),
        (replace_root, "unproved", PROOF, "does not lead to the root of the day"),
        (replace_root, "changed", ONE, "it is not over the statement of its day"),
        (add(TEXT, b"lantian.day/1\n"), "changed", TEXT, "not the statement of a day as Lantian"),
        (swap(TEXT, f"proofs/{NEXT}.txt"), "changed", TEXT, "it is the statement of another day"),
        (swap(PROOF, f"proofs/{NEXT}.json"), "changed", PROOF, "it is not the proof of that day"),
        (swap(ONE, TWO), "changed", ONE, "it is not over the statement of its day"),
        (swap(ONE, f"proofs/{DAY}.two.tsr"), "changed", ONE, "it says otherwise than is told"),
        (add(ONE, b"<html>"), "changed", ONE, "it is no answer after RFC 3161"),
        (remove(ONE), "missing", ONE, "tells of it, and it is not there"),
        (remove(f"proofs/{DAY}.one.pem"), "missing", f"proofs/{DAY}.one.pem", "it is not there"),
        (remove(TEXT), "missing", TEXT, "bundle.json names its day, and it is not there"),
        (remove(PROOF), "missing", PROOF, "bundle.json names its day, and it is not there"),
        (remove_the_proofs_wholly, "unproved", layout.BUNDLE, "0 records without a proof, and 9"),
        (add("proofs/2026-11-26.json"), "unnamed", "proofs/2026-11-26.json", "names no day"),
        (edit(PROOF, tell_another_time), "changed", ONE, "it says otherwise than is told of it"),
        (edit(PROOF, tell_another_time), "changed", "evidence/capture-2.json", "its time stamp"),
        (remove(POINT), "missing", POINT, "bundle.json tells of it, and it is not there"),
        (swap(POINT, LATER), "unproved", POINT, "it is of 2 days, and the day is number 1"),
        (replace(LATER, b"lantian.log/", b"lantian.lag/"), "changed", LATER, "the signature of"),
        (replace(LATER, b"\n2\n", b"\n3\n"), "changed", LATER, "the signature of lantian.log"),
        (another_root, "unproved", LATER, "the statement of its day does not lead to its root"),
        (of_three_days, "unproved", LATER, "it is of 3 days, and the day is number 2"),
        (of_another_log, "unproved", LATER, "it is of another log than the one before it"),
        (edit_point(1, path=[]), "unproved", LATER, "it is too short"),
        (edit_point(1, path=["00" * 32]), "unproved", LATER, "does not lead to its root"),
        (edit_point(1, grown=[]), "unproved", LATER, "it did not grow from the checkpoint before"),
        (edit_point(1, grown=["00" * 32]), "unproved", LATER, "it does not lead to the later root"),
        (edit_point(1, key="x"), "changed", LATER, "it is no Ed25519 key of a signed note"),
        (
            edit(layout.BUNDLE, lambda said: said["proofs"]["checkpoints"].pop()),
            "unnamed", LATER, "bundle.json names no day that it belongs to",
        ),
        (
            edit("evidence/capture-2.json", lambda said: said.update(time_stamp=None)),
            "changed", "evidence/capture-2.json", "it tells otherwise of its time stamp",
        ),
        (
            edit("evidence/capture-2.json", without_sm3),
            "changed", "evidence/capture-2.json", "another SM3 of the record of its payload",
        ),
    ],
)  # fmt: skip
def test_what_was_done_is_named(
    tamper: Tamper, kind: str, file: str, reason: str, sealed: Path
) -> None:
    forge(sealed, tamper)
    found = check(sealed)
    assert any((one.kind, one.file) == (kind, file) and reason in one.reason for one in found), (
        found
    )


@pytest.mark.parametrize("name", [PROOF, TEXT, POINT, ONE, f"proofs/{DAY}.one.pem"])
def test_a_flipped_bit_in_a_proof_is_named(name: str, sealed: Path) -> None:
    members = content(sealed)
    for place in range(0, len(members[name]), 97):
        changed = bytearray(members[name])
        changed[place] ^= 1
        forge(sealed, add(name, bytes(changed)), sums=False, manifest=False)
        assert name in {finding.file for finding in check(sealed)}, place
        forge(sealed, add(name, members[name]), sums=False, manifest=False)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(data=st.data())
def test_no_content_of_proofs_makes_checking_fail_otherwise(
    data: st.DataObject, sealed: Path
) -> None:
    path = sealed.with_name("fuzzed.wacz")
    shutil.copy(sealed, path)
    name = data.draw(st.sampled_from([PROOF, TEXT, POINT, ONE, layout.BUNDLE]))
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=4,
    )

    def tamper(members: dict[str, bytes]) -> None:
        if not name.endswith(".json"):
            members[name] = data.draw(st.binary(max_size=80))
            return
        said = json.loads(members[name])
        place = said["proofs"] if name == layout.BUNDLE else said
        while True:
            keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
            key = data.draw(st.sampled_from(keys))
            if isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
                place = place[key]
                continue
            place[key] = data.draw(anything)
            break
        members[name] = layout.readable(said)

    forge(path, tamper)
    check(path)


def test_a_checkpoint_of_another_key_is_named_if_the_key_is_known(sealed: Path) -> None:
    forge(sealed, lambda members: sign_anew(members, OTHER))
    assert check(sealed) == []
    true = Verifier("lantian.log/x", KEY.public_key().public_bytes_raw()).public
    checking = BundleCheck(sealed)
    list(checking.findings())
    first, second = checking.proved.log.points
    assert Verifier.read(first.key).public == true != Verifier.read(second.key).public
    (found,) = BundleCheck(sealed, keys=(first.key,)).findings()
    assert (found.kind, found.file) == ("changed", LATER)
    assert "which is not the key that was given" in found.reason


# Damage in the store is not handed out.


def test_a_leaf_that_was_changed_in_the_store_stops_the_export(
    case: Case, offices: list[Office], tmp_path: Path
) -> None:
    seal(case, offices)
    with case.store.write() as session:
        session.execute(
            update(SealedLeaf).where(SealedLeaf.position == 3).values(digest="sha256:" + "0" * 64)
        )
    with pytest.raises(EvidenceDamaged, match="the bundle would not verify"):
        case.export(tmp_path / "x.wacz", BOTH)


def test_a_stamp_of_another_day_in_the_store_stops_the_export(
    case: Case, offices: list[Office], tmp_path: Path
) -> None:
    seal(case, offices)
    with case.store.write() as session:
        first, second = session.scalars(select(TimeStamp).where(TimeStamp.authority == "one"))
        first.reply = second.reply
    with pytest.raises(EvidenceDamaged, match="it is not over the statement of its day"):
        case.export(tmp_path / "x.wacz", BOTH)


def test_a_removed_leaf_stops_the_export(case: Case, offices: list[Office], tmp_path: Path) -> None:
    seal(case, offices)
    with case.store.write() as session:
        session.execute(delete(SealedLeaf).where(SealedLeaf.position == 0))
    with pytest.raises(EvidenceDamaged, match="the bundle would not verify"):
        case.export(tmp_path / "x.wacz", BOTH)


# By the commands.


def verify(path: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    return lantian("evidence", "verify", str(path), *options)


def test_signatures_are_judged_under_the_roots_that_are_given(
    sealed: Path, offices: list[Office], tmp_path: Path
) -> None:
    roots = [tmp_path / f"{office.name}.pem" for office in offices]
    for root, office in zip(roots, offices, strict=True):
        root.write_text(office.root)
    done = verify(sealed)
    assert done.returncode == 0, done.stdout
    assert "9 of 9 records and 7 of 8 events are in sealed days" in done.stdout
    assert f"{ONE}: it is over its day; its signature is not judged: give" in done.stdout
    done = verify(sealed, "--trust", str(roots[0]), "--trust", str(roots[1]))
    assert done.returncode == 0, done.stdout
    assert f"{ONE}: it is over its day; its signature was judged." in done.stdout
    done = verify(sealed, "--trust", str(roots[0]))
    assert done.returncode == 1
    assert f"unproved: proofs/{DAY}.two.tsr: under the given roots: " in done.stdout
    done = verify(sealed, "--trust", str(tmp_path / "none.pem"))
    assert (done.returncode, "the certificates cannot be read" in done.stderr) == (1, True)


def test_the_key_of_the_log_is_compared_if_it_is_given(sealed: Path) -> None:
    (true,) = {one["key"] for one in told(sealed, layout.BUNDLE)["proofs"]["checkpoints"]}
    done = verify(sealed, "--key", true)
    assert done.returncode == 0, done.stdout
    assert f"signed with the key {true}, which was given." in done.stdout
    forge(sealed, lambda members: sign_anew(members, OTHER))
    done = verify(sealed, "--key", true)
    assert done.returncode == 1
    assert f"changed: {LATER}: it is signed with" in done.stdout


def test_a_stamp_of_a_made_up_authority_is_found_under_the_true_root(
    sealed: Path, offices: list[Office], tmp_path: Path
) -> None:
    fake = Office(tmp_path / "fake", "one")
    members = content(sealed)
    reply = fake.reply(query_of(members[TEXT]).data)
    found = read_reply(reply)
    about = {"time": date_of(found.time), "serial": str(found.serial), "policy": found.policy}

    def tamper(members: dict[str, bytes]) -> None:
        members[ONE], members[f"proofs/{DAY}.one.pem"] = reply, fake.root.encode()
        edit(PROOF, lambda said: said["stamps"][0].update(about))(members)
        for number in (2, 3, 4, 5):
            name = f"evidence/capture-{number}"
            before = members[f"{name}.json"]
            edit(f"{name}.json", lambda said: said["time_stamp"]["stamps"][0].update(about))(
                members
            )
            old, new = (digest_of(one).encode() for one in (before, members[f"{name}.json"]))
            replace(f"{name}.html", old, new)(members)

    forge(sealed, tamper)
    assert check(sealed) == []
    root = tmp_path / "root.pem"
    root.write_text(offices[0].root + offices[1].root)
    done = verify(sealed, "--trust", str(root))
    assert done.returncode == 1
    assert f"unproved: {ONE}: under the given roots: its certificate or signature" in done.stdout


def test_the_verifier_alone_judges_proofs_and_says_what_it_does_not_judge(
    sealed: Path, tmp_path: Path
) -> None:
    program = tmp_path / "verify.pyz"
    write_verifier(program)
    command = [sys.executable, "-I", "-S", str(program), str(sealed)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "9 of 9 records and 7 of 8 events are in sealed days" in done.stdout
    assert f"{ONE}: it is over its day; its signature is not judged here." in done.stdout
    forge(sealed, edit(PROOF, bend_path))
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert f"unproved: {PROOF}: record sha256:" in done.stdout
