"""`lantian import`, by the command: preview, faults in a file, and the addresses that it names."""

import csv
import json
from pathlib import Path

from tests.services.loopback import Installation, Page, serving

CLAIM = "商标注册包授权，不授权全额退款，联系微信办理。"
LIST = f"""网址,涉嫌违法内容,备注,内部编码
https://shop.example/1,{CLAIM},转办,9
=cmd|' /C calc'!A0,内容,,
"""


def installation(folder: Path) -> Installation:
    more = {"LANTIAN_CHROMIUM": "/nowhere/chromium", "LANTIAN_WRITER": "inline"}
    return Installation(folder, more=more)


def listed(folder: Path, text: str = LIST) -> str:
    path = folder / "清单.csv"
    path.write_bytes(text.encode("gb18030"))
    return str(path)


def test_a_preview_shows_what_would_be_taken_and_takes_nothing(tmp_path: Path) -> None:
    ours = installation(tmp_path)
    done = ours.command("import", listed(tmp_path), "--preview")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "  涉嫌违法内容 → text" in lines
    assert "  left out: 内部编码" in lines
    assert f"  text: {CLAIM}" in lines
    assert lines[-1] == "1 rows would be taken, 1 are faulty."
    assert not (tmp_path / "data" / "lantian.sqlite3").exists()

    told = json.loads(ours.command("import", listed(tmp_path), "--preview", "--json").stdout)
    assert told["columns"] == {"网址": "url", "涉嫌违法内容": "text", "备注": "note"}
    assert [fault["number"] for fault in told["faults"]] == [3]


def test_good_rows_are_taken_and_faults_written_without_formulas(tmp_path: Path) -> None:
    ours, out = installation(tmp_path), tmp_path / "faults.csv"
    done = ours.command(
        *("import", listed(tmp_path), "--source", "某局移送", "--by", "某市监局"),
        *("--errors", str(out), "--json"),
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["taken"], told["faulty"], told["clues"]) == (1, 1, 1)
    with out.open(encoding="utf-8-sig", newline="") as handle:
        head, fault = list(csv.reader(handle))
    assert head == ["file", "row", "column", "cause", "value"]
    assert fault[:3] == ["清单.csv", "3", "网址"]
    assert fault[4].startswith("'=cmd")
    assert ours.rows("select handed_by, taken from handover") == [("某市监局", 1)]
    assert ours.command("evidence", "verify", "--deep").returncode == 0


def test_a_list_of_which_no_row_is_good_is_a_failure(tmp_path: Path) -> None:
    done = installation(tmp_path).command("import", listed(tmp_path, "网址\n无\n"))
    assert done.returncode == 1
    assert "row 2, column 网址" in done.stderr


def test_a_file_that_cannot_be_taken_is_one_sentence_and_nothing_is_taken(tmp_path: Path) -> None:
    ours = installation(tmp_path)
    done = ours.command("import", listed(tmp_path), str(tmp_path / "none.csv"))
    assert done.returncode == 1
    assert "none.csv: it cannot be read" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data" / "lantian.sqlite3").exists()


def test_the_addresses_that_a_list_names_are_crawled_and_none_beside_them(tmp_path: Path) -> None:
    ours = installation(tmp_path)
    pages = {
        "/1": Page(f"<h1>一</h1><p>{CLAIM}</p><a href=/2>more</a>"),
        "/2": Page("<h1>二</h1>"),
        "/3": Page("<h1>三</h1><p>费用以合同为准</p>"),
    }
    with serving(pages) as site:
        assert ours.crawl(site.url("/3"), "--allow", site.place)["seen"] == 1
        site.asked.clear()
        urls = f"网址\n{site.url('/1')}\n{site.url('/gone')}\n"
        done = ours.command("import", listed(tmp_path, urls))
        assert "2 addresses to be crawled" in done.stdout, done.stderr
        assert site.asked == []
        done = ours.command("worker", "--until-idle")
        assert done.returncode == 0, done.stderr
    assert {path for path in site.asked if path != "/robots.txt"} == {"/1", "/gone"}
    crawls = ours.rows("select purpose, seen, gone, complete from crawl where purpose <> 'crawl'")
    assert [tuple(map(int, row[1:])) for row in crawls if row[0] == "addresses"] == [(1, 1, 0)]
    assert ours.rows("select count(*) from clue") == [(1,)]
    present = ours.rows("select distinct presence from document")
    assert present == [("online",)], "the crawl of two addresses says nothing of the third"


def test_a_bundle_of_one_installation_is_taken_in_by_another(tmp_path: Path) -> None:
    theirs, ours = installation(tmp_path / "theirs"), installation(tmp_path / "ours")
    with serving({"/": Page(f"<h1>一</h1><p>{CLAIM}</p>")}) as site:
        assert theirs.crawl(site.url(), "--allow", site.place)["hits"] > 0
    bundle = str(tmp_path / "a.wacz")
    done = theirs.command("evidence", "export", bundle, "--clue", "1")
    assert done.returncode == 0, done.stderr
    told = json.loads(ours.command("import", bundle, "--by", "某局", "--json").stdout)
    assert (told["taken"], told["faulty"], told["clues"]) == (1, 0, 1)
    query = "select text, posting_key from document"
    assert ours.rows(query) == theirs.rows(query)
    ours_seen, theirs_seen = (
        ours.rows("select at from capture"),
        theirs.rows("select at from capture"),
    )
    assert str(ours_seen[0][0])[:19] == str(theirs_seen[0][0])[:19]
    assert ours.command("evidence", "verify", "--deep").returncode == 0


def test_a_folder_of_saved_pages_is_taken_without_the_folders_in_it(tmp_path: Path) -> None:
    ours, folder = installation(tmp_path), tmp_path / "saved"
    (folder / "a_files").mkdir(parents=True)
    page = f"<!DOCTYPE html><!-- saved from url=(0022)https://a.example/{{}} --><p>{CLAIM}</p>"
    (folder / "a.html").write_text(page.format("a"), "utf-8")
    (folder / "a_files" / "frame.html").write_text(page.format("frame"), "utf-8")
    (folder / "b.htm").symlink_to(folder / "a_files" / "frame.html")
    (folder / "a.exe").write_bytes(b"MZ")
    done = ours.command("import", str(folder), "--preview")
    assert "https://a.example/a" in done.stdout
    done = ours.command("import", str(folder))
    assert done.returncode == 0, done.stderr
    assert ours.rows("select url from page") == [("https://a.example/a",)]
