"""The verifier as one file: Python alone runs it, away from everything of ours."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lantian.errors import StoreError
from lantian.evidence.bundle.verifier import write_verifier
from lantian.evidence.seal import digest_of
from tests.evidence.bundle.conftest import add, forge


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The verifier, in a folder of its own."""
    (tmp_path / "away").mkdir()
    path = tmp_path / "away" / "verify.pyz"
    write_verifier(path)
    return path


def run(program: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run it with Python's standard library only: neither our packages nor anybody's."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(program), *arguments],
        cwd=program.parent,
        env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_finds_a_sound_bundle_sound(program: Path, bundle: Path) -> None:
    done = run(program, str(bundle), digest_of(bundle.read_bytes()))
    assert (done.returncode, done.stderr) == (0, "")
    assert "9 records: nothing is missing or changed." in done.stdout
    assert digest_of(bundle.read_bytes()) in done.stdout


def test_it_names_what_is_wrong(program: Path, bundle: Path) -> None:
    forge(bundle, add("evidence/document-1.txt", b"\x1b[2J other"))
    done = run(program, str(bundle))
    assert (done.returncode, done.stderr) == (1, "")
    assert "evidence/document-1.txt: it is not the text whose digest its JSON tells" in done.stdout
    assert "\x1b" not in done.stdout
    done = run(program, str(bundle), "sha256:" + "0" * 64)
    assert "it is not the file that was expected" in done.stdout


def test_it_tells_how_it_is_called_and_what_it_cannot_read(program: Path) -> None:
    done = run(program)
    assert (done.returncode, done.stdout.split(":")[0]) == (2, "usage")
    done = run(program, "none.wacz")
    assert (done.returncode, done.stderr) == (1, "")
    assert "none.wacz cannot be read" in done.stdout


def test_it_is_the_same_file_each_time(program: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.pyz"
    assert write_verifier(again) == digest_of(program.read_bytes())
    with pytest.raises(StoreError, match="cannot be written"):
        write_verifier(tmp_path / "no" / "verify.pyz")


def test_it_needs_no_module_of_one_system_only(program: Path, bundle: Path) -> None:
    code = (
        "import runpy, sys; sys.argv = sys.argv[1:]\n"
        "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print({'fcntl', 'zoneinfo', 'pwd', 'resource'} & set(sys.modules))"
    )
    command = [sys.executable, "-I", "-S", "-c", code, str(program), str(bundle)]
    done = subprocess.run(command, cwd=program.parent, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] in {"set()", "{'pwd'}"}  # runpy itself may ask who we are
