"""`lantian match` as a shell user meets it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import psutil
import pytest

OFFER = "发明专利包授权，三个月下证，加微信详谈"
LONG = "今天天气很好，我们去公园散步。" * 20
JOBS = pytest.mark.parametrize("jobs", ["1", "2"])

Process = subprocess.Popen[bytes]
Started = Callable[..., Process]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the command finds: a data folder, where the compiled pack is kept."""
    folder = tmp_path_factory.mktemp("match")
    return os.environ | {
        "LANTIAN_DATA_DIR": str(folder),
        "LANTIAN_CONFIG": str(folder / "no-lantian.toml"),
    }


@pytest.fixture
def started(environment: dict[str, str]) -> Iterator[Started]:
    """The command in a process of its own, which the test does not leave behind."""
    processes = []

    def start(*arguments: str, **more: Any) -> Process:
        process = subprocess.Popen(
            [sys.executable, "-m", "lantian", "match", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment | more,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        for child in family(process):
            child.kill()
        with process:
            process.kill()


def run(started: Started, lines: bytes, *arguments: str, **more: str) -> tuple[int, list[Any], str]:
    process = started(*arguments, **more)
    out, errors = process.communicate(lines)
    return process.returncode, [json.loads(line) for line in out.splitlines()], errors.decode()


def line(name: object, text: object) -> bytes:
    return json.dumps({"id": name, "text": text}, ensure_ascii=False).encode() + b"\n"


def family(process: Process) -> list[psutil.Process]:
    """The processes that it has started."""
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def gone(children: list[psutil.Process]) -> bool:
    """Whether they end within a minute; who asks for their status then is not our matter."""
    for _ in range(600):
        if not any(map(runs, children)):
            return True
        time.sleep(0.1)
    return False


def runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def busy(process: Process) -> list[psutil.Process]:
    """The processes of a command that has got a few batches, when the first is answered."""
    into, out = pipe(process.stdin), pipe(process.stdout)
    into.write(line("1", LONG) * 2_000)
    into.flush()
    assert json.loads(out.readline())["id"] == "1"
    return family(process)


@JOBS
def test_each_text_is_answered_in_input_order(started: Started, jobs: str) -> None:
    lines = line("2", "今天天气很好") + line("1", OFFER) + line("3", "")
    status, rows, errors = run(started, lines, "--jobs", jobs)
    assert (status, errors) == (0, "")
    assert [row["id"] for row in rows] == ["2", "1", "3"]
    assert [bool(row["hits"]) for row in rows] == [False, True, False]


def test_a_hit_has_the_promised_fields_and_its_slice(started: Started) -> None:
    text = "😀前言。\n" + OFFER
    _, rows, _ = run(started, line("1", text), "--on", "2026-06-01")
    hit = rows[0]["hits"][0]
    assert list(hit) == ["claim", "rule", "start", "end", "text", "score", "why", "law"]
    assert hit["claim"] == "guaranteed_grant"
    assert hit["text"] == text[hit["start"] : hit["end"]]
    assert "包授权" in hit["text"]
    assert 0 <= hit["score"] <= 1
    assert hit["why"].endswith("。")
    assert "\n" not in hit["why"]


@pytest.mark.parametrize(
    "day,named,not_named",
    [
        ("2025-10-14", "《反不正当竞争法》（2019年修正）第八条", "第九条"),
        ("2025-10-15", "《反不正当竞争法》（2025年修订）第九条", "（2019年修正）第八条"),
        ("2027-01-01", "《商标法》（2027年施行）第六十七条第一款第（二）项", "第六十八条"),
    ],
)
def test_the_law_is_that_of_the_day(started: Started, day: str, named: str, not_named: str) -> None:
    _, rows, _ = run(started, line("1", OFFER), "--on", day)
    law = rows[0]["hits"][0]["law"]
    assert named in law
    assert not any(not_named in label for label in law)


@JOBS
def test_a_bad_line_is_named_and_the_status_tells_of_it(started: Started, jobs: str) -> None:
    lines = line("1", OFFER) + b"not json\n" + line("3", OFFER)
    status, rows, errors = run(started, lines, "--jobs", jobs)
    assert status == 1
    assert [row["id"] for row in rows] == ["1", "3"]
    assert errors.startswith("line 2: no JSON")


@pytest.mark.parametrize(
    "arguments,named", [(("--on", "yesterday"), "yesterday"), (("--jobs", "0"), "than")]
)
def test_an_option_that_is_wrong_is_refused(
    started: Started, arguments: tuple[str, ...], named: str
) -> None:
    status, _, errors = run(started, line("1", OFFER), *arguments)
    assert status == 2
    assert named in errors


def test_a_pack_that_is_wrong_is_named_with_its_line(started: Started, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("claim: mine\nlabel: 3\n", encoding="utf-8")
    status, rows, errors = run(started, line("1", OFFER), LANTIAN_PACK_DIR=str(tmp_path))
    assert (status, rows) == (1, [])
    assert "mine.yaml:2: label" in errors
    assert "Traceback" not in errors


def test_no_data_folder_is_made(started: Started, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    status, _, _ = run(started, line("1", OFFER), "--jobs", "1", LANTIAN_DATA_DIR=str(folder))
    assert status == 0
    assert not folder.exists()


@JOBS
def test_a_line_is_answered_before_the_next_one_comes(started: Started, jobs: str) -> None:
    process = started("--jobs", jobs)
    for name in ("1", "2", "3"):
        pipe(process.stdin).write(line(name, OFFER))
        pipe(process.stdin).flush()
        assert json.loads(pipe(process.stdout).readline())["id"] == name
    assert len(family(process)) == int(jobs) - 1  # A second one had nothing to do.


@JOBS
def test_a_reader_that_goes_ends_all_processes(started: Started, jobs: str) -> None:
    process = started("--jobs", jobs)
    children = busy(process)
    pipe(process.stdout).close()
    with contextlib.suppress(BrokenPipeError):
        for _ in range(100):
            pipe(process.stdin).write(line("1", LONG) * 1_000)
    assert process.wait(60) == 1
    assert pipe(process.stderr).read() == b""
    assert gone(children)


@JOBS
def test_ctrl_c_ends_all_processes_without_a_trace(started: Started, jobs: str) -> None:
    process = started("--jobs", jobs)
    children = busy(process)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) != 0
    assert b"Traceback" not in pipe(process.stderr).read()
    assert gone(children)


def test_no_process_is_left_where_the_command_is_killed(started: Started) -> None:
    process = started("--jobs", "2")
    children = busy(process)
    assert children
    process.kill()
    assert gone(children)
    with pipe(process.stdin) as into, contextlib.suppress(BrokenPipeError):
        into.flush()
