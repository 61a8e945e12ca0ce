"""Two people release a pack whose examples pass; one person brings the one before back."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import select

from lantian.access import chain
from lantian.errors import Conflict, Forbidden, NotFound, PackError
from lantian.model import AuditEvent, Job, RulePack, RulePackFile
from lantian.rulebook import packs
from lantian.rulebook import release as releasing
from lantian.rulebook.compiled import Running
from lantian.store.engine import Store
from matchers.pack import load_pack
from matchers.scan import full_hash
from tests.packs import FOUR
from tests.rulebook.conftest import Office

OFFER = "商标走内部绿色通道，加微信咨询。"


def running(office: Office) -> Running:
    return Running(office.store, FOUR, office.cache)


def steps(office: Office) -> list[tuple[str, str]]:
    with office.store.read() as session:
        rows = select(AuditEvent).where(AuditEvent.action.startswith("rules."))
        events = session.scalars(rows.order_by(AuditEvent.id)).all()
        assert list(chain.broken_links(session)) == []
    return [(event.actor, event.action) for event in events]


def add_example(file: Path, text: str) -> None:
    """An example of the claim's first rule that it should hit."""
    lines = file.read_text("utf-8").splitlines()
    at = next(number for number, line in enumerate(lines) if line.strip() == "hit:") + 1
    indent = lines[at][: lines[at].index("-")]
    file.write_text("\n".join([*lines[:at], f"{indent}- {text}", *lines[at:]]), "utf-8")


def rematches(office: Office) -> int:
    with office.store.read() as session:
        return len(session.scalars(select(Job.id).where(Job.kind == "rematch")).all())


def test_the_pack_of_the_folder_runs_until_another_is_released(office: Office) -> None:
    runs = running(office)
    assert runs.matcher().pack_hash == full_hash(load_pack(FOUR))
    pack = office.draft(office.pack("mine", without="green_channel"))
    assert runs.matcher().scan(OFFER).hits
    office.released(pack)
    assert runs.matcher().pack_hash == pack.hash
    assert not runs.matcher().scan(OFFER).hits
    assert running(office).matcher().pack_hash == pack.hash


def test_one_proposes_and_another_releases(office: Office) -> None:
    pack = office.draft(office.pack("mine", without="green_channel"))
    assert office.release(pack, "li").step == "proposed"
    assert office.state(pack) == "draft"
    with pytest.raises(Forbidden, match="li proposed this pack"):
        office.release(pack, "li")
    assert rematches(office) == 0
    assert office.release(pack, "wang").step == "released"
    assert office.state(pack) == "released"
    assert rematches(office) == 1
    assert steps(office) == [
        ("user:li", "rules.draft"),
        ("user:li", "rules.propose"),
        ("user:wang", "rules.keep"),
        ("user:wang", "rules.release"),
    ]
    with pytest.raises(Conflict, match="released already"):
        office.release(pack, "li")


def test_only_administrators_who_may_log_in_release(office: Office) -> None:
    office.person("zhao", role="reviewer")
    pack = office.draft(office.pack("mine", without="green_channel"))
    with pytest.raises(Forbidden, match="zhao may not"):
        office.release(pack, "zhao")
    with pytest.raises(NotFound):
        office.release(pack, "nobody")
    office.released(pack)
    with pytest.raises(Forbidden, match="zhao may not"):
        office.rollback("zhao")


def test_a_pack_whose_examples_fail_is_not_even_proposed(office: Office) -> None:
    folder = office.pack("mine")
    add_example(folder / "green_channel.yaml", "今天天气很好")
    pack = office.draft(folder)
    with pytest.raises(PackError, match=r"1 of \d+ examples fail: green_channel\.yaml: .*天气"):
        office.release(pack, "li")
    assert office.state(pack) == "draft"
    assert steps(office) == [("user:li", "rules.draft")]


def test_a_rollback_goes_from_pack_to_pack_to_what_ran_at_first(office: Office) -> None:
    ours = running(office).matcher().pack_hash
    first = office.released(office.draft(office.pack("one", without="green_channel")))
    second = office.released(office.draft(office.pack("two", without="name_hanging")))
    assert (office.state(first), office.state(second)) == ("retired", "released")
    again = office.rollback()
    assert again is not None
    assert again.id == first.id
    assert running(office).matcher().pack_hash == first.hash
    again = office.rollback("wang")
    assert again is not None
    assert again.hash == ours == running(office).matcher().pack_hash
    with pytest.raises(Conflict, match="before this one"):
        office.rollback()
    there = office.rollback(to=second.hash)
    assert there is not None
    assert there.id == second.id
    assert rematches(office) == 5
    assert office.rollback(to="folder") is None
    assert {office.state(first), office.state(second)} == {"retired"}
    with pytest.raises(Conflict, match="no pack is released"):
        office.rollback()


def test_a_pack_that_never_ran_is_nothing_to_go_back_to(office: Office) -> None:
    office.released(office.draft(office.pack("one", without="green_channel")))
    draft = office.draft(office.pack("two", without="name_hanging"))
    with pytest.raises(Conflict, match="was not released before"):
        office.rollback(to=draft.hash)


def test_a_pack_that_cannot_be_loaded_does_not_replace_the_one_that_runs(office: Office) -> None:
    first = office.released(office.draft(office.pack("one", without="green_channel")))
    second = office.released(office.draft(office.pack("two", without="name_hanging")))
    runs = running(office)
    assert runs.matcher().pack_hash == second.hash
    with office.store.write() as session:
        session.get_one(RulePackFile, (first.id, "name_hanging.yaml")).content = b"["
    with pytest.raises(PackError, match=r"name_hanging\.yaml:\d+"):
        office.rollback()
    assert office.state(second) == "released"
    with office.store.write() as session:
        for one, state in ((second, "retired"), (first, "released")):
            session.get_one(RulePack, one.id).state = state
    assert runs.matcher().pack_hash == second.hash
    with pytest.raises(PackError) as caught:
        running(office).matcher()
    assert "rollback" in caught.value.hint


def test_a_machine_without_the_cache_has_the_matcher_of_a_kept_pack(office: Office) -> None:
    pack = office.released(office.draft(office.pack("one", without="green_channel")))
    office.rollback()
    elsewhere = Running(office.store, None, office.folder / "another-machine")
    found = elsewhere.matcher_of(pack.hash)
    assert found is not None
    assert found.pack_hash == pack.hash
    assert elsewhere.matcher_of("sha256:" + "0" * 64) is None


def test_two_who_release_at_once_release_it_once(office: Office) -> None:
    office.person("zhao")
    pack = office.draft(office.pack("one", without="green_channel"))
    office.release(pack, "li")
    together = threading.Barrier(2)
    outcomes: list[str] = []

    def release(user: str) -> None:
        store = Store(office.store.url)
        act = office.act(user)
        together.wait()
        try:
            done = releasing.release(
                store, pack.hash, act=act, pack_dir=FOUR, cache_dir=office.cache
            )
            outcomes.append(done.step)
        except Conflict:
            outcomes.append("conflict")
        finally:
            store.close()

    threads = [threading.Thread(target=release, args=(user,)) for user in ("wang", "zhao")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict", "released"]
    assert rematches(office) == 1


def test_a_pack_whose_files_are_known_is_not_read_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = office.pack("mine", without="green_channel")

    def hash_now(*, anew: bool) -> str:
        """What a process that begins now runs, with or without a look into the files."""
        packs._of_folder.cache_clear()
        packs._KEPT.clear()
        with monkeypatch.context() as patched:
            if not anew:
                patched.setattr(packs, "folder_pack", None)
                patched.setattr(packs, "read_files", None)
            return Running(office.store, folder, office.cache).matcher().pack_hash

    first = hash_now(anew=True)
    assert hash_now(anew=False) == first
    changed = min(folder.glob("*.yaml"))
    before = changed.read_text("utf-8")
    changed.write_text(before + "\n# 另一行\n", "utf-8")
    assert hash_now(anew=True) == first
    assert hash_now(anew=False) == first
    changed.write_text("claim: [", "utf-8")
    with pytest.raises(PackError):
        hash_now(anew=True)
    changed.write_text(before, "utf-8")
    pack = office.released(office.draft(office.pack("one", without="name_hanging")))
    assert hash_now(anew=True) == pack.hash
    assert hash_now(anew=False) == pack.hash
