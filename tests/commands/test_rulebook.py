"""A rule author's way by the commands: draft, test, replay, shadow, release by two, rollback."""

import json
import re
import shutil
from pathlib import Path

import pytest
from sqlalchemy import update

from lantian.model import RulePackFile
from matchers.pack import SHIPPED
from tests.packs import FOUR
from tests.services.loopback import Installation, Page, serving

GRANT = "专利申请包授权，不授权全额退款"
CHANNEL = "商标走内部绿色通道，加微信咨询。"
PAGES = {
    "/": Page(f"<h1>一</h1><p>{GRANT}</p><a href=/two>two</a>"),
    "/two": Page(f"<h1>二</h1><p>{CHANNEL}</p>"),
}


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(
        tmp_path,
        more={
            "LANTIAN_CHROMIUM": "/nowhere/chromium",
            "LANTIAN_WRITER": "inline",
        },
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The rules that run, without one claim."""
    folder = tmp_path / "pack"
    shutil.copytree(FOUR, folder)
    (folder / "green_channel.yaml").unlink()
    return folder


def rules(installation: Installation, *arguments: str, status: int = 0) -> str:
    done = installation.command("rules", *arguments)
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


def drafted(installation: Installation, folder: Path) -> str:
    said = rules(installation, "draft", str(folder), "--note", "无绿色通道")
    found = re.match(r"([0-9a-f]{12}): draft of 3 claims", said)
    assert found is not None, said
    return found[1]


def test_from_draft_to_release_and_back(installation: Installation, folder: Path) -> None:
    with serving(PAGES) as site:
        assert installation.crawl(site.url(), "--allow", site.place)["documents"] == 2
        pack = drafted(installation, folder)
        assert " 0 fail" in rules(installation, "test", "--pack", pack)

        replayed = json.loads(rules(installation, "replay", pack, "--json"))
        assert replayed["documents"] == 2
        assert replayed["vanishes"]["claims"] == {"green_channel": 1}
        told = rules(installation, "replay", str(folder), "--sample", "1")
        assert "green_channel: 1 documents" in told
        assert "【" in told

        assert "reads along" in rules(installation, "shadow", pack)
        site.pages["/two"] = Page(f"<h1>二</h1><p>{CHANNEL}今日上新。</p>")
        assert installation.crawl(site.url(), "--allow", site.place)["hits"] >= 1
        report = json.loads(rules(installation, "shadow", "--report", "--json"))
        assert report["documents"] == 1
        assert report["claims"] == {"green_channel": {"both": 0, "only_shadow": 0, "only_live": 1}}
        assert "only the live pack finds" in rules(installation, "shadow", "--report")
        assert "is a draft again" in rules(installation, "shadow", "--stop")

        for name in ("li", "wang"):
            installation.command("user", "add", name, "--role", "administrator")
        assert "is proposed" in rules(installation, "release", pack, "--by", "li")
        assert "li proposed" in rules(installation, "release", pack, "--by", "li", status=1)
        assert "proposed by li" in rules(installation, "list")
        assert "is released" in rules(installation, "release", pack, "--by", "wang")
        assert rules(installation, "list").startswith(f"runs: pack {pack}\n")

        done = installation.command("worker", "--until-idle")
        assert done.returncode == 0, done.stderr
        waiting = "select count(*) from job where kind = 'rematch' and state != 'done'"
        assert installation.rows(waiting) == [(0,)]
        site.pages["/two"] = Page(f"<h1>二</h1><p>{CHANNEL}明日上新。</p>")
        assert installation.crawl(site.url(), "--allow", site.place)["hits"] == 0

        assert "runs again" in rules(installation, "rollback", "--by", "li")
        done = installation.command("worker", "--until-idle")
        assert done.returncode == 0, done.stderr
    # Every clue shows the hits of the pack that runs again.
    assert len(installation.rows("select distinct pack_hash from clue")) == 1


def test_a_fault_is_told_by_file_and_line_and_nothing_is_kept(
    installation: Installation, folder: Path
) -> None:
    file = folder / "name_hanging.yaml"
    file.write_text(file.read_text("utf-8").replace("severity: ", "severty: ", 1), "utf-8")
    said = rules(installation, "draft", str(folder), "--note", "改", status=1)
    assert re.search(r"name_hanging\.yaml:\d+: severty", said)
    assert len(rules(installation, "list").splitlines()) == 1


def test_an_example_that_fails_is_named_with_file_and_rule(
    installation: Installation, folder: Path
) -> None:
    file = folder / "name_hanging.yaml"
    lines = file.read_text("utf-8").splitlines()
    at = next(number for number, line in enumerate(lines) if line.strip() == "spared:") + 1
    indent = lines[at][: lines[at].index("-")]
    lines.insert(at, f"{indent}- {GRANT}")
    file.write_text("\n".join(lines), "utf-8")
    said = rules(installation, "test", "--pack", str(folder), status=1)
    assert re.search(r"name_hanging\.yaml: name_hanging\.\w+: should be spared", said)
    assert GRANT in said
    assert " 1 fail" in said


def test_the_shipped_pack_passes_its_examples(installation: Installation) -> None:
    assert " 0 fail" in rules(installation, "test", "--pack", str(SHIPPED))


def test_a_shadow_pack_that_cannot_be_read_is_ended_and_the_crawl_goes_on(
    installation: Installation, folder: Path
) -> None:
    rules(installation, "shadow", drafted(installation, folder))
    store = installation.store()
    with store.write() as session:
        session.execute(update(RulePackFile).values(content=b"["))
    store.close()
    shutil.rmtree(installation.folder / "data" / "cache")
    with serving(PAGES) as site:
        assert installation.crawl(site.url(), "--allow", site.place)["hits"] >= 2
    assert "its shadow run was stopped: PackError" in rules(installation, "list")
