"""The locks: complete, hashed, of one mind, above the security floor."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
LOCKS = sorted(path.name for path in ROOT.glob("requirements*.lock"))
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?==(?P<version>[^ ;\\]+)", re.MULTILINE)


def pins(lock: str) -> dict[str, Version]:
    text = (ROOT / lock).read_text()
    return {found["name"].lower(): Version(found["version"]) for found in PIN.finditer(text)}


def name_of(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", Requirement(requirement).name).lower()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_a_lock_has_a_hash(lock: str) -> None:
    entries = re.split(r"^(?=[A-Za-z0-9])", (ROOT / lock).read_text(), flags=re.MULTILINE)
    packages = [entry for entry in entries if PIN.match(entry)]
    assert packages
    assert [entry.split()[0] for entry in packages if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_package_index(lock: str) -> None:
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", (ROOT / lock).read_text())


def test_the_locks_agree_on_versions() -> None:
    core, dev, build = map(
        pins, ("requirements.lock", "requirements-dev.lock", "requirements-build.lock")
    )
    assert core.items() <= dev.items()
    shared = build.keys() & dev.keys()
    assert {name: build[name] for name in shared} == {name: dev[name] for name in shared}


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    core = {name_of(line) for line in project["dependencies"]}
    dev = {name_of(line) for line in project["optional-dependencies"]["dev"]}
    assert core <= pins("requirements.lock").keys()
    assert dev <= pins("requirements-dev.lock").keys()


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_no_version_is_below_the_security_floor(lock: str) -> None:
    floor = tomllib.loads((ROOT / "security-floor.toml").read_text())["packages"]
    found = pins(lock)
    low = [name for name, least in floor.items() if found[name] < Version(least)]
    assert low == []
