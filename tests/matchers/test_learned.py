"""Weights learnt from a few texts, and what a matcher makes of texts with them."""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matchers import engine, native
from matchers.compile import compile_pack
from matchers.errors import PackFault
from matchers.learned import PIECE
from matchers.looked import Joined
from matchers.pack import Pack, load_pack
from matchers.scan import Matcher
from matchers.scoring import LEAST, PAGE, Scorer, pages, size_and_place
from matchers.training import Trainer, examples, gate_of, opens, taught
from matchers.weights import FILE, Gate, dump

CLAIM = """
claim: {name}
label: {{zh: 测, en: test}}
severity: 2
law: [some-law.1]
guidance: {{zh: 看, en: look}}
rules:
  - id: {name}.learned
    version: 1
    learned: true
    says: 出售位置
    says_en: sells a place
    examples: {{hit: ["{hit}"], spared: ["专利办理请自行登录网站。"]}}
"""
OFFERS = {
    "seats": [
        "专利第二位出售{}，想写谁写谁",
        "专利位置转让{}，名字您来定",
        "出专利署名位{}，先到先得",
    ],
    "sure": [
        "专利{}一定下证，不下不收手",
        "商标{}稳拿，拿不到算我的",
        "专利{}包拿证，交给我们放心",
    ],
}
CLEAN = [
    "专利代理师资格考试{}报名开始",
    "专利年费请按时缴纳{}",
    "商标局公布{}统计数据",
    "单位申请专利{}由科技处盖章",
    "出售二手自行车{}，先到先得",
    "这家店{}稳，放心",
]
FILLERS = ["今天", "本周", "明年", "在线", "老王", "店里", "机械类", "电学", "七月", "面谈"]


def offers(name: str) -> list[str]:
    return [line.format(filler) for line in OFFERS[name] for filler in FILLERS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of two claims with weights learnt from sixty offers and sixty other lines."""
    folder = tmp_path_factory.mktemp("pack")
    for name in OFFERS:
        text = CLAIM.format(name=name, hit=offers(name)[0])
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    pack = load_pack(folder, learning=True)
    compiled = compile_pack(pack, "")
    texts = [*examples(pack, compiled)]
    for name in OFFERS:
        texts += [taught(compiled, text, [(name, 2, len(text))]) for text in offers(name)]
    clean = [line.format(filler) for line in CLEAN for filler in FILLERS]
    texts += [taught(compiled, text, []) for text in clean]
    # Neighbours are held out together, so kinds must not stand in blocks.
    texts.sort(key=lambda text: hashlib.sha256(text.chars.encode()).digest())
    weights = Trainer(texts, sorted(OFFERS)).fit(Gate(("专利", "商标"), ("出售", "先到先得")))
    (folder / FILE).write_text(dump(weights), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def learnt(folder: Path) -> Matcher:
    return Matcher.compile(load_pack(folder))


@pytest.mark.parametrize(
    "text,claims",
    [
        ("专利第二位出售，周末面谈，名字您来定", {"seats"}),
        ("商标今年稳拿，拿不到算我的", {"sure"}),
        ("专利年费请按时缴纳，周末", set()),
        ("出售二手自行车，老王", set()),
    ],
)
def test_what_was_learnt_is_found_in_other_words(
    learnt: Matcher, text: str, claims: set[str]
) -> None:
    assert {hit.claim for hit in learnt.scan(text).hits} == claims


def test_a_hit_says_where_under_which_rule_and_for_which_words(learnt: Matcher) -> None:
    before = "东门菜场。\n"
    (hit,) = learnt.scan(f"{before}专利第二位出售，想写谁写谁").hits
    assert hit.rule == "seats.learned"
    assert hit.law == ("some-law.1",)
    assert hit.start >= len(before)
    assert hit.why.startswith(f"“{hit.text}”：出售位置；提到“")
    assert 0.5 <= hit.score <= 1
    (factor,) = hit.factors
    assert all(word in before + "专利第二位出售，想写谁写谁" for word in factor.cue.split("”“"))


def test_evasions_of_core_terms_are_undone_before_weights_are_laid_on(learnt: Matcher) -> None:
    (hit,) = learnt.scan("专li第二位出售，想写谁写谁").hits
    assert hit.claim == "seats"


@given(
    st.lists(st.sampled_from([*offers("seats"), *offers("sure"), *CLEAN, "", "。\n"]), max_size=9)
)
@settings(max_examples=30, deadline=None)
def test_many_at_once_are_the_same_as_one_by_one(learnt: Matcher, texts: list[str]) -> None:
    assert list(learnt.scan_many(texts)) == [learnt.scan(text) for text in texts]


def test_an_offer_in_a_long_text_is_found_once_at_its_place(learnt: Matcher) -> None:
    filler = "甲乙丙丁戊己庚。" * (PIECE // 4)
    offer = "专利第二位出售，想写谁写谁。"
    for at in (0, PIECE - 8, len(filler)):
        text = f"{filler[:at]}\n{offer}\n{filler[at:]}"
        hits = learnt.scan(text).hits
        assert [hit.claim for hit in hits] == ["seats"]
        assert at <= hits[0].start < hits[0].end <= at + len(offer) + 2


def test_the_same_texts_teach_the_same_weights(folder: Path, learnt: Matcher) -> None:
    pack = load_pack(folder)
    assert pack.weights is not None
    again = Matcher.from_bytes(learnt.to_bytes())
    text = "专利第二位出售，想写谁写谁"
    assert again.scan(text) == learnt.scan(text)
    assert again.pack_hash == learnt.pack_hash


def test_other_weights_are_another_pack_and_another_rule(folder: Path) -> None:
    pack = load_pack(folder)
    assert pack.weights is not None
    changed = dataclasses.replace(pack.weights, sentence=pack.weights.sentence + np.float32(0.5))
    other = dataclasses.replace(pack, weights=changed)
    text = "专利第二位出售，想写谁写谁"
    first, second = (Matcher.compile(each).scan(text).hits[0] for each in (pack, other))
    assert pack.hash != other.hash
    assert first.rule_hash != second.rule_hash


def test_a_learned_rule_needs_weights(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(CLAIM.format(name="seats", hit="专利"), encoding="utf-8")
    with pytest.raises(PackFault, match=r"seats\.learned.* no weights"):
        load_pack(tmp_path)


def test_a_damaged_file_of_weights_is_named_with_its_line(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    lines = (tmp_path / FILE).read_text(encoding="utf-8").split("\n")
    lines[2] = "nonsense"
    (tmp_path / FILE).write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(PackFault) as caught:
        load_pack(tmp_path)
    assert (caught.value.line, Path(caught.value.file).name) == (3, FILE)


def test_the_gate_opens_offers_and_hardly_anything_else() -> None:
    innocent = [f"今天{filler}去公园散步，天气很好" for filler in FILLERS] * 10
    wanted = [*offers("seats"), *offers("sure")]
    gate = gate_of(wanted, innocent)
    assert sum(opens(gate, text) for text in wanted) >= 0.9 * len(wanted)
    assert not any(opens(gate, text) for text in innocent)


def test_nothing_is_found_in_nothing(folder: Path) -> None:
    weights = load_pack(folder).weights
    assert weights is not None
    assert Scorer(weights).find([""])[0] == []
    assert Scorer(weights).find(["", "\n", "。。"])[0] == []


@pytest.mark.compiler
def test_hits_are_the_same_by_the_loops_in_c_and_in_numpy(
    shipped_pack: Pack, labelled: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [row["text"] for row in labelled[::7]]
    by_loops = list(Matcher.compile(shipped_pack).scan_many(texts))
    monkeypatch.setattr(native, "library", lambda: None)
    engine.available.cache_clear()
    try:
        assert list(Matcher.compile(shipped_pack).scan_many(texts)) == by_loops
    finally:
        engine.available.cache_clear()
    assert sum(bool(result.hits) for result in by_loops) > 50


@given(st.lists(st.integers(1, 400), min_size=1, max_size=9))
def test_a_sentence_knows_how_long_its_page_is_and_where_it_stands(lengths: list[int]) -> None:
    joined = Joined.of(["".join("字" * length + "。" for length in lengths)])
    own = joined.sentences
    size, place = size_and_place(own, pages(joined.bounds, own))
    assert ((place > 0) & (place < 1)).all()
    whole = sum(lengths) + len(lengths)
    assert (np.exp(size) <= max(whole, LEAST) + 0.01).all()
    if whole <= 2 * PAGE:
        assert np.exp(size) == pytest.approx(max(whole, LEAST))
        assert (np.diff(place) > 0).all()
