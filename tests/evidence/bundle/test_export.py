"""Exporting: what belongs in, the same bytes each time, whole or not at all."""

import io
import json
import os
import random
import shutil
import subprocess
import sys
import tracemalloc
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, insert, text, update
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from lantian.errors import EvidenceDamaged, Invalid, NotFound, StoreError
from lantian.evidence.archive import Archive
from lantian.evidence.bundle import layout
from lantian.evidence.bundle.select import Asked
from lantian.evidence.conditions import BROWSER_PROMISE, PROMISE, PROMISED
from lantian.evidence.seal import digest_of
from lantian.model import Artifact, Capture, Document, Hit, Notice
from lantian.store.engine import Store
from tests.evidence.bundle.conftest import (
    BOTH,
    PAGE,
    TEXT,
    Case,
    build,
    check,
    content,
    forge,
    replace,
    told,
)
from tests.evidence.conftest import AT, PNG, Kept, _row
from tests.services import postgres

if TYPE_CHECKING:
    from collections.abc import Callable


def captures(path: Path) -> list[int]:
    found: list[int] = told(path, layout.BUNDLE)["captures"]
    return found


@pytest.mark.parametrize(
    "asked, expected, documents",
    [
        (Asked(clues=(1,)), [2, 3, 4, 5], [1, 2]),
        (Asked(notices=(1,)), [2, 3, 4, 5], [1, 2]),
        (Asked(captures=(2,)), [2], [1]),
        (Asked(captures=(1, 2)), [1, 2], [1]),
        (Asked(clues=(1,), captures=(1, 5)), [1, 2, 3, 4, 5], [1, 2]),
    ],
)
def test_what_belongs_to_it_is_in_it_and_agrees(
    asked: Asked, expected: list[int], documents: list[int], case: Case, tmp_path: Path
) -> None:
    path = tmp_path / "x.wacz"
    made = case.export(path, asked)
    assert captures(path) == expected
    assert told(path, layout.BUNDLE)["documents"] == documents
    assert (made.captures, made.documents) == (len(expected), len(documents))
    assert made.size == path.stat().st_size
    assert made.digest == digest_of(path.read_bytes())
    assert check(path) == []


def test_the_members_are_those_of_a_wacz(bundle: Path) -> None:
    members = content(bundle)
    assert {name.split("/")[0] for name in members} == {
        "archive", "indexes", "pages", "evidence", "datapackage.json", "datapackage-digest.json",
    }  # fmt: skip
    package = json.loads(members[layout.PACKAGE])
    assert (package["profile"], package["wacz_version"]) == ("data-package", "1.1.1")
    listed = {one["path"]: one for one in package["resources"]}
    assert listed.keys() == members.keys() - {layout.PACKAGE, layout.PACKAGE_DIGEST}
    for path, one in listed.items():
        assert one == {
            "name": path.lower(),
            "path": path,
            "hash": digest_of(members[path]),
            "bytes": len(members[path]),
        }
    digest = json.loads(members[layout.PACKAGE_DIGEST])
    assert digest == {"path": layout.PACKAGE, "hash": digest_of(members[layout.PACKAGE])}
    head, *pages = [json.loads(line) for line in members[layout.PAGES].splitlines()]
    assert head == {"format": "json-pages-1.0", "id": "pages", "title": "All Pages"}
    assert {page["url"] for page in pages} == {"https://shop.example/goods/1"}
    assert pages[0]["title"] == "商标 <注册>"


def test_records_are_byte_by_byte_those_of_the_archive(bundle: Path, case: Case) -> None:
    members = content(bundle)
    seen = 0
    for capture_id in captures(bundle):
        for one in json.loads(members[f"evidence/capture-{capture_id}.json"])["obtained"]:
            kept = one["kept_in"]
            whole = case.archive.path(kept["file"]).read_bytes()
            here = members[one["warc"]][one["offset"] :][: one["length"]]
            assert here == whole[kept["offset"] :][: one["length"]]
            assert digest_of(here) == one["record_digest"]
            seen += 1
    assert seen == 7 + 2


def test_warcio_reads_the_records_and_finds_their_digests_right(
    bundle: Path, tmp_path: Path
) -> None:
    kinds = []
    for name, data in content(bundle).items():
        if not name.startswith(layout.ARCHIVE):
            continue
        with io.BytesIO(data) as handle:
            kinds += [record.rec_type for record in ArchiveIterator(handle)]
        path = tmp_path / name.rpartition("/")[2]
        path.write_bytes(data)
        checker = Checker(_Quiet([str(path)]))
        checker.process_all()
        assert checker.exit_value == 0
    beside = ["request", "metadata", "revisit", "resource", "resource"]
    assert sorted(kinds) == sorted(["warcinfo", "warcinfo", *["response"] * 4, *beside])


class _Quiet:
    def __init__(self, inputs: list[str]) -> None:
        self.inputs = inputs
        self.verbose = False


def test_screenshot_and_dom_lie_beside_the_record_and_the_dom_does_not_run(bundle: Path) -> None:
    members = content(bundle)
    assert members["evidence/capture-4.png"] == PNG
    assert members["evidence/capture-4.dom.txt"].endswith(b"<!-- dom -->")
    pages = {name for name in members if name.endswith((".htm", ".html", ".svg"))}
    assert pages == {f"evidence/capture-{n}.html" for n in (2, 3, 4, 5)}
    assert not any(b"<!-- dom -->" in members[name] for name in pages)


def test_the_hits_stand_in_the_text_with_the_digests_of_rule_and_pack(bundle: Path) -> None:
    hits = told(bundle, "evidence/document-2.json")
    text = content(bundle)["evidence/document-2.txt"].decode()
    assert text == TEXT + "！！"
    assert [text[hit["start"] : hit["end"]] for hit in hits["hits"]] == [
        hit["text"] for hit in hits["hits"]
    ]
    assert {hit["claim"] for hit in hits["hits"]} == {"guaranteed_grant", "green_channel"}
    assert {(hit["rule_hash"][:9], hit["pack"][:9]) for hit in hits["hits"]} == {
        ("sha256:cd", "sha256:ab")
    }


def test_the_log_tells_what_was_done_with_it_and_not_who_took_copies(bundle: Path) -> None:
    lines = [json.loads(line) for line in content(bundle)[layout.CUSTODY].splitlines()]
    assert [(line["event"], line["action"]) for line in lines] == [
        (2, "clue.lease"), (3, "clue.confirm"), (5, "notice.sent"), (7, "notice.acknowledged"),
        (8, "evidence.file"), (9, "evidence.file"),
    ]  # fmt: skip


def test_the_extraction_record_has_the_fields_of_the_form(bundle: Path) -> None:
    record = told(bundle, "evidence/capture-4.json")
    assert record["case"] == {"number": None, "task": "crawl:1", "purpose": "evidence"}
    assert record["unit"] == "某市知识产权局"
    assert record["device"] == {
        "host": "取证一号", "system": "Linux", "cleanliness_check": None,
    }  # fmt: skip
    assert record["tool"]["version"] == "lantian test"
    assert record["target"]["remote_ip"] == "1.1.1.1"
    assert record["time"]["captured"] == "2026-11-24T08:30:03.123456+00:00"
    assert record["screenshots"] == ["evidence/capture-4.png"]
    assert [one["role"] for one in record["obtained"]] == ["payload", "dom", "screenshot"]
    page = content(bundle)["evidence/capture-4.html"].decode()
    for said in (
        "电子数据提取笔录", "提取人员签名", "某市知识产权局", "2026年11月24日 16:30:03", "整页截图",
        "取证一号，Linux", "操作系统内核报告：已与时间服务同步",
        record["payload_digest"], "先前命中的内容在本次访问时仍然存在",
        "是否违法以有权机关的认定为准",
    ):  # fmt: skip
        assert said in page
    assert 'src="capture-4.png"' in page
    assert "演示数据" not in page


def test_what_a_page_says_is_text_on_the_printed_record(case: Case, tmp_path: Path) -> None:
    hostile = "https://shop.example/?<script>alert(1)</script>"
    with case.store.write() as session:
        session.execute(update(Capture).where(Capture.id == 2).values(url=hostile))
    made = case.export(tmp_path / "x.wacz", Asked(captures=(2,)))
    page = content(made.path)["evidence/capture-2.html"].decode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "服务器重定向" in page


def test_the_same_content_makes_the_same_bytes_whoever_asks_and_when(
    bundle: Path, case: Case, tmp_path: Path
) -> None:
    again = case.export(tmp_path / "again.wacz", Asked(notices=(1, 1), clues=(1,)))
    assert again.path.read_bytes() == bundle.read_bytes()
    copy = shutil.copytree(case.archive.folder, tmp_path / "copy")
    case.archive.folder = copy
    assert case.export(tmp_path / "copy.wacz", BOTH).path.read_bytes() == bundle.read_bytes()


def test_a_revisit_brings_the_record_that_it_repeats(case: Case, tmp_path: Path) -> None:
    with case.store.write() as session:
        session.execute(update(Artifact).where(Artifact.role == "revisit").values(capture_id=5))
    path = case.export(tmp_path / "x.wacz", Asked(captures=(5,))).path
    assert captures(path) == [5]
    assert [name for name in content(path) if name.startswith("archive/")] == [
        "archive/2026-11-crawl-1.warc.gz", "archive/2026-11-evidence-2.warc.gz",
    ]  # fmt: skip
    assert check(path) == []


@pytest.mark.parametrize(
    "asked, error, reason",
    [
        (Asked(), Invalid, "nothing was asked for"),
        (Asked(clues=(9,)), NotFound, "there is no clue 9"),
        (Asked(notices=(9,)), NotFound, "there is no notice 9"),
        (Asked(captures=(9,)), NotFound, "there is no capture 9"),
    ],
)
def test_what_there_is_not_is_named_and_nothing_is_written(
    asked: Asked, error: type[Exception], reason: str, case: Case, tmp_path: Path
) -> None:
    before = sorted(tmp_path.iterdir())
    with pytest.raises(error, match=reason):
        case.export(tmp_path / "x.wacz", asked)
    assert sorted(tmp_path.iterdir()) == before


def flip_a_record(case: Case) -> None:
    path = case.files()[0]
    whole = path.read_bytes()
    path.write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])


def flip_the_warcinfo(case: Case) -> None:
    path = case.files()[0]
    path.write_bytes(path.read_bytes().replace(b"software: lantian", b"software: Lantian", 1))


def remove_a_file(case: Case) -> None:
    case.files()[0].unlink()


def change_a_row(case: Case) -> None:
    with case.store.write() as session:
        session.execute(update(Capture).where(Capture.id == 3).values(status=500))


def change_a_text(case: Case) -> None:
    with case.store.write() as session:
        session.execute(update(Document).where(Document.id == 1).values(text="另一段"))


def change_a_notice(case: Case) -> None:
    with case.store.write() as session:
        session.execute(update(Notice).values(content={}))


def lose_a_payload(case: Case) -> None:
    with case.store.write() as session:
        session.execute(update(Artifact).where(Artifact.capture_id == 3).values(capture_id=1))


def change_the_log(case: Case) -> None:
    with case.store.write() as session:
        session.execute(text("update audit_event set actor = 'user:x' where id = 3"))


def move_a_hit(case: Case) -> None:
    with case.store.write() as session:
        session.execute(update(Hit).where(Hit.id == 1).values(start=3))


def lose_an_original(case: Case) -> None:
    with case.store.write() as session:
        row = update(Artifact).where(Artifact.capture_id == 3, Artifact.role == "payload")
        session.execute(row.values(record_id="urn:uuid:other", capture_id=1))


@pytest.mark.parametrize(
    "damage, reason",
    [
        (flip_a_record, r"crawl-1\.warc\.gz at \d+: its bytes were changed"),
        (flip_the_warcinfo, r"crawl-1\.warc\.gz at 0: "),
        (remove_a_file, r"crawl-1\.warc\.gz"),
        (change_a_row, "names another status"),
        (change_a_text, "document 1: its text does not match its digest"),
        (change_a_notice, "notice 1: its content does not match its digest"),
        (lose_a_payload, "capture 3: no row names its payload"),
        (change_the_log, "line 2: event 3 does not match its digest"),
        (move_a_hit, "would not verify: evidence/document-1.json: hit 1"),
        (lose_an_original, "no row names the record that it repeats"),
    ],
)
def test_damaged_evidence_is_not_handed_out(
    damage: "Callable[[Case], None]", reason: str, case: Case, tmp_path: Path
) -> None:
    damage(case)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(EvidenceDamaged, match=reason):
        case.export(tmp_path / "x.wacz", BOTH)
    assert sorted(tmp_path.iterdir()) == before


def test_a_place_that_cannot_be_written_is_named(case: Case, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        case.export(tmp_path / "no" / "x.wacz")


def test_a_capture_without_a_document_or_a_hit_is_exported(case: Case, tmp_path: Path) -> None:
    path = case.export(tmp_path / "x.wacz", Asked(captures=(1,))).path
    (line,) = content(path)[layout.CUSTODY].splitlines()
    assert json.loads(line)["subject"] == "file:warc/2026/11/crawl-1.warc.gz"
    assert check(path) == []


def test_memory_stays_flat_while_much_is_exported_and_checked(kept: Kept, tmp_path: Path) -> None:
    rng = random.Random(1)
    case = Case(kept.store, kept.archive, kept.crawl_id)
    with case.archive.writer("crawl-1", at=AT) as writer:
        for n in range(40):
            case.capture(writer, f"https://shop.example/{n}", rng.randbytes(1_000_000))
    tracemalloc.start()
    try:
        done: list[int] = []
        asked = Asked(captures=tuple(range(1, 41)))
        made = case.export(tmp_path / "x.wacz", asked, progress=done.append)
        assert made.size > 40_000_000
        assert sum(done) > 40_000_000
        exported = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        assert check(made.path) == []
        checked = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert exported < 16_000_000
    assert checked < 16_000_000


def test_a_demonstration_says_so_on_every_page(case: Case, tmp_path: Path) -> None:
    from lantian.evidence.bundle.export import Export

    with case.store.read() as session:
        made = Export(
            session, case.archive, BOTH, office="", demonstration=True, software="lantian test"
        ).write(tmp_path / "x.wacz")
    members = content(made.path)
    assert told(made.path, layout.BUNDLE)["demonstration"] is True
    for capture_id in captures(made.path):
        page = members[f"evidence/capture-{capture_id}.html"].decode()
        assert "演示数据，时间为模拟时间，不得作为证据使用" in page
    assert "演示数据" in told(made.path, layout.PACKAGE)["description"]
    assert check(made.path) == []


def test_sha256sum_alone_checks_what_was_unpacked(bundle: Path, tmp_path: Path) -> None:
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(bundle) as zipped:
        zipped.extractall(folder)
    command = ["sha256sum", "--check", "--quiet", layout.SUMS]
    assert subprocess.run(command, cwd=folder, check=False).returncode == 0
    (folder / "evidence/document-1.txt").write_text("x")
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert "evidence/document-1.txt: FAILED" in done.stdout


WITHOUT_THE_STORE = """
import sys
from pathlib import Path
from lantian.evidence.bundle.check import BundleCheck
assert list(BundleCheck(Path(sys.argv[1])).findings()) == []
print(sorted(name for name in sys.modules if name.split(".")[0] in
    {"sqlalchemy", "pydantic", "jinja2", "warcio", "scrapy", "socket"}))
"""


def test_a_bundle_is_checked_after_store_and_archive_are_deleted(
    bundle: Path, case: Case, tmp_path: Path
) -> None:
    case.store.close()
    shutil.rmtree(case.archive.folder)
    for path in tmp_path.iterdir():
        if path != bundle:
            path.unlink() if path.is_file() else shutil.rmtree(path)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_STORE, str(bundle)],
        env={**os.environ, "LANTIAN_DATA_DIR": "/nowhere"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_a_page_of_the_bundle_is_as_it_was_received(bundle: Path) -> None:
    warc = content(bundle)["archive/2026-11-crawl-1.warc.gz"]
    records = ArchiveIterator(io.BytesIO(warc))
    bodies = [record.content_stream().read() for record in records if record.rec_type == "response"]
    assert bodies == [PAGE.encode(), PAGE.encode() + b"<!-- 2 -->"]


def test_its_time_is_that_of_the_newest_thing_in_it(bundle: Path) -> None:
    assert told(bundle, layout.PACKAGE)["created"] == f"{AT + timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"


def test_both_stores_make_the_same_bundle(
    bundle: Path, postgres_url: str, postgres_template: str, tmp_path: Path
) -> None:
    with postgres.database(postgres_url, postgres_template) as url:
        kept = Kept(Store(url), Archive(tmp_path / "evidence"))
        kept.begin()
        made = build(kept).export(tmp_path / "postgres.wacz", BOTH)
        kept.store.close()
    assert made.path.read_bytes() == bundle.read_bytes()


@pytest.mark.parametrize(
    "role, via", [("request", "http"), ("metadata", "http"), ("request", "browser")]
)
def test_no_bundle_leaves_out_what_its_file_says_that_each_capture_has(
    role: str, via: str, kept: Kept, tmp_path: Path
) -> None:
    case = Case(kept.store, kept.archive, kept.crawl_id)
    url = "https://shop.example/goods/1"
    about = {PROMISE: PROMISED, BROWSER_PROMISE: PROMISED}
    with case.archive.writer("crawl-1", at=AT, about=about) as writer:
        asked = b"GET /goods/1 HTTP/1.1\r\nHost: a\r\n\r\n"
        case.capture(writer, url, b"<p>1", asked=asked, via=via)
    made = case.export(tmp_path / "x.wacz", Asked(captures=(1,)))
    assert check(made.path) == []
    with case.store.write() as session:
        session.execute(delete(Artifact).where(Artifact.role == role))
    with pytest.raises(EvidenceDamaged, match=f"each capture has a {role}"):
        case.export(tmp_path / "y.wacz", Asked(captures=(1,)))


def test_further_kinds_of_records_are_taken_as_they_come(kept: Kept, tmp_path: Path) -> None:
    """What captures keep besides may grow: pictures of parts, a PDF, the request, metadata."""
    case = Case(kept.store, kept.archive, kept.crawl_id)
    url = "https://shop.example/goods/1"
    with case.archive.writer("crawl-1", at=AT) as writer:
        case.capture(writer, url, b"<p>1", screenshot=PNG)
        refs = [
            (role, writer.write_resource(url=url, at=AT, role=role, media_type=kind, data=data))
            for role, kind, data in (
                ("screenshot", "image/png", PNG + b"2"),
                ("pdf", "application/pdf", b"%PDF-1.7"),
            )
        ]
        for kind in ("request", "metadata"):
            fields = (("Lantian-Role", kind), ("Content-Type", "application/warc-fields"))
            refs.append(
                (kind, writer._record(kind, url, AT, fields, block=b"a: b", payload=b"a: b"))
            )
        writer.sync()
    with case.store.write() as session:
        session.execute(insert(Artifact), [_row(1, role, "x", ref) for role, ref in refs])
    assert case.findings() == []
    path = case.export(tmp_path / "x.wacz", Asked(captures=(1,))).path
    beside = [name for name in content(path) if name.startswith("evidence/capture-1")]
    assert sorted(beside) == [
        "evidence/capture-1-2.png", "evidence/capture-1.html", "evidence/capture-1.json",
        "evidence/capture-1.pdf", "evidence/capture-1.png",
    ]  # fmt: skip
    assert len(content(path)[layout.INDEX].splitlines()) == 4
    assert check(path) == []
    forge(path, replace("evidence/capture-1-2.png", b"PNG", b"JPG"))
    assert [finding.file for finding in check(path)] == ["evidence/capture-1.json"]
