"""The traps that ruined word lists, one by one."""

from collections.abc import Callable

import pytest

G, C, N, O = "guaranteed_grant", "green_channel", "name_hanging", "official_impersonation"  # noqa: E741


@pytest.mark.parametrize(
    "text",
    [
        "我们没有绿色通道，专利审查一律排队。",
        "本店不支持包授权，专利能否授权由审查员决定。",
        "软件包授权协议：安装即视为同意，专利权归开发者所有。",
        "面包授权经销，商标持有人直供。",
        "女装专利款，上新第一天，然后包邮。",
        "然后我们去注册商标，女装类目。",
        "房屋包过户，顺便代办商标。",
        "公司挂名法人有风险，商标也可能被牵连。",
        "医院开通绿色通道，设备已获专利。",
        "内部渠道放款，凭专利证书可贷五十万。",
        "专利代理师资格考试保过班，名师押题。",
        "商标注册不成功，退还代理服务费。",
        "申报人须为第一发明人，提供专利证书复印件。",
        "国家知识产权局从未授权任何机构以“办事处”名义开展业务。",
        "评职称差一件专利怎么办\n学校要求第一发明人，今年还差一件，来不及自己写了，有什么正规办法？",
        "评职称差一件专利怎么办？\n学校要求第一发明人，今年还差一件。来不及自己写了，有什么正规办法？",
        "评副高要第一发明人，今年还缺一个，自己写来得及",
        "据统计，去年我国发明专利平均授权率为55%。",
    ],
)
def test_an_innocent_near_word_is_spared(claims_of: Callable[[str], set[str]], text: str) -> None:
    assert claims_of(text) == set()


@pytest.mark.parametrize(
    "text,claim",
    [
        ("“包授权”，认准我们店！专利代办", G),
        ("我们专注专利代理十五年，案子包授\n权，加微信", G),
        ("网上说包过的都是骗子，我们不一样，专利签合同包授权，加微信详聊。", G),
        ("避坑指南：不要相信包下证的商标代理。\n选择我们，商标注册包成功，现在下单立减。", G),
        ("没有绿色通道？那是别家。我们商标审查有绿色通道，联系客服。", C),
        ("专利申请流程包括受理、初审、公布、实审、授权。办理请联系我们，保证授权。", G),
        ("机械类，授权未缴费，还剩第三位，评高级可用，私聊。", N),
        ("您好，这里是国家商标局，您的商标被抢注，今天缴费1600保留。", O),
    ],
)
def test_an_offer_among_warnings_and_explanations_is_found(
    claims_of: Callable[[str], set[str]], text: str, claim: str
) -> None:
    assert claim in claims_of(text)


PAIRS = [
    ("我们保证专利授权，欢迎咨询。", "我们不保证专利授权，欢迎咨询。", G),
    ("商标包过，签合同付款。", "商标包过？别信，都是骗人的。", G),
    (
        "专利局有熟人，审查可以打招呼，来电详谈。",
        "对方说专利局有熟人，审查可以打招呼，我没理他。",
        C,
    ),
    ("可挂名专利发明人，评职称用，私信。", "可挂名专利发明人的中介已被查处。", N),
    ("我司受国家商标局委托办理续展，请联系。", "骗子自称受国家商标局委托办理续展，请勿相信。", O),
    ("发明专利百分百下证，加微信。", "发明专利百分百下证，这种承诺能信吗？", G),
    ("专利包授权，量大从优。", "禁止发布“专利包授权”等虚假宣传。", G),
]


@pytest.mark.parametrize("offer,other,claim", PAIRS)
def test_the_voice_decides_between_the_same_words(
    claims_of: Callable[[str], set[str]], offer: str, other: str, claim: str
) -> None:
    assert claim in claims_of(offer)
    assert claims_of(other) == set()
