"""`lantian demo` as a newcomer runs it, in two weeks instead of twelve and without a browser."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "lantian", "demo"]
LAST_LINE = "Ctrl-C stops it"
VERSION = "8.19.7"


@dataclass
class Demo:
    """A run of the command: what it printed until it waited for us."""

    process: subprocess.Popen[str]
    until: str
    lines: list[str] = field(default_factory=list)
    stands: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        with self.process:
            for line in self.process.stdout or ():
                if not self.stands.is_set():
                    self.lines.append(line)
                if self.until in line:
                    self.stands.set()
        self.stands.set()

    @property
    def text(self) -> str:
        return "".join(self.lines)

    def figure(self, name: str) -> int:
        (line,) = [one for one in self.lines if one.strip().startswith(f"{name}  ")]
        return int(line.split()[-1])

    def figures(self) -> dict[str, int]:
        names = [line.strip().split("  ")[0] for line in self.lines if line.startswith("  hits: ")]
        return {name: self.figure(name) for name in (*names, "documents", "clues", "pages")}

    def address(self, what: str) -> str:
        found = re.search(rf"{what}.*?(http://\S+)", self.text)
        assert found, self.text
        return found[1]

    def end(self) -> int:
        """The exit status, once it was asked to stop."""
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self) -> int:
        """The exit status, once it has ended."""
        self.reader.join()
        return self.process.returncode


def variables(**more: str) -> dict[str, str]:
    """The caller's environment without settings; no browser is found."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LANTIAN_")}
    return kept | {"LANTIAN_CHROMIUM": "/nowhere/chromium", "PYTHONUNBUFFERED": "1"} | more


def started(folder: Path, until: str = LAST_LINE, *, weeks: int = 2, **more: str) -> Demo:
    process = subprocess.Popen(
        [*COMMAND, "--data", str(folder), "--weeks", str(weeks)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=variables(**more),
    )
    demo = Demo(process, until)
    demo.stands.wait()
    return demo


def said(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, env=variables(), check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "data"


@pytest.fixture(scope="module")
def first(folder: Path) -> Iterator[Demo]:
    """The first run, which was cut off in its first crawl and begun again."""
    cut = started(folder, until="crawling")
    assert cut.end() == 0, cut.text
    demo = started(folder)
    yield demo
    if demo.process.poll() is None:
        demo.end()


def fetched(url: str, **headers: str) -> str:
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request) as answer:
        text: str = answer.read().decode()
        return text


def test_a_run_that_was_cut_off_and_begun_again_ends_with_clues_that_wait(first: Demo) -> None:
    assert first.process.poll() is None, first.text
    assert "week 11 of 12: crawling" in first.text
    assert first.figure("clues waiting") >= 20
    figures = first.figures()
    assert {name for name in figures if name.startswith("hits: ")} >= {
        "hits: guaranteed_grant",
        "hits: green_channel",
        "hits: name_hanging",
        "hits: official_impersonation",
    }
    assert figures["pages"] >= 50
    assert "embedded index" in first.text


def test_without_chromium_it_says_how_to_install_one_and_goes_on(first: Demo) -> None:
    assert "/nowhere/chromium is no program" in first.text
    assert "playwright install" in first.text


def test_the_printed_links_and_the_curl_line_work(first: Demo) -> None:
    assert "登录" in fetched(first.address("reviewer"), **{"Accept-Language": "zh-CN"})
    found = re.search(r"curl -H 'Authorization: (Bearer \S+)' (\S+)", first.text)
    assert found
    answer = fetched(found[2], Authorization=found[1])
    assert '"platform"' in answer, "a notice is there to be read"


def test_the_last_whole_weeks_mail_lies_in_the_outbox_and_says_what_it_is(
    first: Demo, folder: Path
) -> None:
    assert first.process.poll() is None
    mails = [
        BytesParser(policy=policy.default).parsebytes(file.read_bytes())
        for file in (folder / "outbox").glob("*.eml")
    ]
    bodies = [mail.get_body(("plain",)) for mail in mails]
    texts = [body.get_content() for body in bodies if body is not None]
    assert len(texts) == 2
    assert any("演示" in text for text in texts)
    assert any("emonstration" in text for text in texts)


def test_one_folder_runs_once_and_is_not_deleted_under_it(first: Demo, folder: Path) -> None:
    for arguments in ((), ("--reset", "--yes")):
        status, text = said("--data", str(folder), *arguments)
        assert status == 1
        assert "--stop" in text
    assert first.process.poll() is None


def test_the_second_run_finds_the_rest_unchanged_and_can_be_stopped_and_reset(
    first: Demo, folder: Path
) -> None:
    assert first.end() == 0
    second = started(folder)
    assert second.figures() == first.figures()
    assert second.figure("clues waiting") == first.figure("clues waiting")
    assert "crawling" not in second.text
    assert said("--data", str(folder), "--stop") == (0, "The demonstration is stopping.\n")
    assert second.ended() == 0
    assert said("--data", str(folder), "--stop") == (0, "No demonstration runs.\n")
    status, text = said("--data", str(folder), "--reset", "--yes")
    assert (status, folder.exists()) == (0, False), text


def test_it_refuses_the_folder_of_a_real_installation(tmp_path: Path) -> None:
    real = tmp_path / "data"
    subprocess.run(
        [sys.executable, "-m", "lantian", "user", "add", "somebody"],
        env=variables(LANTIAN_DATA_DIR=str(real)),
        check=True,
        capture_output=True,
    )
    for arguments in ((), ("--reset", "--yes")):
        status, text = said("--data", str(real), *arguments)
        assert status == 1
        assert "real installation" in text
    assert (real / "lantian.sqlite3").exists()


def test_it_deletes_no_folder_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    status, text = said("--data", str(tmp_path), "--reset", "--yes")
    assert (status, "is no demonstration" in text) == (1, True)
    assert (tmp_path / "letters.txt").exists()


@pytest.mark.elasticsearch(VERSION)
def test_where_elasticsearch_is_set_it_is_used_and_named(
    tmp_path: Path, elasticsearch_node: Callable[[str], str]
) -> None:
    url = elasticsearch_node(VERSION)
    demo = started(tmp_path / "Data", weeks=1, LANTIAN_ES_URL=url)
    assert f"Elasticsearch at {url.rsplit('@', 1)[-1]}" in demo.text
    fetched(f"{url}/lantian-demo-*/_refresh")
    counted = json.loads(fetched(f"{url}/lantian-demo-*/_count"))
    assert counted["count"] == demo.figure("clues") > 0
    assert demo.end() == 0
    assert not (tmp_path / "Data" / "index.sqlite3").exists()
