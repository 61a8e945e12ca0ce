"""`lantian rules train`: weights for a pack, learnt from a rule author's labelled texts."""

import hashlib
import json
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from lantian.commands.rules import register
from lantian.errors import Invalid
from matchers.pack import load_pack
from matchers.scan import Matcher
from matchers.weights import FILE

CLAIM = """
claim: seats
label: {zh: 测, en: test}
severity: 2
law: [patent-rules.good-faith]
guidance: {zh: 看, en: look}
rules:
  - id: seats.learned
    version: 1
    learned: true
    says: 出售位置
    says_en: sells a place
    examples:
      hit: ["专利第二位出售今天，想写谁写谁"]
      spared: ["专利办理请自行登录网站。"]
"""
OFFERS = ["专利第二位出售{}，想写谁写谁", "专利位置转让{}，名字您来定", "出专利署名位{}，先到先得"]
CLEAN = ["专利代理师考试{}报名开始", "专利年费请按时缴纳{}", "单位申请专利{}由科技处盖章"]
FILLERS = ["今天", "本周", "明年", "在线", "老王", "店里", "机械类", "电学", "七月", "面谈"]
OTHERS = [f"{filler}去菜场买菜。{filler}下午在公园散步，天气很好。晚上早睡。" for filler in FILLERS]


def rows(kind: str = "line") -> list[dict[str, Any]]:
    offers = [offer.format(filler) for filler in FILLERS for offer in OFFERS]
    clean = [line.format(filler) for filler in FILLERS for line in CLEAN]
    return [
        {
            "id": str(number),
            "text": text,
            "label": "hit" if number % 2 == 0 else "clean",
            "hits": [{"claim": "seats", "start": 2, "end": len(text)}] if number % 2 == 0 else [],
            "kind": "text" if number % 5 == 0 else kind,
        }
        for number, text in enumerate(chain.from_iterable(zip(offers, clean, strict=True)))
    ]


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "seats.yaml").write_text(CLAIM, encoding="utf-8")
    return folder


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    file = tmp_path / "labelled.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows()), encoding="utf-8")
    return file


def train(*arguments: str | Path) -> str:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    result = CliRunner().invoke(app, ["rules", "train", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_pack_gets_weights_that_find_offers_in_any_surroundings(
    pack: Path, labelled: Path, tmp_path: Path
) -> None:
    ordinary = tmp_path / "ordinary.txt"
    ordinary.write_text("\n".join(OTHERS), encoding="utf-8")
    told = train(labelled, "--into", pack, "--ordinary", ordinary)
    weights = load_pack(pack).weights
    assert weights is not None
    assert f"{len(weights.runs)} runs, {weights.digest}" in told
    assert weights.origin.endswith("texts of labelled.jsonl")
    matcher = Matcher.compile(load_pack(pack))
    assert matcher.scan("专利第二位出售周末，想写谁写谁").hits
    assert matcher.scan(f"{OTHERS[3]}专利位置转让，名字您来定\n{OTHERS[5]}").hits
    assert not matcher.scan("专利年费请按时缴纳，谢谢").hits
    assert not any(result.hits for result in matcher.scan_many(OTHERS))


def test_a_set_that_is_frozen_to_measure_on_is_not_learnt(pack: Path, labelled: Path) -> None:
    digest = hashlib.sha256(labelled.read_bytes()).hexdigest()
    labelled.with_name(labelled.name + ".sha256").write_text(digest, encoding="utf-8")
    with pytest.raises(Invalid, match="frozen"):
        train(labelled, "--into", pack)
    assert not (pack / FILE).exists()


def test_without_texts_of_other_fields_or_weights_before_nothing_opens_a_text(
    pack: Path, labelled: Path
) -> None:
    with pytest.raises(Invalid, match="which terms open"):
        train(labelled, "--into", pack)
