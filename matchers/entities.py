"""Prices, percentages, contacts and ranks: what is told by its shape, not by a list of words."""

import re

Place = tuple[int, int]
KINDS = ("price", "contact", "amount", "pct", "pct_high", "rank_person", "rank_slot")
"""Groups that need no terms: their members are told by their shape."""
_RANKS = "一二三四五六七八九十123456789"
SIGNS: dict[str, tuple[str, ...]] = {
    "rank_person": (
        *("发明人", "设计人", "作者", "完成人", "创作人", "署名", "权利人"),
        *(f"{rank}作" for rank in "一二三四五六独123456"),
    ),
    "rank_slot": tuple(
        shape.format(rank)
        for shape in ("第{}", "名{}", "{}号位", "前{}", "{}位")
        for rank in _RANKS
    ),
}
"""Literals of which each member of a kind holds one."""
CHARACTERS = {
    "price": frozenset("0123456789¥百千万"),
    "amount": frozenset("0123456789"),
    "contact": frozenset("0123456789abcdefghijklmnopqrstuvwxyz"),
    "pct": frozenset("%百"),
    "pct_high": frozenset("%百"),
}
"""Characters of which each member of the other kinds holds one."""

# Every repetition here is bounded or of one class of characters: linear time.
_NUMBER = r"[0-9]{1,7}(?:\.[0-9]{1,2})?"
_COUNT = r"[一二三四五六七八九十1-9](?:[、至到~-]?[一二三四五六1-6])?"
_DIGITS = "一二三四五六1-6"
_SHAPES: dict[str, re.Pattern[str]] = {
    "price": re.compile(
        rf"¥{_NUMBER}|{_NUMBER}(?:元|块|万元?|千|w(?![a-z])|k(?![a-z])|rmb|r(?![a-z])|大洋|米一)"
        r"|[一二两三四五六七八九十][万千百][一二三四五六七八九]?(?:元|块|起|左右|一[件位个人])"
        r"|(?:一件|一位|每位|每人|每件|一个|价格?|只要|仅需|只需|费用?|收|交)"
        r"[一二两三四五六七八九十][万千百][一二三四五六七八九]?(?![多余名家个件年月人位项亿])"
    ),
    "amount": re.compile(
        r"(?<![0-9a-z.第¥年月])[1-9](?:[0-9]{2,4}|\.[0-9]w|[0-9]?[kw])"
        r"(?![0-9a-z%年月日号件个人天位项家余名级类小多页册章条]|\.[0-9])"
    ),
    "contact": re.compile(
        r"(?:微信|薇信|威信|卫星|v信|vx|wx|q+号?|电话|手机|热线|加v|\+v|加q|\+q|微)[号：是]{0,2}"
        r"[a-z0-9_x]{5,20}"
        r"|(?<![0-9])1[3-9][0-9x]{9}(?![0-9])|(?<![0-9])400[0-9x]{7}(?![0-9])"
    ),
    "pct": re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,2})?%|百分之[零一二三四五六七八九十百点]{1,6}"),
    "rank_person": re.compile(
        rf"(?:第{_COUNT}|排名?第?{_COUNT}|前{_COUNT}|独立|首位)(?:名|位|个|顺位)?(?:的)?"
        r"(?:发明人|设计人|作者|完成人|创作人|署名人|署名|专利权人|权利人)(?![才口])"
        r"|(?<![a-z0-9第])[1-6一二三四五六独]作(?![为用品业者坊乐品曲风对])"
    ),
    "rank_slot": re.compile(
        rf"(?:第{_COUNT}|排名?第?{_COUNT})(?:位|名|顺位|个位置|个名额|位置|名额|席|个坑|坑位)"
        rf"|第{_COUNT}(?=[、和及到至第还只仅空剩都可有已均也，。；]|$)"
        rf"|(?<![0-9a-z第{_DIGITS}])[{_DIGITS}]{{1,4}}位(?=空|可|还|有|剩|价|都|均|在|[0-9]{{3,5}})"
        rf"|(?<![0-9a-z第{_DIGITS}])[{_DIGITS}]号位"
        rf"|前{_COUNT}(?:人|位|名)"
    ),
}
_HIGH = re.compile(
    r"(?:9[0-9](?:\.[0-9]{1,2})?|1[0-9]{2}|200|300)%"
    r"|百分之(?:百|一百|九十[一二三四五六七八九]?(?:点[零一二三四五六七八九]{1,3})?)"
)


_SHOWN = {
    kind: re.compile(f"[{''.join(sorted(characters))}]") for kind, characters in CHARACTERS.items()
} | {
    # The first class by itself, so that the search skips what cannot begin it.
    "contact": re.compile(r"[a-z0-9_][a-z0-9_]{4}"),
}
"""What a text shows if it holds one of a kind at all: cheaper than looking for it."""


def entity_places(kind: str, chars: str, first: int = 0, last: int | None = None) -> list[Place]:
    """The places of one of `KINDS` in folded text, in order; `pct_high` is 90% and more.

    Of `first:last`, which should be whole sentences.
    """
    last = len(chars) if last is None else last
    shown = _SHOWN.get(kind)
    if shown is not None and not shown.search(chars, first, last):
        return []
    if kind == "pct_high":
        found = _HIGH.finditer(chars, first, last)
        return [each.span() for each in found if _alone(chars, each.start())]
    return [each.span() for each in _SHAPES[kind].finditer(chars, first, last)]


def _alone(chars: str, start: int) -> bool:
    before = chars[start - 1 : start]
    return not (before.isdigit() or before == ".")
