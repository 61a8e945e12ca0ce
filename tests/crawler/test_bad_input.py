"""What bad input gets: a visit with a clear cause, and nothing lost beside it."""

import gzip
import socket
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.services.loopback import Installation, Page, serving

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CLAIM = "专利申请包授权，不授权全额退款"
GOOD = f"<h1>好页面</h1><p>{CLAIM}</p>"


def never_ending(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Type", "text/html")
    request.end_headers()
    while True:
        request.wfile.write(b"<p>more</p>" * 10_000)


def silent(request: BaseHTTPRequestHandler) -> None:
    request.wfile.flush()
    time.sleep(8)
    request.close_connection = True


def cut_short(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Type", "text/html")
    request.send_header("Content-Length", "100000")
    request.end_headers()
    request.wfile.write(GOOD.encode())
    request.close_connection = True


def bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(1 << 20)
    return b"".join(packer.compress(zeros) for _ in range(megabytes)) + packer.flush()


def pages() -> dict[str, Page]:
    bad = {
        "/loop": Page("", 302, headers={"Location": "/loop2"}),
        "/loop2": Page("", 302, headers={"Location": "/loop"}),
        "/huge": Page("x", headers={"Content-Length": str(2 << 30)}),
        "/never-ending": Page(stream=never_ending),
        "/silent": Page(stream=silent),
        "/cut-short": Page(stream=cut_short),
        "/bomb": Page(bomb(200), headers={"Content-Encoding": "gzip"}),
        "/no-gzip": Page("these bytes are no gzip", headers={"Content-Encoding": "gzip"}),
        "/wrong-charset": Page(GOOD.encode("gb18030"), media_type="text/html; charset=utf-8"),
        "/big5": Page(
            "<p>專利申請包授權，不授權全額退款</p>".encode("big5"), media_type="text/html"
        ),
        "/empty": Page(""),
        "/invalid-html": Page(f"<table><p>{CLAIM}<a <b></table></div><td>"),
        "/deep": Page("<div>" * 5_000 + f"<p>{CLAIM}</p>"),
        "/unavailable": Page("busy", 503),
        "/forbidden": Page("no", 403),
        "/file": Page("", 302, headers={"Location": "file:///etc/passwd"}),
        "/nowhere": Page("", 302, headers={"Location": "http://127.0.0.1:9/"}),
        "/binary": Page(bytes(range(256)) * 40, media_type="text/html"),
        "/gzipped": Page(gzip.compress(GOOD.encode()), headers={"Content-Encoding": "gzip"}),
        "/zstd": Page(zstd.compress(GOOD.encode()), headers={"Content-Encoding": "zstd"}),
        "/good": Page(GOOD),
    }
    links = "".join(f"<a href='{path}'>{path}</a>" for path in bad)
    return {"/": Page(f"<h1>all</h1>{links}"), **bad}


@dataclass
class Crawled:
    outcomes: dict[str, tuple[str, str]]
    installation: Installation
    summary: dict[str, object]


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    folder: Path = tmp_path_factory.mktemp("bad-input")
    installation = Installation(
        folder,
        more={
            "LANTIAN_CRAWL_TIMEOUT": "4",
            "LANTIAN_CHROMIUM": "/nowhere/chromium",
            "LANTIAN_CRAWL_MAX_BYTES": str(1 << 20),
        },
    )
    with serving(pages()) as site:
        summary = installation.crawl(
            site.url(), "--allow", site.place, "-s", "RETRY_TIMES=0", "-s", "MEMUSAGE_LIMIT_MB=600"
        )
        yield Crawled(installation.outcomes(), installation, summary)


def test_the_crawl_ends_and_every_page_has_its_visit(crawled: Crawled) -> None:
    assert crawled.summary["state"] == "finished", crawled.summary
    assert set(crawled.outcomes) == set(pages())
    assert crawled.summary["planned"] == len(crawled.outcomes)
    (unfinished,) = crawled.installation.rows(
        "select count(*) from frontier_row where state='open'"
    )
    assert unfinished == (0,)


@pytest.mark.parametrize(
    "path,outcome,told",
    [
        ("/loop", "failed", "redirected in a circle"),
        ("/huge", "failed", "larger than crawl_max_bytes"),
        ("/never-ending", "failed", "larger than crawl_max_bytes"),
        ("/silent", "failed", "timed out"),
        ("/cut-short", "failed", "cut short"),
        ("/bomb", "failed", "exceeded DOWNLOAD_MAXSIZE"),
        ("/empty", "failed", "unreadable: empty"),
        ("/unavailable", "failed", "status 503"),
        ("/forbidden", "blocked", "status 403"),
        ("/file", "failed", "status 302"),
        ("/nowhere", "blocked", "refused: 127.0.0.1:9 is not connected to"),
        ("/binary", "failed", "unreadable: binary"),
    ],
)
def test_a_bad_answer_is_named_and_never_clean(
    crawled: Crawled, path: str, outcome: str, told: str
) -> None:
    found, detail = crawled.outcomes[path]
    assert (found, told in detail) == (outcome, True), detail


@pytest.mark.parametrize(
    "path", ["/good", "/gzipped", "/zstd", "/wrong-charset", "/invalid-html", "/deep", "/big5"]
)
def test_a_claim_is_found_however_badly_its_page_is_made(crawled: Crawled, path: str) -> None:
    rows = crawled.installation.rows(
        "select document.url from clue join document on document.id = clue.document_id"
    )
    assert any(url.endswith(path) for (url,) in rows), rows


def test_the_hits_of_packed_pages_are_found_again_in_their_evidence(crawled: Crawled) -> None:
    verified = crawled.installation.command("evidence", "verify", "--deep")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_what_cannot_be_decompressed_is_not_taken_for_a_page(crawled: Crawled) -> None:
    outcome, detail = crawled.outcomes["/no-gzip"]
    assert outcome == "failed", detail


def test_a_site_that_does_not_answer_is_unknown_and_its_cause_is_told(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{probe.getsockname()[1]}"
    installation = Installation(tmp_path, more={"LANTIAN_WRITER": "inline"})

    summary = installation.crawl(f"http://{place}/", "--allow", place, "-s", "RETRY_TIMES=1")

    assert summary["state"] == "finished", summary
    assert (summary["unknown"], summary["seen"]) == (1, 0)
    outcome, detail = installation.outcomes()["/"]
    assert outcome == "failed"
    assert "refused" in detail
    assert summary["alarms"]


def test_a_profile_with_a_typo_is_named_by_file_line_and_field(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    (installation.profiles / "typo.yaml").write_text(
        "name: typo\nkind: shop\nhosts: [a.example]\nstart: ['http://a.example/']\nlnks: []\n"
    )

    done = installation.command("crawl", "typo")

    assert done.returncode == 1
    assert "typo.yaml, line 5" in done.stderr
    assert "did you mean 'links'?" in done.stderr
