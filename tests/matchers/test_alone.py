"""The matcher alone: its README works where nothing is but its own lock."""

import os
import re
import shutil
import subprocess
import venv
from pathlib import Path

import matchers

ROOM = Path(matchers.__file__).parent
ROOT = ROOM.parent
CODE = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def test_the_lines_of_the_readme_run_with_nothing_but_the_lock(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    command = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    command += ["--no-compile"]  # Only what the lines import is compiled.
    lock = str(ROOT / "requirements-matchers.lock")
    subprocess.run([*command, "--require-hashes", "--only-binary", ":all:", "-r", lock], check=True)
    shutil.copytree(ROOM, tmp_path / "alone" / "matchers")
    (lines,) = CODE.findall((ROOM / "README.md").read_text(encoding="utf-8"))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [python, "-c", lines],
        cwd=tmp_path / "alone",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first, *counts = done.stdout.splitlines()
    assert first.startswith("guaranteed_grant 0 ")
    assert "包授权" in first
    assert counts == ["1", "0", "['zhc_00018', 'CNY800+']"]


def test_the_lock_asks_for_what_the_matcher_imports() -> None:
    asked = (ROOT / "requirements-matchers.in").read_text().split()
    names = {re.split("[>=<]", line)[0] for line in asked}
    assert names == {
        "ahocorasick_rs",
        "hyperscan",
        "numpy",
        "pydantic",
        "pyyaml",
        "rensa",
        "rjieba",
    }
