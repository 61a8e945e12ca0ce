"""`lantian rules evaluate` as a rule author meets it."""

import hashlib
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from lantian.commands.rules import register
from lantian.errors import Invalid
from matchers.pack import SHIPPED
from tests.packs import FOUR

OFFER = "发明专利包授权，三个月下证，加微信详谈"


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return app


@pytest.fixture(autouse=True)
def _small_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANTIAN_PACK_DIR", str(FOUR))


def run(app: typer.Typer, *arguments: str) -> str:
    result = CliRunner().invoke(app, ["rules", "evaluate", *arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    start = OFFER.index("包授权")
    rows = [
        {
            "id": "offer",
            "text": OFFER,
            "label": "hit",
            "hits": [{"claim": "guaranteed_grant", "start": start, "end": start + 3}],
            "voice": "seller",
            "family": "plain",
        },
        {"id": "weather", "text": "今天天气很好", "label": "clean", "hits": []},
        {
            "id": "dull",
            "text": "本店今日上新",
            "label": "hit",
            "hits": [{"claim": "green_channel", "start": 0, "end": 2}],
        },
    ]
    file = tmp_path / "texts.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return file


def test_the_figures_stand_with_their_intervals(app: typer.Typer, labelled: Path) -> None:
    lines = run(app, str(labelled), "--pack", str(SHIPPED)).splitlines()
    assert lines[0] == "3 texts, 0 unsure and not scored"
    (overall,) = [line for line in lines if line.startswith("all ")]
    assert "1.000 (0.207-1.000)" in overall
    assert "0.500 (0.095-0.905)" in overall
    assert any(line.startswith("  guaranteed_grant") for line in lines)
    assert any(line.startswith("span touched") for line in lines)


def test_json_gives_the_same_counts(app: typer.Typer, labelled: Path) -> None:
    report = json.loads(run(app, str(labelled), "--json"))
    assert (report["all"]["right"], report["all"]["wrong"], report["all"]["missed"]) == (1, 0, 1)


def test_texts_that_went_wrong_are_named_if_asked_for(app: typer.Typer, labelled: Path) -> None:
    assert "dull" not in run(app, str(labelled))
    assert "dull" in run(app, str(labelled), "--show")


def test_two_packs_are_told_apart(app: typer.Typer, labelled: Path, tmp_path: Path) -> None:
    other = tmp_path / "pack"
    _copy_pack(FOUR, other, without="guaranteed_grant")
    printed = run(app, str(labelled), "--pack", str(FOUR), "--against", str(other))
    assert "offer (hit)  -guaranteed_grant" in printed
    assert "1 of 3 texts" in printed


def test_of_a_frozen_set_only_totals_are_told(app: typer.Typer, labelled: Path) -> None:
    digest = labelled.with_name(labelled.name + ".sha256")
    digest.write_text(hashlib.sha256(labelled.read_bytes()).hexdigest() + "\n")
    assert "3 texts" in run(app, str(labelled))
    with pytest.raises(Invalid, match="only totals"):
        run(app, str(labelled), "--show")


def test_a_frozen_set_that_was_changed_is_refused(app: typer.Typer, labelled: Path) -> None:
    digest = labelled.with_name(labelled.name + ".sha256")
    digest.write_text(hashlib.sha256(b"another").hexdigest() + "\n")
    with pytest.raises(Invalid, match=r"texts\.jsonl is frozen as sha256"):
        run(app, str(labelled))


@pytest.mark.parametrize(
    "line,named",
    [("{", ":2: no JSON"), ('{"id": "1"}', ":2: no labelled text")],
)
def test_a_line_that_cannot_be_read_is_named(
    app: typer.Typer, tmp_path: Path, line: str, named: str
) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text('{"id": "1", "text": "t", "label": "clean", "hits": []}\n' + line + "\n")
    with pytest.raises(Invalid, match=named):
        run(app, str(file))


def _copy_pack(source: Path, target: Path, *, without: str) -> None:
    for file in source.rglob("*.yaml"):
        if file.stem == without:
            continue
        copy = target / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
