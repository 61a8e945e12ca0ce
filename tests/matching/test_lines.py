"""What one line gets, whatever stands in it."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lantian.matching import lines as module
from lantian.matching.answer import MOST_OF_A_LINE, Answer
from lantian.matching.lines import answer
from matchers import scan
from matchers.scan import Matcher, ScanResult
from tests.matching.conftest import DAY, OFFER

Line = Callable[[str, str], bytes]


def rows(answered: Answer) -> list[Any]:
    return [json.loads(line) for line in answered.out.splitlines()]


@pytest.mark.parametrize(
    "bad,cause",
    [
        (b"not json\n", "no JSON"),
        (b"\n", "no JSON"),
        (b"\xef\xbb\xbf{}\n", "BOM"),
        (b'["a"]\n', "no object"),
        (b'{"id": 1, "text": "a"}\n', "`id`"),
        (b'{"id": "1"}\n', "`text`"),
        (b'{"id": "1", "text": null}\n', "`text`"),
        (b'{"id": "1", "text": "\xff"}\n', "not UTF-8"),
        (b'{"id": "1", "text": "\xed\xa0\x80"}\n', "not UTF-8"),
        (b'{"id": "1", "text": "\x00"}\n', "no JSON"),
        (b"[" * 100_000 + b"\n", "no JSON"),
        (b'{"id": "1", "text": "a", "n": ' + b"1" * 10_000 + b"}\n", "no JSON"),
    ],
)
def test_a_bad_line_is_named_and_the_good_ones_are_answered(
    matcher: Matcher, line: Line, bad: bytes, cause: str
) -> None:
    answered = answer(matcher, DAY, 11, line("1", OFFER) + bad + line("3", OFFER))
    assert [row["id"] for row in rows(answered)] == ["1", "3"]
    (fault,) = answered.faults.decode().splitlines()
    assert fault.startswith("line 12: ")
    assert cause in fault


def test_entities_are_told_of_texts_with_hits_where_they_are_asked_for(
    matcher: Matcher, line: Line
) -> None:
    contact = "，加微信zhc_00018详聊"
    lines = line("1", OFFER + contact) + line("2", "明天开会" + contact)
    told, silent = rows(answer(matcher, DAY, 1, lines, entities=True))
    (entity,) = [one for one in told["entities"] if one["kind"] == "wechat"]
    assert entity["normal"] == "zhc_00018"
    assert (OFFER + contact)[entity["start"] : entity["end"]] == entity["text"]
    assert silent["entities"] == []
    assert "entities" not in rows(answer(matcher, DAY, 1, lines))[0]


@pytest.mark.parametrize("tail", [b"", b"\n", b"\r\n"])
def test_the_last_line_need_not_be_ended(matcher: Matcher, line: Line, tail: bytes) -> None:
    answered = answer(matcher, DAY, 1, line("1", "") + line("2", OFFER).rstrip() + tail)
    assert [row["id"] for row in rows(answered)] == ["1", "2"]
    assert not answered.faults


def test_a_lone_surrogate_passes_through(matcher: Matcher) -> None:
    answered = answer(
        matcher, DAY, 1, b'{"id": "\\ud800", "text": "\\udfff' + OFFER.encode() + b'"}'
    )
    (row,) = rows(answered)
    assert row["id"] == "\ud800"
    assert row["hits"][0]["start"] == 5


def test_a_nul_and_an_empty_text_are_texts_like_others(matcher: Matcher, line: Line) -> None:
    answered = answer(matcher, DAY, 1, line("1", "") + line("2", "\0" + OFFER + "\0"))
    empty, nul = rows(answered)
    assert empty == {"id": "1", "hits": []}
    assert nul["hits"][0]["text"] == "包授权"


def test_only_what_was_cut_off_says_truncated(matcher: Matcher, line: Line) -> None:
    many = "专利包授权，加微信。" * (scan.MAX_HITS + 10)
    answered = answer(matcher, DAY, 1, line("1", OFFER) + line("2", many))
    whole, cut = rows(answered)
    assert list(whole) == ["id", "hits"]
    assert cut["truncated"] is True
    assert len(cut["hits"]) == scan.MAX_HITS


def test_a_line_over_the_limit_is_named(
    matcher: Matcher, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_OF_A_LINE", 200)
    answered = answer(matcher, DAY, 1, line("1", OFFER) + line("2", "好" * 200) + line("3", ""))
    assert [row["id"] for row in rows(answered)] == ["1", "3"]
    assert answered.faults.startswith(b"line 2: longer than ")


def test_one_text_over_which_the_matcher_fails_is_named_and_no_other_lost(line: Line) -> None:
    class Failing(Matcher):
        def __init__(self) -> None:
            pass

        def scan(self, text: str, **_: object) -> ScanResult:
            if "坏" in text:
                raise RuntimeError("here")
            return scan.NOTHING

        def scan_many(self, texts: Iterable[str], *_: object) -> Iterator[ScanResult]:
            return map(self.scan, texts)

    answered = answer(Failing(), DAY, 1, line("1", "好") + line("2", "坏") + b"?\n" + line("4", ""))
    assert [row["id"] for row in rows(answered)] == ["1", "4"]
    faults = answered.faults.decode().splitlines()
    assert faults[0] == "line 2: the matcher failed: RuntimeError: here"
    assert faults[1].startswith("line 3: no JSON")


@pytest.mark.parametrize("limit", [MOST_OF_A_LINE, scan.MAX_CHARACTERS, scan.MAX_HITS])
def test_the_limits_are_written_down(limit: int) -> None:
    page = Path(__file__).parents[2] / "docs" / "matching.md"
    assert f"\n| {limit:,} " in page.read_text("utf-8")
