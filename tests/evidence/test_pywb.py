"""Other people's tools read the archive: pywb indexes it and replays from it."""

import json
import subprocess
import textwrap
from datetime import UTC, datetime
from pathlib import Path

from lantian.evidence.archive import Archive

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
PAGE = "<!doctype html><title>商品</title><p>商标注册包授权"

REPLAY = """
import os, sys
from wsgiref.util import setup_testing_defaults
os.chdir(sys.argv[1])
from pywb.apps.frontendapp import FrontEndApp
app = FrontEndApp()
body, told = [], []
environ = {"PATH_INFO": sys.argv[2], "REQUEST_URI": sys.argv[2], "QUERY_STRING": ""}
setup_testing_defaults(environ)
for part in app(environ, lambda status, headers, exc=None: told.append(status)):
    body.append(part)
print(told[0])
sys.stdout.flush()
sys.stdout.buffer.write(b"".join(body))
"""


def run(python: Path, *arguments: str, folder: Path) -> str:
    done = subprocess.run(
        [str(python), *arguments], cwd=folder, capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode("utf-8", errors="replace")


def test_pywb_indexes_and_replays_what_was_captured(
    pywb_python: Path, archive: Archive, tmp_path: Path
) -> None:
    with archive.writer("crawl-1", at=AT) as writer:
        response = writer.write_response(
            url="https://shop.example/goods/1", at=AT, head=HEAD, body=PAGE.encode()
        )
        writer.write_resource(
            url="https://shop.example/goods/1",
            at=AT,
            role="dom",
            media_type="text/html; charset=utf-8",
            data=b"<p>rendered",
            concurrent_to=response.record_id,
        )
        writer.write_response(
            url="https://shop.example/gone",
            at=AT,
            head=b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n",
            body=b"<p>gone",
        )
    home = tmp_path / "pywb"
    home.mkdir()
    (home / "config.yaml").write_text("debug: true\n")
    manager = str(pywb_python.parent / "wb-manager")
    run(pywb_python, manager, "init", "seen", folder=home)
    run(pywb_python, manager, "add", "seen", str(archive.path(writer.file)), folder=home)
    index = home / "collections" / "seen" / "indexes" / "index.cdxj"
    entries = [json.loads(line.split(" ", 2)[2]) for line in index.read_text().splitlines()]
    by_url = {entry["url"]: entry for entry in entries}
    found = by_url["https://shop.example/goods/1"]
    assert (found["status"], found["mime"]) == ("200", "text/html")
    assert (int(found["offset"]), int(found["length"])) == (response.offset, response.length)
    assert by_url["https://shop.example/gone"]["status"] == "404"
    assert "urn:dom:https://shop.example/goods/1" in by_url
    script = textwrap.dedent(REPLAY)
    page = run(
        pywb_python, "-c", script, str(home), "/seen/20261124080000id_/https://shop.example/goods/1",
        folder=home,
    )  # fmt: skip
    assert page.startswith("200")
    assert PAGE in page
