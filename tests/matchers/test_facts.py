"""Entities: what is found, in which normal form, and that every span is a slice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchers.facts import KINDS, Entity, entities
from matchers.pack import load_pack
from matchers.registers import credit_code_holds, patent_number
from matchers.text import Tables, build_tables

PACK = load_pack()


@pytest.fixture(scope="module")
def tables() -> Tables:
    return build_tables(PACK.characters.pairs)


def found(text: str, tables: Tables) -> list[Entity]:
    return list(entities(text, tables, PACK.places))


@pytest.mark.parametrize(
    "text,kind,spelled,normal",
    [
        ("微信:Lan_tian88", "wechat", "Lan_tian88", "lan_tian88"),
        ("加ＶＸ ｌｔ００００ab 详聊", "wechat", "ｌｔ００００ab", "lt0000ab"),
        ("薇信号：zl-000000。", "wechat", "zl-000000", "zl-000000"),
        ("QQ群 800000000", "qq", "800000000", "800000000"),
        ("扣扣：80000000", "qq", "80000000", "80000000"),
        ("电话１３８-0000-０001", "phone", "１３８-0000-０001", "+8613800000001"),
        ("致电 +86 13800000002 咨询", "phone", "+86 13800000002", "+8613800000002"),
        ("打①③⑧00000003", "phone", "①③⑧00000003", "+8613800000003"),
        ("138\u200b0000\u200b0004", "phone", "138\u200b0000\u200b0004", "+8613800000004"),
        ("幺三八零零零零零零零五", "phone", "幺三八零零零零零零零五", "+8613800000005"),
        ("手机138****0006", "phone", "138****0006", "+86138????0006"),
        ("座机(0351)7000000", "phone", "(0351)7000000", "+863517000000"),
        ("热线400-800-0000", "phone", "400-800-0000", "+864008000000"),
        (
            "邮箱Demo.User＠mail.example",
            "email",
            "Demo.User＠mail.example",
            "demo.user@mail.example",
        ),
        ("晋ICP备2023000000号-2", "icp", "晋ICP备2023000000号-2", "晋icp备2023000000-2"),
        ("代理机构代码：14999", "agency_code", "14999", "14999"),
        ("专利号ZL202010123456.2", "patent", "ZL202010123456.2", "2020101234562"),
        ("2023********.X 一种装置", "patent", "2023********.X", "2023????????X"),
        ("申请号20******1234", "patent", "20******1234", "20??????1234"),
        ("实用新型1.98万元起/件", "price", "1.98万元起/件", "CNY19800+/件"),
        ("发明 8000-12000元", "price", "8000-12000元", "CNY8000-12000"),
        ("1-2万元一个名额", "price", "1-2万元一个名额", "CNY10000-20000/个名额"),
        ("只要一千九百八十元", "price", "一千九百八十元", "CNY1980"),
        ("优惠价￥2，600".replace("，", ","), "price", "￥2,600", "CNY2600"),
        ("每位三千二块", "price", "三千二块", "CNY3200"),
        ("下证率98.5％", "percent", "98.5％", "98.5%"),
        ("百分之九十九点五", "percent", "百分之九十九点五", "99.5%"),
        ("九成九", "percent", "九成九", "99%"),
        ("成功代理3000余件", "count", "3000余件", "3000+ 件"),
        ("服务1.2万家", "count", "1.2万家", "12000 家"),
        ("我们晋企知识产权代理有限公司", "agency", None, None),
        ("由云岭专利代理事务所(普通合伙)承办", "agency", "云岭专利代理事务所(普通合伙)", None),
        ("推荐山前食品有限公司", "company", "山前食品有限公司", "山前食品有限公司"),
        ("联系人：王某某", "person", "王某某", "王某某 联系人"),
        ("请找 张老师 咨询", "person", "张老师", "张 老师"),
        ("太原市及周边", "place", "太原市", "山西 太原"),
        ("山西省内均可", "place", "山西省", "山西"),
    ],
)
def test_each_kind_has_its_span_and_normal_form(
    tables: Tables, text: str, kind: str, spelled: str | None, normal: str | None
) -> None:
    of_kind = [one for one in found(text, tables) if one.kind == kind]
    assert len(of_kind) == 1, found(text, tables)
    if spelled is not None:
        assert of_kind[0].text == spelled
    if normal is not None:
        assert of_kind[0].normal == normal


@pytest.mark.parametrize(
    "text",
    [
        "订单号 2023110512345678901",
        "日期2024-11-05 12:30:00",
        "身高1.75米，成都人",
        "版本号 1.0.38",
        "微信公众平台规则",
        "第三百二十条",
        "ZL202010123456.7",  # a wrong check digit
        "91140100MA0G00000X",  # a wrong check character
        "百分点",
        "成本低，成分好",
    ],
)
def test_near_things_are_none(tables: Tables, text: str) -> None:
    odd = [one for one in found(text, tables) if one.kind not in {"place", "count"}]
    assert odd == []


def test_registers_check_their_numbers() -> None:
    assert credit_code_holds("91350100M000100Y43")  # the standard's own example
    assert not credit_code_holds("91350100M000100Y44")
    assert patent_number("ZL 2020 1 0123456.2") == "2020101234562"
    assert patent_number("202070123456.2") is None


PIECES = st.sampled_from(
    [
        *("微信", "v", "x", ":", "：", "13800000000", "1", "8", "０", "*", "-", " ", "\u200b", "@"),
        *("a", "b.example", "元", "万", "¥", "%", "成", "ZL", "20", "2023", ".", "X", "有限公司"),
        *("太原", "市", "王", "老师", "联系人", "😀", "\ud800", "\x00", "一", "千", "百分之", "件"),
    ]
)


@given(st.lists(PIECES, max_size=60).map("".join))
def test_whatever_the_text_each_entity_is_a_slice_of_it(tables: Tables, text: str) -> None:
    numbers: list[tuple[int, int]] = []
    for one in found(text, tables):
        assert 0 <= one.start < one.end <= len(text)
        assert text[one.start : one.end] == one.text
        assert one.kind in KINDS
        assert one.normal
        if one.kind not in {"company", "agency", "person", "place"}:
            assert all(one.start >= end or one.end <= start for start, end in numbers)
            numbers.append((one.start, one.end))


@pytest.mark.parametrize(
    "piece",
    ["1", "1-", "2023 ", "a.", "*", "一", "@", "王", "微信:", "有限", "1,000", "百分之", "第一元"],
)
def test_hostile_texts_are_answered(tables: Tables, piece: str) -> None:
    text = piece * (60_000 // len(piece))
    assert len(found(text, tables)) <= 500
