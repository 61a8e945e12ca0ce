"""The extraction record of a capture: what the installation says of itself, printed and as data."""

import json
import re
from pathlib import Path

import pytest

from lantian.evidence.archive import Archive
from lantian.evidence.conditions import first_record
from tests.evidence.clocks import ntp_server
from tests.services.loopback import Installation, Page, serving

CLAIM = "专利申请包授权，不授权全额退款，三个月下证"
PAGES = {"/": Page(f"<!doctype html><title>服务</title><h1>服务</h1><p>{CLAIM}</p>")}
SAYS = {
    "LANTIAN_ORGANISATION": "某市知识产权局",
    "LANTIAN_PLACE": "某市某路1号",
    "LANTIAN_DEVICE_CHECK": "2026-11-20 未见异常",
    "LANTIAN_NETWORK": "政务外网",
    "LANTIAN_PUBLIC_IP": "198.51.100.7",
}


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory, chromium_path: Path) -> Installation:
    """A page with a claim that was crawled, and visited again by the browser, for a case."""
    folder = tmp_path_factory.mktemp("record")
    ours = Installation(folder, more={**SAYS, "LANTIAN_CHROMIUM": str(chromium_path)})
    with serving(PAGES) as site, ntp_server(12.0) as clock:
        ours.more["LANTIAN_CLOCK_REFERENCES"] = json.dumps(
            [{"url": f"ntp://127.0.0.1:{clock.port}", "private": True}]
        )
        summary = ours.crawl(
            *(site.url(), "--allow", site.place, "--case", "某知监〔2026〕17号"),
            *("--operator", "甲某", "--operator", "乙某"),
        )
    assert summary["state"] == "finished", summary
    assert len(clock.asked) == 2, "once for the crawl, once for the evidence visit"
    return ours


def capture_of(ours: Installation, purpose: str) -> int:
    return int(dict(ours.rows("select purpose, id from capture"))[purpose])


@pytest.mark.parametrize("purpose", ["crawl", "evidence"])
def test_a_capture_carries_every_field_of_the_form(crawled: Installation, purpose: str) -> None:
    out = crawled.folder / f"{purpose}.html"
    done = crawled.command("evidence", "record", str(capture_of(crawled, purpose)), str(out))
    assert done.returncode == 0, done.stderr
    told = json.loads(out.with_suffix(".json").read_text())
    assert told["operators"] == ["甲某", "乙某"]
    assert told["place"] == "某市某路1号"
    assert told["case"]["number"] == "某知监〔2026〕17号"
    assert told["unit"] == "某市知识产权局"
    assert told["device"]["cleanliness_check"] == "2026-11-20 未见异常"
    assert told["network"]["connection"] == "政务外网"
    assert told["network"]["public_ip"] == "198.51.100.7"
    assert "hosts file" in told["network"]["check"]
    assert abs(float(told["clock"]["offset_seconds"]) - 12) <= float(
        told["clock"]["within_seconds"]
    )
    assert told["clock"]["faults"] is None
    assert told["target"]["remote_ip"] == "127.0.0.1"
    assert re.fullmatch(r"lantian .+", told["tool"]["version"])
    assert told["obtained"][0]["role"] == "payload"
    assert all(re.fullmatch("sha256:[0-9a-f]{64}", one["digest"]) for one in told["obtained"])
    pictures = [f"capture-{told['capture']}.png"] if purpose == "evidence" else []
    assert told["screenshots"] == pictures


def test_the_page_says_it_in_chinese_with_the_picture_in_it(crawled: Installation) -> None:
    out = crawled.folder / "page.html"
    done = crawled.command("evidence", "record", str(capture_of(crawled, "evidence")), str(out))
    page = out.read_text()
    assert '<html lang="zh-CN">' in page
    assert "甲某" in page
    assert "某知监〔2026〕17号" in page
    assert "操作系统内核报告" in page
    assert "域名服务器" in page
    assert page.count('src="data:image/png;base64,') == 1
    assert done.stdout.splitlines()[-1] in page, "the digest of the data stands on the page"


def test_it_is_printed_by_chromium(crawled: Installation) -> None:
    out = crawled.folder / "page.pdf"
    capture = str(capture_of(crawled, "evidence"))
    done = crawled.command("evidence", "record", capture, str(out))
    assert done.returncode == 0, done.stderr
    data = out.read_bytes()
    assert data.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", data)) >= 2
    again = crawled.command("evidence", "record", capture, str(out))
    assert again.returncode == 1
    assert "is there already" in again.stderr


def test_a_case_that_came_later_is_marked_so(crawled: Installation) -> None:
    crawled.more.pop("LANTIAN_CASE_NUMBER", None)
    out = crawled.folder / "later.html"
    capture = str(capture_of(crawled, "crawl"))
    crawled.command("evidence", "record", capture, str(out), "--case", "另案1号")
    assert "另案1号" not in out.read_text(), "what was written down is not replaced"


def test_what_the_file_says_of_its_making_is_in_the_audit_chain(crawled: Installation) -> None:
    archive = Archive(crawled.folder / "data" / "evidence")
    files = {file for (file,) in crawled.rows("select distinct file from artifact")}
    told = dict(
        crawled.rows(
            "select subject, json_extract(detail, '$.warcinfo') from audit_event"
            " where action = 'evidence.file'"
        )
    )
    assert told == {f"file:{file}": first_record(archive.warcinfo(file))[0] for file in files}
    assert len(files) == 2


def test_a_copy_is_noted(crawled: Installation) -> None:
    out = crawled.folder / "noted.html"
    capture = capture_of(crawled, "crawl")
    done = crawled.command("evidence", "record", str(capture), str(out))
    noted = crawled.rows(
        "select subject, json_extract(detail, '$.digest') from audit_event"
        " where action = 'evidence.record' order by id"
    )
    assert noted[-1] == (f"capture:{capture}", done.stdout.splitlines()[-1])


def test_no_capture_and_no_such_kind_of_file_are_told(crawled: Installation) -> None:
    for arguments, why in (
        (("999", "x.html"), "there is no capture 999"),
        (("1", "x.docx"), "neither in .html nor in .pdf"),
    ):
        done = crawled.command("evidence", "record", *arguments)
        assert done.returncode == 1
        assert why in done.stderr
        assert "Traceback" not in done.stderr
