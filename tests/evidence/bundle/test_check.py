"""Tampering with a bundle: whatever was changed is named with file and cause, and no traceback.

Each test says how much of it the forger made right again: nothing, the sums, or every digest that
can be computed without the store.
"""

import json
import random
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lantian.errors import Unreadable
from lantian.evidence.bundle import layout
from lantian.evidence.bundle.zipped import members_of
from lantian.evidence.record import compressed_member, parsed, plain, stored_member, unpacked
from lantian.evidence.seal import digest_of
from tests.evidence.bundle.conftest import BOTH, Tamper, add, check, content, forge, packed, replace

if TYPE_CHECKING:
    from tests.evidence.bundle.conftest import Case

Members = dict[str, bytes]
WARC = "archive/2026-11-crawl-1.warc.gz"
EVIDENCE = "archive/2026-11-evidence-2.warc.gz"
KINDS = (
    WARC, EVIDENCE, layout.INDEX, layout.PAGES, layout.README, layout.BUNDLE, layout.CUSTODY,
    layout.SUMS, layout.PACKAGE, layout.PACKAGE_DIGEST, "evidence/capture-2.json",
    "evidence/capture-2.html", "evidence/capture-4.png",
    "evidence/capture-4.dom.txt", "evidence/document-1.txt",
    "evidence/document-1.json", "evidence/notice-1.json",
    "evidence/notice-1.events.json",
)  # fmt: skip
FLIPS = 1000


def shown(path: Path) -> list[str]:
    return [f"{finding.kind} {finding}" for finding in check(path)]


def test_every_kind_of_member_is_among_those_tampered_with(bundle: Path) -> None:

    def kind(name: str) -> str:
        return re.sub(r"-\d+\.", "-N.", name)

    assert {kind(name) for name in content(bundle)} == {kind(name) for name in KINDS}


@pytest.mark.parametrize("name", KINDS)
def test_a_flipped_bit_in_any_kind_of_member_is_named(name: str, bundle: Path) -> None:
    whole = bytearray(bundle.read_bytes())
    with bundle.open("rb") as handle:
        member = {one.name: one for one in members_of(handle, len(whole))}[name]
    rng = random.Random(name)
    for _ in range(20):
        place, bit = rng.randrange(member.start, member.start + member.size), rng.randrange(8)
        whole[place] ^= 1 << bit
        bundle.write_bytes(whole)
        findings = check(bundle)
        assert name in {finding.file for finding in findings}, (place, bit)
        whole[place] ^= 1 << bit


def test_a_thousand_flips_anywhere_are_found(bundle: Path) -> None:
    whole = bytearray(bundle.read_bytes())
    rng = random.Random(20261128)
    missed = []
    for _ in range(FLIPS):
        place, change = rng.randrange(len(whole)), rng.randrange(1, 256)
        whole[place] ^= change
        bundle.write_bytes(whole)
        if not check(bundle):
            missed.append((place, change))
        whole[place] ^= change
    assert missed == []


# What a forger does to the members.


def records_of(data: bytes) -> list[bytes]:
    """The gzip members of a WARC file."""
    found = []
    while data:
        _, length = unpacked(data, 10_000_000)
        found.append(data[:length])
        data = data[length:]
    return found


def remove(name: str) -> Tamper:
    def tamper(members: Members) -> None:
        del members[name]

    return tamper


def swap(one: str, other: str) -> Tamper:
    def tamper(members: Members) -> None:
        members[one], members[other] = members[other], members[one]

    return tamper


def edit(name: str, change: Callable[[Any], object]) -> Tamper:
    def tamper(members: Members) -> None:
        told = json.loads(members[name])
        change(told)
        members[name] = layout.readable(told)

    return tamper


def rewrite_index(change: Callable[[list[bytes]], list[bytes]]) -> Tamper:
    def tamper(members: Members) -> None:
        members[layout.INDEX] = b"".join(change(members[layout.INDEX].splitlines(keepends=True)))

    return tamper


def shifted(lines: list[bytes]) -> list[bytes]:
    told = [line.split(b" ", 2) for line in lines]
    moved = [(key, stamp, json.loads(rest)) for key, stamp, rest in told]
    for _, _, rest in moved:
        rest["offset"] = str(int(rest["offset"]) + 1)
    return [b" ".join((k, s, json.dumps(rest).encode())) + b"\n" for k, s, rest in moved]


def remove_a_record(members: Members) -> None:
    records = records_of(members[WARC])
    members[WARC] = b"".join(records[:1] + records[2:])


def remove_the_last_record(members: Members) -> None:
    members[WARC] = b"".join(records_of(members[WARC])[:-1])


def repeat_a_record(members: Members) -> None:
    members[WARC] += records_of(members[WARC])[-1]


def reorder_records(members: Members) -> None:
    first, *rest = records_of(members[WARC])
    members[WARC] = b"".join([first, *reversed(rest)])


def forge_a_record(members: Members) -> None:
    """Another body, with all digests that the record itself holds made right."""
    info, record, *rest = records_of(members[WARC])
    found = parsed(unpacked(record, 10_000_000)[0])
    payload = found.payload.replace("包授权".encode(), "不包授权".encode())
    fields = found.fields | {
        "WARC-Payload-Digest": digest_of(payload),
        "WARC-Block-Digest": digest_of(found.head + payload),
    }
    del fields["Content-Length"]
    forged = compressed_member(plain(tuple(fields.items()), found.head + payload))
    members[WARC] = b"".join([info, forged, *rest])


def belie_a_record(members: Members) -> None:
    """Another body under the digests of the old one."""
    info, record, *rest = records_of(members[WARC])
    whole = unpacked(record, 10_000_000)[0].replace("包授权".encode(), "不授权".encode())
    members[WARC] = b"".join([info, compressed_member(whole), *rest])


def a_strange_record(members: Members) -> None:
    fields = (("WARC-Type", "conversion"), ("WARC-Record-ID", "<urn:uuid:9>"))
    block = (("WARC-Block-Digest", digest_of(b"x")), ("Content-Type", "text/plain"))
    members[WARC] += compressed_member(plain(fields + block, b"x"))


def a_bomb(members: Members) -> None:
    members[WARC] += compressed_member(
        b"WARC/1.1\r\nContent-Length: 9000000000\r\n\r\n" + b"x" * 99
    )


def forge_a_line(members: Members) -> None:
    lines = members[layout.CUSTODY].splitlines(keepends=True)
    lines[1] = lines[1].replace(b"clue.confirm", b"clue.dismiss")
    members[layout.CUSTODY] = b"".join(lines)


def drop_a_line(members: Members) -> None:
    members[layout.CUSTODY] = b"".join(members[layout.CUSTODY].splitlines(keepends=True)[1:])


def reorder_lines(members: Members) -> None:
    lines = members[layout.CUSTODY].splitlines(keepends=True)
    members[layout.CUSTODY] = b"".join(reversed(lines))


def relink_a_line(members: Members) -> None:
    """An event whose content and digest agree, and which does not follow the one before it."""
    lines = [json.loads(line) for line in members[layout.CUSTODY].splitlines()]
    lines[1]["action"] = "clue.dismiss"
    lines[1]["previous"] = lines[0]["previous"]
    names = ("at", "recorded_at", "actor", "action", "subject", "detail", "previous")
    lines[1]["digest"] = digest_of(layout.canonical({name: lines[1][name] for name in names}))
    members[layout.CUSTODY] = b"".join(layout.canonical(line) + b"\n" for line in lines)


def drop_a_capture(members: Members) -> None:
    """A capture with everything that tells of it; its record stays in the WARC file."""
    for name in ("json", "html"):
        del members[f"evidence/capture-5.{name}"]
    edit(layout.BUNDLE, lambda told: told["captures"].remove(5))(members)


def screenshot_of_another_page(members: Members) -> None:
    """Another picture, and an extraction record that tells its digest."""
    members["evidence/capture-4.png"] = b"\x89PNG other"

    def change(told: Any) -> None:
        told["obtained"][2]["digest"] = digest_of(b"\x89PNG other")

    edit("evidence/capture-4.json", change)(members)


def another_machine(members: Members) -> None:
    """A file that tells another machine, in a sound record, and extraction records that agree."""
    data, length = unpacked(members[WARC], 1 << 20)
    old, block = (
        parsed(data),
        parsed(data).payload.replace("取证一号".encode(), "取证二号".encode()),
    )
    fields = {**old.fields, "WARC-Block-Digest": digest_of(block)}
    del fields["Content-Length"]
    forged = stored_member(plain(tuple(fields.items()), block))
    assert len(forged) == length
    members[WARC] = forged + members[WARC][length:]
    for capture in (2, 3):
        edit(
            f"evidence/capture-{capture}.json", lambda told: told["device"].update(host="取证二号")
        )(members)


def change_a_hit(key: str, value: object) -> Tamper:
    return edit("evidence/document-1.json", lambda told: told["hits"][0].__setitem__(key, value))


def change_a_capture(*path: object, value: object) -> Tamper:
    def change(told: Any) -> None:
        for key in path[:-1]:
            told = told[key]
        told[path[-1]] = value

    return edit("evidence/capture-2.json", change)


UNFIXED: list[tuple[Tamper, str, str]] = [
    (remove(layout.PACKAGE), layout.PACKAGE, "every bundle has this file"),
    (remove(layout.PACKAGE_DIGEST), layout.PACKAGE_DIGEST, "every bundle has this file"),
    (remove(layout.INDEX), layout.INDEX, "datapackage.json lists it, and it is not there"),
    (remove(WARC), WARC, "datapackage.json lists it, and it is not there"),
    (
        remove("evidence/capture-2.html"),
        "evidence/capture-2.html",
        "datapackage.json lists it",
    ),
    (swap(WARC, EVIDENCE), WARC, "its digest is sha256:"),
    (
        swap("evidence/document-1.txt", "evidence/document-2.txt"),
        "evidence/document-2.txt",
        "its digest is sha256:",
    ),
    (add("evidence/extra.txt"), "evidence/extra.txt", "datapackage.json does not list it"),
    (add("archive/more.warc.gz", b""), "archive/more.warc.gz", "datapackage.json does not list it"),
    (
        edit(layout.PACKAGE_DIGEST, lambda told: told.update(hash="sha256:" + "0" * 64)),
        layout.PACKAGE,
        "its digest is not the one in datapackage-digest.json",
    ),
    (
        edit(layout.PACKAGE, lambda told: told.update(title="x")),
        layout.PACKAGE,
        "its digest is not the one in datapackage-digest.json",
    ),
    (replace(layout.PACKAGE_DIGEST, b"}", b" }"), layout.PACKAGE_DIGEST, "as Lantian writes it"),
    (
        edit(layout.PACKAGE_DIGEST, lambda told: told.update(path="pages/pages.jsonl")),
        layout.PACKAGE_DIGEST,
        "it is not about datapackage.json alone",
    ),
    (
        edit(layout.PACKAGE, lambda told: told["resources"].pop(0)),
        WARC,
        "datapackage.json does not list it",
    ),
    (
        edit(layout.PACKAGE, lambda told: told["resources"].append(told["resources"][0])),
        layout.PACKAGE,
        f"it lists {WARC} twice",
    ),
    (
        edit(layout.PACKAGE, lambda told: told["resources"].reverse()),
        layout.PACKAGE,
        "another order",
    ),
    (
        edit(layout.PACKAGE, lambda told: told.update(wacz_version="9")),
        layout.PACKAGE,
        "not that of a WACZ 1.1.1",
    ),
    (replace(layout.SUMS, b"0", b"f"), layout.SUMS, "its digest is sha256:"),
    (belie_a_record, WARC, r"at \d+: its content does not match its digest"),
]

MANIFEST_FIXED: list[tuple[Tamper, str, str]] = [
    (replace(layout.README, b"WACZ", b"wacz"), layout.SUMS, "another digest of evidence/readme"),
    (remove(layout.README), layout.README, "every bundle has this file"),
    (remove(layout.SUMS), layout.SUMS, "every bundle has this file"),
    (add("evidence/extra.txt"), layout.SUMS, "another digest of evidence/extra.txt, or none"),
    (
        remove("evidence/notice-1.events.json"),
        "evidence/notice-1.events.json",
        "sha256sums.txt lists it, and it is not there",
    ),
]

ALL_FIXED: list[tuple[Tamper, str, str]] = [
    (remove_a_record, WARC, "the record urn:uuid:.* of its payload is not there"),
    (remove_the_last_record, WARC, "the record urn:uuid:.* of its payload is not there"),
    (remove_the_last_record, EVIDENCE, "the record that it repeats is not in the bundle"),
    (remove_the_last_record, layout.PAGES, "page 2: no record is of https://shop.example/goods/1"),
    (repeat_a_record, WARC, "the same record stands in the bundle twice"),
    (reorder_records, layout.INDEX, "no record begins at|tells otherwise of the record"),
    (reorder_records, "evidence/capture-2.json", "the record has another offset"),
    (forge_a_record, "evidence/capture-2.json", "the record has another digest"),
    (forge_a_record, layout.INDEX, "line 1: it tells otherwise of the record at"),
    (belie_a_record, WARC, "its content does not match its digest"),
    (a_strange_record, WARC, "a record of the kind 'conversion' is not expected here"),
    (a_bomb, WARC, "it holds more than"),
    (another_machine, WARC, "its first record is not that of which line 5 of"),
    (
        change_a_capture("operators", value=["丙某"]),
        "evidence/capture-2.json",
        "it tells another operators than the first record of archive/",
    ),
    (
        change_a_capture("clock", "offset_seconds", value="+0.0000"),
        "evidence/capture-2.json",
        "it tells another clock than the first record of archive/",
    ),
    (
        change_a_capture("case", "number", value="另案"),
        "evidence/capture-2.json",
        "it tells another case than the first record of archive/",
    ),
    (replace(WARC, b"\x1f\x8b", b"\x1f\x8c"), WARC, "at 0: it cannot be decompressed"),
    (add(WARC, b""), WARC, "the record urn:uuid:.* of its payload is not there"),
    (swap(WARC, EVIDENCE), "evidence/capture-2.json", "the record has another WARC file"),
    (rewrite_index(shifted), layout.INDEX, r"line 1: no record begins at \d+ of"),
    (rewrite_index(lambda lines: lines[1:]), layout.INDEX, "does not list the record of https://"),
    (rewrite_index(lambda lines: lines[:-1]), layout.INDEX, "does not list the record of urn:"),
    (rewrite_index(lambda lines: lines[::-1]), layout.INDEX, "line 2 is not in order"),
    (rewrite_index(lambda lines: [*lines, lines[-1]]), layout.INDEX, "line 8: it tells otherwise"),
    (rewrite_index(lambda lines: [*lines, b"zz"]), layout.INDEX, "its last line has no end"),
    (rewrite_index(lambda lines: [*lines, b"zz\n"]), layout.INDEX, "line 8: it is no line of an"),
    (replace(layout.INDEX, b"20261124", b"20261123"), layout.INDEX, "line 1: it tells otherwise"),
    (replace(layout.INDEX, b'"200"', b'"404"'), layout.INDEX, "line 1: it tells otherwise"),
    (remove(layout.INDEX), layout.INDEX, "every bundle has this file"),
    (replace(layout.PAGES, b"goods/1", b"goods/2"), layout.PAGES, "page 1: no record is of"),
    (replace(layout.PAGES, b"08:30:01", b"08:31:01"), layout.PAGES, "page 1: no record is of"),
    (replace(layout.PAGES, b"json-pages", b"jsn-pages"), layout.PAGES, "does not begin as a list"),
    (add(layout.PAGES, b"{"), layout.PAGES, "its last line has no end"),
    (add(layout.PAGES, layout.canonical(layout.PAGES_HEAD) + b"\n"), layout.PAGES, "no page"),
    (drop_a_capture, EVIDENCE, r"at \d+: no capture names this record of"),
    (
        edit(layout.BUNDLE, lambda told: told["captures"].append(9)),
        "evidence/capture-9.json",
        "bundle.json names it, and it is not there",
    ),
    (
        edit(layout.BUNDLE, lambda told: told["documents"].remove(2)),
        "evidence/document-2.json",
        "nothing in the bundle names this file",
    ),
    (
        edit(layout.BUNDLE, lambda told: told["captures"].remove(2)),
        "evidence/document-1.json",
        "the capture that it was read from is not in the bundle",
    ),
    (edit(layout.BUNDLE, lambda told: told.update(format="x")), layout.BUNDLE, "its format is not"),
    (edit(layout.BUNDLE, lambda told: told.pop("captures")), layout.BUNDLE, "KeyError: 'captures'"),
    (add(layout.BUNDLE, b"[" * 100_000), layout.BUNDLE, "it is no JSON"),
    (add(layout.BUNDLE, b"\xff"), layout.BUNDLE, "it is no JSON"),
    (add(layout.BUNDLE, b"[]"), layout.BUNDLE, "not as Lantian writes it"),
    (
        replace("evidence/capture-4.png", b"PNG", b"JPG"),
        "evidence/capture-4.json",
        "evidence/capture-4.png is changed",
    ),
    (
        screenshot_of_another_page,
        "evidence/capture-4.json",
        "what it says of its screenshot is not so: the record has another digest",
    ),
    (
        replace("evidence/capture-4.dom.txt", b"<html>", b"<htm1>"),
        "evidence/capture-4.json",
        "capture-4.dom.txt is changed",
    ),
    (
        remove("evidence/capture-4.png"),
        "evidence/capture-4.json",
        "capture-4.png is not there",
    ),
    (
        swap("evidence/capture-2.html", "evidence/capture-3.html"),
        "evidence/capture-2.html",
        "does not carry the digest of the JSON of the same name",
    ),
    (
        change_a_capture("target", "remote_ip", value="9.9.9.9"),
        "evidence/capture-2.json",
        "names another IP address than the record",
    ),
    (
        change_a_capture("target", "final_url", value="https://other.example/"),
        "evidence/capture-2.json",
        "names another address than the record",
    ),
    (
        change_a_capture("target", "status", value=404),
        "evidence/capture-2.json",
        "names another status than the record",
    ),
    (
        change_a_capture("time", "recorded", value="2026-11-23T08:30:01.123456+00:00"),
        "evidence/capture-2.json",
        "names another time than the record",
    ),
    (
        change_a_capture("time", "recorded", value="yesterday"),
        "evidence/capture-2.json",
        "not as Lantian writes it",
    ),
    (
        change_a_capture("payload_digest", value="sha256:0"),
        "evidence/capture-2.json",
        "names another payload digest than the record",
    ),
    (
        change_a_capture("obtained", value=[]),
        "evidence/capture-2.json",
        "it names no payload",
    ),
    (
        change_a_capture("obtained", 0, "role", value="screenshot"),
        "evidence/capture-2.json",
        "the record has another role",
    ),
    (
        change_a_capture("screenshots", value=["x.png"]),
        "evidence/capture-2.json",
        "its list of screenshots",
    ),
    (
        change_a_capture("capture", value=3),
        "evidence/capture-2.json",
        "it is of capture 3",
    ),
    (
        replace("evidence/document-1.txt", "内部".encode(), "外部".encode()),
        "evidence/document-1.txt",
        "it is not the text whose digest its JSON tells",
    ),
    (change_a_hit("start", 3), "evidence/document-1.json", r"hit 1 \(.*\) is not found at 3–"),
    (change_a_hit("end", 10**9), "evidence/document-1.json", "is not found at"),
    (change_a_hit("start", -1), "evidence/document-1.json", "is not found at"),
    (change_a_hit("text", "包"), "evidence/document-1.json", "is not found at"),
    (
        edit("evidence/document-1.json", lambda told: told.update(document=2)),
        "evidence/document-1.json",
        "it is of document 2",
    ),
    (
        replace("evidence/notice-1.json", "涉嫌".encode(), "确认".encode()),
        "evidence/notice-1.json",
        "not the content that was frozen",
    ),
    (forge_a_line, layout.CUSTODY, "line 2: event 3 does not match its digest"),
    (drop_a_line, layout.CUSTODY, "it has 5 lines, and is not the one of which bundle.json tells"),
    (reorder_lines, layout.CUSTODY, "line 2 is not in order"),
    (relink_a_line, layout.CUSTODY, "line 2: event 3 does not follow the one before it"),
    (add(layout.CUSTODY, b"{}\n"), layout.CUSTODY, "not as Lantian writes it"),
]


@pytest.mark.parametrize("tamper, name, reason", UNFIXED)
def test_a_plain_change_is_named(tamper: Tamper, name: str, reason: str, bundle: Path) -> None:
    forge(bundle, tamper, sums=False, manifest=False)
    assert_named(bundle, name, reason)


@pytest.mark.parametrize("tamper, name, reason", MANIFEST_FIXED)
def test_a_change_with_the_manifest_made_right_is_named(
    tamper: Tamper, name: str, reason: str, bundle: Path
) -> None:
    forge(bundle, tamper, sums=False)
    assert_named(bundle, name, reason)


@pytest.mark.parametrize("tamper, name, reason", ALL_FIXED)
def test_a_change_with_every_digest_made_right_is_named(
    tamper: Tamper, name: str, reason: str, bundle: Path
) -> None:
    forge(bundle, tamper)
    assert_named(bundle, name, reason)


def assert_named(bundle: Path, name: str, reason: str) -> None:
    found = [finding for finding in check(bundle) if finding.file == name]
    assert any(re.search(reason, finding.reason) for finding in found), shown(bundle)


def test_forging_nothing_leaves_a_sound_bundle(bundle: Path) -> None:
    whole = bundle.read_bytes()
    forge(bundle, lambda members: None)
    assert bundle.read_bytes() == whole


def test_a_bundle_forged_as_a_whole_is_told_by_the_digest_that_was_expected(bundle: Path) -> None:
    """Nothing inside a file can show that all of it was made anew: that takes word from outside."""
    expected = digest_of(bundle.read_bytes())
    assert check(bundle, expected) == []
    assert check(bundle, expected.partition(":")[2].upper()) == []
    forge(bundle, replace(layout.README, b"WACZ", b"wacz"))
    assert check(bundle) == []
    (finding,) = check(bundle, expected)
    assert "it is not the file that was expected" in finding.reason


def test_two_bundles_mixed_are_told_apart(bundle: Path, case: "Case", tmp_path: Path) -> None:
    from lantian.evidence.bundle.select import Asked

    other = content(case.export(tmp_path / "other.wacz", Asked(captures=(1,))).path)
    mine = content(bundle)
    for name in mine.keys() & other.keys():
        if mine[name] == other[name]:
            continue
        mixed = tmp_path / "mixed.wacz"
        packed(mixed, (mine | {name: other[name]}).items())
        assert check(mixed), name
        forge(mixed, lambda members: None)
        own = {layout.SUMS, layout.PACKAGE, layout.PACKAGE_DIGEST}  # forging made them right
        assert check(mixed) or name in own, name


def test_renamed_members_are_found(bundle: Path) -> None:
    for name in KINDS:
        members = {(key + "x" if key == name else key): data for key, data in
                   content(bundle).items()}  # fmt: skip
        renamed = bundle.with_name("renamed.wacz")
        packed(renamed, members.items())
        files = {finding.file for finding in check(renamed)}
        assert {name, name + "x"} & files, name


def test_members_in_another_order_are_found(bundle: Path) -> None:
    members = list(content(bundle).items())
    packed(bundle, members[1:] + members[:1])
    assert any("another order" in one for one in shown(bundle))


def test_a_bundle_that_was_packed_anew_is_told(bundle: Path) -> None:
    members = content(bundle)
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        with zipfile.ZipFile(bundle, "w", method) as other:
            for name, data in members.items():
                other.writestr(name, data)
        (finding,) = check(bundle)
        assert "as Lantian writes it" in finding.reason or "is compressed" in finding.reason


@pytest.mark.parametrize("data", [b"", b"x" * 5000, b"PK\5\6" + bytes(18), b"\x1f\x8b" * 99])
def test_what_is_no_bundle_is_named(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.wacz"
    path.write_bytes(data)
    assert check(path)


def test_a_file_that_is_not_there_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"x\.wacz cannot be read"):
        check(tmp_path / "x.wacz")


def test_a_proof_of_a_day_that_nothing_names_is_found(bundle: Path) -> None:
    forge(bundle, add("proofs/2026-11-28.json", b'{"form": "of another day"}'))
    (finding,) = check(bundle)
    assert (finding.kind, finding.file) == ("unnamed", "proofs/2026-11-28.json")
    forge(bundle, add("proofs/2026-11-28.json"), sums=False, manifest=False)
    assert {finding.file for finding in check(bundle)} == {"proofs/2026-11-28.json"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(data=st.data())
def test_no_content_makes_checking_fail_otherwise_than_by_findings(
    data: st.DataObject, bundle: Path
) -> None:
    """Any JSON in place of any value of any JSON file, with every digest made right."""
    path = bundle.with_name("fuzzed.wacz")
    shutil.copy(bundle, path)
    name = data.draw(st.sampled_from([
        layout.BUNDLE, layout.PACKAGE, layout.PACKAGE_DIGEST, "evidence/capture-4.json",
        "evidence/document-1.json",
    ]))  # fmt: skip
    told = json.loads(content(path)[name])
    place, key = told, data.draw(st.sampled_from(sorted(told)))
    while isinstance(place[key], (dict, list)) and place[key] and data.draw(st.booleans()):
        place = place[key]
        keys = sorted(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(keys))
    before = place[key]
    place[key] = data.draw(ANY_JSON)
    own = name in {layout.PACKAGE, layout.PACKAGE_DIGEST}
    forge(path, add(name, layout.readable(told)), sums=not own, manifest=not own)
    findings = check(path)
    assert findings or place[key] == before or not own


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(name=st.sampled_from(KINDS), data=st.binary(max_size=90), keep=st.booleans())
def test_no_bytes_in_a_member_make_checking_fail_otherwise_than_by_findings(
    name: str, data: bytes, keep: bool, bundle: Path
) -> None:
    path = bundle.with_name("fuzzed.wacz")
    members = content(bundle)
    members[name] = (members[name] if keep else b"") + data
    packed(path, members.items())
    assert check(path) or data == b""
    own = name in {layout.PACKAGE, layout.PACKAGE_DIGEST}
    forge(path, add(name, members[name]), sums=not own, manifest=not own)
    check(path)


def a_record_with(**changed: str) -> Tamper:
    """The first record with other WARC fields, under digests that are right."""

    def tamper(members: Members) -> None:
        info, record, *rest = records_of(members[WARC])
        found = parsed(unpacked(record, 10_000_000)[0])
        fields = found.fields | {key.replace("_", "-"): value for key, value in changed.items()}
        del fields["Content-Length"]
        forged = compressed_member(plain(tuple(fields.items()), found.head + found.payload))
        members[WARC] = b"".join([info, forged, *rest])

    return tamper


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    field=st.sampled_from(
        ["WARC_Date", "WARC_Target_URI", "WARC_Record_ID", "WARC_Type", "Content_Type",
         "WARC_Payload_Digest", "WARC_Refers_To", "Lantian_Role"]
    ),
    value=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=30),
)  # fmt: skip
def test_no_field_of_a_record_makes_checking_fail_otherwise_than_by_findings(
    field: str, value: str, bundle: Path
) -> None:
    path = bundle.with_name("fuzzed.wacz")
    shutil.copy(bundle, path)
    forge(path, a_record_with(**{field: value}))
    assert check(path)


def test_a_date_in_digits_of_another_script_is_found(bundle: Path) -> None:
    forge(bundle, a_record_with(WARC_Date="٢٠٢٦-11-24T08:30:01Z"))
    assert any("names another time" in one for one in shown(bundle))


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


def test_what_the_store_does_not_know_is_still_found_in_a_bundle_of_it(
    bundle: Path, case: "Case", tmp_path: Path
) -> None:
    """The bundle is judged by itself: a store that was changed since does not matter."""
    shutil.rmtree(case.archive.folder)
    assert check(bundle) == []
    assert BOTH.clues == (1,)
