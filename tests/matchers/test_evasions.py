"""Each way of writing a word so that no list finds it: how much of it is found, and what is not.

The variants here are made by this file's own means, not by the matcher's tables, where there are
other means.
"""

import unicodedata
from collections.abc import Callable, Iterator

import pytest

from matchers.pack import Pack
from matchers.scan import Matcher

WORDS = [
    ("包授权", "发明专利{}，当年受理，欢迎咨询。"),
    ("保授权", "实用新型专利{}，加微信详谈。"),
    ("包下证", "专利商标{}，价格优惠，下单立减。"),
    ("稳下证", "外观专利{}，需要的私信。"),
    ("包通过", "软著登记{}，资料发来。"),
    ("百分百授权", "您的发明专利{}，签合同。"),
    ("绿色通道", "我们有商标审查{}，联系客服。"),
    ("内部渠道", "专利加急走{}，三个月拿证，私聊。"),
    ("特殊通道", "商标注册走我们的{}，快一倍，来电。"),
    ("第一发明人", "职称专利，{}位置空余，编辑微信。"),
]
TRADITIONAL = str.maketrans("权证过内专绿发审实", "權證過內專綠發審實")
# character: another of the same sound (itself where there is none), and the sound
SOUNDS = {
    "包": ("苞", "bao"),
    "保": ("堡", "bao"),
    "稳": ("吻", "wen"),
    "授": ("售", "shou"),
    "权": ("拳", "quan"),
    "下": ("夏", "xia"),
    "证": ("政", "zheng"),
    "通": ("通", "tong"),
    "过": ("过", "guo"),
    "百": ("摆", "bai"),
    "分": ("芬", "fen"),
    "绿": ("率", "lv"),
    "色": ("涩", "se"),
    "道": ("稻", "dao"),
    "内": ("内", "nei"),
    "部": ("布", "bu"),
    "渠": ("渠", "qu"),
    "特": ("特", "te"),
    "殊": ("书", "shu"),
    "第": ("弟", "di"),
    "一": ("依", "yi"),
    "发": ("发", "fa"),
    "明": ("铭", "ming"),
    "人": ("仁", "ren"),
}
PARTS = {
    "授": "扌受", "权": "木又", "证": "讠正", "保": "亻呆", "稳": "禾急", "绿": "纟录", "明": "日月", "特": "牛寺", "殊": "歹朱", "渠": "氵巨木", "过": "辶寸",
}  # fmt: skip


Variants = Callable[[str], Iterator[str]]


def inserted(mark: str) -> Variants:
    def variants(word: str) -> Iterator[str]:
        yield mark.join(word)
        yield word[0] + mark + word[1:]
        yield word[:-1] + mark + word[-1]

    return variants


def literal(word: str) -> Iterator[str]:
    yield word


def traditional(word: str) -> Iterator[str]:
    yield word.translate(TRADITIONAL)


def wide(word: str) -> Iterator[str]:
    yield "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in word)


def bracketed(word: str) -> Iterator[str]:
    for at, char in enumerate(word):
        yield word[: at + 1] + f"({SOUNDS[char][1]})" + word[at + 1 :]


def one_spelt(word: str) -> Iterator[str]:
    for at, char in enumerate(word):
        yield word[:at] + SOUNDS[char][1] + word[at + 1 :]


def spelt_in_letters_of_mathematics(word: str) -> Iterator[str]:
    letters = SOUNDS[word[0]][1]
    yield "".join(chr(0x1D41A + ord(letter) - ord("a")) for letter in letters) + word[1:]


def initial(word: str) -> Iterator[str]:
    for at, char in enumerate(word):
        yield word[:at] + SOUNDS[char][1][0] + word[at + 1 :]


def same_sound(word: str) -> Iterator[str]:
    for at, char in enumerate(word):
        if SOUNDS[char][0] != char:
            yield word[:at] + SOUNDS[char][0] + word[at + 1 :]


def split(word: str) -> Iterator[str]:
    for at, char in enumerate(word):
        if char in PARTS:
            yield word[:at] + PARTS[char] + word[at + 1 :]


def doubled(word: str) -> Iterator[str]:
    yield "".join(char * 2 for char in word)


def escaped(word: str) -> Iterator[str]:
    yield "".join(f"\\u{ord(char):04x}" for char in word)


def entities(word: str) -> Iterator[str]:
    yield "".join(f"&#x{ord(char):x};" for char in word)
    yield word[0] + f"&#{ord(word[1])};" + word[2:]


def wrapped(word: str) -> Iterator[str]:
    for at in range(1, len(word)):
        yield word[:at] + "\n" + word[at:]


FAMILIES: dict[str, tuple[Variants, float]] = {
    "literal": (literal, 1.0),
    "star": (inserted("*"), 0.95),
    "dot": (inserted("·"), 0.95),
    "ornament": (inserted("★"), 0.95),
    "emoji": (inserted("😀"), 0.95),
    "squared ideograph": (inserted("🉐"), 0.95),
    "space": (inserted(" "), 0.95),
    "zero width": (inserted("\u200b"), 1.0),
    "bidi": (inserted("\u202e"), 1.0),
    "soft hyphen": (inserted("\u00ad"), 1.0),
    "traditional": (traditional, 0.95),
    "full width": (wide, 1.0),
    "pinyin in brackets": (bracketed, 0.95),
    "pinyin for one": (one_spelt, 0.95),
    "mathematical letters": (spelt_in_letters_of_mathematics, 0.95),
    "initial for one": (initial, 0.9),
    "same sound": (same_sound, 0.85),
    "split": (split, 0.9),
    "doubled": (doubled, 0.95),
    "escape": (escaped, 1.0),
    "entity": (entities, 1.0),
    "line wrap": (wrapped, 0.9),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_found_to_its_floor(matcher: Matcher, family: str) -> None:
    variants, floor = FAMILIES[family]
    found: list[bool] = []
    missed: list[str] = []
    for word, carrier in WORDS:
        for variant in variants(word):
            text = carrier.format(variant)
            start = carrier.index("{")
            hits = matcher.scan(text).hits
            found.append(any(hit.start < start + len(variant) and start < hit.end for hit in hits))
            if not found[-1]:
                missed.append(text)
    assert sum(found) / len(found) >= floor, missed


@pytest.mark.parametrize(
    "text",
    [
        "专利代理，大礼包 授权经销商可领，名额有限，欢迎咨询。",
        "商标注册软件包\n授权用户可免费升级，联系客服。",
        "bao bao 专利奶嘴，授权经销，联系客服。",
        "专利产品包装，手拳训练器，加微信。",
        "专利证书讠正确书写，联系客服。",
        "本公司专利丰富，国家机关定点采购，价格面议。",
        "受权人签字，专利许可合同，联系客服。",
        "专利泡沫包，寿全宫酒店供货，加微信。",
        "包 裹 授 粉 专利技术，联系客服。",
        "注册商标，b站授权视频教程，扫码观看。",
        "商标图样：绿，色，通用，道具，联系客服。",
        "内务部渠县店开业，专利锅具优惠。",
    ],
)
def test_an_innocent_neighbour_of_a_variant_is_spared(matcher: Matcher, text: str) -> None:
    assert [hit.text for hit in matcher.scan(text).hits] == []


def test_a_variant_is_shown_as_it_stands_and_said_to_be_one(matcher: Matcher) -> None:
    (hit,) = matcher.scan("专利b.a.o授權，量大从优").hits
    assert hit.text == "b.a.o授權"
    assert "写法经变形" in hit.why


def test_no_variant_is_an_ordinary_word(pack: Pack, matcher: Matcher) -> None:
    from matchers.words import dictionary_words

    chinese = [
        site
        for site, plain in zip(matcher._compiled.sites, matcher._compiled.evaded, strict=True)
        if plain and all(unicodedata.category(char) == "Lo" for char in site)
    ]
    assert len(chinese) > 500
    whole = [site for site in chinese if len(dictionary_words(site)) == 1]
    assert whole == []
