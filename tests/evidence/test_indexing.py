"""The index of the archive: made from the files alone, whole or not at all, sorted."""

import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lantian.errors import Conflict, StoreError
from lantian.evidence import cdxj
from lantian.evidence.archive import Archive
from lantian.evidence.cdxj import Sorter
from lantian.evidence.indexing import INDEXES, index_archive
from tests.evidence.test_pywb import REPLAY, run

if TYPE_CHECKING:
    from tests.evidence.conftest import Kept

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"


def indexes(archive: Archive) -> dict[str, bytes]:
    folder = archive.folder / INDEXES
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def entries(lines: bytes) -> list[tuple[str, str, dict[str, Any]]]:
    parts = (line.split(" ", 2) for line in lines.decode().splitlines())
    return [(key, stamp, json.loads(told)) for key, stamp, told in parts]


def write(archive: Archive, name: str, *paths: str) -> Path:
    with archive.writer(name, at=AT) as writer:
        for path in paths:
            writer.write_response(url=f"https://a.example/{path}", at=AT, head=HEAD, body=b"x")
    return archive.path(writer.file)


def test_each_closed_file_gets_a_sorted_index_that_leads_to_its_records(two_files: "Kept") -> None:
    archive = two_files.archive
    made = list(index_archive(archive))
    assert [(one.file, one.lines, one.damage) for one in made] == [
        (f"warc/2026/11/crawl-{n}.warc.gz", 10, "") for n in (1, 2)
    ]
    sizes = [path.stat().st_size for path in two_files.files() if path.suffix == ".gz"]
    names = [f"2026-11-crawl-{n}.{size}.cdxj" for n, size in zip((1, 2), sizes, strict=True)]
    assert sorted(indexes(archive)) == sorted(names)
    lines = indexes(archive)[names[0]].splitlines()
    assert lines == sorted(lines)
    key, stamp, told = entries(lines[0])[0]
    assert (key, stamp) == ("example,shop)/1/0", "20261124083000")
    whole = archive.path(told["filename"]).read_bytes()
    assert whole[int(told["offset"]) :][:2] == b"\x1f\x8b"
    assert told["mime"] == "text/html"
    assert told["status"] == "200"
    assert {key.split(":")[0] for key, _, _ in entries(b"\n".join(lines))} == {
        "example,shop)/1/0", "example,shop)/1/1", "example,shop)/1/2", "example,shop)/1/3",
        "example,shop)/1/4", "example,shop)/1/5", "urn",
    }  # fmt: skip


def test_an_index_is_no_finding_and_what_lies_beside_it_is(two_files: "Kept") -> None:
    list(index_archive(two_files.archive))
    assert two_files.findings() == []
    (two_files.archive.folder / INDEXES / "notes.txt").write_text("x")
    (finding,) = two_files.findings()
    assert finding.file == "indexes/notes.txt"


def test_what_is_indexed_is_not_indexed_again_and_deleted_it_comes_back(archive: Archive) -> None:
    write(archive, "one", "1", "2")
    assert len(list(index_archive(archive))) == 1
    first = indexes(archive)
    assert list(index_archive(archive)) == []
    for path in (archive.folder / INDEXES).iterdir():
        path.unlink()
    list(index_archive(archive))
    assert indexes(archive) == first


def test_a_file_that_is_being_written_waits(archive: Archive) -> None:
    with archive.writer("one", at=AT) as writer:
        writer.write_response(url="https://a.example/", at=AT, head=HEAD, body=b"x")
        writer.sync()
        assert list(index_archive(archive)) == []
    assert len(list(index_archive(archive))) == 1


def test_a_torn_tail_is_told_and_indexed_anew_once_it_is_cut(archive: Archive) -> None:
    path = write(archive, "one", "1", "2")
    whole = path.read_bytes()
    path.write_bytes(whole + whole[-100:-20])
    (torn,) = index_archive(archive)
    assert torn.lines == 2
    assert torn.damage.startswith(f"at {len(whole)}: ")
    path.write_bytes(whole)
    (mended,) = index_archive(archive)
    assert mended.damage == ""
    assert list(indexes(archive)) == [f"2026-11-one.{len(whole)}.cdxj"]


def test_the_index_of_a_file_that_is_gone_goes(archive: Archive) -> None:
    path = write(archive, "one", "1")
    write(archive, "two", "2")
    list(index_archive(archive))
    path.unlink()
    assert list(index_archive(archive)) == []
    assert [name.split(".")[0] for name in indexes(archive)] == ["2026-11-two"]


KILLED_WHILE_INDEXING = """
import os, signal, sys
from pathlib import Path
from lantian.evidence import indexing
from lantian.evidence.archive import Archive
replace = Path.replace
def killed(self, target):
    if "two" in str(target):
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(self, target)
Path.replace = killed
list(indexing.index_archive(Archive(Path(sys.argv[1]))))
"""


def test_a_kill_leaves_whole_indexes_and_the_next_run_goes_on(archive: Archive) -> None:
    for name in ("one", "two", "zoo"):
        write(archive, name, "1", "2", "3")
    command = [sys.executable, "-c", KILLED_WHILE_INDEXING, str(archive.folder)]
    done = subprocess.run(command, check=False, env=os.environ)
    assert done.returncode == -signal.SIGKILL
    left = indexes(archive)
    assert [name.endswith(".part") for name in left] == [False, True]
    assert [Path(one.file).name for one in index_archive(archive)] == ["two.warc.gz", "zoo.warc.gz"]
    assert [name.split(".")[0] for name in indexes(archive)] == [
        f"2026-11-{name}" for name in ("one", "two", "zoo")
    ]
    assert all(len(entries(lines)) == 3 for lines in indexes(archive).values())


def test_two_at_once_do_not_meet(archive: Archive) -> None:
    write(archive, "one", "1")
    write(archive, "two", "1")
    first = index_archive(archive)
    next(first)
    with pytest.raises(Conflict, match="another process makes indexes"):
        list(index_archive(archive))
    assert len(list(first)) == 1


def test_an_index_that_cannot_be_written_is_told(archive: Archive) -> None:
    write(archive, "one", "1")
    (archive.folder / INDEXES).write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        list(index_archive(archive))


def test_more_lines_than_fit_are_sorted_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cdxj, "IN_MEMORY", 7)
    monkeypatch.setattr(cdxj, "_RUNS", 3)
    lines = [f"{(n * 7919) % 1000:03d}".encode() for n in range(1000)]
    with ExitStack() as stack:
        sorter = Sorter(stack, tmp_path)
        for line in lines:
            sorter.add(line)
        found = list(sorter.lines())
    assert found == [line + b"\n" for line in sorted(lines)]
    assert list(tmp_path.iterdir()) == []


def test_pywb_replays_from_the_archive_by_its_indexes(
    pywb_python: Path, two_files: "Kept", tmp_path: Path
) -> None:
    list(index_archive(two_files.archive))
    home = tmp_path / "pywb"
    home.mkdir()
    folder = two_files.archive.folder
    (home / "config.yaml").write_text(
        f"collections:\n  seen:\n    index_paths: {folder / INDEXES}/\n"
        f"    archive_paths: {folder}/\n"
    )
    place = "/seen/20261124083002id_/https://shop.example/2/2"
    page = run(pywb_python, "-c", REPLAY, str(home), place, folder=home)
    assert page.startswith("200")
    assert "商品 2-2 包授权" in page


def test_our_lines_are_those_of_pywbs_own_indexer(
    pywb_python: Path, two_files: "Kept", tmp_path: Path
) -> None:
    list(index_archive(two_files.archive))
    ours = b"".join(indexes(two_files.archive).values())
    indexer = str(pywb_python.parent / "cdx-indexer")
    warcs = str(two_files.archive.folder / "warc")
    theirs = run(pywb_python, indexer, "-j", "-s", "-r", warcs, folder=tmp_path)

    def compared(lines: bytes) -> list[tuple[str, str, dict[str, str]]]:
        return sorted(
            ((key, stamp, told | {"filename": Path(told["filename"]).name})
             for key, stamp, told in entries(lines)),
            key=str,
        )  # fmt: skip

    assert compared(ours) == compared(theirs.encode())
    assert len(compared(ours)) == 20
