"""A draft is what was in its folder, for ever; what is wrong with a folder is told by line."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from lantian.errors import Conflict, Invalid, NotFound, PackError
from lantian.model import AuditEvent, RulePackFile
from lantian.rulebook.content import read_folder
from lantian.rulebook.packs import content_of, find, make_draft, short
from matchers import pack as packs
from tests.rulebook.conftest import Office


def test_a_draft_keeps_its_files_whatever_becomes_of_the_folder_and_the_program(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = office.pack("mine", without="green_channel")
    pack = office.draft(folder)
    shutil.rmtree(folder)
    monkeypatch.setattr(packs, "LEXICON", folder)
    with office.store.read() as session:
        content = content_of(session, pack)
        (event,) = session.scalars(select(AuditEvent).where(AuditEvent.action == "rules.draft"))
    assert content.hash == pack.hash
    assert pack.state == "draft"
    assert "green_channel.yaml" not in content.files
    assert (event.actor, event.detail["hash"]) == ("user:li", pack.hash)


def test_the_same_content_is_kept_once(office: Office) -> None:
    folder = office.pack("mine", without="green_channel")
    office.draft(folder)
    with pytest.raises(Conflict, match="kept already"):
        office.draft(folder)


def test_a_draft_wants_a_note(office: Office) -> None:
    with office.store.write() as session, pytest.raises(Invalid, match="note"):
        make_draft(session, read_folder(None), note=" ", act=office.act())


@pytest.mark.parametrize(
    "old,new,told",
    [
        ("severity: 3", "severity: 9", r"guaranteed_grant\.yaml:\d+: severity"),
        ("severity: 3", "severity: [", r"guaranteed_grant\.yaml:\d+: no YAML"),
    ],
)
def test_a_folder_with_a_fault_is_refused_by_file_and_line(
    office: Office, old: str, new: str, told: str
) -> None:
    folder = office.pack("mine", guaranteed_grant=f"{old} => {new}")
    with pytest.raises(PackError, match=told):
        read_folder(folder)


def test_a_law_that_nobody_knows_is_refused(office: Office) -> None:
    folder = office.pack("mine")
    file = folder / "green_channel.yaml"
    lines = file.read_text("utf-8").splitlines()
    lines = ["law: [no-such-law.1]" if line.startswith("law:") else line for line in lines]
    file.write_text("\n".join(lines), "utf-8")
    with pytest.raises(PackError, match=r"green_channel\.yaml: .*no-such-law\.1"):
        read_folder(folder)


def test_an_empty_folder_is_no_pack(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="no claim files"):
        read_folder(tmp_path)


def test_a_pack_is_found_by_the_beginning_of_its_hash(office: Office) -> None:
    pack = office.draft(office.pack("mine", without="green_channel"))
    with office.store.read() as session:
        assert find(session, short(pack.hash)).id == find(session, pack.hash).id == pack.id
        with pytest.raises(NotFound):
            find(session, "0" * 30)
        for wrong in ("", "%", "xyz"):
            with pytest.raises(Invalid):
                find(session, wrong)


def test_a_damaged_pack_names_itself_file_and_line(office: Office) -> None:
    pack = office.draft(office.pack("mine", without="green_channel"))
    with office.store.write() as session:
        file = session.get_one(RulePackFile, (pack.id, "name_hanging.yaml"))
        file.content = b"claim: ["
    told = rf"pack {short(pack.hash)}: name_hanging\.yaml:\d: no YAML"
    with office.store.read() as session, pytest.raises(PackError, match=told):
        content_of(session, pack)
