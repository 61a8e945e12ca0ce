"""What a crawl keeps of each page: the answer, what was asked, how it was got; in small files."""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator
from warcio.recordloader import ArcWarcRecord

from tests.services.loopback import Installation, Page, Site, serving

PAGES = 40
CLAIM = "专利申请包授权，不授权全额退款，三个月下证"
PROFILE = """
name: kept
kind: site
hosts: [127.0.0.1]
start: ["http://PLACE/"]
manners: {delay: 0, concurrency: 4}
links: [{role: page, css: a}]
documents: [{kind: page, text: main, required: [text]}]
healthy: {pages: 0, documents: 0, required: 0}
"""


class Kept:
    """An installation whose crawl of a small site has ended, and what the site received."""

    def __init__(self, folder: Path) -> None:
        self.installation = Installation(
            folder,
            more={
                "LANTIAN_CHROMIUM": "/nowhere/chromium",
                "LANTIAN_WARC_MAX_BYTES": "1",
                "LANTIAN_OPERATORS": "甲某,乙某",
                "LANTIAN_CONTACT": "monitor@office.example",
            },
        )
        self.received: dict[str, list[bytes]] = {}

    def site(self) -> dict[str, Page]:
        links = "".join(f"<a href='/p/{n}?q=a+b'>{n}</a>" for n in range(PAGES))
        bodies = {f"/p/{n}?q=a+b": f"<main>第{n}号 {CLAIM if n < 1 else '服务'}</main>"
                  for n in range(PAGES)}  # fmt: skip
        pages = {
            path: Page(stream=self._answering(body, tag=path[3:5])) for path, body in bodies.items()
        }
        return {
            "/robots.txt": Page("", media_type="text/plain"),
            "/": Page(stream=self._answering(f"<main>首页</main>{links}<a href=/moved>x</a>")),
            "/moved": Page(status=302, headers={"Location": "/target"}),
            "/target": Page(stream=self._answering("<main>目标</main>")),
            **pages,
        }

    def _answering(self, body: str, tag: str = "") -> Callable[[BaseHTTPRequestHandler], None]:
        def stream(handler: BaseHTTPRequestHandler) -> None:
            lines = [handler.requestline.encode("latin-1")]
            lines += [
                f"{name}: {value}".encode("latin-1") for name, value in handler.headers.items()
            ]
            self.received.setdefault(handler.path, []).append(b"\r\n".join(lines) + b"\r\n\r\n")
            known = tag and handler.headers.get("If-None-Match") == f'"{tag}"'
            handler.send_response(304 if known else 200)
            handler.send_header("Content-Type", "text/html; charset=utf-8")
            handler.send_header("Set-Cookie", "session=very-secret; Path=/")
            if tag:
                handler.send_header("ETag", f'"{tag}"')
            handler.send_header("Content-Length", "0" if known else str(len(body.encode())))
            handler.end_headers()
            handler.wfile.write(b"" if known else body.encode())

        return stream

    def crawl(self, site: Site) -> None:
        (self.installation.profiles / "kept.yaml").write_text(
            PROFILE.replace("PLACE", site.place), "utf-8"
        )
        summary = self.installation.crawl("kept", "--allow", site.place)
        assert summary["state"] == "finished", summary

    @property
    def warcs(self) -> list[Path]:
        return sorted((self.installation.folder / "data" / "evidence" / "warc").rglob("*.gz"))

    def records(self) -> "list[tuple[ArcWarcRecord, bytes]]":
        return [
            (record, record.raw_stream.read())
            for path in self.warcs
            for record in ArchiveIterator(io.BytesIO(path.read_bytes()), no_record_parse=True)
        ]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """Two crawls of a site: the second finds nothing changed."""
    made = Kept(tmp_path_factory.mktemp("kept"))
    with serving(made.site()) as site:
        made.crawl(site)
        made.crawl(site)
        yield made


def test_each_answer_has_the_request_that_was_sent_and_how_it_was_got(kept: Kept) -> None:
    by_kind: dict[str, dict[str, tuple[ArcWarcRecord, bytes]]] = {}
    for record, block in kept.records():
        concurrent = record.rec_headers.get_header("WARC-Concurrent-To")
        key = concurrent or record.rec_headers.get_header("WARC-Record-ID")
        by_kind.setdefault(record.rec_type, {})[key] = record, block
    answers = by_kind["response"] | by_kind["revisit"]
    assert len(by_kind["response"]) >= PAGES + 2
    assert len(by_kind["revisit"]) >= PAGES
    assert by_kind["request"].keys() == answers.keys()
    assert by_kind["metadata"].keys() == by_kind["response"].keys()
    for key, (asked, block) in by_kind["request"].items():
        url = asked.rec_headers.get_header("WARC-Target-URI")
        assert url == answers[key][0].rec_headers.get_header("WARC-Target-URI")
        assert asked.rec_headers.get_header("WARC-Date") == answers[key][0].rec_headers.get_header(
            "WARC-Date"
        )
        path = "/" + url.split("/", 3)[3]
        without = [without_cookies(one) for one in kept.received[path]]
        assert block in without
    assert not any(b"very-secret" in block for _, block in by_kind["request"].values())
    hidden = [
        asked.rec_headers.get_header("Lantian-Left-Out") for asked, _ in by_kind["request"].values()
    ]
    assert "Cookie" in hidden
    assert any(
        b"Cookie: session=very-secret" in one for some in kept.received.values() for one in some
    )


def without_cookies(head: bytes) -> bytes:
    lines = head.split(b"\r\n")
    return b"\r\n".join(line for line in lines if not line.startswith(b"Cookie:"))


def test_the_metadata_tell_who_with_what_from_where(kept: Kept) -> None:
    told: dict[str, dict[str, str]] = {}
    for record, block in kept.records():
        if record.rec_type == "metadata":
            fields = dict(line.split(": ", 1) for line in block.decode().splitlines())
            told.setdefault(fields["requested"].split("/", 3)[3], fields)
    page = told["p/7?q=a+b"]
    assert page["operator"] == "甲某；乙某"
    assert (page["software"][:8], page["source"]) == ("lantian ", "kept")
    assert (page["crawl"], page["purpose"], page["through"]) == ("1", "crawl", "http")
    assert page["via"].endswith("/")
    assert int(page["fetchTimeMs"]) >= 0
    moved = told["moved"]
    assert moved["redirected-from"].endswith("/moved")


def test_files_are_turned_at_the_size_that_is_set_and_no_capture_is_split(kept: Kept) -> None:
    first = kept.installation.rows(
        "select distinct file from artifact join capture on capture.id = capture_id"
        " where crawl_id = 1 and role = 'payload' order by file"
    )
    assert len(first) > 1
    assert all("/crawl-1-1" in file for (file,) in first)
    split = kept.installation.rows(
        "select capture_id from artifact where role <> 'revisit' and role <> 'request'"
        " group by capture_id having count(distinct file) > 1"
    )
    assert split == []
    told = kept.installation.rows("select subject from audit_event where action = 'evidence.file'")
    files = kept.installation.rows("select distinct file from artifact")
    assert {subject for (subject,) in told} == {f"file:{file}" for (file,) in files}
    assert {str(path) for path in kept.warcs} == {
        str(kept.installation.folder / "data" / "evidence" / file) for (file,) in files
    }


def test_warcio_check_and_our_own_find_nothing(kept: Kept) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "warcio.cli", "check", *map(str, kept.warcs)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout) == (0, "")
    done = kept.installation.command("evidence", "verify", "--deep")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_bundle_of_all_of_it_is_checked_by_itself(kept: Kept) -> None:
    path = kept.installation.folder / "all.wacz"
    done = kept.installation.command("evidence", "export", "--all", str(path))
    assert done.returncode == 0, done.stderr
    done = kept.installation.command("evidence", "verify", str(path))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_index_leads_into_every_file(kept: Kept) -> None:
    done = kept.installation.command("evidence", "index")
    assert done.returncode == 0, done.stderr
    folder = kept.installation.folder / "data" / "evidence" / "indexes"
    lines = [line for path in folder.iterdir() for line in path.read_text().splitlines()]
    assert len(list(folder.iterdir())) == len(kept.warcs)
    for n in range(PAGES):
        assert any(f"/p/{n}?q=a+b" in line for line in lines)
