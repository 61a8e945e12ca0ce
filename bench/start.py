"""The figure `start`: from a fresh clone to the first page, beside Datasette on the same machine.

`make setup` in a clone without an environment, then `make run` until a page is answered. Datasette
is installed in the same way (an environment, uv by the same lock, then uv installs), and started
over a small database. The cache of uv is used by both sides as it is found, warm after a first run.
"""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench.side import memory_mb

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 600.0

Sample = dict[str, Any]


class NoStart(RuntimeError):
    """Something did not install or did not answer; its last words are in the text."""


def run(*, rounds: int = 3, quick: bool = False) -> dict[str, Any]:
    """Raw samples of both sides: seconds and MB of the installation, seconds to the first page."""
    samples: dict[str, list[Sample]] = {"lantian": [], "datasette": []}
    for _ in range(1 if quick else rounds):
        for name, side in (("lantian", _lantian), ("datasette", _datasette)):
            with tempfile.TemporaryDirectory(prefix="lantian-bench-") as folder:
                samples[name].append(side(Path(folder)))
    return {"samples": samples}


def _lantian(folder: Path) -> Sample:
    clone = folder / "lantian"
    _done(["git", "clone", "--quiet", str(ROOT), str(clone)], folder)
    environment = _environment()
    took = _done(["make", "setup"], clone, environment)
    size = _size_mb(clone / ".venv")
    port = _free_port()
    command = ["make", "run", f"ARGS=--port {port} --data {folder / 'demo'}"]
    first, memory = _first_page(command, clone, environment, f"http://127.0.0.1:{port}/login")
    return _sample(took, size, first, memory)


def _datasette(folder: Path) -> Sample:
    venv, environment = folder / "venv", _environment()
    boot = folder / "boot"
    start = time.perf_counter()
    _done([sys.executable, "-m", "venv", str(boot)], folder, environment)
    pip = [str(boot / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    lock = str(ROOT / "requirements-uv.lock")
    _done([*pip, "install", "--require-hashes", "-r", lock], folder, environment)
    uv = str(boot / "bin" / "uv")
    _done([uv, "venv", "--quiet", "--python", sys.executable, str(venv)], folder, environment)
    environment["VIRTUAL_ENV"] = str(venv)
    environment.setdefault("UV_LINK_MODE", "hardlink")
    _done([uv, "pip", "install", "--quiet", "datasette"], folder, environment)
    took = time.perf_counter() - start
    size = _size_mb(venv)
    database = folder / "small.db"
    with sqlite3.connect(database) as connection:
        connection.execute("create table clue (id integer primary key, title text)")
        connection.executemany(
            "insert into clue (title) values (?)", [(f"线索{one}",) for one in range(1_000)]
        )
    connection.close()
    port = _free_port()
    command = [str(venv / "bin" / "datasette"), "serve", str(database), "--port", str(port)]
    first, memory = _first_page(command, folder, environment, f"http://127.0.0.1:{port}/")
    return _sample(took, size, first, memory)


def _sample(took: float, size: int, first: float, memory: float) -> Sample:
    return {
        "setup_seconds": round(took, 2),
        "setup_mb": size,
        "first_page_seconds": round(first, 2),
        "memory_mb": round(memory, 1),
    }


def _done(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> float:
    """The seconds that a command took; raises `NoStart`."""
    start = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise NoStart(f"{' '.join(command)}: {done.stdout[-1500:]}{done.stderr[-1500:]}")
    return time.perf_counter() - start


def _first_page(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], url: str
) -> tuple[float, float]:
    """Seconds until the page is answered, and MB of all processes then."""
    log = folder / "run.log"
    start = time.perf_counter()
    with log.open("wb") as told:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=told,
            # Its own group, so that it is ended with all that it started.
            start_new_session=True,
        )
    try:
        while time.perf_counter() - start < LONGEST and process.poll() is None:
            with suppress(OSError), urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310
                answer.read()
                return time.perf_counter() - start, memory_mb(process.pid)
            time.sleep(0.02)
    finally:
        _end(process)
    raise NoStart(f"{' '.join(command)}: {log.read_text(errors='replace')[-3000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _environment() -> dict[str, str]:
    """The caller's variables without those that point to this clone."""
    ours = ("LANTIAN_", "MAKE", "MFLAGS", "PYTHONPATH", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _size_mb(folder: Path) -> int:
    du = shutil.which("du") or "du"
    said = subprocess.run([du, "-sm", str(folder)], capture_output=True, text=True, check=True)
    return int(said.stdout.split()[0])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
