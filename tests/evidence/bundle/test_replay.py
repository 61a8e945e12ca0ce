"""Other people's readers open a bundle: pywb replays it, and all that wabac.js asks for is there.

wabac.js is the loader of replayweb.page. It reads a bundle by ranges of bytes: the directory of the
ZIP, the digest, the manifest, the list of pages, the index, then single records.
"""

import gzip
import json
import re
import struct
import zipfile
from pathlib import Path

from lantian.evidence.bundle import layout
from tests.evidence.bundle.conftest import PAGE, TEXT, content
from tests.evidence.test_pywb import REPLAY, run

URL = "https://shop.example/goods/1"


def test_pywb_takes_the_bundle_and_replays_each_of_its_pages(
    pywb_python: Path, bundle: Path, tmp_path: Path
) -> None:
    home = tmp_path / "pywb"
    home.mkdir()
    (home / "config.yaml").write_text("debug: true\n")
    manager = str(pywb_python.parent / "wb-manager")
    run(pywb_python, manager, "init", "seen", folder=home)
    run(pywb_python, manager, "add", "--unpack-wacz", "seen", str(bundle), folder=home)

    def replayed(stamp: str, url: str = URL) -> tuple[str, str]:
        place = f"/seen/{stamp}id_/{url}"
        shown = run(pywb_python, "-c", REPLAY, str(home), place, folder=home)
        # pywb may speak before it answers.
        answer = re.search(r"^(\d{3}) [^\n]*\n(.*)", shown, re.MULTILINE | re.DOTALL)
        assert answer is not None, shown
        return answer[1], answer[2]

    pages = [json.loads(line) for line in content(bundle)[layout.PAGES].splitlines()[1:]]
    found = [
        replayed("".join(char for char in page["ts"][:19] if char.isdigit())) for page in pages
    ]
    assert [status for status, _ in found] == ["200", "200", "200", "404"]
    assert found[0][1] == PAGE
    assert found[1][1] == PAGE + "<!-- 2 -->"
    assert TEXT in found[2][1]
    # The revisit of the day after is answered with the body that it repeats.
    assert replayed("20261125083000") == ("200", PAGE + "<!-- 2 -->")


def test_a_loader_by_ranges_finds_its_way_from_the_end_of_the_file_to_a_record(
    bundle: Path,
) -> None:
    whole = bundle.read_bytes()
    count, _, start = struct.unpack("<HLL", whole[-12:-2])
    entries: dict[str, tuple[int, int, int]] = {}
    place = start
    for _ in range(count):
        method, size = struct.unpack_from("<H8xL", whole, place + 10)
        named, extra, comment = struct.unpack_from("<3H", whole, place + 28)
        header = struct.unpack_from("<L", whole, place + 42)[0]
        name = whole[place + 46 : place + 46 + named].decode()
        local = 30 + sum(struct.unpack_from("<2H", whole, header + 26))
        entries[name] = (method, header + local, size)
        place += 46 + named + extra + comment

    def member(name: str) -> bytes:
        method, begin, size = entries[name]
        assert method == zipfile.ZIP_STORED
        return whole[begin : begin + size]

    digest = json.loads(member("datapackage-digest.json"))
    assert digest["path"] == "datapackage.json"
    package = json.loads(member("datapackage.json"))
    assert package["profile"] == "data-package"
    hashes = {one["path"]: one["hash"] for one in package["resources"]}
    assert {"pages/pages.jsonl", "indexes/index.cdx"} <= hashes.keys()
    head, *pages = [json.loads(line) for line in member("pages/pages.jsonl").splitlines()]
    assert head["format"] == "json-pages-1.0"
    assert {(page["url"], page["ts"]) for page in pages} >= {
        (package["mainPageUrl"], package["mainPageDate"])
    }
    lines = member("indexes/index.cdx").splitlines()
    assert lines == sorted(lines)
    line = next(one for one in lines if one.startswith(b"example,shop)/goods/1 20261124083001 "))
    told = json.loads(line.split(b" ", 2)[2])
    begin = entries["archive/" + told["filename"]][1] + int(told["offset"])
    record = gzip.decompress(whole[begin : begin + int(told["length"])])
    assert record.startswith(b"WARC/1.1\r\nWARC-Type: response\r\n")
    assert PAGE.encode() in record


def test_nothing_is_compressed_twice_and_our_files_are_in_a_folder_of_their_own(
    bundle: Path,
) -> None:
    with zipfile.ZipFile(bundle) as zipped:
        infos = zipped.infolist()
    assert {info.compress_type for info in infos} == {zipfile.ZIP_STORED}
    own = [info.filename for info in infos if not info.filename.startswith("evidence/")]
    assert sorted(own) == [
        "archive/2026-11-crawl-1.warc.gz", "archive/2026-11-evidence-2.warc.gz",
        "datapackage-digest.json", "datapackage.json", "indexes/index.cdx", "pages/pages.jsonl",
    ]  # fmt: skip
