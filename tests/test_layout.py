"""The house: its rooms, and the rules that hold for every file."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from lantian.__main__ import COMMANDS
from lantian.settings import Settings

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
OTHER_FOLDERS = ["docs", "scripts", "tests"]
CONTRACTS = {
    contract["id"]: contract for contract in PYPROJECT["tool"]["importlinter"]["contracts"]
}
WORKER_MAY_IMPORT = {"store", "model", "settings", "errors", "clock", "worker"}


def tracked() -> list[Path]:
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(name) for name in listed.split("\0") if name and (ROOT / name).exists()]


def rooms(layers: list[str]) -> set[str]:
    return {room.strip() for layer in layers for room in layer.split("|")}


def test_the_top_level_folders_are_the_packages_and_their_company() -> None:
    folders = {path.parts[0] for path in tracked() if len(path.parts) > 1}
    visible = {name for name in folders if not name.startswith(".")}
    assert visible == {*PACKAGES, *OTHER_FOLDERS}


def test_import_rules_and_type_checks_cover_every_package() -> None:
    assert sorted(PYPROJECT["tool"]["importlinter"]["root_packages"]) == sorted(PACKAGES)
    assert set(PYPROJECT["tool"]["mypy"]["packages"]) == {*PACKAGES, "tests"}


def test_both_drawings_of_the_layers_are_one() -> None:
    whole = [layer for layer in CONTRACTS["rooms"]["layers"] if layer.startswith("lantian.")]
    inside = [re.sub(r"\blantian\.", "", layer) for layer in whole]
    assert inside == CONTRACTS["lantian"]["layers"]
    assert CONTRACTS["lantian"]["exhaustive"] is True


def test_the_worker_is_forbidden_every_room_but_those_that_it_may_import() -> None:
    everything = {f"lantian.{room}" for room in rooms(CONTRACTS["lantian"]["layers"])}
    everything |= set(PACKAGES) - {"lantian"}
    allowed = {f"lantian.{room}" for room in WORKER_MAY_IMPORT}
    assert set(CONTRACTS["worker"]["forbidden_modules"]) == everything - allowed


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_of_modules_is_a_package(package: str) -> None:
    folders = {path.parent for path in (ROOT / package).rglob("*.py")}
    assert [
        str(folder.relative_to(ROOT))
        for folder in folders
        if not (folder / "__init__.py").exists() and "migrations" not in folder.parts  # Alembic's
    ] == []


def test_tests_have_one_package_file() -> None:
    assert [str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("__init__.py")] == [
        str(Path("tests") / "__init__.py")
    ]


def test_no_module_is_called_for_nothing_in_particular() -> None:
    vague = re.compile(r"(utils?|helpers?|common|misc|managers?)\.py|(utils?|helpers?|common)/")
    assert [str(path) for path in tracked() if vague.search(str(path))] == []


def test_no_import_is_relative() -> None:
    relative = []
    for path in (path for path in tracked() if path.suffix == ".py"):
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        relative += [
            f"{path}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.level
        ]
    assert relative == []


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_a_readme_names_the_two_commands_and_they_exist(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text()
    for command in ("run", "test"):
        assert f"make {command}" in text
        assert re.search(rf"^{command}:", makefile, re.MULTILINE)


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md", "CONTRIBUTING.md"])
def test_a_page_links_to_files_that_exist(page: str) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", (ROOT / page).read_text("utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize(
    "page", ["README.md", "README.zh-CN.md", "docs/administrators.md", "docs/matching.md"]
)
def test_a_command_that_a_page_names_exists(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    named = set(re.findall(r"(?:`|\.venv/bin/|\bapp )lantian ([a-z]+)", text))
    assert named
    assert named <= set(COMMANDS)


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md", "docs/administrators.md"])
def test_a_variable_that_a_page_names_is_a_setting(page: str) -> None:
    named = set(re.findall(r"LANTIAN_(?!TEST_)[A-Z_]+", (ROOT / page).read_text("utf-8")))
    settings = {f"LANTIAN_{name.upper()}" for name in Settings.model_fields}
    assert named <= settings | {"LANTIAN_"}


def test_the_containers_set_variables_that_are_settings() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    settings = {f"LANTIAN_{name.upper()}" for name in Settings.model_fields}
    assert compose["x-lantian"]["environment"].keys() <= settings
