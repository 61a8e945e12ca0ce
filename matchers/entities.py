"""Prices, percentages, contacts and ranks: what is told by its shape, not by a list of words."""

import re

Place = tuple[int, int]
KINDS = ("price", "contact", "pct", "pct_high", "rank")
"""Groups that need no terms: their members are told by their shape."""

# Every repetition here is bounded or of one class of characters: linear time.
_NUMBER = r"[0-9]{1,7}(?:\.[0-9]{1,2})?"
_SHAPES: dict[str, re.Pattern[str]] = {
    "price": re.compile(
        rf"¥{_NUMBER}|{_NUMBER}(?:元|块|万元?|千|w(?![a-z])|k(?![a-z])|rmb|r(?![a-z])|大洋|米一)"
        r"|[一二两三四五六七八九十][万千百][一二三四五六七八九]?(?:元|块|起|左右|一)"
    ),
    "contact": re.compile(
        r"(?:微信|薇信|威信|卫星|v信|vx|wx|q+号?|电话|手机|热线|加v|\+v|加q|\+q|微)[号：是]{0,2}"
        r"[a-z0-9_x]{5,20}"
        r"|(?<![0-9])1[3-9][0-9x]{9}(?![0-9])|(?<![0-9])400[0-9x]{7}(?![0-9])"
    ),
    "pct": re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,2})?%|百分之[零一二三四五六七八九十百点]{1,6}"),
    "rank": re.compile(
        r"(?:第|排名?第?)[一二三四五六七八九十0-9]{1,2}(?:[至到~-]?[一二三四五六七八九十0-9])?"
        r"(?:发明人|设计人|作者|完成人|署名|位|名(?!单|次|额)|个?位置|个?名额|专利权?人|申请人|权利人)?"
        r"|[1-9一二三四五]作(?![为用品业者])|[独一二三]作者"
    ),
}
_HIGH = re.compile(
    r"(?:9[0-9](?:\.[0-9]{1,2})?|1[0-9]{2}|200|300)%"
    r"|百分之(?:百|一百|九十[一二三四五六七八九]?(?:点[零一二三四五六七八九]{1,3})?)"
)
_HINTS = re.compile(r"[0-9%¥百第排千万作]")


def entity_tags(chars: str) -> dict[str, list[Place]]:
    """The places of each kind in folded text: price, contact, pct, pct_high (90% and more), rank."""
    if not _HINTS.search(chars):
        return {}
    tags: dict[str, list[Place]] = {}
    for name, shape in _SHAPES.items():
        places = [found.span() for found in shape.finditer(chars)]
        if places:
            tags[name] = places
    high = [found.span() for found in _HIGH.finditer(chars) if _alone(chars, found.start())]
    if high:
        tags["pct_high"] = high
    return tags


def _alone(chars: str, start: int) -> bool:
    before = chars[start - 1 : start]
    return not (before.isdigit() or before == ".")
