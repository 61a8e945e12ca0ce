"""How far a command is: a refreshed line on a terminal, few lines elsewhere."""

import io
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from lantian.commands.progress import SECONDS, Progress
from tests.services.loopback import ROOT, Installation, Page, Site, serving

CLAIM = "专利申请包授权，不授权全额退款"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_one_line_that_is_refreshed() -> None:
    terminal = Terminal()
    progress = Progress(terminal)

    for text in ("1 of 2", "1 of 2", "2 of 2", "x" * 500):
        progress.show(text)
    progress.end()

    shown = "x" * 79
    assert terminal.getvalue() == f"\r\x1b[K1 of 2\r\x1b[K2 of 2\r\x1b[K{shown}\n"


def test_elsewhere_a_line_comes_once_in_a_while_and_only_with_news() -> None:
    now, file = [0.0], io.StringIO()
    progress = Progress(file, seconds=lambda: now[0])

    for second in range(41):
        now[0] = second
        progress.show(f"{min(second, 25)} pages")
    progress.end()

    assert SECONDS == 10
    assert file.getvalue().splitlines() == ["10 pages", "20 pages", "25 pages"]


@pytest.fixture
def site() -> Iterator[Site]:
    with serving({}) as found:
        yield found


def test_a_crawl_on_a_terminal_tells_pages_documents_and_hits_while_it_runs(
    tmp_path: Path, site: Site
) -> None:
    told = threading.Event()

    def wait_for_it(request: BaseHTTPRequestHandler) -> None:
        told.wait(20)
        body = "<h1>二</h1><p>费用以合同为准</p>".encode()
        request.send_response(200)
        request.send_header("Content-Type", "text/html; charset=utf-8")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    site.pages |= {
        "/": Page(f"<h1>一</h1><p>{CLAIM}</p><a href=/last>last</a>"),
        "/last": Page(stream=wait_for_it),
    }
    first = "\r\x1b[Kcrawl: 1 of 2 pages, 1 documents, 1 hits"

    said = on_a_terminal(tmp_path, site, until=first, told=told)

    assert told.is_set(), said
    assert "\r\x1b[Kcrawl: 2 of 2 pages, 2 documents, 1 hits" in said
    assert said.count("\n") == 1


def on_a_terminal(folder: Path, site: Site, *, until: str, told: threading.Event) -> str:
    """What a crawl says on a terminal; `told` is set once `until` was among it."""
    installation = Installation(folder, more={"LANTIAN_CHROMIUM": "/nowhere/chromium"})
    ours, theirs = pty.openpty()
    said = ""
    with subprocess.Popen(
        [sys.executable, "-m", "lantian", "crawl", site.url(), "--allow", site.place],
        env=installation.environment,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    ) as command:
        os.close(theirs)
        while data := read_some(ours):
            said += data
            if until in said:
                told.set()
        os.close(ours)
    assert command.returncode == 0, said
    return said


def read_some(terminal: int) -> str:
    """What came next; nothing when the other side was closed."""
    try:
        return os.read(terminal, 4096).decode(errors="replace")
    except OSError:
        return ""
