"""The matcher is a library of its own: it imports nothing of ours, and little of others."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import matchers

ROOM = Path(matchers.__file__).parent
MODULES = sorted(ROOM.glob("*.py"))
TEXT_LIBRARIES = {
    "jieba", "rjieba", "hyperscan", "ahocorasick_rs", "numpy", "pydantic", "rensa", "yaml",
}  # fmt: skip
PURE = {
    "ast", "bisect", "collections", "dataclasses", "enum", "functools", "hashlib", "html",
    "importlib", "itertools", "json", "logging", "math", "operator", "platform", "re",
    "struct", "threading", "typing", "unicodedata", "warnings", "zlib",
}  # fmt: skip

FURTHER = {
    "build.py": {"os", "pathlib", "shutil", "subprocess", "sys", "tempfile"},  # Only when it is run
    "native.py": {"ctypes", "pathlib"},
    "pack.py": {"pathlib"},
    "pictures.py": {"PIL", "io"},  # An extra, and bytes in memory
    "sums_native.py": {"ctypes"},
    "training.py": {"joblib", "scipy", "sklearn"},  # An extra
}


def imported(module: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.name} imports relatively"
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_module_imports_only_itself_text_libraries_and_pure_standard_modules(
    module: Path,
) -> None:
    allowed = {"matchers"} | TEXT_LIBRARIES | PURE
    assert imported(module) <= allowed | FURTHER.get(module.name, set())


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_only_the_pack_module_reads_other_files(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    if module.name == "native.py":  # Its own source, to know which library is of it
        assert text.count("read_bytes") == 1
    elif module.name != "pack.py":
        assert " open(" not in text
        assert "read_text" not in text
        assert "read_bytes" not in text


def test_importing_the_matcher_loads_nothing_of_ours_and_no_network() -> None:
    code = (
        "import sys, matchers.scan, matchers.pack, matchers.words; "
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOM.parent,
    ).stdout.split()
    ours = {"lantian", "crawler", "api", "dashboards", "demo", "bench"}
    assert not ours & set(loaded)
    assert not {"urllib3", "requests", "sqlalchemy", "scrapy"} & set(loaded)
