"""The machinery of the tests themselves: nothing is lost silently, nothing stays running."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.services import folders, java

ROOT = Path(__file__).parents[1]
NEEDY = """
def test_with_a_browser(chromium_path):
    assert chromium_path

def test_without():
    assert True
"""
ABANDONED = """
import os, signal, sys
from tests.services import folders, processes
with folders.run_folder() as run:
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    processes.Child("service", command, run=run, user=None, environment={})
    print(run, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""

ONE_OF_MANY = """
import os, pathlib
def test_it():
    with (pathlib.Path(__file__).parent / "done").open("a") as done:
        done.write(f"{__name__}\\n")
    PLACE
"""


def pytest_without_programs(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "test_needy.py").write_text(NEEDY)
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "-p"]
    command += ["tests.conftest", "-p", "no:cacheprovider", str(tmp_path / "test_needy.py")]
    where = {"PATH": str(tmp_path), "HOME": str(tmp_path), **environment}
    return subprocess.run(command, cwd=ROOT, env=where, capture_output=True, text=True, check=False)


def test_a_test_whose_service_is_missing_is_left_out_and_counted(tmp_path: Path) -> None:
    done = pytest_without_programs(tmp_path)
    assert "1 passed, 1 deselected" in done.stdout
    assert "1 tests left out (1: no Chromium" in done.stdout
    assert done.returncode == 0


def test_a_test_left_out_fails_the_run_in_ci(tmp_path: Path) -> None:
    done = pytest_without_programs(tmp_path, CI="true")
    assert "1 passed, 1 deselected" in done.stdout
    assert done.returncode == 1


def test_a_service_that_was_named_is_taken(tmp_path: Path) -> None:
    done = pytest_without_programs(tmp_path, LANTIAN_TEST_CHROMIUM=sys.executable, CI="true")
    assert "2 passed" in done.stdout
    assert done.returncode == 0


def in_two_halves(folder: Path, **places: str) -> subprocess.CompletedProcess[str]:
    for name in ("a", "b", "c", "d"):
        text = ONE_OF_MANY.replace("PLACE", places.get(name, "assert True"))
        (folder / f"test_{name}.py").write_text(text)
    command = [sys.executable, "-m", "tests.services", "test", "--"]
    command += ["-c", str(ROOT / "pyproject.toml"), str(folder)]
    nowhere = {"LANTIAN_TEST_POSTGRES_URL": "postgresql://nobody", "LANTIAN_TEST_ES_URL": "none"}
    where = os.environ | nowhere | {"LANTIAN_TEST_CHROMIUM": sys.executable}
    return subprocess.run(command, cwd=ROOT, env=where, capture_output=True, text=True, check=False)


def test_two_halves_are_the_whole_and_no_test_is_run_twice(tmp_path: Path) -> None:
    done = in_two_halves(tmp_path)
    ran = (tmp_path / "done").read_text().splitlines()
    assert sorted(name[-1] for name in ran) == ["a", "b", "c", "d"]
    assert "4 tests were run, of 4" in done.stdout
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_failure_in_the_half_that_is_not_watched_is_shown_and_fails_the_run(
    tmp_path: Path,
) -> None:
    done = in_two_halves(tmp_path, d="assert 'this' == 'that'")
    assert "assert 'this' == 'that'" in done.stdout
    assert done.returncode == 1


def test_a_half_that_ends_early_fails_the_run_whatever_it_says(tmp_path: Path) -> None:
    done = in_two_halves(tmp_path, a="os._exit(0)")
    assert done.returncode == 1


def test_what_a_killed_run_left_is_ended_by_the_next() -> None:
    killed = subprocess.run(
        [sys.executable, "-c", ABANDONED], cwd=ROOT, capture_output=True, text=True, check=False
    )
    run = Path(killed.stdout.strip())
    service = folders.noted_process(run / "service.process")
    assert service is not None
    with folders.run_folder() as next_run:
        assert next_run != run
    assert not service.is_running() or service.status() == psutil.STATUS_ZOMBIE
    assert not run.exists()


def test_a_run_that_is_alive_is_left_alone() -> None:
    with folders.run_folder() as first, folders.run_folder():
        assert first.exists()


def test_the_java_of_a_service_is_the_oldest_that_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in ("1.8.0_402", "17.0.15", "21.0.7", "25.0.3"):
        home = tmp_path / version
        (home / "bin").mkdir(parents=True)
        (home / "bin" / "java").write_text("")
        (home / "bin" / "java").chmod(0o755)
        (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    monkeypatch.setattr(java, "TOPS", ((str(tmp_path), "*"),))
    monkeypatch.setattr(java, "readable_by_all", lambda _path: True)
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.delenv("ES_JAVA_HOME", raising=False)
    assert [found.version for found in java.runtimes()] == [8, 17, 21, 25]
    assert java.runtime(18) == java.Java(21, tmp_path / "21.0.7")
    assert java.runtime(26) is None
