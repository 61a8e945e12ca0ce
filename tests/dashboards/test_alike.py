"""Clues of the same text: told in the list and on the clue, listed and decided together."""

import re

import pytest

from dashboards import review
from lantian.clues.likeness import group_clues
from lantian.model import Clue
from tests.dashboards.conftest import Office
from tests.dashboards.test_pages import clue_of, token_of

AD = (
    "我们承诺专利包授权，不授权全额退款，资深代理人一对一服务，材料由我们准备，"
    "加急三天受理，全国可办，价格500元起，加微信联系办理，电话13800000000。"
)
SAME = AD.replace("专利", "專★利").replace("500", "980")
NEAR = AD.replace("资深代理人", "十年老团队")
OTHER = "发明专利保证授权，先付一半，下证再付尾款，名额有限先到先得，详情私信，实用新型三个月拿证。"


@pytest.fixture
def alike(office: Office) -> dict[str, int]:
    """Four clues on two platforms by what they say."""
    second = office.market.platform("乙平台")
    ids = {
        text: office.market.posting(platform_id, text)
        for text, platform_id in (
            (AD, office.platform_id),
            (SAME, second),
            (NEAR, second),
            (OTHER, second),
        )
    }
    with office.parts.store.write() as session:
        group_clues(session, list(ids.values()), office.market.matcher.tables)
    office.index_all()
    return ids


def told(page: str) -> list[str]:
    return re.findall(r"\d+ of the same text on [\w ]+", page)


def test_list_and_clue_say_how_often_a_text_stands_and_where(
    office: Office, alike: dict[str, int]
) -> None:
    client = office.client()
    page = client.get(f"/clues/{alike[AD]}").text
    assert told(page) == ["3 of the same text on 2 sites"] * 4
    assert f'href="/clues/{alike[AD]}/alike"' in page
    assert told(client.get(f"/clues/{alike[OTHER]}?platform=none").text) == []


def test_the_group_lists_its_clues_with_the_same_letters_ticked(
    office: Office, alike: dict[str, int]
) -> None:
    page = office.client().get(f"/clues/{alike[AD]}/alike").text
    listed = re.findall(r'name="clue" value="(\d+)" aria-label="[^"]*"( checked)?', page)
    assert listed == [
        (str(alike[AD]), " checked"),
        (str(alike[SAME]), " checked"),
        (str(alike[NEAR]), ""),
    ]
    assert page.count("same letters") >= 2
    assert "nearly the same" in page


def test_the_ticked_ones_are_decided_together_and_stay_listed(
    office: Office, alike: dict[str, int]
) -> None:
    client = office.client()
    page = client.get(f"/clues/{alike[AD]}/alike").text
    ticked = re.findall(r'name="clue" value="(\d+)" aria-label="[^"]*" checked', page)
    form = {"token": token_of(page), "scope": "ticked", "verdict": "confirmed", "clue": ticked}
    assert client.post("/clues/batch", data=form).status_code == 200
    states = {text: clue_of(office, clue_id).state for text, clue_id in alike.items()}
    assert states == {AD: "confirmed", SAME: "confirmed", NEAR: "open", OTHER: "open"}
    again = client.get(f"/clues/{alike[NEAR]}/alike").text
    assert again.count('data-id="') == 3
    assert re.findall(r'value="(\d+)" aria-label="[^"]*" checked', again) == [str(alike[NEAR])]


def test_a_clue_alone_is_listed_alone_and_one_that_is_not_there_is_told(
    office: Office, alike: dict[str, int]
) -> None:
    client = office.client()
    page = client.get(f"/clues/{alike[OTHER]}/alike").text
    assert re.findall(r'data-id="(\d+)"', page) == [str(alike[OTHER])]
    assert client.get("/clues/999/alike").status_code == 404
    with office.parts.store.write() as session:
        session.get_one(Clue, alike[OTHER]).form_id = None
    page = client.get(f"/clues/{alike[OTHER]}/alike").text
    assert re.findall(r'data-id="(\d+)"', page) == [str(alike[OTHER])]


def test_a_large_group_says_how_many_are_listed(
    office: Office, alike: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review, "MOST_ALIKE", 2)
    page = office.client().get(f"/clues/{alike[NEAR]}/alike").text
    assert re.findall(r'data-id="(\d+)"', page) == [str(alike[NEAR]), str(alike[AD])]
    assert "The first 2 are listed." in page


def test_the_group_is_told_in_chinese(office: Office, alike: dict[str, int]) -> None:
    client = office.client()
    client.headers["Accept-Language"] = "zh-CN"
    page = client.get(f"/clues/{alike[AD]}").text
    assert "相同文本 3 条，分布于 2 个平台" in page
    assert "文字相同" in client.get(f"/clues/{alike[AD]}/alike").text
