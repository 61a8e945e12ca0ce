"""Texts made to hang, flood or break the matcher: each is answered, with work in its length.

Work is counted, not timed: the calls that a scan makes, and the memory that it holds at most, may
grow as fast as the text and no faster.
"""

import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from matchers import scan
from matchers.scan import Matcher, ScanResult

OFFER = "。发明专利包授权，三个月下证，加微信详谈。"
PIECES = {
    "nothing": "",
    "one letter": "a",
    "one character": "专",
    "the first character of a claim": "包",
    "digits": "1",
    "spaces": " ",
    "line ends": "\n",
    "NUL": "\0",
    "lone surrogates": "\ud800",
    "lone surrogates, the other half": "\udfff",
    "beyond the tables": "\U0010ffff",
    "emoji": "🉐",
    "marks that join": "\u0301",
    "zero-width": "\u200b",
    "turned about": "\u202e",
    "opening brackets": "（",
    "opening brackets of ASCII": "(",
    "opening quotes": "“",
    "ampersands": "&",
    "backslashes": "\\u",
    "escapes": "&#x6743;",
    "escapes of surrogates": "\\ud800",
    "pinyin in brackets": "专(zhuān)利(lì)",
    "pinyin": "bao",
    "half a claim": "专利授权",
    "claims": OFFER,
    "claims in quotes": "“包授权”专利，",
    "claims in pieces": "包\n授\n权\n专\n利",
    "negations": "不没有",
    "prices": "3000元起",
    "contacts": "微信abc12345",
    "addresses": "a@a.example",
}
HOSTILE = pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
SIZE = 5_000
SLACK = 1.3
"""Work on twice the text may be so many times twice the work: parts are read in whole numbers."""


def calls(do: Callable[[], object]) -> int:
    """How many functions were called."""
    count = 0

    def seen(_frame: Any, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        do()
    finally:
        sys.setprofile(before)
    return count


def memory(do: Callable[[], object]) -> int:
    """Bytes that were held at most."""
    tracemalloc.start()
    try:
        do()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def of_size(piece: str, size: int) -> str:
    return piece * (size // len(piece)) if piece else ""


def brackets(size: int) -> str:
    return "（" * (size // 2) + OFFER + "）" * (size // 2)


@HOSTILE
def test_the_claim_behind_is_found_and_its_place_is_exact(matcher: Matcher, piece: str) -> None:
    text = of_size(piece, 2_000) + OFFER
    result = matcher.scan(text)
    assert result.hits
    assert not result.truncated
    for hit in result.hits:
        assert text[hit.start : hit.end] == hit.text
    assert [result] == list(matcher.scan_many([text]))


@HOSTILE
def test_work_and_memory_grow_no_faster_than_the_text(matcher: Matcher, piece: str) -> None:
    def work(size: int) -> tuple[int, int]:
        text = of_size(piece, size) + OFFER
        matcher.scan(text)  # What is made once and kept is not the text's.
        return calls(lambda: matcher.scan(text)), memory(lambda: matcher.scan(text))

    once, twice = work(SIZE), work(2 * SIZE)
    assert twice[0] <= 2 * SLACK * once[0]
    assert twice[1] <= 2 * SLACK * once[1]


def test_nested_brackets_are_no_deeper_than_the_text_is_long(matcher: Matcher) -> None:
    def work(size: int) -> int:
        text = brackets(size)
        assert matcher.scan(text).hits
        return calls(lambda: matcher.scan(text))

    assert work(2 * SIZE) <= 2 * SLACK * work(SIZE)
    assert work(2_000_000) <= 2 * SLACK * work(1_000_000)


def test_the_empty_text_has_no_hits(matcher: Matcher) -> None:
    assert matcher.scan("") == ScanResult(())
    assert list(matcher.scan_many([])) == []
    assert list(matcher.scan_many(["", ""])) == [ScanResult(())] * 2


@pytest.mark.parametrize("char", ["a", "专", "\0", "\ud800", "（"])
def test_one_character_a_million_times_is_answered_whole(matcher: Matcher, char: str) -> None:
    text = char * 1_000_000
    assert matcher.scan(text) == ScanResult(())
    (hit,) = matcher.scan(text + OFFER).hits[:1]
    assert hit.start >= 1_000_000


def test_fifty_megabytes_are_read_to_the_end(matcher: Matcher) -> None:
    text = "今天天气很好，我们去公园散步。" * 1_111_112
    assert len(text.encode()) > 50_000_000
    result = matcher.scan(text + OFFER)
    assert [hit.claim for hit in result.hits] == ["guaranteed_grant"]
    assert not result.truncated


def test_what_lies_behind_the_limit_is_not_read_and_the_result_says_so(matcher: Matcher) -> None:
    text = "好" * scan.MAX_CHARACTERS
    assert matcher.scan(text) == ScanResult(())
    assert matcher.scan(text + OFFER) == ScanResult((), truncated=True)


def test_a_flood_of_claims_is_cut_and_says_so(matcher: Matcher) -> None:
    flood = matcher.scan(OFFER * (2 * scan.MAX_HITS))
    assert len(flood.hits) == scan.MAX_HITS
    assert flood.truncated
    assert [hit.start for hit in flood.hits] == sorted(hit.start for hit in flood.hits)


def test_a_hostile_text_changes_nothing_for_the_others_of_its_batch(matcher: Matcher) -> None:
    texts = [of_size(piece, 500) + OFFER for piece in PIECES.values()]
    assert list(matcher.scan_many(texts)) == [matcher.scan(text) for text in texts]
