"""`lantian match` as a shell user meets it."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from lantian.commands.match import register

OFFER = "发明专利包授权，三个月下证，加微信详谈"


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return app


def run(app: typer.Typer, lines: bytes, *arguments: str) -> tuple[int, list[Any], str]:
    result = CliRunner().invoke(app, ["match", *arguments], input=lines)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return (
        result.exit_code,
        [json.loads(line) for line in result.stdout.splitlines()],
        result.stderr,
    )


def line(name: object, text: object) -> bytes:
    return json.dumps({"id": name, "text": text}, ensure_ascii=False).encode() + b"\n"


def test_each_text_is_answered_in_input_order(app: typer.Typer) -> None:
    status, rows, _ = run(app, line("2", "今天天气很好") + line("1", OFFER) + line("3", ""))
    assert status == 0
    assert [row["id"] for row in rows] == ["2", "1", "3"]
    assert [bool(row["hits"]) for row in rows] == [False, True, False]


def test_a_hit_has_the_promised_fields_and_its_slice(app: typer.Typer) -> None:
    text = "😀前言。\n" + OFFER
    _, rows, _ = run(app, line("1", text), "--on", "2026-06-01")
    hit = rows[0]["hits"][0]
    assert list(hit) == ["claim", "rule", "start", "end", "text", "score", "why", "law"]
    assert hit["claim"] == "guaranteed_grant"
    assert hit["text"] == text[hit["start"] : hit["end"]] == "包授权"
    assert 0 <= hit["score"] <= 1
    assert hit["why"].endswith("。")
    assert "\n" not in hit["why"]


@pytest.mark.parametrize(
    "day,named,not_named",
    [
        ("2025-10-14", "《反不正当竞争法》（2019年修正）第八条", "第九条"),
        ("2025-10-15", "《反不正当竞争法》（2025年修订）第九条", "（2019年修正）第八条"),
        ("2027-01-01", "《商标法》（2027年施行）第六十七条第一款第（二）项", "第六十八条"),
    ],
)
def test_the_law_is_that_of_the_day(app: typer.Typer, day: str, named: str, not_named: str) -> None:
    _, rows, _ = run(app, line("1", OFFER), "--on", day)
    law = rows[0]["hits"][0]["law"]
    assert named in law
    assert not any(not_named in label for label in law)


@pytest.mark.parametrize(
    "bad,cause",
    [
        (b"not json\n", "no JSON"),
        (b"\n", "no JSON"),
        (b'["a"]\n', "no object"),
        (b'{"id": 1, "text": "a"}\n', "`id`"),
        (b'{"id": "1"}\n', "`text`"),
        (b'{"id": "1", "text": null}\n', "`text`"),
        (b'{"id": "1", "text": "\xff"}\n', "not UTF-8"),
        (b"[" * 100_000 + b"\n", "no JSON"),
    ],
)
def test_a_bad_line_is_named_and_the_good_ones_are_answered(
    app: typer.Typer, bad: bytes, cause: str
) -> None:
    status, rows, errors = run(app, line("1", OFFER) + bad + line("3", OFFER))
    assert status == 1
    assert [row["id"] for row in rows] == ["1", "3"]
    assert errors.startswith("line 2: ")
    assert cause in errors


def test_a_lone_surrogate_passes_through(app: typer.Typer) -> None:
    status, rows, _ = run(app, b'{"id": "\\ud800", "text": "\\udfff' + OFFER.encode() + b'"}\n')
    assert status == 0
    assert rows[0]["id"] == "\ud800"
    assert rows[0]["hits"][0]["start"] == 5


def test_a_day_that_is_none_is_refused(app: typer.Typer) -> None:
    status, _, errors = run(app, line("1", OFFER), "--on", "yesterday")
    assert status == 2
    assert "yesterday" in errors


def test_a_pack_that_is_wrong_is_named_with_its_line(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lantian.errors import PackError

    (tmp_path / "mine.yaml").write_text("claim: mine\nlabel: 3\n", encoding="utf-8")
    monkeypatch.setenv("LANTIAN_PACK_DIR", str(tmp_path))
    with pytest.raises(PackError, match=r"mine\.yaml:2: label"):
        run(app, line("1", OFFER))
