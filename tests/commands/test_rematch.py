"""Kept documents under a changed rule pack, by the command."""

import shutil
from pathlib import Path

from tests.packs import FOUR
from tests.services.loopback import Installation, Page, serving

CLAIM = "专利申请包授权，不授权全额退款"
PACKS = "select distinct pack_hash from hit order by pack_hash"


def test_a_changed_pack_adds_its_hits_and_open_clues_show_them(tmp_path: Path) -> None:
    installation = Installation(
        tmp_path, more={"LANTIAN_CHROMIUM": "/nowhere/chromium", "LANTIAN_WRITER": "inline"}
    )
    pages = {
        "/": Page(f"<h1>一</h1><p>{CLAIM}</p><a href=/two>two</a>"),
        "/two": Page("<h1>二</h1><p>费用以合同为准</p>"),
    }
    with serving(pages) as site:
        assert installation.crawl(site.url(), "--allow", site.place)["hits"] == 1
    ((old,),) = installation.rows(PACKS)

    pack = changed_pack(tmp_path / "pack")
    installation.more["LANTIAN_PACK_DIR"] = str(pack)
    first, second = installation.command("rematch"), installation.command("rematch")

    assert first.stdout == "2 documents matched, 1 new hits under this pack.\n", first.stderr
    assert second.stdout == "2 documents matched, 0 new hits under this pack.\n", second.stderr
    hashes = {found for (found,) in installation.rows(PACKS)}
    assert len(hashes) == 2
    assert {found for (found,) in installation.rows("select pack_hash from clue")} == hashes - {old}
    assert installation.rows("select count(*) from job where state = 'ready'") == [(0,)]


def test_without_documents_there_is_nothing_to_match(tmp_path: Path) -> None:
    done = Installation(tmp_path).command("rematch")
    assert done.stdout == "0 documents matched, 0 new hits under this pack.\n", done.stderr


def changed_pack(folder: Path) -> Path:
    """The rules that ran, one of them of another severity."""
    shutil.copytree(FOUR, folder)
    claim = folder / "guaranteed_grant.yaml"
    text = claim.read_text("utf-8")
    assert "severity: 3" in text
    claim.write_text(text.replace("severity: 3", "severity: 2", 1), "utf-8")
    return folder
