"""`GET /api/v1/clues`: the search of an office over the index. On both stores."""

import pytest

from lantian.errors import IndexUnavailable
from tests.api.conftest import Asker, Hosted
from tests.takedowns.market import Market

GRANT = "专利代理老店，发明专利包授权，加微信咨询。"
CHANNEL = "商标加急，走内部绿色通道，三天下证，联系客服。"


@pytest.fixture
def clues(platform: Hosted, rival: Hosted, market: Market, office: Asker) -> dict[str, int]:
    made = {
        "grant": market.posting(platform.id, GRANT),
        "channel": market.posting(rival.id, CHANNEL),
        "confirmed": market.confirmed(platform.id),
    }
    index = office.client.app.state.parts.index  # type: ignore[attr-defined]
    index.ensure()
    index.put(market.entries())
    index.refresh()
    return made


def found(office: Asker, **params: object) -> set[int]:
    answer = office.get("/clues", **params)
    assert answer.status_code == 200, answer.text
    return {clue["id"] for clue in answer.json()["items"]}


def test_words_and_filters_narrow_the_search(office: Asker, clues: dict[str, int]) -> None:
    assert found(office) == set(clues.values())
    assert found(office, q="包授权") == {clues["grant"], clues["confirmed"]}
    assert found(office, q="“内部绿色通道”") == {clues["channel"], clues["confirmed"]}
    assert found(office, q="气象") == set()
    assert found(office, q="包授权", state="open") == {clues["grant"]}
    assert found(office, platform="乙平台") == {clues["channel"]}
    assert found(office, claim="green_channel", state="open") == {clues["channel"]}
    assert found(office, claim=["green_channel", "guaranteed_grant"]) == set(clues.values())
    assert found(office, notice="sent") == set()
    assert found(office, first_seen_from="2030-01-01T00:00:00+08:00") == set()


def test_a_clue_is_shown_with_its_claims_marked_in_place(
    office: Asker, clues: dict[str, int]
) -> None:
    (clue,) = office.get("/clues", q="包授权", state="open").json()["items"]
    (passage,) = clue["passages"]
    assert "".join(segment["text"] for segment in passage) == GRANT
    assert [segment["text"] for segment in passage if segment["claims"]] == ["包授权"]
    assert clue["platform"] == "甲平台"
    assert clue["claims"] == {"guaranteed_grant": "open"}


def test_cursors_walk_through_all_clues_once(office: Asker, clues: dict[str, int]) -> None:
    seen: list[int] = []
    cursor = ""
    for _ in range(4):
        page = office.get("/clues", limit=1, cursor=cursor).json()
        assert page["total"] == 3
        seen += [clue["id"] for clue in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(clues.values())


@pytest.mark.parametrize(
    "name, value",
    [
        ("limit", 201),
        ("cursor", "no-cursor"),
        ("platform", "丁平台"),
        ("severity", 4),
        ("state", "maybe"),
        ("sort", "random"),
        ("min_score", "nan"),
        ("first_seen_from", "2026-11-24T00:00:00"),
        ("first_seen_to", "0001-01-01T00:00:00+14:00"),
        ("q", "字" * 501),
        ("q", " ".join(f"词{number}" for number in range(100))),
    ],
)
def test_a_wrong_parameter_is_named(
    office: Asker, clues: dict[str, int], name: str, value: object
) -> None:
    answer = office.get("/clues", **{name: value})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text


def test_text_that_no_store_holds_finds_nothing(office: Asker, clues: dict[str, int]) -> None:
    assert found(office, q="\x00包授权\x00'\"*)(") <= set(clues.values())


def test_an_index_that_does_not_answer_is_a_503(
    office: Asker, clues: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    index = office.client.app.state.parts.index  # type: ignore[attr-defined]

    def away(_query: object) -> None:
        raise IndexUnavailable("Elasticsearch at http://127.0.0.1:9 does not answer.")

    monkeypatch.setattr(index, "search", away)
    answer = office.get("/clues", q="包授权")
    assert (answer.status_code, answer.json()["code"]) == (503, "index-unavailable")
    assert answer.headers["Retry-After"] == "5"
