"""`lantian serve`: a real process that answers, and ends when it is told to."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path


def answer_of(address: str, process: "subprocess.Popen[bytes]") -> tuple[int, bytes]:
    while process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise AssertionError(f"the server ended with {process.returncode}")


def test_it_answers_at_its_port_until_it_is_told_to_end(data_dir: Path, free_port: int) -> None:
    command = [sys.executable, "-m", "lantian", "serve", "--port", str(free_port)]
    environment = {**os.environ, "LANTIAN_LOG_LEVEL": "WARNING"}
    process = subprocess.Popen(command, env=environment)
    try:
        ready = answer_of(f"http://127.0.0.1:{free_port}/readyz", process)
        refused = answer_of(f"http://127.0.0.1:{free_port}/api/v1/notices", process)
        docs = answer_of(f"http://127.0.0.1:{free_port}/docs", process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    assert ready[0] == 200
    assert b'"store":"ok"' in ready[1]
    assert refused[0] == 401
    assert docs[0] == 200


def test_a_wrong_store_is_told_in_one_sentence_before_anything_listens(data_dir: Path) -> None:
    command = [sys.executable, "-m", "lantian", "serve"]
    environment = {**os.environ, "LANTIAN_STORE_URL": "mysql://u@127.0.0.1/x"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "mysql, which is not supported" in done.stderr
    assert "Traceback" not in done.stderr
