"""`lantian key` and `lantian notice`, as they are typed."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lantian.__main__ import app
from lantian.access.keys import well_formed
from lantian.clock import SystemClock
from lantian.errors import Invalid, NotFound
from lantian.model import Platform
from lantian.settings import load_settings
from lantian.wiring import open_parts

run = CliRunner()


def add_platform(name: str) -> None:
    parts = open_parts(load_settings())
    with parts.store.write() as session:
        session.add(Platform(name=name, created_at=SystemClock().now()))
    parts.close()


def test_an_offices_key_is_printed_once_and_listed_without_its_secret(data_dir: Path) -> None:
    made = run.invoke(app, ["key", "add", "office", "--label", "某局"])
    assert made.exit_code == 0, made.output
    key = made.stdout.strip()
    assert well_formed(key)
    listed = run.invoke(app, ["key", "list"]).stdout
    assert re.search(rf"^{key[8:16]}\toffice\t-\t某局\tlive\tnever used$", listed, re.MULTILINE)
    assert key not in listed


def test_a_platforms_key_opens_its_channel(data_dir: Path) -> None:
    add_platform("甲平台")
    made = run.invoke(app, ["key", "add", "platform", "--platform", "甲平台"])
    assert made.exit_code == 0, made.output
    parts = open_parts(load_settings())
    with parts.store.read() as session:
        assert session.query(Platform).one().channel == "api"
    parts.close()


def test_an_unknown_or_missing_platform_is_named(data_dir: Path) -> None:
    unknown = run.invoke(app, ["key", "add", "platform", "--platform", "丁平台"])
    assert isinstance(unknown.exception, NotFound)
    missing = run.invoke(app, ["key", "add", "platform"])
    assert isinstance(missing.exception, Invalid)
    with_one = run.invoke(app, ["key", "add", "nobody"])
    assert with_one.exit_code == 2


def test_a_revoked_key_is_listed_as_such(data_dir: Path) -> None:
    key = run.invoke(app, ["key", "add", "office"]).stdout.strip()
    revoked = run.invoke(app, ["key", "revoke", key[8:16]])
    assert revoked.exit_code == 0, revoked.output
    assert "\trevoked\t" in run.invoke(app, ["key", "list"]).stdout
    unknown = run.invoke(app, ["key", "revoke", "zzzzzzzz"])
    assert isinstance(unknown.exception, NotFound)


@pytest.mark.parametrize("arguments", [[], ["--state", "sent"]])
def test_a_store_without_notices_lists_none(data_dir: Path, arguments: list[str]) -> None:
    listed = run.invoke(app, ["notice", "list", *arguments])
    assert (listed.exit_code, listed.output) == (0, "")
