"""Who can be reached where and for how much: the entities of a text, with spans and normal forms.

A *soft* fold is read: width, case, traditional and styled characters become plain and invisible
ones fall away, but signs between characters stay, since addresses and numbers live by them.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from matchers.numerals import number_of
from matchers.registers import credit_code_holds, patent_number
from matchers.text import Kind, Tables, points_of, string_of

KINDS = (
    *("email", "credit_code", "icp", "patent", "phone", "wechat", "qq", "agency_code"),
    *("price", "percent", "count", "company", "agency", "person", "place"),
)
MAX_ENTITIES = 500
"""Entities of one text that are told."""


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity: `text[start:end]` of the original, and `normal`, the same for all its spellings.

    Forms: phone `+86…`, credit code and patent number in capitals without signs (`?` for each
    masked place), prices `CNY800-1200/件` (`+` after an open one), percentages `98%`, counts
    `300 件`, persons `王 老师`, places `山西 太原`, all others in small letters.
    """

    kind: str
    start: int
    end: int
    text: str
    normal: str


@dataclass(frozen=True, slots=True)
class _Soft:
    text: str
    chars: str
    where: list[int]

    def entity(self, kind: str, start: int, end: int, normal: str) -> Entity:
        first, last = self.where[start], self.where[end - 1] + 1
        return Entity(kind, first, last, self.text[first:last], normal)


def entities(text: str, tables: Tables, places: dict[str, str]) -> tuple[Entity, ...]:
    """The entities of `text` in order; those told by numbers never overlap one another.

    `places` gives for each name of a place its normal form.
    """
    soft = _soften(text, tables)
    taken: list[tuple[int, int]] = []
    found: list[Entity] = []
    for kind, sign, shape, normal in _numbered():
        if not sign.search(soft.chars):
            continue
        for match in shape.finditer(soft.chars):
            start, end = match.span("it")
            form = normal(match) if _free(taken, start, end) else None
            if form is not None:
                taken.insert(bisect_left(taken, (start, end)), (start, end))
                found.append(soft.entity(kind, start, end, form))
    found += _names(soft)
    found += _places(soft, places)
    found.sort(key=lambda one: (one.start, -one.end, one.kind))
    return tuple(found[:MAX_ENTITIES])


def _soften(text: str, tables: Tables) -> _Soft:
    points = points_of(text)
    kinds = tables.kinds[points]
    where = np.flatnonzero(kinds != Kind.INVISIBLE)
    chosen = points[where]
    softened = np.where(kinds[where] == Kind.KEEP, tables.folds[chosen], chosen)
    return _Soft(text, string_of(softened).translate(_SIGNS), where.tolist())


_SIGNS = str.maketrans("：（）＠．－—–～﹣＿　＊×✱", ":()@.---~-_ ***")


def _free(taken: list[tuple[int, int]], start: int, end: int) -> bool:
    at = bisect_left(taken, (start, end))
    before = at == 0 or taken[at - 1][1] <= start
    return before and (at == len(taken) or taken[at][0] >= end)


_Normal = Callable[["re.Match[str]"], "str | None"]

# Every repetition is bounded, or of one class that the next part cannot begin with: linear time.
_ZH_DIGITS = "零〇幺一二三四五六七八九"
_TO_DIGITS = str.maketrans(_ZH_DIGITS + "oO", "001" + "123456789" + "00")
_AMOUNT = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,9})(?:\.[0-9]{1,4})?"
_ZH_AMOUNT = r"[一二两三四五六七八九十百千万零半]{1,12}"
_WAN = r"(?:亿|万|千|百|w(?![a-z])|k(?![a-z]))?"
_UNIT = r"(?:元|块钱?|rmb|人民币|大洋|圆)"
_EACH = (
    r"(?:(?:/|每|一|单)\s?(?P<each>件|个位置|个名额|个|位|人|名|项|本|年|类|次|篇|套|张|月|标|证)"
    r"(?![一-鿿]?[委员]))?"
)


_KIND_SIGNS = {
    "email": "@",
    "credit_code": "[0-9a-z]{18}",
    "icp": "icp|公网安备",
    "patent": "(?:19|20)[0-9*x .]{7}",
    "phone": "[0-9][-0-9*x .]{6}|[一幺][三四五六七八九]",
    "wechat": "微|信|v|w",
    "qq": "扣扣|企鹅|q",
    "agency_code": "机构",
    "percent": "%|成|百分",
    "price": "¥|元|块|rmb|人民币|大洋|圆",
    "count": "[0-9]",
}


@cache
def _numbered() -> tuple[tuple[str, "re.Pattern[str]", "re.Pattern[str]", _Normal], ...]:
    """Kinds told by numbers: the surest first, since what one takes is not the next one's.

    Each with a sign that a text must show, which is cheaper to look for.
    """
    wanted: tuple[tuple[str, str, _Normal], ...] = (
        (
            "email",
            (
                r"(?<![a-z0-9._%+-])(?P<it>[a-z0-9][a-z0-9._%+-]{0,63}\s?@\s?"
                r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,4})"
            ),
            lambda m: re.sub(r"\s", "", m["it"]).rstrip(".-"),
        ),
        ("credit_code", r"(?<![0-9a-z])(?P<it>[0-9a-hj-npqrtuwxy]{18})(?![0-9a-z])", _credit_code),
        (
            "icp",
            (
                r"(?P<it>[京津沪渝冀晋蒙辽吉黑苏浙皖闽赣鲁豫鄂湘粤桂琼川蜀贵黔云滇藏陕甘青宁新港澳台]"
                r"\s?(?:icp\s?[备证]\s?[0-9]{4,12}\s?号?(?:-[0-9]{1,3})?"
                r"|公网安备\s?[0-9]{14}\s?号?))"
            ),
            lambda m: re.sub(r"[\s号]", "", m["it"]),
        ),
        (
            "patent",
            (
                r"(?<![0-9a-z])(?P<it>(?:zl|cn)?\s?(?:19|20)"
                r"(?:[0-9*x.]|(?<=[0-9*x]) (?=[0-9*x])){8,16})"
                r"(?![0-9a-z*])"
            ),
            lambda m: patent_number(m["it"]),
        ),
        (
            "phone",
            (
                rf"(?<![0-9a-z.])(?P<it>(?:\+?86[-\s]?)?1[-\s]?[3-9](?:[-\s.]?[0-9*x]){{9}}"
                rf"|[一幺][三四五六七八九][{_ZH_DIGITS}]{{9}}"
                r"|400[-\s]?[0-9*x]{3,4}[-\s]?[0-9*x]{3,4}"
                r"|\(?0[1-9][0-9]{1,2}\)?[-\s]?[2-9][0-9*x]{6,7})(?![0-9a-z*])"
            ),
            _phone,
        ),
        (
            "wechat",
            (
                r"(?:微信号?|薇信|威信|v信|加v|\+v|vx|wx|wechat|weixin|微)\s?(?:号|id|是|同号)?\s?"
                r"[:=是]?\s{0,2}(?P<it>(?:[a-z][a-z0-9_-]{5,19}|[0-9][a-z0-9_-]{5,19}))(?![a-z0-9_-])"
            ),
            lambda m: m["it"],
        ),
        (
            "qq",
            r"(?:扣扣|企鹅|q{1,2})\s?(?:号|群)?\s?[:=是]?\s{0,2}(?P<it>[1-9][0-9]{4,10})(?![0-9])",
            lambda m: m["it"],
        ),
        (
            "agency_code",
            r"(?:机构代码|代理机构代码|机构注册号|代理机构编号)\s?[:是为]?\s?(?P<it>[0-9]{5})(?![0-9])",
            lambda m: m["it"],
        ),
        (
            "percent",
            (
                r"(?P<it>(?<![0-9.])[0-9]{1,3}(?:\.[0-9]{1,2})?\s?%|百分之[零一二三四五六七八九十百点]{1,7}"
                r"|[一二三四五六七八九]成[一二三四五六七八九]?(?![功立为员绩本分都长交果人品熟套])|百分百)"
            ),
            _percent,
        ),
        (
            "price",
            (
                rf"(?P<it>(?:¥\s?(?P<a>{_AMOUNT})\s?(?P<aw>{_WAN})(?:\s?[-~至到]\s?¥?\s?(?P<b>{_AMOUNT})"
                rf"\s?(?P<bw>{_WAN}))?{_UNIT}?"
                rf"|(?<![0-9a-z.])(?P<c>{_AMOUNT})\s?(?P<cw>{_WAN})(?:{_UNIT}?\s?[-~至到]\s?(?P<d>{_AMOUNT})"
                rf"\s?(?P<dw>{_WAN}))?\s?{_UNIT}"
                rf"|(?P<e>{_ZH_AMOUNT})(?P<ew>)(?:{_UNIT}?[至到](?P<f>{_ZH_AMOUNT})(?P<fw>))?{_UNIT})"
                rf"(?P<open>起|以上|多)?{_EACH})"
            ),
            _price,
        ),
        (
            "count",
            (
                r"(?P<it>(?<![0-9a-z.])(?P<n>[0-9]{1,9}(?:,[0-9]{3})*(?:\.[0-9]{1,2})?)\s?(?P<w>亿|万|千)?"
                r"\s?(?P<more>余|多|\+)?\s?(?P<what>件|家|位|名|人|项|年|例|个|本|次|篇|类))(?![\u4e00-\u9fff]?"
                r"(?:月|号楼))"
            ),
            _count,
        ),
    )
    return tuple(
        (kind, re.compile(_KIND_SIGNS[kind]), re.compile(shape), normal)
        for kind, shape, normal in wanted
    )


def _credit_code(match: "re.Match[str]") -> str | None:
    code = match["it"].upper()
    return code if credit_code_holds(code) else None


def _phone(match: "re.Match[str]") -> str | None:
    digits = re.sub(r"[^0-9*x]", "", match["it"].translate(_TO_DIGITS)).replace("x", "*")
    digits = digits.replace("*", "?")
    if digits.startswith("86") and len(digits) == 13:
        digits = digits[2:]
    if digits.startswith("400"):
        return f"+86{digits}" if len(digits) == 10 else None
    if digits.startswith("0"):
        return f"+86{digits[1:]}"
    return f"+86{digits}" if len(digits) == 11 else None


def _percent(match: "re.Match[str]") -> str | None:
    said = match["it"].replace(" ", "")
    if said == "百分百":
        return "100%"
    if said.startswith("百分之"):
        value = number_of(said.removeprefix("百分之"))
    elif "成" in said:
        whole, _, rest = said.partition("成")
        value = (number_of(whole) or 0) * 10 + (number_of(rest) or 0)
    else:
        value = float(said.removesuffix("%"))
    return None if value is None else f"{value:g}%"


_POWERS = {"亿": 1e8, "万": 1e4, "w": 1e4, "千": 1e3, "k": 1e3, "百": 1e2, "": 1.0}


def _price(match: "re.Match[str]") -> str | None:
    pairs = [("a", "b"), ("c", "d"), ("e", "f")]
    first, second = next(pair for pair in pairs if match[pair[0]])
    high = _money(match, second)
    low = _money(match, first, like=match[f"{second}w"] if high is not None else None)
    if low is None:
        return None
    span = f"{low:g}" if high is None else f"{low:g}-{high:g}"
    return f"CNY{span}{'+' if match['open'] else ''}{'/' + match['each'] if match['each'] else ''}"


def _money(match: "re.Match[str]", name: str, *, like: str | None = None) -> float | None:
    """The sum under `name`; of 1-2万 the first one takes the power of the second."""
    said = match[name]
    if not said:
        return None
    value = number_of(said.replace(",", ""))
    power = match[f"{name}w"] or like or ""
    return None if value is None else round(value * _POWERS[power], 2)


def _count(match: "re.Match[str]") -> str | None:
    value = number_of(match["n"].replace(",", ""))
    if value is None:
        return None
    value *= _POWERS[match["w"] or ""]
    return f"{value:g}{'+' if match['more'] else ''} {match['what']}"


_COMPANY = re.compile(
    r"(?P<it>(?P<name>[一-鿿a-z0-9()·&]{2,30}?)"
    r"(?:股份有限公司|有限责任公司|有限公司|\(有限合伙\)|\(普通合伙\)|\(特殊普通合伙\)|合伙企业"
    r"|事务所|集团公司|合作社|研究院|服务中心|代理处|工作室|分公司)(?:\([一-鿿]{2,4}\))?(?:[一-鿿]{2,4}分公司)?)"
)
_LEAD = re.compile(
    r"^.*(?:欢迎来到|欢迎联系|欢迎选择|请联系|请认准|认准|联系|选择|推荐|关于|来自|隶属于?|就职于|任职于|挂靠在?"
    r"|我们是|我是|这里是|就是|名为|名叫|叫做|委托|当事人|由|被|向|与|和|及|对|把|让|在|找|的|了|是|为|给|跟|到|:)(?=[一-鿿a-z]{2})"
)
_IP_WORDS = re.compile("专利|商标|知识产权|知产|版权|代理")


def _names(soft: _Soft) -> Iterator[Entity]:
    """Companies, and persons with their role."""
    for match in _COMPANY.finditer(soft.chars):
        lead = _LEAD.match(match["name"])
        start = match.start() + (lead.end() if lead else 0)
        if match.end() - start < 4 or not match["name"][lead.end() if lead else 0 :]:
            continue
        name = soft.chars[start : match.end()]
        yield soft.entity(
            "agency" if _IP_WORDS.search(name) else "company", start, match.end(), name
        )
    for match in _PERSON.finditer(soft.chars):
        name, role = match["one"] or match["other"], match["role"] or match["post"]
        start = match.start("one") if match["one"] else match.start("other")
        yield soft.entity("person", start, match.end(), f"{name} {role}")


_SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟"
    "谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_ROLES = "老师|经理|律师|总监?|主任|工程师|工|女士|先生|教授|医生|代理师|顾问|小姐|师傅"
_POSTS = "联系人|负责人|代理人|经办人|发明人|法定代表人|执业专利代理师|专利代理师|客服"
_PERSON = re.compile(
    rf"(?<![一-鿿])(?P<one>[{_SURNAMES}])(?P<role>{_ROLES})(?![作艺程业商])"
    rf"|(?P<post>{_POSTS})\s?[:为是]\s?"
    rf"(?P<other>[{_SURNAMES}](?:某{{1,2}}|[*x]{{1,2}}|[一-鿿]{{1,2}}))(?![一-鿿])"
)


def _places(soft: _Soft, places: dict[str, str]) -> Iterator[Entity]:
    if not places:
        return
    for match in _places_shape(tuple(places)).finditer(soft.chars):
        yield soft.entity("place", *match.span(), places[match["name"]])


@cache
def _places_shape(names: tuple[str, ...]) -> "re.Pattern[str]":
    longest = sorted(names, key=len, reverse=True)
    return re.compile(rf"(?P<name>{'|'.join(longest)})(?:省|市|自治区|州)?")
