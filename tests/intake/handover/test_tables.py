"""Lists as offices send them, and each fault with its row and column."""

import json
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest

from lantian.errors import Invalid
from lantian.intake.handover import sheet
from lantian.intake.handover.columns import columns_of, parse_map, plain
from lantian.intake.handover.opened import look, open_table
from lantian.intake.handover.rows import LONGEST, Fault, Row

NOW = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)
TEXT = "商标注册包授权，不授权全额退款"
LIST = f"""附件1：涉嫌违法广告线索清单
序号,网址,店铺名称,涉嫌违法内容,发现时间,备注
1,https://shop.example/a,甲店,"{TEXT}
第二行",2026年11月3日,转办
2,ht!tp,乙店,内容,2099-01-01,
,,,,,
3,,丙店,,,
4,shop.example/b,丁店,,20261104,
"""


def taken(path: Path, told: str = "", name: str = "") -> list[Row | list[Fault]]:
    return list(open_table(look(path), parse_map(told), sheet=name).rows(now=NOW))


def written(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_a_list_is_read_in_any_usual_encoding_and_with_any_usual_delimiter(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    text = LIST.replace(",", delimiter)
    good, wrong, empty, bare = taken(written(tmp_path, "清单.csv", text.encode(encoding)))
    assert isinstance(good, Row)
    assert (good.number, good.url, good.seller) == (3, "https://shop.example/a", "甲店")
    assert good.text == f"{TEXT}\n第二行"
    assert good.seen_at == datetime(2026, 11, 2, 16, 0, tzinfo=UTC)
    assert good.note == "转办"
    assert isinstance(wrong, list)
    assert [(one.number, one.column, one.value) for one in wrong] == [
        (4, "网址", "ht!tp"),
        (4, "发现时间", "2099-01-01"),
    ]
    assert empty == [Fault(6, "", "there is neither an address nor a text in it")]
    assert isinstance(bare, Row)
    assert (bare.url, bare.only_address) == ("http://shop.example/b", True)
    assert bare.seen_at == datetime(2026, 11, 3, 16, 0, tzinfo=UTC)


def test_headers_are_known_in_both_languages_however_they_are_written() -> None:
    found = columns_of(["ＵＲＬ", "Shop Name", "广告 内容（原文）", "发现时间：", "别的"], {})
    assert found.fields == {
        "ＵＲＬ": "url",
        "Shop Name": "seller",
        "广告 内容（原文）": "text",
        "发现时间：": "seen_at",
    }
    assert found.left_out == ("别的",)
    assert plain("Seen_At") == plain("seen at")


def test_a_told_column_wins_and_one_that_is_not_there_is_named() -> None:
    headers = ["网址", "内容", "核查文字"]
    told = parse_map("text=核查文字")
    assert columns_of(headers, told).fields == {"核查文字": "text", "网址": "url"}
    with pytest.raises(Invalid, match="no column '正文' for text") as caught:
        columns_of(headers, {"text": "正文"})
    assert "网址, 内容, 核查文字" in caught.value.hint
    with pytest.raises(Invalid, match="no field 'color'"):
        parse_map("color=网址")
    with pytest.raises(Invalid, match="'url' is not FIELD=HEADER"):
        parse_map("url")


def test_a_list_without_a_usable_column_is_refused_with_its_headers(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "甲,乙\n1,2\n")
    with pytest.raises(Invalid, match="the headers are 甲, 乙") as caught:
        taken(path)
    assert "--map" in caught.value.hint


@pytest.mark.parametrize(
    "cell, cause",
    [
        ("javascript:alert(1)", "no address"),
        ("file:///etc/passwd", "no address"),
        ("https://user:secret@shop.example/", "name or password"),
        ("https://a.example/ https://b.example/", "one address"),
        ('=HYPERLINK("https://a.example/")', "formula"),
        ("https://a.example/" + "x" * 2_000, "at most 2000"),
    ],
)
def test_what_is_no_address_is_a_fault_and_not_a_crawl(
    tmp_path: Path, cell: str, cause: str
) -> None:
    cell = cell.replace('"', '""')
    (found,) = taken(written(tmp_path, "a.csv", f'url,text\n"{cell}",包授权\n'))
    assert isinstance(found, list)
    assert (found[0].number, found[0].column) == (2, "url")
    assert cause in found[0].cause


def test_a_cell_that_is_too_long_is_a_fault_and_the_next_row_is_kept(tmp_path: Path) -> None:
    long = "x" * (LONGEST["text"] + 1)
    wrong, good = taken(written(tmp_path, "a.csv", f"text\n{long}\n{TEXT}\n"))
    assert isinstance(wrong, list)
    assert "100001 characters" in wrong[0].cause
    assert isinstance(good, Row)
    assert good.text == TEXT


def test_a_row_with_more_cells_than_headers_is_a_fault(tmp_path: Path) -> None:
    wrong, good = taken(written(tmp_path, "a.csv", "url,text\nhttps://a.example/,a,b\n,甲\n"))
    assert isinstance(wrong, list)
    assert "3 cells under 2 headers" in wrong[0].cause
    assert isinstance(good, Row)


def test_bytes_that_are_no_text_are_refused_by_line(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"a\.csv, line 2: neither UTF-8 nor GB18030"):
        taken(written(tmp_path, "a.csv", b"url,text\nhttps://a.example/,\xff\xff\xff\n"))


def test_json_lines_are_rows_by_their_keys(tmp_path: Path) -> None:
    lines = [
        json.dumps({"url": "https://a.example/1", "text": TEXT, "seen": "2026-11-03T10:00:00Z"}),
        "no json",
        "",
        "[1]",
        "[" * 100_000,
        json.dumps({"网址": "https://a.example/2"}),
    ]
    good, broken, other, deep, bare = taken(written(tmp_path, "a.jsonl", "\n".join(lines)))
    assert isinstance(good, Row)
    assert good.seen_at == datetime(2026, 11, 3, 10, 0, tzinfo=UTC)
    numbers = [one[0].number for one in (broken, other, deep) if isinstance(one, list)]
    assert numbers == [2, 4, 5]
    assert isinstance(bare, Row)
    assert bare.url == "https://a.example/2"


def test_where_two_columns_could_be_the_address_the_surer_one_is() -> None:
    found = columns_of(["地址", "网址", "内容", "描述"], {})
    assert found.fields == {"网址": "url", "内容": "text"}
    assert found.left_out == ("地址", "描述")


def workbook(path: Path, *rows: list[object]) -> Path:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "清单"
    for row in rows:
        page.append(row)
    other = book.create_sheet("第二张")
    other.append(["url"])
    other.append(["https://b.example/other"])
    book.save(path)
    return path


def test_a_workbook_is_read_with_its_dates_and_its_formulas_as_text(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        ["线索移送表"],
        ["链接", "内容", "日期", "编号"],
        ["https://a.example/1", "=1+1", datetime(2026, 11, 3, 10, 30), 12.0],  # noqa: DTZ001
        [None, None, None, None],
        ["https://a.example/2", TEXT, date(2026, 11, 4), "乙"],
    )
    first, second = taken(path)
    assert isinstance(first, Row)
    assert (first.number, first.text, first.reference) == (3, "=1+1", "12")
    assert first.seen_at == datetime(2026, 11, 3, 2, 30, tzinfo=UTC)
    assert isinstance(second, Row)
    assert second.number == 5
    (other,) = taken(path, name="第二张")
    assert isinstance(other, Row)
    assert other.url == "https://b.example/other"
    with pytest.raises(Invalid, match="no sheet '第三张'"):
        taken(path, name="第三张")


def repacked(path: Path, name: str, content: bytes) -> Path:
    """The workbook with one part replaced."""
    out = path.with_name("other.xlsx")
    with (
        zipfile.ZipFile(path) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.namelist():
            new.writestr(entry, content if entry == name else old.read(entry))
    return out


SHEET = "xl/worksheets/sheet1.xml"
OPEN = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(
    tmp_path: Path,
) -> None:
    path = workbook(tmp_path / "a.xlsx", ["url"], ["https://a.example/"])
    bomb = OPEN + b" " * (60 << 20) + b"</sheetData></worksheet>"
    with pytest.raises(Invalid, match="would unpack to"):
        taken(repacked(path, SHEET, bomb))


def test_a_workbook_with_entities_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ["url"], ["https://a.example/"])
    laughs = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + OPEN
    cell = b'<row r="1"><c r="A1" t="inlineStr"><is><t>&b;</t></is></c></row>'
    with pytest.raises(Invalid, match="EntitiesForbidden"):
        taken(repacked(path, SHEET, laughs + cell + b"</sheetData></worksheet>"))


def test_a_workbook_that_takes_too_long_ends_its_reader_and_not_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workbook(tmp_path / "a.xlsx", ["url"], ["https://a.example/"])
    monkeypatch.setattr(sheet, "SECONDS", 0.0)
    with pytest.raises(Invalid, match="stopped") as caught:
        taken(path)
    assert "CSV UTF-8" in caught.value.hint


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "empty"),
        (b"PK\x03\x04 and no more", "damaged"),
        (b"\xd0\xcf\x11\xe0 old", "old .xls"),
        (b"%PDF-1.7", "PDF"),
        (b"\0\1\2\3", "no kind that is taken"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_its_cure(
    tmp_path: Path, content: bytes, message: str
) -> None:
    with pytest.raises(Invalid, match=message) as caught:
        look(written(tmp_path, "a.bin", content))
    assert caught.value.hint
