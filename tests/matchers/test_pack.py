"""A pack that is wrong is refused with file, line and cause; a right one has a stable hash."""

from pathlib import Path
from textwrap import dedent

import pytest

from matchers import pack as packs
from matchers.errors import MatcherError, PackFault
from matchers.pack import Pack, load_pack, pack_files, rule_hash
from matchers.scan import Matcher
from tests.packs import FOUR

CLAIM = """\
    claim: mine
    label: {zh: 我的, en: Mine}
    severity: 1
    law: [some-law.1]
    guidance: {zh: 看。, en: Look.}
    groups:
      yes: {terms: [包授权]}
    rules:
      - id: mine.first
        version: 1
        says: 试
        says_en: a try
        match: ["{yes}"]
        needs: [{any: [ip], within: near}]
        examples: {hit: [专利包授权]}
    """


def write(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    (folder / name).write_text(dedent(text), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "old,new,line,cause",
    [
        ("severity: 1", "severity: 9", 3, "severity"),
        ("severity: 1", "severity: [", 5, "no YAML"),
        ("law: [some-law.1]", "law: []", 4, "law"),
        ("law: [some-law.1]", "laws: [x]", 4, "laws: Extra inputs"),
        ("id: mine.first", "id: yours.first", 9, "must be called mine"),
        ("id: mine.first", "id: MINE", 9, "id"),
        ('match: ["{yes}"]', 'match: ["{no_such}"]', 13, "'no_such' is not defined"),
        ('match: ["{yes}"]', 'match: ["(a+)+$"]', 13, "cannot be read"),
        ('match: ["{yes}"]', "weight: 1", 9, "neither `match` nor `together`"),
        ("any: [ip]", "any: [nope]", 14, "'nope' is not defined"),
        ("within: near", "within: everywhere", 14, "needs"),
        (
            'match: ["{yes}"]',
            "together: [{all: [yes, ip, you], window: 3}]",
            13,
            "window 3 cannot hold 3 terms",
        ),
        ("examples: {hit: [专利包授权]}", "examples: {hit: []}", 15, "examples.hit"),
        ("version: 1", "version: one", 10, "version"),
    ],
)
def test_a_fault_names_file_line_and_cause(
    tmp_path: Path, old: str, new: str, line: int, cause: str
) -> None:
    assert old in CLAIM
    write(tmp_path, CLAIM.replace(old, new))
    with pytest.raises(PackFault) as caught:
        load_pack(tmp_path)
    assert caught.value.file.endswith("mine.yaml")
    assert caught.value.line == line
    assert cause in caught.value.cause


def test_two_rules_of_one_id_are_refused(tmp_path: Path) -> None:
    twice = dedent(CLAIM) + dedent(CLAIM).split("rules:\n")[1]
    (tmp_path / "mine.yaml").write_text(twice, encoding="utf-8")
    with pytest.raises(PackFault, match=r"mine\.first.*already") as caught:
        load_pack(tmp_path)
    assert caught.value.line == 16


def test_a_folder_without_claims_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackFault, match="no claim files"):
        load_pack(tmp_path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PackFault, match="cannot be read"):
        load_pack(tmp_path)


def test_an_exception_that_undoes_its_term_is_refused(tmp_path: Path) -> None:
    write(tmp_path, CLAIM.replace("{terms: [包授权]}", "{terms: [包授权], but: [包、授权]}"))
    with pytest.raises(MatcherError, match="its own exception"):
        Matcher.compile(load_pack(tmp_path))


def test_a_number_is_a_term_too(tmp_path: Path) -> None:
    pack = load_pack(write(tmp_path, CLAIM.replace("[包授权]", "[12315]")))
    assert pack.claims[0].groups["yes"].terms == ("12315",)


def test_a_pack_of_ones_own_works_with_the_shipped_lexicon(tmp_path: Path) -> None:
    matcher = Matcher.compile(load_pack(write(tmp_path, CLAIM)))
    (hit,) = matcher.scan("发明专利包授权").hits
    assert (hit.claim, hit.rule, hit.law, hit.severity) == (
        "mine",
        "mine.first",
        ("some-law.1",),
        1,
    )


def test_the_hash_is_of_the_content_and_of_nothing_else(tmp_path: Path, pack: Pack) -> None:
    assert load_pack(FOUR).hash == pack.hash
    assert pack.hash.startswith("sha256:")
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
    one = load_pack(write(tmp_path / "one", CLAIM))
    spaced = load_pack(
        write(tmp_path / "two", CLAIM.replace("terms: [包授权]", "terms:  [包授权]"))
    )
    other = load_pack(write(tmp_path / "three", CLAIM.replace("[包授权]", "[包授权, 包下证]")))
    assert one.hash == spaced.hash != other.hash


def test_the_hash_of_a_rule_changes_with_its_groups_but_not_with_its_examples(
    tmp_path: Path,
) -> None:
    hashes = []
    for number, text in enumerate(
        (
            CLAIM,
            CLAIM.replace("[专利包授权]", "[商标包授权]"),
            CLAIM.replace("[包授权]", "[包授权, 包下证]"),
            CLAIM.replace("version: 1", "version: 2"),
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        pack = load_pack(write(folder, text))
        hashes.append(rule_hash(pack, pack.claims[0], pack.claims[0].rules[0]))
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def test_the_files_of_a_pack_are_all_that_it_is_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = load_pack(write(tmp_path, CLAIM))
    copy = tmp_path / "copy"
    for place, content in pack_files(tmp_path).items():
        (copy / place).parent.mkdir(parents=True, exist_ok=True)
        (copy / place).write_bytes(content)
    monkeypatch.setattr(packs, "LEXICON", tmp_path / "another program has another lexicon")
    assert load_pack(copy).hash == own.hash
    assert own.files == {"mine": "mine.yaml"}
